"""A format is told by its first bytes, never by its suffix."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.formats import (
    FORMATS,
    HEAD_BYTES,
    format_by_suffix,
    identify,
    is_format,
)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"II*\0\x08\0\0\0", "tiff"),
        (b"MM\0*\0\0\0\x08", "tiff"),
        (b"II+\0\x08\0\0\0", "bigtiff"),
        (b"MM\0+\0\x08\0\0", "bigtiff"),
        (b"\x89HDF\r\n\x1a\n", "hdf5"),
        (b"\x0e\x03\x13\x01", "hdf4"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"%PDF-1.7", "pdf"),
        (b"#F spec.dat\n", "spec"),
        (b"\n#F spec.dat\n", "spec"),
        (b"#S 12 ascan th 0 1 10 1\n", "spec"),
        (b"#Samples: 12\n", "text"),
        (b"# x y\n1 2\n", "text"),
        ("µm, ×\n".encode(), "text"),
        (b"", "empty"),
        (b"\0\0\0\0", None),
        (b"II*", "text"),
        (b"\xff\xfe\0\0", None),
    ],
)
def test_first_bytes(head: bytes, expected: str | None) -> None:
    assert identify(head) == expected


def test_text_cut_in_the_middle_of_a_character_is_text() -> None:
    assert identify(b"a" + "µ".encode() * 1000) == "text"


@pytest.mark.parametrize("block", [0, 512, 1024, 32768])
def test_hdf5_is_found_behind_a_user_block(tmp_path: Path, block: int) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", userblock_size=block) as file:
        file["x"] = 1
    assert identify(path.read_bytes()[:HEAD_BYTES]) == "hdf5"


@given(st.binary(max_size=600))
def test_any_bytes_get_an_answer(head: bytes) -> None:
    assert identify(head) in {*FORMATS, None}


def test_bigtiff_is_a_kind_of_tiff() -> None:
    assert is_format("bigtiff", ("tiff",))
    assert not is_format("png", ("tiff", "hdf5"))


def test_a_suffix_promises_a_format() -> None:
    assert format_by_suffix("A.TIF") == "tiff"
    assert format_by_suffix("A.hdf") is None  # HDF4 and HDF5 both use it
