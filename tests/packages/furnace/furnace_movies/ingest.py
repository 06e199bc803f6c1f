"""From a movie to documents: they point at its frames, and copy none."""

import os

from furnace_movies.header import read_header
from penstock import RunsFound
from penstock.core.documents import RunComposer, array_key, column_key
from penstock.core.places import file_uri, place_of_file, run_uid

MIMETYPE = "application/x-furnace-movie"
DTYPE = "<u2"


def probe(paths):
    """Tell what the first of some files is; an error says why it is none of ours."""
    header = read_header(paths[0])
    count, rows, columns = header.shape
    return RunsFound(detail=f"{count} frames of {rows} × {columns}", separate=len(paths) > 1)


def ingest_movie(path):
    """Yield the documents of one movie."""
    path = os.fspath(path)
    header = read_header(path)
    run = RunComposer(
        uid=run_uid(place_of_file(path)),  # the same file is the same run, however spelled
        time=header.began,
        metadata={"sample": {"name": header.sample}, "detectors": ["furnace_camera"]},
    )
    yield run.start()  # a catalog stops here until more is needed

    promised, *frame_shape = header.shape
    frame_bytes = 2 * frame_shape[0] * frame_shape[1]
    count = min(promised, (os.path.getsize(path) - header.size) // frame_bytes)
    times = [header.began + header.interval * number for number in range(count)]
    stream = run.stream(
        "primary",
        data_keys={
            "image": array_key(frame_shape, DTYPE, source=path, dims=("y", "x"), external=True),
            "elapsed": column_key([0.0], source=path, units="s"),
        },
        objects={"furnace_camera": ["image", "elapsed"]},
    )
    yield stream.descriptor()
    if count:
        yield from stream.external(
            "image",
            mimetype=MIMETYPE,
            uri=file_uri(path),
            parameters={"header_bytes": header.size},
            ranges=[(0, count)],
        )
    yield from stream.pages(time=times, data={"elapsed": [time - header.began for time in times]})
    complete = count == promised
    yield run.stop(
        time=times[-1] if times else header.began,
        exit_status="success" if complete else "abort",
        reason="" if complete else f"{count} of {promised} frames are there",
    )
