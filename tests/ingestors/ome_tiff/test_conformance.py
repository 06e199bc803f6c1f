"""The ingestor of OME-TIFF passes the tests that every ingestor is asked to pass."""

from typing import ClassVar

from penstock.sample_files.origins.light_microscopy import write_ome_set, write_ome_tiff
from penstock.testing import IngestorTests


class TestOneFile(IngestorTests):
    ingestor = "ome-tiff"

    def write_files(self, folder):
        return str(write_ome_tiff(folder)[0])


class TestASet(IngestorTests):
    ingestor = "ome-tiff"
    kwargs: ClassVar = {"image": 1}

    def write_files(self, folder):
        return [str(path) for path in write_ome_set(folder)]
