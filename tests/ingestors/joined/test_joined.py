"""Several calls become one run: its identity, its streams, its start, and how all of it reads."""

import json
import os

import dask.array as da
import event_model
import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock import BlueskyInMemoryCatalog, BlueskyMsgpackCatalog, Ingestor, hookimpl
from penstock.core.config import Config, use_config
from penstock.core.documents.measuring import START_BYTES, json_bytes
from penstock.core.errors import (
    MissingFileError,
    NoDataError,
    SettingsError,
    UnregisteredIngestorError,
)
from penstock.core.registry import Registry, get_registry, use_registry
from penstock.ingestors import ingest_joined, ingest_spec, ingest_tiff_series
from penstock.ingestors.joined import merging
from penstock.plugins.jsonl import BlueskyJSONLCatalog

SPEC = """\
#F day1
#E 1600000000
#O0 th  chi
#S 7 ascan th 0 2 2 1
#P0 0 45
#L th  Epoch  mon
0 10 100
1 11 200
2 12 300
"""


class Folder:
    """Files of one acquisition, and the parts that they make."""

    def __init__(self, path):
        self.path = path
        path.mkdir(exist_ok=True)

    def series(self, name, numbers=(1, 2, 3), first=0, **options):
        for number in numbers:
            path = self.path / f"{name}_{number:03d}.tif"
            tifffile.imwrite(path, np.full((4, 6), first + number, "u2"), **options)
            os.utime(path, (1.6e9 + number, 1.6e9 + number))
        return self.part("tiff-series", f"{name}_*.tif", name=name)

    def text(self, file, text, ingestor, **kwargs):
        (self.path / file).write_text(text)
        return self.part(ingestor, file, **kwargs)

    def log(self, text, name="log", file="scan.csv"):
        return self.text(file, text, "text-log", name=name)

    def spec(self, text=SPEC, name="spec"):
        return self.text("day1", text, "spec", kwargs={"scan": "7.1"}, name=name)

    def hdf5(self, shape=(3, 4, 6), name="master", **attrs):
        with h5py.File(self.path / "master.h5", "w") as file:
            entry = file.create_group("entry")
            entry.attrs["NX_class"] = "NXentry"
            entry["title"] = "a scan"
            data = entry.create_group("data")
            data.attrs.update(NX_class="NXdata", signal="image", axes=["th", ".", "."])
            data["image"] = np.arange(np.prod(shape)).reshape(shape)
            data["th"] = np.linspace(0, 1, shape[0])
        return self.part("hdf5", "master.h5", name=name)

    def part(self, ingestor, file, name="", kwargs=None):
        return {
            "ingestor": ingestor,
            "args": [str(self.path / file)],
            "kwargs": kwargs or {},
            "name": name,
        }


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "data")


def documents(parts, **kwargs):
    found = list(ingest_joined(parts, **kwargs))
    for name, doc in found:
        event_model.schema_validators[event_model.DocumentNames[name]].validate(doc)
    uids = [doc["uid"] for name, doc in found if name not in ("event_page", "datum", "datum_page")]
    uids += [uid for name, doc in found if name == "event_page" for uid in doc["uid"]]
    assert len(set(uids)) == len(uids)
    return found


def start_of(parts, **kwargs):
    return next(ingest_joined(parts, **kwargs))[1]


def stop_of(parts):
    return documents(parts)[-1][1]


def run_of(parts):
    catalog = BlueskyInMemoryCatalog()
    return catalog[catalog.upsert("joined", (parts,), {})]


# Streams -----------------------------------------------------------------------------------------


