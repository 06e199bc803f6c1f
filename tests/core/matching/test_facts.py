"""A file is looked at as little as possible, and only if that is safe."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from penstock.core.matching import FileFacts


def test_a_regular_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0" + bytes(200_000))
    facts = FileFacts(str(path))
    assert facts.format == "tiff"
    assert facts.head is not None
    assert len(facts.head) == 65536
    path.unlink()
    assert facts.format == "tiff"


def test_a_fifo_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.tif")
    facts = FileFacts(str(tmp_path / "a.tif"))
    assert facts.head is None
    assert facts.trouble == "it is no regular file but a FIFO"


def test_a_socket_and_a_device_are_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a.tif")
        assert FileFacts(str(tmp_path / "a.tif")).trouble == "it is no regular file but a socket"
    assert FileFacts("/dev/zero").trouble == "it is no regular file but a character device"


def test_a_file_without_blocks_on_disk_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with path.open("wb") as file:
        file.truncate(1_000_000)
    if path.stat().st_blocks:
        pytest.skip("this file system gives a sparse file blocks")
    facts = FileFacts(str(path))
    assert facts.is_on_tape
    assert facts.head is None
    assert "not opened" in str(facts.trouble)


def test_an_empty_file_is_empty_and_not_on_tape(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.touch()
    facts = FileFacts(str(path))
    assert (facts.format, facts.is_on_tape, facts.trouble) == ("empty", False, None)


def test_a_link_is_told_and_followed(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0....")
    (tmp_path / "b.tif").symlink_to("a.tif")
    facts = FileFacts(str(tmp_path / "b.tif"))
    assert facts.is_link
    assert facts.format == "tiff"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    facts = FileFacts(str(tmp_path / "a.tif"))
    assert (facts.stat, facts.format) == (None, None)
    assert facts.trouble == "FileNotFoundError: No such file or directory"
