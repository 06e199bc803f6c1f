"""What tifffile has to say of odd tags fills nobody's log, unless he asks tifffile himself."""

from __future__ import annotations

import logging
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A stack whose pages have a tag of a type that does not exist."""
    path = tmp_path / "odd.tif"
    with tifffile.TiffWriter(path) as writer:
        for number in range(3):
            extra = [(65001, "H", 1, number, False)]
            writer.write(np.full((4, 6), number, np.uint16), contiguous=False, extratags=extra)
    data = path.read_bytes()
    tag = struct.pack("<HH", 65001, 3)
    assert data.count(tag) == 3
    path.write_bytes(data.replace(tag, struct.pack("<HH", 65001, 99)))
    return path


def read_all_pages(path: Path) -> None:
    with tifffile.TiffFile(path) as tif:
        for page in tif.pages:
            assert page.tags is not None


def test_matching_ingesting_and_reading_log_nothing_of_it(
    odd: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "tifffile"):
        catalog = BlueskyInMemoryCatalog()
        report = catalog.ingest(odd)
        assert report.ok
        run = catalog[-1]
        (stream,) = run
        run[stream].read().compute()
    assert [record for record in caplog.records if record.name == "tifffile"] == []


def test_who_asks_tifffile_himself_is_told(odd: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "tifffile"):
        thread = threading.Thread(target=read_all_pages, args=(odd,))
        thread.start()
        thread.join()
        read_all_pages(odd)
    assert len([record for record in caplog.records if record.name == "tifffile"]) >= 2
