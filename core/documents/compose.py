"""Composing a run's documents: few, valid, and the same every time.

`event_model.compose_run` makes random uids and checks every event; `RunComposer` derives every uid
from the run's, writes rows as pages, and checks one document of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import DocumentError
from .columns import PlainColumn, make_column, plain_rows, row_bytes, seconds_column
from .keys import column_key
from .measuring import check_start_size
from .normalising import normalise
from .numbering import SeqNumCounter, SeqNums
from .types import Document
from .uids import child_uid, event_uids
from .validating import validate

__all__ = ["RunComposer", "StreamComposer"]

PAGE_ROWS = 8192
PAGE_BYTES = 4 * 2**20


class RunComposer:
    """Compose the documents of one run.

    Parameters
    ----------
    uid
        The run's uid, from `penstock.core.places.run_uid`.
    time
        When the run began, seconds since 1970-01-01 UTC.
    metadata
        More for the start document. ``hints.dimensions`` defaults to the time of ``primary``.

    Examples
    --------
    >>> run = RunComposer(uid="6f2a", time=0.0, metadata={"sample": {"name": "Cu"}})
    >>> name, start = run.start()
    >>> stream = run.stream("primary", data_keys={"x": column_key([1, 2], source="here")})
    >>> documents = [stream.descriptor(), *stream.pages(time=[0.0, 1.0], data={"x": [1, 2]})]
    >>> run.stop(time=1.0)[1]["num_events"]
    {'primary': 2}
    """

    def __init__(self, *, uid: str, time: float, metadata: Mapping[str, Any] | None = None) -> None:
        self.uid = uid
        self.time = float(time)
        self._metadata = dict(metadata or {})
        self._descriptors: dict[str, int] = {}
        self._counters: dict[str, SeqNumCounter] = {}

    def start(self) -> Document:
        """Return the start document, of at most 64 KiB (UTF-8 of its compact JSON).

        Raises
        ------
        DocumentError
            If the metadata do not fit the event model, or take more.
        """
        hints = {"dimensions": [[["time"], "primary"]], **self._metadata.get("hints", {})}
        doc = normalise(
            {**self._metadata, "uid": self.uid, "time": self.time, "hints": hints}, where="start"
        )
        validate("start", doc)
        check_start_size(doc)
        return "start", doc

    def stream(
        self,
        name: str,
        *,
        data_keys: Mapping[str, dict[str, Any]],
        time: float | None = None,
        objects: Mapping[str, Sequence[str]] | None = None,
        configuration: Mapping[str, Mapping[str, Any]] | None = None,
        units: Mapping[str, str] | None = None,
        hints: Mapping[str, Any] | None = None,
    ) -> StreamComposer:
        """Begin a stream.

        Parameters
        ----------
        name
            Such as ``"primary"``. A name given again makes a further descriptor of that stream;
            sequence numbers are given out in the order in which rows are composed.
        data_keys
            From `array_key` and `column_key`.
        time
            When it was described; the run's time if not given.
        objects
            Which object (detector, motor, …) each data key belongs to; keys not named belong to
            an object of their own name.
        configuration
            For each object, its constants: ``{"det": {"exposure": 0.1}}``.
        units
            Of constants in `configuration`, by name.
        hints
            For each object, ``{"fields": [...]}``; by default its scalar data keys.
        """
        number = self._descriptors.get(name, 0)
        self._descriptors[name] = number + 1
        return StreamComposer(
            uid=child_uid(self.uid, "descriptor", name, number),
            run_uid=self.uid,
            name=name,
            data_keys=data_keys,
            time=self.time if time is None else float(time),
            objects=_complete_objects(data_keys, objects or {}),
            configuration=configuration or {},
            units=units or {},
            hints=hints,
            seq_nums=SeqNums(self._counters.setdefault(name, SeqNumCounter())),
        )

    def stop(self, *, time: float, exit_status: str = "success", reason: str = "") -> Document:
        """Return the stop document.

        Parameters
        ----------
        time
            When the run ended, seconds since 1970-01-01 UTC.
        exit_status
            ``"success"`` only where recorded, or where nothing is missing; else ``"abort"`` or
            ``"fail"``.
        reason
            Why it ended so, and whether that is recorded or inferred.
        """
        doc = {
            "uid": child_uid(self.uid, "stop"),
            "run_start": self.uid,
            "time": float(time),
            "exit_status": exit_status,
            "reason": reason,
            "num_events": {name: counter.count for name, counter in self._counters.items()},
        }
        validate("stop", doc)
        return "stop", doc


class StreamComposer:
    """Compose the documents of one stream; made by `RunComposer.stream`.

    Examples
    --------
    >>> run = RunComposer(uid="6f2a", time=0.0)
    >>> stream = run.stream("primary", data_keys={"x": column_key([1.5], source="here")})
    >>> stream.descriptor()[1]["hints"]
    {'x': {'fields': ['x']}}
    """

    def __init__(
        self,
        *,
        uid: str,
        run_uid: str,
        name: str,
        data_keys: Mapping[str, dict[str, Any]],
        time: float,
        objects: dict[str, list[str]],
        configuration: Mapping[str, Mapping[str, Any]],
        units: Mapping[str, str],
        hints: Mapping[str, Any] | None,
        seq_nums: SeqNums,
    ) -> None:
        self.uid = uid
        self.name = name
        self._run_uid = run_uid
        self._data_keys = dict(data_keys)
        self._time = time
        self._objects = objects
        self._configuration = configuration
        self._units = units
        self._hints = hints
        self._seq_nums = seq_nums
        self._resources = 0
        self._external_rows: dict[str, int] = {}
        self._page_rows = 0

    @property
    def rows(self) -> int:
        """How many rows have been composed so far."""
        return self._seq_nums.rows

    def descriptor(self) -> Document:
        """Return the descriptor document."""
        configuration = {
            name: self._configuration_of(name)
            for name in dict.fromkeys([*self._objects, *self._configuration])
        }
        doc = normalise(
            {
                "uid": self.uid,
                "run_start": self._run_uid,
                "time": self._time,
                "name": self.name,
                "data_keys": {
                    key: {**data_key, "object_name": owner}
                    for owner, keys in self._objects.items()
                    for key, data_key in ((key, self._data_keys[key]) for key in keys)
                },
                "object_keys": self._objects,
                "configuration": configuration,
                "hints": self._default_hints() if self._hints is None else self._hints,
            },
            where="descriptor",
        )
        validate("descriptor", doc)
        return "descriptor", doc

    def _configuration_of(self, name: str) -> dict[str, Any]:
        data = normalise(dict(self._configuration.get(name, {})), where=f"configuration.{name}")
        return {
            "data": data,
            "timestamps": dict.fromkeys(data, self._time),
            "data_keys": {
                key: column_key([value], source=name, units=self._units.get(key))
                for key, value in data.items()
            },
        }

    def _default_hints(self) -> dict[str, Any]:
        return {
            owner: {
                "fields": [
                    key
                    for key in keys
                    if not self._data_keys[key]["shape"]
                    and self._data_keys[key]["dtype"] in ("number", "integer")
                ]
            }
            for owner, keys in self._objects.items()
        }

    def external(
        self,
        key: str,
        *,
        mimetype: str,
        uri: str,
        parameters: Mapping[str, Any],
        ranges: Sequence[tuple[int, int]],
    ) -> Iterator[Document]:
        """Yield the documents that say where the bytes of data key `key` lie.

        Parameters
        ----------
        key
            A data key made with ``external=True``.
        mimetype, uri, parameters
            What the asset reader of that mimetype expects.
        ranges
            Half-open stretches of datum indices, in the order of the rows; the rows' sequence
            numbers count on from those that earlier calls for this key covered.
        """
        self._resources += 1
        uid = child_uid(self.uid, "stream_resource", self._resources)
        resource = {
            "uid": uid,
            "run_start": self._run_uid,
            "data_key": key,
            "mimetype": mimetype,
            "uri": uri,
            "parameters": normalise(dict(parameters), where="stream_resource.parameters"),
        }
        validate("stream_resource", resource)
        yield "stream_resource", resource
        number = 0
        for first, stop in ranges:
            row = self._external_rows.get(key, 0)
            self._external_rows[key] = row + int(stop) - int(first)
            index = int(first)
            for begin, end in self._seq_nums.stretches(row, self._external_rows[key]):
                datum = {
                    "uid": f"{uid}/{number}",
                    "stream_resource": uid,
                    "descriptor": self.uid,
                    "indices": {"start": index, "stop": index + end - begin},
                    "seq_nums": {"start": begin, "stop": end},
                }
                if number == 0:  # the others differ in nothing that a schema could find wrong
                    validate("stream_datum", datum)
                yield "stream_datum", datum
                number, index = number + 1, index + end - begin

    def pages(
        self,
        *,
        time: Sequence[float] | np.ndarray[Any, Any],
        data: Mapping[str, Any] | None = None,
        timestamps: Mapping[str, Any] | None = None,
    ) -> Iterator[Document]:
        """Yield event pages: of all rows of the stream, or of those that follow earlier calls'.

        Parameters
        ----------
        time
            Of each row, seconds since 1970-01-01 UTC.
        data
            For each data key that is not external, its values row by row.
        timestamps
            For each data key, the time of each value; the row's time where not given.

        Raises
        ------
        DocumentError
            If a column is missing, unknown, of another length, or holds what no document can.
        """
        where = f"stream {self.name!r}"
        times = seconds_column(time, f"{where}, time")
        columns = {
            key: make_column(values, where=f"{where}, column {key!r}")
            for key, values in (data or {}).items()
        }
        stamps = {
            key: seconds_column(
                (timestamps or {}).get(key, times), f"{where}, timestamps of {key!r}"
            )
            for key in columns
        }
        self._check_columns(columns, stamps, len(times))
        step = _rows_per_page(columns)
        for begin in range(0, len(times), step):
            rows = slice(begin, begin + step)
            doc = self._page(times[rows], columns, stamps, rows)
            if begin == 0:
                validate("event_page", doc)
            yield "event_page", doc

    def _page(
        self,
        times: np.ndarray[Any, Any],
        columns: dict[str, PlainColumn],
        stamps: dict[str, np.ndarray[Any, Any]],
        rows: slice,
    ) -> dict[str, Any]:
        time_list = times.tolist()
        before, self._page_rows = self._page_rows, self._page_rows + len(time_list)
        stretches = self._seq_nums.stretches(before, self._page_rows)
        parent = child_uid(self.uid, "event")
        return {
            "descriptor": self.uid,
            "uid": [
                uid for first, stop in stretches for uid in event_uids(parent, first, stop - first)
            ],
            "seq_num": [number for stretch in stretches for number in range(*stretch)],
            "time": time_list,
            "data": {key: plain_rows(values, rows) for key, values in columns.items()},
            "timestamps": {key: values[rows].tolist() for key, values in stamps.items()},
            "filled": {},
        }

    def _check_columns(
        self,
        columns: dict[str, PlainColumn],
        stamps: dict[str, np.ndarray[Any, Any]],
        rows: int,
    ) -> None:
        expected = {key for key, value in self._data_keys.items() if "external" not in value}
        if set(columns) != expected:
            raise DocumentError(
                f"the columns are {sorted(columns)} where the descriptor says {sorted(expected)}",
                where=f"stream {self.name!r}",
                remedy="Give every data key that is not external, and no other.",
            )
        for key, column in columns.items():
            if len(column) != rows or len(stamps[key]) != rows:
                raise DocumentError(
                    f"column {key!r} has {len(column)} rows (timestamps {len(stamps[key])})"
                    f" where time has {rows}",
                    where=f"stream {self.name!r}",
                )


def _complete_objects(
    data_keys: Mapping[str, Any], objects: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    complete = {owner: list(keys) for owner, keys in objects.items()}
    named = [key for keys in complete.values() for key in keys]
    if len(set(named)) != len(named) or not set(named) <= set(data_keys):
        raise DocumentError(
            f"objects {complete} name a data key twice, or one that is not in {sorted(data_keys)}",
            remedy="Name every data key under one object.",
        )
    for key in data_keys:
        if key not in named:
            complete.setdefault(key, []).append(key)
    return complete


def _rows_per_page(columns: dict[str, PlainColumn]) -> int:
    largest = sum(map(row_bytes, columns.values())) + 64
    return max(1, min(PAGE_ROWS, PAGE_BYTES // largest))
