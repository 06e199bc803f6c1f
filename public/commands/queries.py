"""Queries as they are typed on a command line: Mongo's language as JSON, or short terms."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from penstock.core.errors import QueryError
from penstock.core.times import span_of

__all__ = ["parse_query", "value_of"]

_TERM = re.compile(r"([^=<>!~]+)(!=|<=|>=|!~|=|<|>|~)(.*)", re.DOTALL)
_OPERATORS = {"!=": "$ne", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


def parse_query(parts: Sequence[str]) -> dict[str, Any]:
    """Return the Mongo query that holds where all parts do; whether it is valid is seen later.

    Raises
    ------
    QueryError
        If a part is neither a JSON object nor a term, or the value of ``time`` is no time.

    Examples
    --------
    >>> parse_query(["sample.name=Cu", "scan_id>500"])
    {'$and': [{'sample.name': 'Cu'}, {'scan_id': {'$gt': 500}}]}
    >>> parse_query(['{"sample.name": {"$in": ["Cu", "Ni"]}}'])
    {'sample.name': {'$in': ['Cu', 'Ni']}}
    >>> parse_query(["time<2024-03-05"])
    {'time': {'$lt': 1709596800.0}}
    >>> parse_query(["time=2024-03-05"])
    {'time': {'$gte': 1709596800.0, '$lt': 1709683200.0}}
    >>> parse_query(["sample.name~^[Cc]u", "plan_name!~test"])
    {'$and': [{'sample.name': {'$regex': '^[Cc]u'}}, {'plan_name': {'$not': {'$regex': 'test'}}}]}
    """
    queries = [_parse_part(part) for part in parts]
    if len(queries) == 1:
        return queries[0]
    return {"$and": queries} if queries else {}


def _parse_part(part: str) -> dict[str, Any]:
    if part.lstrip().startswith("{"):
        return _parse_json(part)
    term = _TERM.fullmatch(part)
    name = term[1].strip() if term else ""
    if term is None or not name:
        raise QueryError(
            "is neither a query in JSON nor a term",
            where=part,
            remedy="Write NAME=VALUE, NAME<VALUE, NAME>VALUE or NAME~REGEX, without spaces or in "
            "quotes. For words, wherever they stand, there is: penstock search --text WORDS.",
        )
    text = term[3].strip()
    if name == "time" and not term[2].endswith("~"):
        return _parse_time(term[2], text, part)
    if term[2].endswith("~"):
        pattern = {"$regex": text}
        return {name: pattern if term[2] == "~" else {"$not": pattern}}
    value = value_of(text)
    return {name: value if term[2] == "=" else {_OPERATORS[term[2]]: value}}


def _parse_json(text: str) -> dict[str, Any]:
    try:
        query: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QueryError(
            f"is not JSON: {error}",
            where=text,
            remedy='Write {"name": "value"}, with double quotes, and single ones around it.',
        ) from error
    return query


def value_of(text: str) -> Any:
    """Return the value that a text stands for: what it is as JSON, or itself.

    Examples
    --------
    >>> value_of("12"), value_of("copper foil"), value_of('"12"')
    (12, 'copper foil', '12')
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _parse_time(sign: str, text: str, part: str) -> dict[str, Any]:
    """Return the query of a term about ``time``.

    What ends early, such as a date, is equal to each moment of what it leaves open, and is ordered
    by its beginning.
    """
    try:
        span = span_of(text)
    except QueryError as error:
        raise QueryError(error.what, where=part, remedy=error.remedy) from error
    if sign not in ("=", "!="):
        return {"time": {_OPERATORS[sign]: span.begin}}
    if span.begin == span.end:
        return {"time": span.begin if sign == "=" else {"$ne": span.begin}}
    within = {"$gte": span.begin, "$lt": span.end}
    return {"time": within if sign == "=" else {"$not": within}}


def _refuse(constant: str) -> Any:
    """NaN is a word like others: somebody's sample may be called so."""
    raise ValueError(constant)
