"""A copy holds all that its run holds, is made once, and gets its name when it is whole."""

from __future__ import annotations

import datetime
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import event_model
import numpy as np
import pytest
import suitcase.msgpack
import tifffile

from penstock import BlueskyInMemoryCatalog, BlueskyMsgpackCatalog, open_catalog
from penstock.core.documents import RunComposer, array_key, column_key, unpack_page
from penstock.core.errors import DocumentError, PenstockError, TooLargeError, UnusableFolderError
from penstock.core.run import BlueskyRun, DocumentsSource
from penstock.core.run.columns import to_column
from penstock.core.run.samples import count_run
from penstock.ingestors import ingest_tiff_series
from penstock.plugins.jsonl import BlueskyJSONLCatalog, export_run
from penstock.plugins.msgpack.estimating import estimate_size


def write_series(folder: Path, count: int = 5, shape: tuple[int, int] = (64, 48)) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        frame = np.arange(shape[0] * shape[1], dtype="u2").reshape(shape) + number
        tifffile.imwrite(folder / f"frame_{number:03d}.tif", frame, metadata=None)


@pytest.fixture
def catalog(tmp_path: Path) -> BlueskyInMemoryCatalog:
    write_series(tmp_path / "raw")
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest_tiff_series, (str(tmp_path / "raw" / "*.tif"),), {})
    return catalog


def copied(run: BlueskyRun, folder: Path) -> BlueskyRun:
    run.cache(folder)
    return BlueskyMsgpackCatalog(folder)[run.uid]


def copied_already(folder: Path) -> BlueskyRun:
    return BlueskyMsgpackCatalog(folder)[-1]


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


# What is in it -----------------------------------------------------------------------------------


def test_a_copy_reads_as_its_run_does(catalog: BlueskyInMemoryCatalog, tmp_path: Path) -> None:
    run = catalog[-1]
    copy = copied(run, tmp_path / "copies")
    assert copy.primary.read().identical(run.primary.read())
    assert copy.primary.to_dask().compute().identical(run.primary.read())
    assert copy.metadata["start"] == run.metadata["start"]
    assert copy.metadata["stop"] == run.metadata["stop"]


def test_a_copy_needs_none_of_the_files_it_was_made_from(
    catalog: BlueskyInMemoryCatalog, tmp_path: Path
) -> None:
    before = catalog[-1].primary.read()
    catalog[-1].cache(tmp_path / "copies")
    (tmp_path / "raw").rename(tmp_path / "gone")
    after = BlueskyMsgpackCatalog(tmp_path / "copies")[-1].primary.read()
    assert after.identical(before)


def test_a_copy_of_a_copy_is_the_same(catalog: BlueskyInMemoryCatalog, tmp_path: Path) -> None:
    first = copied(catalog[-1], tmp_path / "one")
    second = copied(first, tmp_path / "two")
    assert second.primary.read().identical(first.primary.read())


def test_a_run_without_a_stop_is_copied_and_marked(tmp_path: Path) -> None:
    run = BlueskyRun(count_run(3, stop=False))
    item = run.cache(tmp_path)
    assert (item.outcome, item.why) == (
        "partial",
        "the run has no stop: it is in progress, or was cut short",
    )
    copy = BlueskyMsgpackCatalog(tmp_path)[run.uid]
    assert copy.metadata["stop"] is None
    assert "truncated" not in copy.provenance
    assert len(copy.primary) == 3


