"""Queries as they are typed on a command line: Mongo's language as JSON, or short terms."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Sequence
from typing import Any

from penstock.core.errors import QueryError

__all__ = ["QUERY_HELP", "parse_query"]

QUERY_HELP = "a Mongo query as JSON, or a term such as 'sample.name=Cu' or 'scan_id>500'"

_TERM = re.compile(r"([^=<>!]+)(!=|<=|>=|=|<|>)(.*)", re.DOTALL)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECONDS_OF_A_DAY = 86400
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
            remedy="Write NAME=VALUE, NAME<VALUE or NAME>VALUE, without spaces or in quotes.",
        )
    text = term[3].strip()
    if name == "time":
        return _parse_time(term[2], text, part)
    value = _parse_value(text)
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


def _parse_value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _parse_time(sign: str, text: str, part: str) -> dict[str, Any]:
    """Return the query of a term about ``time``.

    A date is equal to each moment of its day, and is ordered by the day's beginning.
    """
    value = _parse_value(text)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"time": value if sign == "=" else {_OPERATORS[sign]: value}}
    try:
        when = datetime.datetime.fromisoformat(text)
        begin = (when if when.tzinfo else when.replace(tzinfo=datetime.UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise QueryError(
            f"{text!r} is no time",
            where=part,
            remedy="Write seconds since 1970, or an ISO date such as 2024-03-05 or "
            "2024-03-05T13:02:00+01:00 (in UTC unless it says otherwise).",
        ) from error
    if _DAY.fullmatch(text) and sign in ("=", "!="):
        day = {"$gte": begin, "$lt": begin + _SECONDS_OF_A_DAY}
        return {"time": day if sign == "=" else {"$not": day}}
    return {"time": begin if sign == "=" else {_OPERATORS[sign]: begin}}


def _refuse(constant: str) -> Any:
    """NaN is a word like others: somebody's sample may be called so."""
    raise ValueError(constant)
