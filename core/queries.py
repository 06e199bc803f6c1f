"""Conditions in the field's terms, each of which is a Mongo query.

They join with ``&`` (both), ``|`` (either) and ``~`` (not), also with queries that are dicts, and
stand wherever a query can. Names are those of databroker and Tiled where these have one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import QueryError
from .times import span_of, zone_of

__all__ = [
    "Comparison",
    "Condition",
    "Contains",
    "Eq",
    "Exists",
    "FullText",
    "In",
    "Key",
    "NotEq",
    "NotIn",
    "PartialUID",
    "PlanName",
    "Regex",
    "ScanID",
    "ScanIDRange",
    "TimeRange",
    "mapping_of",
]


class Condition:
    """What all conditions have: a query, and ways to join."""

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        raise NotImplementedError

    def __and__(self, other: Condition | Mapping[str, Any]) -> Condition:
        return _joined("$and", self, other) if _is_query(other) else NotImplemented

    def __rand__(self, other: Mapping[str, Any]) -> Condition:
        return _joined("$and", other, self) if _is_query(other) else NotImplemented

    def __or__(self, other: Condition | Mapping[str, Any]) -> Condition:
        return _joined("$or", self, other) if _is_query(other) else NotImplemented

    def __ror__(self, other: Mapping[str, Any]) -> Condition:
        return _joined("$or", other, self) if _is_query(other) else NotImplemented

    def __invert__(self) -> Condition:
        return _Joined("$nor", (self,))

    def __bool__(self) -> bool:
        # ``3 < Key("a") < 5`` and ``one and other`` would silently lose one of two.
        raise QueryError(
            "a condition is neither true nor false until a run is held against it",
            remedy='Join conditions with & and |: (Key("a") > 3) & (Key("a") < 5).',
        )


def _is_query(value: object) -> bool:
    return isinstance(value, Condition | Mapping)


def mapping_of(query: object) -> dict[str, Any]:
    """Return a query, however it was given, in Mongo's language.

    Raises
    ------
    QueryError
        If it is neither a mapping nor a condition.

    Examples
    --------
    >>> mapping_of(Eq("sample.name", "Cu")), mapping_of({"scan_id": 5})
    ({'sample.name': 'Cu'}, {'scan_id': 5})
    """
    if isinstance(query, Condition):
        return query.query
    if not isinstance(query, Mapping):
        raise QueryError(
            f"a query is a dict, not a {type(query).__name__}",
            remedy='Write it as in MongoDB, {"sample.name": "Cu"}, or with penstock.queries.',
        )
    return dict(query)


@dataclass(frozen=True)
class _Joined(Condition):
    operator: str
    parts: tuple[Condition | Mapping[str, Any], ...]

    @property
    def query(self) -> dict[str, Any]:
        return {self.operator: [mapping_of(part) for part in self.parts]}

    def __repr__(self) -> str:
        if self.operator == "$nor":
            return f"~{self.parts[0]!r}"
        return f" {'&' if self.operator == '$and' else '|'} ".join(f"({p!r})" for p in self.parts)


def _joined(operator: str, *parts: Condition | Mapping[str, Any]) -> _Joined:
    """Join conditions; what is joined alike already stays flat, however many there are."""
    flat: list[Condition | Mapping[str, Any]] = []
    for part in parts:
        is_alike = isinstance(part, _Joined) and part.operator == operator
        flat += part.parts if is_alike and isinstance(part, _Joined) else [part]
    return _Joined(operator, tuple(flat))


# Values of a field -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Eq(Condition):
    """A field has this value; of a list, one element is enough.

    Examples
    --------
    >>> (Eq("sample.name", "Cu") & ~Eq("plan_name", "count")).query
    {'$and': [{'sample.name': 'Cu'}, {'$nor': [{'plan_name': 'count'}]}]}
    """

    key: str
    value: Any

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        # Sub-documents and compiled expressions would mean something else without the operator.
        is_scalar = isinstance(self.value, str | int | float | None)
        return {self.key: self.value if is_scalar else {"$eq": self.value}}


@dataclass(frozen=True)
class NotEq(Condition):
    """A field does not have this value, or is not there.

    Examples
    --------
    >>> NotEq("sample.name", "Cu").query
    {'sample.name': {'$ne': 'Cu'}}
    """

    key: str
    value: Any

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        return {self.key: {"$ne": self.value}}


@dataclass(frozen=True)
class In(Condition):
    """A field has one of these values.

    Examples
    --------
    >>> In("sample.name", ["Cu", "Ni"]).query
    {'sample.name': {'$in': ['Cu', 'Ni']}}
    """

    key: str
    values: tuple[Any, ...]

    def __init__(self, key: str, values: Iterable[Any]) -> None:
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "values", _listed(values, key))

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        return {self.key: {"$in": list(self.values)}}


@dataclass(frozen=True)
class NotIn(Condition):
    """A field has none of these values, or is not there.

    Examples
    --------
    >>> NotIn("sample.name", ["Cu", "Ni"]).query
    {'sample.name': {'$nin': ['Cu', 'Ni']}}
    """

    key: str
    values: tuple[Any, ...]

    def __init__(self, key: str, values: Iterable[Any]) -> None:
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "values", _listed(values, key))

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        return {self.key: {"$nin": list(self.values)}}


def _listed(values: Iterable[Any], key: str) -> tuple[Any, ...]:
    if isinstance(values, str):
        raise QueryError(
            f"{values!r} is one value, not several", where=key, remedy=f'Write ["{values}"].'
        )
    return tuple(values)


_SIGNS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte", "==": "$eq", "!=": "$ne"}
_WORDS = {"lt": "$lt", "le": "$lte", "gt": "$gt", "ge": "$gte", "eq": "$eq", "ne": "$ne"}
_OPERATORS = _SIGNS | _WORDS


@dataclass(frozen=True)
class Comparison(Condition):
    """A field is less than, at most, more than or at least a value of its own kind.

    Parameters
    ----------
    operator
        ``lt``, ``le``, ``gt``, ``ge`` (or ``<``, ``<=``, ``>``, ``>=``).
    key, value
        The field, and what to compare it with.

    Examples
    --------
    >>> Comparison("gt", "sample.temperature", 300).query
    {'sample.temperature': {'$gt': 300}}
    """

    operator: str
    key: str
    value: Any

    def __post_init__(self) -> None:
        if self.operator not in _OPERATORS:
            raise QueryError(
                f"{self.operator!r} is no comparison",
                where=self.key,
                remedy=f"Known: {', '.join(_OPERATORS)}.",
            )

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        return {self.key: {_OPERATORS[self.operator]: self.value}}


class Key:
    """A field, to be compared: ``Key("scan_id") > 500``.

    Examples
    --------
    >>> ((Key("scan_id") >= 500) & (Key("sample.name") == "Cu")).query
    {'$and': [{'scan_id': {'$gte': 500}}, {'sample.name': 'Cu'}]}
    """

    __hash__ = None  # type: ignore[assignment]  # what is equal here is a condition, not a fact

    def __init__(self, key: str) -> None:
        self.key = key

    def __eq__(self, value: object) -> Eq:  # type: ignore[override]  # a condition, not a bool
        return Eq(self.key, value)

    def __ne__(self, value: object) -> NotEq:  # type: ignore[override]  # a condition, not a bool
        return NotEq(self.key, value)

    def __lt__(self, value: Any) -> Comparison:
        return Comparison("lt", self.key, value)

    def __le__(self, value: Any) -> Comparison:
        return Comparison("le", self.key, value)

    def __gt__(self, value: Any) -> Comparison:
        return Comparison("gt", self.key, value)

    def __ge__(self, value: Any) -> Comparison:
        return Comparison("ge", self.key, value)

    def __repr__(self) -> str:
        return f"Key({self.key!r})"


@dataclass(frozen=True)
class Contains(Condition):
    """A list holds this value, or a text this text.

    Examples
    --------
    >>> from penstock.core.mongo import Query
    >>> Query(Contains("motors", "eta")).matches({"motors": ["theta"]})
    False
    >>> Query(Contains("sample", "foil")).matches({"sample": "copper foil"})
    True
    >>> Contains("shape", 512).query
    {'shape': 512}
    """

    key: str
    value: Any

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        equal = Eq(self.key, self.value).query
        if not isinstance(self.value, str):
            return equal
        # Expressions look at the elements of lists, too.
        is_no_list = {"$not": {"$type": "array"}}
        return {"$or": [equal, {self.key: {"$regex": re.escape(self.value), **is_no_list}}]}


@dataclass(frozen=True)
class Regex(Condition):
    """A text fits a regular expression somewhere.

    Examples
    --------
    >>> Regex("sample.name", "^cu", case_sensitive=False).query
    {'sample.name': {'$regex': '^cu', '$options': 'i'}}
    """

    key: str
    pattern: str
    case_sensitive: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.case_sensitive, bool):
            raise QueryError(
                f"case_sensitive is {self.case_sensitive!r}, not True or False",
                where=self.key,
                remedy='Write Regex("sample.name", "^cu", case_sensitive=False).',
            )

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        options = {} if self.case_sensitive else {"$options": "i"}
        return {self.key: {"$regex": self.pattern, **options}}


@dataclass(frozen=True)
class Exists(Condition):
    """A field is there, or (``exists=False``) is not.

    Examples
    --------
    >>> Exists("sample.temperature").query
    {'sample.temperature': {'$exists': True}}
    """

    key: str
    exists: bool = True

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        return {self.key: {"$exists": self.exists}}


@dataclass(frozen=True)
class FullText(Condition):
    """All these words are somewhere in the texts of a document; case does not count.

    Examples
    --------
    >>> FullText("copper foil").query
    {'$text': {'$search': 'copper foil'}}
    """

    text: str

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        return {"$text": {"$search": self.text}}


# What every start has ----------------------------------------------------------------------------


@dataclass(frozen=True)
class ScanID(Condition):
    """Runs with one of these scan_ids.

    Examples
    --------
    >>> ScanID(554, 555).query
    {'scan_id': {'$in': [554, 555]}}
    """

    scan_ids: tuple[int, ...]

    def __init__(self, *scan_ids: int) -> None:
        if wrong := [number for number in scan_ids if not isinstance(number, int)]:
            raise QueryError(f"{wrong[0]!r} is no scan_id", remedy="Give integers: ScanID(554).")
        object.__setattr__(self, "scan_ids", scan_ids)

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        return {"scan_id": {"$in": list(self.scan_ids)}}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.scan_ids


@dataclass(frozen=True)
class ScanIDRange(Condition):
    """Runs with scan_ids from the first to before the second.

    Examples
    --------
    >>> ScanIDRange(500, 600).query
    {'scan_id': {'$gte': 500, '$lt': 600}}
    """

    start_id: int
    end_id: int

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        return {"scan_id": {"$gte": self.start_id, "$lt": self.end_id}}


@dataclass(frozen=True)
class PartialUID(Condition):
    """Runs whose uid begins with one of these texts.

    Examples
    --------
    >>> PartialUID("6f2a").query
    {'uid': {'$gte': '6f2a', '$lt': '6f2b'}}
    """

    partial_uids: tuple[str, ...]

    def __init__(self, *partial_uids: str) -> None:
        object.__setattr__(self, "partial_uids", partial_uids)

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        # Between the text and the next that does not begin like it, which an index can look up.
        ranges: list[dict[str, Any]] = [
            {"uid": {"$gte": text, **({"$lt": text[:-1] + chr(ord(text[-1]) + 1)} if text else {})}}
            for text in self.partial_uids
        ]
        return ranges[0] if len(ranges) == 1 else {"$or": ranges}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.partial_uids


@dataclass(frozen=True)
class PlanName(Condition):
    """Runs of one of these plans.

    Examples
    --------
    >>> PlanName("scan", "grid_scan").query
    {'plan_name': {'$in': ['scan', 'grid_scan']}}
    """

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        return {"plan_name": {"$in": list(self.names)}}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.names


@dataclass(frozen=True)
class TimeRange(Condition):
    """Runs whose time is at or after `since`, and before `until`.

    Parameters
    ----------
    since, until
        Seconds since 1970; dates or datetimes; or text in the manner of ISO 8601, which may end
        early: ``"2024"``, ``"2024-03"``, ``"2024-03-05"``, ``"2024-03-05T13:02+01:00"``. The
        beginning of what it names counts. None is no bound.
    timezone
        Where clocks show what is given without a zone: ``"Europe/Zurich"``; UTC unless given.

    Raises
    ------
    QueryError
        If one is no time, or there is no such zone.

    Examples
    --------
    >>> TimeRange("2024-03-05", "2024-03-06", timezone="Europe/Zurich").query
    {'time': {'$gte': 1709593200.0, '$lt': 1709679600.0}}
    """

    since: Any = None
    until: Any = None
    timezone: str | None = None

    def __post_init__(self) -> None:
        _ = self.query  # raises where it is no range

    @property
    def query(self) -> dict[str, Any]:
        """The condition in Mongo's language."""
        zone = zone_of(self.timezone)
        bounds = {"$gte": self.since, "$lt": self.until}
        within = {name: span_of(at, zone).begin for name, at in bounds.items() if at is not None}
        return {"time": within} if within else {}
