"""SPEC files: a run for each scan, as the file has it, and nothing that it does not say."""

import event_model
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.config import Config, use_config
from penstock.core.errors import (
    AmbiguousDataError,
    MissingFileError,
    NoDataError,
    TooLargeError,
)
from penstock.ingestors import ingest_spec
from penstock.ingestors.spec import index as indexing
from penstock.ingestors.spec.facts import scans
from penstock.ingestors.spec.index import index_file
from penstock.ingestors.spec.probe import probe

DAY = """\
#F day1
#E 1447531404
#D Sat Nov 14 15:03:24 2015
#C spec  User = specuser
#O0   Theta   s2 vgap     detx
#o0 th s2v detx

#S 1  ascan  th 0 2 2 1
#D Sat Nov 14 15:03:25 2015
#T 1  (Seconds)
#G0 0 1
#P0 0.5 1.25 -3
#N 4
#L Theta  Epoch  ion chamber  det
0 2 1.5 100
1 3 1.25 200
2 4 1e3 300

#S 2  mesh th 0 2 2 detx 0 1 1 1
#D Sat Nov 14 15:04:25 2015
#P0 0.5 1.25 -3
#N 3
#L Theta  detx  det
0 0 1
1 0 2
2 0 3
0 1 4
1 1 5
2 1 6
#S 2  ct 1
#D Sat Nov 14 15:05:25 2015
#L Seconds  det
1 7
"""


