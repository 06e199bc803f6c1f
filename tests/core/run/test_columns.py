"""Values of consecutive events become one column, and none is changed."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.assets.array import AssetArray, Piece
from penstock.core.run.columns import concatenate, to_column


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "i"),
        ([1, 2.5], "f"),
        ([True, False], "b"),
        (["a", "bc"], "U"),
        ([1, "a"], "O"),
        ([True, 2], "O"),
        ([None, None], "O"),
        ([{"a": 1}, {"b": 2}], "O"),
        ([2**63, 1], "u"),
        ([2**63, -1], "O"),
        ([2**70, 1], "O"),
    ],
)
def test_the_kind_of_a_column(values, kind):
    column = to_column(values)
    assert column.dtype.kind == kind
    assert column.tolist() == values


def test_none_among_numbers_is_nan():
    np.testing.assert_array_equal(to_column([None, 1, 2.5]), [np.nan, 1, 2.5])


def test_rows_of_one_length_stack_and_others_stay_apart():
    assert to_column([[1, 2], [3, 4]]).shape == (2, 2)
    ragged = to_column([np.arange(2), np.arange(3)])
    assert ragged.dtype == object
    assert [len(row) for row in ragged] == [2, 3]


def test_lazy_rows_stay_lazy():
    column = to_column([da.zeros((2, 3)), da.ones((2, 3))])
    assert isinstance(column, da.Array)
    assert column.shape == (2, 2, 3)


def test_lazy_assets_stay_what_they_are_and_join_without_dask():
    class Frames:
        frame_shape, dtype, frames_per_chunk = (2,), np.dtype("u1"), 1

        def read(self, start, stop, region, out):
            out[...] = np.arange(start, stop)[:, None]

    columns = [AssetArray([Piece(Frames(), first, 3)]) for first in (0, 10)]
    assert to_column(columns[0]) is columns[0]
    joined = concatenate(columns)
    assert isinstance(joined, AssetArray)
    assert joined[...][:, 0].tolist() == [0, 1, 2, 10, 11, 12]


def test_columns_join():
    assert concatenate([np.array([1]), np.array([2.5])]).tolist() == [1.0, 2.5]
    assert concatenate([np.array([1]), np.array(["a"])]).tolist() == [1, "a"]
    with pytest.raises(ValueError, match="rows of shapes"):
        concatenate([da.zeros((1, 2)), np.zeros((1, 3))])


scalars = st.one_of(
    st.lists(st.integers()), st.lists(st.floats(allow_nan=False)), st.lists(st.text()),
    st.lists(st.booleans()), st.lists(st.integers() | st.text() | st.booleans()),
)  # fmt: skip


@given(scalars)
def test_no_value_is_changed(values):
    # numpy drops trailing NULs of text in arrays of text; objects keep them.
    values = [v.rstrip("\0") if isinstance(v, str) else v for v in values]
    assert to_column(values).tolist() == values
