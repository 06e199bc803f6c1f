"""Small runs without files, for examples and tests."""

from __future__ import annotations

from ..documents import RunComposer, column_key
from ..documents.uids import child_uid
from .source import DocumentsSource

__all__ = ["count_run"]


def count_run(
    rows: int, *, uid: str | None = None, time: float = 0.0, stop: bool = True, **metadata: object
) -> DocumentsSource:
    """Return a run of one stream that counts.

    Examples
    --------
    >>> count_run(2, scan_id=7).start["scan_id"]
    7
    """
    run = RunComposer(uid=uid or child_uid("sample", rows), time=time, metadata=metadata)
    values = [float(row) for row in range(rows)]
    documents = [run.start()]
    stream = run.stream(
        "primary",
        data_keys={"x": column_key([0.0], source="counter", units="s")},
        configuration={"x": {"gain": 2.0}},
    )
    documents.append(stream.descriptor())
    documents += stream.pages(time=[time + value for value in values], data={"x": values})
    if stop:
        documents.append(run.stop(time=time + rows, reason="counted"))
    return DocumentsSource(documents)