@pytest.mark.parametrize(
    ("frames", "side", "lost"),
    [(20, 80, 0.13), (400, 40, 0.13), (3, 300, 0.34)],
    ids=["small", "many", "large frames"],
)
def test_what_is_lost_with_the_end_of_a_copy_is_an_eighth_of_it_or_a_frame(
    tmp_path: Path, frames: int, side: int, lost: float
) -> None:
    values = np.arange(frames * side * side, dtype="u2").reshape(frames, side, side)
    run = BlueskyRun(DocumentsSource(list(image_run(values))))
    path = Path(run.cache(tmp_path).details["path"])
    content = path.read_bytes()
    for size in range(20_000, len(content), len(content) // 40):
        path.write_bytes(content[:size])
        back = copied_already(tmp_path).primary
        whole = (size - 20_000) / len(content) - lost
        assert len(back) >= int(whole * frames)
        read = back.read()["image"].values if len(back) else values[:0]
        assert np.array_equal(read, values[: len(back)])


def test_columns_that_grow_from_page_to_page_stay_lazy_and_whole(tmp_path: Path) -> None:
    values = np.arange(20_000 * 3, dtype="f8").reshape(-1, 3)  # small at first, then large
    column = copied(BlueskyRun(DocumentsSource(list(image_run(values)))), tmp_path).primary
    assert np.array_equal(column.read()["image"].values, values)
    assert np.array_equal(column.to_dask()["image"][5:7, 1].compute(), values[5:7, 1])


def test_what_lazy_arrays_in_events_hold_is_copied(tmp_path: Path) -> None:
    import dask.array as da

    values = np.arange(6 * 40 * 30, dtype=">i4").reshape(6, 40, 30)
    run = BlueskyRun(DocumentsSource(list(image_run(da.from_array(values, chunks=(2, 40, 30))))))
    assert np.array_equal(copied(run, tmp_path).primary.read()["image"].values, values)


@pytest.mark.parametrize("dtype", ["?", "<u2", ">u2", "<f4", "<c16", "<U5", "<M8[ns]", "S3"])
@pytest.mark.parametrize("shape", [(3,), (40, 60), (0, 5), ()])
def test_arrays_of_every_plain_type_come_back(
    tmp_path: Path, dtype: str, shape: tuple[int, ...]
) -> None:
    size = 4 * int(np.prod(shape))
    values = (np.arange(size) % 2).astype("u1").astype("i8").astype(dtype).reshape(4, *shape)
    run = BlueskyRun(DocumentsSource(list(image_run(values))))
    pages = [doc for name, doc in copied(run, tmp_path).documents("yes") if name == "event_page"]
    back = [np.asarray(page["data"]["image"]) for page in pages]
    assert {part.dtype for part in back} == {values.dtype}
    assert np.array_equal(np.concatenate(back), values)


def test_waveforms_of_different_lengths_come_back(tmp_path: Path) -> None:
    waves = [np.arange(length, dtype="f8") for length in (10, 2000, 3000)]
    run = BlueskyRun(DocumentsSource(list(image_run(waves))))
    back = copied(run, tmp_path).primary.read()["image"].values
    assert [wave.tolist() for wave in back] == [wave.tolist() for wave in waves]


def test_arrays_of_objects_are_written_as_lists_and_never_as_pickles(tmp_path: Path) -> None:
    values = np.empty(2, dtype=object)
    values[:] = [None, "text"]
    run = BlueskyRun(DocumentsSource(list(image_run(values))))
    path = Path(run.cache(tmp_path).details["path"])
    assert b"kind\xc4\x01O" not in path.read_bytes()
    back = copied(run, tmp_path / "again").documents("yes")
    page = next(doc for name, doc in back if name == "event_page")
    assert list(page["data"]["image"]) == [None, "text"]


MASKED = {
    "u2": ("<u2", [0, 1, 2, 3], [0, 1, 2, np.nan], "<f4"),
    "i4": ("<i4", [0, 1, 2, 3], [0, 1, 2, np.nan], "<f8"),
    "bool": ("?", [0, 1, 0, 1], [0, 1, 0, np.nan], "<f4"),
    "f8": ("<f8", [0, 1, 2, 3], [0, 1, 2, np.nan], "<f8"),
    "large integers": ("<i8", [0, 1, 2**60 + 1, 3], [0, 1, 2**60 + 1, None], None),
    "text": ("<U2", ["a", "b", "c", "d"], ["a", "b", "c", None], None),
}


@pytest.mark.parametrize("form", ["page", "list", "events", "dask"])
@pytest.mark.parametrize("kind", MASKED)
def test_what_is_masked_is_told_from_what_is_not_in_a_run_and_in_its_copies(
    tmp_path: Path, kind: str, form: str
) -> None:
    import dask.array as da

    dtype, values, expected, told_dtype = MASKED[kind]
    frame = np.ma.MaskedArray(np.array(values, dtype), [0, 0, 0, 1])
    plain = np.ma.MaskedArray(np.array(values, dtype), False)
    rows = np.ma.stack([plain, frame, plain])
    held = {"page": rows, "dask": da.from_array(rows, chunks=(1, 4), asarray=False)}
    documents = list(image_run(held.get(form, list(rows))))
    if form == "events":
        documents[2:3] = [("event", event) for event in unpack_page(documents[2][1])]
    run = BlueskyRun(DocumentsSource(documents))
    run.cache(tmp_path / "copies")
    export_run(run, str(tmp_path / "text"))
    suitcase.msgpack.export(run.read_canonical(), tmp_path / "suitcase")
    found = [
        run,
        BlueskyMsgpackCatalog(tmp_path / "copies")["6f2a"],
        BlueskyJSONLCatalog(tmp_path / "text")["6f2a"],
        BlueskyMsgpackCatalog(tmp_path / "suitcase")["6f2a"],
    ]
    for reading in found:
        image = reading.primary.read()["image"].values
        assert image[0].tolist() == values
        found_row, masked = image[1].tolist(), image[1][3]
        assert found_row[:3] == expected[:3]
        assert masked is None or np.isnan(masked)  # xarray makes NaN of None in some places
    if told_dtype is not None:
        assert found[1].primary.read()["image"].dtype == told_dtype


@pytest.mark.parametrize("form", ["page", "list"])
@pytest.mark.parametrize("kind", MASKED)
def test_a_key_that_is_masked_in_a_later_page_is_in_all_what_its_descriptor_says(
    tmp_path: Path, kind: str, form: str
) -> None:
    dtype, values, expected, told_dtype = MASKED[kind]
    plain = np.ma.MaskedArray(np.array([values], dtype), False)
    masked = np.ma.MaskedArray(np.array([values], dtype), [[0, 0, 0, 1]])
    columns = [plain, masked] if form == "page" else [list(plain), list(masked)]
    start, descriptor, (_, page), stop = image_run(columns[0])
    pages = [("event_page", page | {"data": {"image": column}}) for column in columns]
    pages[1][1].update(seq_num=[2], uid=["event-1"])
    run = BlueskyRun(DocumentsSource([start, descriptor, *pages, stop]))
    run.cache(tmp_path)
    for fill, reading in {
        "delayed": run,
        "yes": run,
        "no": BlueskyMsgpackCatalog(tmp_path)[-1],
    }.items():
        documents = list(reading.documents(fill))
        (keys,) = [doc["data_keys"] for name, doc in documents if name == "descriptor"]
        assert keys["image"].get("dtype_numpy") == told_dtype
        found = [doc["data"]["image"] for name, doc in documents if name == "event_page"]
        if told_dtype is None:
            assert [list(column[0]) for column in found] == [values, expected]
        else:
            assert {column.dtype.str for column in map(to_column, found)} == {told_dtype}
            assert [np.asarray(column[0])[:3].tolist() for column in found] == [expected[:3]] * 2
            assert np.isnan(found[1][0][3])


def test_streams_are_in_a_copy_in_the_order_in_which_they_are_in_the_run(tmp_path: Path) -> None:
    documents: list[tuple[str, dict[str, Any]]] = []
    for uid in ("late", "early"):
        documents += [
            ("descriptor", untold_descriptor(uid)),
            ("event", event_of(uid, np.ones((2, 3)))),
        ]
    start, late, first, early, second = ("start", {"uid": "6f2a", "time": 1.0}), *documents
    original = BlueskyRun(DocumentsSource([start, late, early, second, first]))
    original.cache(tmp_path)
    copy = BlueskyMsgpackCatalog(tmp_path)[-1]
    assert list(copy) == list(original) == ["late", "early"]
    for name in copy:
        assert copy[name].data_keys["image"]["dtype_numpy"] == "<f8"


def untold_descriptor(uid: str) -> dict[str, Any]:
    """Return the descriptor of a stream of images, which does not tell their dtype."""
    key = {"source": "test", "dtype": "array", "shape": [2, 3]}
    return {"uid": uid, "run_start": "6f2a", "time": 1.0, "name": uid, "data_keys": {"image": key}}


def event_of(uid: str, image: np.ndarray) -> dict[str, Any]:
    event = {"descriptor": uid, "uid": f"{uid}-event", "seq_num": 1, "time": 1.0, "filled": {}}
    return event | {"data": {"image": image}, "timestamps": {"image": 1.0}}


def test_a_copy_of_which_nothing_tells_whether_files_changed_says_so(tmp_path: Path) -> None:
    def ingest(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from count_run(int(Path(path).read_text()), uid="6f2a").documents()

    (tmp_path / "rows.txt").write_text("3")
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest, (str(tmp_path / "rows.txt"),), {})
    first, second = (catalog[-1].cache(tmp_path / "copies") for _ in range(2))
    assert (first.outcome, second.outcome) == ("ok", "skipped")
    assert "nothing tells of its files" in second.why
    assert "register the ingestor" in second.remedy


def test_an_integer_that_msgpack_cannot_hold_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="more than 64 bits"):
        BlueskyRun(count_run(1, barcode=2**70)).cache(tmp_path)
    assert names_in(tmp_path) == []


