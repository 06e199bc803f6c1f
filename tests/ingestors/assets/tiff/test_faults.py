"""TIFF files that are missing, damaged, hostile or growing; and how little is read of good ones."""

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

from penstock.core.assets.protocol import AssetContext
from penstock.core.errors import (
    AssetError,
    FrameMismatchError,
    MissingFileError,
    TruncatedFileError,
    UnsupportedFileError,
)
from penstock.ingestors.assets.tiff.directory import list_pages
from penstock.ingestors.assets.tiff.frames import open_tiff

STACK = np.random.default_rng(2).integers(0, 4000, (6, 48, 64), dtype="u2")


def series(folder, shape=(48, 64), dtype="<u2"):
    resource = {"uri": f"{folder}/", "parameters": {"template": "img_{:d}.tif"}}
    return open_tiff(resource, AssetContext(frame_shape=shape, dtype=dtype))


def single(path, shape=(48, 64), dtype="<u2"):
    resource = {"mimetype": "image/tiff", "uri": str(path)}
    return open_tiff(resource, AssetContext(frame_shape=shape, dtype=dtype))


def read(frames, start, stop):
    out = np.empty((stop - start, *frames.frame_shape), frames.dtype)
    frames.read(start, stop, None, out)
    return out


@pytest.fixture(params=[{}, {"compression": "zlib"}], ids=["plain", "compressed"])
def folder(tmp_path, request):
    for number, image in enumerate(STACK):
        tifffile.imwrite(tmp_path / f"img_{number}.tif", image, **request.param)
    return tmp_path


# One bad frame in a series is named, the others can be read --------------------------------------


def check_others(folder, frames):
    assert np.array_equal(read(frames, 0, 3), STACK[:3])
    assert np.array_equal(read(frames, 4, 6), STACK[4:])


def test_a_file_that_holds_a_second_frame(folder):
    path = folder / "img_3.tif"
    with tifffile.TiffFile(path) as tif:
        compression = tif.pages.first.compression
    tifffile.imwrite(path, STACK[:2], photometric="minisblack", compression=compression)
    frames = series(folder)
    with pytest.raises(FrameMismatchError, match=r"img_3\.tif: .*more than one image"):
        read(frames, 0, 6)
    check_others(folder, frames)


def test_a_missing_file(folder):
    (folder / "img_3.tif").unlink()
    frames = series(folder)
    with pytest.raises(MissingFileError, match=r"img_3\.tif: the file of frame 3 is missing"):
        read(frames, 0, 6)
    check_others(folder, frames)


@pytest.mark.parametrize("length", [0, 3, 9, 60, 700, -1])
def test_a_file_that_ends_early(folder, length):
    path = folder / "img_3.tif"
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    frames = series(folder)
    with pytest.raises(AssetError, match=r"img_3\.tif: .*frame 3") as caught:
        read(frames, 0, 6)
    if length in (0, -1):
        assert isinstance(caught.value, TruncatedFileError)
    check_others(folder, frames)
    check_others(folder, series(folder))


@pytest.mark.parametrize(
    "image",
    [STACK[3, :40], STACK[3].astype("i2"), STACK[3].astype("f4"), np.zeros((48, 64, 3), "u1")],
)
def test_a_file_of_another_shape_or_dtype(folder, image):
    tifffile.imwrite(folder / "img_3.tif", image)
    frames = series(folder)
    with pytest.raises(FrameMismatchError, match=r"img_3\.tif: frame 3 is .* where the stream has"):
        read(frames, 0, 6)
    check_others(folder, frames)


@pytest.mark.parametrize("content", [b"\x89HDF\r\n\x1a\n" + bytes(9000), b"hello\n", b"?"])
def test_something_else_in_the_place_of_a_file(folder, content):
    (folder / "img_3.tif").write_bytes(content)
    with pytest.raises(AssetError, match=r"img_3\.tif: the file of frame 3 is not a TIFF file$"):
        read(series(folder), 0, 6)


def test_a_file_that_ends_within_its_header_is_a_tiff_file_cut_short(folder):
    (folder / "img_3.tif").write_bytes(b"II*\0\x08")
    with pytest.raises(TruncatedFileError, match="the file ends before frame 3 does"):
        read(series(folder), 0, 6)


def test_a_fifo_in_the_place_of_a_file_does_not_hang_and_is_named(folder):
    (folder / "img_3.tif").unlink()
    os.mkfifo(folder / "img_3.tif")
    with pytest.raises(AssetError, match=r"img_3\.tif: .* is a FIFO.*, not a regular file"):
        read(series(folder), 0, 6)
    with pytest.raises(AssetError, match=r"img_3\.tif: .* no regular file"):
        read(single(folder / "img_3.tif"), 0, 1)