@pytest.fixture
def day(tmp_path):
    def write(text=DAY, name="day1"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def documents(path, **kwargs):
    found = list(ingest_spec(path, **kwargs))
    for name, doc in found:
        event_model.schema_validators[event_model.DocumentNames[name]].validate(doc)
    return found


def start_of(path, **kwargs):
    return next(iter(ingest_spec(path, **kwargs)))[1]


def stop_of(path, **kwargs):
    return documents(path, **kwargs)[-1][1]


def data_of(path, stream="primary", **kwargs):
    found = documents(path, **kwargs)
    (uid,) = [doc["uid"] for name, doc in found if name == "descriptor" and doc["name"] == stream]
    pages = [doc for name, doc in found if name == "event_page" and doc["descriptor"] == uid]
    return {key: [v for page in pages for v in page["data"][key]] for key in pages[0]["data"]}


def test_points_are_events_and_motors_stand_in_the_baseline(day):
    path = day()
    assert data_of(path, scan="1.1") == {
        "Theta": [0, 1, 2],
        "Epoch": [2, 3, 4],
        "ion_chamber": [1.5, 1.25, 1000.0],
        "det": [100, 200, 300],
    }
    assert data_of(path, "baseline", scan="1.1") == {
        "Theta": [0.5],
        "s2_vgap": [1.25],
        "detx": [-3.0],
    }


def test_the_start_says_what_the_file_says(day):
    start = start_of(day(), scan="1.1")
    assert start["scan_id"] == 1
    assert (start["command"], start["plan_name"]) == ("ascan  th 0 2 2 1", "ascan")
    assert start["motors"] == ["Theta"]  # by its name, though th was typed
    assert start["hints"] == {"dimensions": [[["Theta"], "primary"]]}
    assert start["detectors"] == ["ion_chamber", "det"]
    assert start["spec"]["comments"] == ["spec  User = specuser"]
    assert start["spec"]["scan"] == {"T": "1  (Seconds)", "G0": "0 1", "N": "4"}


def test_the_zone_is_the_one_in_which_the_file_was_begun(day):
    path = day()
    with use_config(Config(timezone="Asia/Tokyo")):  # of whoever reads it
        start = start_of(path, scan="1.1")
    assert start["time"] == 1447531405.0
    assert "#D has no zone: the one in which the file was begun" in start["notes"]


def test_without_that_the_configured_zone_counts(day):
    path = day("#F day1\n#S 1 ct 1\n#D Sat Nov 14 15:03:25 2015\n#L a  b\n1 2\n")
    with use_config(Config(timezone="UTC")):
        start = start_of(path)
    assert (start["time"], start["time_source"]) == (1447513405.0, "file")
    assert start["notes"] == ["#D has no zone: taken as UTC"]


def test_points_have_their_own_times_where_epoch_tells_them(day):
    (page,) = [
        doc
        for name, doc in documents(day(), scan="1.1")
        if name == "event_page" and "Epoch" in doc["data"]
    ]
    assert page["time"] == [1447531406.0, 1447531407.0, 1447531408.0]


def test_a_mesh_is_a_grid(day):
    catalog = BlueskyInMemoryCatalog()
    run = catalog[catalog.upsert(ingest_spec, (str(day()),), {"scan": "2.1"})]
    assert run.metadata["start"]["shape"] == [2, 3]
    grid = run.primary.read(grid=True)
    assert grid["det"].values.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert grid["Theta"].values.tolist() == [0, 1, 2]


def test_numbers_that_occur_twice_are_told_apart(day):
    path = day()
    assert list(index_file(str(path)).scans) == ["1.1", "2.1", "2.2"]
    assert data_of(path, scan="2.2") == {"Seconds": [1], "det": [7]}
    with pytest.raises(AmbiguousDataError, match="several scans with the number 2: 2.1, 2.2"):
        next(ingest_spec(path, scan=2))
    with pytest.raises(AmbiguousDataError, match="several scans: 1.1, 2.1, 2.2"):
        next(ingest_spec(path))
    with pytest.raises(NoDataError, match="no scan 7"):
        next(ingest_spec(path, scan=7))


def test_a_run_keeps_its_uid_while_the_file_grows(day):
    path = day()
    before = start_of(path, scan=1)
    day(DAY + "#S 1 ascan th 0 2 2 1\n#L Theta  det\n0 1\n")
    assert start_of(path, scan="1.1")["uid"] == before["uid"]
    assert start_of(path, scan="1.2")["uid"] != before["uid"]


def test_each_block_for_the_file_is_about_the_scans_behind_it(day):
    again = DAY + "#F day1\n#E 1000000000\n#O0 phi\n#S 3 ct 1\n#P0 7\n#L Epoch  det\n5 1\n"
    path = day(again)
    assert data_of(path, "baseline", scan=3) == {"phi": [7.0]}
    assert start_of(path, scan=3)["time"] == 1000000005.0
    assert data_of(path, "baseline", scan="1.1").keys() == {"Theta", "s2_vgap", "detx"}


def test_spectra_are_columns_of_arrays(day):
    path = day(
        "#F m\n#S 1 ascan x 0 1 1 1\n#@MCA %4C\n#L x  det\n"
        "@A 1 2\\\n 3 4\n0 10\n@A 5 6\\\n 7 8\n1 20\n"
    )
    assert data_of(path) == {"x": [0, 1], "det": [10, 20], "mca": [[1, 2, 3, 4], [5, 6, 7, 8]]}
    assert scans(str(path))["1.1"].points == 2


def test_spectra_that_are_not_one_for_each_point_are_a_stream(day):
    path = day("#F m\n#S 1 ct 1\n#L x  det\n@A 1 2\n@B 1 2 3\n@A 3 4\n0 10\n")
    assert data_of(path) == {"x": [0], "det": [10], "mca_B": [[1, 2, 3]]}
    assert data_of(path, "mca") == {"mca": [[1, 2], [3, 4]]}
    assert "mca has 2 spectra for 1 points: a stream of its own" in start_of(path)["notes"]


@pytest.mark.parametrize(
    ("command", "rows", "status", "reason"),
    [
        ("ascan x 0 1 1 1", "0 1\n1 2\n", "success", "all 2 points were taken"),
        ("ascan x 0 1 3 1", "0 1\n1 2\n", "abort", "2 of 4 points were taken"),
        ("timescan", "0 1\n", "success", "nothing is missing"),
        ("ct 1", "", "abort", "holds no points"),
        ("timescan", "0 1\n#C Sat  Scan aborted after 1 points.\n", "abort", "recorded: Sat  Scan"),
        ("timescan", "0 1\n1 2\n2", "abort", "the file ends in the last row"),
        ("timescan", "0 1\n1 2 3\n2 3\n", "abort", "1 rows have not the 2 values"),
    ],
)
def test_what_is_missing_is_told(day, command, rows, status, reason):
    stop = stop_of(day(f"#F a\n#S 1 {command}\n#L x  det\n{rows}"))
    assert (stop["exit_status"], reason in stop["reason"]) == (status, True), stop["reason"]


def test_labels_that_single_blanks_part_are_labels_too(day):
    path = day("#F a\n#S 1 ct 1\n#N 3\n#L x y det\n0 1 2\n")
    assert data_of(path) == {"x": [0], "y": [1], "det": [2]}


def test_labels_that_are_alike_or_too_few_are_completed(day):
    path = day("#F a\n#S 1 ct 1\n#L x  det  det\n0 1 2 3\n")
    assert data_of(path) == {"x": [0], "det": [1], "det_2": [2], "column_4": [3]}
    assert "3 labels stand over 4 columns" in start_of(path)["notes"]


def test_what_is_no_number_is_missing_and_told(day):
    path = day("#F a\n#S 1 ct 1\n#L x  det\n0 nan\n1 oops\n")
    assert np.isnan(data_of(path)["det"]).all()
    assert "det: 1 values are no numbers, such as 'oops'" in start_of(path)["notes"]


def test_other_line_ends_and_encodings_do_no_harm(day):
    path = day(b"#F a\r\n#S 1 ct 1\r\n#C \xb5m\r\n#L x  det\r\n0 1\r\n")
    assert data_of(path) == {"x": [0], "det": [1]}
    assert start_of(path)["spec"]["comments"] == ["µm"]


def test_a_uid_that_another_program_wrote_is_kept_beside_ours(day):
    path = day("#F a\n#S 1 count\n#MD uid = 6f2a\n#L x  det\n0 1\n")
    assert start_of(path)["original_uid"] == "6f2a"


def test_a_scan_that_would_take_too_much_memory_is_refused(day, monkeypatch):
    path = day()
    monkeypatch.setattr(indexing, "MOST_BYTES", 100)
    with pytest.raises(TooLargeError, match="a scan takes"):
        next(ingest_spec(path, scan="1.1"))


def test_a_file_without_scans_or_none_at_all_says_so(day, tmp_path):
    with pytest.raises(NoDataError, match="holds no scan"):
        next(ingest_spec(day("#F a\n#E 5\n")))
    with pytest.raises(MissingFileError):
        next(ingest_spec(tmp_path / "gone"))


@pytest.mark.parametrize("block", [7, 64])
def test_scans_are_found_wherever_blocks_are_cut(day, monkeypatch, block):
    path = day()
    whole = {name: place.begin for name, place in index_file(str(path)).scans.items()}
    monkeypatch.setattr(indexing, "_BLOCK", block)
    monkeypatch.setattr(indexing, "_MOST_SCANS", 100)
    path.write_text(DAY + " ")
    if block == 7:  # every line is longer than two blocks
        with pytest.raises(Exception, match="has a line of more than"):
            index_file(str(path))
    else:
        assert {n: p.begin for n, p in index_file(str(path)).scans.items()} == whole


@given(cut=st.integers(0, len(DAY)))
def test_any_beginning_of_a_file_is_read_or_refused(cut, tmp_path_factory):
    path = tmp_path_factory.mktemp("cut") / "day1"
    path.write_text(DAY[:cut])
    try:
        names = list(index_file(str(path)).scans)
    except NoDataError:
        return
    for name in names:
        assert stop_of(path, scan=name)["num_events"].get("primary", 0) <= 6


@given(junk=st.binary(max_size=300))
def test_junk_behind_a_scan_does_no_harm(junk, tmp_path_factory):
    path = tmp_path_factory.mktemp("junk") / "day1"
    path.write_bytes(b"#S 1 ascan th 0 1 1 1\n#L th  det\n0 1\n" + junk)
    for name in index_file(str(path)).scans:
        assert documents(path, scan=name)[0][1]["scan_id"] >= 0


# Matching, and many scans ------------------------------------------------------------------------


def test_matching_recognises_the_content_and_claims_every_scan(day):
    plan = match([str(day(name="no_suffix"))])
    (decision,) = plan.decisions
    assert decision.chosen.ingestor == "spec"
    assert [claim.kwargs["scan"] for claim in decision.chosen.claims] == ["1.1", "2.1", "2.2"]


def test_a_catalog_takes_every_scan(day):
    catalog = BlueskyInMemoryCatalog()
    report = catalog.ingest([day()])
    assert report.counts == {"ok": 3}
    assert catalog[1].primary.read()["det"].values.tolist() == [100, 200, 300]


def test_ten_thousand_scans_are_indexed_in_one_pass(day):
    path = day(
        "#F day1\n#O0 th\n"
        + "".join(
            f"#S {number} ascan th 0 1 1 1\n#P0 {number}\n#L th  det\n0 {number}\n1 2\n"
            for number in range(1, 10_001)
        )
    )
    assert len(probe([str(path)]).kwargs) == 10_000
    assert data_of(path, scan=9_999)["det"] == [9_999, 2]
    assert sum(found.points for found in scans(str(path)).values()) == 20_000


# Others' files, others' readers ------------------------------------------------------------------

CHESS = "CHESSComputing__ChessAnalysisPipeline/galaxy-tools/saxswaxs/test_scans"


def test_a_file_of_chess_keeps_its_last_point(corpus):
    path = corpus / CHESS  # without a line end behind it
    assert data_of(path, scan=3)["mtr_1"] == [-1, 0, 1]
    assert start_of(path, scan=3)["motors"] == ["mtr_1"]
    assert (
        "the last line has no end: its last value may have been cut"
        in start_of(path, scan=3)["notes"]
    )


def test_silx_reads_the_same_numbers(day):
    specfile = pytest.importorskip("silx.io.specfile", exc_type=ImportError)
    path = day()
    theirs = specfile.SpecFile(str(path))
    assert theirs.keys() == list(index_file(str(path)).scans)
    for name in index_file(str(path)).scans:
        columns = list(data_of(path, scan=name).values())
        np.testing.assert_allclose(theirs[name].data, columns)
        motors = (
            [column[0] for column in data_of(path, "baseline", scan=name).values()]
            if theirs[name].motor_positions
            else []
        )
        np.testing.assert_allclose(theirs[name].motor_positions, motors)
