"""Verdicts come back from their stored form equal, of the same types, and small."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.matching import (
    Claim,
    Decision,
    Evidence,
    Group,
    Offer,
    Rejection,
    Unclaimed,
)
from penstock.core.matching.storing import (
    UnstorableError,
    pack_verdicts,
    token_of,
    unpack_verdicts,
)

TEXTS = st.text(max_size=5) | st.just("\udcff.tif")
NOTES = st.lists(TEXTS, max_size=3).map(tuple)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXTS | st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.lists(TEXTS, min_size=1, max_size=4).map(tuple)
GROUPS = st.builds(Group, st.just("/data"), NAMES, TEXTS, NOTES)
EVIDENCE = st.lists(
    st.builds(
        Evidence, st.sampled_from(["pin", "probe"]), st.just("/data/a"), TEXTS, st.booleans()
    ),
    max_size=2,
).map(tuple)
ARGUMENTS = NAMES.map(lambda names: ([f"/data/{name}" for name in names],)) | st.tuples(PLAIN)
CLAIMS = st.builds(
    Claim,
    TEXTS,
    TEXTS,
    NAMES.map(lambda names: tuple(f"/data/{name}" for name in names)),
    TEXTS,
    ARGUMENTS,
    st.dictionaries(TEXTS, PLAIN, max_size=2),
    EVIDENCE,
    NOTES,
)
OFFERS = st.builds(
    Offer,
    TEXTS,
    st.sampled_from(["STRUCTURE", "SIGNATURE"]),
    st.lists(CLAIMS, max_size=2).map(tuple),
    EVIDENCE,
    NOTES,
)
REJECTIONS = st.lists(
    st.builds(Rejection, TEXTS, TEXTS, TEXTS, st.booleans(), st.booleans()), max_size=2
).map(tuple)
DECISIONS = st.builds(
    Decision, GROUPS, st.none() | OFFERS, st.lists(OFFERS, max_size=2).map(tuple), REJECTIONS, TEXTS
)
UNCLAIMED = st.builds(Unclaimed, TEXTS, NAMES, TEXTS, TEXTS, st.booleans(), REJECTIONS)


def types_of(value: Any) -> Any:
    """The type of a value and of all in it: lists and tuples are equal to nobody else."""
    if isinstance(value, list | tuple):
        return type(value), [types_of(item) for item in value]
    if isinstance(value, dict):
        return dict, [(types_of(key), types_of(item)) for key, item in value.items()]
    if hasattr(value, "__dataclass_fields__"):
        return type(value), [types_of(getattr(value, name)) for name in value.__dataclass_fields__]
    return type(value)


@given(st.lists(DECISIONS | UNCLAIMED, max_size=4))
def test_what_is_stored_comes_back_equal(verdicts: list[Any]) -> None:
    try:
        stored = pack_verdicts("/data", verdicts)
    except UnstorableError:  # an integer beyond 64 bits
        return
    found = unpack_verdicts("/data", stored)
    assert found == verdicts
    assert types_of(found) == types_of(verdicts)


def test_names_are_stored_once() -> None:
    names = tuple(f"img_{number:05d}.tif" for number in range(1000))
    group = Group("/data/a/long/path", names, "img_{}.tif")
    claim = Claim("x", "1", group.paths, "m:f", (list(group.paths),))
    stored = pack_verdicts(group.folder, [Decision(group, Offer("x", "SIGNATURE", (claim,)))])
    assert len(stored) < 1000 * (len(names[0]) + 2) + 300


@pytest.mark.parametrize("value", [object(), {1: object()}, {(1, 2): 3}, 2**70, b"bytes", {1, 2}])
def test_what_is_no_plain_data_is_not_stored(value: object) -> None:
    claim = Claim("x", "1", ("/data/a",), "m:f", (value,))
    with pytest.raises(UnstorableError):
        pack_verdicts(
            "/data",
            [Decision(Group("/data", ("a",), "a"), Offer("x", "SIGNATURE", (claim,)))],
        )


@given(st.binary(max_size=60))
def test_bytes_from_elsewhere_raise_no_other_errors(stored: bytes) -> None:
    with contextlib.suppress(ValueError, TypeError, LookupError, AttributeError):
        unpack_verdicts("/data", stored)


@given(GROUPS, GROUPS)
def test_a_token_tells_groups_apart(one: Group, other: Group) -> None:
    assert (token_of(one) == token_of(other)) is (one == other)
