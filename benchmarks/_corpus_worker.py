"""Ingest files of a corpus, and read the same pixels directly: what `corpus.py` runs apart.

Reads sets of files from standard input (a JSON list of paths a line), and answers each with a line
of JSON: what became of the files, and of each run how its pixels compare with what tifffile or h5py
read from the file, page or dataset that its documents point at.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import sys
import time
import urllib.parse
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import h5py
import numpy as np
import tifffile

WHOLE = 16 * 2**20
"""Bytes up to which all rows are compared; of more, the first, the middle and the last."""

FIELDS = {
    "exposure": r"exposure|count_time|acquire_time|acquisition_time|dwell|frame_time|live_?time",
    "energy": r"energy|wavelength|voltage|high_?tension|\beht\b|\bhv\b|beam_hv",
    "detector": r"detector_name|camera_?(name|model|type)|model|local_name|serial_number",
    "motors": r"stage|theta|\bphi|chi\b|omega|position|_x$|_y$|_z$|motor|goniometer",
}
"""Names of constants and columns that tell of something."""


def main() -> None:
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger().setLevel(logging.CRITICAL)  # libraries tell of every odd tag
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        began = time.perf_counter()
        items = list(ingest(json.loads(line)))
        answer = {"items": items, "seconds": round(time.perf_counter() - began, 3)}
        print(json.dumps(answer, default=str), flush=True)


def ingest(paths: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what became of each group of files."""
    import penstock

    catalog = penstock.BlueskyInMemoryCatalog()
    plan = penstock.match(paths)
    claimed: list[tuple[str, ...]] = []
    for decision in plan.decisions:
        files = decision.files
        claims = () if decision.chosen is None else decision.chosen.claims
        claimed += [claim.files for claim in claims] or [files]
    claimed += [unclaimed.files for unclaimed in plan.unclaimed]
    for item, files in zip(catalog.ingest(plan), claimed, strict=True):
        yield {
            "files": list(files),
            "outcome": item.outcome,
            "why": item.why,
            "undecided": item.details.get("undecided", []),
            "ingestor": item.details.get("ingestor", ""),
            "run": None if item.uid is None else look_into(catalog[item.uid], files),
        }


def look_into(run: Any, files: Sequence[str]) -> dict[str, Any]:
    documents = list(run.documents())
    images = []
    for name in run:
        try:
            dataset = run[name].to_dask()
        except Exception as error:
            images.append({"stream": name, "problems": [f"to_dask: {error!r}"[:300]]})
            continue
        for key, variable in dataset.data_vars.items():
            if variable.dtype.kind not in "biufc":
                continue
            data_key = _data_key(documents, name, key)
            if "external" in data_key:
                images.append(compare_external(documents, name, key, variable))
            elif str(data_key.get("source", "")).startswith("HDF5:"):
                found = compare_column(files[0], data_key["source"][5:], key, variable)
                if found is not None:
                    images.append({"stream": name, **found})
    return {
        "images": images,
        "fields": fields_of(run, documents),
        "exit_status": (run.metadata["stop"] or {}).get("exit_status"),
        "notes": list(run.metadata["start"].get("notes", ()))[:20],
    }


def _data_key(documents: list[Any], stream: str, key: str) -> dict[str, Any]:
    for name, doc in documents:
        if name == "descriptor" and doc["name"] == stream and key in doc["data_keys"]:
            return dict(doc["data_keys"][key])
    return {}


# Pixels --------------------------------------------------------------------------------------


