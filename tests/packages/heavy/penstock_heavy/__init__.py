"""A package with a heavy dependency."""
