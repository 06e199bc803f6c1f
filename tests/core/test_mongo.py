"""Mongo queries: each row is a query, a document, and whether MongoDB says that it matches."""

from __future__ import annotations

import datetime
import json
import pickle
import re
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import mongoquery
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import DocumentError, QueryError
from penstock.core.mongo import OPERATORS, Query, matches

NAN = float("nan")
INFINITY = float("inf")

EQUALITY = [
    ({}, {}, True),
    ({}, {"a": 1}, True),
    ({"a": 1}, {"a": 1}, True),
    ({"a": 1}, {"a": 1.0}, True),
    ({"a": 1}, {"a": 2}, False),
    ({"a": 1}, {}, False),
    ({"a": 1}, {"a": "1"}, False),
    ({"a": 1, "b": 2}, {"a": 1, "b": 2}, True),
    ({"a": 1, "b": 2}, {"a": 1, "b": 3}, False),
    ({"a": {"$eq": 1}}, {"a": 1}, True),
    ({"a": {"$ne": 1}}, {"a": 1}, False),
    ({"a": {"$ne": 1}}, {"a": 2}, True),
    ({"a": {"$ne": 1}}, {}, True),
    ({"a": {"$ne": None}}, {}, False),
    ({"a": {"$ne": None}}, {"a": 0}, True),
    ({"$comment": "why", "a": 1}, {"a": 1}, True),
    # A boolean is not a number.
    ({"a": 1}, {"a": True}, False),
    ({"a": True}, {"a": 1}, False),
    ({"a": False}, {"a": 0}, False),
    ({"a": True}, {"a": True}, True),
    ({"a": {"$in": [1]}}, {"a": True}, False),
    ({"a": {"$in": [True]}}, {"a": 1.0}, False),
    ({"a": [1]}, {"a": [True]}, False),
    # NaN equals itself.
    ({"a": NAN}, {"a": NAN}, True),
    ({"a": NAN}, {"a": 1.0}, False),
    ({"a": {"$ne": NAN}}, {"a": NAN}, False),
    ({"a": {"$in": [1, NAN]}}, {"a": NAN}, True),
    ({"a": [NAN, 1]}, {"a": [NAN, 1.0]}, True),
    # Numbers are compared exactly, however large.
    ({"a": 2**63}, {"a": 2**63}, True),
    ({"a": 2**70 + 1}, {"a": 2.0**70}, False),
    ({"a": 2**53 + 1}, {"a": 2.0**53}, False),
    ({"a": 0.0}, {"a": -0.0}, True),
]

MISSING = [
    ({"a": None}, {}, True),
    ({"a": None}, {"a": None}, True),
    ({"a": None}, {"a": 0}, False),
    ({"a": None}, {"a": []}, False),
    ({"a": None}, {"a": {}}, False),
    ({"a": None}, {"a": [1, None]}, True),
    ({"a": {"$in": [None, 75]}}, {}, True),
    ({"a": {"$in": [None, 75]}}, {"a": 1}, False),
    ({"a": {"$nin": [None]}}, {}, False),
    ({"a": {"$nin": [1]}}, {}, True),
    ({"a": {"$gte": None}}, {}, True),
    ({"a": {"$lte": None}}, {"a": None}, True),
    ({"a": {"$gte": None}}, {"a": 0}, False),
    ({"a": {"$gt": None}}, {}, False),
    ({"a": {"$gt": 1}}, {}, False),
    ({"a": {"$lt": 1}}, {"a": None}, False),
    ({"a": {"$all": [None]}}, {}, True),
    ({"a": {"$elemMatch": {"$eq": None}}}, {}, False),
    ({"a": {"$elemMatch": {"$eq": None}}}, {"a": [1, None]}, True),
    ({"a": {"$elemMatch": {"$ne": None}}}, {"a": []}, False),
    ({"a.b": None}, {}, True),
    ({"a.b": None}, {"a": {}}, True),
    ({"a.b": None}, {"a": None}, True),
    ({"a.b": None}, {"a": 4}, True),
    ({"a.b": None}, {"a": {"b": None}}, True),
    ({"a.b": None}, {"a": {"b": "hi"}}, False),
    ({"a.b": None}, {"a": [{"b": 3}, {}]}, True),
    ({"a.b": None}, {"a": [{"b": 1}, {"b": 3}]}, False),
    # In an array that holds no sub-document nothing is found, not even a missing value.
    ({"a.b": None}, {"a": []}, False),
    ({"a.b": None}, {"a": [[]]}, False),
    ({"a.b": None}, {"a": [1, "x", None]}, False),
    ({"a.b": {"$ne": None}}, {"a": []}, True),
    ({"a": {"$exists": True}}, {"a": None}, True),
    ({"a": {"$exists": True}}, {}, False),
    ({"a": {"$exists": False}}, {}, True),
    ({"a": {"$exists": 1}}, {"a": []}, True),
    ({"a": {"$exists": 0}}, {"a": 1}, False),
    ({"a": {"$exists": None}}, {"a": 1}, False),
    ({"a.b": {"$exists": True}}, {"a": [{}, {"b": 1}]}, True),
    ({"a.b": {"$exists": False}}, {"a": [{}, {"b": 1}]}, False),
    ({"a.b": {"$exists": False}}, {"a": []}, True),
    ({"a.0": {"$exists": True}}, {"a": [5]}, True),
    ({"a.1": {"$exists": True}}, {"a": [5]}, False),
    ({"a": {"$exists": True, "$lt": 5}}, {"a": 3}, True),
    ({"a": {"$exists": True, "$lt": 5}}, {}, False),
]

