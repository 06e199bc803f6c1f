"""Queries in the field's terms, to search catalogs with, each with ``.query`` for Mongo's form.

>>> from penstock.queries import Eq, TimeRange
>>> (TimeRange(since="2024-03") & ~Eq("sample.name", "Cu")).query
{'$and': [{'time': {'$gte': 1709251200.0}}, {'$nor': [{'sample.name': 'Cu'}]}]}
"""

from penstock.core.queries import (
    Comparison,
    Condition,
    Contains,
    Eq,
    Exists,
    FullText,
    In,
    Key,
    NotEq,
    NotIn,
    PartialUID,
    PlanName,
    Regex,
    ScanID,
    ScanIDRange,
    TimeRange,
)

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
]
