"""JSON Lines hold documents, leave assets where they are, and are treated as copies are."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, BlueskyJSONLCatalog
from penstock.core.documents import unpack_page
from penstock.core.errors import (
    DocumentError,
    PenstockError,
    TooLargeError,
    UnsupportedFileError,
)
from penstock.core.run import BlueskyRun, DocumentsSource
from penstock.core.run.samples import count_run
from penstock.ingestors import ingest_tiff_series
from penstock.plugins.jsonl import export_run
from penstock.plugins.jsonl.reading import read_documents


@pytest.fixture
def run(tmp_path: Path) -> BlueskyRun:
    (tmp_path / "raw").mkdir()
    for number in range(4):
        frame = np.full((32, 24), number, dtype="u2")
        tifffile.imwrite(tmp_path / "raw" / f"f_{number}.tif", frame, metadata=None)
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest_tiff_series, (str(tmp_path / "raw" / "*.tif"),), {})
    return catalog[-1]


def with_event(value: object, style: str = "event_page") -> BlueskyRun:
    documents = list(count_run(1, uid="6f2a").recorded)
    page = {**documents[2][1], "data": {"x": [value]}}
    (event,) = unpack_page(page)
    documents[2] = (style, page if style == "event_page" else event)
    return BlueskyRun(DocumentsSource(documents))


def test_documents_come_back_and_assets_are_read_where_they_lie(
    run: BlueskyRun, tmp_path: Path
) -> None:
    path = Path(export_run(run, str(tmp_path / "copies")).details["path"])
    assert path.name == f"{run.uid}.jsonl"
    assert path.stat().st_size < 10_000
    copy = BlueskyJSONLCatalog(tmp_path / "copies")[run.uid]
    assert list(copy.documents()) == list(run.documents())
    assert copy.primary.read().identical(run.primary.read())


def test_moved_assets_are_found_through_root_map(run: BlueskyRun, tmp_path: Path) -> None:
    export_run(run, str(tmp_path / "copies"))
    before = run.primary.read()
    (tmp_path / "raw").rename(tmp_path / "moved")
    catalog = BlueskyJSONLCatalog(
        tmp_path / "copies", root_map={str(tmp_path / "raw"): str(tmp_path / "moved")}
    )
    assert catalog[-1].primary.read().identical(before)


def test_each_line_is_a_name_and_a_document(run: BlueskyRun, tmp_path: Path) -> None:
    path = export_run(run, str(tmp_path)).details["path"]
    lines = [json.loads(line) for line in Path(path).read_text().splitlines()]
    assert [len(line) for line in lines] == [2] * len(lines)
    assert (lines[0][0], lines[-1][0]) == ("start", "stop")


def test_an_up_to_date_file_is_kept_and_a_partial_one_replaced(tmp_path: Path) -> None:
    run = BlueskyRun(count_run(3, uid="6f2a"))
    path = Path(export_run(run, str(tmp_path)).details["path"])
    whole = path.read_bytes()
    assert export_run(run, str(tmp_path)).outcome == "skipped"
    path.write_bytes(whole[:-5])
    assert export_run(run, str(tmp_path)).details["replaced"]
    before, after = whole.splitlines(), path.read_bytes().splitlines()
    del before[-2], after[-2]  # which tells when the copy was made
    assert before == after


def test_small_arrays_become_lists_and_nan_stays(tmp_path: Path) -> None:
    export_run(with_event(np.array([1.0, np.nan])), str(tmp_path))
    back = BlueskyJSONLCatalog(tmp_path)["6f2a"].primary.read()["x"].values
    assert np.array_equal(back, [[1.0, np.nan]], equal_nan=True)


@pytest.mark.parametrize(
    "kind",
    ["f2", "f4", "f8", "g", "i1", "u2", "i4", "u8", "?", "U3"],
    ids=lambda kind: f"as-{kind}",
)
@pytest.mark.parametrize("style", ["event", "event_page"])
def test_numpy_scalars_in_events_come_back_equal(tmp_path: Path, kind: str, style: str) -> None:
    value = np.ones(1, dtype=kind)[0]
    export_run(with_event(value, style), str(tmp_path))
    back = BlueskyJSONLCatalog(tmp_path)["6f2a"].primary.read()["x"].values
    assert back.shape == (1,)
    assert back[0] == value


UNLIKE_JSON = {
    "complex": np.ones((2, 3), dtype="c16"),
    "record": np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
    "dates": np.array(["2026-01-02", "NaT"], dtype="M8[ns]"),
    "durations": np.array([5], dtype="m8[s]"),
    "bytes": np.array([b"ab"]),
    "one date": np.datetime64("2026-01-02"),
    "one complex": 1 + 2j,
    "plain bytes": b"ab",
    "in a list": [1, [np.complex64(1)]],
    "too long": np.longdouble(1) / 3,
}


@pytest.mark.parametrize("style", ["event", "event_page"])
@pytest.mark.parametrize("what", UNLIKE_JSON)
def test_values_that_json_would_change_are_refused_and_named(
    tmp_path: Path, what: str, style: str
) -> None:
    with pytest.raises(DocumentError, match=r"'x' holds values of type .*run\.cache"):
        export_run(with_event(UNLIKE_JSON[what], style), str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_images_in_events_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match=r"'x' holds arrays of 8\.0 MiB"):
        export_run(with_event(np.zeros((1024, 1024))), str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_cut_anywhere_a_file_is_a_partial_run_or_named(tmp_path: Path) -> None:
    content = Path(
        export_run(BlueskyRun(count_run(50, uid="6f2a")), str(tmp_path)).details["path"]
    ).read_bytes()
    for size in range(0, len(content), 97):
        (tmp_path / "6f2a.jsonl").write_bytes(content[:size])
        catalog = BlueskyJSONLCatalog(tmp_path)
        if len(catalog):
            assert catalog["6f2a"].metadata["stop"] is None
            assert f"ends at byte {size}" in catalog["6f2a"].provenance["truncated"]
        else:
            (problem,) = catalog.problems
            assert "ends at byte" in problem.why or "is empty" in problem.why


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no json",
        "[]",
        '{"name": "start"}',
        '["start", 5]',
        '["start", {}]',
        '[["start"], {}]',
        '["nothing", {}]',
        '["start", {"uid": "6f2a", "time": NaN, "deep": ' + "[" * 500 + "]" * 500 + "}]",
        '["start", {"uid": "6f2a", "deep": ' + "[" * 100_000 + "]" * 100_000 + "}]",
        '["start", {"uid": "6f2a", "time": ' + "1" * 5000 + "}]",
    ],
    ids=range(11),
)
def test_what_is_no_copy_is_named_and_the_others_are_listed(tmp_path: Path, line: str) -> None:
    (tmp_path / "bad.jsonl").write_text(line + "\n" if line else "")
    export_run(BlueskyRun(count_run(1, uid="good")), str(tmp_path))
    catalog = BlueskyJSONLCatalog(tmp_path)
    assert list(catalog) == ["good"]
    (problem,) = catalog.problems
    assert problem.subject == str(tmp_path / "bad.jsonl")


def test_a_damaged_line_further_on_is_an_error(tmp_path: Path) -> None:
    path = Path(export_run(BlueskyRun(count_run(1, uid="6f2a")), str(tmp_path)).details["path"])
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"garbage\n" + b"".join(rest))
    with pytest.raises(PenstockError, match="is not JSON"):
        BlueskyJSONLCatalog(tmp_path)["6f2a"].metadata["stop"]


def test_lists_and_maps_of_many_documents_add_up(tmp_path: Path) -> None:
    """None of the lines is beyond what one may hold; together they would take a gigabyte."""
    path = tmp_path / "6f2a.jsonl"
    maps = '["stop", {"x": [' + "{}," * (3 * 2**19) + "0]}]\n"
    path.write_text('["start", {"uid": "6f2a", "time": 1.0}]\n' + 2 * maps)
    with pytest.raises(UnsupportedFileError, match="too many lists and maps"):
        list(read_documents(str(path)))
    (problem,) = BlueskyJSONLCatalog(tmp_path).problems
    assert "too many lists and maps" in problem.why


def test_a_pipe_is_named_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    catalog = BlueskyJSONLCatalog(tmp_path)
    assert len(catalog) == 0
    assert [problem.why for problem in catalog.problems] == ["is no regular file"]
