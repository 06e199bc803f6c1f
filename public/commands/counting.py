"""Which values fields have, and how many runs have each."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.commands.paging import paged
from penstock.commands.problems import print_problems
from penstock.commands.queries import value_of
from penstock.commands.tables import print_table
from penstock.commands.terminal import plain, print_json
from penstock.core.report import Report

if TYPE_CHECKING:
    from penstock.core.catalog.base import BlueskyCatalog

__all__ = ["FieldCounts", "count_values", "show_counts", "text_of"]


@dataclass(frozen=True)
class FieldCounts:
    """What a field of start documents says, in how many runs."""

    field: str
    values: Sequence[tuple[Any, int]]
    """Each value and how many runs have it; what most of them have comes first."""
    lacking: int
    """How many runs do not have the field."""


def count_values(catalog: BlueskyCatalog, fields: Sequence[str]) -> list[FieldCounts]:
    """Count the values of fields.

    Examples
    --------
    >>> from penstock import BlueskyInMemoryCatalog
    >>> count_values(BlueskyInMemoryCatalog(), ["plan_name"])
    [FieldCounts(field='plan_name', values=[], lacking=0)]
    """
    return [
        FieldCounts(field, values, len(catalog.search({field: {"$exists": False}})))
        for field, values in catalog.facets(*fields).items()
    ]


def show_counts(
    counts: Sequence[FieldCounts], problems: Report, limit: int | None, options: argparse.Namespace
) -> None:
    """Print counts, of each field so many values at most, and what could not be read."""
    part = slice(options.offset, None if limit is None else options.offset + limit)
    if options.json:
        told = {
            one.field: {
                "values": [{"value": value, "runs": runs} for value, runs in one.values[part]],
                "total": len(one.values),
                "lacking": one.lacking,
            }
            for one in counts
        }
        print_json({"counts": told, "problems": problems.to_dict()})
        return
    with paged():
        for one in counts:
            _print_field(one, one.values[part])
        print_problems(problems)


def _print_field(counts: FieldCounts, shown: Sequence[tuple[Any, int]]) -> None:
    print_table(plain(counts.field), ["value", "runs"], [(text_of(v), n) for v, n in shown])
    if len(shown) < len(counts.values):
        print(f"{len(shown)} of {len(counts.values)} values; others: --limit, --offset")
    if not counts.values:
        print(plain(f"no run has {counts.field}"))
    elif counts.lacking:
        noun = "run has" if counts.lacking == 1 else "runs have"
        print(plain(f"{counts.lacking} {noun} no {counts.field}"))


def text_of(value: object) -> str:
    """Return a value of a document as it is typed in a query: as JSON, text without quotes.

    Text that would be read as something else keeps them.

    Examples
    --------
    >>> text_of("copper foil"), text_of(12), text_of("12"), text_of([1, True])
    ('copper foil', '12', '"12"', '[1, true]')
    """
    if isinstance(value, str) and value_of(value) == value:
        return value
    return json.dumps(value, default=str, ensure_ascii=False)
