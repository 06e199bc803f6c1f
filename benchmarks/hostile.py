"""What hostile copies cost their reader: memory and time, a file of each class at a time.

    python benchmarks/hostile.py [--mib 64]

Each is read in a process of its own, as anybody would read it: the folder is listed, the run taken
out and read. The memory is what that took beyond what an empty folder takes.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgpack

READER = r"""
import re, sys, json
from pathlib import Path
from penstock import BlueskyMsgpackCatalog
from penstock.plugins.jsonl import BlueskyJSONLCatalog
import xarray, dask.array

def memory(what):
    return int(re.search(what + r":\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024

catalog = {".msgpack": BlueskyMsgpackCatalog, ".jsonl": BlueskyJSONLCatalog}[sys.argv[2]]
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before, said = memory("VmRSS"), ""
try:
    found = catalog(sys.argv[1])
    said = "; ".join(item.why for item in found.problems)
    for run in found.values():
        said = "a run that can be read" if not said else said
        run.provenance
        list(run.documents())
        for name in run:
            run[name].read()
except Exception as error:
    said = f"{type(error).__name__}: {error}"
print(json.dumps([memory("VmHWM") - before, said]))
"""

START = msgpack.packb(["start", {"uid": "6f2a", "time": 1.0}])
JSON_START = b'["start", {"uid": "6f2a", "time": 1.0}]\n'
STOP_HEAD = b"\x92\xa4stop\x81\xa1x"
RESOURCE = {"uid": "", "spec": "x", "root": "", "resource_path": "x"}


class Pickle:
    def __reduce__(self):
        return os.mkdir, ("hostile-code-ran",)


def array(dtype: str, shape: list[int], data: bytes, kind: bytes = b"") -> dict:
    return {b"nd": True, b"type": dtype, b"kind": kind, b"shape": shape, b"data": data}


def many_documents(element: bytes, values: int, size: int) -> bytes:
    """Return documents that are held together, each with as many of an element as one may have.

    Parameters
    ----------
    values
        How many values an element counts for.
    """
    count = 2**22 // values - 100
    part = b"\xdd" + count.to_bytes(4, "big") + element * count
    found = [START]
    for number in range(max(1, size // len(part))):
        head = {**RESOURCE, "uid": f"resource-{number:06d}"}
        pairs = b"".join(msgpack.packb(key) + msgpack.packb(value) for key, value in head.items())
        found.append(b"\x92\xa8resource\x85" + pairs + b"\xafresource_kwargs\x81\xa1x" + part)
    return b"".join(found)


def many_lines(element: bytes, size: int) -> bytes:
    count = 2**22 // (1 + sum(map(element.count, (b",", b":", b"[", b"{")))) - 100
    part = b'{"x": [' + (element + b",") * count + b"0]}"
    found = [JSON_START]
    for number in range(max(1, size // len(part))):
        head = json.dumps({**RESOURCE, "uid": f"resource-{number:06d}"}).encode()[:-1]
        found.append(b'["resource", ' + head + b', "resource_kwargs": ' + part + b"}]\n")
    return b"".join(found)


MSGPACK: dict[str, Callable[[int], bytes]] = {
    "an array of objects": lambda size: msgpack.packb(
        ["start", {"uid": "6f2a", "x": array("|O8", [1], pickle.dumps(Pickle()), b"O")}]
    ),
    "lists in lists": lambda size: START + STOP_HEAD + b"\x91" * size,
    "a list of 2^32": lambda size: START + STOP_HEAD + b"\xdd\xff\xff\xff\xff" + bytes(size),
    "bytes of 2^32": lambda size: START + STOP_HEAD + b"\xc6\xff\xff\xff\xff" + bytes(size),
    "2^40 lists in an array": lambda size: (
        START + msgpack.packb(["stop", {"x": array("<u1", [2**40, 0], b"")}])
    ),
    "one text": lambda size: START + STOP_HEAD + b"\xdb" + size.to_bytes(4, "big") + b"x" * size,
    "numbers, in many documents": lambda size: many_documents(b"\x01", 1, size),
    "floats, in many documents": lambda size: many_documents(b"\xca\x3f\x80\x00\x01", 1, size),
    "short texts, in many documents": lambda size: many_documents(b"\xa2\xc3\xa9", 1, size),
    "empty lists, in many documents": lambda size: many_documents(b"\x90", 1, size),
    "empty maps, in many documents": lambda size: many_documents(b"\x80", 1, size),
    "maps of one, in many documents": lambda size: many_documents(b"\x81\xa1x\x01", 3, size),
    "a start of numbers": lambda size: (
        b"\x92\xa5start\x81\xa1x\xdd" + size.to_bytes(4, "big") + b"\x01" * size
    ),
    "an array of zeros that is read": lambda size: START + zeros(size),
}

JSON_LINES: dict[str, Callable[[int], bytes]] = {
    "lists in lists": lambda size: JSON_START + b"[" * size,
    "one line without an end": lambda size: JSON_START + b'["stop", {"x": "' + b"x" * size,
    "a number of many digits": lambda size: JSON_START + b'["stop", {"x": ' + b"1" * size + b"}]\n",
    "numbers, in many lines": lambda size: many_lines(b"1", size),
    "floats, in many lines": lambda size: many_lines(b"1.5", size),
    "empty lists, in many lines": lambda size: many_lines(b"[]", size),
    "empty maps, in many lines": lambda size: many_lines(b"{}", size),
    "maps of one, in many lines": lambda size: many_lines(b'{"a":1}', size),
}


def zeros(size: int) -> bytes:
    key = {"source": "t", "dtype": "array", "shape": [size]}
    descriptor = {"uid": "d", "run_start": "6f2a", "time": 1.0, "name": "primary"}
    event = {"descriptor": "d", "uid": "e", "seq_num": 1, "time": 1.0, "timestamps": {"x": 1.0}}
    return msgpack.packb(["descriptor", {**descriptor, "data_keys": {"x": key}}]) + msgpack.packb(
        ["event", {**event, "data": {"x": array("|u1", [size], bytes(size))}}]
    )


def read(folder: Path, suffix: str) -> tuple[float, str, float]:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", READER, str(folder), suffix],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=300,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        return float("nan"), f"the process ended: {done.returncode} {done.stderr[-200:]}", seconds
    peak, said = json.loads(done.stdout)
    return peak, said, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mib", type=int, default=64, help="about how large each file is")
    options = parser.parse_args()
    print(
        "| file | size (MiB) | peak memory (MiB) | seconds | what is said |\n|---|--:|--:|--:|---|"
    )
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_CACHE_HOME"] = f"{name}/cache"
        for suffix, classes in ((".msgpack", MSGPACK), (".jsonl", JSON_LINES)):
            (empty := Path(name, f"empty{suffix}")).mkdir()
            base, _, idle = read(empty, suffix)
            for what, make in classes.items():
                folder = Path(name, "hostile")
                folder.mkdir()
                path = folder / f"6f2a{suffix}"
                path.write_bytes(make(options.mib << 20))
                peak, said, seconds = read(folder, suffix)
                size = path.stat().st_size / 2**20
                left = sorted(os.listdir(folder))
                assert left == [path.name], f"something was written: {left}"
                path.unlink()
                folder.rmdir()
                print(
                    f"| {what} ({suffix}) | {size:.0f} | {max(0, peak - base):.0f} | "
                    f"{max(0, seconds - idle):.1f} | {said.replace(str(folder), '…')[:110]} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
