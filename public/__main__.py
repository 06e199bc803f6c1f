"""``python -m penstock``: the same as the command ``penstock``."""

import sys

from penstock.command_line import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
