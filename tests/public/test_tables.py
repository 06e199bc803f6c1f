"""Tables where nobody looks: aligned, never cut, and no wider than their sentences need."""

from __future__ import annotations

import pytest

from penstock.commands.problems import print_failures
from penstock.commands.tables import print_table
from penstock.core.report import ReportItem

SENTENCE = "the file ends 16592 bytes before its first image does"
COLUMNS = ["outcome", "file", "why", "remedy"]

Output = pytest.CaptureFixture[str]


def test_sentences_stand_in_columns_while_there_is_room(capsys: Output) -> None:
    print_table("T", COLUMNS, [["failed", "a.tif", "it is empty", ""]], below=["why", "remedy"])
    assert capsys.readouterr().out.splitlines() == [
        "T",
        " outcome  file   why          remedy",
        " failed   a.tif  it is empty",
    ]


def test_where_they_make_a_table_wide_they_stand_below_what_they_are_about(capsys: Output) -> None:
    rows = [
        ["failed", "folder/a.tif", SENTENCE, "Copy it again from its source, and ingest it then."],
        ["refused", "b.txt", "it is text", ""],
    ]
    print_table("T", COLUMNS, rows, below=["why", "remedy"])
    assert capsys.readouterr().out.splitlines() == [
        "T",
        " outcome  file, why, remedy",
        " failed   folder/a.tif",
        f"            {SENTENCE}",
        "            Copy it again from its source, and ingest it then.",
        " refused  b.txt",
        "            it is text",
    ]


def test_a_line_that_is_long_by_itself_is_not_cut(capsys: Output) -> None:
    print_table("T", COLUMNS, [["failed", "a" * 300, "b " * 200, "c"]], below=["why", "remedy"])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[2:] == [f"failed   {'a' * 300}", ("b " * 200).strip(), "c"]


def test_much_that_is_refused_for_one_reason_is_told_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    items = [ReportItem(f"{number}.py", "refused", "it is text") for number in range(9)]
    failed = [ReportItem(f"{number}.tif", "failed", "it is cut") for number in range(9)]
    print_failures("Not ingested", [*failed, *items], "from")
    out = capsys.readouterr().out
    assert "0.py and 8 more (--json names them)" in out
    assert "5.py" not in out
    assert all(f"{number}.tif" in out for number in range(9))
