"""Finding what a NeXus file shows by default: ``@default`` to ``@default`` to ``@signal``.

The rules are those of the NeXus manual ("Find the plottable data", versions 1 to 3): attributes
``default`` on root and entries, ``signal`` and ``auxiliary_signals`` on an NXdata group, and the
older ``signal=1`` on the dataset.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import h5py

from ...core.errors import (
    AmbiguousDataError,
    AssetError,
    NoDataError,
    UnsafeLinkError,
    UnsupportedFileError,
)
from ..assets.hdf5.links import Target
from .pieces import Piece
from .reader import Reader
from .tree import DatasetInfo, class_of, describe_dataset, is_under, member_names
from .values import read_attribute, text_attribute

__all__ = [
    "Signal",
    "choose_entry",
    "default_signals",
    "follow_defaults",
    "list_entries",
    "make_signal",
    "tell_choice",
]

_LONGEST_CHAIN = 8
_LEADS_NOWHERE = (AssetError, UnsafeLinkError, UnsupportedFileError)
"""What following a link may say: missing or damaged, elsewhere, another format."""


@dataclass(frozen=True)
class Signal:
    """A dataset that is to become a data key."""

    target: Target
    info: DatasetInfo
    named: str
    """Its path as the file (or the caller) names it, before links."""
    group: Target | None = None
    """The NXdata group that shows it, or the group that it lies in."""
    pieces: tuple[Piece, ...] = ()
    """Where it lies in several datasets, one behind the other: these; `target` is then the first
    that is there."""
    label: str = ""
    """What the pieces are called together."""
    notes: tuple[str, ...] = ()
    """What is doubtful about the pieces."""
    scan_axes: int | None = None
    """So many leading axes count events, where an origin's rule tells; None: NeXus, or the rank."""

    def __str__(self) -> str:
        return f"{self.named} {self.info.shape} {self.info.dtype}"


def make_signal(target: Target, named: str, group: Target | None = None) -> Signal:
    """Describe a dataset that was found."""
    return Signal(target, describe_dataset(target.object, target.name), named, group)


def tell_choice(argument: str, value: str) -> str:
    """Say how to choose, in Python and on the command line.

    Examples
    --------
    >>> print(tell_choice("dataset", "/my data"))
    Choose one, as by catalog.upsert(ingest_hdf5, (path,), {'dataset': '/my data'}) \
or penstock ingest FILE --use hdf5 --set 'dataset=/my data'.
    """
    setting = shlex.quote(f"{argument}={value}")
    return (
        f"Choose one, as by catalog.upsert(ingest_hdf5, (path,), { ({argument: value})!r})"
        f" or penstock ingest FILE --use hdf5 --set {setting}."
    )


def list_entries(reader: Reader) -> dict[str, str]:
    """Return the names of the file's entries, and where each leads (for external links, itself)."""
    entries = {}
    for name in _names(reader.file):
        path = f"/{name}"
        if path in reader.tree.classes:
            kind = reader.tree.classes[path]
        elif path in reader.tree.external:
            kind = _class_behind(reader, path)
        else:
            continue
        if kind == "NXentry":
            entries[name] = path
    return entries


def _class_behind(reader: Reader, path: str) -> str:
    try:
        found = reader.find(path).object
    except _LEADS_NOWHERE:
        return ""
    return class_of(found) if isinstance(found, h5py.Group) else ""


def _names(group: h5py.Group) -> list[str]:
    try:
        return member_names(group)
    except (OSError, RuntimeError, KeyError):
        return []


def choose_entry(reader: Reader, entry: str | None) -> str | None:
    """Return the path of the entry to read; None where the file has none.

    Raises
    ------
    AmbiguousDataError
        If there are several, and neither the file nor the caller says which.
    NoDataError
        If there is none of the name that the caller gave.
    """
    entries = list_entries(reader)
    if entry is not None:
        path = "/" + entry.strip("/")
        if path not in entries.values() and path not in reader.tree.classes:
            raise NoDataError(
                f"has no entry {entry!r}",
                where=reader.path,
                remedy=f"Its entries are: {', '.join(entries) or 'none'}.",
            )
        return path
    default = text_attribute(reader.file, "default").strip("/")
    if default.split("/")[0] in entries:
        return "/" + default.split("/")[0]
    if len(entries) > 1:
        with_data = [name for name in entries if _has_data(reader, entries[name])]
        if len(with_data) == 1:
            return entries[with_data[0]]
        raise AmbiguousDataError(
            f"has {len(entries)} entries and no default: {', '.join(entries)}",
            where=reader.path,
            remedy=tell_choice("entry", (with_data or list(entries))[0]),
        )
    return next(iter(entries.values()), None)


