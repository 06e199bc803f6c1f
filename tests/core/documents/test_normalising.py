"""Metadata become plain data at the door."""

import datetime
import enum
import json
import math
import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.documents import normalise, safe_key, safe_metadata
from penstock.core.errors import DocumentError


class Mode(enum.Enum):
    FAST = "fast"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(1.5), 1.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.datetime64("2026-01-02"), "2026-01-02"),
        (np.timedelta64(1500, "ms"), 1.5),
        (np.array(["2026-01-02T03"], "M8[ns]"), ["2026-01-02T03:00:00.000000000"]),
        (np.array("2026-01-02T03", "M8[ns]"), "2026-01-02T03:00:00.000000000"),
        (np.array([1500], "m8[ms]"), [1.5]),
        (np.longdouble(1.5), 1.5),
        (np.clongdouble(1 + 2j), [1.0, 2.0]),
        ((1, (2,)), [1, [2]]),
        ({3, 1}, [1, 3]),
        (b"caf\xc3\xa9", "café"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC), "2026-01-02T03:04:00+00:00"),
        (datetime.timedelta(seconds=90), 90.0),
        (Mode.FAST, "fast"),
        ({1: {b"k": None}}, {"1": {"k": None}}),
        (1 + 2j, [1.0, 2.0]),
        (2**70, 2**70),
    ],
)
def test_values_become_plain(value, expected):
    result = normalise(value)
    assert result == expected
    assert type(result) is type(expected)


def test_nan_stays():
    assert math.isnan(normalise({"x": np.float64("nan")})["x"])


def test_what_cannot_be_stored_is_refused_by_its_place():
    with pytest.raises(DocumentError, match=r"start\.detectors\[1\]"):
        normalise({"detectors": ["a", object()]}, where="start")


def test_bottomless_nesting_is_refused():
    nested: list = []
    nested.append(nested)
    with pytest.raises(DocumentError, match="nests more than"):
        normalise(nested)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_plain_data_are_unchanged(value):
    assert normalise(value) == value


@given(st.dictionaries(st.text(), json_values))
def test_safe_metadata_keeps_every_value_and_has_no_forbidden_key(value):
    safe = safe_metadata(value)
    assert len(safe) == len(value)
    assert not any("." in key or "/" in key or key.startswith("$") for key in safe)
    json.dumps(safe)


@given(st.text())
def test_safe_keys_are_safe(name):
    key = safe_key(name)
    assert key not in ("", "time", "seq_num", "uid")
    assert not set(key) & set("./ $")
