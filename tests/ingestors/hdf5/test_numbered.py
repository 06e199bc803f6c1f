"""Images in numbered pieces: a master and the data files that it links, as Dectris writes them."""

import os
import pickle
import shutil
import warnings

import h5py
import numpy as np
import pytest

from penstock import BlueskyInMemoryCatalog, BlueskyMsgpackCatalog, match
from penstock.core.errors import AssetError, MissingFileError, PenstockError, UnsafeLinkError
from penstock.core.places import path_from_uri
from penstock.core.run.dataset import BadFramesWarning
from penstock.ingestors.hdf5.ingest import ingest_hdf5
from penstock.ingestors.hdf5.probe import probe

FRAMES = np.arange(12 * 4 * 6, dtype="u4").reshape(12, 4, 6)


def write_data(path, frames, first=None, dataset="entry/data/data"):
    with h5py.File(path, "w") as file:
        made = file.create_dataset(dataset, data=frames, chunks=(1, *frames.shape[1:]))
        if first is not None:
            made.attrs["image_nr_low"] = np.uint64(first)
            made.attrs["image_nr_high"] = np.uint64(first + len(frames) - 1)


def write_master(path, names, *, planned=None, signal=None, inner="/entry/data/data"):
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs["NX_class"] = "NXdata"
        if signal:
            data.attrs["signal"] = signal
        for number, name in names.items():
            data[f"data_{number:06d}"] = h5py.ExternalLink(name, inner)
        detector = entry.create_group("instrument/detector")
        detector.parent.attrs["NX_class"] = "NXinstrument"
        detector.attrs["NX_class"] = "NXdetector"
        detector["count_time"] = 0.25
        special = detector.create_group("detectorSpecific")
        special["pixel_mask"] = np.zeros((4, 6), "u4")
        if planned:
            special["nimages"], special["ntrigger"] = planned, 1


def write_eiger(folder, *, sizes=(5, 5, 2), gone=(), numbers=True, planned=None, **options):
    """Write a master and its data files, the numbers in `gone` excepted; return the master."""
    names, row = {}, 0
    for number, size in enumerate(sizes, 1):
        names[number] = f"eig_data_{number:06d}.h5"
        if number not in gone:
            first = row + 1 if numbers else None
            write_data(folder / names[number], FRAMES[row : row + size], first)
        row += size
    write_master(folder / "eig_master.h5", names, planned=planned, **options)
    return str(folder / "eig_master.h5")


def only(documents, name):
    return [doc for found, doc in documents if found == name]


def run_of(master, **options):
    catalog = BlueskyInMemoryCatalog()
    return catalog[catalog.upsert(ingest_hdf5, (master,), options)]


def read_masked(run):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BadFramesWarning)
        return run.primary.read(bad_frames="mask")["data"].values


# All there --------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal", [None, "data_000001"])
def test_the_frames_of_all_data_files_are_one_image(tmp_path, signal):
    run = run_of(write_eiger(tmp_path, signal=signal))
    assert (run.primary.read()["data"].values == FRAMES).all()
    assert list(run.primary.metadata["descriptors"][0]["data_keys"]) == ["data"]
    assert run.metadata["stop"]["exit_status"] == "success"
    assert run.primary.metadata["descriptors"][0]["configuration"]["detector"]["data"] == {
        "count_time": 0.25,
        "exposure_time": 0.25,
    }


def test_files_are_in_the_order_of_their_numbers(tmp_path):
    names = {}
    for row, number in enumerate(range(999_998, 1_000_000)):
        names[number] = f"{'ba'[row]}.h5"
        write_data(tmp_path / names[number], FRAMES[row : row + 1])
    write_master(tmp_path / "m.h5", dict(reversed(names.items())))
    assert (run_of(str(tmp_path / "m.h5")).primary.read()["data"].values == FRAMES[:2]).all()


def test_each_file_is_a_resource_of_the_one_data_key(tmp_path):
    documents = list(ingest_hdf5(write_eiger(tmp_path)))
    resources = only(documents, "stream_resource")
    assert [os.path.basename(path_from_uri(doc["uri"])) for doc in resources] == [
        f"eig_data_{number:06d}.h5" for number in (1, 2, 3)
    ]
    (parameters,) = {str(doc["parameters"]) for doc in resources}  # others insist that they agree
    assert "'dataset': '/entry/data/data'" in parameters
    ranges = [(doc["indices"], doc["seq_nums"]) for doc in only(documents, "stream_datum")]
    assert ranges == [
        ({"start": 0, "stop": 5}, {"start": 1, "stop": 6}),
        ({"start": 0, "stop": 5}, {"start": 6, "stop": 11}),
        ({"start": 0, "stop": 2}, {"start": 11, "stop": 13}),
    ]