ORDER = [
    ({"a": {"$gt": 1}}, {"a": 2}, True),
    ({"a": {"$gt": 1}}, {"a": 1}, False),
    ({"a": {"$gte": 1}}, {"a": 1}, True),
    ({"a": {"$lt": 1}}, {"a": 0.5}, True),
    ({"a": {"$lte": 1}}, {"a": 1.0}, True),
    ({"a": {"$gt": 1, "$lt": 3}}, {"a": 2}, True),
    ({"a": {"$gt": 1, "$lt": 3}}, {"a": 3}, False),
    ({"a": {"$gt": 2**63}}, {"a": 2**63 + 1}, True),
    ({"a": {"$lt": INFINITY}}, {"a": 10**400}, True),
    ({"a": {"$gt": "Cu"}}, {"a": "Ni"}, True),
    ({"a": {"$gt": "a"}}, {"a": "Z"}, False),  # by code point
    # Only values of one kind have an order.
    ({"a": {"$gt": 1}}, {"a": "2"}, False),
    ({"a": {"$lt": "5"}}, {"a": 4}, False),
    ({"a": {"$gt": 0}}, {"a": True}, False),
    ({"a": {"$lt": True}}, {"a": False}, True),
    ({"a": {"$gte": 0}}, {"a": {}}, False),
    ({"a": {"$gte": 0}}, {"a": NAN}, False),
    ({"a": {"$lt": 0}}, {"a": NAN}, False),
    ({"a": {"$gte": NAN}}, {"a": NAN}, True),
    ({"a": {"$lte": NAN}}, {"a": 1}, False),
    ({"a": {"$gt": NAN}}, {"a": 1}, False),
    # Arrays against arrays, sub-documents against sub-documents.
    ({"a": {"$gt": [1, 2]}}, {"a": [1, 3]}, True),
    ({"a": {"$gt": [1, 2]}}, {"a": [1, 2]}, False),
    ({"a": {"$gte": [1, 2]}}, {"a": [1, 2]}, True),
    ({"a": {"$lt": [1, 2]}}, {"a": [1]}, True),
    ({"a": {"$lt": [1, "a"]}}, {"a": [1, 9]}, True),
    ({"a": {"$gt": [1, 2]}}, {"a": 5}, False),
    ({"a": {"$gt": {"b": 1}}}, {"a": {"b": 2}}, True),
    ({"a": {"$lt": {"b": 1}}}, {"a": {}}, True),
]

ARRAYS = [
    ({"a": 1}, {"a": [1, 2]}, True),
    ({"a": 3}, {"a": [1, 2]}, False),
    ({"a": [1, 2]}, {"a": [1, 2]}, True),
    ({"a": [2, 1]}, {"a": [1, 2]}, False),
    ({"a": [1, 2]}, {"a": [[1, 2], 3]}, True),
    ({"a": 1}, {"a": [[1]]}, False),
    ({"a": []}, {"a": []}, True),
    ({"a": []}, {"a": [[]]}, True),
    ({"a": {"$ne": 1}}, {"a": [1, 2]}, False),
    ({"a": {"$ne": [1, 2]}}, {"a": [1, 2]}, False),
    ({"a": {"$gt": 4}}, {"a": [1, 5]}, True),
    ({"a": {"$gt": 4}}, {"a": [1, 2]}, False),
    ({"a": {"$gt": 4}}, {"a": []}, False),
    ({"a": {"$gt": 4, "$lt": 2}}, {"a": [1, 5]}, True),  # an element for each
    ({"a": {"$in": [2, 9]}}, {"a": [1, 2]}, True),
    ({"a": {"$in": [[1, 2]]}}, {"a": [1, 2]}, True),
    ({"a": {"$in": []}}, {"a": 1}, False),
    ({"a": {"$nin": [2]}}, {"a": [1, 2]}, False),
    ({"a": {"$nin": []}}, {"a": 1}, True),
    ({"a": {"$size": 2}}, {"a": [1, 2]}, True),
    ({"a": {"$size": 2.0}}, {"a": [1, 2]}, True),
    ({"a": {"$size": 0}}, {"a": []}, True),
    ({"a": {"$size": 1}}, {"a": [[1, 2, 3]]}, True),
    ({"a": {"$size": 3}}, {"a": [[1, 2, 3]]}, False),
    ({"a": {"$size": 2}}, {"a": "xy"}, False),
    ({"a": {"$size": 0}}, {}, False),
    ({"a.b": {"$size": 2}}, {"a": [{"b": [1, 2]}]}, True),
    ({"a.0": {"$size": 2}}, {"a": [[1, 2]]}, True),
    ({"a": {"$all": [1, 2]}}, {"a": [2, 1, 3]}, True),
    ({"a": {"$all": [1, 4]}}, {"a": [2, 1, 3]}, False),
    ({"a": {"$all": [5]}}, {"a": 5}, True),
    ({"a": {"$all": [[1, 2]]}}, {"a": [1, 2]}, True),
    ({"a": {"$all": []}}, {"a": []}, False),
    ({"a": {"$all": [re.compile("^C"), "Ni"]}}, {"a": ["Ni", "Cu"]}, True),
    ({"a": {"$all": [{"$elemMatch": {"b": 1}}]}}, {"a": [{"b": 1}]}, True),
    (
        {"a": {"$all": [{"$elemMatch": {"b": 1}}, {"$elemMatch": {"b": 2}}]}},
        {"a": [{"b": 1}]},
        False,
    ),
    ({"a": {"$elemMatch": {"$gt": 1, "$lt": 3}}}, {"a": [0, 2]}, True),
    ({"a": {"$elemMatch": {"$gt": 1, "$lt": 3}}}, {"a": [0, 4]}, False),
    ({"a": {"$elemMatch": {"$gt": 1}}}, {"a": 2}, False),
    ({"a": {"$elemMatch": {"$gt": 1}}}, {"a": [[2]]}, False),
    ({"a": {"$elemMatch": {"$elemMatch": {"$gt": 1}}}}, {"a": [[2]]}, True),
    ({"a": {"$elemMatch": {"$not": {"$gt": 1}}}}, {"a": [2, 0]}, True),
    ({"a": {"$elemMatch": {"$in": [2]}}}, {"a": [2]}, True),
    ({"a": {"$elemMatch": {"b": 1, "c": 2}}}, {"a": [{"b": 1, "c": 2}]}, True),
    ({"a": {"$elemMatch": {"b": 1, "c": 2}}}, {"a": [{"b": 1}, {"c": 2}]}, False),
    ({"a": {"$elemMatch": {"b": 1, "$or": [{"c": 2}]}}}, {"a": [{"b": 1, "c": 2}]}, True),
    ({"a": {"$elemMatch": {"$or": [{"b": 2}, {"c": 2}]}}}, {"a": [{"c": 2}]}, True),
    ({"a": {"$elemMatch": {"b": None}}}, {"a": [5]}, False),
    ({"a": {"$elemMatch": {}}}, {"a": [{}]}, True),
    ({"a": {"$elemMatch": {}}}, {"a": [1]}, False),
    ({"a": {"$elemMatch": {"0": 5}}}, {"a": [[5]]}, True),
]

