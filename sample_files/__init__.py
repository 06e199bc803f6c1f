"""Small files of every kind that penstock reads, and the script that wrote them.

The times at which these files were last changed say nothing: git and pip set them to the moment of
checking out or installing.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["folder"]


def folder() -> Path:
    """Return where the sample files lie.

    Examples
    --------
    >>> (folder() / "growth" / "frame_1.tif").is_file()
    True
    """
    return Path(__file__).resolve().parent
