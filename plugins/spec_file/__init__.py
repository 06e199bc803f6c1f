"""Runs as scans of a SPEC file."""
