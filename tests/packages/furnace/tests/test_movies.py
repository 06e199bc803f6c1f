"""Movies pass the tests that every ingestor should pass, and one of our own."""

import json

import numpy as np

from penstock import BlueskyInMemoryCatalog
from penstock.testing import IngestorTests

FRAMES = np.random.default_rng(1).poisson(100, (60, 96, 128)).astype("<u2")


def write_movie(path):
    """Write what the camera writes."""
    header = {"sample": "salol", "began": 1709643720.0, "interval": 0.5, "shape": FRAMES.shape}
    path.write_bytes(json.dumps(header).encode() + b"\n" + FRAMES.tobytes())
    return path


class TestFurnaceMovie(IngestorTests):
    """The tests that every ingestor should pass."""

    ingestor = "furnace-movie"

    def write_files(self, folder):
        """Write a movie."""
        return write_movie(folder / "melting.movie")


def test_a_movie_is_read_as_it_was_written(tmp_path):
    """Its frames, its times and its sample."""
    write_movie(tmp_path / "melting.movie")
    catalog = BlueskyInMemoryCatalog()
    catalog.ingest([tmp_path])
    data = catalog[-1].primary.read()
    assert np.array_equal(data["image"], FRAMES)
    assert data["elapsed"].values[-1] == 29.5
    assert catalog[-1].metadata["start"]["sample"] == {"name": "salol"}