def test_every_way_of_reading_gives_the_same_frames(tmp_path):
    run = run_of(write_eiger(tmp_path))
    lazy = run.primary.to_dask()["data"]
    assert (lazy[4:7].values == FRAMES[4:7]).all()
    assert (lazy[10, 1:3, 2:].values == FRAMES[10, 1:3, 2:]).all()
    assert (lazy[[11, 0, 5]].values == FRAMES[[11, 0, 5]]).all()
    assert (pickle.loads(pickle.dumps(lazy)).values == FRAMES).all()
    events = [doc for name, doc in run.read_canonical() if name == "event"]
    assert (np.array([doc["data"]["data"] for doc in events]) == FRAMES).all()
    for fill in ("yes", "delayed"):
        pages = only(run.documents(fill=fill), "event_page")
        found = np.concatenate(
            [np.asarray(block) for page in pages for block in [page["data"]["data"]]]
        )
        assert (found == FRAMES).all()
    run.cache(tmp_path / "copies")
    (copy,) = BlueskyMsgpackCatalog(tmp_path / "copies").values()
    assert (copy.primary.read()["data"].values == FRAMES).all()


@pytest.mark.parametrize(("numbers", "planned"), [(True, None), (False, 12)])
def test_where_first_and_last_tell_the_sizes_no_other_file_is_opened(tmp_path, numbers, planned):
    master = write_eiger(tmp_path, sizes=(3, 3, 3, 3), numbers=numbers, planned=planned)
    (tmp_path / "eig_data_000003.h5").write_bytes(b"no HDF5 at all")
    assert probe([master]).notes == ()
    run = run_of(master)
    assert (run.primary.to_dask()["data"][:6].values == FRAMES[:6]).all()
    with pytest.raises(PenstockError, match=r"eig_data_000003\.h5"):
        run.primary.read()
    masked = read_masked(run)
    assert np.isnan(masked[6:9]).all()
    assert (masked[9:] == FRAMES[9:]).all()


def test_files_of_different_lengths_are_counted_where_nothing_tells(tmp_path):
    run = run_of(write_eiger(tmp_path, sizes=(2, 7, 1, 2), numbers=False))
    assert (run.primary.read()["data"].values == FRAMES).all()


def test_many_data_files_need_no_more_descriptors_than_one(tmp_path):
    resource = pytest.importorskip("resource")
    names = {number: f"d{number}.h5" for number in range(1, 13)}
    for number, name in names.items():
        write_data(tmp_path / name, FRAMES[number - 1 : number])
    write_master(tmp_path / "m.h5", names)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = set(map(int, os.listdir("/proc/self/fd")))
    free = [number for number in range(max(used) + 20) if number not in used]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[8], hard))
    try:
        documents = list(ingest_hdf5(str(tmp_path / "m.h5")))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert only(documents, "stop")[0]["exit_status"] == "success"


# What is no image in pieces --------------------------------------------------------------------


def test_pieces_of_different_shape_are_not_joined(tmp_path):
    names = {1: "a.h5", 2: "b.h5"}
    write_data(tmp_path / "a.h5", FRAMES)
    write_data(tmp_path / "b.h5", FRAMES[:, :3])
    write_master(tmp_path / "m.h5", names)
    with pytest.raises(PenstockError, match="2 datasets"):
        list(ingest_hdf5(str(tmp_path / "m.h5")))


