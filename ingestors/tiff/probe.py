"""Whether TIFF files are a series of single images or stacks: at most three headers are read."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ...core.errors import AssetError, UnsupportedFileError
from ...core.places.observation import current_observation
from ...core.registry import Acquisition, RunsFound
from .metadata import TiffFacts, check_first_page, inspect_file
from .sizes import difference, odd_sizes, spell_kind

__all__ = ["probe_series", "probe_stack"]

_SAMPLE = 3


def probe_series(paths: list[str]) -> RunsFound | None:
    """Accept files of one image each whose first, middle and last are alike.

    One whose size is another than that of the rest is a note, and does not speak for them.

    Raises
    ------
    UnsupportedFileError, AssetError
        If none of these can be read.

    Examples
    --------
    >>> import numpy as np, tifffile
    >>> for number in range(3):
    ...     tifffile.imwrite(f"img_{number}.tif", np.zeros((4, 6), "u2"))
    >>> probe_series([f"img_{number}.tif" for number in range(3)]).detail
    '3 files of 4 × 6 uint16'
    >>> probe_stack(["img_0.tif"])
    """
    facts, bad = _sample(paths)
    if not _is_series(paths, facts, bad):
        return None
    noun = "file" if len(paths) == 1 else "files"
    return RunsFound(
        detail=f"{len(paths)} {noun} of {_size(facts[0])}",
        notes=tuple(bad),
        acquisitions=(Acquisition(events=len(paths)),),
    )


def probe_stack(paths: list[str]) -> RunsFound | None:
    """Accept files of several images, and files that are no series, one by one.

    Raises
    ------
    UnsupportedFileError, AssetError
        If none of the first, middle and last can be read.
    """
    facts, bad = _sample(paths)
    if _is_series(paths, facts, bad):
        return None
    first = facts[0].directory
    if len(paths) == 1:
        problem = (first.problem,) if first.problem else ()
        detail = f"{len(first)} pages of {_size(facts[0])}"
        found = (Acquisition(events=len(first)),)
        return RunsFound(detail=detail, notes=problem, acquisitions=found)
    stack = next((item for item in facts if len(item.directory) > 1), None)
    if stack is not None:
        name = os.path.basename(stack.path)
        detail = f"{len(stack.directory)} pages of {_size(stack)} in {name}"
    elif bad:
        detail = "some of the files cannot be read"
    else:
        detail = "; ".join(dict.fromkeys(_size(item) for item in facts))
    return RunsFound(detail=detail, notes=tuple(bad), separate=True)


def _sample(paths: list[str]) -> tuple[list[TiffFacts], list[str]]:
    """Look at the first, middle and last file: the good ones, and what is wrong with others.

    Where one is of another size than the rest, it is looked at in the place of the middle one, and
    what is wrong with it is as good as known, wherever it stands.
    """
    stats = current_observation().stats(paths)
    # One that lies on tape is not fetched for this.
    odd = odd_sizes([None if stat is None or stat.on_tape else stat.size for stat in stats])
    others = set(odd)
    usual = [number for number in range(len(paths)) if number not in others]
    looks = (usual[0], usual[-1]) if odd else (0, len(paths) // 2, len(paths) - 1)
    facts, bad = _look(paths, looks)
    if odd:
        rest = facts[0].directory
        wrong = difference(paths[odd[0]], rest)
        if wrong and rest.kind(0).plain:
            bad.append(f"{paths[odd[0]]} {wrong}; it is named when it is read")
        elif wrong:
            return _look(paths, (*looks, odd[0]))
    return facts, bad


def _look(paths: list[str], numbers: Iterable[int]) -> tuple[list[TiffFacts], list[str]]:
    facts: list[TiffFacts] = []
    bad: list[str] = []
    first: Exception | None = None
    for number in dict.fromkeys(numbers):
        try:
            found = inspect_file(paths[number])
            check_first_page(found)
        except (UnsupportedFileError, AssetError) as error:
            first = first or error
            bad.append(f"{paths[number]} cannot be read: {error.what}")
        else:
            facts.append(found)
    if not facts:
        assert first is not None
        raise first
    return facts, bad


def _is_series(paths: list[str], facts: list[TiffFacts], bad: list[str]) -> bool:
    if bad and len(paths) <= _SAMPLE:
        return False  # each on its own, so that the bad one is refused by name
    kinds = {(kind.shape, kind.native) for item in facts for kind in item.directory.kinds}
    return len(kinds) == 1 and all(
        len(item.directory) == 1 and not item.directory.problem for item in facts
    )


def _size(facts: TiffFacts) -> str:
    return spell_kind(facts.directory)