PATHS = [
    ({"a.b": 1}, {"a": {"b": 1}}, True),
    ({"a.b": 1}, {"a": {"b": [1]}}, True),
    ({"a.b": 1}, {"a": [{"b": 1}, {"b": 2}]}, True),
    ({"a.b": 3}, {"a": [{"b": 1}, {"b": 2}]}, False),
    ({"a.b": {"$ne": 1}}, {"a": [{"b": 1}, {"b": 2}]}, False),
    ({"a.b": {"$gt": 1}}, {"a": [{"b": 1}, 7, {"b": 2}]}, True),
    ({"a.b": [1]}, {"a": [{"b": 1}]}, False),
    ({"a.b": 1}, {"a": [[{"b": 1}]]}, False),
    ({"a.b.c": 1}, {"a": [{"b": [{"c": 1}]}]}, True),
    ({"a.b.c": 1}, {"a": [{"b": {"c": [0, 1]}}]}, True),
    ({"a.0": 5}, {"a": [5, 6]}, True),
    ({"a.1": 5}, {"a": [5, 6]}, False),
    ({"a.5": 5}, {"a": [5, 6]}, False),
    ({"a.00": 5}, {"a": [5, 6]}, False),
    ({"a.-1": 6}, {"a": [5, 6]}, False),
    ({"a.0": 5}, {"a": {"0": 5}}, True),
    ({"a.0": 5}, {"a": [{"0": 5}]}, True),
    ({"a.0": [5]}, {"a": [[5]]}, True),
    ({"a.0": 5}, {"a": [[5]]}, False),
    ({"a.0.b": 5}, {"a": [{"b": 5}, {"b": 6}]}, True),
    ({"a.1.b": 5}, {"a": [{"b": 5}, {"b": 6}]}, False),
    ({"a.0.1": 5}, {"a": [[4, 5]]}, True),
    ({"a.0.b": 5}, {"a": [[{"b": 5}]]}, True),
    ({"a.1.b": None}, {"a": [5, {"b": 4}]}, True),  # as MongoDB: "1" is also sought in {"b": 4}
    ({"a.": 1}, {"a": {"": 1}}, True),
    ({"a.b": 1}, {"a": "b"}, False),
]

SUB_DOCUMENTS = [
    ({"a": {"b": 1}}, {"a": {"b": 1}}, True),
    ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, False),
    ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, False),
    ({"a": {"b": 1}}, {"a": [{"b": 1}]}, True),
    ({"a": {"b": None}}, {"a": {}}, False),
    ({"a": {}}, {"a": {}}, True),
    ({"a": {}}, {"a": {"b": 1}}, False),
    ({"a": {"b": {"c": [1]}}}, {"a": {"b": {"c": [1.0]}}}, True),
    ({"a": {"b": 1}}, {"a": {"b": [1]}}, False),
    ({"a": {"$eq": {"$gt": 1}}}, {"a": {"$gt": 1}}, True),
    ({"a": {"$in": [{"b": 1}]}}, {"a": {"b": 1}}, True),
]

