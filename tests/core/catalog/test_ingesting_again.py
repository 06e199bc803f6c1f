"""What has not changed since the last time is skipped by what is remembered of it, and no more."""

import os
import shutil
from pathlib import Path

import pytest

import penstock.core.matching.snapshot as snapshot_module
from penstock import BlueskySQLiteCatalog, match, sample_files
from penstock.core.config import Config, use_config

SAMPLES = Path(sample_files.__file__).parent


@pytest.fixture
def data(tmp_path, monkeypatch):
    # No clock can be put back: what was written just now is taken for what was written long ago.
    monkeypatch.setattr(snapshot_module, "_SETTLED_NS", -(10**15))
    for folder in ("a", "b"):
        shutil.copytree(SAMPLES / "growth", tmp_path / "data" / folder)
        shutil.copy2(SAMPLES / "scan.nxs", tmp_path / "data" / folder)
    return tmp_path / "data"


@pytest.fixture
def catalog(data, tmp_path):
    catalog = BlueskySQLiteCatalog(tmp_path / "runs.db")
    assert catalog.ingest([data]).counts == {"ok": 2, "partial": 2}
    assert catalog.ingest([data]).counts == {"skipped": 4}
    return catalog


def in_place(folder):
    """The same size, and the time of writing put back: the time of the change alone tells."""
    file = next(folder.glob("*.tif"))
    before = file.stat()
    file.write_bytes(file.read_bytes()[:-1] + b"\1")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(folder):
    file = folder / "scan.nxs"
    shutil.copy2(file, folder / "new")
    os.replace(folder / "new", file)


def added(folder):
    shutil.copy2(folder / "frame_12.tif", folder / "frame_13.tif")


def removed(folder):
    (folder / "frame_12.tif").unlink()


def renamed(folder):
    (folder / "scan.nxs").rename(folder / "other.nxs")


def beside(folder):
    (folder / "more.txt").write_text("nobody takes this")


@pytest.mark.parametrize(
    ("change", "skipped"),
    [(in_place, 3), (replaced, 3), (added, 3), (removed, 3), (renamed, 3), (beside, 4)],
)
def test_what_became_other_is_ingested_and_the_rest_is_not(catalog, data, change, skipped):
    change(data / "b")
    counts = catalog.ingest([data]).counts
    assert counts.pop("skipped") == skipped
    assert counts.get("ok", 0) + counts.get("partial", 0) == 4 - skipped
    assert catalog.ingest([data]).counts["skipped"] == 4


def test_a_run_that_was_removed_comes_back(catalog, data):
    uid = catalog.remove(-1)
    assert catalog.ingest([data]).counts["skipped"] == 3
    assert uid in catalog


def test_another_catalog_gets_all_that_this_one_has(catalog, data, tmp_path):
    other = BlueskySQLiteCatalog(tmp_path / "other.db")
    assert set(other.ingest([data]).uids) == set(catalog)
    assert "skipped" not in other.ingest([data], again=True).counts


def test_files_that_the_configuration_gives_to_another_ingestor_are_ingested_by_that(catalog, data):
    with use_config(Config(pins=(("*/b/*.tif", "tiff-stack"),))):
        report = catalog.ingest([data])
    assert report.counts["skipped"] == 3
    assert "tiff-stack" in {item.details.get("ingestor") for item in report}


def test_a_plan_of_before_is_held_to_the_files_of_now(catalog, data):
    plan = match([data])
    in_place(data / "b")
    assert catalog.ingest(plan).counts["skipped"] == 3
