"""Writing a run as CSV: one file for each stream, and ``datapackage.json``, which tells of them.

After RFC 4180 and the Frictionless Data Package standard (tabular data resources): comma, double
quotes, UTF-8, one header line, nothing before it. Numbers are written so that they are read back
equal; missing values (NaN, None) are empty cells.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..exporting import Column, Exported, Table, tables_of, whole_folder
from ..exporting.plain import json_cell, safe_names, strict_json

if TYPE_CHECKING:
    from ...core.report import ReportItem
    from ...core.run import BlueskyRun

__all__ = ["export_run"]

_FIRST = ("time", "seq_num")


def export_run(
    run: BlueskyRun, target: str, *, overwrite: bool = False, arrays: bool = False
) -> ReportItem:
    """Write a run's streams into a folder, ``<stream>.csv`` each, and ``datapackage.json``.

    The columns are ``time`` (seconds since 1970-01-01 UTC), ``seq_num`` and the data keys. Images
    are left out, and told.

    Parameters
    ----------
    run, target
        The run, and the folder that it becomes.
    overwrite
        Whether a folder that is there is replaced.
    arrays
        Whether short arrays (spectra) are written, each number in a column of its own:
        ``spectrum_0``, ``spectrum_1`` …; otherwise they are left out.

    Examples
    --------
    >>> from pathlib import Path
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> item = export_run(BlueskyRun(count_run(2)), "scan")
    >>> print(Path("scan/primary.csv").read_text().strip())
    time,seq_num,x
    0.0,1,0.0
    1.0,2,1.0
    """
    done = Exported(target, is_partial=run.metadata["stop"] is None)
    with whole_folder(target, overwrite=overwrite) as folder:
        names = safe_names(run, allowed=r"[^\w.-]+")
        resources = []
        for table in tables_of(run):
            name = names[table.stream]
            path = f"{name}.csv"
            frame, fields = _frame(table, done, arrays=arrays)
            frame.to_csv(os.path.join(folder, path), index=False, lineterminator="\n")
            done.files.append(os.path.join(target, path))
            resources.append(_resource(name, path, table, fields))
        _write_package(os.path.join(folder, "datapackage.json"), run, resources)
        done.files.append(os.path.join(target, "datapackage.json"))
    return done.item(run.uid)


def _frame(
    table: Table, done: Exported, *, arrays: bool
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    columns: dict[str, Any] = {"time": table.time, "seq_num": table.seq_num}
    fields = [
        {"name": "time", "type": "number", "unit": "s", "title": "seconds since 1970-01-01 UTC"},
        {"name": "seq_num", "type": "integer"},
    ]
    for key in table.images:
        done.omit(table.stream, key, "CSV has no place for images")
    for key, why in table.unreadable.items():
        done.omit(table.stream, key, why)
    for key, column in table.columns.items():
        name = f"{key}_value" if key in _FIRST else key
        if column.kind == "array":
            if arrays and column.values.ndim == 2:
                for number in range(column.values.shape[1]):
                    part = Column(f"{name}_{number}", column.values[:, number], column.data_key)
                    columns[part.key] = part.values
                    fields.append(_field(part.key, part))
            else:
                done.omit(table.stream, key, "arrays have no place in a cell")
            continue
        columns[name], note = _cells(column)
        fields.append(_field(name, column))
        if note:
            done.substitute(table.stream, key, note)
    return pd.DataFrame(columns), fields


def _cells(column: Column) -> tuple[Any, str]:
    """Return the cells of a column, and what was put in the place of what."""
    values = column.values
    if column.kind == "number" and values.dtype.kind == "f":
        lost = int(np.count_nonzero(np.isnan(values)))
        return values, f"{lost} NaN are empty cells" if lost else ""
    if column.kind == "boolean":
        return np.where(values, "true", "false"), ""
    if column.kind == "text":
        return values, ""
    cells = [json_cell(value) for value in values.tolist()]
    return cells, "values of several kinds are written as JSON"


def _field(name: str, column: Column) -> dict[str, Any]:
    kinds = {"boolean": "boolean", "text": "string", "mixed": "string"}
    number = "integer" if column.values.dtype.kind in "iu" else "number"
    described = {"name": name, "type": kinds.get(column.kind, number)}
    if column.units:
        described["unit"] = column.units
    if column.data_key.get("source"):
        described["description"] = f"source: {column.data_key['source']}"
    return described


def _resource(name: str, path: str, table: Table, fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name.lower(),
        "title": f"stream {table.stream}",
        "path": path,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {"fields": fields, "missingValues": [""]},
    }


def _write_package(path: str, run: BlueskyRun, resources: list[dict[str, Any]]) -> None:
    start = run.metadata["start"]
    package = {
        "profile": "tabular-data-package",
        "name": f"run-{start['uid']}".lower(),
        "title": str(start.get("title") or start.get("plan_name") or f"run {start['uid']}"),
        "resources": resources,
        "bluesky": {"start": start, "stop": run.metadata["stop"]},
    }
    with open(path, "w", encoding="utf-8") as file:
        file.write(strict_json(package, indent=2))
