"""databroker 1.2.5 reads what is written here, and what it writes is read here.

It needs older packages than penstock and so an environment of its own; the variable
PENSTOCK_DATABROKER_PYTHON names its interpreter. `.ci/run` makes one; by hand::

    python3.11 -m venv DIR
    DIR/bin/pip install -r tests/plugins/msgpack/databroker-1.2.5.txt
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, BlueskyMsgpackCatalog
from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run
from penstock.ingestors import ingest_tiff_series
from penstock.plugins.jsonl import export_run

PYTHON = os.environ.get("PENSTOCK_DATABROKER_PYTHON")
pytestmark = pytest.mark.skipif(
    PYTHON is None, reason="PENSTOCK_DATABROKER_PYTHON names no interpreter with databroker 1.2.5"
)

READ = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from databroker._drivers.msgpack import BlueskyMsgpackCatalog
catalog = BlueskyMsgpackCatalog(sys.argv[1])
for uid in list(catalog):
    run = catalog[uid]
    dataset = run.primary.read()
    np.save(sys.argv[2] + "/" + uid + ".npy", dataset[sys.argv[3]].values)
    print(uid)
"""

JSONL = """
import sys, warnings
warnings.simplefilter("ignore")
from databroker._drivers.jsonl import BlueskyJSONLCatalog
catalog = BlueskyJSONLCatalog(sys.argv[1])
for uid in list(catalog):
    print(catalog[uid].primary.read()["x"].values.tolist())
"""

REWRITE = """
import sys, warnings
warnings.simplefilter("ignore")
import suitcase.msgpack
from databroker._drivers.msgpack import BlueskyMsgpackCatalog
catalog = BlueskyMsgpackCatalog(sys.argv[1])
for uid in list(catalog):
    suitcase.msgpack.export(catalog[uid].canonical(fill="yes"), sys.argv[2])
"""


def run_databroker(code: str, *arguments: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(PYTHON), "-c", code, *arguments], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def run(tmp_path: Path) -> BlueskyRun:
    (tmp_path / "raw").mkdir()
    frames = np.random.default_rng(1).integers(0, 2**16, (12, 600, 500), dtype="u2")
    for number, frame in enumerate(frames):
        tifffile.imwrite(tmp_path / "raw" / f"f_{number:02d}.tif", frame, metadata=None)
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest_tiff_series, (str(tmp_path / "raw" / "*.tif"),), {})
    return catalog[-1]


def test_databroker_reads_our_copies_arrays_and_all(run: BlueskyRun, tmp_path: Path) -> None:
    run.cache(tmp_path / "copies")
    said = run_databroker(READ, str(tmp_path / "copies" / "*.msgpack"), str(tmp_path), "image")
    assert said == f"{run.uid}\n"
    values = run.primary.read()["image"].values
    assert np.array_equal(np.load(tmp_path / f"{run.uid}.npy"), values)


def test_databroker_reads_our_json_lines(tmp_path: Path) -> None:
    export_run(BlueskyRun(count_run(3)), str(tmp_path))
    assert run_databroker(JSONL, str(tmp_path / "*.jsonl")) == "[0.0, 1.0, 2.0]\n"


def test_what_databroker_writes_is_read_here(run: BlueskyRun, tmp_path: Path) -> None:
    run.cache(tmp_path / "ours")
    run_databroker(REWRITE, str(tmp_path / "ours" / "*.msgpack"), str(tmp_path / "theirs"))
    theirs = BlueskyMsgpackCatalog(tmp_path / "theirs")[run.uid]
    expected = run.primary.read()
    assert theirs.primary.read()["image"].equals(expected["image"])
    assert theirs.metadata["start"] == run.metadata["start"]
