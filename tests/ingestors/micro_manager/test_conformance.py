"""The ingestor of Micro-Manager passes the tests that every ingestor is asked to pass."""

from penstock.sample_files.origins.light_microscopy import (
    write_micro_manager_folder,
    write_micro_manager_stacks,
    write_ndtiff,
)
from penstock.testing import IngestorTests


class TestNDTiff(IngestorTests):
    ingestor = "micro-manager"

    def write_files(self, folder):
        return [str(path) for path in write_ndtiff(folder)]


class TestStacks(IngestorTests):
    ingestor = "micro-manager"

    def write_files(self, folder):
        return [str(path) for path in write_micro_manager_stacks(folder)]


class TestFolderOfImages(IngestorTests):
    ingestor = "micro-manager"

    def write_files(self, folder):
        return [str(path) for path in write_micro_manager_folder(folder)]
