"""Real HDF5 files that nobody here wrote: each is ingested right, or refused by name."""

import csv
import json
import subprocess
import sys

import pytest

# Runs in a process of its own: HDF5 can crash on hostile files.
WORKER = """
import json, math, sys
import numpy as np
from penstock.core.assets.protocol import AssetContext
from penstock.core.errors import PenstockError
from penstock.core.places import path_from_uri
from penstock.ingestors.assets.hdf5.frames import open_hdf5
from penstock.ingestors.assets.hdf5.access import open_file
from penstock.ingestors.hdf5.ingest import ingest_hdf5
from penstock.ingestors.hdf5.probe import probe


def compare(resource, key):
    context = AssetContext(tuple(key["shape"]), key["dtype_numpy"], path_from_uri)
    frames = open_hdf5(resource, context)
    parameters = resource["parameters"]
    name = parameters.get("dataset", parameters.get("path"))
    with open_file(path_from_uri(resource["uri"])) as file:
        shape = file[name].shape
        events = math.prod(shape) // max(1, math.prod(frames.frame_shape))
        out = np.empty((events, *frames.frame_shape), frames.dtype)
        frames.read(0, events, None, out)
        same = out.tobytes() == file[name][()].tobytes()
    return [name, list(shape), str(frames.dtype), same]


for path in sys.argv[1:]:
    result = {"path": path, "arrays": [], "refused": None}
    try:
        for kwargs in probe([path]).kwargs:
            keys = {}
            for name, doc in ingest_hdf5(path, **kwargs):
                if name == "start":
                    assert len(json.dumps(doc)) <= 65536
                elif name == "descriptor":
                    keys |= doc["data_keys"]
                elif name == "stream_resource":
                    result["arrays"].append(compare(doc, keys[doc["data_key"]]))
    except PenstockError as error:
        result["refused"] = f"{type(error).__name__}: {error}"
    print(json.dumps(result), flush=True)
"""

SUFFIXES = (".h5", ".hdf5", ".hdf", ".nxs", ".nexus", ".emd", ".hspy", ".nc", ".nx5")


@pytest.fixture(scope="module")
def rows(corpus):
    with open(corpus / "manifest.csv", newline="") as file:
        found = [row for row in csv.DictReader(file) if row["path"].endswith(SUFFIXES)]
    assert len(found) > 100
    return found


def examine(corpus, paths):
    command = [sys.executable, "-c", WORKER, *(str(corpus / path) for path in paths)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return run, [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture(scope="module")
def results(corpus, rows):
    paths = [row["path"] for row in rows if row["kind"] != "corrupt"]
    run, found = examine(corpus, paths)
    assert run.returncode == 0, run.stderr
    return dict(zip(paths, found, strict=True))


def test_most_real_files_are_ingested_with_the_pixels_that_h5py_reads(results):
    arrays = [array for result in results.values() for array in result["arrays"]]
    assert len(arrays) >= 50
    assert [array for array in arrays if not array[3]] == []


def test_shapes_are_those_of_the_manifest(rows, results):
    compared = 0
    for row in rows:
        shapes = dict(
            item.strip().removesuffix(")").rsplit("(", 1)
            for item in row["shape"].split(";")
            if "(" in item
        )
        for name, shape, _, _ in results.get(row["path"], {"arrays": []})["arrays"]:
            if name in shapes:
                compared += 1
                assert [int(size) for size in shapes[name].split(",") if size.strip()] == shape
    assert compared >= 40


def test_refusals_name_the_file_and_what_to_do(results):
    refused = {path: result["refused"] for path, result in results.items() if result["refused"]}
    for path, why in refused.items():
        assert path.rsplit("/", 1)[-1] in why
    kinds = {why.split(":")[0] for why in refused.values()}
    assert kinds <= {
        "AmbiguousDataError",
        "AssetError",
        "MissingFileError",
        "NoDataError",
        "UnsupportedFileError",
    }


def test_decoys_are_refused(rows, results):
    decoys = [row["path"] for row in rows if row["kind"] == "not-supported-decoy"]
    assert decoys
    assert [path for path in decoys if not results[path]["refused"]] == []


def test_data_that_are_not_in_the_corpus_are_missed_by_name(results):
    for name in ("Therm_6_2.nxs", "538039.nxs", "dectris_eiger_master.h5", "demoh5_dataset.h5"):
        (why,) = [r["refused"] for path, r in results.items() if path.endswith("/" + name)]
        assert why.startswith("MissingFileError")


def test_damaged_and_hostile_files_are_refused_or_crash_only_their_own_process(corpus, rows):
    hostile = [row["path"] for row in rows if row["kind"] == "corrupt"]
    crashed = []
    for path in hostile:
        run, _ = examine(corpus, [path])
        if run.returncode < 0:
            crashed.append(path.rsplit("/", 1)[-1])
        else:
            assert run.stderr == ""
    assert set(crashed) <= {"cve-2024-32609.h5"}
