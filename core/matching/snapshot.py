"""What was decided about files before, kept between sessions: matching them again costs a walk.

A snapshot lies in the user's cache folder, never among the data. It is an optimisation and
nothing more: a verdict counts only for the very files that it was reached about (names, sizes,
times of writing and of change) and the files elsewhere that probes looked at; and only for the same
ingestors, code, configuration and installed packages (`world`). What could not be read, lies on
tape, was written just now, crashed its probe or met a fault in a plug-in is not remembered.
"""

from __future__ import annotations

import logging
import os
import time
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import msgpack

from ..places.observation import FileStat, Observation
from ..registry.registry import Registry
from .caveats import Caveats
from .groups import Group
from .marks import recall_marks, store_marks
from .plan import Unclaimed, Verdict
from .snapshot_files import MOST_BYTES, digest_of, file_for, read_snapshot, write_snapshot
from .storing import UnstorableError, pack_verdicts, token_of, unpack_verdicts
from .walking import Selection
from .world import digest_world

__all__ = ["Snapshot"]

_SETTLED_NS = 2_000_000_000
"""Files that were written less than that ago may be written again with the same time."""
_BETWEEN = "\0"
"""Between the folders in the key of an entry."""
_DAMAGE = (ValueError, TypeError, LookupError, AttributeError, msgpack.UnpackException)

_log = logging.getLogger(__name__)


class _State(NamedTuple):
    """The files of a folder that were selected, and the names of what else is there."""

    digest: bytes
    times: array[int]
    """When they were written and changed."""


class _Stored(NamedTuple):
    """Verdicts as `pack_verdicts` gives them, and the marks of their claims."""

    verdicts: bytes
    marks: list[bytes]


class _Entry(NamedTuple):
    """What was decided about the groups whose files lie in the same folders."""

    states: dict[str, bytes]
    """For each of the folders, the state of its files."""
    consulted: dict[str, list[int] | None]
    """Files that were looked at besides, and their states."""
    verdicts: dict[bytes, _Stored]
    """By the token of the group."""


class _Decided(NamedTuple):
    """What is decided now about a group."""

    folders: tuple[str, ...]
    token: bytes
    verdicts: list[Verdict]


class _Content(NamedTuple):
    """What a snapshot file holds."""

    entries: dict[str, _Entry]
    whole: tuple[bytes, list[Any] | None]
    """The state of a whole selection, and the verdicts on it: None where these are what was
    decided about its groups, in the order of folders and groups."""


