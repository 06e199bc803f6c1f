"""The ingestors of electron microscopes pass the tests that every ingestor is asked to pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from penstock.sample_files.origins import electron_microscopes as samples
from penstock.testing import IngestorTests


def enlarge(paths: list[Path]) -> list[Path]:
    """Write the same metadata about images of a megabyte and more."""
    rng = np.random.default_rng(3)
    for path in paths:
        with tifffile.TiffFile(path) as tif:
            extra = [
                (tag.code, int(tag.dtype), tag.count, _raw(tif, tag), True)
                for tag in tif.pages.first.tags
                if tag.code in (270, 305) or tag.code > 30000
            ]
        image = rng.integers(0, 4000, (700, 800), np.uint16)
        tifffile.imwrite(
            path, image, photometric="minisblack", metadata=None, software=False, extratags=extra
        )
    return paths


def _raw(tif: tifffile.TiffFile, tag: tifffile.TiffTag) -> Any:
    tif.filehandle.seek(tag.valueoffset)
    raw = tif.filehandle.read(tag.valuebytecount)
    return np.frombuffer(raw, "<f8")[0] if int(tag.dtype) == 12 else raw


@pytest.mark.slow
class TestThermo(IngestorTests):
    ingestor = "thermo-sem"

    def write_files(self, folder: Path) -> Any:
        return enlarge(samples.write_thermo_sem(folder, count=5))


@pytest.mark.slow
class TestZeiss(IngestorTests):
    ingestor = "zeiss-sem"

    def write_files(self, folder: Path) -> Any:
        return enlarge(samples.write_zeiss_sem(folder, count=2))


@pytest.mark.slow
class TestJEOL(IngestorTests):
    ingestor = "jeol-tem"

    def write_files(self, folder: Path) -> Any:
        return enlarge(samples.write_jeol_tem(folder))


@pytest.mark.slow
class TestHitachi(IngestorTests):
    ingestor = "hitachi-sem"

    def write_files(self, folder: Path) -> Any:
        return enlarge(samples.write_hitachi_sem(folder)[:1])


@pytest.mark.slow
class TestHamamatsu(IngestorTests):
    ingestor = "hamamatsu-streak"

    def write_files(self, folder: Path) -> Any:
        return enlarge(samples.write_hamamatsu_streak(folder))