def test_two_detectors_are_no_pieces(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for number in (1, 2):
            write_data(tmp_path / f"{number}.h5", FRAMES)
            file[f"detector_{number}"] = h5py.ExternalLink(f"{number}.h5", "/entry/data/data")
    with pytest.raises(PenstockError, match="2 datasets"):
        list(ingest_hdf5(str(tmp_path / "m.h5")))


def test_a_virtual_dataset_of_all_pieces_goes_first(tmp_path):
    master = write_eiger(tmp_path)
    layout = h5py.VirtualLayout((12, 4, 6), "u4")
    for number, rows in ((1, slice(0, 5)), (2, slice(5, 10)), (3, slice(10, 12))):
        shape = (rows.stop - rows.start, 4, 6)
        layout[rows] = h5py.VirtualSource(f"eig_data_{number:06d}.h5", "entry/data/data", shape)
    with h5py.File(master, "r+") as file:
        file["entry/data"].create_virtual_dataset("all", layout)
    resources = only(list(ingest_hdf5(master)), "stream_resource")
    assert [doc["parameters"]["dataset"] for doc in resources] == ["/entry/data/all"]


def test_one_piece_can_still_be_named(tmp_path):
    run = run_of(write_eiger(tmp_path), dataset="/entry/data/data_000002")
    assert (run.primary.read()["data_000002"].values == FRAMES[5:10]).all()


# Not all there ----------------------------------------------------------------------------------


def test_a_data_file_that_is_not_there_is_named_and_the_others_are_read(tmp_path):
    master = write_eiger(tmp_path, gone=(2,))
    report = BlueskyInMemoryCatalog().ingest(master)
    (item,) = report
    assert item.outcome == "partial"
    run = run_of(master)
    (note,) = [text for text in run.metadata["start"]["notes"] if "not there" in text]
    assert "eig_data_000002.h5" in note
    assert note.endswith("rows 5–9 cannot be read. Copy the missing file.")
    stop = run.metadata["stop"]
    assert stop["exit_status"] == "abort"
    assert "eig_data_000002.h5" in stop["reason"]
    lazy = run.primary.to_dask()["data"]
    assert (lazy[:5].values == FRAMES[:5]).all()
    assert (lazy[10:].values == FRAMES[10:]).all()
    with pytest.raises(MissingFileError, match=r"eig_data_000002\.h5"):
        lazy[7].compute()
    masked = read_masked(run)
    assert np.isnan(masked[5:10]).all()
    assert (masked[10:] == FRAMES[10:]).all()


def test_a_missing_file_is_read_as_soon_as_it_has_been_copied(tmp_path):
    run = run_of(write_eiger(tmp_path, gone=(2,)))
    assert run.primary.to_dask()["data"].shape == (12, 4, 6)
    write_data(tmp_path / "eig_data_000002.h5", FRAMES[5:10])
    assert (run.primary.read()["data"].values == FRAMES).all()


@pytest.mark.parametrize(
    ("gone", "numbers", "planned", "rows"),
    [
        ((1,), True, None, 12),
        ((1,), False, 12, 12),
        ((1,), False, None, 12),  # as many as in the second
        ((2,), False, None, 12),
        ((1, 2), True, None, 12),
        ((1, 2), False, 12, 12),
        ((3,), True, 12, 12),
        ((2, 3), False, 12, 12),
        ((3,), True, None, 10),  # nobody knows
        ((1, 2), False, None, 2),
        ((1, 3), True, None, 10),
    ],
)
def test_how_many_frames_are_missing_is_told_by_what_is_recorded(
    tmp_path, gone, numbers, planned, rows
):
    run = run_of(write_eiger(tmp_path, gone=gone, numbers=numbers, planned=planned))
    assert run.primary.to_dask()["data"].shape == (rows, 4, 6)
    notes = " ".join(run.metadata["start"]["notes"])
    assert all(f"eig_data_{number:06d}.h5" in notes for number in gone)
    assert ("how many frames it holds is not known" in notes) == (rows < 12)
    masked = read_masked(run)
    there = ~np.isnan(masked).any(axis=(1, 2))
    kept = [row for row in range(12) if (row // 5 + 1) not in gone]
    assert (masked[there] == FRAMES[kept]).all()
    if rows == 12:
        assert np.flatnonzero(there).tolist() == kept


def test_a_number_that_the_master_does_not_link_is_missed(tmp_path):
    for number in (1, 3):
        write_data(tmp_path / f"{number}.h5", FRAMES[:2])
    write_master(tmp_path / "m.h5", {1: "1.h5", 3: "3.h5"})
    run = run_of(str(tmp_path / "m.h5"))
    assert "data file 2 is not among those numbered up to 3" in run.metadata["stop"]["reason"]


def test_fewer_frames_than_were_to_be_taken_are_told(tmp_path):
    run = run_of(write_eiger(tmp_path, planned=20))
    assert (
        "20 frames were to be taken, of which its data files hold 12"
        in (run.metadata["stop"]["reason"])
    )
    assert (run.primary.read()["data"].values == FRAMES).all()


def test_an_empty_data_file_is_as_good_as_a_missing_one(tmp_path):
    master = write_eiger(tmp_path)
    (tmp_path / "eig_data_000002.h5").write_bytes(b"")
    run = run_of(master)
    assert "eig_data_000002.h5, which is empty" in run.metadata["stop"]["reason"]
    assert (run.primary.to_dask()["data"][10:].values == FRAMES[10:]).all()
    with pytest.raises(AssetError, match=r"eig_data_000002\.h5"):
        run.primary.read()


def test_where_none_is_there_the_remedy_is_to_copy(tmp_path):
    master = write_eiger(tmp_path, gone=(1, 2, 3))
    for ask in (lambda: list(ingest_hdf5(master)), lambda: probe([master])):
        with pytest.raises(MissingFileError, match=r"eig_data_000001\.h5.* 2 others") as caught:
            ask()
        assert caught.value.remedy == "Copy the missing file."


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("number", [1, 2])
def test_data_files_outside_of_the_roots_stay_refused(tmp_path, there, number):
    folder = tmp_path / "in"
    folder.mkdir()
    names = {1: "a.h5", 2: "b.h5"}
    for name in names.values():
        write_data(folder / name, FRAMES)
    names[number] = "../out.h5"
    if there:
        write_data(tmp_path / "out.h5", FRAMES)
    write_master(folder / "m.h5", names)
    with pytest.raises(UnsafeLinkError, match="out") as caught:
        list(ingest_hdf5(str(folder / "m.h5")))
    assert "allow_external=True" in caught.value.remedy
    if there:
        frames = run_of(str(folder / "m.h5"), allow_external=True).primary.read()["data"]
        assert (frames.values == np.concatenate([FRAMES, FRAMES])).all()


# Matching ---------------------------------------------------------------------------------------


def test_the_master_stands_for_its_data_files(tmp_path):
    write_eiger(tmp_path)
    plan = match(tmp_path)
    (claim,) = plan.claims()
    assert len(claim.files) == 4
    assert "data_000001 (12, 4, 6)" in plan.explain()
    catalog = BlueskyInMemoryCatalog()
    assert [item.outcome for item in catalog.ingest(plan)] == ["ok"]
    (run,) = catalog.values()
    assert (run.primary.read()["data"].values == FRAMES).all()


def test_a_real_master_gives_the_frames_of_its_data_file(corpus):
    folder = corpus / "hyperspy__rosettasciio/rsciio/tests/data/arina"
    catalog = BlueskyInMemoryCatalog()
    (item,) = catalog.ingest([folder / "test_00_master.h5", folder / "test_00_data_000001.h5"])
    assert (item.outcome, item.details["files"]) == ("ok", 2)
    (run,) = catalog.values()
    with h5py.File(folder / "test_00_data_000001.h5") as file:
        expected = file["entry/data/data"][()]
    assert (run.primary.read()["data"].values == expected).all()


def test_a_real_master_joins_a_real_data_file_that_was_cut_in_two(corpus, tmp_path):
    folder = corpus / "hyperspy__rosettasciio/rsciio/tests/data/arina"
    shutil.copyfile(folder / "test_00_master.h5", tmp_path / "test_00_master.h5")
    with h5py.File(folder / "test_00_data_000001.h5") as file:
        expected = file["entry/data/data"][()]
    for number, rows in ((1, slice(0, 10)), (2, slice(10, 16))):
        write_data(tmp_path / f"test_00_data_{number:06d}.h5", expected[rows], rows.start + 1)
    with h5py.File(tmp_path / "test_00_master.h5", "r+") as file:
        link = h5py.ExternalLink("test_00_data_000002.h5", "/entry/data/data")
        file["entry/data/data_000002"] = link
    catalog = BlueskyInMemoryCatalog()
    catalog.ingest(tmp_path)
    (run,) = catalog.values()
    assert (run.primary.read()["data"].values == expected).all()
    os.remove(tmp_path / "test_00_data_000002.h5")
    missing = run_of(str(tmp_path / "test_00_master.h5"))
    assert "rows 10–15 cannot be read" in missing.metadata["stop"]["reason"]
