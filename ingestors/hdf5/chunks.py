"""The data files of one acquisition whose master was not kept: ``x_data_000001.h5`` and so on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

from ...core.documents import Document
from ...core.errors import AssetError, NoDataError, PenstockError, UnsupportedFileError
from ...core.places import observe, run_uid, select_files
from ...core.places.consulting import consult
from ...core.places.observation import current_observation
from ...core.places.recalling import recall
from ...core.registry.records import Acquisition, RunsFound
from ..assets.hdf5.links import Target, open_target, reach_of
from .content import Content, read_content
from .documents import run_documents
from .nexus import Signal
from .pieces import GONE, Piece, lay_behind_one_another, tell_holes, tell_missing
from .reader import Reader, open_reader
from .signals import Selection, select_signals

__all__ = ["ingest_hdf5_chunks", "probe_chunks"]

_NAME = re.compile(r"(?P<name>.*)_data_(?P<number>[0-9]{6,})\.h5", re.IGNORECASE)
_MOST_LOOKS = 3


def ingest_hdf5_chunks(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest data files that hold the frames of one acquisition, one file behind the other.

    Dectris' file writer numbers them in their names, and the frames in each. With the master that
    links them, ingest that one with `ingest_hdf5`: it tells more. No pixel is read.

    Parameters
    ----------
    paths
        A glob or a list of paths. Each file has a stack of frames in a dataset of the same path.
    metadata
        More for the start document; replaces what the files say.

    Raises
    ------
    NoDataError
        If the files are not such that follow on one another.
    UnsupportedFileError, AssetError
        If none of the first files can be read.

    Examples
    --------
    >>> import h5py, numpy as np
    >>> for number in (1, 2):
    ...     with h5py.File(f"x_data_{number:06d}.h5", "w") as file:
    ...         file["entry/data/data"] = np.zeros((3, 4, 6), "u2")
    >>> docs = list(ingest_hdf5_chunks("x_data_*.h5"))
    >>> [doc["seq_nums"] for name, doc in docs if name == "stream_datum"]
    [{'start': 1, 'stop': 4}, {'start': 4, 'stop': 7}]
    """
    with observe():
        files = select_files(paths)
        content = recall(("hdf5-chunks", *files.paths), lambda: _read(files.paths))
    if content is None:
        raise NoDataError(
            f"{files.template} are no files of frames that follow on one another",
            where=files.folder,
            remedy="Ingest them one by one with ingest_hdf5.",
        )
    told = {"file_name": files.template, **(metadata or {})}
    yield from run_documents(run_uid(files.place, selection=files.selection), content, told)


def probe_chunks(paths: list[str]) -> RunsFound | None:
    """Accept two files or more whose frames follow on one another.

    They do if the numbers that are recorded with them say so; where none are, if the files hold
    nothing else.

    Raises
    ------
    NoDataError
        If their master is there: it stands for them.
    UnsupportedFileError, AssetError
        If none of the first files can be read.
    """
    named = _NAME.fullmatch(paths[0])
    if len(paths) < 2 or named is None:
        return None
    master = f"{named['name']}_master.h5"
    consult(master)
    if os.path.lexists(master):
        raise NoDataError(
            f"{os.path.basename(master)} is beside them, and stands for them",
            remedy="Select it, too.",
        )
    with _first_reader(paths) as (reader, at):
        signal = _join(reader, at, paths)
        if signal is None:
            return None
        rows, *frame = signal.info.shape or ()
        size = " × ".join(map(str, frame))
        return RunsFound(
            detail=f"{len(paths)} files of {rows} frames, {size} {signal.info.dtype}",
            notes=(*tell_missing(signal.pieces), *signal.notes),
            acquisitions=(Acquisition(events=rows),),
        )


def _read(paths: Sequence[str]) -> Content | None:
    with _first_reader(paths) as (reader, at):
        signal = _join(reader, at, paths)
        return None if signal is None else read_content(reader, Selection((signal,), None, ""))


@contextmanager
def _first_reader(paths: Sequence[str]) -> Iterator[tuple[Reader, int]]:
    """Open the first of the first few files that can be opened."""
    with ExitStack() as stack:
        for at in range(min(len(paths), _MOST_LOOKS)):
            try:
                reader = stack.enter_context(open_reader(paths[at]))
            except (AssetError, UnsupportedFileError):
                if at == min(len(paths), _MOST_LOOKS) - 1:
                    raise
            else:
                break
        yield reader, at


def _join(reader: Reader, at: int, paths: Sequence[str]) -> Signal | None:
    """Return the frames of all files as one signal; None if they do not follow on one another."""
    try:
        (signal,) = select_signals(reader, None, None).signals
    except (PenstockError, ValueError):  # several, or none
        return None
    if len(signal.info.shape or ()) != 3:
        return None
    pieces = [
        Piece(
            _number(path, number),
            os.path.basename(path),
            path,
            signal.target.name,
            trouble=GONE if stat is None else "" if stat.size else "is empty",
        )
        for number, (path, stat) in enumerate(
            zip(paths, current_observation().stats(paths), strict=True)
        )
    ]
    pieces = lay_behind_one_another(pieces, _open, planned=None) or []
    counted = all(piece.first is not None for piece in pieces if piece.is_opened)
    alone = len(reader.tree.datasets) == 1 and not reader.tree.external
    if not pieces or not (_follow_on(pieces) if counted else alone):
        return None
    rows = sum(piece.rows or 0 for piece in pieces)
    return replace(
        signal,
        info=replace(signal.info, shape=(rows, *pieces[at].shape)),
        pieces=tuple(pieces),
        label=signal.named.rsplit("/", 1)[-1],
        notes=tuple(tell_holes(pieces)),
    )


def _number(path: str, otherwise: int) -> int:
    named = _NAME.fullmatch(path)
    return otherwise if named is None else int(named["number"])


@contextmanager
def _open(piece: Piece) -> Iterator[Target]:
    with open_target(piece.file, piece.dataset, reach_of(piece.file)) as target:
        yield target


def _follow_on(pieces: Sequence[Piece]) -> bool:
    """Whether the frames of each file have the numbers after those of the file before."""
    opened = [piece for piece in pieces if piece.is_opened]
    for before, after in pairwise(opened):
        end = (before.first or 0) + (before.rows or 0)
        apart = after.number - before.number > 1
        if (after.first or 0) < end or (after.first != end and not apart):
            return False
    return True
