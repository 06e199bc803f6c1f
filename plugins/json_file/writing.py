"""Writing a run as one JSON document: ``{"metadata": {…}, "<stream>": {"<key>": […]}}``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.documents import normalise
from ..exporting import Column, Exported, Table, tables_of, whole_file
from ..exporting.plain import without_nan

if TYPE_CHECKING:
    from ...core.report import ReportItem
    from ...core.run import BlueskyRun

__all__ = ["export_run"]


def export_run(run: BlueskyRun, target: str, *, overwrite: bool = False) -> ReportItem:
    """Write a run as strict JSON (RFC 8259), UTF-8.

    ``metadata`` holds ``start``, ``stop`` and ``descriptors`` (by stream); each stream an object of
    columns: ``time``, ``seq_num`` and the data keys, a stream that is called ``metadata`` as
    ``metadata_stream``. NaN and infinities are null, and told. Images are left out, and told.

    Parameters
    ----------
    run, target
        The run, and the file that it becomes.
    overwrite
        Whether a file that is there is replaced.

    Examples
    --------
    >>> import json
    >>> from pathlib import Path
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> item = export_run(BlueskyRun(count_run(2)), "scan.json")
    >>> json.loads(Path("scan.json").read_text())["primary"]["data"]
    {'x': [0.0, 1.0]}
    """
    done = Exported(target, is_partial=run.metadata["stop"] is None)
    document: dict[str, Any] = {
        "metadata": {"start": run.metadata["start"], "stop": run.metadata["stop"]}
    }
    descriptors = document["metadata"]["descriptors"] = {}
    for table in tables_of(run):
        descriptors[table.stream] = table.descriptors
        name = "metadata_stream" if table.stream == "metadata" else table.stream
        document[name] = _columns(table, done)
    with (
        whole_file(target, overwrite=overwrite) as path,
        open(path, "w", encoding="utf-8") as file,
    ):
        json.dump(without_nan(normalise(document)), file, allow_nan=False, ensure_ascii=False)
    return done.item(run.uid)


def _columns(table: Table, done: Exported) -> dict[str, Any]:
    for key in table.images:
        done.omit(table.stream, key, "JSON has no place for images")
    for key, why in table.unreadable.items():
        done.omit(table.stream, key, why)
    data = {key: _values(table, column, done) for key, column in table.columns.items()}
    return {"time": table.time.tolist(), "seq_num": table.seq_num.tolist(), "data": data}


def _values(table: Table, column: Column, done: Exported) -> list[Any]:
    values = column.values
    if values.dtype.kind == "f":
        lost = int(np.count_nonzero(~np.isfinite(values)))
        if lost:
            done.substitute(table.stream, column.key, f"{lost} NaN or infinities are null")
    if values.dtype.kind == "c":
        done.substitute(table.stream, column.key, "complex numbers are pairs of two numbers")
        values = np.stack([values.real, values.imag], axis=-1)
    listed: list[Any] = values.tolist()
    return listed
