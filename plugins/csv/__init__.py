"""Runs as tables in CSV files, with a description that programs read."""
