"""What the documents of one run have to be, beyond what the schema of each says."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from penstock.core.documents import normalise, validate
from penstock.core.documents.measuring import check_start_size
from penstock.core.errors import DocumentError

__all__ = [
    "as_plain_data",
    "check_documents",
    "first_difference",
    "holds_all_values",
    "pixels_in_documents",
]

_PAGE_ROWS = 8192


def check_documents(documents: Sequence[Any], *, is_partial: bool = False) -> None:
    """Raise AssertionError where the documents of a run are not valid, or not in order.

    Parameters
    ----------
    is_partial
        They come of a damaged file: the stop may be missing.

    Examples
    --------
    >>> check_documents([("start", {"uid": "6f2a", "time": 0.0})], is_partial=True)
    >>> check_documents([("stop", {})])
    Traceback (most recent call last):
    AssertionError: the first document is a 'stop': yield ('start', doc) first
    """
    for number, item in enumerate(documents):
        _demand(
            isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[1], dict),
            f"document {number} is {type(item).__name__}: yield pairs (name, dict)",
        )
    _demand(bool(documents), "there are no documents: yield ('start', doc) first")
    _demand(
        documents[0][0] == "start",
        f"the first document is a {documents[0][0]!r}: yield ('start', doc) first",
    )
    for number, (name, doc) in enumerate(documents):
        try:
            validate(name, normalise(doc) if name in ("start", "stop", "descriptor") else doc)
            if name == "start":
                check_start_size(normalise(doc))
        except DocumentError as error:
            raise AssertionError(f"document {number} ({name}) is not valid: {error}") from None
    order = _Order(documents[0][1]["uid"])
    for number, (name, doc) in enumerate(documents[1:], 1):
        order.take(number, name, doc)
    order.end(is_partial)


class _Order:
    """What has been seen of a run so far."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._uids = {run}
        self._descriptors: dict[str, dict[str, Any]] = {}
        self._resources: dict[str, dict[str, Any]] = {}
        self._datums: set[str] = set()
        self._rows: dict[str, int] = {}
        self._external_rows: dict[tuple[str, str], int] = {}
        self._stop: dict[str, Any] | None = None

    def take(self, number: int, name: str, doc: dict[str, Any]) -> None:
        """Check the next document."""
        where = f"document {number} ({name})"
        _demand(name != "start", f"{where} is a second start: yield one run at a time")
        _demand(self._stop is None, f"{where} comes after the stop: the stop is the last")
        run = doc.get("run_start", self._run)
        _demand(run == self._run, f"{where} has run_start {run!r} where the start is {self._run!r}")
        for uid in [doc["uid"]] if isinstance(doc.get("uid"), str) else doc.get("uid", []):
            _demand(uid not in self._uids, f"{where} has a uid that was there before: {uid!r}")
            self._uids.add(uid)
        take = getattr(self, f"_take_{name}", None)
        if take is not None:
            take(where, doc)

    def _take_descriptor(self, where: str, doc: dict[str, Any]) -> None:
        self._descriptors[doc["uid"]] = doc
        covered = [key for keys in doc.get("object_keys", {}).values() for key in keys]
        missing = set(doc["data_keys"]).symmetric_difference(covered)
        _demand(
            len(covered) == len(set(covered)) and not missing,
            f"{where} has object_keys that do not name every data key once: {sorted(missing)}",
        )
        reserved = sorted({"time", "seq_num"} & set(doc["data_keys"]))
        _demand(
            not reserved,
            f"{where} has data keys that a dataset uses itself: {reserved}; give them a suffix",
        )
        for name, told in doc.get("configuration", {}).items():
            groups = {frozenset(told.get(g, {})) for g in ("data", "timestamps", "data_keys")}
            _demand(
                len(groups) == 1,
                f"{where} has a configuration of {name!r} whose data, timestamps and data_keys "
                "differ in their keys",
            )

    def _take_stop(self, where: str, doc: dict[str, Any]) -> None:
        self._stop = doc

    def _take_resource(self, where: str, doc: dict[str, Any]) -> None:
        self._resources[doc["uid"]] = doc

    def _take_stream_resource(self, where: str, doc: dict[str, Any]) -> None:
        self._resources[doc["uid"]] = doc

    def _take_datum(self, where: str, doc: dict[str, Any]) -> None:
        self._resource(where, doc, "resource")
        self._datums.add(doc["datum_id"])

    def _take_datum_page(self, where: str, doc: dict[str, Any]) -> None:
        self._resource(where, doc, "resource")
        self._datums.update(doc["datum_id"])

    def _take_stream_datum(self, where: str, doc: dict[str, Any]) -> None:
        resource = self._resource(where, doc, "stream_resource")
        descriptor = self._descriptor(where, doc)
        key = resource["data_key"]
        _demand(
            str(descriptor["data_keys"].get(key, {}).get("external", "")).startswith("STREAM:"),
            f"{where} is about {key!r}, which the descriptor does not have as external 'STREAM:'",
        )
        numbers, indices = doc["seq_nums"], doc["indices"]
        count = numbers["stop"] - numbers["start"]
        _demand(
            count == indices["stop"] - indices["start"],
            f"{where} has {count} seq_nums for {indices['stop'] - indices['start']} indices",
        )
        row = (descriptor.get("name", ""), key)
        self._count(where, self._external_rows, row, range(numbers["start"], numbers["stop"]))

    def _take_event(self, where: str, doc: dict[str, Any]) -> None:
        one = {group: {k: [v] for k, v in doc[group].items()} for group in ("data", "timestamps")}
        filled = {key: [value] for key, value in doc.get("filled", {}).items()}
        page = {**doc, **one, "filled": filled, "seq_num": [doc["seq_num"]]}
        self._take_event_page(where, page)

    def _take_event_page(self, where: str, doc: dict[str, Any]) -> None:
        descriptor = self._descriptor(where, doc)
        numbers = doc["seq_num"]
        _demand(
            len(numbers) <= _PAGE_ROWS,
            f"{where} has {len(numbers)} rows: yield pages of at most {_PAGE_ROWS}",
        )
        self._count(where, self._rows, descriptor.get("name", ""), numbers)
        keys = {
            key: told
            for key, told in descriptor["data_keys"].items()
            if not str(told.get("external", "")).startswith("STREAM:")
        }
        for group in ("data", "timestamps"):
            wrong = sorted(set(doc[group]) ^ set(keys))
            _demand(not wrong, f"{where} and its descriptor differ in the keys of {group}: {wrong}")
        for key, told in keys.items():
            self._check_column(where, key, told, doc)

    def _check_column(
        self, where: str, key: str, told: dict[str, Any], doc: dict[str, Any]
    ) -> None:
        column = doc["data"][key]
        filled = doc.get("filled", {}).get(key, [True] * len(column))
        for value, is_filled in zip(column, filled, strict=True):
            if told.get("external") and is_filled is not True:
                _demand(
                    value in self._datums,
                    f"{where} has {value!r} for {key!r}, and no datum of that id came before",
                )
                continue
            shape, wanted = np.shape(value), tuple(told.get("shape") or ())
            fits = len(shape) == len(wanted) and all(
                length in (size, None) for size, length in zip(shape, wanted, strict=True)
            )
            _demand(
                fits or told["dtype"] == "string",
                f"{where} has a value of shape {shape} for {key!r}, where the descriptor says "
                f"{wanted}",
            )

    def _count(
        self, where: str, counts: dict[Any, int], what: Any, numbers: Sequence[int] | range
    ) -> None:
        first = counts.get(what, 0) + 1
        wanted = range(first, first + len(numbers))
        _demand(
            list(numbers) == list(wanted),
            f"{where} has seq_num {_short(numbers)} where {_short(wanted)} are next: count the "
            "rows of a stream from 1, without holes",
        )
        counts[what] = first + len(numbers) - 1

    def _descriptor(self, where: str, doc: dict[str, Any]) -> dict[str, Any]:
        found = self._descriptors.get(doc["descriptor"])
        _demand(found is not None, f"{where} is of a descriptor that did not come before")
        return found or {}

    def _resource(self, where: str, doc: dict[str, Any], key: str) -> dict[str, Any]:
        found = self._resources.get(doc[key])
        _demand(found is not None, f"{where} is of a {key} that did not come before")
        return found or {}

    def end(self, is_partial: bool) -> None:
        """Check what can be told at the end alone."""
        for (stream, key), count in self._external_rows.items():
            rows = self._rows.get(stream, count)
            _demand(
                rows == count or is_partial,
                f"stream {stream!r} has {rows} events and {count} frames of {key!r}",
            )
        if self._stop is None:
            _demand(is_partial, "there is no stop: yield ('stop', doc) last")
            return
        for stream, count in (self._stop.get("num_events") or {}).items():
            rows = self._rows.get(stream, 0)
            rows = max([rows, *(n for (s, _), n in self._external_rows.items() if s == stream)])
            _demand(
                rows == count,
                f"the stop says {count} events of stream {stream!r}, and {rows} came",
            )