def image_run(values):
    """Documents of a run whose events hold the values themselves."""
    run = RunComposer(uid="6f2a", time=1.0, metadata={})
    yield run.start()
    first = values[0]
    key = array_key(np.shape(first), getattr(first, "dtype", np.dtype("f8")), source="test")
    if np.ndim(first) == 0:
        key = column_key([0.0], source="test")
    stream = run.stream("primary", data_keys={"image": key})
    yield stream.descriptor()
    rows = range(len(values))
    yield (
        "event_page",
        {
            "descriptor": stream.uid,
            "uid": [f"event-{row}" for row in rows],
            "seq_num": [row + 1 for row in rows],
            "time": [float(row) for row in rows],
            "data": {"image": values},
            "timestamps": {"image": [float(row) for row in rows]},
            "filled": {},
        },
    )
    yield run.stop(time=9.0)


# suitcase-msgpack writes the same runs -----------------------------------------------------------


def test_suitcase_exports_every_run_and_its_file_is_read(
    catalog: BlueskyInMemoryCatalog, tmp_path: Path
) -> None:
    run = catalog[-1]
    suitcase.msgpack.export(run.read_canonical(), tmp_path / "copies")
    copy = BlueskyMsgpackCatalog(tmp_path / "copies")[run.uid]
    assert copy.primary.read().identical(run.primary.read())


