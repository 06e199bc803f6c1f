"""Tests of the documents, and of the uid by which runs are told apart."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from penstock.core.config import Config, use_config
from penstock.testing._attempting import documents_elsewhere
from penstock.testing._calling import Tested, demand
from penstock.testing._documents import as_plain_data, check_documents, first_difference
from penstock.testing._inputs import relocate

__all__ = ["DocumentTests", "IdentityTests"]


class DocumentTests(Tested):
    """The documents are valid, and the same every time."""

    def test_documents_are_valid_and_in_order(self, tmp_path: Path) -> None:
        """Each document fits its schema; they come in an order that makes sense; pages fit."""
        check_documents(list(self._call(self._files(tmp_path / "data"))))

    def test_the_same_documents_come_every_time(self, tmp_path: Path) -> None:
        """Nothing in them is random, or taken from the clock, or left over from the last call."""
        paths = self._files(tmp_path / "data")
        advice = (
            ": every uid has to follow from the files (penstock.core.places.run_uid, "
            "penstock.core.documents.child_uid), and every time from what they record"
        )
        first = as_plain_data(list(self._call(paths)))
        self._start(paths)  # a pass that was cut short leaves nothing behind
        found = first_difference(first, as_plain_data(list(self._call(paths))))
        demand(found is None, f"a second call gives other documents: {found}{advice}")
        elsewhere = documents_elsewhere(self._function, paths, self.kwargs)
        if elsewhere is not None:
            found = first_difference(first, elsewhere)
            demand(found is None, f"another process gets other documents: {found}{advice}")


class IdentityTests(Tested):
    """Runs are told apart by where their files are, however that is said."""

    def test_the_uid_does_not_depend_on_where_the_tree_is_mounted(self, tmp_path: Path) -> None:
        """Under a named root, a copy of the tree is the same run."""
        paths = self._files(tmp_path / "here" / "scans")
        shutil.copytree(tmp_path / "here", tmp_path / "there")
        uids = []
        for root in ("here", "there"):
            with use_config(Config(roots={"data": os.fspath(tmp_path / root)})):
                moved = relocate(paths, tmp_path / "here", tmp_path / root)
                uids.append(self._start(moved)["uid"])
        demand(
            uids[0] == uids[1],
            "under a named root, a copy of the tree has another uid: make it of the place, as "
            "run_uid(place_of_file(path)) or select_files(paths) do, not of the path",
        )

    def test_the_uid_does_not_depend_on_how_the_path_is_spelled(self, tmp_path: Path) -> None:
        """A relative path to the same files is the same run."""
        paths = self._files(tmp_path / "data")
        absolute = self._start(paths)["uid"]
        with contextlib.chdir(tmp_path):
            relative = self._start(relocate(paths, tmp_path / "data", Path("data")))["uid"]
        demand(
            absolute == relative,
            "a relative path to the same files gives another uid: make it of the place, as "
            "run_uid(place_of_file(path)) or select_files(paths) do, not of the path's spelling",
        )

    def test_other_files_are_another_run(self, tmp_path: Path) -> None:
        """The uid tells runs apart: the same files in another folder are other files."""
        one = self._start(self._files(tmp_path / "monday"))["uid"]
        other = self._start(self._files(tmp_path / "tuesday"))["uid"]
        demand(
            one != other,
            f"files in two folders give one run, {one!r}: the second would replace the first. Make "
            "the uid of the place, as run_uid(place_of_file(path)) does",
        )
