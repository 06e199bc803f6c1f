"""Runs as one JSON document each."""
