"""The rows of one stream, gathered from a run's documents: one segment for each descriptor."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..assets.array import AssetArray
from ..documents import Document
from ..errors import DataShapeError, DocumentError, PenstockError
from .columns import Column, concatenate, to_column
from .legacy import open_datums
from .opening import AssetAccess, open_array
from .outline import RunOutline

__all__ = ["Segment", "external_keys", "gather"]


@dataclass
class Segment:
    """The rows of one descriptor.

    Attributes
    ----------
    seq_num, time, uid
        One value a row. Rows that only ``stream_datum`` documents know have no time (NaN) and no
        uid ("").
    data
        For each data key, a column.
    timestamps
        For each data key that events carry, the times of its values.
    """

    descriptor: dict[str, Any]
    seq_num: NDArray[np.int64]
    time: NDArray[np.float64]
    uid: NDArray[Any]
    data: dict[str, Column] = field(default_factory=dict)
    timestamps: dict[str, NDArray[Any]] = field(default_factory=dict)


def external_keys(descriptor: dict[str, Any]) -> set[str]:
    """Return the data keys whose values ``stream_datum`` documents refer to.

    Examples
    --------
    >>> external_keys({"data_keys": {"image": {"external": "STREAM:"}, "x": {}}})
    {'image'}
    """
    return {
        key
        for key, data_key in descriptor["data_keys"].items()
        if str(data_key.get("external", "")).startswith("STREAM:")
    }


def gather(
    documents: Iterable[Document],
    outline: RunOutline,
    descriptors: Iterable[dict[str, Any]],
    access: AssetAccess,
    wanted: Callable[[str], bool] = lambda key: True,
) -> list[Segment]:
    """Gather the rows of some descriptors in one pass over the documents.

    Parameters
    ----------
    documents
        A pass over the run's documents.
    descriptors
        Those of the stream.
    wanted
        Which data keys to gather; assets of others are not opened.
    """
    collectors = {doc["uid"]: _Collector(doc, wanted) for doc in descriptors}
    for name, doc in documents:
        if name in ("event", "event_page") and doc["descriptor"] in collectors:
            collector = collectors[doc["descriptor"]]
            (collector.add_event if name == "event" else collector.add_page)(doc)
    return [collector.finish(outline, access) for collector in collectors.values()]


class _Collector:
    """Collects the rows of one descriptor."""

    def __init__(self, descriptor: dict[str, Any], wanted: Callable[[str], bool]) -> None:
        self.descriptor = descriptor
        external = external_keys(descriptor)
        self.external = {key for key in external if wanted(key)}
        self.keys = [key for key in descriptor["data_keys"] if wanted(key) and key not in external]
        self.seq_num: list[int] = []
        self.time: list[float] = []
        self.uid: list[str] = []
        self.columns = {key: _ColumnParts() for key in self.keys}
        self.stamps: dict[str, list[float]] = {key: [] for key in self.keys}

    def add_event(self, doc: dict[str, Any]) -> None:
        self.seq_num.append(doc["seq_num"])
        self.time.append(doc["time"])
        self.uid.append(doc["uid"])
        filled = doc.get("filled") or {}
        for key in self.keys:
            value = self._take(doc["data"], key, doc)
            self.columns[key].append(value, filled.get(key) is False)
            self.stamps[key].append(doc["timestamps"].get(key, np.nan))

    def add_page(self, doc: dict[str, Any]) -> None:
        rows = len(doc["seq_num"])
        self.seq_num += doc["seq_num"]
        self.time += list(doc["time"])
        self.uid += doc["uid"]
        filled = doc.get("filled") or {}
        for key in self.keys:
            column = self._take(doc["data"], key, doc)
            if len(column) != rows:
                raise DocumentError(
                    f"{key!r} has {len(column)} rows where seq_num has {rows}",
                    where=f"event_page of stream {self.descriptor.get('name')!r}",
                )
            references = filled.get(key)
            if references is not None and any(item is False for item in references):
                for row, value in enumerate(column):
                    self.columns[key].append(value, references[row] is False)
            else:
                self.columns[key].extend(column)
            self.stamps[key] += list(doc["timestamps"].get(key, [np.nan] * rows))

    def _take(self, data: dict[str, Any], key: str, doc: dict[str, Any]) -> Any:
        try:
            return data[key]
        except KeyError:
            raise DocumentError(
                f"an event lacks {key!r}, which its descriptor promises",
                where=f"stream {self.descriptor.get('name')!r}, seq_num {doc['seq_num']}",
                remedy="Give every event all data keys of its descriptor.",
            ) from None

    def finish(self, outline: RunOutline, access: AssetAccess) -> Segment:
        numbers = outline.row_numbers(self.descriptor["uid"])
        eventless = len(numbers) - len(self.seq_num)
        segment = Segment(
            descriptor=self.descriptor,
            seq_num=numbers,
            time=np.asarray(self.time + [np.nan] * eventless, dtype=float),
            uid=np.asarray(self.uid + [""] * eventless, dtype=str),
        )
        for key in self.descriptor["data_keys"]:
            if key in self.external:
                segment.data[key] = open_array(outline, self.descriptor, key, access)
            elif key in self.columns:
                segment.data[key] = self._column(key, outline, access)
                segment.timestamps[key] = np.asarray(
                    self.stamps[key] + [np.nan] * eventless, dtype=float
                )
        if eventless:
            segment.data = {
                key: _extended(column, eventless, key) if key in self.columns else column
                for key, column in segment.data.items()
            }
        return segment

    def _column(self, key: str, outline: RunOutline, access: AssetAccess) -> Column:
        label = f"{key!r} of stream {self.descriptor.get('name', 'primary')!r}"
        try:
            return self.columns[key].finish(
                self.descriptor["data_keys"][key],
                lambda datum_ids: open_datums(outline, datum_ids, access, label),
            )
        except ValueError as error:
            if isinstance(error, PenstockError):
                raise
            raise DataShapeError(
                f"its values make no column: {error}",
                where=label,
                remedy=f"Read without it: read(exclude=[{key!r}]).",
            ) from error


class _ColumnParts:
    """Values and whole columns of one key, in order; consecutive values of a kind go together."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, Any]] = []

    def append(self, value: Any, is_datum: bool) -> None:
        kind = "datums" if is_datum else "values"
        if not self.parts or self.parts[-1][0] != kind:
            self.parts.append((kind, []))
        self.parts[-1][1].append(value)

    def extend(self, column: Any) -> None:
        if isinstance(column, list | tuple):
            for value in column:
                self.append(value, is_datum=False)
        else:
            self.parts.append(("column", column))

    def finish(
        self, data_key: dict[str, Any], open_datums: Callable[[list[str]], AssetArray]
    ) -> Column:
        columns = [
            open_datums(part) if kind == "datums" else to_column(part) for kind, part in self.parts
        ]
        if not columns:
            return np.empty((0, *_known_shape(data_key)), dtype=_empty_dtype(data_key))
        return _as_declared(concatenate(columns), data_key)