def _demand(is_so: bool, message: str) -> None:
    if not is_so:
        raise AssertionError(message)


def _short(numbers: Sequence[int] | range) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} … {numbers[-1]}"


def pixels_in_documents(documents: Sequence[tuple[str, Any]]) -> Iterator[str]:
    """Yield the data keys whose events hold images as arrays that are in memory already.

    Examples
    --------
    >>> list(pixels_in_documents([("event", {"data": {"image": np.zeros((4, 5)), "x": 1.0}})]))
    ['image']
    """
    found: dict[str, None] = {}
    for name, doc in documents:
        if name not in ("event", "event_page"):
            continue
        axes = 2 if name == "event" else 3
        for key, value in doc["data"].items():
            first = value[0] if isinstance(value, list) and value else value
            expected = 2 if isinstance(value, list) else axes
            if isinstance(first, np.ndarray) and first.ndim >= expected:
                found[key] = None
    yield from found


def holds_all_values(documents: Sequence[tuple[str, Any]]) -> bool:
    """Tell whether nothing is left to be read: no documents point at files, no arrays are lazy.

    Examples
    --------
    >>> holds_all_values([("event", {"data": {"x": 1.0}})]), holds_all_values([("resource", {})])
    (True, False)
    """
    return not any(
        name in ("resource", "stream_resource")
        or (
            name in ("event", "event_page")
            and any(hasattr(value, "dask") for value in _values(doc["data"]))
        )
        for name, doc in documents
    )


