"""Writing a run as a scan of a SPEC file.

After the file format that spec's manual describes (https://certif.com/spec_manual/user_1_4_1.html),
within what its readers agree on: ASCII labels parted by two spaces, at most eight motors a line, no
line break in a header, no NaN in a row (readers shift the columns behind one).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ExportError
from ..exporting import Column, Exported, Table, tables_of, whole_file

if TYPE_CHECKING:
    from ...core.report import ReportItem
    from ...core.run import BlueskyRun

__all__ = ["export_run"]

_MOTORS_A_LINE = 8
_BASELINE = "baseline"


def export_run(
    run: BlueskyRun, target: str, *, overwrite: bool = False, sentinel: float = -1e99
) -> ReportItem:
    """Write a run's main stream as a scan of a SPEC file.

    The columns are the data keys and ``Epoch`` (seconds since ``#E``). Motors of the stream
    ``baseline`` stand in ``#O`` and ``#P``. Text becomes a code with a legend in ``#C`` lines,
    truth values 1 and 0, an array of numbers in each row ``@A`` lines. Images and other streams
    are left out, and told.

    Parameters
    ----------
    run, target
        The run, and the file that it becomes.
    overwrite
        Whether a file that is there is replaced.
    sentinel
        What stands for NaN and infinities, which no reader survives; a ``#C`` line tells.

    Raises
    ------
    ExportError
        If the run has no stream, or the sentinel is no finite number.

    Examples
    --------
    >>> from pathlib import Path
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> item = export_run(BlueskyRun(count_run(2)), "scan.spec")
    >>> Path("scan.spec").read_text().splitlines()[-4:]
    ['#N 2', '#L Epoch  x', '0 0', '1 1']
    """
    if not np.isfinite(sentinel):
        raise ExportError("the sentinel is no finite number", remedy="Give one, such as -1e99.")
    tables = {table.stream: table for table in tables_of(run)}
    if not tables:
        raise ExportError("the run has no stream", where=f"run {run.uid}")
    main = tables.get("primary") or next(iter(tables.values()))
    done = Exported(target, is_partial=run.metadata["stop"] is None)
    for name, table in tables.items():
        if table is not main and name != _BASELINE:
            for key in (*table.columns, *table.images, *table.unreadable):
                done.omit(name, key, "a scan has one stream")
    with (
        whole_file(target, overwrite=overwrite) as path,
        open(path, "w", encoding="ascii", newline="\n") as file,
    ):
        _write(file, run, main, tables.get(_BASELINE), sentinel, done)
    return done.item(run.uid)


def _write(
    file: TextIO,
    run: BlueskyRun,
    table: Table,
    baseline: Table | None,
    sentinel: float,
    done: Exported,
) -> None:
    start, stop = run.metadata["start"], run.metadata["stop"]
    epoch = int(start["time"])
    date = time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(epoch))
    motors = [] if baseline is None or baseline is table else _motors(baseline, done)
    file.write(f"#F {_plain(run.uid)}\n#E {epoch}\n#D {date}\n#C times are UTC\n")
    for line, names in enumerate(_lines([name for name, _ in motors])):
        file.write(f"#O{line} {'  '.join(names)}\n")
    scan = start.get("scan_id")
    number = scan if isinstance(scan, int) and not isinstance(scan, bool) and scan > 0 else 1
    what = _plain(str(start.get("plan_name") or start.get("title") or "scan"))
    file.write(f"\n#S {number} {what}\n#D {date}\n#C uid = {_plain(run.uid)}\n")
    if stop is not None:
        file.write(f"#C exit_status = {_plain(str(stop.get('exit_status', '')))}\n")
    for line, values in enumerate(_lines([_number(value, sentinel) for _, value in motors])):
        file.write(f"#P{line} {' '.join(values)}\n")
    columns, spectra = _columns(file, table, epoch, sentinel, done)
    lengths = sorted({spectrum.shape[1] for spectrum in spectra.values()})
    if lengths:
        file.write(f"#@MCA {lengths[-1]}C\n#@CHANN {lengths[-1]} 0 {lengths[-1] - 1} 1\n")
        for name in spectra:
            file.write(f"#C the @A lines of each row are {name}\n")
    file.write(f"#N {len(columns)}\n#L {'  '.join(columns)}\n")
    for row in range(len(table)):
        for spectrum in spectra.values():
            file.write(f"@A {' '.join(_number(value, sentinel) for value in spectrum[row])}\n")
        file.write(" ".join(_number(values[row], sentinel) for values in columns.values()) + "\n")


def _columns(
    file: TextIO, table: Table, epoch: int, sentinel: float, done: Exported
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Return columns of numbers by label, and spectra; write legends, and tell of the rest."""
    columns: dict[str, NDArray[Any]] = {"Epoch": table.time - epoch}
    spectra: dict[str, NDArray[Any]] = {}
    for key in table.images:
        done.omit(table.stream, key, "SPEC files have no place for images")
    for key, why in table.unreadable.items():
        done.omit(table.stream, key, why)
    for key, column in table.columns.items():
        label = _label(key, columns)
        if column.kind in ("number", "boolean"):
            columns[label] = column.values
            _tell_lost(file, table, key, label, column.values, sentinel, done)
            if column.kind == "boolean":
                done.substitute(table.stream, key, "truth values are 1 and 0")
        elif column.kind == "text":
            columns[label] = _code(file, label, column)
            done.substitute(table.stream, key, "texts are numbers, which #C lines tell of")
        elif column.kind == "array" and column.values.ndim == 2 and not spectra:
            if column.values.dtype.kind == "c":
                done.omit(table.stream, key, "SPEC files have no complex numbers")
            else:
                spectra[label] = column.values
                _tell_lost(file, table, key, label, column.values, sentinel, done)
        else:
            done.omit(table.stream, key, "SPEC files have one number, or one spectrum, in a row")
    return columns, spectra


def _tell_lost(
    file: TextIO,
    table: Table,
    key: str,
    label: str,
    values: NDArray[Any],
    sentinel: float,
    done: Exported,
) -> None:
    lost = np.count_nonzero(~np.isfinite(values.astype(float)))
    if lost:
        told = f"{lost} NaN or infinities are {sentinel:g}"
        done.substitute(table.stream, key, told)
        file.write(f"#C {label}: {told}\n")


def _code(file: TextIO, label: str, column: Column) -> NDArray[Any]:
    texts, codes = np.unique(column.values, return_inverse=True)
    for code, text in enumerate(texts.tolist()):
        file.write(f"#C {label} {code} = {_plain(text)}\n")
    return codes


def _motors(baseline: Table, done: Exported) -> list[tuple[str, Any]]:
    """Return what the baseline says before the scan: the first of its rows."""
    found: list[tuple[str, Any]] = []
    taken: dict[str, Any] = {}
    for key, column in baseline.columns.items():
        if column.kind == "number" and len(column.values):
            label = _label(key, taken)
            taken[label] = None
            found.append((label, column.values[0]))
            if len(column.values) > 1:
                done.substitute(baseline.stream, key, "of its values, the first stands for all")
        else:
            done.omit(baseline.stream, key, "motors have one number")
    for key in (*baseline.images, *baseline.unreadable):
        done.omit(baseline.stream, key, "motors have one number")
    return found


def _lines(items: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(items), _MOTORS_A_LINE):
        yield items[first : first + _MOTORS_A_LINE]


def _number(value: Any, sentinel: float) -> str:
    number = np.asarray(value)
    if number.dtype.kind in "iub":
        return str(int(number))
    single = float(number)
    return f"{single:.17g}" if np.isfinite(single) else f"{sentinel:.17g}"


def _label(key: str, taken: dict[str, Any]) -> str:
    """Return a label: ASCII, no two spaces in it, not taken."""
    label = re.sub(r"\s+", " ", _plain(key)).strip() or "column"
    free, number = label, 1
    while free in taken:
        number += 1
        free = f"{label}_{number}"
    return free


def _plain(text: str) -> str:
    """Return a text in ASCII, on one line."""
    flat = re.sub(r"[\r\n\t\v\f]+", " ", text.replace("µ", "u"))
    return flat.encode("ascii", "backslashreplace").decode("ascii")
