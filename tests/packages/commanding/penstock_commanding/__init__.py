"""Commands of one laboratory."""
