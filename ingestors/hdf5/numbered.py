"""Images that lie in numbered pieces: ``data_000001``, ``data_000002`` … of one group.

Dectris' file writer (and who writes as it does) splits the frames of an acquisition into files, and
links each from an NXdata group of the master.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import h5py

from ...core.errors import AssetError, MissingFileError, UnsafeLinkError
from ...core.places.recalling import real_path
from ..assets.hdf5.links import Reach, Target, follow, read_link
from .nexus import Signal, follow_defaults, make_signal
from .pieces import GONE, REMEDY, Opener, Piece, lay_behind_one_another, tell_holes
from .reader import Reader
from .tree import is_under
from .values import read_small, text_attribute

__all__ = ["choose_numbered", "numbered_signal"]

_NAME = re.compile(r"(?P<stem>.*?[^0-9])(?P<number>[0-9]{4,})")
"""Four digits or more, padded: ``detector_1`` and ``detector_2`` are two detectors."""


@dataclass(frozen=True)
class Numbered:
    """Members of a group that are numbered alike."""

    group: str
    stem: str
    """What their names have in common, without the sign before the number."""
    paths: tuple[tuple[int, str], ...]
    """In the order of their numbers."""
    is_default: bool
    """Whether the group says that one of them is what it shows."""


def _find_numbered(reader: Reader, under: str) -> list[Numbered]:
    """Return the groups of numbered members: of NXdata groups, or links into other files.

    Of an NXdata group that shows something else (a virtual dataset of all of them), none.
    """
    families: dict[tuple[str, str, int], list[tuple[int, str]]] = defaultdict(list)
    for path in [*reader.tree.external, *reader.tree.datasets]:
        group, _, name = path.rpartition("/")
        group = group or "/"
        found = _NAME.fullmatch(name)
        is_data = reader.tree.classes.get(group) == "NXdata"
        if found and is_under(group, under) and (is_data or path in reader.tree.external):
            key = group, found["stem"], len(found["number"])
            families[key].append((int(found["number"]), path))
    result = []
    for (group, stem, _), paths in families.items():
        signal = text_attribute(reader.file[group], "signal")
        names = [path.rpartition("/")[2] for _, path in paths]
        if not signal and _shows_another(reader, group, names):
            continue
        if not signal or signal in names:
            ordered = tuple(sorted(paths))
            result.append(Numbered(group, stem.rstrip("_-. ") or stem, ordered, signal in names))
    return result


def _shows_another(reader: Reader, group: str, names: Sequence[str]) -> bool:
    """Whether a group without ``@signal`` holds another image beside numbered ones."""
    return any(
        (info.image_like or (info.virtual and info.shape is None))
        and info.path.rpartition("/")[2] not in names
        for info in reader.tree.children(group)
    )


def _locate_pieces(reader: Reader, found: Numbered) -> list[Piece]:
    """Return where the pieces are, without opening their files.

    Raises
    ------
    UnsafeLinkError
        If one lies where the file may not point.
    """
    pieces = []
    for number, path in found.paths:
        name = path.rpartition("/")[2]
        link = read_link(reader.file[found.group], name)
        if isinstance(link, h5py.ExternalLink):
            file, trouble = _locate(reader.reach, str(link.filename), reader.path)
            pieces.append(Piece(number, path, file, str(link.path), trouble=trouble))
        else:
            pieces.append(Piece(number, path, reader.path, path))
    return pieces


def _locate(reach: Reach, name: str, beside: str) -> tuple[str, str]:
    """Return where a file is or is to be, and why it cannot be read."""
    folder = os.path.dirname(real_path(beside))
    # HDF5 looks for a file that is not where its absolute name says in the folder of the link.
    wanted = os.path.normpath(
        os.path.join(folder, os.path.basename(name) if os.path.isabs(name) else name)
    )
    try:
        return reach.locate(name, beside), ""
    except AssetError as error:
        if not reach.allows(wanted):
            raise UnsafeLinkError(
                f"points to {wanted}, outside of {' and '.join(reach.folders)}",
                where=beside,
                remedy="If you trust the file, pass allow_external=True,"
                " or configure a root that holds both.",
            ) from error
        return wanted, GONE if not os.path.lexists(wanted) else error.what.partition(", which ")[2]


@contextmanager
def _open_in(reader: Reader, piece: Piece) -> Iterator[Target]:
    with follow(reader.file, reader.path, piece.name, reader.reach) as target:
        yield target


def _opener_of(reader: Reader) -> Opener:
    """Return what opens the pieces that a file names, one at a time."""
    return lambda piece: _open_in(reader, piece)


def _count_planned(reader: Reader, entry: str | None) -> int | None:
    """Return how many frames the detector was told to take; None where it is not recorded."""
    for path in reader.tree.datasets:
        if path.endswith("/detectorSpecific/nimages") and is_under(path, entry or "/"):
            images = read_small(reader.file[path])
            beside = path.removesuffix("nimages") + "ntrigger"
            known = beside in reader.tree.datasets
            triggers = read_small(reader.file[beside]) if known else 1
            if isinstance(images, int) and isinstance(triggers, int) and images * triggers > 0:
                return images * triggers
    return None


def choose_numbered(reader: Reader, entry: str | None) -> Numbered | None:
    """Return the numbered pieces that an entry (None: a file without) shows; None if it does not.

    What it shows is the group that ``@default`` leads to, else the only one whose ``@signal`` is
    one of the pieces, else the only one at all where no NXdata group has a ``@signal``.
    """
    found = _find_numbered(reader, entry or "/")
    if not found:
        return None
    default = None if entry is None else follow_defaults(reader, entry)
    if default is not None:
        found = [f for f in found if (f.group, reader.path) == (default.name, default.file)]
    else:
        own = {numbered.group for numbered in found}
        others = [g for g in reader.tree.of_class("NXdata", entry or "/") if g not in own]
        if any(text_attribute(reader.file[group], "signal") for group in others):
            return None
    marked = [numbered for numbered in found if numbered.is_default] or found
    return marked[0] if len(marked) == 1 else None


def numbered_signal(reader: Reader, numbered: Numbered, entry: str | None) -> Signal | None:
    """Return numbered pieces as one signal; None if they do not make one image.

    Raises
    ------
    MissingFileError, UnsafeLinkError
        If none of them is there, or one lies where the file may not point.
    """
    planned = _count_planned(reader, entry)
    pieces = lay_behind_one_another(_locate_pieces(reader, numbered), _opener_of(reader), planned)
    if pieces is None:
        return None
    first = next((piece for piece in pieces if piece.is_opened), None)
    if first is None:
        raise _refusal(reader, pieces)
    target = reader.find(first.name)
    signal = make_signal(target, first.name, reader.find(numbered.group))
    rows = sum(piece.rows or 0 for piece in pieces)
    notes = tell_holes(pieces)
    if planned is not None and rows < planned and all(p.rows is not None for p in pieces):
        notes.append(f"{planned} frames were to be taken, of which its data files hold {rows}")
    return replace(
        signal,
        info=replace(signal.info, shape=(rows, *first.shape)),
        pieces=tuple(pieces),
        label=numbered.stem,
        notes=tuple(notes),
    )


def _refusal(reader: Reader, pieces: Sequence[Piece]) -> AssetError:
    """Return the error of pieces of which none can be read."""
    first = pieces[0]
    kind = MissingFileError if first.is_gone else AssetError
    more = f"; nor can the {len(pieces) - 1} others be read" if len(pieces) > 1 else ""
    return kind(
        f"has its data at {first.name!r}, in {first.file}, which {first.trouble}{more}",
        where=reader.path,
        remedy=f"{REMEDY}.",
    )
