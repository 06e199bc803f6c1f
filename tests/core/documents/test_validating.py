"""Documents are checked affordably, and completely where it matters."""

import pytest

from penstock.core.documents import page_from_events, unpack_page, validate
from penstock.core.errors import DocumentError


def page(rows: int) -> dict:
    return {
        "uid": [f"u{row}" for row in range(rows)],
        "descriptor": "d",
        "seq_num": list(range(1, rows + 1)),
        "time": [float(row) for row in range(rows)],
        "data": {"x": list(range(rows))},
        "timestamps": {"x": [0.0] * rows},
        "filled": {},
    }


def test_a_valid_page_passes():
    validate("event_page", page(10_000))


@pytest.mark.parametrize("column", ["uid", "time"])
def test_a_short_column_is_found(column):
    doc = page(5)
    doc[column].pop()
    with pytest.raises(DocumentError, match=f"{column} has 4 rows"):
        validate("event_page", doc)


def test_a_wrong_type_is_found_and_named():
    doc = page(5) | {"time": "noon"}
    with pytest.raises(DocumentError, match="time"):
        validate("event_page", doc)


def test_an_unknown_name_is_refused():
    with pytest.raises(DocumentError, match="not the name of a document"):
        validate("begin", {})


def test_pages_and_events_are_inverse():
    events = list(unpack_page(page(4)))
    assert page_from_events(events) == page(4)
    assert [event["data"] for event in events] == [{"x": 0}, {"x": 1}, {"x": 2}, {"x": 3}]
