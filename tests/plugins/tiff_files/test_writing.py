"""TIFF files hold the images as they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

import penstock
from penstock.core.documents import Document, RunComposer, column_key
from penstock.core.errors import ExportError
from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run
from penstock.exporting import Images
from penstock.plugins.tiff_files.writing import _write_series
from penstock.sample_files import folder
from tests.plugins.awkward import AWKWARD


def sample(name: str) -> BlueskyRun:
    catalog = penstock.BlueskyInMemoryCatalog()
    catalog.ingest([folder() / name])
    return catalog[-1]


@pytest.mark.parametrize(("name", "key"), [("scan.nxs", "data"), ("melt.h5", "images")])
def test_a_stack_is_what_the_run_reads(name: str, key: str, tmp_path: Path) -> None:
    run = sample(name)
    run.export("tiff", tmp_path / "out")
    stack = tifffile.imread(tmp_path / "out" / f"primary-{key}.tif")
    np.testing.assert_array_equal(stack, run.primary.read()[key])
    assert stack.dtype == run.primary.read()[key].dtype


def test_a_series_is_ingested_again(tmp_path: Path) -> None:
    run = sample("scan.nxs")
    item = run.export("tiff", tmp_path / "out", files="series")
    assert len(item.details["files"]) == 10
    catalog = penstock.BlueskyInMemoryCatalog()
    catalog.ingest([tmp_path / "out"])
    again = catalog[-1].primary.read()["image"]
    np.testing.assert_array_equal(again, run.primary.read()["data"])


def test_images_in_events_are_written_as_well(tmp_path: Path) -> None:
    AWKWARD["images in events"]().export("tiff", tmp_path / "out")
    assert tifffile.imread(tmp_path / "out" / "primary-image.tif").shape == (3, 40, 50)


def test_a_run_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no images"):
        BlueskyRun(count_run(3)).export("tiff", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_image_is_told(tmp_path: Path) -> None:
    item = sample("scan.nxs").export("tiff", tmp_path / "out")
    assert item.details["omitted"] == {"primary/theta": "TIFF files hold images"}


def test_streams_whose_names_become_alike_keep_their_images(tmp_path: Path) -> None:
    image = np.zeros((1, 4, 6), "u2")
    catalog = penstock.BlueskyInMemoryCatalog()
    run = catalog[catalog.upsert(two_streams, (image, image + 1), {})]
    item = run.export("tiff", tmp_path / "out")
    files = [Path(path) for path in item.details["files"]]
    assert len(set(files)) == 2
    assert sorted(int(tifffile.imread(path).max()) for path in files) == [0, 1]


def test_repeated_numbers_of_events_lose_no_frame(tmp_path: Path) -> None:
    images = Images("image", np.zeros((3, 4, 6), "u2"), ("y", "x"))
    paths = _write_series(str(tmp_path), "a", images, np.array([1, 1, 2]))
    assert len(list(tmp_path.iterdir())) == len(set(paths)) == 3


def two_streams(*images: np.ndarray) -> Iterator[Document]:
    run = RunComposer(uid="r", time=0.0)
    yield run.start()
    for name, image in zip(("a/b", "a b"), images, strict=True):
        stream = run.stream(name, data_keys={"x": column_key(image, source="here")})
        yield stream.descriptor()
        yield from stream.pages(time=[0.0], data={"x": image})
    yield run.stop(time=0.0)