@pytest.mark.parametrize("lazy", [False, True])
def test_suitcase_exports_runs_whose_events_hold_arrays(tmp_path: Path, lazy: bool) -> None:
    import dask.array as da

    values = np.arange(3 * 50 * 40, dtype="f4").reshape(3, 50, 40)
    held = da.from_array(values, chunks=(1, 50, 40)) if lazy else values
    run = BlueskyRun(DocumentsSource(list(image_run(held))))
    suitcase.msgpack.export(run.read_canonical(), tmp_path)
    back = BlueskyMsgpackCatalog(tmp_path)["6f2a"].primary.read()["image"]
    assert np.array_equal(back.values, values)


# When it is written -----------------------------------------------------------------------------


def test_an_up_to_date_copy_is_kept(catalog: BlueskyInMemoryCatalog, tmp_path: Path) -> None:
    path = Path(catalog[-1].cache(tmp_path / "copies").details["path"])
    written = path.stat().st_mtime_ns
    item = catalog[-1].cache(tmp_path / "copies")
    assert (item.outcome, item.why) == ("skipped", "the copy is up to date")
    assert path.stat().st_mtime_ns == written


def by_event_model(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """An ingestor that nobody registered: its uids are random, its stop now."""
    bundle = event_model.compose_run(uid="6f2a", time=1.0)
    yield "start", bundle.start_doc
    key = {"shape": [], "dtype": "number", "source": "s"}
    stream = bundle.compose_descriptor(name="primary", data_keys={"x": key})
    yield "descriptor", stream.descriptor_doc
    for value in json.loads(path.read_text()):
        yield "event", stream.compose_event(data={"x": value}, timestamps={"x": 1.0}, time=1.0)
    yield "stop", bundle.compose_stop()


def test_a_copy_is_kept_though_uids_and_times_of_each_pass_are_others(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text("[1, 2]")
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(by_event_model, (tmp_path / "data.json",), {})
    outcomes = [catalog.cache(tmp_path / "copies").items[0].outcome for _ in range(2)]
    assert outcomes == ["ok", "skipped"]
    (tmp_path / "data.json").write_text("[1, 2, 3]")
    (item,) = catalog.cache(tmp_path / "copies")
    assert item.details["replaced"]


def test_a_copy_is_replaced_when_the_files_have_changed(
    catalog: BlueskyInMemoryCatalog, tmp_path: Path
) -> None:
    catalog[-1].cache(tmp_path / "copies")
    write_series(tmp_path / "raw", count=6)
    item = catalog[-1].cache(tmp_path / "copies")
    assert (item.outcome, item.details["replaced"]) == ("ok", True)
    assert len(BlueskyMsgpackCatalog(tmp_path / "copies")[-1].primary) == 6


def test_a_copy_is_replaced_when_the_start_document_has_changed(tmp_path: Path) -> None:
    BlueskyRun(count_run(1, uid="6f2a", sample="Cu")).cache(tmp_path)
    item = BlueskyRun(count_run(1, uid="6f2a", sample="Ag")).cache(tmp_path)
    assert item.outcome == "ok"
    assert BlueskyMsgpackCatalog(tmp_path)["6f2a"].metadata["start"]["sample"] == "Ag"


def test_a_run_in_progress_is_copied_anew_where_nothing_tells_that_it_has_not_grown(
    tmp_path: Path,
) -> None:
    BlueskyRun(count_run(2, uid="6f2a", stop=False)).cache(tmp_path)
    item = BlueskyRun(count_run(5, uid="6f2a", stop=False)).cache(tmp_path)
    assert (item.outcome, item.details["replaced"]) == ("partial", True)
    assert len(BlueskyMsgpackCatalog(tmp_path)["6f2a"].primary) == 5


@pytest.mark.parametrize("kept", [0, 10, 2000])
def test_a_partial_copy_is_replaced(
    catalog: BlueskyInMemoryCatalog, tmp_path: Path, kept: int
) -> None:
    path = Path(catalog[-1].cache(tmp_path / "copies").details["path"])
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    assert catalog[-1].cache(tmp_path / "copies").details["replaced"]
    assert path.stat().st_size == len(whole)


def test_a_good_copy_by_suitcase_is_kept(tmp_path: Path) -> None:
    run = BlueskyRun(count_run(4, uid="6f2a"))
    suitcase.msgpack.export(run.read_canonical(), tmp_path)
    assert run.cache(tmp_path).outcome == "skipped"


EXPORTED: dict[str, tuple[Any, Any]] = {
    "dates": (np.array(["2026-01-02", "NaT"], "M8[s]"), ["2026-01-02T00:00:00", "NaT"]),
    "durations": (np.array([5], "m8[s]"), [5.0]),
    "objects": (np.array([1, "a"], object), [1, "a"]),
    "a date": (datetime.date(2026, 1, 2), "2026-01-02"),
    "a set": ({2, 1}, [1, 2]),
    "a path": (Path("a/b"), "a/b"),
}


@pytest.mark.parametrize("what", EXPORTED)
def test_suitcase_exports_what_is_no_plain_data(tmp_path: Path, what: str) -> None:
    value, expected = EXPORTED[what]
    documents = list(count_run(1, uid="6f2a").recorded)
    documents[2] = ("event_page", {**documents[2][1], "data": {"x": [value]}})
    suitcase.msgpack.export(BlueskyRun(DocumentsSource(documents)).read_canonical(), tmp_path)
    back = BlueskyMsgpackCatalog(tmp_path)["6f2a"]
    assert [doc["data"]["x"] for name, doc in back.read_canonical() if name == "event"] == [
        expected
    ]


def test_a_uid_that_is_a_path_is_warned_of_before_others_make_a_file_name_of_it() -> None:
    with pytest.warns(UserWarning, match=r"run\.cache"):
        BlueskyRun(count_run(1, uid="../../x")).read_canonical()


@pytest.mark.parametrize("uid", ["b3BlbiBzZXNhbWU=", "a run of 2024"])
def test_a_copy_by_suitcase_is_found_under_the_name_it_gave(tmp_path: Path, uid: str) -> None:
    run = BlueskyRun(count_run(3, uid=uid))
    suitcase.msgpack.export(run.read_canonical(), tmp_path)
    assert run.cache(tmp_path).outcome == "skipped"
    (tmp_path / f"{uid}.msgpack").write_bytes(b"")
    assert run.cache(tmp_path).outcome == "ok"
    assert names_in(tmp_path) == [f"{uid}.msgpack"]


def test_no_folder_is_not_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableFolderError, match="no folder is named"):
        BlueskyRun(count_run(3)).cache("")
    with pytest.raises(UnusableFolderError, match="no folder is named"):
        BlueskyInMemoryCatalog().cache("")
    assert names_in(tmp_path) == []


def test_what_suitcase_wrote_without_the_images_is_no_copy(
    catalog: BlueskyInMemoryCatalog, tmp_path: Path
) -> None:
    run = catalog[-1]
    suitcase.msgpack.export(run.documents(), tmp_path)  # without stream_resource and stream_datum
    assert run.cache(tmp_path).details["replaced"]
    assert BlueskyMsgpackCatalog(tmp_path)[-1].primary.read().identical(run.primary.read())


@pytest.mark.parametrize("filled", [False, True])
def test_what_suitcase_wrote_with_datum_ids_for_images_is_no_copy(
    tmp_path: Path, filled: bool
) -> None:
    documents = list(datum_run())
    catalog = BlueskyInMemoryCatalog(handler_registry={"ONES": Ones})
    catalog.upsert(lambda: iter(documents))
    run = catalog["6f2a"]
    suitcase.msgpack.export(run.read_canonical() if filled else run.documents(), tmp_path)
    assert run.cache(tmp_path).outcome == ("skipped" if filled else "ok")
    assert BlueskyMsgpackCatalog(tmp_path)["6f2a"].primary.read()["image"].values.tolist() == [
        [[1, 1]],
        [[1, 1]],
    ]


class Ones:
    """A handler in databroker's manner."""

    def __init__(self, path: str) -> None:
        pass

    def __call__(self) -> np.ndarray:
        return np.ones((1, 2), "u1")


def datum_run():
    """Documents of a run whose events refer to images by datum id."""
    run = event_model.compose_run(uid="6f2a", time=1.0)
    yield "start", run.start_doc
    key = {"source": "t", "dtype": "array", "shape": [1, 2], "external": "FILESTORE:"}
    stream = run.compose_descriptor(name="primary", data_keys={"image": key})
    yield "descriptor", stream.descriptor_doc
    resource = run.compose_resource(spec="ONES", root="/", resource_path="ones", resource_kwargs={})
    yield "resource", resource.resource_doc
    for row in range(2):
        datum = resource.compose_datum(datum_kwargs={})
        yield "datum", datum
        event = stream.compose_event(
            data={"image": datum["datum_id"]},
            timestamps={"image": 1.0},
            filled={"image": False},
            time=float(row),
        )
        yield "event", event
    yield "stop", run.compose_stop(time=2.0)


def test_a_file_that_is_no_copy_of_the_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "6f2a.msgpack").write_bytes(b"\xc1 something else")
    with pytest.raises(PenstockError, match="would be replaced by a copy of run 6f2a"):
        BlueskyRun(count_run(1, uid="6f2a")).cache(tmp_path)
    BlueskyRun(count_run(1, uid="7777")).cache(tmp_path)
    (tmp_path / "7777.msgpack").rename(tmp_path / "6f2a.msgpack")
    with pytest.raises(PenstockError, match="holds run 7777"):
        BlueskyRun(count_run(1, uid="6f2a")).cache(tmp_path)


