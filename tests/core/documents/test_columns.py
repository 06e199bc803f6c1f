"""Columns hold the values that they were given."""

import datetime
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.documents import column_key
from penstock.core.documents.columns import make_column, plain_rows
from penstock.core.errors import DocumentError

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)
)
rows = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=20)


def listed(values):
    column = make_column(values)
    return plain_rows(column, slice(len(column)))


def alike(before, after):
    """Tell whether values are equal and of one kind; NaN stands for None among numbers."""
    if isinstance(before, list):
        return (
            isinstance(after, list) and len(before) == len(after) and all(map(alike, before, after))
        )
    if before is None:
        return after is None or (isinstance(after, float) and math.isnan(after))
    if isinstance(before, int | float) and not isinstance(before, bool):
        return not isinstance(after, bool) and before == after
    return type(before) is type(after) and before == after


@given(st.lists(rows, max_size=8))
def test_no_value_is_changed(values):
    assert alike(values, listed(values))


@given(st.lists(rows, min_size=1, max_size=8))
def test_every_column_has_a_data_key_of_the_event_model(values):
    key = column_key(values, source="s")
    assert key["dtype"] in ("string", "number", "integer", "boolean", "array")
    assert (key["dtype"] == "array") == bool(key["shape"])
    if "dtype_numpy" in key:
        assert np.dtype(key["dtype_numpy"]).kind in "biufU"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, "a"], [1, "a"]),
        ([2**63, -1], [2**63, -1]),
        ([2**53 + 1, 0.5], [2**53 + 1, 0.5]),
        ([True, 2], [True, 2]),
        ([[1, 2], [3]], [[1, 2], [3]]),
        (["a\0", "b"], ["a\0", "b"]),
        ([b"caf\xc3\xa9"], ["café"]),
        ([datetime.date(2026, 1, 2)], ["2026-01-02"]),
        (np.array(["2026-01-02T03"], "M8[ns]"), ["2026-01-02T03:00:00.000000000"]),
        (np.ma.masked_array([1, 2], [False, True]), [1, pytest.approx(math.nan, nan_ok=True)]),
        ([1 + 2j], [[1.0, 2.0]]),
        ((number for number in (1, 2)), [1, 2]),
        (np.array([1.5], np.longdouble), [1.5]),
    ],
)
def test_what_numpy_would_change_stays(values, expected):
    assert listed(values) == expected


@pytest.mark.parametrize(
    ("values", "dtype", "shape", "dtype_numpy"),
    [
        ([1, 2], "integer", [], "<i8"),
        ([2**63], "integer", [], "<u8"),
        ([2**63, -1], "integer", [], None),
        ([1.5, None], "number", [], "<f8"),
        ([2**53 + 1, None], "number", [], None),
        ([True, False], "boolean", [], "|b1"),
        (["a", "abc"], "string", [], "<U3"),
        ([None], "string", [], None),
        ([1, "a"], "string", [], None),
        ([np.float32(1.5)], "number", [], "<f4"),
        ([np.zeros(3, "u2")], "array", [3], "<u2"),
        ([["a"], ["bc"]], "array", [1], "<U2"),
        ([[1, "a"]], "array", [2], None),
        ([[1, 2], [3]], "array", [None], None),
        ([[1, None], [2, 3]], "array", [2], "<f8"),
        (np.zeros((5, 2, 3), "u1"), "array", [2, 3], "|u1"),
        (np.array(["ab"], "S2"), "string", [], "<U2"),
    ],
)
def test_data_keys_say_what_the_column_holds(values, dtype, shape, dtype_numpy):
    key = column_key(values, source="s")
    assert (key["dtype"], key["shape"], key.get("dtype_numpy")) == (dtype, shape, dtype_numpy)


def test_arrays_of_numbers_are_taken_as_they_are():
    values = np.arange(10, dtype=">u2")
    assert make_column(values) is values


@pytest.mark.parametrize("values", [5, "text", b"text", {"a": 1}, {1, 2}, np.array(5), None])
def test_what_is_no_column_is_refused(values):
    with pytest.raises(DocumentError, match="is no column"):
        make_column(values)


@pytest.mark.parametrize("values", [[object()], [1, object()], [[1], [object()]], [{"a": len}]])
def test_what_no_document_can_hold_is_refused(values):
    with pytest.raises(DocumentError, match="which no catalog can store"):
        make_column(values)
