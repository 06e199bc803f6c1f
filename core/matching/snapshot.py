"""What was decided about folders before, kept between sessions: matching them again costs a walk.

A snapshot lies in the user's cache folder, never among the data. It is an optimisation and
nothing more: a verdict counts only for the very files that it was reached about (names, sizes,
times of writing and of change) and the files elsewhere that probes looked at; and only for the same
ingestors, code, configuration and installed packages (`world`). What could not be read, lies on
tape, was written just now, crashed its probe or met a fault in a plug-in is not remembered.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import tempfile
import time
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgpack

from ..places.observation import FileStat, Observation
from ..registry.registry import Registry
from .caveats import Caveats
from .storing import UnstorableError, Verdict, pack_verdicts, unpack_verdicts
from .walking import Selection
from .world import digest_world

__all__ = ["Snapshot"]

_MAGIC = b"penstock snapshot 1\n"
_SETTLED_NS = 2_000_000_000
"""Files that were written less than that ago may be written again with the same time."""
_MOST_BYTES = 256 * 2**20
"""Of one snapshot."""
_MOST_SNAPSHOTS = 200
_DIGEST_BYTES = 16
_DAMAGE = (OSError, ValueError, TypeError, LookupError, AttributeError, msgpack.UnpackException)

_log = logging.getLogger(__name__)


class _State(NamedTuple):
    """The files of a folder that were selected, and the names of what else is there."""

    digest: bytes
    times: array[int]
    """When they were written and changed."""


class _Entry(NamedTuple):
    """What is kept for a folder, or for several that were judged together, by the first of them."""

    states: dict[str, bytes]
    """For each of the folders, the state of its files."""
    consulted: dict[str, list[int] | None]
    """Files elsewhere, and their states."""
    verdicts: bytes


class Snapshot:
    """The verdicts on the folders of a selection, as far as they are known and still hold.

    Parameters
    ----------
    selection
        Its walked folders are looked up; files and globs that were named are not.
    registry
        The ingestors in use.
    observation
        The look at the file system that the selection comes from.
    fresh
        Recall nothing; what is decided now is kept all the same.
    """

    def __init__(
        self,
        selection: Selection,
        registry: Registry,
        observation: Observation,
        *,
        fresh: bool = False,
    ) -> None:
        self._selection = selection
        self._observation = observation
        self._states: dict[str, _State | None] = {}
        self._kept: dict[str, _Entry] = {}
        self._world = digest_world(registry) if selection.roots else None
        self._known: dict[str, _Entry] = {}
        self._has_changed = False
        if self._world is not None:
            self._root = os.path.commonpath(selection.roots)
            self._file = _file_for(self._root)
            self._known = {} if fresh else self._load()
            # Taken before any file is opened: what changes from now on will differ from it.
            self._taken_ns = time.time_ns()
            for folder in selection.folders:
                self._states[folder] = self._take_state(folder)

    def recall(self, folders: Sequence[str]) -> list[Verdict] | None:
        """Return what was decided about folders that are judged together, if it still holds."""
        entry = self._known.get(folders[0])
        if entry is None or list(entry.states) != list(folders):
            return None
        for folder, digest in entry.states.items():
            state = self._states.get(folder)
            if state is None or state.digest != digest:
                return None
        if any(_state_of_file(path) != state for path, state in entry.consulted.items()):
            return None
        try:
            verdicts = unpack_verdicts(folders[0], entry.verdicts)
        except _DAMAGE as error:
            _log.debug("what is kept of %s is not used: %s", folders[0], error)
            return None
        self._kept[folders[0]] = entry
        return verdicts

    def keep(self, folders: Sequence[str], verdicts: Sequence[Verdict]) -> None:
        """Remember what was decided about folders that are judged together, where it will hold."""
        if self._world is None:
            return
        caveats = self._observation.part(Caveats)
        states: dict[str, bytes] = {}
        consulted: dict[str, list[int] | None] = {}
        for folder in folders:
            state = self._states.get(folder)
            if state is None or folder in caveats.doubtful:
                return
            if max(state.times) > self._taken_ns - _SETTLED_NS:
                return
            states[folder] = state.digest
            for path in caveats.consulted.get(folder, ()):
                above, name = os.path.split(path)
                if name not in self._selection.folders.get(above, ()) or above not in folders:
                    consulted[path] = _state_of_file(path)
        try:
            stored = pack_verdicts(folders[0], verdicts)
        except UnstorableError as error:
            _log.debug("not kept: %s", error)
            return
        self._kept[folders[0]] = _Entry(states, consulted, stored)
        self._has_changed = True

    def save(self) -> None:
        """Write what is kept, where that is something new."""
        gone = {f for f in self._known if f not in self._kept and self._covers(f)}
        if self._world is None or not (self._has_changed or gone):
            return
        others = {f: e for f, e in self._known.items() if f not in gone and f not in self._kept}
        for entries in ({**others, **self._kept}, self._kept):
            content = msgpack.packb(
                [self._world, self._root, entries], unicode_errors="surrogatepass"
            )
            if len(content) <= _MOST_BYTES:
                break
        else:
            return
        try:
            _write(self._file, _MAGIC + _digest(content) + content)
        except OSError as error:
            # A full or read-only home must not keep anybody from matching.
            _log.debug("the snapshot of %s was not written: %s", self._root, error)

    def _covers(self, folder: str) -> bool:
        return any(
            folder == root or folder.startswith(root.rstrip("/") + "/")
            for root in self._selection.roots
        )

    def _take_state(self, folder: str) -> _State | None:
        """Return the state of a folder's files: one stat each, which others need not repeat."""
        if not self._covers(folder):
            return None
        names = list(self._selection.folders[folder])
        names.sort()
        try:
            entries = self._observation.list_folder(folder)
            stats = self._observation.stat_folder(folder, names)
            sizes, written, blocks, changed = zip(*stats, strict=True)
            times = array("q", written + changed)
        except (OSError, OverflowError):
            return None
        if 0 in blocks and any(FileStat(*found).on_tape for found in stats):
            return None
        others = sorted(entries.keys() - set(names)) if len(entries) > len(names) else []
        told = "\0".join([*names, "", *others]).encode("utf-8", "surrogatepass")
        return _State(_digest(told + array("q", sizes).tobytes() + times.tobytes()), times)

    def _load(self) -> dict[str, _Entry]:
        try:
            content = _read(self._file)
            world, root, entries = msgpack.unpackb(
                content, unicode_errors="surrogatepass", strict_map_key=False
            )
            if world != self._world or root != self._root:
                return {}
            return {folder: _Entry(*entry) for folder, entry in entries.items()}
        except FileNotFoundError:
            return {}
        except _DAMAGE as error:
            _log.debug("the snapshot of %s is not used: %s", self._root, error)
            return {}


