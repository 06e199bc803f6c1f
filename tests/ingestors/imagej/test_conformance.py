"""The ingestors of ImageJ's files pass the tests that every ingestor is asked to pass."""

import tifffile

from penstock.sample_files.origins.light_microscopy import write_imagej_hyperstack
from penstock.testing import IngestorTests


class TestHyperstack(IngestorTests):
    ingestor = "imagej-stack"

    def write_files(self, folder):
        return str(write_imagej_hyperstack(folder)[0])


class TestSeries(IngestorTests):
    ingestor = "imagej-series"

    def write_files(self, folder):
        (path,) = write_imagej_hyperstack(folder)
        planes = tifffile.imread(path).reshape(12, 12, 16)
        path.unlink()
        for number, plane in enumerate(planes):
            tifffile.imwrite(folder / f"cell_{number}.tif", plane, imagej=True)
        return f"{folder}/cell_*.tif"