LOGIC = [
    ({"$and": [{"a": 1}, {"b": 2}]}, {"a": 1, "b": 2}, True),
    ({"$and": [{"a": 1}, {"b": 2}]}, {"a": 1}, False),
    ({"$or": [{"a": 1}, {"b": 2}]}, {"b": 2}, True),
    ({"$or": [{"a": 1}, {"b": 2}]}, {}, False),
    ({"$nor": [{"a": 1}, {"b": 2}]}, {}, True),
    ({"$nor": [{"a": 1}, {"b": 2}]}, {"a": 1}, False),
    ({"$or": [{"a": 1}], "b": 2}, {"a": 1}, False),
    ({"$and": [{"$or": [{}, {"a": 1}]}]}, {}, True),
    ({"a": {"$not": {"$gt": 1}}}, {"a": 1}, True),
    ({"a": {"$not": {"$gt": 1}}}, {"a": "x"}, True),
    ({"a": {"$not": {"$gt": 1}}}, {}, True),
    ({"a": {"$not": {"$gt": 1}}}, {"a": [0, 2]}, False),
    ({"a": {"$not": {"$gt": 1, "$lt": 5}}}, {"a": 3}, False),
    ({"a": {"$not": {"$gt": 1, "$lt": 5}}}, {"a": 7}, True),
    ({"a": {"$not": {"$not": {"$gt": 1}}}}, {"a": 2}, True),
    ({"a": {"$not": re.compile("^C")}}, {"a": "Cu"}, False),
    ({"a": {"$not": re.compile("^C")}}, {"a": "Ni"}, True),
    ({"a": {"$not": re.compile("^C")}}, {"a": 5}, True),
    ({"a": {"$not": {"$regex": "^c", "$options": "i"}}}, {"a": "Cu"}, False),
]

TEXT = [
    ({"a": {"$regex": "u$"}}, {"a": "Cu"}, True),
    ({"a": {"$regex": "u"}}, {"a": "Ni"}, False),
    ({"a": {"$regex": "1"}}, {"a": 1}, False),
    ({"a": {"$regex": ""}}, {}, False),
    ({"a": {"$regex": "u"}}, {"a": ["Ni", "Cu"]}, True),
    ({"a": {"$regex": "CU", "$options": "i"}}, {"a": "Cu"}, True),
    ({"a": {"$options": "i", "$regex": "CU"}}, {"a": "Cu"}, True),
    ({"a": {"$regex": "^b", "$options": "m"}}, {"a": "a\nb"}, True),
    ({"a": {"$regex": "^b"}}, {"a": "a\nb"}, False),
    ({"a": {"$regex": "a.b", "$options": "s"}}, {"a": "a\nb"}, True),
    ({"a": {"$regex": "a.b"}}, {"a": "a\nb"}, False),
    ({"a": {"$regex": "a b # c", "$options": "x"}}, {"a": "ab"}, True),
    ({"a": {"$regex": "C u", "$options": "xi"}}, {"a": "cu"}, True),
    ({"a": {"$regex": re.compile("cu", re.IGNORECASE)}}, {"a": "Cu"}, True),
    ({"a": {"$regex": re.compile("cu"), "$options": "i"}}, {"a": "Cu"}, True),
    ({"a": re.compile("u")}, {"a": "Cu"}, True),
    ({"a": {"$in": [re.compile("^C"), 5]}}, {"a": "Cu"}, True),
    ({"a": {"$in": [re.compile("^C"), 5]}}, {"a": ["x", 5]}, True),
    ({"a": {"$nin": [re.compile("^C")]}}, {"a": "Cu"}, False),
    ({"a": {"$regex": "/u/i"}}, {"a": "CU"}, False),  # slashes are text
    ({"a": {"$regex": "/u/i"}}, {"a": "/u/i"}, True),
    ({"a": {"$regex": "u", "$ne": "Cu"}}, {"a": "Cu"}, False),
]

KINDS = [
    ({"a": {"$type": "double"}}, {"a": 1.0}, True),
    ({"a": {"$type": "double"}}, {"a": 1}, False),
    ({"a": {"$type": 1}}, {"a": NAN}, True),
    ({"a": {"$type": "int"}}, {"a": 2**31 - 1}, True),
    ({"a": {"$type": 16}}, {"a": 2**31}, False),
    ({"a": {"$type": "long"}}, {"a": 2**31}, True),
    ({"a": {"$type": 18}}, {"a": 2**64}, True),
    ({"a": {"$type": "long"}}, {"a": 5}, False),
    ({"a": {"$type": "number"}}, {"a": 5}, True),
    ({"a": {"$type": "number"}}, {"a": True}, False),
    ({"a": {"$type": "bool"}}, {"a": True}, True),
    ({"a": {"$type": "string"}}, {"a": "x"}, True),
    ({"a": {"$type": 2.0}}, {"a": "x"}, True),
    ({"a": {"$type": "object"}}, {"a": {}}, True),
    ({"a": {"$type": "null"}}, {"a": None}, True),
    ({"a": {"$type": "null"}}, {}, False),
    ({"a": {"$type": "array"}}, {"a": [1]}, True),
    ({"a": {"$type": "string"}}, {"a": [1, "x"]}, True),
    ({"a": {"$type": "object"}}, {"a": [1]}, False),
    ({"a": {"$type": ["string", 10]}}, {"a": None}, True),
    ({"a": {"$type": "date"}}, {"a": "2026-01-02"}, False),
    ({"a": {"$type": "objectId"}}, {"a": "x"}, False),
    ({"a": {"$mod": [4, 0]}}, {"a": 8}, True),
    ({"a": {"$mod": [4, 0]}}, {"a": 9}, False),
    ({"a": {"$mod": [4, 0]}}, {}, False),
    ({"a": {"$mod": [4, 0]}}, {"a": "8"}, False),
    ({"a": {"$mod": [1, 0]}}, {"a": True}, False),
    ({"a": {"$mod": [4, 0]}}, {"a": [1, 8]}, True),
    ({"a": {"$mod": [4, 0]}}, {"a": 8.9}, True),  # cut to integers
    ({"a": {"$mod": [4.7, 0.9]}}, {"a": 8}, True),
    ({"a": {"$mod": [3, -2]}}, {"a": -5}, True),  # the sign of the dividend
    ({"a": {"$mod": [3, 1]}}, {"a": -5}, False),
    ({"a": {"$mod": [-3, 2]}}, {"a": 5}, True),
    ({"a": {"$mod": [1, 0]}}, {"a": NAN}, False),
    ({"a": {"$mod": [1, 0]}}, {"a": INFINITY}, False),
    ({"a": {"$mod": [1, 0]}}, {"a": 1e300}, False),
    ({"a": {"$mod": [1, 0]}}, {"a": -(2**63)}, True),
]


