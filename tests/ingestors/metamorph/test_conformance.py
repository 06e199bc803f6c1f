"""The ingestors of MetaMorph's files pass the tests that every ingestor is asked to pass."""

from penstock.sample_files.origins.light_microscopy import (
    write_metamorph_series,
    write_metamorph_stack,
)
from penstock.testing import IngestorTests


class TestSeries(IngestorTests):
    ingestor = "metamorph-series"

    def write_files(self, folder):
        return [str(path) for path in write_metamorph_series(folder)]


class TestStack(IngestorTests):
    ingestor = "metamorph-stack"

    def write_files(self, folder):
        return str(write_metamorph_stack(folder)[0])
