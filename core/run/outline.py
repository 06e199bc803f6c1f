"""What a run consists of, read from its documents once: streams, descriptors, rows, references.

Draining reads documents, never pixels. The documents themselves are kept for later passes unless
they hold arrays (an ingestor may yield events with images in them) beyond a budget; then a later
pass calls the ingestor again, and memory stays flat.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..documents import Document, check_parts, unmasked_dtype
from ..errors import DocumentError

__all__ = ["RunOutline", "StreamOutline", "drain", "retold"]

KEEP_BYTES = 64 * 2**20
_ROW_BYTES, _ITEM_BYTES = 1024, 64
"""About what a document of a row, and a value in a list of them, take in memory."""


@dataclass
class StreamOutline:
    """One stream: its descriptors and how many rows each has."""

    name: str
    descriptors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def data_keys(self) -> dict[str, dict[str, Any]]:
        """The data keys of all its descriptors; a later one's wins."""
        return {key: value for doc in self.descriptors for key, value in doc["data_keys"].items()}


@dataclass
class RunOutline:
    """One run, without its rows.

    Attributes
    ----------
    stop
        None while the run has none: it is in progress, or was cut short.
    seq_nums
        For each descriptor, the sequence numbers of its events in the order of the documents.
    datums
        For each (descriptor uid, data key), its ``stream_datum`` documents.
    widened
        For each (descriptor uid, data key) of which events hold something masked, the dtype that
        its values take; of objects where no dtype can tell what is masked.
    kept
        All documents, or None if they hold too much to be kept.
    """

    start: dict[str, Any]
    stop: dict[str, Any] | None = None
    streams: dict[str, StreamOutline] = field(default_factory=dict)
    descriptors: dict[str, dict[str, Any]] = field(default_factory=dict)
    seq_nums: dict[str, list[int]] = field(default_factory=dict)
    stream_resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    stream_datums: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    datums: dict[str, dict[str, Any]] = field(default_factory=dict)
    widened: dict[tuple[str, str], np.dtype[Any]] = field(default_factory=dict)
    kept: list[Document] | None = field(default_factory=list)
    _kept_bytes: int = 0
    _maskable: dict[tuple[str, str], np.dtype[Any]] = field(default_factory=dict)

    def row_numbers(self, descriptor: str) -> np.ndarray[Any, Any]:
        """Return the sequence numbers of a descriptor's rows: those of its events, in their order.

        Rows that only ``stream_datum`` documents know follow.
        """
        numbers = np.asarray(self.seq_nums.get(descriptor, ()), dtype=np.int64)
        ranges = [
            np.arange(doc["seq_nums"]["start"], doc["seq_nums"]["stop"], dtype=np.int64)
            for (uid, _), docs in self.stream_datums.items()
            if uid == descriptor
            for doc in docs
        ]
        if not ranges:
            return numbers
        extra = np.setdiff1d(np.unique(np.concatenate(ranges)), numbers)
        return np.concatenate([numbers, extra])

    def row_count(self, stream: str) -> int:
        """Return how many rows a stream has."""
        return sum(len(self.row_numbers(doc["uid"])) for doc in self.streams[stream].descriptors)

    # Reading documents ----------------------------------------------------------------------

    def add(self, name: str, doc: dict[str, Any]) -> None:
        """Take note of one document."""
        handler = _HANDLERS.get(name)
        if handler is None:
            raise DocumentError(
                f"{name!r} is not the name of a document",
                where=f"run {self.start['uid']}",
                remedy="Yield pairs such as ('event', doc), as event_model defines them.",
            )
        check_parts(name, doc, where=f"run {self.start['uid']}")
        try:
            handler(self, doc)
        except (KeyError, TypeError) as error:
            raise DocumentError(
                f"a {name} document is malformed: {type(error).__name__}: {error}",
                where=f"run {self.start['uid']}",
                remedy="Compose documents with event_model or RunComposer.",
            ) from error
        self._keep(name, doc)

    def _keep(self, name: str, doc: dict[str, Any]) -> None:
        if self.kept is None:
            return
        if name in ("event", "event_page"):
            self._kept_bytes += _ROW_BYTES + sum(map(_nbytes, doc.get("data", {}).values()))
        if self._kept_bytes > KEEP_BYTES:
            self.kept = None
        else:
            self.kept.append((name, doc))

    def _add_start(self, doc: dict[str, Any]) -> None:
        if doc["uid"] != self.start["uid"]:
            raise DocumentError(
                f"a second run starts ({doc['uid']})",
                where=f"run {self.start['uid']}",
                remedy="An ingestor yields one run; register one call for each.",
            )

    def _add_stop(self, doc: dict[str, Any]) -> None:
        self.stop = doc

    def _add_descriptor(self, doc: dict[str, Any]) -> None:
        name = doc.get("name", "primary")
        self.descriptors[doc["uid"]] = doc
        self.streams.setdefault(name, StreamOutline(name)).descriptors.append(doc)
        self.seq_nums.setdefault(doc["uid"], [])

    def _add_event(self, doc: dict[str, Any]) -> None:
        self._rows_of(doc).append(doc["seq_num"])
        for key, value in doc["data"].items():
            if isinstance(value, np.ma.MaskedArray):
                self._note_masks(doc["descriptor"], key, [value])

    def _add_event_page(self, doc: dict[str, Any]) -> None:
        self._rows_of(doc).extend(doc["seq_num"])
        for key, column in doc["data"].items():
            values = column if isinstance(column, list) else [column]
            if np.ma.MaskedArray in set(map(type, values)):
                self._note_masks(doc["descriptor"], key, values)

    def _note_masks(self, uid: str, key: str, values: list[Any]) -> None:
        """Take note of what the values of a key become, in all rows, where some are masked."""
        masked = [value for value in values if isinstance(value, np.ma.MaskedArray)]
        for value in masked:
            dtype = unmasked_dtype(value)
            known = self._maskable.get((uid, key), dtype)
            self._maskable[uid, key] = _promoted(known, dtype)
        if (uid, key) in self.widened or any(map(np.ma.is_masked, masked)):
            self.widened[uid, key] = self._maskable[uid, key]

    def _rows_of(self, doc: dict[str, Any]) -> list[int]:
        try:
            return self.seq_nums[doc["descriptor"]]
        except KeyError:
            raise DocumentError(
                f"an event belongs to descriptor {doc['descriptor']!r}, which has not come before",
                where=f"run {self.start['uid']}",
            ) from None

    def _add_stream_resource(self, doc: dict[str, Any]) -> None:
        self.stream_resources[doc["uid"]] = doc

    def _add_stream_datum(self, doc: dict[str, Any]) -> None:
        key = self.stream_resources[doc["stream_resource"]]["data_key"]
        self.stream_datums.setdefault((doc["descriptor"], key), []).append(doc)

    def _add_resource(self, doc: dict[str, Any]) -> None:
        self.resources[doc["uid"]] = doc

    def _add_datum(self, doc: dict[str, Any]) -> None:
        self.datums[doc["datum_id"]] = doc

    def _add_datum_page(self, doc: dict[str, Any]) -> None:
        for row, datum_id in enumerate(doc["datum_id"]):
            self.datums[datum_id] = {
                "datum_id": datum_id,
                "resource": doc["resource"],
                "datum_kwargs": {key: column[row] for key, column in doc["datum_kwargs"].items()},
            }

    def _add_bulk(self, doc: dict[str, Any]) -> None:
        raise DocumentError(
            "bulk_events and bulk_datum are long gone from the event model",
            where=f"run {self.start['uid']}",
            remedy="Yield event_page and datum_page documents.",
        )


