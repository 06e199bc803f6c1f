"""MetaMorph: its TIFF files and stacks (STK)."""