def test_a_file_that_is_a_folder(folder):
    (folder / "img_3.tif").unlink()
    (folder / "img_3.tif").mkdir()
    with pytest.raises(AssetError, match=r"img_3\.tif"):
        read(series(folder), 0, 6)


def test_one_pixel_layout_byte_makes_a_difference(tmp_path):
    """A header of the same length that says something else is not taken for the same."""
    for number, image in enumerate(STACK):
        tifffile.imwrite(tmp_path / f"img_{number}.tif", image)
    path = tmp_path / "img_3.tif"
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        tag = tif.pages[0].tags[339] if 339 in tif.pages[0].tags else tif.pages[0].tags[257]
    data[tag.valueoffset] = 2 if tag.code == 339 else 40
    path.write_bytes(data)
    with pytest.raises(FrameMismatchError, match="frame 3"):
        read(series(tmp_path), 0, 6)


def patch(path, code, values, size="H"):
    """Overwrite the values of a tag of the first page."""
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        tag = tif.pages[0].tags[code]
    struct.pack_into(f"<{len(values)}{size}", data, tag.valueoffset, *values)
    path.write_bytes(data)


def test_strips_in_another_order_are_another_layout(tmp_path):
    for number, image in enumerate(STACK):
        tifffile.imwrite(tmp_path / f"img_{number}.tif", image, rowsperstrip=12)
    path = tmp_path / "img_3.tif"
    with tifffile.TiffFile(path) as tif:
        offsets = tif.pages[0].dataoffsets
    patch(path, 273, offsets[::-1], "I")
    expected = tifffile.imread(path)
    assert not np.array_equal(expected, STACK[3])
    out = read(series(tmp_path), 0, 6)
    assert np.array_equal(out[3], expected)
    assert np.array_equal(out[4:], STACK[4:])


def test_values_outside_of_the_ifd_decide_too(tmp_path):
    colours = np.zeros((48, 64, 3), "u1")
    for number in range(6):
        tifffile.imwrite(tmp_path / f"img_{number}.tif", colours, photometric="rgb")
    patch(tmp_path / "img_3.tif", 258, (16, 16, 16))
    frames = series(tmp_path, (48, 64, 3), "|u1")
    with pytest.raises(FrameMismatchError, match="frame 3 is 48 × 64 × 3 uint16"):
        read(frames, 0, 6)


@pytest.mark.parametrize("codec", ["jpeg", "lzw", "packbits", "zstd"])
def test_no_codec_fills_what_is_missing(tmp_path, codec):
    """Some decode what there is, and say nothing of the rest."""
    path = tmp_path / "img_0.tif"
    tifffile.imwrite(path, (STACK[0] % 256).astype("u1"), compression=codec)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(TruncatedFileError, match="400 bytes before frame 0"):
        read(series(tmp_path, dtype="|u1"), 0, 1)


def test_a_rewritten_file_is_read_as_it_is_now(tmp_path):
    path = tmp_path / "s.tif"
    tifffile.imwrite(path, STACK, photometric=0)
    frames = single(path)
    assert np.array_equal(read(frames, 0, 6), STACK)
    tifffile.imwrite(path, STACK[::-1], photometric=0, description="a longer description than none")
    os.utime(path, ns=(1, 1))
    assert np.array_equal(read(frames, 0, 6), STACK[::-1])


# Files that grow ---------------------------------------------------------------------------------


def test_a_stack_that_grows_while_it_is_read(tmp_path):
    path = tmp_path / "s.tif"
    frames = None
    for number, image in enumerate(STACK):
        tifffile.imwrite(path, image, append=number > 0, metadata=None)
        frames = frames or single(path)
        assert np.array_equal(read(frames, 0, number + 1), STACK[: number + 1])
        with pytest.raises(AssetError, match=f"no frame {number + 1}: the file has {number + 1} p"):
            read(frames, number + 1, number + 2)


def test_a_frame_that_is_being_written(tmp_path):
    whole = tmp_path / "whole.tif"
    tifffile.imwrite(whole, STACK[0])
    tifffile.imwrite(tmp_path / "img_0.tif", STACK[0])
    data = whole.read_bytes()
    frames = series(tmp_path)
    with open(tmp_path / "img_1.tif", "wb", buffering=0) as file:
        for start in range(0, len(data), 1500):
            with pytest.raises(AssetError):
                read(frames, 0, 2)
            file.write(data[start : start + 1500])
    assert np.array_equal(read(frames, 0, 2)[1], STACK[0])


