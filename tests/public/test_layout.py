"""Tables fit the terminal: what is of least importance goes first, and words stay whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from penstock.commands.layout import GAP, choose_columns, fold, share_width

CELLS = st.text("ab/ 12×銅\n", max_size=30)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("it is text, which no", 8, ["it is", "text,", "which no"]),
        ("/data/2024/scan_{}.tif", 12, ["/data/2024/", "scan_{}.tif"]),
        ("2024-03-05 13:02:00.000 UTC", 27, ["2024-03-05 13:02:00.000 UTC"]),
        ("see /data/a.tif", 12, ["see", "/data/a.tif"]),
        ("at 2024-03-05 13:02 UTC", 20, ["at", "2024-03-05 13:02 UTC"]),
        ("a 3 × 2160 × ?", 12, ["a", "3 × 2160 × ?"]),
        ("tiff-series", 6, ["tiff-s", "eries"]),
        ("銅銅銅", 4, ["銅銅", "銅"]),
        ("a\nb c", 1, ["a", "b", "c"]),
        ("a.tif\n  it is text", 8, ["a.tif", "  it is", "  text"]),  # what is indented stays so
    ],
)
def test_cells_break_between_words_and_in_paths(text: str, width: int, lines: list[str]) -> None:
    assert fold(text, width).split("\n") == lines


@given(CELLS, st.integers(2, 40))
def test_folding_loses_nothing_but_spaces_and_fits(cell: str, width: int) -> None:
    folded = fold(cell, width)
    assert "".join(folded.split()) == "".join(cell.split())
    assert all(cell_len(line) <= width for line in folded.split("\n"))


@given(st.lists(st.lists(CELLS, min_size=1, max_size=3), min_size=1, max_size=4))
def test_columns_share_what_there_is(cells: list[list[str]]) -> None:
    widths = share_width(cells, 60)
    assert sum(widths) + GAP * len(widths) <= 60
    roomy = share_width(cells, 1000)
    assert roomy == [
        max(cell_len(line) for cell in column for line in cell.split("\n")) for column in cells
    ]


def test_the_widest_column_gives_way_and_words_stay_whole_while_they_can() -> None:
    cells = [["tiff-series"], ["a/long/path/to/a/folder/of/files"], ["short note"]]
    assert share_width(cells, 40) == [11, 13, 10]
    assert share_width(cells, 20)[0] < 11


def test_columns_are_left_out_in_their_order_while_there_is_no_room() -> None:
    cells = [["a" * 10], ["b" * 10], ["c" * 10], ["d" * 10]]
    assert choose_columns(cells, 48, [2, 0]) == [0, 1, 2, 3]
    assert choose_columns(cells, 47, [2, 0]) == [0, 1, 3]
    assert choose_columns(cells, 30, [2, 0]) == [1, 3]
    assert choose_columns(cells, 5, [2, 0]) == [1, 3]
