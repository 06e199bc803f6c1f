"""Frames of HDF5 datasets: only what is asked for is read, and what changed since is named."""

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.assets.protocol import AssetContext, Frames
from penstock.core.errors import (
    AssetError,
    FrameMismatchError,
    MissingFileError,
    TruncatedFileError,
    UnsafeLinkError,
)
from penstock.ingestors.assets.hdf5.frames import open_hdf5, split_scan

CUBE = np.arange(7 * 4 * 6, dtype="u2").reshape(7, 4, 6)


def write(path, data=CUBE, name="d", **options):
    with h5py.File(path, "w") as file:
        file.create_dataset(name, data=data, **options)
    return str(path)


def open_frames(path, frame_shape=None, dtype=None, /, **parameters):
    resource = {"uri": str(path), "mimetype": "application/x-hdf5", "parameters": parameters}
    return open_hdf5(resource, AssetContext(frame_shape=frame_shape, dtype=dtype))


def read(frames, start, stop, region=None):
    shape = frames.frame_shape if region is None else [part.stop - part.start for part in region]
    out = np.empty((stop - start, *shape), frames.dtype)
    frames.read(start, stop, region, out)
    return out


def test_frames_follow_the_contract_and_need_no_file_when_all_is_described(tmp_path):
    frames = open_frames(
        tmp_path / "later.h5", (4, 6), "<u2", dataset="d", chunk_shape=[3, 4, 6], swmr=False
    )
    assert isinstance(frames, Frames)
    assert (frames.frame_shape, frames.dtype, frames.frames_per_chunk) == ((4, 6), "u2", 3)
    with pytest.raises(MissingFileError, match=r"later\.h5"):
        read(frames, 0, 1)


@pytest.mark.parametrize(
    "options", [{}, {"chunks": (3, 2, 6)}, {"chunks": (1, 4, 6), "compression": "gzip"}]
)
def test_frames_and_regions_are_those_of_the_dataset(tmp_path, options):
    frames = open_frames(write(tmp_path / "a.h5", **options), dataset="d")
    assert frames.frames_per_chunk == options.get("chunks", (1,))[0]
    assert (read(frames, 0, 7) == CUBE).all()
    region = (slice(1, 3), slice(2, 5))
    assert (read(frames, 2, 6, region) == CUBE[2:6, 1:3, 2:5]).all()
    assert read(frames, 2, 3, (slice(1, 1), slice(0, 6))).shape == (1, 0, 6)


def test_several_frames_go_into_a_part_of_a_larger_array(tmp_path):
    frames = open_frames(write(tmp_path / "a.h5"), dataset="d")
    whole = np.zeros((9, 4, 6), "u2")
    frames.read(1, 3, None, whole[4:6])
    assert (whole[4:6] == CUBE[1:3]).all()
    assert not whole[:4].any()
    assert not whole[6:].any()


def test_an_array_that_does_not_fit_is_refused_before_hdf5_writes_into_it(tmp_path):
    frames = open_frames(write(tmp_path / "a.h5"), dataset="d")
    for out in (np.empty((2, 4, 5), "u2"), np.empty((2, 4, 6), "u1"), np.empty((2, 4, 12), "u2")):
        with pytest.raises(ValueError, match="C-contiguous"):
            frames.read(0, 2, None, out[..., : out.shape[-1] // 2 if out.shape[-1] == 12 else None])


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (np.array([[[True, False]], [[False, True]]]), "bool"),
        (np.ones((2, 1, 2), ">f4"), ">f4"),
        (np.ones((2, 1, 2), "c16"), "c16"),
        (np.ones((2, 1, 2), "f2"), "f2"),
        (np.full((2, 1, 2), b"abc"), "S3"),
        (np.ones((2, 1, 2), [("a", "i4"), ("b", "f8")]), [("a", "<i4"), ("b", "<f8")]),
    ],
)
def test_dtypes_come_as_stored(tmp_path, data, dtype):
    frames = open_frames(write(tmp_path / "a.h5", data), dataset="d")
    assert frames.dtype == np.dtype(dtype) or frames.dtype.kind == "V"
    if frames.dtype.kind != "V":
        assert (read(frames, 0, 2) == data).all()