@pytest.mark.parametrize("uid", ["../x", "/etc/x", ".hidden", "a/b", "x" * 300, "ü", "a\0b", "-x"])
def test_a_uid_is_never_a_path(tmp_path: Path, uid: str) -> None:
    folder = tmp_path / "deep" / "copies"
    path = BlueskyRun(count_run(2, uid=uid)).cache(folder).details["path"]
    (name,) = names_in(folder)
    assert os.path.realpath(path) == str(folder / name)
    assert name.startswith("run-")
    assert names_in(tmp_path) == ["deep"]
    assert BlueskyMsgpackCatalog(folder)[uid].uid == uid


def test_a_failing_run_leaves_nothing(tmp_path: Path) -> None:
    documents = list(image_run(np.zeros((2, 300, 300))))

    class Failing(DocumentsSource):
        def documents(self):
            yield from documents[:3]
            raise OSError("detector on fire")

    run = BlueskyRun(Failing(documents))
    with pytest.raises(OSError, match="on fire"):
        run.cache(tmp_path)
    assert names_in(tmp_path) == []


def test_frames_beyond_msgpack_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    run = RunComposer(uid="6f2a", time=1.0, metadata={})
    key = array_key((2**16, 2**16), np.dtype("u2"), source="test", external=True)
    stream = run.stream("primary", data_keys={"image": key})
    documents = [run.start(), stream.descriptor(), run.stop(time=2.0)]
    with pytest.raises(TooLargeError, match=r"8\.0 GiB, and msgpack holds less than 4 GiB"):
        BlueskyRun(DocumentsSource(documents)).cache(tmp_path)
    assert names_in(tmp_path) == []


