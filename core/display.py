"""How runs, streams and catalogs show themselves to people."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Protocol

from .wording import on_one_line

__all__ = [
    "ShownRun",
    "ShownStream",
    "catalog_html",
    "describe_catalog",
    "describe_run",
    "describe_stream",
    "format_time",
    "run_html",
]

MOST_RUNS = 20


class ShownStream(Protocol):
    """What is shown of a stream."""

    @property
    def data_keys(self) -> Mapping[str, dict[str, Any]]:
        """Its data keys."""


class ShownRun(Protocol):
    """What is shown of a run."""

    @property
    def uid(self) -> str:
        """Its uid."""

    @property
    def start(self) -> dict[str, Any]:
        """Its start document."""

    @property
    def stop(self) -> dict[str, Any] | None:
        """Its stop document, None where there is none."""

    @property
    def streams(self) -> Mapping[str, ShownStream]:
        """Its streams by name."""

    def row_count(self, name: str) -> int:
        """Return how many rows a stream has."""


def format_time(seconds: float | None) -> str:
    """Return a time as local text, to the millisecond.

    Examples
    --------
    >>> format_time(None)
    '…'
    >>> len(format_time(1638827196.397))
    23
    """
    if seconds is None:
        return "…"
    try:
        when = datetime.datetime.fromtimestamp(seconds)
    except (OverflowError, ValueError, OSError):  # a file may claim any number
        return f"{seconds!r} s"
    return when.isoformat(sep=" ", timespec="milliseconds")


def describe_run(run: ShownRun) -> str:
    """Return the summary that typing `run` shows: uid, exit status, times, streams."""
    start = run.start
    lines = ["BlueskyRun", f"  uid={run.uid!r}"]
    try:
        stop = run.stop
        lines.append(f"  exit_status={_exit_status(stop)!r}")
        lines.append(f"  {format_time(start['time'])} -- {format_time((stop or {}).get('time'))}")
        lines.append("  Streams:")
        streams = [f"    * {name} ({_rows(run.row_count(name))})" for name in run.streams]
        lines += streams or ["    (none)"]
    except Exception as error:  # noqa: BLE001  # a summary says what is wrong, it does not fail
        lines.append(f"  {format_time(start['time'])} -- ?")
        lines.append(f"  cannot be read: {error}")
    return "\n".join(map(on_one_line, lines))  # documents come from anywhere


def _exit_status(stop: dict[str, Any] | None) -> str:
    return "in progress, or cut short" if stop is None else str(stop.get("exit_status"))


def _rows(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def run_html(run: ShownRun) -> str:
    """Return the summary of a run for notebooks."""
    start = run.start
    try:
        stop = run.stop
        rows = [
            ("uid", run.uid),
            ("exit_status", _exit_status(stop)),
            ("time", f"{format_time(start['time'])} – {format_time((stop or {}).get('time'))}"),
        ]
        streams = [
            (name, _rows(run.row_count(name)), key, _shape(data_key))
            for name, stream in run.streams.items()
            for key, data_key in stream.data_keys.items()
        ]
    except Exception as error:  # noqa: BLE001  # as in describe_run
        rows = [("uid", run.uid), ("cannot be read", str(error))]
        streams = []
    table = _html_table(("stream", "rows", "data key", "shape and type"), streams)
    return f"<b>BlueskyRun</b>{_html_table((), rows)}{table}"


def _shape(data_key: dict[str, Any]) -> str:
    sizes = " × ".join(map(str, data_key.get("shape") or ())) or "scalar"
    return f"{sizes} {data_key.get('dtype_numpy') or data_key.get('dtype', '')}"


def describe_stream(name: str, rows: int, data_keys: Mapping[str, dict[str, Any]]) -> str:
    """Return one line on a stream and one on each of its data keys.

    Examples
    --------
    >>> print(describe_stream("primary", 1, {"x": {"dtype": "number", "shape": []}}))
    <BlueskyEventStream 'primary', 1 event>
      x: scalar number
    """
    lines = [f"<BlueskyEventStream {name!r}, {_rows(rows)}>"]
    lines += [f"  {key}: {_shape(data_key)}" for key, data_key in data_keys.items()]
    return "\n".join(map(on_one_line, lines))  # documents come from anywhere


def describe_catalog(kind: str, count: int, newest: Sequence[dict[str, Any]]) -> str:
    """Return one line on a catalog and one on each of its newest runs.

    Examples
    --------
    >>> describe_catalog("BlueskyInMemoryCatalog", 0, [])
    '<BlueskyInMemoryCatalog of 0 runs>'
    """
    lines = [f"<{kind} of {count} {'run' if count == 1 else 'runs'}>"]
    lines += [
        f"  {start['uid'][:8]}  {format_time(start['time'])}  {_about(start)}"
        for start in newest[:MOST_RUNS]
    ]
    if count > MOST_RUNS:
        lines.append(f"  … and {count - MOST_RUNS} older")
    return "\n".join(map(on_one_line, lines))  # documents come from anywhere


def catalog_html(kind: str, count: int, newest: Sequence[dict[str, Any]]) -> str:
    """Return a table of a catalog's newest runs for notebooks.

    Examples
    --------
    >>> "of 0 run" in catalog_html("BlueskyInMemoryCatalog", 0, [])
    True
    """
    rows = [
        (start["uid"][:8], format_time(start["time"]), _about(start))
        for start in newest[:MOST_RUNS]
    ]
    table = _html_table(("uid", "start", "about"), rows)
    return f"<b>{escape(kind)}</b> of {count} run(s){table}"


def _about(start: dict[str, Any]) -> str:
    """Return what a start document says that tells it from others."""
    sample = start.get("sample")
    name = sample.get("name") if isinstance(sample, dict) else sample
    parts = (
        start.get("scan_id"),
        start.get("plan_name"),
        start.get("title"),
        name,
        start.get("file_name"),
    )
    return "  ".join(str(part) for part in parts if part not in (None, ""))


def _html_table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(on_one_line(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table>{f'<tr>{titles}</tr>' if titles else ''}{body}</table>"
