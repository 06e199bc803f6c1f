"""Whether the files of a series are whole, as the file system and a few looks tell."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.errors import AssetError, UnsupportedFileError
from ...core.places import FileSet, FileStat, observe
from ..assets.tiff.bytes import open_file
from ..assets.tiff.directory import Directory, list_pages
from ..assets.tiff.pages import starts_like_tiff
from .headers import FrameHeader
from .metadata import TiffFacts
from .sizes import difference, odd_sizes

__all__ = ["SeriesState", "look_at_all", "tell_outcome"]

REMEDY = 'Copy such files again, or read the others with read(bad_frames="mask").'
MOST_LOOKS = 2
"""So many files are opened beside the first, if it is doubtful that they are whole."""


@dataclass(frozen=True)
class SeriesState:
    """What the file system says of all files."""

    pages: int
    """In each file."""
    times: NDArray[np.float64]
    """Of each event."""
    gone: tuple[str, ...]
    """Files of which the file system says nothing any more."""
    wrong: tuple[str, ...]
    """What is wrong with some of them, as their sizes tell, in sentences."""
    on_tape: frozenset[str] = frozenset()
    """Paths of files that are not to be opened."""


def look_at_all(files: FileSet, facts: TiffFacts) -> SeriesState:
    """Ask the file system about all files of a series; at most a few are opened."""
    directory = facts.directory
    with observe():
        stats = files.stats()
    times = np.array([facts.mtime if stat is None else stat.mtime for stat in stats])
    return SeriesState(
        len(directory),
        np.repeat(times, len(directory)),
        tuple(name for name, stat in zip(files.names, stats, strict=True) if stat is None),
        tuple(_find_wrong(files, stats, directory)),
        frozenset(
            path
            for path, stat in zip(files.paths, stats, strict=True)
            if stat is not None and stat.on_tape
        ),
    )


def _find_wrong(
    files: FileSet, stats: list[FileStat | None], directory: Directory
) -> Iterator[str]:
    sizes = dict(zip(files.names, (None if s is None else s.size for s in stats), strict=True))
    empty = [name for name, size in sizes.items() if size == 0]
    if empty:
        yield f"{_told(empty)} {'is' if len(empty) == 1 else 'are'} empty"
    if not directory.kind(0).plain:
        return
    short = _find_short(files, {n: size for n, size in sizes.items() if size}, directory)
    other = [name for name in short[:MOST_LOOKS] if not _starts_like_tiff(files, name)]
    yield from (f"{name} is not a TIFF file" for name in other)
    short = [name for name in short if name not in other]
    if short:
        ends = "ends before its" if len(short) == 1 else "end before their"
        yield f"{_told(short)} {ends} pixels do"
    known = {*empty, *other, *short}
    on_tape = {n for n, s in zip(files.names, stats, strict=True) if s is not None and s.on_tape}
    yield from _find_odd(files, sizes, known | on_tape, directory)


def _find_odd(
    files: FileSet, sizes: dict[str, int | None], known: set[str], directory: Directory
) -> Iterator[str]:
    """Tell of files whose size is another than that of the rest, if they hold something else."""
    odd = [files.names[number] for number in odd_sizes(list(sizes.values()))]
    by_size: dict[int | None, list[str]] = {}
    for name in odd:
        if name not in known:
            by_size.setdefault(sizes[name], []).append(name)
    groups = list(by_size.values())
    wrong = [
        (names, difference(files.path(files.names.index(names[0])), directory))
        for names in groups[:MOST_LOOKS]
    ]
    for names, what in wrong:
        if what:
            alike = f", and {_told(names[1:])} of the same size" if names[1:] else ""
            yield f"{names[0]} {what}{alike}"
    rest = [name for names in groups[MOST_LOOKS:] for name in names]
    if rest and any(what for _, what in wrong):
        yield f"{_told(rest)} {'has' if len(rest) == 1 else 'have'} another size than the others"


def _find_short(files: FileSet, sizes: dict[str, int], directory: Directory) -> list[str]:
    """Return the names of files that are smaller than their pixels."""
    kind = directory.kind(0)
    pixels = kind.nbytes * len(directory)
    needed = int(directory.pixels.max()) + kind.nbytes
    sure: list[str] = []
    doubtful: list[str] = []
    for name, size in sizes.items():
        if size < pixels:
            sure.append(name)
        elif size < needed:
            # Less may be written about its pixels than about those of the first.
            doubtful.append(name)
    looked_at = [name for name in doubtful[:MOST_LOOKS] if _ends_early(files, name)]
    return sure + (looked_at + doubtful[MOST_LOOKS:] if looked_at else [])


def _ends_early(files: FileSet, name: str) -> bool:
    try:
        directory = list_pages(f"{files.folder}/{name}")
    except (UnsupportedFileError, AssetError):
        return True
    return bool(directory.problem) or len(directory.cut_off()) > 0


def _starts_like_tiff(files: FileSet, name: str) -> bool:
    try:
        with open_file(f"{files.folder}/{name}") as descriptor:
            return starts_like_tiff(os.pread(descriptor, 4, 0))
    except AssetError:
        return True  # nobody knows: its size is what is wrong


def tell_outcome(
    files: FileSet, state: SeriesState, headers: Sequence[FrameHeader] = ()
) -> tuple[str, str]:
    """Return exit_status and reason; nothing in the files records them."""
    if state.gone:
        return "fail", f"inferred: nothing is known of {_told(state.gone)} any more"
    if state.wrong:
        return "fail", f"inferred: {'; '.join(state.wrong)}. {REMEDY}"
    unread = [header for header in headers if header.problem and header.path not in state.on_tape]
    if unread:
        names = list(dict.fromkeys(os.path.basename(header.path) for header in unread))
        return "fail", f"inferred: {_told(names)} cannot be read: {unread[0].problem}. {REMEDY}"
    # Whether numbers count frames, and which are missing then, is for the names to say.
    exit_status = "abort" if files.numbering.missing else "success"
    return exit_status, f"inferred: among the names of the files, {files.numbering.told}"


def _told(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