def identify(value: object) -> str:
    text = ascii(value)[:60] if isinstance(value, dict) else str(value)
    return re.sub(r" at 0x[0-9a-f]+", "", text)  # the same in every process


class Strange:
    """Something that no catalog can store; called the same in every process."""

    def __repr__(self):
        return "strange"


STRANGE = Strange()


@pytest.mark.parametrize(
    ("query", "document", "expected"),
    EQUALITY + MISSING + ORDER + ARRAYS + PATHS + SUB_DOCUMENTS + LOGIC + TEXT + KINDS,
    ids=identify,
)
def test_answers_are_those_of_mongodb(
    query: dict[str, Any], document: dict[str, Any], expected: bool
) -> None:
    assert Query(query).matches(document) is expected
    assert matches(query, document) is expected


DECIDED = [
    # The order of fields is no part of a sub-document's value.
    ({"a": {"b": 1, "c": 2}}, {"a": {"c": 2, "b": 1}}, True),
    ({"a": {"$gte": {"b": 1, "c": 2}}}, {"a": {"c": 2, "b": 1}}, True),
    ({"a": {"$in": [{"b": 1, "c": 2}]}}, {"a": {"c": 2, "b": 1}}, True),
    # A name that holds dots is found as it is; the longest name wins, and hides the split path.
    ({"a.b": 1}, {"a.b": 1}, True),
    ({"a.b": 2}, {"a.b": 1, "a": {"b": 2}}, False),
    ({"a.b": None}, {"a.b": 1}, False),
    ({"a.b.c": 1}, {"a": {"b.c": 1}}, True),
    ({"a.b.c": 1}, {"a.b": {"c": 1}}, True),
    ({"a.b.c": 1}, {"a": [{"b.c": 1}]}, True),
    # Python's regular expressions, where \w is any letter.
    ({"a": {"$regex": r"^\w+$"}}, {"a": "Müller"}, True),
    # Integers beyond 64 bits have no remainder.
    ({"a": {"$mod": [2, 0]}}, {"a": 2**64}, False),
    ({"a": {"$mod": [2, 0]}}, {"a": 2**63}, False),
]


@pytest.mark.parametrize(("query", "document", "expected"), DECIDED, ids=identify)
def test_answers_that_are_decided_here(
    query: dict[str, Any], document: dict[str, Any], expected: bool
) -> None:
    assert Query(query).matches(document) is expected


NOON = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)
FOREIGN = [
    ({"a": np.int64(3)}, {"a": 3}, True),
    ({"a": 3}, {"a": np.int64(3)}, True),
    ({"a": {"$gt": np.float32(0.5)}}, {"a": 1}, True),
    ({"a": {"$gt": 0.5}}, {"a": np.uint8(1)}, True),
    ({"a": np.array([1, 2])}, {"a": [1, 2]}, True),
    ({"a": [1, 2]}, {"a": np.array([1, 2])}, True),
    ({"a": 2}, {"a": np.array([1, 2])}, True),
    ({"a": 2}, {"a": [np.int16(2)]}, True),
    ({"a": {"$in": np.array([1, 2])}}, {"a": 2}, True),
    ({"a": {"$in": {1, 2}}}, {"a": 2}, True),
    ({"a": {"$elemMatch": {"$gt": 1}}}, {"a": [np.int16(2)]}, True),
    ({"a.0": 1}, {"a": np.array([1, 2])}, True),
    ({"a": True}, {"a": np.bool_(True)}, True),
    ({"a": 1}, {"a": np.bool_(True)}, False),
    ({"a": "Cu"}, {"a": np.str_("Cu")}, True),
    ({"a": (1, 2)}, {"a": [1, 2]}, True),
    ({"a": [1, 2]}, {"a": (1, 2)}, True),
    ({"a": {"b": (1,)}}, {"a": OrderedDict(b=[np.int8(1)])}, True),
    ({"a.b": 1}, MappingProxyType({"a": MappingProxyType({"b": 1})}), True),
    ({"a": NOON}, {"a": "2026-01-02T12:00:00+00:00"}, True),
    ({"a": {"$lt": NOON}}, {"a": datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)}, True),
    ({"a": {"$lt": NOON}}, {"a": 0.0}, False),
    ({"a": 1}, {"a": STRANGE}, False),
    ({"a": {"$exists": True}}, {"a": STRANGE}, True),
    ({"a": None}, {"a": STRANGE}, False),
]


