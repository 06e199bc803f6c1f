"""The copies in one folder: listed by their names and states, each read once while it stays."""

from __future__ import annotations

import os
from typing import Any

import msgpack

from ..core.errors import PenstockError, TruncatedFileError
from ..core.report import ReportItem
from ..core.run.source import check_start
from ._format import CopyFormat, Ends
from ._index import Remembered, load_index, pack_start, save_index, unpack_start
from ._states import FileState, is_settled

__all__ = ["WHOLE", "Folder"]

WHOLE = 3
"""The rank of a copy that has a stop document."""
_WORTH_SAVING = 64
"""So many start documents are read faster than an index is written."""


class Folder:
    """The copies in one folder, as they were when it was last looked at.

    Names are those of files; dicts are in the order in which the runs are listed.
    """

    def __init__(self, path: str, files: CopyFormat) -> None:
        self.path = path
        self._prefix = os.path.join(path, "")
        self.states: dict[str, FileState] = {}
        self.uids: dict[str, str] = {}
        self.problems: dict[str, ReportItem] = {}
        self.cuts: dict[str, str] = {}
        """What is missing of the files that are not whole."""
        self.readings: dict[str, int] = {}
        """How often files were read that are not as they were remembered."""
        self._format = files
        self._starts: dict[str, bytes | dict[str, Any]] = {}
        self._ranks: dict[str, int] = {}
        self._unsettled: set[str] = set()
        self._remembered: Remembered | None = None
        self._unsaved = 0

    def is_settled(self, name: str) -> bool:
        """Tell whether the state of a file would tell of a change."""
        return name not in self._unsettled

    def file(self, name: str) -> str:
        """Return the path of a file."""
        return self._prefix + name

    def start(self, name: str) -> dict[str, Any]:
        """Return the start document of a file."""
        start = self._starts[name]
        if isinstance(start, bytes):
            try:
                start = unpack_start(start)
            except (ValueError, TypeError, msgpack.UnpackException):  # the index is damaged
                start = self._read(name).start
        return start

    def rank(self, name: str) -> int:
        """Tell how good a copy is, of several of one run: `WHOLE`, less, or 0 if damaged."""
        rank = self._ranks.get(name)
        if rank is None:
            rank = self._ranks[name] = self._how_whole(name)
            self._unsaved += 1
        return rank

    def _how_whole(self, name: str) -> int:
        try:
            mark, stop = self._format.read_mark(self.file(name))
        except TruncatedFileError:
            return 1
        except (PenstockError, OSError):
            return 0
        return WHOLE if stop is not None else 2 if "truncated" not in (mark or {}) else 1

    # Following the files ----------------------------------------------------------------------

    def update(self, found: dict[str, FileState], looked_ns: int) -> bool:
        """Take note of the files that were found, and tell whether anything has changed.

        Parameters
        ----------
        found
            All files, and their states, taken after `looked_ns`.
        """
        if self._remembered is None:
            known = load_index(self.path, self._format.suffix)
            has_changed = self._adopt(known, found, looked_ns)
            self._remembered = known
            return has_changed
        # Who is interrupted has not taken what has no state: see `_take`.
        if found == self.states and not self._unsettled:
            return False
        gone = (self.states.keys() | self.uids.keys() | self.problems.keys()) - found.keys()
        for name in gone:
            self._forget(name)
            self.states.pop(name, None)
        news = [
            name
            for name, state in found.items()
            if self.states.get(name) != state or name in self._unsettled
        ]
        for name in sorted(news):
            self._take(name, found[name], looked_ns)
        return bool(gone or news)

    def _adopt(self, known: Remembered, found: dict[str, FileState], looked_ns: int) -> bool:
        """Begin with what is remembered of files that have not changed."""
        for name in self.states.keys() | self.uids.keys() | self.problems.keys():
            self._forget(name)  # left by one that was interrupted
        self.states.clear()
        if found == known.states:  # in the order of the names, and all at once
            self.states, self.uids = dict(known.states), dict(known.uids)
            self._starts, self._ranks = dict(known.starts), dict(known.ranks)
            self.cuts = dict(known.cuts)
            return bool(found)
        for name in sorted(found):
            if known.states.get(name) == found[name]:
                self.states[name] = found[name]
                self.uids[name], self._starts[name] = known.uids[name], known.starts[name]
                if name in known.ranks:
                    self._ranks[name] = known.ranks[name]
                if name in known.cuts:
                    self.cuts[name] = known.cuts[name]
            else:
                self._take(name, found[name], looked_ns)
        return True

    def _take(self, name: str, state: FileState, looked_ns: int) -> None:
        """Read the start document of a file that was in a state when it was looked at.

        If it is written to again within the tick of the clock, its state does not tell: it is read
        once more the next time, and not remembered before. It has its state when all is known of
        it: if that is interrupted, it is taken the next time.
        """
        self.states.pop(name, None)
        self.readings[name] = self.readings.get(name, 0) + 1
        try:
            start, cut, packed = self._read(name)
            uid, known = start["uid"], packed or _packed(start)
        except Exception as error:  # noqa: BLE001 # whatever is in one file hides no other
            self._forget(name)
            self.problems[name] = ReportItem.from_error(self.file(name), error)
        else:
            if name in self.uids or name in self.problems:
                self._forget(name, keep_place=True)
            self._starts[name] = known
            self.uids[name] = uid
            if cut:
                self.cuts[name] = cut
        if is_settled(state, looked_ns):
            self._unsaved += 1
        else:
            self._unsettled.add(name)
        self.states[name] = state

    def _read(self, name: str) -> Ends:
        path = self.file(name)
        ends = self._format.read_ends(path)
        check_start(ends.start, path, "It is no copy of a run: move it away.")
        return ends

    def _forget(self, name: str, *, keep_place: bool = False) -> None:
        if not keep_place:
            self.uids.pop(name, None)
        for known in (self._starts, self._ranks, self.problems, self.cuts):
            known.pop(name, None)
        self._unsettled.discard(name)

    def save(self) -> None:
        """Remember for other sessions what was read, where that is worth it."""
        if self._unsaved < _WORTH_SAVING:
            return
        self._unsaved = 0
        known = self._others()
        for name, start in self._starts.items():
            if name not in self._unsettled and isinstance(start, bytes):
                known.states[name], known.uids[name] = self.states[name], self.uids[name]
                known.starts[name] = start
                if name in self._ranks:
                    known.ranks[name] = self._ranks[name]
                if name in self.cuts:
                    known.cuts[name] = self.cuts[name]
        save_index(self.path, self._format.suffix, known)

    def _others(self) -> Remembered:
        """Return what is remembered of files that are there, and were not asked for."""
        known, others = self._remembered or Remembered(), Remembered()
        try:
            present = set(os.listdir(self.path))
        except OSError:
            return others
        for name in (known.states.keys() & present) - self.states.keys():
            others.states[name], others.uids[name] = known.states[name], known.uids[name]
            others.starts[name] = known.starts[name]
            if name in known.ranks:
                others.ranks[name] = known.ranks[name]
            if name in known.cuts:
                others.cuts[name] = known.cuts[name]
        return others


def _packed(start: dict[str, Any]) -> bytes | dict[str, Any]:
    try:
        return pack_start(start)
    except (ValueError, OverflowError):  # integers that only JSON can have
        return start
