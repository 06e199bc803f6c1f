"""Runs that writers of formats stumble over, by what is awkward about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from penstock.core.documents import Document
from penstock.core.run import BlueskyRun, DocumentsSource

__all__ = ["AWKWARD"]

Rows = dict[str, list[Any]]


def _run(
    streams: dict[str, Rows], *, start: dict[str, Any] | None = None, stop: bool = True
) -> BlueskyRun:
    documents: list[Document] = [("start", {"uid": "r", "time": 0.0, **(start or {})})]
    for number, (name, rows) in enumerate(streams.items()):
        keys = {
            key: {
                "source": "s",
                "dtype": "number",
                "shape": list(np.shape(values[0])) if values else [],
            }
            for key, values in rows.items()
        }
        documents.append(
            (
                "descriptor",
                {
                    "uid": f"d{number}",
                    "run_start": "r",
                    "time": 0.0,
                    "name": name.partition("#")[0],
                    "data_keys": keys,
                    "object_keys": {},
                    "configuration": {},
                    "hints": {},
                },
            )
        )
        for row in range(len(next(iter(rows.values()), []))):
            data = {key: values[row] for key, values in rows.items()}
            documents.append(
                (
                    "event",
                    {
                        "uid": f"e{number}.{row}",
                        "descriptor": f"d{number}",
                        "time": float(row),
                        "seq_num": row + 1,
                        "data": data,
                        "timestamps": dict.fromkeys(data, float(row)),
                        "filled": {},
                    },
                )
            )
    if stop:
        documents.append(
            ("stop", {"uid": "t", "run_start": "r", "time": 9.0, "exit_status": "success"})
        )
    return BlueskyRun(DocumentsSource(documents))


def _with(**rows: list[Any]) -> Callable[[], BlueskyRun]:
    return lambda: _run({"primary": rows})


AWKWARD: dict[str, Callable[[], BlueskyRun]] = {
    "nan and infinities": _with(x=[1.5, float("nan"), float("inf")]),
    "numpy scalars": _with(x=[np.float32(0.5), np.float32(1.5)], n=[np.int16(1), np.int16(2)]),
    "booleans, text, None": _with(flag=[True, False], text=["a", "µ"], some=[None, 1.0]),
    "line breaks and signs": _with(text=['a\n9 9 9\t"', "#S 1 x,y"]),
    "nested metadata": lambda: _run(
        {"primary": {"x": [1.0]}},
        start={"sample": {"a": [1, {"b": None}], "nan": float("nan")}, "big": 2**70},
    ),
    "several descriptors": lambda: _run({"primary": {"x": [1.0, 2.0]}, "primary#2": {"x": [3.0]}}),
    "no stop": lambda: _run({"primary": {"x": [1.0]}}, stop=False),
    "no events": lambda: _run({"primary": {"x": []}}),
    "ragged": _with(x=[[1], [1, 2]]),
    "arrays of one dimension": _with(x=[np.arange(3.0), np.arange(3.0) + 1]),
    "images in events": _with(image=[np.full((40, 50), n, "u2") for n in range(3)]),
    "large integers": _with(n=[2**63 + 1, 1]),
    "odd names": _with(**{"a:b": [1.0], "a b": [2.0], "µ": [3.0], "9": [4.0], "time": [5.0]}),
    "several streams": lambda: _run(
        {"baseline": {"t": [300.0, 301.0]}, "primary": {"x": [1.0, 2.0, 3.0]}}
    ),
    "odd stream names": lambda: _run({"a/b": {"x": [1.0]}, "a b": {"x": [2.0]}}),
    "complex numbers": _with(z=[1 + 2j, 3j]),
    "dictionaries": _with(x=[{"a": 1}, {"b": 2}]),
}