_HANDLERS = {
    "start": RunOutline._add_start,
    "stop": RunOutline._add_stop,
    "descriptor": RunOutline._add_descriptor,
    "event": RunOutline._add_event,
    "event_page": RunOutline._add_event_page,
    "stream_resource": RunOutline._add_stream_resource,
    "stream_datum": RunOutline._add_stream_datum,
    "resource": RunOutline._add_resource,
    "datum": RunOutline._add_datum,
    "datum_page": RunOutline._add_datum_page,
    "bulk_events": RunOutline._add_bulk,
    "bulk_datum": RunOutline._add_bulk,
}


def retold(documents: Iterable[Document], outline: RunOutline) -> Iterator[Document]:
    """Yield a later pass under the uids that descriptors had in the pass that was outlined.

    Ingestors of others may make random uids each time; the n-th descriptor stays the n-th, and
    the n-th datum too.

    Examples
    --------
    >>> first = {"uid": "one", "time": 0.0, "name": "primary", "data_keys": {}}
    >>> outline = drain({"uid": "6f2a"}, iter([("descriptor", first)]))
    >>> again = retold([("descriptor", first | {"uid": "two"})], outline)
    >>> [doc["uid"] for name, doc in again]
    ['one']
    """
    known, known_datums = iter(outline.descriptors), iter(outline.datums)
    uids: dict[str, str] = {}
    datums: dict[str, str] = {}
    for name, doc in documents:
        if name == "descriptor":
            uids[doc["uid"]] = next(known, doc["uid"])
            yield name, {**doc, "uid": uids[doc["uid"]]}
        elif "descriptor" in doc:
            uid = uids.get(doc["descriptor"], doc["descriptor"])
            yield name, {**_with_known_datums(doc, datums), "descriptor": uid}
        else:
            if name in ("datum", "datum_page"):
                given = [doc["datum_id"]] if name == "datum" else doc["datum_id"]
                datums.update({datum_id: next(known_datums, datum_id) for datum_id in given})
            yield name, doc


def _with_known_datums(doc: dict[str, Any], datums: Mapping[str, str]) -> dict[str, Any]:
    """Return an event or page that refers to datums by the ids that were outlined."""
    if not datums or not doc.get("filled"):
        return doc
    data = dict(doc["data"])
    for key, flag in doc["filled"].items():
        if flag is False:
            data[key] = datums.get(data[key], data[key])
        elif isinstance(flag, list):
            data[key] = [
                datums.get(value, value) if filled is False else value
                for value, filled in zip(data[key], flag, strict=True)
            ]
    return {**doc, "data": data}


def drain(start: Mapping[str, Any], documents: Iterator[Document]) -> RunOutline:
    """Read a run's documents to the end and return their outline.

    Examples
    --------
    >>> start = {"uid": "6f2a", "time": 0.0}
    >>> outline = drain(start, iter([("start", start)]))
    >>> outline.stop is None, list(outline.streams)
    (True, [])
    """
    outline = RunOutline(dict(start))
    for name, doc in documents:
        outline.add(name, doc)
    return outline


def _promoted(one: np.dtype[Any], other: np.dtype[Any]) -> np.dtype[Any]:
    try:
        return np.promote_types(one, other)
    except TypeError:  # dates and numbers
        return np.dtype(object)


def _nbytes(value: Any) -> int:
    """Bytes that a value holds in memory; a lazy array holds none."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, list | tuple):
        arrays = sum(item.nbytes for item in value if isinstance(item, np.ndarray))
        return arrays + _ITEM_BYTES * len(value)
    return 0