def test_an_enumeration_reads_as_its_integers(tmp_path):
    kind = h5py.enum_dtype({"OPEN": 1, "CLOSED": 2}, "u1")
    frames = open_frames(write(tmp_path / "a.h5", np.array([1, 2, 1]), dtype=kind), dataset="d")
    assert read(frames, 0, 3).tolist() == [1, 2, 1]


def test_another_byte_order_than_described_is_converted(tmp_path):
    path = write(tmp_path / "a.h5", CUBE.astype(">u2"))
    frames = open_frames(path, (4, 6), "<u2", dataset="d", chunk_shape=[1, 4, 6])
    assert (read(frames, 0, 7) == CUBE).all()


def test_strings_of_variable_length_are_refused(tmp_path):
    path = write(tmp_path / "a.h5", ["a", "bc"])
    frames = open_frames(path, (), "<u2", dataset="d", chunk_shape=[1])
    with pytest.raises(FrameMismatchError, match="holds object"):
        read(frames, 0, 1)


# Which axes count events -----------------------------------------------------------------------


def test_scalars_are_frames_without_axes(tmp_path):
    frames = open_frames(write(tmp_path / "a.h5", np.arange(5.0)), dataset="d")
    assert frames.frame_shape == ()
    assert read(frames, 1, 4).tolist() == [1, 2, 3]


def test_a_described_shape_as_deep_as_the_dataset_means_concatenated_events(tmp_path):
    path = write(tmp_path / "a.h5", CUBE[:6], chunks=(2, 4, 6))
    frames = open_frames(path, (2, 4, 6), "<u2", dataset="d")
    assert frames.frames_per_chunk == 1
    assert (read(frames, 1, 3) == CUBE[2:6].reshape(2, 2, 4, 6)).all()
    region = (slice(1, 2), slice(0, 4), slice(1, 3))
    assert (read(frames, 0, 3, region)[:, 0] == CUBE[1:6:2, :, 1:3]).all()
    single = open_frames(path, (1, 4, 6), "<u2", dataset="d", chunk_shape=[1, 4, 6])
    assert (read(single, 5, 6)[0, 0] == CUBE[5]).all()


def test_join_method_settles_what_shapes_leave_open(tmp_path):
    path = write(tmp_path / "a.h5", np.zeros((4, 4)))
    assert read(open_frames(path, (4,), "<f8", dataset="d", join_method="stack"), 0, 4).shape == (
        4,
        4,
    )


def test_scan_axes_are_flattened_row_major(tmp_path):
    grid = np.arange(3 * 4 * 2 * 5).reshape(3, 4, 2, 5)
    frames = open_frames(write(tmp_path / "a.h5", grid), penstock=1, path="d", scan_axes=2)
    flat = grid.reshape(12, 2, 5)
    for start in range(12):
        for stop in range(start + 1, 13):
            assert (read(frames, start, stop) == flat[start:stop]).all()
    region = (slice(1, 2), slice(2, 4))
    assert (read(frames, 2, 11, region) == flat[2:11, 1:2, 2:4]).all()


@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    ends=st.tuples(st.integers(0, 256), st.integers(0, 256)),
)
def test_blocks_of_a_scan_cover_a_stretch_once_and_in_order(sizes, ends):
    numbers = np.arange(np.prod(sizes)).reshape(sizes)
    start, stop = sorted(min(end, numbers.size) for end in ends)
    found = [
        numbers[tuple(slice(b, b + c) for b, c in zip(begin, count, strict=True))].ravel()
        for begin, count in split_scan(start, stop, tuple(sizes))
    ]
    assert np.concatenate([np.empty(0, int), *found]).tolist() == list(range(start, stop))