@pytest.mark.parametrize(("query", "document", "expected"), FOREIGN, ids=identify)
def test_values_of_other_libraries_count_as_catalogs_store_them(
    query: dict[str, Any], document: dict[str, Any], expected: bool
) -> None:
    assert Query(query).matches(document) is expected


ROW = re.compile(r"\| `(.+)` \| `(.+)` \| (\S+) \| (\S+) \| (\S+) \|")


def ask(query: type[mongoquery.Query], definition: Any, document: Any) -> str:
    try:
        return "yes" if query(definition).match(document) else "no"
    except QueryError:
        return "error"
    except TypeError:
        return "`TypeError`"


def test_the_documented_answers_are_given(repository: Path) -> None:
    page = (repository / "docs" / "explanations" / "search-semantics.md").read_text()
    rows = ROW.findall(page)
    assert len(rows) > 40
    for query, document, mongodb, of_mongoquery, ours in rows:
        case = (json.loads(query), json.loads(document))
        assert ask(Query, *case) == ours.strip("*"), case
        assert ask(mongoquery.Query, *case) == of_mongoquery, case
        assert (mongodb != ours.strip("*")) is ours.startswith("**"), case


def test_the_documented_operators_are_those_that_there_are(repository: Path) -> None:
    page = (repository / "docs" / "explanations" / "search-semantics.md").read_text()
    supported = re.search(r"\nSupported are (.+?)\.\n", page, re.DOTALL)
    assert supported is not None
    assert sorted(re.findall(r"`(\$\w+)`", supported[1])) == OPERATORS


# What is no query --------------------------------------------------------------------------------

DEEP: dict[str, Any] = {"a": 1}
for _ in range(2000):
    DEEP = {"$and": [DEEP]}
ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)

REFUSED = [
    ({"$noop": 1}, r"query\.\$noop: \$noop is not an operator"),
    ({"$where": "this.a"}, r"\$where is not an operator.*\$and, \$comment, \$nor, \$or"),
    ({"$expr": {}}, r"\$expr is not an operator"),
    ({"a": {"$text": {"$search": "x"}}}, r"\$text is not an operator"),
    ({"$text": "x"}, r"\$text needs words"),
    ({"$text": {"$search": "-"}}, r"\$text needs words"),
    ({"$text": {"$search": "x", "$language": "de"}}, r"\$text needs words"),
    ({"a": {"$noop": 1}}, r"query\.a\.\$noop: .*Supported here: \$all, .*\$type"),
    ({"a": {"$where": "x"}}, r"\$where is not an operator"),
    ({"a": {"$or": [{"$gt": 1}]}}, r"\$or is not an operator"),
    ({"$or": [{"b": 1}, {"a.b": {"$bad": 1}}]}, r"query\.\$or\[1\]\.a\.b\.\$bad: "),
    ({"a": {"$not": {"$bad": 1}}}, r"query\.a\.\$not\.\$bad: "),
    ({"a": {"$elemMatch": {"b": {"$bad": 1}}}}, r"query\.a\.\$elemMatch\.b\.\$bad: "),
    ({"a": {"$elemMatch": {"$gt": 1, "b": 2}}}, r"\$gt belongs to a field"),
    ({"$gt": 5}, r"\$gt belongs to a field"),
    ({"$not": {"a": 1}}, r"\$not belongs to a field"),
    ({"a": {"b": 1, "$gt": 2}}, r"query\.a: mixes operators and fields"),
    ({"$and": []}, r"\$and needs a list"),
    ({"$or": {"a": 1}}, r"\$or needs a list"),
    ({"$nor": [5]}, r"query\.\$nor\[0\]: is int"),
    ({"a": {"$in": 5}}, r"\$in needs a list"),
    ({"a": {"$in": "abc"}}, r"\$in needs a list"),
    ({"a": {"$nin": {"b": 1}}}, r"\$nin needs a list"),
    ({"a": {"$in": [{"$gt": 1}]}}, r"\$in takes values"),
    ({"a": {"$all": 5}}, r"\$all needs a list"),
    ({"a": {"$all": [{"$gt": 5}]}}, r"\$all takes values"),
    ({"a": {"$elemMatch": 5}}, r"\$elemMatch needs"),
    ({"a": {"$not": 5}}, r"\$not needs"),
    ({"a": {"$not": {}}}, r"\$not needs"),
    ({"a": {"$not": {"b": 1}}}, r"\$not needs"),
    ({"a": {"$size": "2"}}, r"\$size needs"),
    ({"a": {"$size": None}}, r"\$size needs"),
    ({"a": {"$size": True}}, r"\$size needs"),
    ({"a": {"$size": -1}}, r"\$size needs"),
    ({"a": {"$size": 1.5}}, r"\$size needs"),
    ({"a": {"$size": {"$gt": 1}}}, r"\$size needs"),
    ({"a": {"$exists": "false"}}, r"\$exists needs"),
    ({"a": {"$exists": []}}, r"\$exists needs"),
    ({"a": {"$type": "float"}}, r"\$type does not know the type 'float'.*double"),
    ({"a": {"$type": 0}}, r"\$type does not know"),
    ({"a": {"$type": True}}, r"\$type does not know"),
    ({"a": {"$type": NAN}}, r"\$type does not know"),
    ({"a": {"$type": [["int"]]}}, r"\$type does not know"),
    ({"a": {"$mod": 4}}, r"\$mod needs"),
    ({"a": {"$mod": [4]}}, r"\$mod needs"),
    ({"a": {"$mod": [4, 0, 1]}}, r"\$mod needs"),
    ({"a": {"$mod": ["4", 0]}}, r"\$mod needs"),
    ({"a": {"$mod": [True, 0]}}, r"\$mod needs"),
    ({"a": {"$mod": [NAN, 0]}}, r"\$mod needs"),
    ({"a": {"$mod": [0, 0]}}, r"\$mod cannot divide by 0"),
    ({"a": {"$mod": [0.5, 0]}}, r"\$mod cannot divide by 0"),
    ({"a": {"$regex": "("}}, r"\$regex has a bad regular expression"),
    ({"a": {"$regex": "a{99999999999}"}}, r"\$regex has a bad regular expression"),
    ({"a": {"$regex": 5}}, r"\$regex needs text"),
    ({"a": {"$regex": re.compile(b"x")}}, r"\$regex needs text"),
    ({"a": {"$regex": "x", "$options": "g"}}, r"does not know the \$options 'g'"),
    ({"a": {"$regex": "x", "$options": 5}}, r"does not know the \$options 5"),
    ({"a": {"$options": "i"}}, r"\$options needs a \$regex"),
    ({"a": {"$ne": re.compile("x")}}, r"\$ne takes no regular expression"),
    ({"a": {"$gt": re.compile("x")}}, r"\$gt takes no regular expression"),
    ({"a": STRANGE}, r"holds a Strange"),
    ({"a": [re.compile("x")]}, r"holds a Pattern"),
    ({5: 1}, "5 is not the name of a field"),
    ([], "is list, not a mapping"),
    (None, "is NoneType, not a mapping"),
    ("a", "is str, not a mapping"),
    (DEEP, "nests more than 64 deep"),
    ({"a": ENDLESS}, "nests more than 64 deep"),
    ({".".join("a" * 201): 1}, "more than 200 parts"),
]