# Stacks that are damaged or hostile --------------------------------------------------------------


def write_stack(path):
    with tifffile.TiffWriter(path) as file:
        for image in STACK:
            file.write(image, contiguous=False, metadata=None)


def test_a_stack_that_ends_early_gives_the_frames_it_has(tmp_path):
    path = tmp_path / "s.tif"
    write_stack(path)
    path.write_bytes(path.read_bytes()[:-1000])
    frames = single(path)
    with pytest.raises(TruncatedFileError, match="1000 bytes before frame 5"):
        read(frames, 0, 6)
    assert np.array_equal(read(frames, 0, 5), STACK[:5])


def ifd_offsets(path):
    with tifffile.TiffFile(path) as tif:
        return [page.offset for page in tif.pages]


def test_a_chain_of_pages_that_bites_its_tail(tmp_path):
    path = tmp_path / "s.tif"
    write_stack(path)
    offsets = ifd_offsets(path)
    data = bytearray(path.read_bytes())
    (count,) = struct.unpack_from("<H", data, offsets[-1])
    struct.pack_into("<I", data, offsets[-1] + 2 + 12 * count, offsets[2])
    path.write_bytes(data)
    directory = list_pages(str(path))
    assert len(directory) == 6
    assert "back into itself" in directory.problem
    assert np.array_equal(read(single(path), 0, 6), STACK)


def test_pages_whose_pixels_lie_backwards(tmp_path):
    path = tmp_path / "s.tif"
    write_stack(path)
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        tags = [page.tags[273] for page in tif.pages]
        places = [page.dataoffsets[0] for page in tif.pages]
    for tag, place in zip(tags, reversed(places), strict=True):
        struct.pack_into("<I", data, tag.valueoffset, place)
    path.write_bytes(data)
    assert np.array_equal(read(single(path), 0, 6), STACK[::-1])


def test_a_chain_of_pages_that_breaks_off(tmp_path):
    path = tmp_path / "s.tif"
    write_stack(path)
    path.write_bytes(path.read_bytes()[: ifd_offsets(path)[4] + 20])
    directory = list_pages(str(path))
    assert len(directory) == 4
    assert "page 4 cannot be read" in directory.problem
    with pytest.raises(AssetError, match="the file has 4 pages: page 4 cannot be read"):
        read(single(path), 3, 5)


HOSTILE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))
from penstock.core.errors import PenstockError
from penstock.ingestors.assets.tiff.directory import list_pages
for path in sys.argv[1:]:
    try:
        print(len(list_pages(path)))
    except PenstockError as error:
        print(type(error).__name__, error.what)