def test_a_dataset_without_event_axis_is_one_frame(tmp_path):
    frames = open_frames(write(tmp_path / "a.h5", CUBE[0]), penstock=1, path="d", scan_axes=0)
    assert (read(frames, 0, 1)[0] == CUBE[0]).all()
    with pytest.raises(TruncatedFileError, match="1 frames"):
        read(frames, 1, 2)
    scalar = open_frames(write(tmp_path / "b.h5", 5), penstock=1, path="d", scan_axes=0)
    assert read(scalar, 0, 1).tolist() == [5]


@pytest.mark.parametrize("axis", [1, 2])
def test_the_event_axis_can_be_any(tmp_path, axis):
    frames = open_frames(write(tmp_path / "a.h5"), penstock=1, path="d", frame_axis=axis)
    moved = np.moveaxis(CUBE, axis, 0)
    assert (read(frames, 1, 4) == moved[1:4]).all()
    region = (slice(2, 5), slice(1, 3))
    assert (read(frames, 1, 4, region) == moved[1:4, 2:5, 1:3]).all()


def test_parameters_of_a_later_version_fail_loudly(tmp_path):
    with pytest.raises(AssetError, match="version 2"):
        open_frames(tmp_path / "a.h5", penstock=2, path="d")
    with pytest.raises(AssetError, match="no dataset"):
        open_frames(tmp_path / "a.h5", chunk_shape=[1])


# What changes between describing and reading ---------------------------------------------------


def test_what_became_of_the_dataset_is_named(tmp_path):
    path = write(tmp_path / "a.h5")
    frames = open_frames(path, dataset="d")
    write(path, CUBE[:3])
    with pytest.raises(TruncatedFileError, match=r"a\.h5::d: has 3 frames; frame 3"):
        read(frames, 2, 5)
    write(path, CUBE[:, :3])
    with pytest.raises(FrameMismatchError, match=r"shape \(7, 3, 6\)"):
        read(frames, 0, 1)
    write(path, CUBE.astype(float))
    with pytest.raises(FrameMismatchError, match="float64, not uint16"):
        read(frames, 0, 1)
    write(path, name="other")
    with pytest.raises(MissingFileError, match="no '/d'"):
        read(frames, 0, 1)
    os.remove(path)
    with pytest.raises(MissingFileError, match="not there"):
        read(frames, 0, 1)


def test_a_damaged_chunk_is_named(tmp_path):
    path = write(tmp_path / "a.h5", chunks=(1, 4, 6), compression="gzip", shuffle=True)
    with h5py.File(path) as file:
        place = file["d"].id.get_chunk_info(3)
    with open(path, "r+b") as file:
        file.seek(place.byte_offset)
        file.write(b"\xff" * place.size)
    frames = open_frames(path, dataset="d")
    assert (read(frames, 0, 3) == CUBE[:3]).all()
    with pytest.raises(AssetError, match="frame 3 cannot be read"):
        read(frames, 3, 4)


def test_sources_that_vanish_after_describing_never_read_as_zeros(tmp_path):
    for number in range(2):
        write(tmp_path / f"{number}.h5", CUBE[:2])
    layout = h5py.VirtualLayout((4, 4, 6), "u2")
    for number in range(2):
        layout[2 * number : 2 * number + 2] = h5py.VirtualSource(f"{number}.h5", "d", (2, 4, 6))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("d", layout)
    frames = open_frames(tmp_path / "a.h5", dataset="d")
    assert (read(frames, 2, 4) == CUBE[:2]).all()
    os.remove(tmp_path / "1.h5")
    assert (read(frames, 0, 2) == CUBE[:2]).all()
    with pytest.raises(MissingFileError, match=r"would read as zeros: its source 1\.h5::d"):
        read(frames, 2, 4)


