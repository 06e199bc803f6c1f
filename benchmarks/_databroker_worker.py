"""Does what it is told with databroker 1.2.5, in that environment, and says how long it took."""

import json
import os
import shutil
import sys
import time
import warnings

warnings.simplefilter("ignore")

import numpy as np  # noqa: E402 # after the filter
import suitcase.msgpack  # noqa: E402
import tifffile  # noqa: E402
from databroker._drivers.msgpack import BlueskyMsgpackCatalog  # noqa: E402
from databroker.in_memory import BlueskyInMemoryCatalog  # noqa: E402


def ingest(folder):
    """What an ingestor for databroker 1.x does: events that hold the frames."""
    names = sorted(os.listdir(folder))
    shape = tifffile.imread(f"{folder}/{names[0]}").shape
    key = {"source": "tiff", "dtype": "array", "shape": list(shape)}
    yield "start", START
    yield (
        "descriptor",
        {
            "uid": "descriptor",
            "run_start": START["uid"],
            "time": 0.0,
            "name": "primary",
            "data_keys": {"image": key},
            "object_keys": {"camera": ["image"]},
            "configuration": {},
            "hints": {},
        },
    )
    for number, name in enumerate(names):
        yield (
            "event_page",
            {
                "descriptor": "descriptor",
                "uid": [f"event-{number}"],
                "seq_num": [number + 1],
                "time": [float(number)],
                "data": {"image": [tifffile.imread(f"{folder}/{name}")]},
                "timestamps": {"image": [float(number)]},
                "filled": {},
            },
        )
    yield "stop", STOP


START = {"uid": "exported", "time": 0.0}
STOP = {"uid": "stop", "run_start": "exported", "time": 1.0, "exit_status": "success"}


def export(folder, target):
    shutil.rmtree(target, ignore_errors=True)
    os.sync()
    began = time.perf_counter()
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(START, STOP, ingest, (folder,), {})
    suitcase.msgpack.export(catalog["exported"].canonical(fill="yes"), target)
    return time.perf_counter() - began


def listing(folder):
    began = time.perf_counter()
    catalog = BlueskyMsgpackCatalog(f"{folder}/*.msgpack")
    count = len(list(catalog))
    first = time.perf_counter() - began
    began = time.perf_counter()
    assert len(list(catalog)) == count
    at_once = time.perf_counter() - began
    began = time.perf_counter()
    catalog.force_reload()
    assert len(list(catalog)) == count
    return [first, at_once, time.perf_counter() - began]


def read(folder, row):
    began = time.perf_counter()
    catalog = BlueskyMsgpackCatalog(f"{folder}/*.msgpack")
    run = catalog[next(iter(catalog))]
    if row is None:
        run.primary.read()
    else:
        np.asarray(run.primary.to_dask()["image"][row])
    return time.perf_counter() - began


for line in sys.stdin:
    name, *arguments = json.loads(line)
    print(json.dumps(globals()[name](*arguments)), flush=True)
