"""Measure several ways of doing the same thing, fairly, and print a table.

The ways take turns, so that a machine that slows down slows all of them; medians leave out
what disturbed single turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

__all__ = ["Timing", "alternate", "format_table"]


@dataclass(frozen=True)
class Timing:
    """How long one way took, in seconds, turn by turn."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of all turns."""
        return median(self.seconds)


def alternate(
    ways: Mapping[str, Callable[[], Any]], turns: int = 7, *, warm_up: int = 1
) -> list[Timing]:
    """Call each way once a turn, and time it."""
    for _ in range(warm_up):
        for call in ways.values():
            call()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, call in ways.items():
            began = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - began)
    return [Timing(name, tuple(values)) for name, values in seconds.items()]


def format_table(timings: list[Timing], *, baseline: str | None = None) -> str:
    """Write the timings as a Markdown table; ratios are to the baseline, or to the first."""
    names = [timing.name for timing in timings]
    reference = timings[names.index(baseline) if baseline else 0]
    lines = [
        f"| way | median (ms) | best (ms) | ratio to {reference.name} |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {timing.name} | {1e3 * timing.median:.1f} | {1e3 * min(timing.seconds):.1f} "
        f"| {timing.median / reference.median:.2f} |"
        for timing in timings
    ]
    return "\n".join(lines)
