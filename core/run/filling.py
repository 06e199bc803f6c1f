"""Documents whose references to assets are replaced by arrays, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..assets.array import AssetArray
from ..assets.blocks import block_rows
from ..assets.masking import mask_unreadable
from ..documents import Document, page_from_events, unmasked, unpack_page
from ..documents.uids import child_uid, event_uids
from ..errors import DocumentError
from .columns import is_lazy, to_column
from .legacy import open_datums
from .opening import AssetAccess, open_array
from .outline import RunOutline
from .rows import external_keys

__all__ = ["fill_documents"]

_REFERENCES = frozenset({"resource", "datum", "datum_page", "stream_resource", "stream_datum"})


def fill_documents(
    documents: Iterable[Document],
    outline: RunOutline,
    access: AssetAccess,
    *,
    delayed: bool,
    masked: dict[str, set[int]] | None = None,
) -> Iterator[Document]:
    """Yield a run's documents self-contained: no references, descriptors without ``external``.

    Rows come as event pages, cut so that the arrays of a page are one block. Consecutive events
    of one descriptor are gathered into pages up to that size. A descriptor comes with its first
    page, whose values tell the ``dtype_numpy`` that it may lack.

    Parameters
    ----------
    delayed
        Whether arrays of assets are lazy (dask) instead of read.
    masked
        Takes note, by data key, of rows that cannot be read, which are NaN; without it they raise.
    """
    filler = _Filler(outline, access, delayed, masked)
    for name, doc in documents:
        if name in _REFERENCES:
            continue
        if name == "event":
            yield from filler.add_event(doc)
            continue
        yield from filler.flush()
        if name == "descriptor":
            filler.add_descriptor(doc)
        elif name == "event_page":
            yield from filler.add_page(doc)
        else:
            if name == "stop":
                yield from filler.finish()
            yield name, doc
    yield from filler.flush()
    if outline.stop is None:
        yield from filler.finish()


class _Filler:
    def __init__(
        self,
        outline: RunOutline,
        access: AssetAccess,
        delayed: bool,
        masked: dict[str, set[int]] | None,
    ) -> None:
        self.masked = masked
        self.outline = outline
        self.access = access
        self.delayed = delayed
        self.arrays: dict[str, dict[str, AssetArray]] = {}
        self.lazy: dict[str, dict[str, Any]] = {}
        self.next_row: dict[str, int] = {}
        self.untold: dict[str, dict[str, Any]] = {}
        self.pending: list[dict[str, Any]] = []
        self.pending_bytes = 0

    def add_descriptor(self, doc: dict[str, Any]) -> None:
        uid = doc["uid"]
        self.arrays[uid] = {
            key: self._masking(key, open_array(self.outline, doc, key, self.access))
            for key in doc["data_keys"]
            if key in external_keys(doc)
        }
        if self.delayed:
            self.lazy[uid] = {key: array.to_dask() for key, array in self.arrays[uid].items()}
        self.next_row[uid] = 0
        self.untold[uid] = doc

    def _masking(self, key: str, array: AssetArray) -> AssetArray:
        if self.masked is None:
            return array
        return mask_unreadable(array, self.masked.setdefault(key, set()))

    def tell(self, uid: str, columns: dict[str, Any]) -> Iterator[Document]:
        """Yield a descriptor that has not been told yet, now that its first columns are known.

        Those that came before it are told first: a run's streams stay in their order.
        """
        while uid in self.untold:
            told = next(iter(self.untold))
            doc = self.untold.pop(told)
            first = columns if told == uid else self._first_columns(told)
            data_keys = {
                key: self._self_contained(told, key, value, first.get(key))
                for key, value in doc["data_keys"].items()
            }
            yield "descriptor", {**doc, "data_keys": data_keys}

    def _first_columns(self, uid: str) -> dict[str, Any]:
        """Return the first columns of a descriptor whose rows are to come, if they are kept."""
        for name, doc in self.outline.kept or ():
            if name in ("event", "event_page") and doc["descriptor"] == uid:
                page = page_from_events([doc]) if name == "event" else doc
                filled: dict[str, Any] = (
                    page["data"] if _is_mixed(page) else self._fill_datums(page)["data"]
                )
                return filled
        return {}

    def _self_contained(
        self, uid: str, key: str, data_key: dict[str, Any], column: Any
    ) -> dict[str, Any]:
        result = {name: item for name, item in data_key.items() if name != "external"}
        column = self.arrays[uid].get(key, column)
        if getattr(column, "ndim", 1) > 1 and np.dtype(column.dtype).kind in "biufcSU":
            result |= {"dtype_numpy": column.dtype.str, "shape": list(column.shape[1:])}
        elif column is not None and len(column) and not result.get("dtype_numpy"):
            dtype = to_column(column).dtype
            if dtype.kind in "biufcSU":
                result["dtype_numpy"] = dtype.str
        widened = self.outline.widened.get((uid, key))
        if widened is not None:
            result.pop("dtype_numpy", None)
            if not widened.hasobject:
                result["dtype_numpy"] = widened.str
        return result

    # Events ----------------------------------------------------------------------------------

    def add_event(self, doc: dict[str, Any]) -> Iterator[Document]:
        first = self.pending[0] if self.pending else doc
        if not _alike(first, doc) or self.pending_bytes + _row_bytes(doc) > _block_bytes():
            yield from self.flush()
        self.pending.append(doc)
        self.pending_bytes += _row_bytes(doc)

    def flush(self) -> Iterator[Document]:
        if self.pending:
            page = page_from_events(self.pending)
            self.pending, self.pending_bytes = [], 0
            page["data"] = {key: _tidy(column) for key, column in page["data"].items()}
            yield from self.add_page(page)

    def add_page(self, page: dict[str, Any]) -> Iterator[Document]:
        uid = page["descriptor"]
        if _is_mixed(page):
            for event in unpack_page(page):
                yield from self.add_event(event)
            yield from self.flush()
            return
        page = self._fill_datums(page)
        yield from self.tell(uid, page["data"])
        begin, rows = self.next_row[uid], len(page["seq_num"])
        self.next_row[uid] = begin + rows
        step = self._step(uid, page)
        row = 0
        while row < rows:
            end = min(rows, ((begin + row) // step + 1) * step - begin)
            yield "event_page", self._block(page, uid, row, end, begin)
            row = end

    def _step(self, uid: str, page: dict[str, Any]) -> int:
        steps = [array.block_rows for array in self.arrays[uid].values()]
        for column in page["data"].values():
            if isinstance(column, AssetArray):
                steps.append(column.block_rows)
            elif hasattr(column, "nbytes") and len(column):
                steps.append(block_rows(max(1, column.nbytes // len(column))))
        return min(steps, default=max(1, len(page["seq_num"])))

    def _block(
        self, page: dict[str, Any], uid: str, row: int, end: int, offset: int
    ) -> dict[str, Any]:
        rows = slice(row, end)
        block = {**page, "uid": page["uid"][rows], "seq_num": page["seq_num"][rows]}
        block["time"] = page["time"][rows]
        block["data"] = {
            key: _widened(self._rows(column, rows), self.outline.widened.get((uid, key)))
            for key, column in page["data"].items()
        }
        block["timestamps"] = {key: values[rows] for key, values in page["timestamps"].items()}
        block["filled"] = {}
        time = block["time"]
        shifted = slice(row + offset, end + offset)
        for key, array in self.arrays[uid].items():
            lazy = self.lazy[uid][key] if self.delayed else array
            block["data"][key] = lazy[shifted]
            block["timestamps"].setdefault(key, time)
        return block

    def _rows(self, column: Any, rows: slice) -> Any:
        if isinstance(column, AssetArray):
            return column.to_dask()[rows] if self.delayed else column[rows]
        part = unmasked(column[rows])
        if isinstance(part, list):
            return [unmasked(value) for value in part]
        if not is_lazy(part):
            return part
        part = to_column(part)
        if self.delayed:
            return part
        values = part.compute()
        return values.tolist() if values.dtype.hasobject else values

    def _fill_datums(self, page: dict[str, Any]) -> dict[str, Any]:
        filled = page.get("filled") or {}
        keys = [key for key, flags in filled.items() if any(flag is False for flag in flags)]
        data = dict(page["data"])
        for key in keys:
            if key not in data:
                raise DocumentError(
                    f"events say that {key!r} is to be filled, and do not have it",
                    where=f"stream {self.outline.descriptors[page['descriptor']].get('name')!r}",
                    remedy="Give a datum id for every value that is to be filled.",
                )
            datums = open_datums(self.outline, list(data[key]), self.access, repr(key))
            data[key] = self._masking(key, datums)
        return {**page, "data": data}

    # The end ---------------------------------------------------------------------------------

    def finish(self) -> Iterator[Document]:
        """Yield what is left: rows that no event told of, descriptors without any row."""
        yield from self.eventless_rows()
        for uid in list(self.untold):
            yield from self.tell(uid, {})

    def eventless_rows(self) -> Iterator[Document]:
        """Yield pages for rows that only ``stream_datum`` documents know."""
        for uid, done in self.next_row.items():
            numbers = self.outline.row_numbers(uid)[done:].tolist()
            if not numbers:
                continue
            time = float(self.outline.descriptors[uid]["time"])
            base = child_uid(uid, "eventless")
            page = {
                "descriptor": uid,
                "uid": [event_uids(base, number, 1)[0] for number in numbers],
                "seq_num": numbers,
                "time": [time] * len(numbers),
                "data": {},
                "timestamps": {},
                "filled": {},
            }
            yield from self.add_page(page)


def _alike(first: dict[str, Any], doc: dict[str, Any]) -> bool:
    """Whether two events can stand in one page."""
    return (
        first["descriptor"] == doc["descriptor"]
        and first["data"].keys() == doc["data"].keys()
        and first["timestamps"].keys() == doc["timestamps"].keys()
        and _unfilled(first) == _unfilled(doc)
    )


def _unfilled(doc: dict[str, Any]) -> set[str]:
    return {key for key, flag in (doc.get("filled") or {}).items() if flag is False}


def _is_mixed(page: dict[str, Any]) -> bool:
    """Whether a column of a page holds references in some rows and values in others."""
    flags = (page.get("filled") or {}).values()
    return any(len({flag is False for flag in column}) > 1 for column in flags)


def _row_bytes(doc: dict[str, Any]) -> int:
    return 256 + sum(int(getattr(value, "nbytes", 0)) for value in doc["data"].values())


def _block_bytes() -> int:
    return block_rows(1)


def _widened(column: Any, dtype: np.dtype[Any] | None) -> Any:
    """Return a column as all rows of its key are: somewhere among them something is masked."""
    if dtype is None:
        return column
    if isinstance(column, list):
        return [_widened(value, dtype) for value in column]
    if not isinstance(column, np.ndarray) or column.dtype == dtype:
        return column
    if not dtype.hasobject:
        wide = column.astype(dtype)
        if column.dtype.kind not in "iu" or np.array_equal(wide.astype(column.dtype), column):
            return wide
    return column.tolist()


def _tidy(values: list[Any]) -> Any:
    """Stack arrays of one shape; leave everything else a plain list."""
    values = [unmasked(value) for value in values]
    if any(isinstance(value, list) for value in values):
        return values
    if any(isinstance(value, np.ndarray) or is_lazy(value) for value in values):
        return to_column(values)
    return values