def compare_external(documents: list[Any], stream: str, key: str, variable: Any) -> dict[str, Any]:
    """Read rows through penstock, and directly where the documents say that they lie."""
    places = locate(documents, stream, key)
    rows = len(places)
    told: dict[str, Any] = {
        "stream": stream,
        "key": key,
        "shape": list(variable.shape),
        "dtype": variable.dtype.str,
        "files": dict(Counter(place[0] for place in places)),
        "datasets": sorted({place[1] for place in places if isinstance(place[1], str)}),
        "problems": [],
        "compared": 0,
        "zeros": False,
    }
    if rows != variable.shape[0]:
        told["problems"].append(f"{rows} rows have files, of {variable.shape[0]}")
    row_bytes = max(1, math.prod(variable.shape[1:])) * variable.dtype.itemsize
    chosen = list(range(rows)) if row_bytes * rows <= WHOLE else sorted({0, rows // 2, rows - 1})
    zeros = bool(rows)
    opened: dict[str, Any] = {}
    try:
        for row in chosen if rows else ():
            problem, is_zero = compare_row(variable, row, places[row], opened)
            zeros = zeros and is_zero
            told["compared"] += not problem
            if problem:
                told["problems"].append(
                    f"row {row} ({os.path.basename(places[row][0])}): {problem}"
                )
    finally:
        for file in opened.values():
            file.close()
    told["rows_tried"] = len(chosen)
    told["problems"] = told["problems"][:4]
    told["zeros"] = zeros and not all(is_stored(places[row]) for row in chosen)
    return told


def is_stored(place: tuple[str, Any, int]) -> bool:
    """Tell whether bytes of a frame are in its file: else zeros stand for what is not there."""
    path, where, _ = place
    if isinstance(where, int):
        with tifffile.TiffFile(path) as file:
            page = file.pages[where]
            return bool(page.dataoffsets) and all(page.dataoffsets) and all(page.databytecounts)
    try:
        file = _open_hdf5(path)
    except OSError:
        return False
    with file:
        dataset = file[where]
        return not dataset.is_virtual and (
            bool(dataset.external) or dataset.id.get_storage_size() > 0
        )


def locate(documents: list[Any], stream: str, key: str) -> list[tuple[str, Any, int]]:
    """Return for each row of an image its file, its dataset or page, and its index there."""
    uids = {doc["uid"] for name, doc in documents if name == "descriptor" and doc["name"] == stream}
    resources = {doc["uid"]: doc for name, doc in documents if name == "stream_resource"}
    places = []
    for name, doc in documents:
        if name != "stream_datum" or doc["descriptor"] not in uids:
            continue
        resource = resources[doc["stream_resource"]]
        if resource["data_key"] != key:
            continue
        indices = range(doc["indices"]["start"], doc["indices"]["stop"])
        places += [_place(resource, index) for index in indices]
    return places


def _place(resource: dict[str, Any], index: int) -> tuple[str, Any, int]:
    path = urllib.parse.unquote(urllib.parse.urlsplit(resource["uri"]).path)
    told = resource["parameters"]
    if resource["mimetype"] == "application/x-hdf5":
        return path, told.get("dataset") or told["path"], index
    if "template" in told:
        return os.path.join(path, told["template"].format(index)), 0, index
    file, page = divmod(index, told["frames_per_file"])
    if "pages" in told:
        page = [number for begin, end in told["pages"] for number in range(begin, end)][page]
    return os.path.join(path, told["files"][file]), page, index


def compare_row(
    variable: Any, row: int, place: tuple[str, Any, int], opened: dict[str, Any]
) -> tuple[str, bool]:
    """Return what is wrong with a row, and whether all of it is zero."""
    try:
        ours = np.asarray(variable[row].data)
    except Exception as error:
        return f"cannot be read: {type(error).__name__}: {error}"[:300], False
    try:
        theirs = read_directly(place, ours.shape, opened)
    except Exception as error:
        return f"only penstock reads it: {type(error).__name__}: {error}"[:300], is_zero(ours)
    if theirs.shape != ours.shape and theirs.size == ours.size:
        theirs = (
            theirs.reshape(ours.shape) if squeezed(theirs.shape) == squeezed(ours.shape) else theirs
        )
    if theirs.shape != ours.shape:
        return f"shape {ours.shape}, directly {theirs.shape}", is_zero(ours)
    if theirs.dtype.newbyteorder("=") != ours.dtype.newbyteorder("="):
        return f"dtype {ours.dtype}, directly {theirs.dtype}", is_zero(ours)
    floats = ours.dtype.kind in "fc"
    if not np.array_equal(ours, theirs, equal_nan=floats):
        return "pixels differ", is_zero(ours)
    return "", is_zero(ours)


def is_zero(values: np.ndarray[Any, Any]) -> bool:
    return values.size > 0 and not values.any()


def read_directly(
    place: tuple[str, Any, int], shape: tuple[int, ...], opened: dict[str, Any]
) -> np.ndarray[Any, Any]:
    path, where, index = place
    if path not in opened:
        reader = tifffile.TiffFile if isinstance(where, int) else _open_hdf5
        opened[path] = reader(path)
    if isinstance(where, int):
        page = opened[path].pages[where]
        if page.is_contiguous is False or page.dataoffsets:
            return np.asarray(page.asarray())
        raise ValueError("the page has no data")
    dataset = opened[path][where]
    scan = dataset.shape[: len(dataset.shape) - len(shape)]
    if dataset.shape[len(scan) :] == shape:
        return np.asarray(dataset[np.unravel_index(index, scan)] if scan else dataset[()])
    return np.asarray(dataset[..., index])  # the frame axis is the last


def _open_hdf5(path: str) -> Any:
    import hdf5plugin  # noqa: F401 # registers filters

    try:
        return h5py.File(path, "r", locking=False)
    except OSError:  # marked as being written
        return h5py.File(path, "r", locking=False, swmr=True)


def compare_column(path: str, source: str, key: str, variable: Any) -> dict[str, Any] | None:
    """Compare an event column with the dataset that it comes from, where that is in the file."""
    try:
        with _open_hdf5(path) as file:
            theirs = np.asarray(file[source][()])
    except Exception:
        return None
    ours = np.asarray(variable.data)
    if theirs.size != ours.size:
        return None  # a part of it, or repeated for each frame
    equal = np.array_equal(ours.ravel(), theirs.ravel(), equal_nan=ours.dtype.kind in "fc")
    return {
        "key": key,
        "shape": list(ours.shape),
        "dtype": ours.dtype.str,
        "files": {path: len(ours)},
        "datasets": [source],
        "problems": [] if equal else ["values differ"],
        "compared": int(equal),
        "rows_tried": 1,
        "zeros": False,
    }


def squeezed(shape: Any) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


# Metadata ------------------------------------------------------------------------------------


def fields_of(run: Any, documents: list[Any]) -> dict[str, str]:
    """Return which of the field's terms a run fills, and with what."""
    start = run.metadata["start"]
    names: dict[str, Any] = {}
    owners: set[str] = set()
    images: set[str] = set()
    for kind, doc in documents:
        if kind != "descriptor":
            continue
        names |= {key: data_key.get("units", "") for key, data_key in doc["data_keys"].items()}
        images |= {key for key, data_key in doc["data_keys"].items() if "external" in data_key}
        owners |= set(doc.get("object_keys", {}))
        for told in doc.get("configuration", {}).values():
            names |= told.get("data", {})
    own = {"page", "page_number", "frame_number", "time"}
    found = {}
    for field, pattern in FIELDS.items():
        for name, value in names.items():
            if name not in own | images and re.search(pattern, name, re.IGNORECASE):
                found[field] = f"{name}={str(value)[:40]}"
                break
    named = sorted(set(start.get("detectors", ())) & owners - images)
    if named:
        found["detector"] = ", ".join(named)
    for field in ("exposure_time", "energy", "wavelength"):
        if field in start:
            found.setdefault("exposure" if field == "exposure_time" else "energy", "start")
    if start.get("motors"):
        found["motors"] = ", ".join(map(str, start["motors"]))[:60]
    elif "baseline" in run:
        found["motors"] = "baseline"
    if start.get("time_source", "mtime") != "mtime":
        found["time"] = str(start["time_source"])
    for field, terms in {
        "sample": ("sample",),
        "operator": ("operator", "proposal", "user"),
    }.items():
        told = [str(start[term])[:60] for term in terms if start.get(term)]
        if told:
            found[field] = "; ".join(told)
    return found


if __name__ == "__main__":
    main()
