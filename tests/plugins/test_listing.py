"""What is told of folders of copies follows the files, whoever comes in between."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import msgpack
import numpy as np
import pytest

from penstock import BlueskyMsgpackCatalog
from penstock.core.documents import unpack_page
from penstock.core.errors import InconsistentRunError, PenstockError
from penstock.core.run import BlueskyRun, DocumentsSource
from penstock.core.run.samples import count_run
from penstock.plugins import _folder, _listing, _states
from penstock.plugins._index import Remembered, load_index, save_index
from penstock.plugins._mark import make_mark
from penstock.plugins._writing import clear_leftovers
from penstock.plugins.msgpack.decoding import read_mark

FILES = {_folder.__file__, _listing.__file__, _states.__file__}


def write(folder: Path, uid: str, **metadata: object) -> None:
    folder.mkdir(exist_ok=True)
    documents = count_run(1, uid=uid, **metadata).documents()
    (folder / f"{uid}.msgpack").write_bytes(b"".join(map(msgpack.packb, documents)))


def copy(folder: Path, uid: str, rows: int = 2, **metadata: object) -> Path:
    return Path(BlueskyRun(count_run(rows, uid=uid, **metadata)).cache(folder).details["path"])


def interrupt_at(number: int) -> Any:
    """Return what interrupts, as Ctrl-C would, at a line of the listing's own code."""
    left = number

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
        return trace

    return trace


