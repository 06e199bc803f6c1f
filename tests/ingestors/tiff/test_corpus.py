"""Real TIFF files that nobody here wrote: as tifffile reads them, or refused by name."""

import csv
import logging

import numpy as np
import pytest
import tifffile

from penstock.core.assets.protocol import AssetContext
from penstock.core.errors import AssetError, UnsupportedFileError
from penstock.core.places import path_from_uri
from penstock.ingestors import ingest_tiff_stack
from penstock.ingestors.assets.tiff.frames import open_tiff

LARGEST = 40 * 2**20
NO_IMAGE = {"zero_gi.tif", "1x0.tiff", "colormap-shl-overflow.tiff"}
"""tifffile makes arrays without elements of these."""


@pytest.fixture(autouse=True)
def quiet():
    """tifffile logs what is odd about a file."""
    logger = logging.getLogger("tifffile")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(level)


def tiff_rows(corpus):
    with open(corpus / "manifest.csv", newline="") as file:
        return [row for row in csv.DictReader(file) if row["magic"] in ("tiff", "bigtiff")]


def streams_of(documents):
    """Give, for each stream, its frames, how many there are, and which pages of the file."""
    descriptors = {doc["uid"]: doc for name, doc in documents if name == "descriptor"}
    resources = {doc["uid"]: doc for name, doc in documents if name == "stream_resource"}
    pages = {
        doc["descriptor"]: doc["data"]["page"] for name, doc in documents if name == "event_page"
    }
    for name, doc in documents:
        if name == "stream_datum":
            key = descriptors[doc["descriptor"]]["data_keys"]["image"]
            context = AssetContext(tuple(key["shape"]), key["dtype_numpy"], path_from_uri)
            frames = open_tiff(resources[doc["stream_resource"]], context)
            yield frames, pages[doc["descriptor"]]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning:tifffile")  # of odd metadata
def test_every_readable_file_reads_as_tifffile_reads_it(corpus):
    compared = 0
    for row in tiff_rows(corpus):
        if not row["read"].startswith("ok"):
            continue
        path = corpus / row["path"]
        if path.name in NO_IMAGE:
            with pytest.raises(UnsupportedFileError, match="no image"):
                next(ingest_tiff_stack(path))
            continue
        try:
            documents = list(ingest_tiff_stack(path))
        except UnsupportedFileError:  # by an older tifffile
            with pytest.raises((ValueError, tifffile.TiffFileError)):
                tifffile.imread(path)
            continue
        with tifffile.TiffFile(path, is_ome=False) as tif:
            listed = [page.offset for page in tif.pages]
            for frames, pages in streams_of(documents):
                for number in sorted({0, len(pages) // 2, len(pages) - 1}):
                    out = np.empty((1, *frames.frame_shape), frames.dtype)
                    if out.nbytes > LARGEST:
                        continue
                    frames.read(number, number + 1, None, out)
                    if len(listed) > 1 or len(pages) == 1:
                        expected = tif.pages[pages[number]].asarray()
                    else:
                        expected = tif.series[0].asarray().reshape(-1, *frames.frame_shape)[number]
                    same = np.array_equal(out[0], expected, equal_nan=expected.dtype.kind in "fc")
                    assert same, (row["path"], number)
                    compared += 1
    assert compared > 200


@pytest.mark.filterwarnings("ignore::RuntimeWarning:tifffile")
def test_no_damaged_file_is_taken_for_a_good_one(corpus):
    refused = unreadable = 0
    for row in tiff_rows(corpus):
        if row["read"].startswith("ok"):
            continue
        try:
            documents = list(ingest_tiff_stack(corpus / row["path"]))
        except (UnsupportedFileError, AssetError) as error:
            refused += row["path"].rpartition("/")[2] in str(error)
            continue
        assert documents[-1][1]["exit_status"] in ("success", "fail")
        for frames, pages in streams_of(documents):
            out = np.empty((1, *frames.frame_shape), frames.dtype)
            for number in range(len(pages)):
                try:
                    frames.read(number, number + 1, None, out)
                except AssetError as error:
                    unreadable += f"frame {number}" in str(error)
    assert refused > 10
    assert unreadable > 0
