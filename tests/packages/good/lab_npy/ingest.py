"""Two styles of ingestor: arrays in the events, and documents that point at bytes."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import event_model
import numpy as np

from penstock import RunsFound

NAMESPACE = uuid.UUID("7d3a5f3c-9d5a-4f0e-8a76-0d5f3f0c1b11")


def ingest_log(filename: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a run of a text file with one spectrum a line."""
    time = os.path.getmtime(filename)
    run = event_model.compose_run(
        uid=str(uuid.uuid5(NAMESPACE, os.path.realpath(filename))), time=time
    )
    yield "start", run.start_doc
    with open(filename) as file:
        spectra = [np.array(line.split(), dtype=float) for line in file]
    key = {"dtype": "array", "shape": list(spectra[0].shape), "source": filename}
    stream = run.compose_descriptor(name="primary", data_keys={"spectrum": key})
    yield "descriptor", stream.descriptor_doc
    for spectrum in spectra:
        yield (
            "event",
            stream.compose_event(
                data={"spectrum": spectrum}, timestamps={"spectrum": time}, time=time
            ),
        )
    yield "stop", run.compose_stop(time=time)


def probe_stack(paths: list[str]) -> RunsFound | None:
    """Tell whether the files hold stacks of images."""
    array = np.load(paths[0], mmap_mode="r", allow_pickle=False)
    if array.ndim != 3:
        return None
    return RunsFound(detail=f"{array.shape} {array.dtype}", separate=True)


def ingest_stack(filename: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a run that points at the frames of a ``.npy`` file."""
    time = os.path.getmtime(filename)
    array = np.load(filename, mmap_mode="r", allow_pickle=False)
    count, *shape = array.shape
    run = event_model.compose_run(
        uid=str(uuid.uuid5(NAMESPACE, os.path.realpath(filename))), time=time
    )
    yield "start", run.start_doc
    key = {
        "dtype": "array",
        "shape": shape,
        "dtype_numpy": array.dtype.str,
        "source": filename,
        "external": "STREAM:",
    }
    stream = run.compose_descriptor(name="primary", data_keys={"image": key})
    yield "descriptor", stream.descriptor_doc
    resource = run.compose_stream_resource(
        mimetype="application/x-lab-npy",
        uri=f"file://localhost{os.path.realpath(filename)}",
        data_key="image",
        parameters={},
    )
    yield "stream_resource", resource.stream_resource_doc
    yield (
        "stream_datum",
        resource.compose_stream_datum(
            indices={"start": 0, "stop": count},
            seq_nums={"start": 1, "stop": count + 1},
            descriptor=stream.descriptor_doc,
        ),
    )
    yield (
        "event_page",
        stream.compose_event_page(
            data={}, timestamps={}, time=[time] * count, seq_num=list(range(1, count + 1))
        ),
    )
    yield "stop", run.compose_stop(time=time)