def test_a_disk_that_is_too_full_is_told_before_anything_is_written(tmp_path: Path) -> None:
    run = RunComposer(uid="6f2a", time=1.0, metadata={})
    key = array_key((2**14, 2**14), np.dtype("u2"), source="test", external=True)
    stream = run.stream("primary", data_keys={"image": key})
    rows = 2**20  # half a petabyte
    documents = [run.start(), stream.descriptor()]
    documents += stream.pages(time=[0.0] * rows, data={})
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(lambda: iter(documents))
    (item,) = catalog.cache(tmp_path)
    assert item.outcome == "refused"
    assert "563 TB" in item.why
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "<u2", "<f8", [["a", "u1"], ["b", "<f4"]]])
def test_room_is_asked_for_what_the_arrays_take_be_their_type_described_or_not(
    lazy: bool, dtype: str | list[list[str]]
) -> None:
    import dask.array as da

    kind = np.dtype([tuple(field) for field in dtype] if isinstance(dtype, list) else dtype)
    values = np.zeros((6, 40, 30), kind)
    documents = list(image_run(da.from_array(values, chunks=(1, 40, 30)) if lazy else values))
    data_key = documents[1][1]["data_keys"]["image"]
    del data_key["dtype_numpy"]
    if kind.names:
        data_key["dtype_numpy"] = dtype
    assert estimate_size(BlueskyRun(DocumentsSource(documents))) == values.nbytes