@pytest.mark.parametrize(("definition", "message"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_is_no_query_is_refused_when_it_is_compiled(definition: Any, message: str) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        Query(definition)
    assert caught.value.where is not None
    assert caught.value.where.startswith("query")


def test_only_mappings_can_match() -> None:
    with pytest.raises(DocumentError, match="looks at mappings"):
        Query({}).matches([1])  # type: ignore[arg-type]


# The object ---------------------------------------------------------------------------------------


def test_a_query_takes_the_place_of_mongoquerys() -> None:
    query: mongoquery.Query = Query({"a": {"$gt": 1}})
    assert isinstance(query, mongoquery.Query)
    assert query.match({"a": 2}) is True


def test_a_query_can_be_pickled_and_told() -> None:
    query = pickle.loads(pickle.dumps(Query({"a": re.compile("^C"), "b": {"$lt": 3}})))
    assert query.matches({"a": "Cu", "b": 2})
    assert repr(Query({"a": 1})) == "Query({'a': 1})"


def test_later_changes_to_the_definition_change_nothing() -> None:
    definition = {"a": {"$in": [1]}, "b": [1]}
    query = Query(definition)
    definition["a"]["$in"].append(2)  # type: ignore[index]
    definition["b"].append(2)  # type: ignore[attr-defined]
    assert not query.matches({"a": 2, "b": [1, 2]})
    assert query.definition == {"a": {"$in": [1]}, "b": [1]}


def test_matching_plain_data_imports_no_numpy() -> None:
    code = (
        "import sys; from penstock.core.mongo import matches\n"
        "assert matches({'a.b': {'$in': [1, None, {'c': [2]}]}}, {'a': [{'b': 1.0}]})\n"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_deep_documents_do_not_exhaust_the_stack() -> None:
    deep: Any = 1
    for i in range(900):
        deep = [deep] if i % 2 else {"a": deep}
    operand: Any = 1
    for i in range(60):
        operand = [operand] if i % 2 else {"a": operand}
    for operator in ("$eq", "$gt", "$lte"):
        Query({"a": {operator: operand}}).matches({"a": deep})
    assert Query({"a": operand}).matches({"a": operand})


# Laws ---------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "0", "1"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([2**31, 2**63, -(2**63), 2**70, 0.5, 1.0, -0.0, NAN, INFINITY, 1e300])
    | st.sampled_from(["", "a", "ab", "B", "1", "µ"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(NAMES | st.just("a.b"), VALUES, max_size=3)
PATH = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
REGEXES = st.sampled_from(["", "a", "^a", "[ab]+$", "b|1", "."])
TYPES = st.sampled_from(["double", "int", "long", "number", "string", "object", "array", "null", 8])


def operators(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    options: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"], VALUES),
        **dict.fromkeys(["$in", "$nin", "$all"], st.lists(VALUES, max_size=3)),
        "$exists": st.booleans(),
        "$type": TYPES | st.lists(TYPES, max_size=2),
        "$size": st.integers(0, 3),
        "$mod": st.tuples(st.integers(1, 3), st.integers(-2, 2)).map(list),
        "$regex": REGEXES,
        "$not": inner,
        "$elemMatch": inner,
    }
    names = st.lists(st.sampled_from(sorted(options)), min_size=1, max_size=2, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({n: options[n] for n in chosen}))


OPERATOR_DOCUMENTS = operators(operators(st.just({"$gt": 0})))
CONDITIONS = OPERATOR_DOCUMENTS | VALUES
QUERIES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(PATH, CONDITIONS, max_size=2),
    lambda inner: st.builds(
        lambda name, queries: {name: queries},
        st.sampled_from(["$and", "$or", "$nor"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=4,
)


@given(QUERIES, DOCUMENTS)
def test_matching_never_raises(query: dict[str, Any], document: dict[str, Any]) -> None:
    assert Query(query).matches(document) in (True, False)


JSON_LIKE = st.recursive(
    SCALARS | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*OPERATORS, "a", "a.b", ""]) | st.text(max_size=3), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(JSON_LIKE, DOCUMENTS)
def test_anything_is_a_query_or_a_query_error(definition: Any, document: dict[str, Any]) -> None:
    try:
        query = Query(definition)
    except QueryError:
        return
    assert query.matches(document) in (True, False)


@given(PATH, OPERATOR_DOCUMENTS, DOCUMENTS)
def test_not_is_the_complement(path: str, condition: Any, document: dict[str, Any]) -> None:
    assert matches({path: {"$not": condition}}, document) is not matches(
        {path: condition}, document
    )


@given(PATH, VALUES, DOCUMENTS)
def test_ne_is_the_complement_of_eq(path: str, value: Any, document: dict[str, Any]) -> None:
    assert matches({path: {"$ne": value}}, document) is not matches(
        {path: {"$eq": value}}, document
    )


@given(PATH, st.lists(VALUES, max_size=3), DOCUMENTS)
def test_in_is_any_eq_and_nin_its_complement(
    path: str, values: list[Any], document: dict[str, Any]
) -> None:
    expected = any(matches({path: {"$eq": value}}, document) for value in values)
    assert matches({path: {"$in": values}}, document) is expected
    assert matches({path: {"$nin": values}}, document) is not expected


@given(PATH, st.lists(VALUES, min_size=1, max_size=3), DOCUMENTS)
def test_all_is_every_eq(path: str, values: list[Any], document: dict[str, Any]) -> None:
    expected = all(matches({path: {"$eq": value}}, document) for value in values)
    assert matches({path: {"$all": values}}, document) is expected


@given(st.lists(QUERIES, min_size=1, max_size=3), DOCUMENTS)
def test_logic_is_logic(queries: list[dict[str, Any]], document: dict[str, Any]) -> None:
    each = [matches(query, document) for query in queries]
    assert matches({"$and": queries}, document) is all(each)
    assert matches({"$or": queries}, document) is any(each)
    assert matches({"$nor": queries}, document) is not any(each)
    negated = [{"$nor": [query]} for query in queries]
    assert matches({"$nor": queries}, document) is matches({"$and": negated}, document)
    assert matches({"$or": negated}, document) is not all(each)


@given(PATH, st.sampled_from(["$gt", "$lt"]), VALUES, DOCUMENTS)
def test_or_equal_is_order_or_equality(
    path: str, operator: str, value: Any, document: dict[str, Any]
) -> None:
    expected = matches({"$or": [{path: {operator: value}}, {path: value}]}, document)
    assert matches({path: {f"{operator}e": value}}, document) is expected


@given(VALUES)
def test_every_value_is_found_by_itself(value: Any) -> None:
    assert matches({"a": {"$eq": value}}, {"a": value})
    assert matches({"a": {"$in": [value]}}, {"b": 1, "a": value})


ORDERED = st.integers(-3, 3) | st.sampled_from([0.5, 2**63, INFINITY])
FLAT_SCALARS = ORDERED | st.sampled_from(["", "a", "ab", "B", "1"])
FLAT_DOCUMENTS = st.fixed_dictionaries({"a": FLAT_SCALARS, "b": FLAT_SCALARS})
FLAT_CONDITIONS = FLAT_SCALARS | st.one_of(
    *(
        st.builds(lambda value, name=name: {name: value}, FLAT_SCALARS)
        for name in ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]
    ),
    st.lists(FLAT_SCALARS, max_size=3).map(lambda values: {"$in": values}),
    st.lists(FLAT_SCALARS, max_size=3).map(lambda values: {"$nin": values}),
    REGEXES.map(lambda pattern: {"$regex": pattern}),
    st.booleans().map(lambda wanted: {"$exists": wanted}),
    ORDERED.map(lambda value: {"$not": {"$gt": value}}),
)
FLAT_QUERIES = st.dictionaries(st.sampled_from(["a", "b"]), FLAT_CONDITIONS, max_size=2)


@given(
    FLAT_QUERIES
    | st.lists(FLAT_QUERIES, min_size=1, max_size=3).flatmap(
        lambda queries: st.sampled_from(["$and", "$or", "$nor"]).map(lambda name: {name: queries})
    ),
    FLAT_DOCUMENTS,
)
def test_flat_documents_match_as_mongoquery_has_them(
    query: dict[str, Any], document: dict[str, Any]
) -> None:
    assert matches(query, document) is mongoquery.Query(query).match(document)