def test_series_that_count_alike_share_a_stream(folder):
    run = run_of([folder.series("saxs"), folder.series("waxs", first=100)])
    assert list(run) == ["primary"]
    read = run.primary.read()
    assert read["saxs_image"].values[:, 0, 0].tolist() == [1, 2, 3]
    assert read["waxs_image"].values[:, 0, 0].tolist() == [101, 102, 103]
    assert read["frame_number"].values.tolist() == [1, 2, 3]  # once: both have the same
    assert run.metadata["stop"]["num_events"] == {"primary": 3}


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ((1, 2), "it has 2 rows where primary has 3 rows"),
        ((2, 3, 4), "it counts its rows otherwise than primary (frame_number)"),
    ],
)
def test_series_that_do_not_are_streams_of_their_own(folder, numbers, why):
    run = run_of([folder.series("saxs"), folder.series("waxs", numbers)])
    assert list(run) == ["primary", "waxs"]
    assert f"waxs: {why}, so that it is a stream of its own" in run.metadata["start"]["notes"]
    assert run["waxs"].read()["waxs_image"].values[:, 0, 0].tolist() == list(numbers)
    assert run.primary.read()["saxs_image"].shape == (3, 4, 6)
    assert run.metadata["stop"]["num_events"] == {"primary": 3, "waxs": len(numbers)}


def test_a_spec_scan_gives_images_their_motors_and_times(folder):
    run = run_of([folder.series("saxs"), folder.spec()])
    assert list(run) == ["primary", "spec_baseline"]
    read = run.primary.read()
    assert read["th"].values.tolist() == [0, 1, 2]
    assert read["image"].values[:, 0, 0].tolist() == [1, 2, 3]
    assert read["time"].values.tolist() == [1600000010.0, 1600000011.0, 1600000012.0]
    start = run.metadata["start"]
    assert (start["scan_id"], start["motors"]) == (7, ["th"])
    assert start["hints"]["dimensions"] == [[["th"], "primary"]]
    assert start["event_time_source"] == "#E + Epoch"
    assert run["spec_baseline"].read()["chi"].values.tolist() == [45]


def test_images_are_primary_wherever_their_part_stands(folder):
    run = run_of([folder.spec(SPEC + "3 13 400\n"), folder.series("saxs")])
    assert set(run) == {"primary", "spec", "spec_baseline"}
    assert "image" in run.primary.data_keys
    assert len(run["spec"].read()["th"]) == 4


def test_a_series_and_an_hdf5_file_share_a_stream(folder):
    run = run_of([folder.series("saxs"), folder.hdf5()])
    read = run.primary.read()
    assert read["master_image"].values[1].ravel().tolist() == list(range(24, 48))
    assert read["saxs_image"].values[:, 0, 0].tolist() == [1, 2, 3]
    assert read["th"].values.tolist() == [0, 0.5, 1]
    assert run.metadata["start"]["title"] == "a scan"
    assert run.metadata["start"]["detectors"] == ["saxs_image", "master_image"]


