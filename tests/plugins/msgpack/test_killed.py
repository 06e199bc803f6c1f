"""A writer that is killed leaves no copy under its final name that is not whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from penstock import BlueskyMsgpackCatalog
from penstock.plugins.msgpack.decoding import read_mark

WRITER = """
import sys, time
import numpy as np
from penstock import BlueskyInMemoryCatalog

def ingest(number):
    uid = f"run-{number}"
    yield "start", {"uid": uid, "time": float(number)}
    key = {"image": {"dtype": "array", "dtype_numpy": "<u2", "shape": [512, 512], "source": "t"}}
    yield "descriptor", {"uid": uid + "-d", "run_start": uid, "time": 0.0, "name": "primary",
        "data_keys": key, "object_keys": {"t": ["image"]}, "configuration": {}, "hints": {}}
    for page in range(4):
        rows = range(8 * page, 8 * page + 8)
        yield "event_page", {"descriptor": uid + "-d", "uid": [f"{uid}-{row}" for row in rows],
            "seq_num": [row + 1 for row in rows], "time": [0.0] * 8,
            "data": {"image": np.full((8, 512, 512), number, "<u2")},
            "timestamps": {"image": [0.0] * 8}, "filled": {}}
    yield "stop", {"uid": uid + "-s", "run_start": uid, "time": 1.0, "exit_status": "success"}

catalog = BlueskyInMemoryCatalog()
for number in range(12):
    catalog.upsert(ingest, (number,))
print("ready", flush=True)
report = catalog.cache(sys.argv[1])
print(report, flush=True)
"""

RUNS = [f"run-{number}" for number in range(12)]


@pytest.mark.slow
def test_thirty_kills(tmp_path: Path) -> None:
    delays = random.Random(1)
    left_over = 0
    for _ in range(30):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(delays.uniform(0.0, 0.4))
            writer.send_signal(signal.SIGKILL)
        left_over += sum(name.endswith(".partial") for name in os.listdir(tmp_path))
        for path in tmp_path.glob("*.msgpack"):
            mark, stop = read_mark(str(path))
            assert mark is not None
            assert stop is not None
        if len(list(tmp_path.glob("*.msgpack"))) == len(RUNS):
            for path in tmp_path.glob("*.msgpack"):
                path.unlink()
    assert left_over, "no kill came while a copy was being written: the test shows nothing"

    for path in tmp_path.glob(".*.partial"):
        os.utime(path, (0, 0))  # what was written into lately may be somebody's
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "failed" not in done.stdout
    assert [name for name in os.listdir(tmp_path) if name.endswith(".partial")] == []
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert sorted(catalog) == sorted(RUNS)
    for number, uid in enumerate(RUNS):
        assert np.all(catalog[uid].primary.read()["image"].values == number)
