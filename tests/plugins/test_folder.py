"""What is known of a file counts while its state would tell of a change."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run
from penstock.plugins._folder import Folder
from penstock.plugins._format import Ends
from penstock.plugins._index import load_index
from penstock.plugins._states import changed_at, list_states, pack_state
from penstock.plugins.msgpack.format import FORMAT

COPIES = 70
"""So many that an index is written."""


def write_copies(folder: Path, sample: str) -> None:
    for number in range(COPIES):
        BlueskyRun(count_run(1, uid=f"run-{number}", sample=sample)).cache(folder)


def samples(folder: Folder) -> set[str]:
    return {folder.start(name)["sample"] for name in folder.uids}


@pytest.mark.parametrize(
    ("tick", "times_are_whole_seconds", "is_read_again"),
    [
        (0.001, False, True),
        (0.2, False, False),
        (0.2, True, True),  # as on file systems that know no smaller ones
        (5.0, True, False),
    ],
)
@pytest.mark.parametrize("session", ["the same", "another"])
def test_a_file_that_was_read_in_the_tick_in_which_it_was_written_is_read_again(
    tmp_path: Path, tick: float, times_are_whole_seconds: bool, is_read_again: bool, session: str
) -> None:
    """In the tick of a clock the second of two changes leaves no trace: the states are equal."""
    write_copies(tmp_path, "Cu")
    changed = 1_700_000_000_000_000_000 + (0 if times_are_whole_seconds else 123)
    names = list_states(str(tmp_path), lambda name: True, [])
    found = {name: pack_state(1000, changed, changed, 7) for name in names}
    folder = Folder(str(tmp_path), FORMAT)
    folder.update(found, changed + int(tick * 1e9))
    folder.save()
    assert samples(folder) == {"Cu"}
    write_copies(tmp_path, "Ag")
    if session == "another":
        folder = Folder(str(tmp_path), FORMAT)
    folder.update(found, changed + 10**10)
    assert samples(folder) == {"Ag" if is_read_again else "Cu"}


def test_what_has_settled_is_remembered_and_read_no_more(tmp_path: Path) -> None:
    write_copies(tmp_path, "Cu")
    read: list[str] = []

    def reading(path: str) -> Ends:
        read.append(path)
        return FORMAT.read_ends(path)

    files = dataclasses.replace(FORMAT, read_ends=reading)
    found = list_states(str(tmp_path), lambda name: True, [])
    later = max(map(changed_at, found.values())) + 10**10
    for _ in range(2):
        folder = Folder(str(tmp_path), files)
        for _ in range(2):
            folder.update(found, later)
            folder.save()
        assert samples(folder) == {"Cu"}
    assert len(read) == COPIES


def test_to_look_at_some_files_forgets_no_others_but_those_that_are_gone(tmp_path: Path) -> None:
    write_copies(tmp_path, "Cu")
    found = list_states(str(tmp_path), lambda name: True, [])
    later = max(map(changed_at, found.values())) + 10**10
    folder = Folder(str(tmp_path), FORMAT)
    folder.update(found, later)
    folder.save()
    for number in range(COPIES):
        BlueskyRun(count_run(1, uid=f"more-{number}")).cache(tmp_path)
    (tmp_path / "run-0.msgpack").unlink()
    more = list_states(str(tmp_path), lambda name: name.startswith("more"), [])
    folder = Folder(str(tmp_path), FORMAT)
    folder.update(more, later + 10**10)
    folder.save()
    remembered = load_index(str(tmp_path), ".msgpack")
    del found["run-0.msgpack"]
    assert remembered.states == found | more
    assert remembered.uids.keys() == remembered.starts.keys() == remembered.states.keys()
