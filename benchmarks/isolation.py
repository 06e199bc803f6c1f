"""What isolating probes costs: a thousand good HDF5 files, with one among them that crashes.

    python benchmarks/isolation.py [--files 1000] [--crashing FILE] [--rounds 3]

Each file is probed for what it holds: in this process; in a worker process, one call after the
other; and through `match`, which keeps as many workers busy as there are processors. With
`--crashing`, a file that kills the process which walks it lies among the good ones: then it is
counted how many of these are claimed. Without it, a stand-in does: a probe that aborts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from _table import alternate, format_table

PROBE = "penstock.ingestors.hdf5.probe:probe"
PLAINLY = "penstock.core.matching.probing:probe_plainly"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--crashing", type=Path, help="an HDF5 file that crashes its reader")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    from penstock import match
    from penstock.core.isolation import call_isolated, stop_worker
    from penstock.core.matching.probing import probe_plainly

    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_CACHE_HOME"] = f"{name}/cache"
        good = write_good(Path(name) / "good", options.files)
        paths = sorted(map(str, good.iterdir()))
        ways = {
            "in this process": lambda: [probe_plainly(PROBE, [path]) for path in paths],
            "in a worker, call by call": lambda: [
                call_isolated(PLAINLY, PROBE, [path]) for path in paths
            ],
            "match, workers ahead": lambda: match(good, fresh=True),
        }
        timings = alternate(ways, options.rounds)
        print(f"{len(paths)} good files\n\n{format_table(timings)}")
        plain, isolated, matched = (1e3 * timing.median / len(paths) for timing in timings)
        print(f"\nA probe takes {plain:.2f} ms here and {isolated:.2f} ms in a worker: ", end="")
        print(f"{isolated - plain:.2f} ms more. Matching takes {matched:.2f} ms a file.")
        stop_worker()
        began = time.perf_counter()
        call_isolated(PLAINLY, PROBE, [paths[0]])
        print(f"Starting a worker takes {1e3 * (time.perf_counter() - began):.0f} ms, ", end="")
        print("with the imports of its first probe.")
        if options.crashing is not None:
            show_crash(good, options.crashing, match)


def show_crash(good: Path, crashing: Path, match) -> None:
    """Match the good files with and without the one that crashes its reader."""
    count = len(list(good.iterdir()))
    seconds = {}
    for among in (False, True, False, True):
        if among:
            shutil.copy(crashing, good / "frame_00500_crashing.h5")
        began = time.perf_counter()
        plan = match(good, fresh=True)
        seconds.setdefault(among, []).append(time.perf_counter() - began)
        if among:
            (good / "frame_00500_crashing.h5").unlink()
            claimed = len(plan.claims())
            reasons = [item.reason for item in plan.unclaimed]
            print(f"\n{claimed} of {count} good files claimed, 0 crashes of the host; ", end="")
            print(f"of the other one it says: {'; '.join(reasons)}")
    added = min(seconds[True]) - min(seconds[False])
    print(f"The crash adds {added:.2f} s to {min(seconds[False]):.2f} s.")


def write_good(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        with h5py.File(folder / f"frame_{number:05d}.h5", "w") as file:
            entry = file.create_group("entry")
            entry.attrs["NX_class"] = "NXentry"
            data = entry.create_group("data")
            data.attrs.update(NX_class="NXdata", signal="data")
            data["data"] = np.zeros((3, 16, 16), np.uint16)
            data["angle"] = np.arange(3.0)
    return folder


if __name__ == "__main__":
    main()
