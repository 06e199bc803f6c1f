"""What a run is plotted as: from its hints, as the field's live plots do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..exporting import Table

__all__ = ["Plot", "plots_of"]


@dataclass(frozen=True)
class Plot:
    """One NXdata group."""

    name: str
    signal: str
    """A data key."""
    axis: str
    """What dimension 0 is plotted against: a data key, or ``time``."""
    dims: tuple[str, ...] = ()
    """Names of the further dimensions, those of a frame."""
    beside: tuple[str, ...] = ()
    """Further signals."""
    indexed: tuple[str, ...] = ()
    """Data keys that are coordinates along dimension 0 as well."""


def plots_of(table: Table, start: Mapping[str, Any]) -> list[Plot]:
    """Return the plots of a run's first stream, the default one first.

    Examples
    --------
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> from penstock.plugins.exporting import tables_of
    >>> (table,) = tables_of(BlueskyRun(count_run(3)))
    >>> plots_of(table, {})
    [Plot(name='data', signal='x', axis='time', dims=(), beside=(), indexed=())]
    """
    motors = _motors(table, start)
    axis = motors[0] if len(motors) == 1 else "time"
    indexed = tuple(motors) if len(motors) > 1 else ()
    numbers = {key for key, column in table.columns.items() if column.kind == "number"}
    signals = [key for key in table.hinted if key in numbers and key not in motors]
    found = []
    if signals:
        found.append(Plot("data", signals[0], axis, (), tuple(signals[1:]), indexed))
    for key, images in table.images.items():
        name = f"data_{key}" if found else "data"
        found.append(Plot(name, key, axis, images.dims, (), indexed))
    return found


def _motors(table: Table, start: Mapping[str, Any]) -> list[str]:
    """Return the columns of numbers that hints call dimensions."""
    hints = start.get("hints")
    dimensions = hints.get("dimensions") if isinstance(hints, Mapping) else None
    found = []
    for dimension in dimensions if isinstance(dimensions, list) else ():
        fields = dimension[0] if isinstance(dimension, list | tuple) and dimension else ()
        for field in fields if isinstance(fields, list | tuple) else ():
            column = table.columns.get(field)
            if column is not None and column.kind == "number" and field not in found:
                found.append(field)
                break  # others of one dimension move along with the first
    return found
