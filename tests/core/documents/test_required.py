"""What a document lacks is told in a sentence that names it, before anything is made of it."""

from __future__ import annotations

import numpy as np
import pytest

from penstock.core.documents import check_parts
from penstock.core.errors import DocumentError
from penstock.core.run.samples import count_run

PAGE = {
    "uid": ["a", "b"],
    "descriptor": "d",
    "seq_num": [1, 2],
    "time": [0.0, 1.0],
    "data": {"x": np.zeros(2)},
    "timestamps": {"x": [0.0, 1.0]},
}


def test_documents_that_are_whole_pass() -> None:
    for name, doc in [*count_run(3).documents(), ("event_page", PAGE), ("anything", {})]:
        check_parts(name, doc, where="here")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"uid": ["a"]}, r"here: an event_page document has 1 rows of 'uid' and 2 of 'seq_num'"),
        ({"data": {"x": [1]}}, r"1 rows of 'data\.x' and 2 of 'seq_num'"),
        ({"timestamps": {"x": 5.0}}, r"no column as 'timestamps\.x'"),
        ({"seq_num": ["1", "2"]}, "other things than numbers in 'seq_num'"),
        ({"seq_num": [[1], [2, 3]]}, "other things than numbers in 'seq_num'"),
        ({"time": None}, "a NoneType as 'time'"),
        ({"filled": "no"}, "a str as 'filled'"),
    ],
)
def test_pages_have_one_value_of_everything_for_each_row(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(DocumentError, match=message):
        check_parts("event_page", PAGE | changes, where="here")
