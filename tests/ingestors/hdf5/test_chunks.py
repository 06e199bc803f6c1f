"""Data files of one acquisition whose master was not kept."""

import h5py
import numpy as np
import pytest

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.errors import NoDataError, PenstockError
from penstock.ingestors.hdf5.chunks import ingest_hdf5_chunks, probe_chunks

FRAMES = np.arange(12 * 4 * 6, dtype="u4").reshape(12, 4, 6)


def write(folder, *, sizes=(5, 5, 2), first=1, gone=(), name="vac_007", restart=False, extra=False):
    """Write data files; `first` None: the frames are not numbered."""
    row, paths = 0, []
    for number, size in enumerate(sizes, 1):
        path = folder / f"{name}_data_{number:06d}.h5"
        if number not in gone:
            with h5py.File(path, "w") as file:
                made = file.create_dataset("entry/data/data", data=FRAMES[row : row + size])
                if first is not None:
                    low = first if restart else first + row
                    made.attrs["image_nr_low"] = np.uint64(low)
                    made.attrs["image_nr_high"] = np.uint64(low + size - 1)
                if extra:
                    file["entry/theta"] = 0.5
            paths.append(str(path))
        row += size
    return paths


def ingested(*paths):
    catalog = BlueskyInMemoryCatalog()
    report = catalog.ingest(*paths)
    return report, list(catalog.values())


def upserted(paths):
    catalog = BlueskyInMemoryCatalog()
    return catalog[catalog.upsert(ingest_hdf5_chunks, (paths,), {})]


@pytest.mark.parametrize("first", [1, 1001, None])
def test_files_whose_frames_follow_on_are_one_run(tmp_path, first):
    write(tmp_path, first=first)
    report, (run,) = ingested(tmp_path)
    assert [item.outcome for item in report] == ["ok"]
    assert (run.primary.read()["data"].values == FRAMES).all()
    assert run.metadata["start"]["file_name"] == "vac_007_data_{}.h5"
    assert run.metadata["stop"]["exit_status"] == "success"


def test_each_acquisition_is_a_run_of_its_own(tmp_path):
    write(tmp_path)
    write(tmp_path, name="vac_008")
    _, runs = ingested(tmp_path)
    assert [len(run.primary.read()["data"]) for run in runs] == [12, 12]


@pytest.mark.parametrize("options", [{"restart": True}, {"first": None, "extra": True}])
def test_acquisitions_in_a_file_each_stay_apart(tmp_path, options):
    paths = write(tmp_path, **options)
    assert probe_chunks(paths) is None
    _, runs = ingested(tmp_path)
    assert sorted(len(run.primary.read()["data"]) for run in runs) == [2, 5, 5]
    with pytest.raises(NoDataError, match="follow on one another"):
        list(ingest_hdf5_chunks(paths))


def test_files_beside_their_master_are_left_to_it(tmp_path):
    paths = write(tmp_path)
    with h5py.File(tmp_path / "vac_007_master.h5", "w") as file:
        file["entry/data/data_000001"] = h5py.ExternalLink(paths[0], "entry/data/data")
    with pytest.raises(NoDataError, match="vac_007_master"):
        probe_chunks(paths)
    assert [claim.ingestor for claim in match(tmp_path).claims()] == ["hdf5"]


def test_one_file_is_taken_as_any_hdf5_file(tmp_path):
    (path,) = write(tmp_path, sizes=(5,))
    assert [claim.ingestor for claim in match(path).claims()] == ["hdf5"]


@pytest.mark.parametrize("first", [1, None])
def test_a_hole_among_the_numbers_is_told(tmp_path, first):
    write(tmp_path, gone=(2,), first=first)
    report, (run,) = ingested(tmp_path)
    assert [item.outcome for item in report] == ["partial"]
    assert run.metadata["stop"]["exit_status"] == "abort"
    assert "data file 2 is not among those" in run.metadata["stop"]["reason"]
    assert (run.primary.read()["data"].values == np.delete(FRAMES, range(5, 10), 0)).all()


def test_where_the_ends_tell_the_middle_is_not_opened_and_named_when_read(tmp_path):
    paths = write(tmp_path, sizes=(3, 3, 3, 3))
    with open(paths[2], "wb") as file:
        file.write(b"no HDF5 at all")
    run = upserted(paths)
    assert (run.primary.to_dask()["data"][9:].values == FRAMES[9:]).all()
    with pytest.raises(PenstockError, match="vac_007_data_000003"):
        run.primary.read()


def test_where_the_first_frames_are_missing_the_first_files_are_missed(tmp_path):
    write(tmp_path, gone=(1,))
    (run,) = ingested(tmp_path)[1]
    assert "data file 1 is not among those numbered up to 3" in run.metadata["stop"]["reason"]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_file_that_cannot_be_opened_is_named(tmp_path, at):
    paths = write(tmp_path)
    open(paths[at], "wb").close()
    run = upserted(paths)
    assert f"00000{at + 1}.h5 is empty" in run.metadata["stop"]["reason"]
    assert "Copy the missing file" in run.metadata["stop"]["reason"]


def test_the_uid_stays_while_files_are_added(tmp_path):
    write(tmp_path, sizes=(5, 5))
    (before,) = ingested(tmp_path)[1]
    write(tmp_path)
    (after,) = ingested(tmp_path)[1]
    assert before.metadata["start"]["uid"] == after.metadata["start"]["uid"]
    assert len(after.primary.read()["data"]) == 12
