"""A catalog of copies follows its files, and reads of each no more than it must."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pickle
import shutil
import threading
import time
from pathlib import Path

import msgpack
import numpy as np
import pytest

from penstock import BlueskyMsgpackCatalog
from penstock.core.assets.array import AssetArray
from penstock.core.documents import RunComposer, array_key
from penstock.core.errors import (
    AssetError,
    NoDataError,
    PenstockError,
    RunNotFoundError,
    TruncatedFileError,
)
from penstock.core.run import BlueskyRun, DocumentsSource
from penstock.core.run.samples import count_run
from penstock.plugins._copies import CopiesCatalog
from penstock.plugins._format import Ends
from penstock.plugins.jsonl import BlueskyJSONLCatalog, export_run
from penstock.plugins.msgpack.arrays import StoredFrames


def copy(folder: Path, uid: str, rows: int = 2, **metadata: object) -> Path:
    return Path(BlueskyRun(count_run(rows, uid=uid, **metadata)).cache(folder).details["path"])


def image_copy(folder: Path, uid: str = "images", rows: int = 20) -> np.ndarray:
    values = np.random.default_rng(1).integers(0, 2**16, (rows, 100, 80), dtype="u2")
    run = RunComposer(uid=uid, time=1.0, metadata={})
    stream = run.stream(
        "primary", data_keys={"image": array_key((100, 80), values.dtype, source="t")}
    )
    documents = [run.start(), stream.descriptor()]
    for begin in range(0, rows, 10):
        part = range(begin, begin + 10)
        page = {
            "descriptor": stream.uid,
            "uid": [f"event-{row}" for row in part],
            "seq_num": [row + 1 for row in part],
            "time": [float(row) for row in part],
            "data": {"image": values[begin : begin + 10]},
            "timestamps": {"image": [0.0] * 10},
            "filled": {},
        }
        documents.append(("event_page", page))
    documents.append(run.stop(time=99.0))
    BlueskyRun(DocumentsSource(documents)).cache(folder)
    return values


def settle() -> None:
    """Wait for the clock to go on: what is written to in one of its ticks has one state."""
    time.sleep(0.1)


@pytest.fixture
def starts_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files whose start documents are read from them."""
    return record_reading(BlueskyMsgpackCatalog, monkeypatch)