class Snapshot:
    """The verdicts on the files of a selection, as far as they are known and still hold.

    Parameters
    ----------
    selection
        What lies in its walked folders is known; files and globs that were named are not.
    registry
        The ingestors in use.
    observation
        The look at the file system that the selection comes from.
    besides
        What else verdicts depend on: plain values.
    fresh
        Recall nothing; what is decided now is kept all the same.
    """

    def __init__(
        self,
        selection: Selection,
        registry: Registry,
        observation: Observation,
        *,
        besides: object = None,
        fresh: bool = False,
    ) -> None:
        self._selection = selection
        self._roots = tuple(f"{root.rstrip('/')}/" for root in selection.roots)
        self._observation = observation
        self._states: dict[str, _State | None] = {}
        self._known: dict[str, _Entry] = {}
        self._holding: dict[str, bool] = {}
        self._whole: tuple[bytes, list[Any] | None] = (b"", None)
        self._decided: list[_Decided] = []
        self._is_recalled = False
        # The states of files are to be older than all that is known of them.
        is_of_use = bool(selection.roots) and observation.is_new
        self._world = digest_world(registry, besides) if is_of_use else None
        if self._world is not None:
            self._root = os.path.commonpath(selection.roots)
            self._file = file_for(self._root)
            # Taken before any file is opened: what changes from now on will differ from it.
            self._taken_ns = time.time_ns()
            self._states = {folder: self._take_state(folder) for folder in selection.folders}
            found = self._load()
            self._others = {key: e for key, e in found.entries.items() if not self._covers(key)}
            if not fresh:
                self._known, self._whole = found.entries, found.whole

    # Recalling --------------------------------------------------------------------------------

    def recall_all(self) -> list[Verdict] | None:
        """Return what was decided about all that is selected, if everything still holds."""
        digest, stored = self._whole
        if not digest or digest != self._digest_all():
            return None
        mine = {key: entry for key, entry in self._known.items() if self._covers(key)}
        consulted = (item for entry in mine.values() for item in entry.consulted.items())
        if any(_state_of_file(path) != state for path, state in consulted):
            return None
        # It may be what was decided about the groups, one after the other.
        by_group = (
            (folder, content)
            for folder in self._selection.folders
            for content in mine[folder].verdicts.values()
        )
        found = self._unpack(by_group if stored is None else stored)
        self._is_recalled = found is not None
        return found

    def recall(self, group: Group) -> list[Verdict] | None:
        """Return what was decided about a group, if that still holds."""
        folders = _folders_of(group)
        key = _BETWEEN.join(folders)
        entry = self._known.get(key)
        if entry is None or not self._holds(key):
            return None
        stored = entry.verdicts.get(token_of(group))
        return None if stored is None else self._unpack([[folders[0], stored]])

    def _unpack(self, stored: Iterable[Sequence[Any]]) -> list[Verdict] | None:
        try:
            found: list[Verdict] = []
            for folder, (content, marks) in stored:
                verdicts = unpack_verdicts(folder, content)
                recall_marks(verdicts, marks)
                found += verdicts
            return found
        except _DAMAGE as error:
            _log.debug("the snapshot of %s is not used: %s", self._root, error)
            return None

    def _holds(self, key: str) -> bool:
        """Tell whether the files that an entry is about are what they were."""
        if key not in self._holding:
            entry = self._known[key]
            states = ((self._states.get(folder), digest) for folder, digest in entry.states.items())
            self._holding[key] = all(
                state is not None and state.digest == digest for state, digest in states
            ) and all(_state_of_file(path) == state for path, state in entry.consulted.items())
        return self._holding[key]

    # Keeping ----------------------------------------------------------------------------------

    def recall_or(self, group: Group, decide: Callable[[], list[Verdict]]) -> list[Verdict]:
        """Return what was decided about a group, if that still holds, else decide and note it."""
        if self._world is None:
            return decide()
        found = self.recall(group)
        if found is None:
            found = decide()
        self.note(group, found)
        return found

    def note(self, group: Group, verdicts: list[Verdict]) -> None:
        """Take note of what is decided about a group."""
        self._decided.append(_Decided(_folders_of(group), token_of(group), verdicts))

    def save(self, verdicts: Sequence[Verdict]) -> None:
        """Write what was noted, and the verdicts that were made of it, where they will hold."""
        if self._world is None or self._is_recalled:
            return
        place = {id(verdict): number for number, verdict in enumerate(verdicts)}

        def position(decided: _Decided) -> int:
            return min(
                [place.get(id(verdict), len(place)) for verdict in decided.verdicts], default=0
            )

        # Groups that had to wait for their probes were noted after others.
        self._decided.sort(key=position)
        files = {folder: set(names) for folder, names in self._selection.folders.items()}
        entries: dict[str, _Entry] = {}
        for decided in self._decided:
            key = _BETWEEN.join(decided.folders)
            if key not in entries:
                entries[key] = self._begin_entry(decided.folders)
            stored = self._pack(
                decided.folders[0], decided.verdicts, {one: files[one] for one in decided.folders}
            )
            if entries[key].states and stored is not None:
                entries[key].verdicts[decided.token] = stored
        kept = {key: entry for key, entry in entries.items() if entry.states}
        whole: tuple[bytes, list[Any] | None] = (b"", None)
        if len(kept) == len(entries):
            whole = (self._digest_all(), self._pack_whole(verdicts, files))
        self._write(_Content({**self._others, **kept}, whole))

    def _begin_entry(self, folders: Sequence[str]) -> _Entry:
        """Return an entry without verdicts; without states where nothing may be remembered."""
        caveats = self._observation.part(Caveats)
        states: dict[str, bytes] = {}
        consulted: dict[str, list[int] | None] = {}
        for folder in folders:
            state = self._states.get(folder)
            if (
                state is None
                or folder in caveats.doubtful
                or max(state.times) > self._taken_ns - _SETTLED_NS
            ):
                return _Entry({}, {}, {})
            states[folder] = state.digest
            for path in caveats.consulted.get(folder, ()):
                above, name = os.path.split(path)
                if above not in folders or name not in self._selection.folders[above]:
                    consulted[path] = _state_of_file(path)
        return _Entry(states, consulted, {})

    def _pack_whole(
        self, verdicts: Sequence[Verdict], files: Mapping[str, Collection[str]]
    ) -> list[Any] | None:
        by_group = [id(verdict) for decided in self._decided for verdict in decided.verdicts]
        several = any(len(decided.folders) > 1 for decided in self._decided)
        if not several and by_group == [id(verdict) for verdict in verdicts]:
            return None
        return [
            (folder, self._pack(folder, list(found), files))
            for folder, found in groupby(verdicts, _folder_of)
        ]

    def _pack(
        self, folder: str, verdicts: Sequence[Verdict], files: Mapping[str, Collection[str]]
    ) -> _Stored | None:
        """Store verdicts that hold for as long as files, by their folders, are what they are."""
        try:
            return _Stored(pack_verdicts(folder, verdicts), store_marks(verdicts, files))
        except UnstorableError as error:
            _log.debug("not kept: %s", error)
            return None

    def _write(self, content: _Content) -> None:
        for entries in (
            content.entries,
            {k: e for k, e in content.entries.items() if k not in self._others},
        ):
            packed = bytes(
                msgpack.packb(
                    [self._world, self._root, entries, content.whole],
                    unicode_errors="surrogatepass",
                )
            )
            if len(packed) <= MOST_BYTES:
                break
        else:
            return
        try:
            write_snapshot(self._file, packed)
        except OSError as error:
            # A full or read-only home must not keep anybody from matching.
            _log.debug("the snapshot of %s was not written: %s", self._root, error)

    def _load(self) -> _Content:
        try:
            world, root, entries, whole = msgpack.unpackb(
                read_snapshot(self._file), unicode_errors="surrogatepass", strict_map_key=False
            )
            if world == self._world and root == self._root:
                return _Content({key: _Entry(*e) for key, e in entries.items()}, tuple(whole))
        except FileNotFoundError:
            pass
        except (OSError, *_DAMAGE) as error:
            _log.debug("the snapshot of %s is not used: %s", self._root, error)
        return _Content({}, (b"", None))

    # States -----------------------------------------------------------------------------------

    def _covers(self, key: str) -> bool:
        """Tell whether folders lie in the selection, by the first of them."""
        return f"{key.partition(_BETWEEN)[0]}/".startswith(self._roots)

    def _digest_all(self) -> bytes:
        digests = [state.digest for state in self._states.values() if state is not None]
        if len(digests) < len(self._states):
            return b""
        folders = _BETWEEN.join(self._states).encode("utf-8", "surrogatepass")
        return digest_of(digest_of(folders) + b"".join(digests))

    def _take_state(self, folder: str) -> _State | None:
        """Return the state of a folder's files: one stat each, which others need not repeat.

        They come in the order in which the folder is listed: it stays the same with its content.
        """
        if not self._covers(folder):
            return None
        names = self._selection.folders[folder]
        try:
            entries = self._observation.list_folder(folder)
            found = self._observation.stat_folder(folder, names)
        except (OSError, OverflowError):
            return None
        sizes, blocks, times = found[0::4], found[2::4], found[1::4] + found[3::4]
        if 0 in blocks and any(map(_is_on_tape, sizes, blocks)):
            return None
        others = sorted(entries.keys() - set(names)) if len(entries) > len(names) else []
        told = "\0".join([*names, "", *others]).encode("utf-8", "surrogatepass")
        return _State(digest_of(told + sizes.tobytes() + times.tobytes()), times)


def _folders_of(group: Group) -> tuple[str, ...]:
    """Return the folders that a group's files lie in."""
    inner = {name.rpartition("/")[0] for name in group.names}
    if inner == {""}:
        return (group.folder,)
    return tuple(sorted(os.path.join(group.folder, below).rstrip("/") for below in inner))


def _folder_of(verdict: Verdict) -> str:
    if isinstance(verdict, Unclaimed):
        return os.path.dirname(verdict.files[0]) if verdict.files else "/"
    return verdict.group.folder


def _is_on_tape(size: int, blocks: int) -> bool:
    return FileStat(size, 0, blocks).on_tape


def _state_of_file(path: str) -> list[int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns]
