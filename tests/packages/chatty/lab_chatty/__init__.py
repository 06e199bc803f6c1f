"""A plug-in that prints wherever it can."""