def test_a_master_and_its_data_are_one_run(folder):
    with h5py.File(folder.path / "data_000001.h5", "w") as file:
        file["entry/data/data"] = np.arange(3 * 24).reshape(3, 4, 6)
    with h5py.File(folder.path / "master.h5", "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs.update(NX_class="NXdata", signal="monitor", axes=["angle"])
        data["monitor"], data["angle"] = [5.0, 6.0, 7.0], [0.0, 0.1, 0.2]
    parts = [
        folder.part("hdf5", "master.h5", name="master"),
        folder.part("hdf5", "data_000001.h5", name="data"),
    ]
    run = run_of(parts)
    assert list(run) == ["primary"]
    read = run.primary.read()
    assert read["monitor"].values.tolist() == [5, 6, 7]
    assert read["data"].shape == (3, 4, 6)


def test_rows_of_a_log_go_to_the_frames_that_they_name(folder):
    log = folder.log("file,T\nsaxs_003.tif,33\nsaxs_001.tif,31\nsaxs_002.tif,32\n")
    run = run_of([folder.series("saxs"), log])
    assert list(run) == ["primary"]
    read = run.primary.read()
    assert read["T"].values.tolist() == [31, 32, 33]
    assert read["file"].values.tolist() == ["saxs_001.tif", "saxs_002.tif", "saxs_003.tif"]


@settings(max_examples=20)
@given(numbers=st.lists(st.integers(0, 9), min_size=2, unique=True))
def test_whatever_the_order_of_a_log_each_frame_has_its_row(numbers, tmp_path_factory):
    folder = Folder(tmp_path_factory.mktemp("any"))
    frames = {2, 5}
    log = folder.log("frame,T\n" + "".join(f"{number},{100 + number}\n" for number in numbers))
    run = run_of([folder.series("saxs", sorted(frames)), log])
    kept = run["log"].read()["T"].values.tolist() if "log" in run else []
    if frames <= set(numbers):
        assert run.primary.read()["T"].values.tolist() == [102, 105]
        assert kept == [100 + number for number in numbers if number not in frames]
    else:
        assert kept == [100 + number for number in numbers]


def test_rows_of_no_frame_are_kept_in_a_stream(folder):
    log = folder.log("frame,T\n0,30\n1,31\n2,32\n3,33\n4,34\n")
    run = run_of([folder.series("saxs"), log])
    assert run.primary.read()["T"].values.tolist() == [31, 32, 33]
    assert run["log"].read()["T"].values.tolist() == [30, 34]
    assert run.metadata["start"]["notes"] == ["log: 2 rows of no frame of primary"]
    assert run.metadata["stop"]["num_events"] == {"primary": 3, "log": 2}


@pytest.mark.parametrize(
    ("rows", "streams"), [(3, {"primary"}), (2, {"primary", "log"}), (4, {"primary", "log"})]
)
def test_a_log_that_names_no_frames_has_to_have_as_many_rows(folder, rows, streams):
    log = folder.log("T,I0\n" + "".join(f"{row},{row / 2}\n" for row in range(rows)))
    run = run_of([folder.series("saxs", (7, 8, 9)), log])
    assert set(run) == streams
    owner = run["log" if "log" in run else "primary"]
    assert owner.read()["T"].values.tolist() == list(range(rows))
    assert ("notes" in run.metadata["start"]) == (rows != 3)


def test_a_log_without_a_row_for_each_frame_is_a_stream(folder):
    log = folder.log("frame,T\n1,31\n3,33\n5,35\n")
    run = run_of([folder.series("saxs"), log])
    assert (
        "log: 1 of the 3 frames of primary have no row in it" in run.metadata["start"]["notes"][0]
    )
    assert run["log"].read()["T"].values.tolist() == [31, 33, 35]


def test_columns_that_only_look_as_if_they_counted_are_told_apart(folder):
    one = folder.log("frame_number,T\nb,1\na,2\n", name="one", file="one.csv")
    two = folder.log("frame_number,T\nx,3\ny,4\n", name="two", file="two.csv")
    read = run_of([one, two]).primary.read()
    assert read["one_frame_number"].values.tolist() == ["b", "a"]
    assert read["two_frame_number"].values.tolist() == ["x", "y"]


def test_of_three_parts_each_finds_its_place(folder):
    parts = [folder.series("saxs"), folder.series("waxs", (1, 2)), folder.spec()]
    run = run_of(parts)
    assert set(run) == {"primary", "waxs", "spec_baseline"}
    assert set(run.primary.data_keys) == {"saxs_image", "frame_number", "th", "Epoch", "mon"}


# The start and the stop --------------------------------------------------------------------------


def test_what_parts_agree_on_stands_once_and_what_differs_with_each(folder):
    one = folder.series("saxs", software="cam", description="a", datetime="2020:01:02 03:04:05")
    two = folder.series("waxs", software="cam", description="b", datetime="2020:01:02 03:04:04")
    with use_config(Config(timezone="UTC")):
        start = start_of([one, two])
    assert start["tiff"] == {"Software": "cam"}
    parts = start["parts"]
    assert parts["saxs"]["tiff"] == {"ImageDescription": "a", "DateTime": "2020:01:02 03:04:05"}
    assert (parts["waxs"]["ingestor"], parts["waxs"]["file_name"]) == ("tiff-series", "waxs_{}.tif")
    assert start["time"] == parts["waxs"]["time"] == 1577934244.0  # the earliest
    assert start["notes"][0].startswith("saxs: DateTime has no zone")


def test_metadata_replaces_what_parts_say(folder):
    start = start_of([folder.series("saxs"), folder.spec()], metadata={"scan_id": 99})
    assert start["scan_id"] == 99


def test_objects_and_configuration_are_renamed_with_their_keys(folder):
    (doc,) = [
        doc
        for name, doc in documents([folder.series("saxs"), folder.series("waxs")])
        if name == "descriptor"
    ]
    assert doc["object_keys"] == {
        "saxs_image": ["saxs_image"],
        "frame_number": ["frame_number"],
        "waxs_image": ["waxs_image"],
    }
    assert doc["configuration"].keys() == doc["object_keys"].keys() == doc["hints"].keys()
    assert {key: value["object_name"] for key, value in doc["data_keys"].items()} == {
        key: key for key in doc["data_keys"]
    }


def test_a_start_document_stays_small_however_much_parts_say(folder):
    long = {"description": "x" * 30_000}
    parts = [folder.series(name, metadata=None, **long) for name in ("a", "b", "c")]
    for number, name in enumerate(("a", "b", "c")):
        path = folder.path / f"{name}_001.tif"
        tifffile.imwrite(path, np.zeros((4, 6), "u2"), description=str(number) + "x" * 15_000)
        parts[number]["kwargs"] = {"metadata": {"remark": str(number) * 20_000}}
    start = start_of(parts)
    assert json_bytes(start) <= START_BYTES
    assert any(note.startswith("left out, for a start document is") for note in start["notes"])


@pytest.mark.parametrize(
    ("numbers", "status", "reason"),
    [
        ((1, 2, 3), "success", "saxs: inferred: among the names"),
        ((1, 2, 4), "abort", "waxs: inferred: among the names"),
    ],
)
def test_a_run_is_whole_if_all_parts_are(folder, numbers, status, reason):
    stop = stop_of([folder.series("saxs"), folder.series("waxs", numbers)])
    assert (stop["exit_status"], stop["reason"].startswith(reason)) == (status, True)


# Identity ----------------------------------------------------------------------------------------


def test_the_same_parts_are_the_same_run_in_any_order(folder):
    parts = [folder.series("saxs"), folder.spec()]
    assert documents(parts) == documents(parts)
    assert start_of(parts)["uid"] == start_of(parts[::-1])["uid"]
    renamed = [{**parts[0], "name": "other"}, parts[1]]
    assert start_of(renamed)["uid"] == start_of(parts)["uid"]


def test_no_part_has_the_uid_of_the_run(folder):
    parts = [folder.series("saxs"), folder.spec()]
    uid = start_of(parts)["uid"]
    own = [
        next(ingest_tiff_series(parts[0]["args"][0]))[1]["uid"],
        next(ingest_spec(parts[1]["args"][0], scan="7.1"))[1]["uid"],
    ]
    assert [part["uid"] for part in start_of(parts)["parts"].values()] == own
    assert uid not in own
    assert start_of([*parts, folder.log("a,b\n1,2\n2,3\n")])["uid"] != uid


def test_the_uid_is_the_same_wherever_a_root_is_mounted(tmp_path):
    uids = []
    for mount in ("here", "there"):
        folder = Folder(tmp_path / mount)
        parts = [folder.series("saxs"), folder.spec()]
        with use_config(Config(roots={"data": str(tmp_path / mount)})):
            uids.append(start_of(parts)["uid"])
    assert uids[0] == uids[1]


def test_a_run_keeps_its_uid_while_its_parts_grow(folder):
    parts = [folder.series("saxs"), folder.series("waxs", (1, 2))]
    catalog = BlueskyInMemoryCatalog()
    uid = catalog.upsert("joined", (parts,), {})
    assert set(catalog[uid]) == {"primary", "waxs"}
    folder.series("waxs", (1, 2, 3))
    assert catalog.upsert("joined", (parts,), {}) == uid
    assert list(catalog[uid]) == ["primary"]


def test_the_fingerprint_covers_all_parts(folder):
    parts = [folder.series("saxs"), folder.series("waxs"), folder.spec()]
    catalog = BlueskyInMemoryCatalog()
    uid = catalog.upsert("joined", (parts,), {})
    before = catalog[uid].fingerprint()
    assert (before.count, len(before.parts)) == (7, 3)
    stored = json.loads(json.dumps(catalog[uid].provenance["fingerprint"]))
    assert type(before).from_dict(stored) == before
    folder.series("saxs", (4,))
    assert before.compare(catalog[uid].fingerprint()) == "extended"
    catalog.upsert("joined", (parts,), {})
    assert catalog[uid].provenance["replaced"] == "extended"
    (folder.path / "waxs_002.tif").write_bytes(b"II*\0 other")
    assert before.compare(catalog[uid].fingerprint()) == "changed"


# Reading -----------------------------------------------------------------------------------------


def test_nothing_is_read_until_it_is_computed(folder):
    run = run_of([folder.series("saxs"), folder.hdf5()])
    lazy = run.primary.to_dask()
    assert isinstance(lazy["saxs_image"].data, da.Array)
    os.remove(folder.path / "saxs_002.tif")
    with pytest.raises(MissingFileError, match="saxs_002"):
        lazy["saxs_image"].compute()


def test_a_grid_is_read_as_one(folder):
    mesh = SPEC.replace("ascan th 0 2 2 1", "mesh th 0 2 2 chi 0 1 1 1").replace(
        "#L th  Epoch  mon\n0 10 100\n1 11 200\n2 12 300\n",
        "#L th  chi\n0 0\n1 0\n2 0\n0 1\n1 1\n2 1\n",
    )
    run = run_of([folder.series("saxs", range(1, 7)), folder.spec(mesh)])
    grid = run.primary.read(grid=True)
    assert grid["image"].dims == ("chi", "th", "y", "x")
    assert grid["image"].values[:, :, 0, 0].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert grid["th"].values.tolist() == [0, 1, 2]


def test_filled_documents_hold_the_images_of_all_parts(folder):
    run = run_of([folder.series("saxs"), folder.hdf5(), folder.log("frame,T\n3,3\n1,1\n2,2\n")])
    pages = [doc for name, doc in run.documents(fill="yes") if name == "event_page"]
    assert np.concatenate([page["data"]["saxs_image"] for page in pages]).shape == (3, 4, 6)
    assert np.concatenate([page["data"]["master_image"] for page in pages]).shape == (3, 4, 6)
    assert [value for page in pages for value in page["data"]["T"]] == [1, 2, 3]
    singles = [doc for name, doc in run.read_canonical() if name == "event"]
    assert [doc["seq_num"] for doc in singles] == [1, 2, 3]


@pytest.mark.parametrize("kind", [BlueskyMsgpackCatalog, BlueskyJSONLCatalog])
def test_copies_hold_the_whole_run(folder, tmp_path, kind):
    run = run_of([folder.series("saxs"), folder.series("waxs", (1, 2)), folder.spec()])
    expected = {name: run[name].read() for name in run}
    copies = tmp_path / "copies"
    copies.mkdir()
    if kind is BlueskyMsgpackCatalog:
        run.cache(copies)
    else:
        get_registry().copy_function("jsonl")(run, copies)
    copy = kind(str(copies))[run.metadata["start"]["uid"]]
    assert set(copy) == set(expected)
    for name, dataset in expected.items():
        read = copy[name].read()
        for key in dataset.variables:
            np.testing.assert_array_equal(read[key].values, dataset[key].values)


# Parts that fail ---------------------------------------------------------------------------------


def test_a_part_that_cannot_be_opened_is_named(folder):
    parts = [folder.series("saxs"), folder.part("hdf5", "gone.h5", name="master")]
    with pytest.raises(MissingFileError, match=r"part 'master' \(hdf5\): "):
        start_of(parts)


def test_a_part_that_has_gone_since_leaves_a_partial_run(folder):
    parts = [folder.series("saxs"), folder.hdf5()]
    catalog = BlueskyInMemoryCatalog()
    uid = catalog.upsert("joined", (parts,), {})
    os.remove(folder.path / "master.h5")
    run = catalog[uid]
    assert run.metadata["stop"]["exit_status"] == "fail"
    assert run.metadata["stop"]["reason"].startswith("master: inferred: ")
    assert run.primary.read()["image"].values[:, 0, 0].tolist() == [1, 2, 3]
    for path in folder.path.iterdir():
        path.unlink()
    with pytest.raises(NoDataError, match="part 'saxs'"):
        list(catalog[uid])


class Lab:
    """Ingestors of others: they fail on the way, or yield events with arrays in them."""

    @hookimpl
    def penstock_ingestors(self):
        return [
            Ingestor(name, title=name, ingest=f"{__name__}:{function}", takes="file")
            for name, function in (
                ("failing", "ingest_and_fail"),
                ("events", "ingest_events"),
                ("legacy", "ingest_datums"),
                ("chaotic", "ingest_nonsense"),
            )
        ]


def ingest_events(path, rows=3):
    run = event_model.compose_run(uid=f"of {path}", time=5.0)
    yield "start", run.start_doc
    keys = {
        "image": {"dtype": "array", "shape": [2, 2], "source": "lab"},
        "n": {"dtype": "integer", "shape": [], "source": "lab"},
    }
    stream = run.compose_descriptor(name="primary", data_keys=keys)
    yield "descriptor", stream.descriptor_doc
    for row in range(rows):
        data = {"image": np.full((2, 2), row), "n": row}
        yield (
            "event",
            stream.compose_event(data=data, timestamps=dict.fromkeys(data, 6.0), validate=False),
        )
    yield "stop", run.compose_stop()


def ingest_and_fail(path):
    for name, doc in ingest_events(path):
        if name == "stop":
            raise OSError("the disk is gone")
        yield name, doc


def ingest_nonsense(path):
    yield "start", {"uid": f"odd {path}", "time": 0.0}
    yield "event", {"descriptor": "none", "seq_num": 1}


def ingest_datums(path):
    run = event_model.compose_run(uid=f"legacy {path}", time=5.0)
    yield "start", run.start_doc
    keys = {"frame": {"dtype": "array", "shape": [2], "source": "lab", "external": "FILESTORE:"}}
    stream = run.compose_descriptor(name="primary", data_keys=keys)
    yield "descriptor", stream.descriptor_doc
    resource = run.compose_resource(
        spec="LAB", root="/", resource_path=str(path), resource_kwargs={}
    )
    yield "resource", resource.resource_doc
    for row in range(3):
        datum = resource.compose_datum(datum_kwargs={"row": row})
        yield "datum", datum
        yield (
            "event",
            stream.compose_event(
                data={"frame": datum["datum_id"]},
                timestamps={"frame": 6.0},
                filled={"frame": False},
                validate=False,
            ),
        )
    yield "stop", run.compose_stop()


class LabHandler:
    def __init__(self, path, **kwargs):
        pass

    def __call__(self, row):
        return np.array([row, row])


@pytest.fixture
def lab():
    from penstock.ingestors.joined import plugin as joined
    from penstock.ingestors.text_log import plugin as text_log
    from penstock.ingestors.tiff import plugin as tiff

    with use_registry(Registry.from_plugins([Lab(), joined, tiff, text_log])) as registry:
        yield registry


def test_a_part_that_fails_on_the_way_costs_its_own_rest_only(folder, lab):
    run = run_of([folder.series("saxs"), folder.part("failing", "x", name="bad")])
    stop = run.metadata["stop"]
    assert (stop["exit_status"], stop["reason"]) == (
        "fail",
        "bad: inferred: OSError: the disk is gone",
    )
    assert run.primary.read()["saxs_image"].shape == (3, 4, 6)
    assert run.primary.read()["n"].values.tolist() == [0, 1, 2]


def test_documents_that_contradict_themselves_cost_their_part(folder, lab):
    run = run_of([folder.series("saxs"), folder.part("chaotic", "x", name="bad")])
    assert list(run) == ["primary"]
    assert "bad: inferred: " in run.metadata["stop"]["reason"]


def test_events_with_arrays_in_them_are_merged_and_bounded(folder, lab, monkeypatch):
    monkeypatch.setattr(merging, "_BATCH_ROWS", 2)
    parts = [folder.series("saxs"), folder.part("events", "x", name="lab")]
    pages = [doc for name, doc in documents(parts) if name == "event_page"]
    assert [page["seq_num"] for page in pages] == [[1, 2], [3]]
    read = run_of(parts).primary.read()
    assert read["lab_image"].values[:, 0, 0].tolist() == [0, 1, 2]
    assert read["saxs_image"].values[:, 0, 0].tolist() == [1, 2, 3]


def test_references_of_the_old_kind_are_told_anew(folder, lab):
    parts = [folder.series("saxs"), folder.part("legacy", "x", name="old")]
    catalog = BlueskyInMemoryCatalog(handler_registry={"LAB": LabHandler})
    run = catalog[catalog.upsert("joined", (parts,), {})]
    assert run.primary.read()["frame"].values.tolist() == [[0, 0], [1, 1], [2, 2]]


def test_so_they_are_in_a_stream_of_their_own(folder, lab):
    parts = [folder.series("saxs", (1, 2)), folder.part("legacy", "x", name="old")]
    catalog = BlueskyInMemoryCatalog(handler_registry={"LAB": LabHandler})
    run = catalog[catalog.upsert("joined", (parts,), {})]
    assert run["old"].read()["frame"].values.tolist() == [[0, 0], [1, 1], [2, 2]]


# What parts are ----------------------------------------------------------------------------------


def test_only_registered_ingestors_can_be_parts(folder):
    good = folder.series("saxs")
    with pytest.raises(UnregisteredIngestorError):
        start_of([good, {"ingestor": "os:system", "args": ["true"]}])
    by_reference = {**good, "ingestor": "penstock.ingestors.tiff.series:ingest_tiff_series"}
    other = folder.spec()
    assert start_of([by_reference, other])["uid"] == start_of([good, other])["uid"]


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ("a.tif", "is no list of calls"),
        ([], "0 parts make no joined run"),
        (["a.tif", "b.tif"], "'a.tif' is no call"),
        ([{"ingestor": "spec", "args": "a"}], "is no call"),
        ([{"ingestor": "spec", "path": ["a"]}], "is no call"),
        ([{"ingestor": "joined", "args": [[]]}], "it takes parts itself"),
    ],
)
def test_what_is_no_list_of_calls_is_refused(parts, why):
    with pytest.raises(SettingsError, match=why):
        start_of(parts)


