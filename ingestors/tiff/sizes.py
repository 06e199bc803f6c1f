"""What the sizes of a series' files tell, which the file system says for free.

Files of one image each that are not compressed are as large as one another. One of another size may
hold another image, or several, or none: wherever it stands in the series, it is known without
opening the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...core.errors import AssetError, UnsupportedFileError
from ..assets.tiff.directory import Directory, list_pages

__all__ = ["difference", "odd_sizes", "spell_kind"]

_SHARE = 4
"""At most one file in so many is odd; else the files have no size of their own."""


def odd_sizes(sizes: Sequence[int | None]) -> list[int]:
    """Return which files have another size than the rest, the most different first.

    None where many files do not agree in theirs, as compressed ones do not. Files that the file
    system says nothing of (None) tell nothing.

    Examples
    --------
    >>> odd_sizes([80, 80, 96, 80, 80, 80, 12, 80])
    [6, 2]
    >>> odd_sizes([80, 81, 79, 80]), odd_sizes([80, 80, 96])
    ([], [])
    """
    counts = Counter(size for size in sizes if size is not None)
    if len(counts) < 2:
        return []
    usual, count = counts.most_common(1)[0]
    odd = [at for at, size in enumerate(sizes) if size is not None and size != usual]
    if len(odd) * _SHARE > len(odd) + count:
        return []
    return sorted(odd, key=lambda at: -abs((sizes[at] or 0) - usual))


def difference(path: str, usual: Directory) -> str:
    """Open a file, and say what it holds other than the rest of its series; empty if nothing."""
    try:
        found = list_pages(path)
    except (UnsupportedFileError, AssetError) as error:
        return f"cannot be read: {error.what}"
    if len(found) != len(usual):
        return f"holds {len(found)} image{'s' * (len(found) != 1)}, not {len(usual)}"
    kinds = {(kind.shape, kind.native) for kind in found.kinds}
    if kinds != {(kind.shape, kind.native) for kind in usual.kinds}:
        return f"holds {spell_kind(found)}, not {spell_kind(usual)}"
    return "ends before its pixels do" if found.problem or len(found.cut_off()) else ""


def spell_kind(directory: Directory) -> str:
    """Return shape and dtype of a file's first image, for people."""
    kind = directory.kind(0)
    return f"{' × '.join(map(str, kind.shape))} {kind.native}"
