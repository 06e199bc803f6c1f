"""Frames of TIFF files come out as tifffile reads them, whatever the files are like."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import imagecodecs
import numpy as np
import pytest
import tifffile

from penstock.core.assets.array import AssetArray, Piece
from penstock.core.assets.protocol import AssetContext, Frames
from penstock.core.errors import AssetError, FrameMismatchError
from penstock.ingestors.assets.tiff.frames import open_tiff

MIMETYPE = "multipart/related;type=image/tiff"
IMAGE = np.random.default_rng(1).integers(0, 4000, (48, 64), dtype="u2")


def series(folder, template="img_{:03d}.tif", shape=(48, 64), dtype="<u2", **parameters):
    parameters = {"template": template, "chunk_shape": [1, *shape], **parameters}
    resource = {"mimetype": MIMETYPE, "uri": f"{folder}/", "parameters": parameters}
    return open_tiff(resource, AssetContext(frame_shape=shape, dtype=dtype))


def listed(folder, files, per_file=1, shape=(48, 64), dtype="<u2", **parameters):
    parameters = {"penstock": 1, "files": files, "frames_per_file": per_file, **parameters}
    resource = {"mimetype": MIMETYPE, "uri": f"{folder}/", "parameters": parameters}
    return open_tiff(resource, AssetContext(frame_shape=shape, dtype=dtype))


def single(path, shape=(48, 64), dtype="<u2"):
    resource = {"mimetype": "image/tiff", "uri": str(path), "parameters": {}}
    return open_tiff(resource, AssetContext(frame_shape=shape, dtype=dtype))


def read(frames, start, stop, region=None):
    sizes = frames.frame_shape if region is None else [s.stop - s.start for s in region]
    out = np.empty((stop - start, *sizes), frames.dtype)
    frames.read(start, stop, region, out)
    return out


def write_series(folder, images, first=0, **options):
    for number, image in enumerate(images, first):
        tifffile.imwrite(folder / f"img_{number:03d}.tif", image, **options)


def images(count, shape=(48, 64), dtype="u2"):
    rng = np.random.default_rng(count)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=(count, *shape)).astype(dtype)
    if np.dtype(dtype).kind == "c":
        return rng.normal(size=(count, *shape)).astype(dtype)
    if np.dtype(dtype).kind == "b":
        return rng.integers(0, 2, (count, *shape)).astype(bool)
    return rng.integers(0, 120, (count, *shape)).astype(dtype)


# What is in the files ----------------------------------------------------------------------------

CODECS = ["none", "adobe_deflate", "lzw", "packbits", "zstd", "lzma", "png", "jpegxl", "lerc"]
LOSSY = ["jpeg", "webp", "jpeg2000"]


def encodes(name):
    codec = {"adobe_deflate": "zlib", "jpeg": "jpeg8", "jpeg2000": "jpeg2k"}.get(name, name)
    return name == "none" or getattr(getattr(imagecodecs, codec.upper(), None), "available", False)


@pytest.mark.parametrize("codec", [*CODECS, *LOSSY])
@pytest.mark.parametrize("tile", [None, (16, 16)], ids=["strips", "tiles"])
def test_every_compression_reads_as_tifffile_reads_it(tmp_path, codec, tile):
    if not encodes(codec):
        pytest.skip(f"this imagecodecs cannot encode {codec}")
    stack = images(3, (48, 64, 3), "u1")
    options = {"compression": codec, "photometric": "rgb", "tile": tile}
    write_series(tmp_path, stack, **options)
    expected = np.stack([tifffile.imread(tmp_path / f"img_{i:03d}.tif") for i in range(3)])
    frames = series(tmp_path, shape=(48, 64, 3), dtype="|u1")
    assert np.array_equal(read(frames, 0, 3), expected)
    region = (slice(5, 30), slice(7, 9), slice(0, 3))
    assert np.array_equal(read(frames, 1, 3, region), expected[1:, 5:30, 7:9])
    if codec in CODECS:
        assert np.array_equal(expected, stack)


@pytest.mark.parametrize(
    "dtype", ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8", "c16"]
)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True], ids=["classic", "BigTIFF"])
def test_every_dtype_and_byte_order_comes_native(tmp_path, dtype, order, big):
    stack = images(3, dtype=dtype)
    write_series(tmp_path, stack, byteorder=order, bigtiff=big)
    frames = series(tmp_path, dtype=np.dtype(dtype).newbyteorder(order).str)
    assert frames.dtype.isnative
    assert np.array_equal(read(frames, 0, 3), stack)
    tifffile.imwrite(tmp_path / "s.tif", stack, byteorder=order, bigtiff=big, photometric=0)
    assert np.array_equal(read(single(tmp_path / "s.tif", dtype=dtype), 0, 3), stack)


@pytest.mark.parametrize(
    "options",
    [
        {"rowsperstrip": 7},
        {"tile": (16, 32)},
        {"compression": "zlib", "predictor": True},
        {"compression": "zlib", "rowsperstrip": 5},
        {"description": "x" * 5000},
        {"extratags": [(65000, 12, 4, (1.0, 2.0, 3.0, 4.0), True)]},
    ],
    ids=str,
)
def test_layouts_of_strips_and_tiles(tmp_path, options):
    stack = images(4)
    write_series(tmp_path, stack, **options)
    frames = series(tmp_path)
    assert np.array_equal(read(frames, 0, 4), stack)
    assert np.array_equal(read(frames, 2, 3, (slice(1, 40), slice(3, 60)))[0], stack[2, 1:40, 3:60])
    with tifffile.TiffWriter(tmp_path / "s.tif") as file:
        for image in stack:
            file.write(image, contiguous=False, metadata=None, **options)
    assert np.array_equal(read(single(tmp_path / "s.tif"), 0, 4), stack)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colours_in_either_arrangement(tmp_path, planar):
    shape = (48, 64, 3) if planar == "contig" else (3, 48, 64)
    stack = images(3, shape)
    write_series(tmp_path, stack, photometric="rgb", planarconfig=planar)
    assert np.array_equal(read(series(tmp_path, shape=shape), 0, 3), stack)


def test_volumes_as_one_page(tmp_path):
    stack = images(3, (16, 48, 64))
    write_series(tmp_path, stack, volumetric=True)
    frames = series(tmp_path, shape=(16, 48, 64))
    assert np.array_equal(read(frames, 0, 3), stack)
    region = (slice(3, 5), slice(0, 48), slice(1, 2))
    assert np.array_equal(read(frames, 1, 2, region)[0], stack[1, 3:5, :, 1:2])


def test_an_ifd_behind_the_pixels(tmp_path):
    """As libtiff writes it: header, pixels, then what describes them."""
    stack = images(5)
    for number, image in enumerate(stack):
        write_ifd_last(tmp_path / f"img_{number:03d}.tif", image, f"frame {number}".encode())
        assert np.array_equal(tifffile.imread(tmp_path / f"img_{number:03d}.tif"), image)
    assert np.array_equal(read(series(tmp_path), 0, 5), stack)


def write_ifd_last(path, image, text=b"text", order="<"):
    height, width = image.shape
    pixels = image.astype(f"{order}u2").tobytes()
    after = 8 + len(pixels)
    entries = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1),
        (270, 2, len(text), after), (273, 4, 1, 8), (277, 3, 1, 1), (278, 3, 1, height),
        (279, 4, 1, len(pixels)),
    ]  # fmt: skip
    ifd = np.array(len(entries), f"{order}u2").tobytes()
    for code, kind, count, value in entries:
        ifd += np.array([code, kind], f"{order}u2").tobytes()
        ifd += np.array([count], f"{order}u4").tobytes()
        small = kind == 3
        ifd += np.array(
            [value, 0] if small else [value], f"{order}{'u2' if small else 'u4'}"
        ).tobytes()
    place = after + len(text)
    head = (b"II*\0" if order == "<" else b"MM\0*") + np.array([place], f"{order}u4").tobytes()
    path.write_bytes(head + pixels + text + ifd + bytes(4))


def test_descriptions_of_any_length_move_the_pixels_without_harm(tmp_path):
    stack = images(8)
    for number, image in enumerate(stack):
        text = "d" * (1 + 37 * number * number)
        tifffile.imwrite(tmp_path / f"img_{number:03d}.tif", image, description=text)
    assert np.array_equal(read(series(tmp_path), 0, 8), stack)


def test_files_of_one_series_may_be_written_differently(tmp_path):
    stack = images(9)
    ways = [
        {},
        {"compression": "zlib"},
        {"byteorder": ">"},
        {"rowsperstrip": 5},
        {"tile": (16, 16)},
    ]
    for number, image in enumerate(stack):
        way = ways[number % len(ways)]
        tifffile.imwrite(tmp_path / f"img_{number:03d}.tif", image, **way)
    frames = series(tmp_path)
    assert np.array_equal(read(frames, 0, 9), stack)
    assert np.array_equal(read(frames, 3, 9), stack[3:])


# Which files -------------------------------------------------------------------------------------


def test_indices_of_a_template_are_the_numbers_in_the_names(tmp_path):
    stack = images(3)
    write_series(tmp_path, stack, first=998)
    frames = series(tmp_path)
    assert np.array_equal(read(frames, 998, 1001), stack)
    assert np.array_equal(read(series(tmp_path, "img_%03d.tif"), 999, 1000)[0], stack[1])


def test_files_named_one_by_one_count_from_zero(tmp_path):
    stack = images(3)
    names = ["z#1.tif", "a%d{}.tif", "50%.tif"]
    for name, image in zip(names, stack, strict=True):
        tifffile.imwrite(tmp_path / name, image)
    assert np.array_equal(read(listed(tmp_path, names), 0, 3), stack)


def test_files_of_several_frames_each(tmp_path):
    stack = images(12)
    for number in range(3):
        tifffile.imwrite(
            tmp_path / f"s{number}.tif", stack[4 * number : 4 * number + 4], photometric=0
        )
    frames = listed(tmp_path, ["s0.tif", "s1.tif", "s2.tif"], per_file=4)
    assert np.array_equal(read(frames, 0, 12), stack)
    assert np.array_equal(read(frames, 3, 9), stack[3:9])


def test_an_event_can_be_all_pages_of_a_file(tmp_path):
    stack = images(15).reshape(3, 5, 48, 64)
    for number, pages in enumerate(stack):
        tifffile.imwrite(tmp_path / f"img_{number:03d}.tif", pages, photometric=0)
    for chunk in ([5, 48, 64], [1, 5, 48, 64]):
        frames = series(tmp_path, shape=(5, 48, 64), chunk_shape=chunk)
        assert np.array_equal(read(frames, 0, 3), stack)
        region = (slice(1, 4), slice(2, 9), slice(0, 64))
        assert np.array_equal(read(frames, 1, 3, region), stack[1:, 1:4, 2:9])
    names = [f"img_{number:03d}.tif" for number in range(3)]
    assert np.array_equal(read(listed(tmp_path, names, shape=(5, 48, 64)), 1, 3), stack[1:])


def test_an_event_can_be_several_files(tmp_path):
    stack = images(6)
    write_series(tmp_path, stack)
    frames = series(tmp_path, shape=(2, 48, 64), chunk_shape=[1, 48, 64])
    assert np.array_equal(read(frames, 1, 3), stack[2:].reshape(2, 2, 48, 64))
    one = series(tmp_path, shape=(1, 48, 64), chunk_shape=[1, 48, 64])
    assert np.array_equal(read(one, 4, 5)[0], stack[4:5])


def test_a_stream_can_have_some_of_the_pages(tmp_path):
    stack = images(9)
    tifffile.imwrite(tmp_path / "s.tif", stack, photometric=0)
    pages = [[1, 3], [4, 5], [7, 9]]
    frames = listed(tmp_path, ["s.tif"], per_file=5, pages=pages)
    assert np.array_equal(read(frames, 0, 5), stack[[1, 2, 4, 7, 8]])


def test_shape_and_dtype_come_from_the_file_where_documents_leave_them_open(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", IMAGE, byteorder=">")
    frames = open_tiff({"mimetype": "image/tiff", "uri": str(tmp_path / "a.tif")}, AssetContext())
    assert (frames.frame_shape, frames.dtype) == ((48, 64), np.dtype("u2"))
    assert isinstance(frames, Frames)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "neither a template nor a list"),
        ({"penstock": 2, "files": ["a.tif"], "frames_per_file": 1}, "version 2"),
        ({"penstock": 1, "files": ["../../etc/passwd"], "frames_per_file": 1}, "outside"),
        ({"penstock": 1, "files": ["a.tif"]}, "not understood"),
        ({"penstock": 1, "files": [], "frames_per_file": 1}, "not understood"),
        ({"template": "img_{0.__class__}.tif"}, "not plain numbers"),
        ({"template": "img_{:999999999d}.tif"}, "not plain numbers"),
        ({"template": "img.tif"}, "no field"),
    ],
)
def test_parameters_that_are_not_understood_fail_loudly(tmp_path, parameters, message):
    resource = {"mimetype": MIMETYPE, "uri": f"{tmp_path}/", "parameters": parameters}
    with pytest.raises(AssetError, match=message):
        open_tiff(resource, AssetContext(frame_shape=(4, 6), dtype="<u2"))


# Stacks ------------------------------------------------------------------------------------------


def write_pages(path, stack, **options):
    with tifffile.TiffWriter(path, **options) as file:
        for number, image in enumerate(stack):
            file.write(image, contiguous=False, description=f"page {number}", metadata=None)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True], ids=["classic", "BigTIFF"])
def test_stacks_written_page_by_page(tmp_path, order, big):
    stack = images(20)
    write_pages(tmp_path / "s.tif", stack, byteorder=order, bigtiff=big)
    frames = single(tmp_path / "s.tif")
    assert np.array_equal(read(frames, 0, 20), stack)
    assert np.array_equal(read(frames, 7, 9), stack[7:9])
    region = (slice(10, 20), slice(0, 64))
    assert np.array_equal(read(frames, 3, 6, region), stack[3:6, 10:20])


def test_stacks_with_one_description_for_all_images(tmp_path):
    stack = images(10)
    tifffile.imwrite(tmp_path / "t.tif", stack, photometric=0, truncate=True)
    with tifffile.TiffFile(tmp_path / "t.tif") as tif:
        assert len(tif.pages) == 1
    assert np.array_equal(read(single(tmp_path / "t.tif"), 0, 10), stack)
    # ImageJ writes so beyond 4 GB: one page, and how many images there are in its description.
    text = "ImageJ=1.54f\nimages=10\nslices=10\nloop=false\n"
    tifffile.imwrite(tmp_path / "one.tif", stack[0], byteorder=">", description=text, metadata=None)
    with open(tmp_path / "one.tif", "ab") as file:
        file.write(stack[1:].astype(">u2").tobytes())
    assert np.array_equal(read(single(tmp_path / "one.tif"), 0, 10), stack)


@pytest.mark.parametrize("frames", [5, 17])
def test_imagej_stacks(tmp_path, frames):
    stack = images(frames)
    tifffile.imwrite(tmp_path / "ij.tif", stack, imagej=True, metadata={"axes": "TYX"})
    assert np.array_equal(read(single(tmp_path / "ij.tif"), 0, frames), stack)


def test_pages_of_other_shapes_do_not_get_into_a_stream(tmp_path):
    stack, small = images(4), images(4, (6, 8))
    with tifffile.TiffWriter(tmp_path / "s.tif") as file:
        for image, thumbnail in zip(stack, small, strict=True):
            file.write(image, metadata=None)
            file.write(thumbnail, metadata=None)
    every_other = [[page, page + 1] for page in range(0, 8, 2)]
    frames = listed(tmp_path, ["s.tif"], per_file=4, pages=every_other)
    assert np.array_equal(read(frames, 0, 4), stack)
    with pytest.raises(FrameMismatchError, match=r"s\.tif: frame 1 is 6 × 8 uint16 where"):
        read(single(tmp_path / "s.tif"), 0, 4)


# Use ---------------------------------------------------------------------------------------------


def test_frames_are_pickled_without_what_they_have_read(tmp_path):
    stack = images(4)
    write_series(tmp_path, stack)
    frames = series(tmp_path)
    before = len(pickle.dumps(frames))
    read(frames, 0, 4)
    assert len(pickle.dumps(frames)) == before < 2000
    assert np.array_equal(read(pickle.loads(pickle.dumps(frames)), 1, 3), stack[1:3])


def test_threads_read_the_same_frames_at_once(tmp_path):
    stack = images(40)
    for number, image in enumerate(stack):  # three layouts, so that expectations keep failing
        way = [{}, {"rowsperstrip": 5}, {"description": "x" * number}][number % 3]
        tifffile.imwrite(tmp_path / f"img_{number:03d}.tif", image, **way)
    write_pages(tmp_path / "s.tif", stack)
    for frames in (series(tmp_path), single(tmp_path / "s.tif")):

        def read_some(number, frames=frames):
            start = 7 * number % 40
            return np.array_equal(read(frames, start, min(40, start + 5)), stack[start : start + 5])

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(read_some, range(80)))


def test_arrays_that_are_not_contiguous_are_filled_too(tmp_path):
    stack = images(4)
    write_series(tmp_path, stack)
    out = np.zeros((4, 48, 128), "u2")[:, :, ::2]
    series(tmp_path).read(0, 4, None, out)
    assert np.array_equal(out, stack)


def test_they_make_lazy_arrays(tmp_path):
    stack = images(6)
    write_series(tmp_path, stack, first=10)
    array = AssetArray([Piece(series(tmp_path), 10, 6)])
    assert np.array_equal(array.to_dask()[::2, 4:9, 3].compute(), stack[::2, 4:9, 3])