"""


def patched(source, target, code, *, count=None, value=None):
    data = bytearray(source.read_bytes())
    with tifffile.TiffFile(source) as tif:
        tag = tif.pages[0].tags[code]
    if count is not None:
        struct.pack_into("<I", data, tag.offset + 4, count)
    if value is not None:
        struct.pack_into("<I", data, tag.offset + 8, value)
        struct.pack_into("<H", data, tag.offset + 2, 4)
    target.write_bytes(data)
    return str(target)


def test_absurd_counts_and_sizes_are_refused_quickly_in_little_memory(tmp_path):
    good, packed = tmp_path / "good.tif", tmp_path / "packed.tif"
    tifffile.imwrite(good, STACK[0], rowsperstrip=8)
    tifffile.imwrite(packed, STACK[0], compression="zlib", rowsperstrip=8)
    paths = []
    for number, source in enumerate((good, packed)):
        paths += [
            patched(source, tmp_path / f"{number}a.tif", 256, value=2**31 - 1),
            patched(source, tmp_path / f"{number}b.tif", 257, value=2**31 - 1),
            patched(source, tmp_path / f"{number}c.tif", 273, count=2**32 - 1),
            patched(source, tmp_path / f"{number}d.tif", 279, count=2**30),
            patched(source, tmp_path / f"{number}e.tif", 305, count=2**32 - 1),
        ]
    begin = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", HOSTILE, *paths], capture_output=True, text=True, check=True
    )
    assert time.monotonic() - begin < 20
    lines = result.stdout.splitlines()
    assert len(lines) == len(paths)
    for sizes in (lines[0:2], lines[5:7]):
        assert all(line.startswith("UnsupportedFileError a page declares") for line in sizes)
    assert lines[4] == lines[9] == "1"  # a description that is not there does no harm


@pytest.mark.parametrize("content", [b"", b"II", b"II*\0", b"II*\0\xff\xff\xff\xff", b"GIF89a" * 9])
def test_files_that_are_no_tiff_are_refused(tmp_path, content):
    path = tmp_path / "x.tif"
    path.write_bytes(content)
    with pytest.raises(UnsupportedFileError, match=r"x\.tif"):
        list_pages(str(path))
    with pytest.raises(AssetError, match=r"x\.tif"):
        read(single(path), 0, 1)


@pytest.mark.parametrize(
    ("tag", "count", "error"), [(256, 12, "TypeError"), (258, 0, "IndexError")]
)
def test_what_tifffile_stumbles_over_is_told_as_damage(tmp_path, tag, count, error):
    path = tmp_path / "img_0.tif"
    tifffile.imwrite(path, STACK[0], metadata=None)
    with tifffile.TiffFile(path) as tif:
        entry = tif.pages.first.tags[tag].offset
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, entry + 4, count)
    path.write_bytes(content)
    told = rf"is damaged \({error}: .*\)\. Copy it again"
    with pytest.raises(UnsupportedFileError, match=f"the file {told}"):
        list_pages(str(path))
    with pytest.raises(AssetError, match=f"the file of frame 0 {told}"):
        read(series(tmp_path), 0, 1)


# How much is read --------------------------------------------------------------------------------


def bytes_read():
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.skipif(not Path("/proc/self/io").is_file(), reason="counts are in /proc of Linux only")
class TestBytesRead:
    SHAPE = (512, 512)
    FRAME = 512 * 512 * 2

    def count(self, frames, start, stop, region=None):
        sizes = self.SHAPE if region is None else [s.stop - s.start for s in region]
        out = np.empty((stop - start, *sizes), "u2")
        begin = bytes_read()
        overhead = bytes_read() - begin
        begin = bytes_read()
        frames.read(start, stop, region, out)
        return bytes_read() - begin - overhead

    def write(self, folder):
        image = np.zeros(self.SHAPE, "u2")
        for number in range(20):
            tifffile.imwrite(folder / f"img_{number}.tif", image, description=f"frame {number:03}")
        return series(folder, self.SHAPE)

    def test_one_frame_of_a_series(self, tmp_path):
        frames = self.write(tmp_path)
        assert self.count(frames, 7, 8) < self.FRAME + 8192  # parsed
        assert self.FRAME <= self.count(frames, 12, 13) < self.FRAME + 1024  # like the last one

    def test_all_frames_of_a_series(self, tmp_path):
        frames = self.write(tmp_path)
        self.count(frames, 0, 1)
        assert self.count(frames, 0, 20) < 20 * (self.FRAME + 1024)

    def test_rows_of_a_frame(self, tmp_path):
        frames = self.write(tmp_path)
        region = (slice(100, 110), slice(0, 512))
        self.count(frames, 0, 1)
        assert self.count(frames, 3, 4, region) < 10 * 512 * 2 + 4096

    def test_one_frame_of_a_stack(self, tmp_path):
        image = np.zeros(self.SHAPE, "u2")
        with tifffile.TiffWriter(tmp_path / "s.tif") as file:
            for _ in range(20):
                file.write(image, contiguous=False, metadata=None)
        frames = single(tmp_path / "s.tif", self.SHAPE)
        assert self.count(frames, 7, 8) < self.FRAME + 20 * 2048 + 16384  # with the walk
        assert self.count(frames, 12, 13) == self.FRAME


# Many files --------------------------------------------------------------------------------------

MANY = """
import resource, sys
import numpy as np
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
from penstock.core.assets.array import AssetArray, Piece
from penstock.core.assets.protocol import AssetContext
from penstock.ingestors.assets.tiff.frames import open_tiff
resource_document = {"uri": sys.argv[1], "parameters": {"template": "img_{:d}.tif"}}
frames = open_tiff(resource_document, AssetContext(frame_shape=(8, 8), dtype="<u2"))
array, _ = AssetArray([Piece(frames, 0, 2000)]).read_all()
assert array[:, 0, 0].tolist() == [number % 100 for number in range(2000)]
"""


def test_more_files_than_may_be_open(tmp_path):
    for number in range(100):
        tifffile.imwrite(tmp_path / f"img_{number}.tif", np.full((8, 8), number, "u2"))
    for number in range(100, 2000):
        os.link(tmp_path / f"img_{number % 100}.tif", tmp_path / f"img_{number}.tif")
    subprocess.run([sys.executable, "-c", MANY, f"{tmp_path}/"], check=True)
