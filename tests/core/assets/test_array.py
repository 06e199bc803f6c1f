"""Arrays over assets behave as numpy's and read no more than is asked for."""

import pickle

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.assets.array import AssetArray, MissingFrames, Piece
from penstock.core.errors import MissingFileError, TruncatedFileError

SHAPE = (5, 7)


class Recorded:
    """Frames in memory that remember what was read of them."""

    frame_shape = SHAPE
    dtype = np.dtype("<u2")
    frames_per_chunk = 1

    def __init__(self, bad=()):
        self.values = np.arange(100 * 35, dtype="<u2").reshape(100, *SHAPE)
        self.bad = set(bad)
        self.read_frames = []

    def read(self, start, stop, region, out):
        self.read_frames += range(start, stop)
        if self.bad & set(range(start, stop)):
            raise TruncatedFileError("ends early", where="a.tif")
        out[...] = self.values[(slice(start, stop), *(region or ()))]


def two_pieces(bad=()):
    frames = Recorded(bad)
    array = AssetArray([Piece(frames, 10, 6), Piece(frames, 50, 4)], label="test")
    return array, frames, np.concatenate([frames.values[10:16], frames.values[50:54]])


slices = st.builds(
    slice,
    st.none() | st.integers(-12, 12),
    st.none() | st.integers(-12, 12),
    st.none() | st.integers(-4, 4).filter(bool),
)


def indices(size):
    return slices | st.integers(-size, size - 1)


@given(st.tuples(indices(10), indices(5), indices(7)), st.integers(0, 3))
def test_indexing_is_numpys(key, length):
    array, _, expected = two_pieces()
    np.testing.assert_array_equal(array[key[:length]], expected[key[:length]])


@given(st.lists(st.integers(-10, 9)), slices, indices(7))
def test_a_list_selects_rows(rows, y, x):
    array, _, expected = two_pieces()
    np.testing.assert_array_equal(array[rows, y, x], expected[rows][:, y][..., x])


def test_masks_and_ellipses_work():
    array, _, expected = two_pieces()
    mask = np.arange(10) % 3 == 0
    np.testing.assert_array_equal(array[mask], expected[mask])
    np.testing.assert_array_equal(array[..., 2], expected[..., 2])
    np.testing.assert_array_equal(np.asarray(array), expected)


@pytest.mark.parametrize("key", [10, -11, (0, 5), (0, 0, 7), (0, 0, 0, 0), [10]])
def test_out_of_bounds_is_an_index_error(key):
    with pytest.raises(IndexError):
        two_pieces()[0][key]


def test_one_row_reads_one_frame_through_dask_and_xarray():
    array, frames, expected = two_pieces()
    lazy = array.to_dask()
    assert lazy.chunks[0] == (10,)
    np.testing.assert_array_equal(lazy[7].compute(), expected[7])
    assert frames.read_frames == [51]
    frames.read_frames.clear()
    labelled = xr.DataArray(lazy, dims=("time", "y", "x"))
    np.testing.assert_array_equal(labelled.isel(time=3, y=slice(1, 2)).values, expected[3, 1:2])
    assert frames.read_frames == [13]


def test_reductions_agree_with_numpy():
    array, _, expected = two_pieces()
    assert da.mean(array.to_dask()).compute() == expected.mean()


def test_chunks_do_not_change_with_the_memory_at_hand(monkeypatch):
    array, _, _ = two_pieces()
    before = array.to_dask()
    monkeypatch.setattr("penstock.core.assets.array.block_rows", lambda row_bytes, multiple=1: 2)
    assert array.to_dask().chunks == before.chunks  # as they have the same name


def test_reading_all_stops_at_a_bad_frame():
    array, _, _ = two_pieces(bad=[12])
    with pytest.raises(TruncatedFileError, match=r"a\.tif"):
        array.read_all()


def test_masking_reads_the_rest_and_names_the_bad():
    array, _, expected = two_pieces(bad=[12, 53])
    values, bad = array.read_all(mask=True)
    assert bad == [2, 9]
    good = [row for row in range(10) if row not in bad]
    np.testing.assert_array_equal(values[good], expected[good])


def test_rows_without_frames_say_so():
    array = AssetArray([Piece(MissingFrames((2,), np.dtype("u1"), "'image'"), 0, 3)])
    assert array.shape == (3, 2)
    with pytest.raises(MissingFileError, match="no frame was recorded for row 1"):
        array[1]


def test_it_pickles():
    array = AssetArray([Piece(MissingFrames((2,), np.dtype("u1"), "x"), 0, 3)])
    assert pickle.loads(pickle.dumps(array)).shape == array.shape


def test_no_rows_is_an_array_too():
    array = AssetArray([Piece(Recorded(), 0, 0)])
    assert array.to_dask().compute().shape == (0, *SHAPE)
    assert array.read_all()[0].shape == (0, *SHAPE)