def test_parts_are_told_apart(folder):
    one = folder.series("saxs")
    with pytest.raises(SettingsError, match="the same run"):
        start_of([one, {**one, "name": "again"}])
    with pytest.raises(SettingsError, match="one name"):
        start_of([one, {**folder.spec(), "name": "saxs"}])
    unnamed = [{**one, "name": ""}, {**folder.series("waxs"), "name": ""}]
    assert list(start_of(unnamed)["parts"]) == ["tiff_series", "tiff_series_2"]


def test_matching_never_offers_it_and_it_cannot_be_asked_for_files(folder):
    from penstock import match

    folder.series("saxs")
    (folder.path / "notes.bin").write_bytes(b"\1\2\3")
    plan = match([str(folder.path)])
    (decision,) = plan.decisions
    offered = [offer.ingestor for offer in (decision.chosen, *decision.alternatives)]
    assert "joined" not in offered
    assert [unclaimed.subject for unclaimed in plan.unclaimed] == [str(folder.path / "notes.bin")]
    with pytest.raises(SettingsError, match="takes calls of other ingestors, not files"):
        match([str(folder.path)], use="joined")


# Real files --------------------------------------------------------------------------------------


def test_images_and_spec_file_of_chess_are_one_run(corpus):
    folder = corpus / "CHESSComputing__ChessAnalysisPipeline/galaxy-tools/saxswaxs"
    parts = [
        {
            "ingestor": "tiff-series",
            "args": [str(folder / "test_scans_001/test_scans_det_001_*.tiff")],
            "name": "det",
        },
        {
            "ingestor": "spec",
            "args": [str(folder / "test_scans")],
            "kwargs": {"scan": "1.1"},
            "name": "spec",
        },
    ]
    run = run_of(parts)
    frames = run.primary.to_dask()
    assert frames["mtr_1"].values.tolist() == [-1, 0, 1]
    assert frames["image"].shape == (3, 619, 487)
    expected = tifffile.imread(folder / "test_scans_001/test_scans_det_001_002.tiff")
    np.testing.assert_array_equal(frames["image"][2].compute(), expected)