def test_sources_elsewhere_need_leave(tmp_path):
    (tmp_path / "in").mkdir()
    write(tmp_path / "data.h5")
    with h5py.File(tmp_path / "in" / "a.h5", "w") as file:
        layout = h5py.VirtualLayout(CUBE.shape, "u2")
        layout[:] = h5py.VirtualSource("../data.h5", "d", CUBE.shape)
        file.create_virtual_dataset("d", layout)
    with pytest.raises(UnsafeLinkError):
        open_frames(tmp_path / "in" / "a.h5", dataset="d")
    frames = open_frames(tmp_path / "in" / "a.h5", dataset="d", allow_external=True)
    assert (read(frames, 0, 7) == CUBE).all()


def test_a_writer_in_this_process_appends_while_frames_are_read(tmp_path):
    path = str(tmp_path / "a.h5")
    with h5py.File(path, "w") as file:
        data = file.create_dataset("d", data=CUBE[:1], maxshape=(None, 4, 6))
        file.flush()
        frames = open_frames(path, dataset="d")
        for count in range(2, 8):
            data.resize(count, axis=0)
            data[count - 1] = CUBE[count - 1]
            assert (read(frames, 0, count) == CUBE[:count]).all()


WRITER = """
import sys, h5py, numpy as np
with h5py.File(sys.argv[1], "w", libver=sys.argv[2]) as file:
    data = file.create_dataset("d", (0, 4, 6), "u2", maxshape=(None, 4, 6), chunks=(1, 4, 6))
    file.flush()
    if sys.argv[2] == "latest":
        file.swmr_mode = True
    for count in range(1, 6):
        data.resize(count, axis=0)
        data[count - 1] = count
        (data if sys.argv[2] == "latest" else file).flush()
        print(count, flush=True)
        sys.stdin.readline()
"""


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_writer_in_another_process_appends_while_frames_are_read(tmp_path, libver):
    path = str(tmp_path / "a.h5")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path, libver],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        for count in range(1, 6):
            assert writer.stdout.readline() == f"{count}\n"
            frames = open_frames(path, dataset="d", swmr=libver == "latest")
            assert read(frames, 0, count).max(axis=(1, 2)).tolist() == list(range(1, count + 1))
            writer.stdin.write("\n")
            writer.stdin.flush()
    assert writer.returncode == 0


# Carried about ---------------------------------------------------------------------------------


def test_frames_are_pickled_equal_and_hold_no_open_file(tmp_path):
    path = write(tmp_path / "a.h5")
    frames = open_frames(path, dataset="d")
    copy = pickle.loads(pickle.dumps(frames))
    assert copy == frames
    assert (read(copy, 0, 7) == CUBE).all()
    opened = [os.readlink(f"/proc/self/fd/{fd}") for fd in _descriptors()]
    assert path not in opened


def _descriptors():
    return [fd for fd in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{fd}")]


def test_threads_read_one_resource_at_once(tmp_path):
    frames = open_frames(write(tmp_path / "a.h5", chunks=(1, 4, 6)), dataset="d")

    def one(number):
        return (read(frames, number % 7, number % 7 + 1)[0] == CUBE[number % 7]).all()

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one, range(100)))


@pytest.mark.parametrize("name", ["Bitshuffle", "Blosc", "Blosc2", "LZ4", "Zstd"])
def test_datasets_compressed_by_plug_ins_read(tmp_path, name):
    plugin = pytest.importorskip("hdf5plugin")
    path = write(tmp_path / "a.h5", chunks=(1, 4, 6), **getattr(plugin, name)())
    assert (read(open_frames(path, dataset="d"), 0, 7) == CUBE).all()


def test_one_frame_reads_one_frames_bytes(tmp_path):
    path = write(tmp_path / "a.h5", np.ones((64, 256, 256), "u2"), chunks=(1, 256, 256))
    frames = open_frames(path, dataset="d")
    read(frames, 0, 1)
    before = _bytes_read()
    read(frames, 40, 41)
    assert _bytes_read() - before < 256 * 256 * 2 + 32_768


def _bytes_read():
    with open("/proc/self/io") as file:
        return int(file.readline().split()[1])
