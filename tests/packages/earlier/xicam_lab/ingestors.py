"""Ingestors in the style of the earlier tools: a random uid, one path in a list, or one path."""

import time
from pathlib import Path

import event_model
import h5py


def ingest_csv(paths):
    """Yield a run whose values a handler reads."""
    assert len(paths) == 1
    path = Path(paths[0])
    run = event_model.compose_run()
    start = run.start_doc
    start["sample_name"] = path.stem
    yield "start", start
    count = len(path.read_text().splitlines())
    keys = {"row": {"source": "csv", "dtype": "array", "shape": [3], "external": "FILESTORE:"}}
    stream = run.compose_descriptor(name="primary", data_keys=keys)
    yield "descriptor", stream.descriptor_doc
    resource = run.compose_resource(
        spec="XICAM_LAB_CSV", root=str(path.parent), resource_path=path.name, resource_kwargs={}
    )
    yield "resource", resource.resource_doc
    for number in range(count):
        datum = resource.compose_datum(datum_kwargs={"number": number})
        yield "datum", datum
        yield (
            "event",
            stream.compose_event(
                data={"row": datum["datum_id"]},
                timestamps={"row": time.time()},
                filled={"row": False},
            ),
        )
    yield "stop", run.compose_stop()


def ingest_hdf5(filename):
    """Yield a run of what stands at /lab; only for files that have it."""
    run = event_model.compose_run(metadata={"sample_name": Path(filename).stem})
    yield "start", run.start_doc
    with h5py.File(filename, "r") as file:
        values = file["lab"][()]
    keys = {"lab": {"source": "hdf5", "dtype": "number", "shape": []}}
    stream = run.compose_descriptor(name="primary", data_keys=keys)
    yield "descriptor", stream.descriptor_doc
    for value in values:
        event = stream.compose_event(data={"lab": float(value)}, timestamps={"lab": time.time()})
        yield "event", event
    yield "stop", run.compose_stop()


def _has_lab(filename):
    with h5py.File(filename, "r") as file:
        return "lab" in file


ingest_hdf5.is_applicable = _has_lab


def sniff(filename, first_bytes):
    """Tell a mimetype that no suffix tells."""
    return "application/x-lab" if first_bytes.startswith(b"LAB1") else None


def ingest_lab(paths):
    """Yield a run without events, under a uid that follows from the file."""
    assert len(paths) == 1
    uid = "lab-" + Path(paths[0]).name
    yield "start", {"uid": uid, "time": 0.0}
    yield "stop", {"uid": uid + "-stop", "time": 0.0, "run_start": uid, "exit_status": "success"}