def _state_of_file(path: str) -> list[int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns]


# The files of snapshots --------------------------------------------------------------------------


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()


def _file_for(root: str) -> str:
    import platformdirs

    name = hashlib.blake2b(root.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    folder = platformdirs.user_cache_dir("penstock", appauthor=False)
    return os.path.join(folder, "matching", f"{name}.snapshot")


def _read(path: str) -> bytes:
    """Return the content of a snapshot, if it is whole and nobody else can have written it."""
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES + 1024:
            raise ValueError("it is too large, or no file")
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise ValueError("others may write it")
        found = file.read()
    start = len(_MAGIC) + _DIGEST_BYTES
    content = found[start:]
    if not found.startswith(_MAGIC) or found[len(_MAGIC) : start] != _digest(content):
        raise ValueError("it is damaged, or of another version")
    with contextlib.suppress(OSError):
        os.utime(path)  # it is in use: the oldest are cleared away
    return content


def _write(path: str, content: bytes) -> None:
    """Write a file that has its name only once it is whole."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    is_new = not os.path.exists(path)
    descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=".partial")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if is_new:
        _clear(folder)


def _clear(folder: str) -> None:
    """Keep the snapshots used last."""
    found = sorted(_ages(folder), reverse=True)
    for _, path in found[_MOST_SNAPSHOTS:]:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _ages(folder: str) -> Iterator[tuple[int, str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                yield entry.stat().st_mtime_ns, entry.path