def test_room_is_asked_for_what_each_datum_takes() -> None:
    run = BlueskyRun(DocumentsSource(list(datum_run())), handler_registry={"ONES": Ones})
    assert estimate_size(run) == 2 * 2


def test_what_nothing_tells_the_size_of_is_not_refused() -> None:
    waves = [np.zeros(length, dtype="f8") for length in (1, 2)]
    assert estimate_size(BlueskyRun(DocumentsSource(list(image_run(waves))))) <= 24


def cut_copy(folder: Path, uid: str) -> BlueskyRun:
    path = Path(BlueskyRun(count_run(3, uid=uid)).cache(folder).details["path"])
    path.write_bytes(path.read_bytes()[:-5])
    return BlueskyMsgpackCatalog(folder)[uid]


def test_a_whole_copy_is_never_replaced_by_a_partial_one(tmp_path: Path) -> None:
    whole = Path(BlueskyRun(count_run(3, uid="6f2a")).cache(tmp_path / "good").details["path"])
    before = whole.read_bytes()
    cut = cut_copy(tmp_path / "part", "6f2a")
    for partial in (cut, BlueskyRun(count_run(3, uid="6f2a", stop=False))):
        item = partial.cache(tmp_path / "good")
        assert item.outcome == "refused"
        assert item.why.startswith("a whole copy would be replaced by a partial one")
        assert item.remedy
        assert whole.read_bytes() == before
    assert not BlueskyMsgpackCatalog(tmp_path / "part").cache(tmp_path / "good").ok


def test_a_copy_of_a_cut_run_keeps_saying_so(tmp_path: Path) -> None:
    cut = cut_copy(tmp_path / "part", "6f2a")
    item = cut.cache(tmp_path / "again")
    assert item.outcome == "partial"
    assert "ends at byte" in item.why
    copy = BlueskyMsgpackCatalog(tmp_path / "again")["6f2a"]
    assert "6f2a.msgpack, which ends at byte" in copy.provenance["truncated"]
    assert cut.cache(tmp_path / "again").outcome == "skipped"


def test_a_folder_that_cannot_be_used_is_told_once_and_before_any_run_is_read(
    tmp_path: Path,
) -> None:
    passes = []

    def ingest():
        passes.append(1)
        yield from count_run(1, uid="6f2a").documents()

    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest)
    passes.clear()  # of the start document
    (tmp_path / "file").touch()
    for target in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/sys")):
        with pytest.raises(UnusableFolderError, match=r"cannot be written into: .*\. .* folder"):
            catalog.cache(target)
        with pytest.raises(UnusableFolderError):
            catalog[-1].cache(target)
    assert passes == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else_is_told_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UnusableFolderError, match="Permission denied"):
        counting_catalog(2).cache(tmp_path)


# What interrupted writers leave -----------------------------------------------------------------


