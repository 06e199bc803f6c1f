"""What has been ingested stays readable while files come and go."""

import os

import h5py
import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog
from penstock.core.errors import MissingFileError
from penstock.core.registry import Ingestor, Registry, hookimpl, use_registry
from penstock.ingestors import ingest_hdf5, ingest_tiff_series


def write_frame(folder, number):
    tifffile.imwrite(folder / f"img_{number}.tif", np.full((8, 8), number, "u2"))


@pytest.fixture
def series(tmp_path):
    for number in range(1, 5):
        write_frame(tmp_path, number)
    return tmp_path


def upsert_by(way, folder):
    catalog = BlueskyInMemoryCatalog()
    if way == "ingest":
        (uid,) = catalog.ingest([folder]).uids
    else:
        paths = str(folder / "*.tif") if way == "glob" else sorted(map(str, folder.glob("*.tif")))
        uid = catalog.upsert(ingest_tiff_series, (paths,), {})
    return catalog, uid


WAYS = pytest.mark.parametrize("way", ["ingest", "glob", "list"])


@WAYS
def test_a_series_that_grows_stays_readable(series, way):
    catalog, uid = upsert_by(way, series)
    write_frame(series, 5)
    image = catalog[uid].primary.read()["image"]
    assert image[:4, 0, 0].values.tolist() == [1, 2, 3, 4]
    (again,) = catalog.ingest([series]).uids
    assert again == uid
    assert len(catalog[uid].primary) == 5
    assert catalog[uid].provenance["replaced"] == "extended"


@WAYS
def test_a_series_whose_slower_number_begins_to_vary_stays_readable(tmp_path, way):
    for number in (1, 2):
        tifffile.imwrite(tmp_path / f"t1_z{number}.tif", np.full((8, 8), number, "u2"))
    catalog, uid = upsert_by(way, tmp_path)
    tifffile.imwrite(tmp_path / "t2_z1.tif", np.full((8, 8), 3, "u2"))
    assert catalog[uid].primary.read()["image"][:2, 0, 0].values.tolist() == [1, 2]


@pytest.mark.parametrize("way", ["ingest", "list"])
def test_a_frame_that_was_deleted_is_missing_and_the_others_read(series, way):
    catalog, uid = upsert_by(way, series)
    (series / "img_2.tif").unlink()
    with pytest.raises(MissingFileError, match=r"img_2\.tif"):
        catalog[uid].primary.read()
    with pytest.warns(UserWarning, match="1 of 4 frames"):
        image = catalog[uid].primary.read(bad_frames="mask")["image"]
    assert image.attrs["bad_seq_nums"] == [2]
    assert image[[0, 2, 3], 0, 0].values.tolist() == [1, 3, 4]


def test_a_frame_that_was_deleted_is_a_hole_of_a_glob(series):
    catalog, uid = upsert_by("glob", series)
    (series / "img_2.tif").unlink()
    assert catalog[uid].primary.read()["frame_number"].values.tolist() == [1, 3, 4]


def test_what_the_caller_does_to_its_list_changes_no_run(series):
    catalog = BlueskyInMemoryCatalog()
    paths = sorted(map(str, series.glob("*.tif")))
    uid = catalog.upsert(ingest_tiff_series, (paths,), {})
    paths.clear()
    assert len(catalog[uid].primary) == 4


def test_a_file_that_fails_now_leaves_the_run_that_it_was(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros((3, 8, 8), "u2")
    catalog = BlueskyInMemoryCatalog()
    (uid,) = catalog.ingest([path]).uids
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    report = catalog.ingest([path])
    assert [item.outcome for item in report] == ["failed"]
    assert list(catalog) == [uid]


def ingest_half(path):
    """An ingestor that fails behind its start."""
    yield "start", {"uid": "6f2a", "time": 0.0}
    raise OSError("disk on fire")


def test_a_run_that_cannot_be_drained_replaces_none(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    record = Ingestor("half", title="Half", ingest=f"{__name__}:ingest_half", takes="file")

    class Plugin:
        @hookimpl
        def penstock_ingestors(self):
            return [record]

    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(lambda: iter([("start", {"uid": "6f2a", "time": 7.0})]))
    with use_registry(Registry.from_plugins([Plugin()])):
        report = catalog.ingest([tmp_path / "a.txt"], use="half")
    assert [item.outcome for item in report] == ["failed"]
    assert catalog["6f2a"].metadata["start"]["time"] == 7.0


def test_files_on_tape_are_not_opened_unless_asked(tmp_path):
    for number in (1, 2):
        path = tmp_path / f"img_{number}.tif"
        path.touch()
        os.truncate(path, 1000)  # a size, but no blocks on disk: as a migrated file looks
        if os.stat(path).st_blocks:
            pytest.skip("this file system gives blocks to empty files")
    catalog = BlueskyInMemoryCatalog()
    report = catalog.ingest([tmp_path])
    assert [item.outcome for item in report] == ["refused"]
    assert "tape" in report.items[0].why
    assert "recall=True" in report.items[0].remedy
    assert [item.outcome for item in catalog.ingest([tmp_path], recall=True)] != ["refused"]


def test_a_call_on_one_file_follows_the_file(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=np.ones((3, 8, 8), "u2"), maxshape=(None, 8, 8))
    catalog = BlueskyInMemoryCatalog()
    uid = catalog.upsert(ingest_hdf5, (str(path),), {})
    with h5py.File(path, "a") as file:
        file["images"].resize(5, axis=0)
        file["images"][3:] = 2
    assert len(catalog[uid].primary.read()["images"]) == 5