def _has_data(reader: Reader, entry: str) -> bool:
    try:
        return bool(default_signals(reader, entry))
    except AmbiguousDataError:
        return True
    except (NoDataError, *_LEADS_NOWHERE):
        return False


def default_signals(reader: Reader, entry: str) -> list[Signal]:
    """Return what an entry shows by default: its signal, then the auxiliary ones.

    An empty list where the entry has no NXdata with a signal.

    Raises
    ------
    AmbiguousDataError
        If several NXdata groups show different data, and nothing says which is the default.
    AssetError, UnsafeLinkError, UnsupportedFileError
        If what the file declares as its default is not there, or must not be followed.
    """
    group = follow_defaults(reader, entry)
    if group is not None:
        return _signals_of(reader, group)
    found: dict[tuple[str, tuple[int, int]], list[Signal]] = {}
    troubles: list[Exception] = []
    for path in reader.tree.of_class("NXdata", entry):
        try:
            signals = _signals_of(reader, reader.find(path))
        except _LEADS_NOWHERE as error:
            troubles.append(error)
            continue
        if signals:
            found.setdefault((signals[0].target.file, signals[0].info.address), signals)
    candidates = _prefer_images(list(found.values()))
    if len(candidates) > 1:
        listed = "; ".join(str(signals[0]) for signals in candidates[:20])
        raise AmbiguousDataError(
            f"shows {len(candidates)} different data and no default: {listed}",
            where=reader.path,
            remedy=tell_choice("dataset", candidates[0][0].named),
        )
    if not candidates and troubles:
        raise troubles[0]
    return candidates[0] if candidates else []


def _prefer_images(candidates: list[list[Signal]]) -> list[list[Signal]]:
    images = [signals for signals in candidates if signals[0].info.image_like]
    return images or candidates


def follow_defaults(reader: Reader, entry: str) -> Target | None:
    """Follow ``@default`` from root and entry down to an NXdata group."""
    group = reader.find(entry)
    root_default = text_attribute(reader.file, "default").strip("/")
    if is_under("/" + root_default, entry) and "/" + root_default != entry:
        group = reader.find(root_default)
    for _ in range(_LONGEST_CHAIN):
        if not isinstance(group.object, h5py.Group):
            return None
        if class_of(group.object) == "NXdata":
            return group
        default = text_attribute(group.object, "default")
        if not default:
            return None
        group = reader.child(group, default)
    return None


def _signals_of(reader: Reader, group: Target) -> list[Signal]:
    """Return the numeric signals of an NXdata group, the main one first."""
    names = _signal_names(reader, group)
    signals = [
        make_signal(found, f"{group.name}/{name}", group)
        for name, found in ((name, reader.child(group, name)) for name in names)
        if isinstance(found.object, h5py.Dataset)
    ]
    return [signal for signal in signals if signal.info.numeric]


def _signal_names(reader: Reader, group: Target) -> list[str]:
    assert isinstance(group.object, h5py.Group)
    signal = read_attribute(group.object, "signal")
    if isinstance(signal, str) and signal:
        others = read_attribute(group.object, "auxiliary_signals") or []
        others = [others] if isinstance(others, str) else others
        return [signal, *(name for name in others if isinstance(name, str))]
    if read_attribute(group.object, "I_axes") and "I" in _names(group.object):
        return ["I"]  # as canSAS says it
    marked = {name: mark for name, mark in _marks(reader, group) if mark is not None}
    first = sorted(marked, key=lambda name: marked[name])
    if first:
        return first
    plain = [info for info in _datasets(reader, group) if info.image_like]
    return [plain[0].path.rsplit("/", 1)[-1]] if len(plain) == 1 else []


def _datasets(reader: Reader, group: Target) -> list[DatasetInfo]:
    if group.file == reader.path:
        found = reader.tree.children(group.name)
    else:
        found = [describe_dataset(item, f"{group.name}/{n}") for n, item in _members(reader, group)]
    unique = {info.address: info for info in found}
    return list(unique.values())


def _members(reader: Reader, group: Target) -> Iterator[tuple[str, h5py.Dataset]]:
    assert isinstance(group.object, h5py.Group)
    for name in _names(group.object):
        try:
            found = reader.child(group, name).object
        except _LEADS_NOWHERE:
            continue
        if isinstance(found, h5py.Dataset):
            yield name, found


def _marks(reader: Reader, group: Target) -> Iterator[tuple[str, int | None]]:
    """Yield the number of the older ``signal=1`` mark of each member."""
    for name, dataset in _members(reader, group):
        mark = read_attribute(dataset, "signal")
        try:
            yield name, None if mark is None else int(mark)
        except (TypeError, ValueError):
            yield name, None