def record_reading(opened: type[CopiesCatalog], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have the names of the files noted whose two ends are read, to list them."""
    read: list[str] = []
    files = opened._format

    def recorded(path: str) -> Ends:
        read.append(os.path.basename(path))
        return files.read_ends(path)

    monkeypatch.setattr(opened, "_format", dataclasses.replace(files, read_ends=recorded))
    return read


FORMATS = {
    "msgpack": (BlueskyRun.cache, BlueskyMsgpackCatalog),
    "jsonl": (export_run, BlueskyJSONLCatalog),
}

# Following the files ------------------------------------------------------------------------------


def test_new_and_deleted_files_are_noticed(tmp_path: Path) -> None:
    copy(tmp_path, "one")
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert list(catalog) == ["one"]
    path = copy(tmp_path, "two")
    assert (len(catalog), "two" in catalog) == (2, True)
    path.unlink()
    assert list(catalog) == ["one"]
    with pytest.raises(RunNotFoundError):
        catalog["two"]


def test_replaced_files_are_noticed(tmp_path: Path) -> None:
    copy(tmp_path, "one", sample="Cu")
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert catalog["one"].metadata["start"]["sample"] == "Cu"
    copy(tmp_path, "one", sample="Ag")
    assert catalog["one"].metadata["start"]["sample"] == "Ag"


def test_a_file_that_grows_where_it_lies_is_noticed(tmp_path: Path) -> None:
    path = copy(tmp_path, "one", rows=5)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    os.utime(tmp_path, ns=(0, 10**18))  # the folder itself has not changed for long, and does not
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert list(catalog) == ["one"]
    assert catalog["one"].metadata["stop"] is None
    path.write_bytes(whole)
    assert catalog["one"].metadata["stop"] is not None
    other = count_run(2, uid="one", sample="Ag")
    path.write_bytes(b"".join(msgpack.packb(document) for document in other.documents()))
    assert catalog["one"].metadata["start"]["sample"] == "Ag"


@pytest.mark.parametrize("again", ["in one session", "in another"])
@pytest.mark.parametrize("how", ["replaced", "in place"])
def test_another_run_of_the_same_size_and_time_is_noticed(
    tmp_path: Path, how: str, again: str
) -> None:
    for number in range(70):  # so many that an index is written
        copy(tmp_path, f"run-{number:02d}", sample="Cu")
    path = tmp_path / "run-07.msgpack"
    before = path.stat()
    settle()
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert len(catalog) == 70
    content = path.read_bytes().replace(b"Cu", b"Ag")
    if how == "replaced":
        (tmp_path / "new").write_bytes(content)
        os.replace(tmp_path / "new", path)
    else:
        path.write_bytes(content)
    os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    if again == "in another":
        catalog = BlueskyMsgpackCatalog(tmp_path)
    else:
        time.sleep(1.1)  # for so long a listing is trusted
    assert list(catalog.search({"sample": "Ag"})) == ["run-07"]
    assert catalog["run-07"].metadata["start"]["sample"] == "Ag"


def test_runs_have_one_order_listed_and_searched(tmp_path: Path) -> None:
    for uid in ("b", "d", "c"):
        copy(tmp_path, uid, sample="Cu")
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert list(catalog) == ["b", "c", "d"]
    copy(tmp_path, "a", sample="Cu")
    copy(tmp_path, "c", rows=5, sample="Cu")
    (tmp_path / "b.msgpack").unlink()
    assert list(catalog) == ["c", "d", "a"]
    copy(tmp_path, "b", sample="Cu")
    for _ in range(2):
        assert list(catalog) == ["c", "d", "a", "b"]
        assert list(catalog.search({"sample": "Cu"})) == ["c", "d", "a", "b"]
        assert [run.uid for run in catalog.values()] == ["c", "d", "a", "b"]


def test_a_search_follows_the_files_too(tmp_path: Path) -> None:
    copy(tmp_path, "one", sample="Cu")
    found = BlueskyMsgpackCatalog(tmp_path).search({"sample": "Cu"})
    copy(tmp_path, "two", sample="Cu")
    copy(tmp_path, "three", sample="Ag")
    assert sorted(found) == ["one", "two"]
    assert list(found.search({"uid": "two"})) == ["two"]


def test_of_two_files_with_one_run_the_later_is_shown_and_the_other_named(tmp_path: Path) -> None:
    path = copy(tmp_path, "one", sample="Cu")
    other = shutil.copy(path, tmp_path / "other.msgpack")
    os.utime(path, ns=(0, 10**18))
    os.utime(other, ns=(0, 2 * 10**18))
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert catalog["one"].provenance["file"] == str(other)
    (problem,) = catalog.problems
    assert problem.subject == str(path)
    other.unlink()
    assert catalog["one"].provenance["file"] == str(path)
    assert len(catalog.problems) == 0


@pytest.mark.parametrize("lesser", ["cut", "cut in its start", "without a stop", "damaged"])
def test_of_two_files_with_one_run_the_whole_one_is_shown(tmp_path: Path, lesser: str) -> None:
    whole = copy(tmp_path, "one", rows=50)
    other = tmp_path / "other.msgpack"
    content = whole.read_bytes()
    if lesser == "without a stop":
        stopless = BlueskyRun(count_run(50, uid="one", stop=False)).cache(tmp_path / "in")
        content = Path(stopless.details["path"]).read_bytes()
    elif lesser == "damaged":
        content = content[:-100] + b"\xc1" * 100
    else:
        content = content[: len(content) // 2 if lesser == "cut" else 10]
    other.write_bytes(content)
    os.utime(whole, ns=(0, 10**18))
    os.utime(other, ns=(0, 2 * 10**18))  # written later
    for folder in (tmp_path, [whole, other], [other, whole]):
        catalog = BlueskyMsgpackCatalog(folder)
        assert catalog["one"].provenance["file"] == str(whole)
        assert len(catalog["one"].primary.read()["time"]) == 50
        (problem,) = catalog.problems
        assert problem.subject == str(other)
        if lesser != "cut in its start":
            assert problem.why == "another file holds run one too, and holds more of it"


def test_a_folder_that_disappears_is_told_and_its_runs_are_gone(tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    copy(folder, "one")
    catalog = BlueskyMsgpackCatalog(folder)
    assert len(catalog) == 1
    shutil.rmtree(folder)
    assert len(catalog) == 0
    (problem,) = catalog.problems
    assert "No such file" in problem.why


def test_it_takes_folders_globs_files_and_several_of_them(tmp_path: Path) -> None:
    copy(tmp_path / "a", "one")
    path = copy(tmp_path / "b", "two")
    assert list(BlueskyMsgpackCatalog(str(tmp_path / "a" / "o*.msgpack"))) == ["one"]
    assert list(BlueskyMsgpackCatalog(path)) == ["two"]
    assert list(BlueskyMsgpackCatalog([tmp_path / "a", tmp_path / "b"])) == ["one", "two"]
    assert sorted(BlueskyMsgpackCatalog(str(tmp_path / "*" / "*.msgpack"))) == ["one", "two"]
    with pytest.raises(NoDataError, match="no such"):
        BlueskyMsgpackCatalog(tmp_path / "c")


def test_temporary_and_hidden_files_are_no_copies(tmp_path: Path) -> None:
    copy(tmp_path, "one").rename(tmp_path / ".one.msgpack")
    (tmp_path / ".two.msgpack.0123456789abcdef.partial").write_bytes(b"")
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert (list(catalog), len(catalog.problems)) == ([], 0)


# Reading no more than it must --------------------------------------------------------------------


def test_a_start_document_is_read_once(tmp_path: Path, starts_read: list[str]) -> None:
    copy(tmp_path, "one")
    settle()
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert (len(catalog), list(catalog), catalog["one"].uid) == (1, ["one"], "one")
    copy(tmp_path, "two")
    settle()
    assert sorted(catalog) == ["one", "two"]
    assert starts_read == ["one.msgpack", "two.msgpack"]


@pytest.mark.parametrize("kind", ["msgpack", "jsonl"])
def test_copies_that_are_not_whole_are_named_in_every_listing_and_looked_at_once(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, opened = FORMATS[kind]
    for number in range(70):
        export(BlueskyRun(count_run(100, uid=f"run-{number:02}")), str(tmp_path))
    suffix = f".{kind}"
    cut = tmp_path / f"run-07{suffix}"
    content = cut.read_bytes()
    cut.write_bytes(content[: len(content) * 3 // 4])
    documents = content.index(b"event_page") - 2
    (tmp_path / f"run-08{suffix}").write_bytes(content[:documents].replace(b"run-07", b"run-08"))
    settle()
    looked_at = record_reading(opened, monkeypatch)
    for _ in range(2):
        catalog = opened(tmp_path)
        assert len(list(catalog)) == 70
        found = {item.uid: item for item in catalog.problems}
        assert found.keys() == {"run-07", "run-08"}
        assert {item.outcome for item in found.values()} == {"partial"}
        assert found["run-07"].subject == str(cut)
        assert found["run-07"].why.startswith("ends at byte")
        assert "was cut short" in found["run-08"].why
        assert len(catalog.check().with_outcome("partial")) == 2
        assert len(looked_at) == 70
    BlueskyRun(count_run(100, uid="run-07")).cache(tmp_path)
    if kind == "msgpack":
        assert [item.uid for item in opened(tmp_path).problems] == ["run-08"]


@pytest.mark.parametrize("kind", ["msgpack", "jsonl"])
def test_cut_anywhere_a_copy_is_named(tmp_path: Path, kind: str) -> None:
    export, opened = FORMATS[kind]
    path = Path(export(BlueskyRun(count_run(30, uid="6f2a")), str(tmp_path)).details["path"])
    content = path.read_bytes()
    assert opened._format.read_ends(str(path)).cut == ""
    for size in range(len(content) - 1, 0, -7):
        path.write_bytes(content[:size])
        with contextlib.suppress(TruncatedFileError):  # within the start
            assert opened._format.read_ends(str(path)).cut


def test_many_start_documents_are_remembered_between_sessions(
    tmp_path: Path, starts_read: list[str]
) -> None:
    for number in range(100):
        copy(tmp_path, f"run-{number:03d}", scan_id=number)
    settle()
    first = BlueskyMsgpackCatalog(tmp_path)
    assert len(first) == len(starts_read) == 100
    starts_read.clear()
    copy(tmp_path, "run-007", scan_id=7, sample="Cu")
    settle()
    second = BlueskyMsgpackCatalog(tmp_path)
    assert list(second) == list(first)
    assert second[99].metadata["start"] == first[99].metadata["start"]
    assert starts_read == ["run-007.msgpack", "run-007.msgpack"]  # by each of the two catalogs


@pytest.mark.parametrize(
    "damage", [b"", b"\xc1", b"\x93\x01\xa1x\x81\xa1x\x01", b"\xdd\xff\xff\xff\xff"]
)
def test_a_damaged_index_is_ignored(
    tmp_path: Path, starts_read: list[str], damage: bytes, isolated_configuration: Path
) -> None:
    for number in range(70):
        copy(tmp_path, f"run-{number}")
    settle()
    assert len(BlueskyMsgpackCatalog(tmp_path)) == 70
    (index,) = isolated_configuration.rglob("starts/*.msgpack")
    index.write_bytes(damage)
    assert len(BlueskyMsgpackCatalog(tmp_path)) == 70
    assert len(starts_read) == 140


def test_an_index_that_cannot_be_written_keeps_nobody_from_listing(
    tmp_path: Path, isolated_configuration: Path
) -> None:
    (isolated_configuration / "cache").write_text("a file where the folder should be")
    for number in range(70):
        copy(tmp_path, f"run-{number}")
    assert len(BlueskyMsgpackCatalog(tmp_path)) == 70


def test_frames_are_read_where_they_lie_and_only_those_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = image_copy(tmp_path)
    stream = BlueskyMsgpackCatalog(tmp_path)["images"].primary
    lazy = stream.to_dask()["image"]
    read = []
    original = StoredFrames.read

    def recorded(self, start, stop, region, out):
        read.append((start, stop, region))
        original(self, start, stop, region, out)

    monkeypatch.setattr(StoredFrames, "read", recorded)
    assert np.array_equal(lazy[13].compute(), values[13])
    assert [(stop - start, region) for start, stop, region in read] == [(1, None)]
    assert np.array_equal(lazy[2, 10:20, 5].compute(), values[2, 10:20, 5])
    regions = [(stop - start, region) for start, stop, region in read[1:]]
    assert regions == [(1, (slice(10, 20), slice(5, 6)))]
    assert np.array_equal(stream.read()["image"].values, values)


def test_columns_of_images_are_lazy_arrays_that_can_be_pickled(tmp_path: Path) -> None:
    values = image_copy(tmp_path)
    run = BlueskyMsgpackCatalog(tmp_path)["images"]
    pages = [doc for name, doc in run.documents() if name == "event_page"]
    columns = [page["data"]["image"] for page in pages]
    assert {type(column) for column in columns} == {AssetArray}
    read = [pickle.loads(pickle.dumps(column))[...] for column in columns]
    assert np.array_equal(np.concatenate(read), values)


def test_a_file_replaced_under_lazy_arrays_is_an_error_and_not_other_data(tmp_path: Path) -> None:
    image_copy(tmp_path)
    lazy = BlueskyMsgpackCatalog(tmp_path)["images"].primary.to_dask()["image"]
    os.utime(tmp_path / "images.msgpack", ns=(0, 0))
    with pytest.raises(AssetError, match="has been written since it was opened"):
        lazy[0].compute()
    (tmp_path / "images.msgpack").unlink()
    with pytest.raises(FileNotFoundError, match="no longer there"):
        lazy[0].compute()


def test_it_can_be_used_by_several_threads_while_copies_are_made(tmp_path: Path) -> None:
    copy(tmp_path, "run-0")
    catalog = BlueskyMsgpackCatalog(tmp_path)
    errors: list[BaseException] = []
    done = threading.Event()

    def look() -> None:
        try:
            while not done.is_set():
                for uid in catalog:
                    assert catalog[uid].primary.read().sizes["time"] == 2
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(1, 20):
        copy(tmp_path, f"run-{number}")
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(catalog) == 20


def test_provenance_tells_of_the_file_and_what_it_was_made_from(tmp_path: Path) -> None:
    path = copy(tmp_path, "one")
    told = BlueskyMsgpackCatalog(tmp_path)["one"].provenance
    assert told["file"] == str(path)
    assert told["copied"] <= path.stat().st_mtime + 1
    assert "truncated" not in told


def test_values_and_items_look_at_the_files_first(tmp_path):
    BlueskyRun(count_run(2, uid="6f2a")).cache(tmp_path)
    assert [run.uid for run in BlueskyMsgpackCatalog(tmp_path).values()] == ["6f2a"]
    assert [uid for uid, _ in BlueskyMsgpackCatalog(tmp_path).items()] == ["6f2a"]


def test_copying_a_folder_of_copies_into_itself_changes_nothing(tmp_path):
    BlueskyRun(count_run(2, uid="6f2a")).cache(tmp_path)
    (path,) = tmp_path.glob("*.msgpack")
    before = path.read_bytes(), path.stat().st_mtime_ns
    report = BlueskyMsgpackCatalog(tmp_path).cache(tmp_path)
    assert [item.outcome for item in report] == ["skipped"]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_a_run_is_not_copied_over_the_file_that_it_is_read_from(tmp_path: Path) -> None:
    path = copy(tmp_path / "copies", "one")
    odd = path.rename(path.with_name("another name.msgpack"))
    before = odd.read_bytes(), odd.stat().st_mtime_ns
    (tmp_path / "link").symlink_to("copies")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "one.msgpack").symlink_to(odd)
    for seen in (path.parent, tmp_path / "link", tmp_path / "links"):
        item = BlueskyMsgpackCatalog(seen)["one"].cache(path.parent)
        assert (item.outcome, item.why) == ("skipped", "the run is read from this folder")
    assert os.listdir(path.parent) == [odd.name]
    assert (odd.read_bytes(), odd.stat().st_mtime_ns) == before


def test_documents_and_copies_can_share_a_folder(tmp_path: Path) -> None:
    export_run(BlueskyRun(count_run(2, uid="one")), str(tmp_path))
    report = BlueskyJSONLCatalog(tmp_path).cache(tmp_path)
    assert [item.outcome for item in report] == ["ok"]
    assert sorted(os.listdir(tmp_path)) == ["one.jsonl", "one.msgpack"]


# What else may lie in a folder -------------------------------------------------------------------


def test_a_pipe_is_named_and_never_waited_for(tmp_path: Path) -> None:
    copy(tmp_path, "one")
    os.mkfifo(tmp_path / "pipe.msgpack")
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert list(catalog) == ["one"]
    (problem,) = catalog.problems
    assert (problem.subject, problem.why) == (str(tmp_path / "pipe.msgpack"), "is no regular file")
    os.mkfifo(tmp_path / "two.msgpack")
    with pytest.raises(PenstockError, match="is no regular file"):
        copy(tmp_path, "two")


@pytest.mark.parametrize("name", ["run[1]", "all*", "what?", "[!a]"])
def test_brackets_and_stars_in_names_that_are_there_are_no_globs(tmp_path: Path, name: str) -> None:
    path = copy(tmp_path / name / "copies", "one")
    odd = path.rename(path.with_name("one[1].msgpack"))
    for given in (path.parent, path.parent / "*.msgpack", odd, tmp_path / name / "*" / "*.msgpack"):
        assert list(BlueskyMsgpackCatalog(str(given))) == ["one"], given
    catalog = BlueskyMsgpackCatalog(path.parent)
    copy(path.parent, "two")
    assert sorted(catalog) == ["one", "two"]


def test_a_link_that_leads_nowhere_hides_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "a.msgpack").symlink_to("a.msgpack")
    (tmp_path / "b.msgpack").symlink_to("gone.msgpack")
    for number in range(5):
        copy(tmp_path, f"run-{number}")
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert len(catalog) == 5
    assert sorted(problem.subject for problem in catalog.problems) == [
        str(tmp_path / "a.msgpack"),
        str(tmp_path / "b.msgpack"),
    ]