def test_what_dead_writers_left_is_cleared_and_what_live_ones_write_is_not(tmp_path: Path) -> None:
    dead = tmp_path / ".6f2a.msgpack.0123456789abcdef.partial"
    alive = tmp_path / ".7777.msgpack.fedcba9876543210.partial"
    dead.write_bytes(b"half")
    with alive.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for leftover in (dead, alive):
            os.utime(leftover, (0, 0))
        BlueskyRun(count_run(1, uid="8888")).cache(tmp_path)
        assert names_in(tmp_path) == [alive.name, "8888.msgpack"]


# A catalog's copies -------------------------------------------------------------------------------


def test_a_catalog_copies_the_runs_that_match(tmp_path: Path) -> None:
    catalog = counting_catalog(5)
    told: list[tuple[int, int, str]] = []
    report = catalog.cache(
        tmp_path, {"scan_id": {"$gte": 3}}, progress=lambda *args: told.append(args)
    )
    assert report.uids == ["run-3", "run-4"]
    assert told == [(0, 2, "run-3"), (1, 2, "run-4"), (2, 2, "")]
    assert list(BlueskyMsgpackCatalog(tmp_path)) == ["run-3", "run-4"]


def test_a_view_copies_what_it_shows(tmp_path: Path) -> None:
    report = counting_catalog(5).search({"scan_id": 2}).cache(tmp_path)
    assert report.uids == ["run-2"]


def test_a_run_that_cannot_be_copied_stops_no_other(tmp_path: Path) -> None:
    catalog = counting_catalog(2)

    def broken():
        yield "start", {"uid": "broken", "time": 0.0}
        raise OSError("disk on fire")

    catalog.upsert(broken)
    report = catalog.cache(tmp_path)
    assert report.counts == {"ok": 2, "failed": 1}
    assert report.items[-1].why == "OSError: disk on fire"
    assert catalog.cache(tmp_path).counts == {"skipped": 2, "failed": 1}


def test_a_bad_frame_is_masked_in_a_copy_that_says_so_where_that_is_asked(
    catalog: BlueskyInMemoryCatalog, tmp_path: Path
) -> None:
    run = catalog[-1]
    good = run.primary.read()
    (name,) = (name for name in good if good[name].ndim == 3)
    bad = sorted((tmp_path / "raw").iterdir())[2]
    bad.write_bytes(bad.read_bytes()[:-4000])
    with pytest.raises(PenstockError, match="frame_002"):
        run.cache(tmp_path / "copies")
    assert catalog.cache(tmp_path / "copies").counts == {"failed": 1}
    assert names_in(tmp_path / "copies") == []
    (item,) = catalog.cache(tmp_path / "copies", bad_frames="mask")
    assert item.outcome == "partial"
    assert item.why.endswith("could not be read and are NaN: rows 2")
    copy = BlueskyMsgpackCatalog(tmp_path / "copies")[-1]
    found = copy.primary.read()[name].values
    assert copy.primary.descriptors[0]["data_keys"][name]["dtype_numpy"] == found.dtype.str
    assert np.isnan(found[2]).all()
    assert np.array_equal(np.delete(found, 2, 0), np.delete(good[name].values, 2, 0))
    assert copy.provenance["masked"] == {name: [2]}


def test_a_run_without_bad_frames_is_copied_as_it_is(
    catalog: BlueskyInMemoryCatalog, tmp_path: Path
) -> None:
    assert catalog[-1].cache(tmp_path / "copies", bad_frames="mask").outcome == "ok"
    copy = BlueskyMsgpackCatalog(tmp_path / "copies")[-1]
    assert copy.primary.read().identical(catalog[-1].primary.read())
    with pytest.raises(ValueError, match="bad_frames is"):
        catalog[-1].cache(tmp_path, bad_frames="none")  # type: ignore[arg-type] # a wrong word


def test_a_catalog_is_exported_as_json_lines(
    catalog: BlueskyInMemoryCatalog, tmp_path: Path
) -> None:
    assert catalog.cache(tmp_path / "texts", format="jsonl").counts == {"ok": 1}
    assert catalog.cache(tmp_path / "texts", format="jsonl").counts == {"skipped": 1}
    copy = open_catalog(tmp_path / "texts")[-1]
    assert copy.primary.read().identical(catalog[-1].primary.read())


def counting_catalog(count: int) -> BlueskyInMemoryCatalog:
    catalog = BlueskyInMemoryCatalog()
    for number in range(count):
        source = count_run(2, uid=f"run-{number}", scan_id=number)
        catalog.upsert(lambda source=source: source.documents())
    return catalog