def _values(data: dict[str, Any]) -> Iterator[Any]:
    for value in data.values():
        yield value[0] if isinstance(value, list) and value else value


def as_plain_data(value: Any) -> Any:
    """Return documents such that equal ones are equal: lists, and arrays by what is in them.

    Examples
    --------
    >>> as_plain_data(("a", 1, float("nan")))
    ['a', 1, 'nan']
    """
    if isinstance(value, Mapping):
        return {str(key): as_plain_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain_data(item) for item in value]
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    if hasattr(value, "__array__"):
        array = np.ascontiguousarray(value)
        if not array.ndim:
            return as_plain_data(array.item())
        content = repr(array.tolist()).encode() if array.dtype.hasobject else array.tobytes()
        digest = hashlib.blake2b(content, digest_size=8).hexdigest()
        return f"array {array.shape} {array.dtype} {digest}"
    return value


def first_difference(one: Any, other: Any, where: str = "") -> str | None:
    """Tell where two pieces of plain data differ first; None where they are equal.

    Examples
    --------
    >>> first_difference([["start", {"uid": "a"}]], [["start", {"uid": "b"}]])
    "[0][1]['uid']: 'a', then 'b'"
    """
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        pairs: Any = ((key, one[key], other[key]) for key in one)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = zip(range(len(one)), one, other, strict=True)
    else:
        same = one == other
        return None if same else f"{where}: {_cut(one)}, then {_cut(other)}"
    for key, first, second in pairs:
        found = first_difference(first, second, f"{where}[{key!r}]")
        if found is not None:
            return found
    return None


def _cut(value: Any, length: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= length else f"{text[: length - 1]}…"
