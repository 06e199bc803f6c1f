"""Tables in text files: read where a table is really there, and left alone where it is not."""

import re

import event_model
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import match
from penstock.core.config import Config, use_config
from penstock.core.errors import MissingFileError, TooLargeError, UnsupportedFileError
from penstock.ingestors import ingest_text_log
from penstock.ingestors.text_log import columns as columns_module
from penstock.ingestors.text_log import counting, logs
from penstock.ingestors.text_log import facts as facts_module
from penstock.ingestors.text_log import probe as probe_module
from penstock.ingestors.text_log import table as table_module
from penstock.ingestors.text_log.counting import count_lines, count_lines_of_file
from penstock.ingestors.text_log.facts import LogFacts, log_facts
from penstock.ingestors.text_log.probe import probe

BIOCAT = """\
#Instrument:\tBioCAT (Sector 18, APS)
#Date:\t2022-03-23 11:43:34.246618
#Exposure time/frame [s]:\t0.5
#Sample:\t
#Filename\tstart_time\texposure_time\tI0\tBeam_current
vac_007_000001\t0.0\t0.50000024\t5416158.49623\t100.237051886
vac_007_000002\t1.0\t0.50000108\t5413885.48304\t100.236883488
"""


@pytest.fixture
def log(tmp_path):
    def write(text, name="scan.log"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def documents(path, **kwargs):
    found = list(ingest_text_log(path, **kwargs))
    for name, doc in found:
        event_model.schema_validators[event_model.DocumentNames[name]].validate(doc)
    return found


def only(found, name):
    (doc,) = [doc for kind, doc in found if kind == name]
    return doc


def columns(path):
    return only(documents(path), "event_page")["data"]


def test_a_log_has_what_is_said_above_and_a_column_of_frame_numbers(log):
    with use_config(Config(timezone="America/Chicago")):
        found = documents(log(BIOCAT))
    start = only(found, "start")
    assert start["text_log"]["Instrument"] == "BioCAT (Sector 18, APS)"
    assert start["text_log"]["Exposure time_frame [s]"] == "0.5"
    assert (start["time"], start["time_source"]) == (1648053814.246618, "file")
    assert start["notes"] == ["its times have no zone: taken as America/Chicago"]
    assert only(found, "event_page")["data"] == {
        "Filename": ["vac_007_000001", "vac_007_000002"],
        "start_time": [0.0, 1.0],
        "exposure_time": [0.50000024, 0.50000108],
        "I0": [5416158.49623, 5413885.48304],
        "Beam_current": [100.237051886, 100.236883488],
        "frame_number": [1, 2],
    }
    assert only(found, "stop")["exit_status"] == "success"


@pytest.mark.parametrize(
    "text",
    [
        "n,T [K]\n1,300.5\n2,301\n",
        "n;T [K]\n1;300.5\n2;301\n",
        "n\tT [K]\r\n1\t300.5\r\n2\t301\r\n",
        '\ufeff"n", "T [K]"\n"1", "300.5"\n"2", "301"',
        "# made by hand\n# n,T [K]\n1,300.5\n\n2,301\n",
        "% n  T(K)\n  1  300.5\n  2  301\n",
    ],
)
def test_separators_quotes_and_comments_are_understood(log, text):
    found = documents(log(text))
    assert only(found, "event_page")["data"] == {"n": [1, 2], "T": [300.5, 301.0]}
    assert only(found, "descriptor")["data_keys"]["T"]["units"] == "K"


def test_numbers_without_labels_are_a_table_too(log):
    assert columns(log("1 2\n3 4\n5 6\n")) == {"column_1": [1, 3, 5], "column_2": [2, 4, 6]}


@pytest.mark.parametrize(
    "text",
    [
        "It rained today.\nWe measured 3 samples.\n",
        "# Notes\n\n- one, 1\n- two, 2\n- three, 3\n",
        "energy 12.4\nwidth 3\nheight 2\n",  # settings, not rows
        "[Image]\nName=a.tif\nMagnification=50000\n",
        '{\n  "a": 1,\n  "b": 2\n}\n',
        "a,b\nx,y\nz,w\n",  # no numbers
        "n,m\n1,2\n",  # one row
        "3\n",
        "",
    ],
)
def test_what_is_no_table_is_not_claimed(log, text):
    path = log(text)
    assert probe([str(path)]) is None
    with pytest.raises(UnsupportedFileError, match="is no table"):
        next(ingest_text_log(path))


def test_values_are_not_changed_by_what_they_look_like(log):
    path = log("well,dose,ok,when\n01,,True,2026-01-02\n02,1.5,False,2026-01-03\n")
    assert columns(path)["well"] == ["01", "02"]
    assert columns(path)["ok"] == ["True", "False"]
    assert str(columns(path)["dose"]) == "[nan, 1.5]"


def test_rows_have_the_times_that_a_column_tells(log):
    path = log("timestamp,T\n1600000000.5,1\n1600000001.5,2\n")
    found = documents(path)
    assert only(found, "event_page")["time"] == [1600000000.5, 1600000001.5]
    assert only(found, "start")["event_time_source"] == "text:timestamp"
    found = documents(log("time,T\n2026-01-02T03:04:05Z,1\n2026-01-02T03:04:06Z,2\n"))
    assert only(found, "event_page")["time"] == [1767323045.0, 1767323046.0]
    assert "notes" not in only(found, "start")


def test_elapsed_time_is_a_column_and_nothing_else(log):
    found = documents(log("time,T\n0.5,1\n1.5,2\n"))
    assert only(found, "event_page")["data"]["time_value"] == [0.5, 1.5]
    assert only(found, "start")["time_source"] == "mtime"


@pytest.mark.parametrize(
    ("label", "values", "numbers"),
    [
        ("ImageNumber", ["7", "8"], [7, 8]),
        ("File name", ["a_2_001.tif", "b/a_2_003.tif"], [1, 3]),
        ("image", ["0001", "0002"], [1, 2]),
        ("image", ["a_1.tif", "a_1.tif"], None),  # twice the same
        ("sample", ["s1", "s2"], None),  # no label of frames
    ],
)
def test_frames_are_told_by_numbers_or_names(log, label, values, numbers):
    data = columns(log(f"{label},I0\n{values[0]},1\n{values[1]},2\n"))
    assert data.get("frame_number") == numbers


def test_a_last_row_that_is_on_its_way_is_left_out_and_told(log):
    found = documents(log("n,T\n1,300\n2,301\n3"))
    assert only(found, "event_page")["data"]["n"] == [1, 2]
    assert only(found, "stop")["reason"] == "inferred: the file ends in the last row"


def test_uneven_rows_far_down_are_left_out_and_told(log):
    found = documents(log("n,T\n" + "".join(f"{n},1\n" for n in range(300)) + "oops\n301,2\n"))
    assert len(only(found, "event_page")["seq_num"]) == 301
    assert only(found, "stop")["exit_status"] == "abort"
    assert only(found, "start")["notes"] == [
        "rows with more or fewer values than the others are left out: 301"
    ]


def test_files_that_are_too_large_or_no_text_are_refused(log, monkeypatch, tmp_path):
    with pytest.raises(UnsupportedFileError, match="zero bytes"):
        next(ingest_text_log(log(b"n,T\n1,\0\n")))
    with pytest.raises(MissingFileError):
        next(ingest_text_log(tmp_path / "gone"))
    monkeypatch.setattr(logs, "MOST_BYTES", 10)
    with pytest.raises(TooLargeError):
        next(ingest_text_log(log("n,T\n1,300\n2,301\n")))


@given(text=st.text(alphabet="01.,;\t -#\nab\"'", max_size=80))
def test_any_text_is_a_table_or_none(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "a.txt"
    path.write_text(text)
    try:
        found = documents(path)
    except UnsupportedFileError:
        return
    assert only(found, "stop")["num_events"]["primary"] >= 1


def test_facts_tell_which_images_a_table_belongs_to(log):
    facts = log_facts(str(log("file,time,I0\nb_9.tif,1.6e9,1\nb_10.tif,1600000001,2\n")))
    assert facts == LogFacts(2, (9, 10), ("b_9.tif", "b_10.tif"), (1.6e9, 1.6e9 + 1))
    assert log_facts(str(log("frame,I0\n2,1\n1,2\n"))) == LogFacts(2, (1, 2), None, None)


# Matching ----------------------------------------------------------------------------------------


def test_it_is_the_last_to_be_asked(log):
    plan = match([str(log("n,T\n1,300\n2,301\n", "a.csv")), str(log("Dear diary\n", "b.txt"))])
    (decision,) = plan.decisions
    assert (decision.chosen.ingestor, decision.chosen.tier) == ("text-log", "FALLBACK")
    (unclaimed,) = plan.unclaimed
    assert unclaimed.reason == "it is text, which no ingestor takes"


TABLES = {"1049_Metadata.csv", "angles.txt", "manifest.csv"}


def test_of_the_corpus_it_takes_tables_alone(corpus):
    texts = [
        path
        for path in corpus.rglob("*")
        if path.suffix in (".csv", ".txt", ".log", ".dat", ".tsv") and path.is_file()
    ]
    assert len(texts) > len(TABLES)
    taken = {path.name for path in texts if probe([str(path)]) is not None}
    assert taken <= TABLES
    assert {"1049_Metadata.csv", "angles.txt"} <= taken


def test_a_plate_of_the_corpus_keeps_its_codes(corpus):
    path = corpus / "CellProfiler__CellProfiler/tests/core/data/ExampleSBSImages/1049_Metadata.csv"
    data = columns(path)
    assert (data["Column"][0], data["frame_number"][:3]) == ("01", [1, 2, 3])


def test_a_long_table_is_counted_and_not_parsed(log, monkeypatch):
    def fail(path):
        raise AssertionError("it was parsed")

    monkeypatch.setattr(probe_module, "log_facts", fail)
    head = "# of the lab\nfile,I0\n"
    rows = "".join(f"a_{n:06}.tif,{n}\n" for n in range(20_000))
    for text in (head + rows, head + rows + "\n# the end\n\n", head + rows.rstrip("\n")):
        (recorded,) = probe([str(log(text, "a.csv"))]).acquisitions
        assert (recorded.events, recorded.start) == (20_000, None)
    labels = "# file\tI0\n"
    text = labels + rows.replace(",", "\t").replace("\n", "\r\n")
    assert probe([str(log(text))]).acquisitions[0].events == 20_000


def test_of_a_table_that_is_too_long_nothing_is_known(log, monkeypatch):
    monkeypatch.setattr(probe_module, "MOST_BYTES", 100_000)
    found = probe([str(log("a,b\n" + "1,2\n" * 40_000))])
    assert (found.detail, found.acquisitions) == ("a table with the columns a, b", ())


@given(st.text("1 #%!/a\t\r\n\f,", max_size=60), st.integers(1, 9))
def test_lines_are_counted_the_same_wherever_blocks_are_cut(tmp_path_factory, text, block):
    lines = text.replace("\r\n", "\n").split("\n")
    wanted = sum(
        1
        for line in lines
        if line.strip(" \t\r\f") and not line.lstrip(" \t\r\f").startswith(("#", "%", "!", "//"))
    )
    assert count_lines(text.encode()) == wanted
    path = tmp_path_factory.mktemp("count") / "a"
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_BLOCK", block)
        longest = max(map(len, text.split("\n")))
        found = count_lines_of_file(str(path), 1000)
        assert found == wanted or (found is None and longest > block)


@pytest.mark.parametrize("module", [table_module, columns_module, logs, facts_module])
def test_nothing_said_by_a_file_is_taken_apart_by_a_pattern_that_goes_back(module):
    # By construction: patterns of which one part can end where the next begins take squared time.
    patterns = {value.pattern for value in vars(module).values() if isinstance(value, re.Pattern)}
    assert patterns <= {r"[+-]?\d{1,18}", r"[+-]?0\d+", r"\.[A-Za-z][A-Za-z0-9]{0,7}$"}


@pytest.mark.parametrize("sign", [*" \t#%!/:=,;[]()_\"'.0-+eax", "[(", "_ ", "# ", "\\"])
def test_long_lines_of_any_sign_are_read_or_left_alone(log, sign):
    long = sign * 20_000
    for text in (f"#{long}\na b\n1 2\n3 4\n", f"# k{long}\n{long},b\n1,2\n3,4\n5,6\n", long):
        probe([str(log(text))])


def test_labels_that_are_all_alike_get_numbers_in_one_go(log):
    width = 1_000
    text = "\n".join([",".join(["a"] * width), *[",".join(["1"] * width)] * 3]) + "\n"
    found = columns(log(text, "a.csv"))
    assert len(found) == width
    assert list(found)[:3] == ["a", "a_2", "a_3"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("#Key: value", ("Key", "value")),
        ("# Key = a:b", ("Key", "a:b")),
        ("%Key\tvalue", ("Key", "value")),
        ("#Key \t: value", ("Key", "value")),
        ("#Key:", ("Key", "")),
        ("#: value", ("", "")),
        ("# nothing of the kind", ("", "")),
        ("#" + "k" * 81 + ": v", ("", "")),
        ("Key: value", ("", "")),
    ],
)
def test_what_is_said_above_is_parted(line, said):
    key, value = table_module._part_said(line)
    assert (key, value if key else "") == said
