"""Files to which entries and frames are still being added."""

import h5py
import numpy as np

from penstock import BlueskyInMemoryCatalog
from penstock.ingestors import ingest_hdf5


def write_entry(path, name, value):
    with h5py.File(path, "a") as file:
        entry = file.create_group(name)
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs.update(NX_class="NXdata", signal="images")
        data["images"] = np.full((3, 8, 8), value, "u2")


def test_a_run_is_the_same_when_another_entry_is_appended(tmp_path):
    path = tmp_path / "scans.h5"
    write_entry(path, "1.1", 1)
    catalog = BlueskyInMemoryCatalog()
    (first,) = catalog.ingest([path]).uids
    write_entry(path, "2.1", 2)
    assert catalog[first].primary.read()["images"].values.max() == 1
    uids = catalog.ingest([path]).uids
    assert uids[0] == first
    assert len(catalog) == 2
    assert catalog[uids[1]].primary.read()["images"].values.max() == 2


def test_an_entry_is_the_same_named_or_not(tmp_path):
    path = tmp_path / "scan.h5"
    write_entry(path, "entry", 1)
    catalog = BlueskyInMemoryCatalog()
    uids = {catalog.upsert(ingest_hdf5, (path,), kw) for kw in ({}, {"entry": "entry"})}
    assert len(uids) == 1


def outcome(path):
    catalog = BlueskyInMemoryCatalog()
    stop = catalog[catalog.upsert(ingest_hdf5, (path,), {})].metadata["stop"]
    return stop["exit_status"], stop["reason"]


def test_a_dataset_made_in_full_size_is_no_success_before_its_data_came(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        images = file.create_dataset("images", (10, 8, 8), "u2", chunks=(1, 8, 8))
        images[:3] = 1
    assert outcome(path) == (
        "abort",
        "inferred: of /images, 7 of 10 chunks were never written",
    )
    with h5py.File(path, "a") as file:
        file["images"][3:] = 1
    assert outcome(path)[0] == "success"


def test_contiguous_data_that_never_came(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("images", (10, 8, 8), "u2")
    assert outcome(path) == ("abort", "inferred: of /images, it was never written")


def test_a_file_that_a_writer_has_open_is_no_success(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver="latest") as file:
        images = file.create_dataset("images", (3, 8, 8), "u2", chunks=(1, 8, 8))
        images[:] = 1
        file.swmr_mode = True
        file.flush()
        assert outcome(path)[0] == "abort"
        assert "writer has the file open" in outcome(path)[1]
    assert outcome(path)[0] == "success"


def test_a_file_replaced_by_garbage_is_masked(tmp_path):
    import pytest

    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["images"] = np.ones((3, 8, 8), "u2")
    catalog = BlueskyInMemoryCatalog()
    run = catalog[catalog.upsert(ingest_hdf5, (path,), {})]
    assert len(run.primary) == 3
    path.write_bytes(b"garbage" * 100)
    with pytest.warns(UserWarning, match="3 of 3 frames"):
        assert np.isnan(run.primary.read(bad_frames="mask")["images"]).all()
