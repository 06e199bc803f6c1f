"""Whether files are a series of images or stacks, from three headers at most."""

import importlib
import sys

import numpy as np
import pytest
import tifffile

from penstock.core.errors import UnsupportedFileError
from penstock.core.registry import get_registry
from penstock.ingestors.tiff.probe import probe_series, probe_stack

IMAGE = np.zeros((4, 6), "u2")


def write(folder, *contents):
    paths = []
    for number, content in enumerate(contents):
        path = folder / f"img_{number}.tif"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            tifffile.imwrite(path, content)
        paths.append(str(path))
    return paths


def test_like_files_of_one_image_are_a_series(tmp_path):
    paths = write(tmp_path, *[IMAGE] * 5)
    assert probe_series(paths).detail == "5 files of 4 × 6 uint16"
    assert not probe_series(paths).separate
    assert probe_stack(paths) is None


def test_one_file_of_one_image_is_a_series_that_may_grow(tmp_path):
    paths = write(tmp_path, IMAGE)
    assert probe_series(paths).detail == "1 file of 4 × 6 uint16"
    assert probe_stack(paths) is None


def test_files_of_several_images_are_stacks(tmp_path):
    paths = write(tmp_path, np.zeros((7, 4, 6), "u2"), np.zeros((7, 4, 6), "u2"))
    assert probe_series(paths) is None
    assert probe_stack(paths).separate
    assert probe_stack(paths[:1]).detail == "7 pages of 4 × 6 uint16"
    assert not probe_stack(paths[:1]).separate


def test_unlike_files_are_taken_one_by_one(tmp_path):
    paths = write(tmp_path, IMAGE, IMAGE[:2], IMAGE)
    assert probe_series(paths) is None
    assert probe_stack(paths).separate


def test_a_bad_file_among_few_is_judged_on_its_own(tmp_path):
    paths = write(tmp_path, IMAGE, b"II*\0 nonsense", IMAGE)
    assert probe_series(paths) is None
    assert probe_stack(paths).separate
    for probe in (probe_series, probe_stack):
        with pytest.raises(UnsupportedFileError, match=r"img_1\.tif"):
            probe(paths[1:2])


def test_a_bad_file_among_many_is_a_note(tmp_path):
    paths = write(tmp_path, b"", *[IMAGE] * 9)
    found = probe_series(paths)
    assert found.detail == "10 files of 4 × 6 uint16"
    assert any("img_0.tif cannot be read" in note for note in found.notes)
    assert probe_stack(paths) is None


def test_files_of_which_none_is_good_are_refused(tmp_path):
    for number in range(9):
        (tmp_path / f"img_{number}.tif").write_bytes(b"")
    paths = [str(tmp_path / f"img_{number}.tif") for number in range(9)]
    with pytest.raises(UnsupportedFileError, match=r"img_0\.tif"):
        probe_series(paths)


def test_they_are_registered():
    registry = get_registry()
    assert registry.ingestors["tiff-series"].takes == "files"
    assert registry.ingestors["tiff-stack"].takes == "file"
    assert registry.asset_readers["image/tiff"].name == "tiff"
    for ingestor in (registry.ingestors["tiff-series"], registry.ingestors["tiff-stack"]):
        for reference in (ingestor.ingest, ingestor.probe):
            module, _, function = reference.partition(":")
            assert callable(getattr(importlib.import_module(module), function))
    assert "penstock.ingestors.tiff.plugin" in sys.modules
