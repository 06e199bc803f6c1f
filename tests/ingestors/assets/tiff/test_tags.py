"""Tags are read where they lie, as tifffile reads them, whatever else a file holds."""

import contextlib
import struct

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from penstock.ingestors.assets.tiff.bytes import Source, open_file
from penstock.ingestors.assets.tiff.pages import read_header
from penstock.ingestors.assets.tiff.tags import LONGEST_VALUE, read_tags

TAGS = [
    (65000, 12, 1, 1.5, True),
    (65001, 4, 1, 7, True),
    (65002, 3, 3, (1, 2, 3), True),
    (65003, 2, 0, "µ text".encode(), True),
    (65004, 7, 5, b"a\0b\0c", True),
    (65005, 5, 1, (3, 4), True),
    (65006, 9, 2, (-1, -2), True),
    (65007, 1, 1, 200, True),
    (65008, 2, 0, "short", True),
]
CODES = frozenset(tag[0] for tag in TAGS)


def tags_of(path, codes=CODES):
    with open_file(str(path)) as descriptor:
        source = Source(descriptor)
        header = read_header(source)
        return read_tags(source, header, header.first, codes)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_values_are_those_that_tifffile_reads(tmp_path, order, big):
    path = tmp_path / "a.tif"
    image = np.zeros((4, 6), "u2")
    tifffile.imwrite(path, image, byteorder=order, bigtiff=big, metadata=None, extratags=TAGS)
    found = tags_of(path)
    with tifffile.TiffFile(path) as file:
        expected = {code: file.pages.first.tags.valueof(code) for code in CODES}
    assert found.pop(65003) == "µ text"
    expected.pop(65003)  # tifffile keeps bytes that are not ASCII
    assert found == expected


def ifd(*entries):
    """Make a TIFF file of one IFD, and nothing behind it."""
    packed = b"".join(struct.pack("<HHI4s", code, *rest) for code, *rest in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)


@pytest.mark.parametrize(
    "entry",
    [
        (65000, 2, 2**31, b"\0\1\0\0"),
        (65000, 2, LONGEST_VALUE + 1, b"\0\1\0\0"),
        (65000, 12, 1, b"\xff\xff\xff\xff"),
        (65000, 99, 1, b"abcd"),
        (65000, 2, 0, b"abcd"),
    ],
)
def test_values_that_are_odd_are_left_out(tmp_path, entry):
    (tmp_path / "a.tif").write_bytes(ifd(entry, (65001, 4, 1, b"\7\0\0\0")))
    assert tags_of(tmp_path / "a.tif") == {65001: 7}


def test_many_large_values_stay_within_bounds(tmp_path):
    entries = [(60000 + n, 2, LONGEST_VALUE, b"\x0a\0\0\0") for n in range(100)]
    (tmp_path / "a.tif").write_bytes(ifd(*entries).ljust(LONGEST_VALUE + 10, b"x"))
    found = tags_of(tmp_path / "a.tif", range(60000, 60100))
    assert sum(map(len, found.values())) <= 16 * 2**20


def test_what_is_no_page_is_an_error(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\0" + struct.pack("<IH", 8, 40))
    with pytest.raises(ValueError, match="ends within"):
        tags_of(tmp_path / "a.tif")
    (tmp_path / "a.tif").write_bytes(b"II*\0" + struct.pack("<IH", 8, 0))
    with pytest.raises(ValueError, match="no page"):
        tags_of(tmp_path / "a.tif")


@given(st.binary(max_size=300))
def test_no_bytes_stop_it_but_with_a_value_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "odd.tif"
    path.write_bytes(b"II*\0\x08\0\0\0" + data)
    with contextlib.suppress(ValueError):
        tags_of(path, range(65536))
