"""SPEC data files: the scans that SPEC, and programs that write as it does, append to one file."""