@pytest.mark.slow
# A scandir iterator is not closed by who is interrupted before he can.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_who_is_interrupted_anywhere_sees_all_the_next_time(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for number in range(0, 10_000, 9):
        write(folders[0], "one")
        write(folders[0], "gone")
        write(folders[1], "two", sample="Cu")
        (folders[1] / "bad.msgpack").write_bytes(b"\xc1")
        catalog = BlueskyMsgpackCatalog(folders)
        if number % 2:  # interrupted in the second look, or in the first
            assert sorted(catalog) == ["gone", "one", "two"]
        (folders[0] / "gone.msgpack").unlink()
        write(folders[1], "two", sample="Ag")
        write(folders[1], "three")
        tracing = sys.gettrace()
        sys.settrace(interrupt_at(number // 2))
        try:
            list(catalog.values())
            was_interrupted = False
        except KeyboardInterrupt:
            was_interrupted = True
        finally:
            sys.settrace(tracing)
        assert sorted(catalog) == ["one", "three", "two"], number
        assert list(catalog.search({"sample": "Ag"})) == ["two"]
        assert [Path(item.subject).name for item in catalog.problems] == ["bad.msgpack"]
        (folders[1] / "three.msgpack").unlink()
        if not was_interrupted and number % 2:
            break
    else:
        pytest.fail("it never came to an end")
    assert number > 200


# One run in several files -------------------------------------------------------------------------


def cut(folder: Path, name: str, rows: int, when: int, *, stopless: bool = False) -> Path:
    """Write a copy of so many events, cut short after them."""
    folder.mkdir(exist_ok=True)
    *documents, _ = count_run(rows, uid="one").documents()
    documents = [part for name, doc in documents for part in unpacked(name, doc)]
    content = b"".join(map(msgpack.packb, documents))
    path = folder / name
    path.write_bytes(content if stopless else content + b"\x92\xa4sto")
    os.utime(path, ns=(0, when))
    return path


def unpacked(name: str, doc: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return (
        [("event", event) for event in unpack_page(doc)] if name == "event_page" else [(name, doc)]
    )


@pytest.mark.parametrize("stopless", [False, True])
def test_of_two_copies_that_are_cut_the_one_that_holds_more_is_shown(
    tmp_path: Path, stopless: bool
) -> None:
    more = cut(tmp_path, "more.msgpack", 9, 10**18)
    cut(tmp_path, "less.msgpack", 3, 2 * 10**18, stopless=stopless)
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert catalog["one"].provenance["file"] == str(more)
    rival = "another file holds run one too, and holds more of it"
    assert rival in [item.why for item in catalog.problems]
    later = cut(tmp_path, "later.msgpack", 9, 3 * 10**18)
    assert BlueskyMsgpackCatalog(tmp_path)["one"].provenance["file"] == str(later)


def test_one_file_under_two_names_is_no_rival_of_itself(tmp_path: Path) -> None:
    path = copy(tmp_path / "a", "one")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "a" / "link.msgpack").symlink_to(path.name)
    os.link(path, tmp_path / "a" / "hard.msgpack")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "other.msgpack").symlink_to(path)
    for given in (
        tmp_path / "a",
        str(tmp_path / "*" / "*.msgpack"),
        [tmp_path / "a", tmp_path / "c"],
    ):
        catalog = BlueskyMsgpackCatalog(given)
        assert (list(catalog), list(catalog.problems)) == (["one"], [])
    copy(tmp_path / "d", "one")
    assert len(BlueskyMsgpackCatalog(str(tmp_path / "*" / "*.msgpack")).problems) == 1


def test_a_hidden_file_is_a_copy_where_it_is_named(tmp_path: Path) -> None:
    path = copy(tmp_path, "one").rename(tmp_path / ".one.msgpack")
    copy(tmp_path, "two")
    assert list(BlueskyMsgpackCatalog(path)) == ["one"]
    for given in (tmp_path, tmp_path / "*.msgpack", tmp_path / "?*.msgpack"):
        assert list(BlueskyMsgpackCatalog(str(given))) == ["two"]
    assert sorted(BlueskyMsgpackCatalog([path, tmp_path])) == ["one", "two"]


# Files that change under a run --------------------------------------------------------------------


def test_a_run_does_not_mix_the_documents_of_two_versions(tmp_path: Path) -> None:
    copy(tmp_path, "one", rows=2, sample="Cu", nothing=float("nan"))
    run = BlueskyMsgpackCatalog(tmp_path)["one"]
    copy(tmp_path, "one", rows=5, sample="Ag", nothing=float("nan"))
    with pytest.raises(InconsistentRunError, match="has been replaced"):
        list(run.primary.read())
    copy(tmp_path, "one", rows=2, sample="Cu", nothing=float("nan"))
    assert len(run.primary) == 2


@pytest.mark.parametrize("again", ["all", "the start", "an event"])
def test_a_file_that_goes_on_after_its_stop_is_an_error(tmp_path: Path, again: str) -> None:
    path = copy(tmp_path, "one")
    content = path.read_bytes()
    start, *_, page, _ = count_run(2, uid="one").documents()
    more = {"all": content, "the start": msgpack.packb(start), "an event": msgpack.packb(page)}
    path.write_bytes(content + more[again])
    with pytest.raises(InconsistentRunError, match="one run twice"):
        BlueskyMsgpackCatalog(tmp_path)["one"].primary.read()


# Ends of files ------------------------------------------------------------------------------------


def test_a_stop_with_an_array_in_it_is_compared_and_the_copy_kept(tmp_path: Path) -> None:
    *documents, (name, stop) = count_run(2, uid="one").documents()
    stop = {**stop, "profile": np.arange(3000.0)}
    run = BlueskyRun(DocumentsSource([*documents, (name, stop)]))
    assert [run.cache(tmp_path).outcome for _ in range(2)] == ["ok", "skipped"]


def array(count: int) -> dict[bytes, Any]:
    return {b"nd": True, b"type": "<f8", b"kind": b"", b"shape": [count], b"data": bytes(8 * count)}


@pytest.mark.parametrize("key", ["fingerprint", "copied", "provenance", "truncated", "mimetype"])
@pytest.mark.parametrize("value", [5, [1], array(3), array(3000), {"x": array(3000)}, {b"x": None}])
def test_a_mark_of_anything_is_plain_data_or_left_out(tmp_path: Path, key: str, value: Any) -> None:
    *documents, stop = count_run(2, uid="one").documents()
    mark = make_mark("one", {key: value})
    if key == "mimetype":
        mark["mimetype"] = value
    items = [*documents, ("stream_resource", mark), stop]
    (tmp_path / "one.msgpack").write_bytes(b"".join(map(msgpack.packb, items)))
    found, _ = read_mark(str(tmp_path / "one.msgpack"))
    json.dumps(found)
    run = BlueskyMsgpackCatalog(tmp_path)["one"]
    json.dumps(run.provenance)
    with contextlib.suppress(PenstockError):  # of what is no document, nor a mark
        assert BlueskyRun(count_run(2, uid="one")).cache(tmp_path).outcome in ("ok", "skipped")


# The index ----------------------------------------------------------------------------------------


def test_an_index_is_private_and_does_not_stay_for_ever(
    tmp_path: Path, isolated_configuration: Path
) -> None:
    remembered = Remembered({"a": bytes(32)}, {"a": "a"}, {"a": b""})
    save_index("/one", ".msgpack", remembered)
    (path,) = isolated_configuration.rglob("starts/*")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    leftover = path.with_name(".x.0123456789abcdef.partial")
    leftover.touch()
    for file in (path, leftover):
        os.utime(file, (0, time.time() - 100 * 24 * 3600))
    assert load_index("/one", ".msgpack") == remembered  # and so it is in use
    clear_leftovers(str(path.parent), now=True)
    save_index("/two", ".msgpack", remembered)
    assert path.exists()
    assert not leftover.exists()
    os.utime(path, (0, time.time() - 100 * 24 * 3600))
    save_index("/two", ".msgpack", remembered)
    assert not path.exists()
    assert load_index("/two", ".msgpack") == remembered


def test_a_run_that_was_read_in_the_tick_of_its_writing_is_read_again_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second change in one tick of the clock leaves its state, and its folder's, as they are."""
    write(tmp_path, "one", sample="Cu")
    os.utime(tmp_path, ns=(0, 10**18))
    state = _states.take_state(str(tmp_path / "one.msgpack"))
    monkeypatch.setattr(_states, "_TICK_NS", 10**12)
    monkeypatch.setattr(_listing, "take_state", lambda path: state)
    monkeypatch.setattr(_listing, "list_states", lambda *_: {"one.msgpack": state})
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert catalog["one"].metadata["start"]["sample"] == "Cu"
    write(tmp_path, "one", sample="Ag")
    assert catalog._listing._are_folders_unchanged()
    catalog._listing.refresh_run("one")
    catalog._listing.fill_store()
    assert catalog._listing.store.get("one").source.start["sample"] == "Ag"


# Without the index ------------------------------------------------------------------------------


def test_a_run_is_had_by_its_uid_without_indexing_the_others(tmp_path: Path) -> None:
    for uid in ("one", "two", "three"):
        write(tmp_path, uid)
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert catalog["two"].uid == "two"
    assert len(catalog) == len(list(catalog.values())) == 3
    indexed = catalog._listing.store.search()
    assert list(indexed.uids()) == []
    assert catalog["tw"].uid == "two"
    assert sorted(indexed.uids()) == ["one", "three", "two"]


def test_runs_are_listed_in_the_order_in_which_they_came_whoever_asks(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    write(folders[0], "one")
    write(folders[1], "two")
    catalog = BlueskyMsgpackCatalog(folders)
    assert list(catalog) == list(catalog.search({"uid": {"$exists": True}})) == ["one", "two"]
    write(folders[0], "three")
    write(folders[0], "one", sample="Ag")
    expected = ["one", "two", "three"]
    assert list(catalog) == list(catalog.search({"uid": {"$exists": True}})) == expected
    (folders[0] / "one.msgpack").unlink()
    assert list(catalog) == ["two", "three"]
    write(folders[0], "one")
    expected = ["two", "three", "one"]
    assert list(catalog) == list(catalog.search({"uid": {"$exists": True}})) == expected
