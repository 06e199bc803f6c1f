"""Images of electron microscopes and streak cameras, as their makers' software saves them."""
