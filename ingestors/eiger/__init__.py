"""Masters that Dectris' SIMPLON file writer (EIGER, ARINA and others) leaves beside data files."""