def _known_shape(data_key: dict[str, Any]) -> tuple[int, ...]:
    return tuple(size or 0 for size in data_key.get("shape") or ())


def _empty_dtype(data_key: dict[str, Any]) -> np.dtype[Any]:
    declared = data_key.get("dtype_numpy")
    if isinstance(declared, str) and declared:
        return np.dtype(declared)
    kinds = {"integer": "i8", "number": "f8", "array": "f8", "boolean": "?"}
    return np.dtype(kinds.get(data_key.get("dtype", ""), "U1"))


def _as_declared(column: Column, data_key: dict[str, Any]) -> Column:
    """Give a column of integers or booleans the dtype that its descriptor declares, if all fit."""
    declared = data_key.get("dtype_numpy")
    if not isinstance(declared, str) or not isinstance(column, np.ndarray):
        return column
    if column.dtype.kind not in "iub" or np.dtype(declared).kind not in "iub":
        return column
    with np.errstate(all="ignore"):
        converted = column.astype(declared)
    return converted if np.array_equal(converted, column) else column


def _extended(column: Column, rows: int, key: str) -> Column:
    """Lengthen a column by rows for which no event came."""
    if isinstance(column, AssetArray) or not isinstance(column, np.ndarray):
        raise DocumentError(
            f"{rows} rows have frames but no event that says what {key!r} was",
            remedy=f"Read without it: read(exclude=[{key!r}]).",
        )
    filler: Any = np.nan if column.dtype.kind in "iuf" else None
    if column.dtype.kind in "US":
        filler = ""
    padding = np.full((rows, *column.shape[1:]), filler)
    kind = None if column.dtype.kind in "iufUS" else object
    return np.concatenate([column.astype(kind) if kind else column, padding])
