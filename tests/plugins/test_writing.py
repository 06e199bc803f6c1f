"""Files get their names when they are whole, and names never lead elsewhere."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import PenstockError, TooLargeError
from penstock.plugins import _writing
from penstock.plugins._writing import check_space, clear_leftovers, copy_name, find_copy, open_new


@given(st.text(max_size=150))
def test_a_name_is_one_plain_and_visible_component(uid: str) -> None:
    name = copy_name(uid, ".msgpack")
    assert name == os.path.basename(name)
    assert not name.startswith((".", "-"))
    assert len(os.fsencode(name)) <= 255
    assert "\0" not in name


@given(st.lists(st.text(max_size=8), unique=True))
def test_different_uids_have_different_names(uids: list[str]) -> None:
    assert len({copy_name(uid, ".x") for uid in uids}) == len(uids)


@given(st.text(max_size=300))
def test_a_copy_lies_in_its_folder(uid: str) -> None:
    path = find_copy("/nowhere", uid, ".msgpack")
    assert os.path.dirname(os.path.normpath(path)) == "/nowhere"


def test_base64_is_a_plain_name() -> None:
    assert copy_name("b3BlbiBzZXNhbWU=", ".msgpack") == "b3BlbiBzZXNhbWU=.msgpack"


@pytest.mark.parametrize(
    ("total", "free", "needed", "told"),
    [
        (10**12, 300 * 10**6, 290 * 10**6, "takes 290 MB, 300 MB are free, and 67.1 MB are to"),
        (250 * 10**6, 205 * 10**6, 204 * 10**6, "takes 204 MB, 205 MB are free, and 2.5 MB are"),
        (250 * 10**6, 205 * 10**6, 202 * 10**6, None),
    ],
)
def test_room_that_is_kept_fits_the_disk_and_is_told(
    monkeypatch: pytest.MonkeyPatch, total: int, free: int, needed: int, told: str | None
) -> None:
    usage = SimpleNamespace(total=total, free=free)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    if told is None:
        check_space("/", needed)
    else:
        with pytest.raises(TooLargeError, match=told):
            check_space("/", needed)


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with open_new(str(path)) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def interrupted() -> None:
        with open_new(str(path)) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_leftovers_are_looked_for_once_a_minute(tmp_path: Path) -> None:
    leftover = tmp_path / ".a.0123456789abcdef.partial"
    other = tmp_path / ".a.partial"
    for path in (leftover, other):
        path.touch()
        os.utime(path, (0, 0))
    assert clear_leftovers(str(tmp_path)) == [leftover.name]
    leftover.touch()
    os.utime(leftover, (0, 0))
    assert clear_leftovers(str(tmp_path)) == []
    assert clear_leftovers(str(tmp_path), now=True) == [leftover.name]
    assert other.exists()


def test_what_was_written_into_lately_is_nobodys_leftover(tmp_path: Path) -> None:
    """Its lock may be on another machine, and not be seen here."""
    leftover = tmp_path / ".a.0123456789abcdef.partial"
    leftover.touch()
    assert clear_leftovers(str(tmp_path), now=True) == []
    os.utime(leftover, (0, time.time() - 3600))
    assert clear_leftovers(str(tmp_path), now=True) == [leftover.name]


def test_who_clears_leftovers_never_takes_what_somebody_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer creates its file, then locks it: in between, the file looks like a leftover."""
    monkeypatch.setattr(_writing, "_LATELY_SECONDS", -1.0)
    done = threading.Event()
    looks = []

    def sweep() -> None:
        while not done.is_set():
            looks.append(clear_leftovers(str(tmp_path), now=True))

    sweepers = [threading.Thread(target=sweep) for _ in range(3)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns at every step: all orders come about
    try:
        for sweeper in sweepers:
            sweeper.start()
        until = time.monotonic() + 1.5
        number = 0
        while time.monotonic() < until:
            number += 1
            with open_new(str(tmp_path / "a")) as file:
                file.write(b"%d" % number)
            assert (tmp_path / "a").read_bytes() == b"%d" % number
    finally:
        done.set()
        for sweeper in sweepers:
            sweeper.join()
        sys.setswitchinterval(interval)
    assert os.listdir(tmp_path) == ["a"]
    assert looks


def test_a_name_that_somebody_is_clearing_away_is_not_written_under(tmp_path: Path) -> None:
    """What the race above comes to, step by step: the sweeper has the lock, and not yet cleared."""
    taken: list[str] = []

    def take(event: str, arguments: tuple[object, ...]) -> None:
        if event != "fcntl.flock" or taken:
            return
        (name,) = os.listdir(tmp_path)
        taken.append(name)
        holder.append(os.open(tmp_path / name, os.O_RDWR))
        fcntl.flock(holder[0], fcntl.LOCK_EX)

    holder: list[int] = []
    with audited(take), open_new(str(tmp_path / "a")) as file:
        (tmp_path / taken[0]).unlink()
        os.close(holder[0])
        file.write(b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"


@contextlib.contextmanager
def audited(hook: Callable[[str, tuple[object, ...]], None]) -> Iterator[None]:
    """Hear of what happens inside Python; hooks cannot be taken off, so it is switched off."""
    is_on = True
    sys.addaudithook(lambda event, arguments: hook(event, arguments) if is_on else None)
    try:
        yield
    finally:
        is_on = False


def test_a_link_that_looks_like_a_leftover_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.touch()
    (tmp_path / ".a.0123456789abcdef.partial").symlink_to(target)
    assert clear_leftovers(str(tmp_path)) == []
    assert target.exists()


def test_too_little_room_is_told_with_both_sizes(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match=r"takes 1152922 TB, .* are free"):
        check_space(str(tmp_path), 2**60)


def test_a_temporary_file_that_disappears_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(PenstockError, match="was removed"), open_new(str(tmp_path / "a")) as file:
        os.unlink(file.name)


def test_a_new_file_is_on_the_disk_with_its_name_before_it_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []
    original = os.fsync

    def recorded(descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        kind = "folder" if os.path.isdir(path) else Path(path).read_text()
        synced.append((kind, (tmp_path / "a").exists()))
        original(descriptor)

    monkeypatch.setattr(os, "fsync", recorded)
    with open_new(str(tmp_path / "a")) as file:
        file.write(b"whole")
    assert synced == [("whole", False), ("folder", True)]
    synced.clear()
    with open_new(str(tmp_path / "b"), durable=False) as file:
        file.write(b"whole")
    assert synced == []


def test_a_folder_that_can_be_written_into_and_not_opened_takes_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of mode 0333, for who is not root."""
    original = os.open

    def refusing(path: str, flags: int, *arguments: int, **settings: object) -> int:
        if path == str(tmp_path):
            raise PermissionError(13, "Permission denied", path)
        return original(path, flags, *arguments, **settings)

    monkeypatch.setattr(os, "open", refusing)
    with open_new(str(tmp_path / "a")) as file:
        file.write(b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_a_name_that_was_cleared_away_before_it_was_locked_is_not_written_under(
    tmp_path: Path,
) -> None:
    cleared: list[str] = []

    def clear(event: str, arguments: tuple[object, ...]) -> None:
        if event == "fcntl.flock" and not cleared:
            cleared.extend(os.listdir(tmp_path))
            (tmp_path / cleared[0]).unlink()

    with audited(clear), open_new(str(tmp_path / "a")) as file:
        file.write(b"whole")
    assert cleared
    assert (tmp_path / "a").read_bytes() == b"whole"
