"""The built-in ingestors pass the tests that every ingestor is asked to pass."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile

from penstock.testing import IngestorTests

FRAMES = np.random.default_rng(5).integers(0, 4000, (12, 300, 400), np.uint16)


class TestTIFFSeries(IngestorTests):
    ingestor = "tiff-series"

    def write_files(self, folder: Path) -> Any:
        for number, frame in enumerate(FRAMES):
            tifffile.imwrite(folder / f"scan_{number:03d}.tif", frame)
        return f"{folder}/scan_*.tif"


class TestSeriesOfAnExplicitList(TestTIFFSeries):
    def write_files(self, folder: Path) -> Any:
        super().write_files(folder)
        return sorted(folder.iterdir())


class TestTIFFStack(IngestorTests):
    ingestor = "tiff-stack"

    def write_files(self, folder: Path) -> Any:
        path = folder / "stack.tif"
        tifffile.imwrite(path, FRAMES, photometric="minisblack")
        return path


class TestHDF5(IngestorTests):
    ingestor = "hdf5"

    def write_files(self, folder: Path) -> Any:
        path = folder / "scan.h5"
        with h5py.File(path, "w") as file:
            entry = file.create_group("entry")
            entry.attrs["NX_class"] = "NXentry"
            entry["title"] = "salol"
            data = entry.create_group("data")
            data.attrs.update(
                {"NX_class": "NXdata", "signal": "images", "axes": ["angle", ".", "."]}
            )
            data.create_dataset("images", data=FRAMES, chunks=(1, 300, 400))
            data["angle"] = np.linspace(0, 180, len(FRAMES))
        return path


class TestDataFilesWithoutMaster(IngestorTests):
    ingestor = "hdf5-chunks"

    def write_files(self, folder: Path) -> Any:
        for number, first in enumerate((0, 5, 10), 1):
            with h5py.File(folder / f"x_data_{number:06d}.h5", "w") as file:
                data = file.create_dataset(
                    "entry/data/data", data=FRAMES[first : first + 5], chunks=(1, 300, 400)
                )
                data.attrs["image_nr_low"] = first + 1
        return f"{folder}/x_data_*.h5"


class TestMasterOfDataFiles(IngestorTests):
    ingestor = "hdf5"

    def write_files(self, folder: Path) -> Any:
        TestDataFilesWithoutMaster().write_files(folder)
        with h5py.File(folder / "x_master.h5", "w") as file:
            data = file.create_group("entry/data")
            data.parent.attrs["NX_class"] = "NXentry"
            data.attrs["NX_class"] = "NXdata"
            for number in (1, 2, 3):
                name = f"x_data_{number:06d}.h5"
                data[f"data_{number:06d}"] = h5py.ExternalLink(name, "/entry/data/data")
        return folder / "x_master.h5"


class OfTheCorpus(IngestorTests):
    """Real files; which ones, its subclasses say."""

    @pytest.fixture(autouse=True)
    def _find(self, corpus: Path) -> None:
        self.corpus = corpus

    def copy(self, folder: Path, *names: str) -> list[Path]:
        return [Path(shutil.copy(self.corpus / name, folder)) for name in names]


@pytest.mark.slow
class TestSeriesOfPETRA(OfTheCorpus):
    ingestor = "pilatus-tiff"

    def write_files(self, folder: Path) -> Any:
        names = [f"nexdatas__nxstools/test/files/test_file{number}.tif" for number in (0, 1, 2, 5)]
        return self.copy(folder, *names)


@pytest.mark.slow
class TestImageOfPilatus(OfTheCorpus):
    ingestor = "tiff-stack"

    def write_files(self, folder: Path) -> Any:
        name = "APS-USAXS__livedata/testdata/2014-06-12/saxs/GdC_infl_191.tif"
        return self.copy(folder, name)[0]

    def test_it_is_registered_as_it_should_be(self, tmp_path: Path) -> None:
        pytest.skip("a series of one image is what matching makes of it")


@pytest.mark.slow
class TestNeXusOfAreaDetector(OfTheCorpus):
    ingestor = "areadetector-nexus"

    def write_files(self, folder: Path) -> Any:
        name = "APS-USAXS__livedata/testdata/2014-06-12/saxs/GdC_infl_191.hdf5"
        return self.copy(folder, name)[0]
