"""Fingerprints tell unchanged files from grown and changed ones."""

import json
import os
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.places.fingerprint import Fingerprint, take_fingerprint

names = st.text(st.characters(exclude_characters="\0"), min_size=1)
state = st.tuples(names, st.integers(-1, 2**40), st.integers(-(2**62), 2**62))
states = st.lists(state)


def has_grown(before, after):
    """Tell whether of the files that were, the last alone has changed, and is larger and newer."""
    last = len(before) - 1
    if last < 0 or len(after) <= last or after[:last] != before[:last]:
        return False
    (name, size, time), (new_name, new_size, new_time) = before[last], after[last]
    return new_name == name and 0 <= size < new_size and time <= new_time


@given(states, states)
def test_more_behind_what_was_is_an_extension(before, more):
    expected = "extended" if more else "same"
    assert Fingerprint.of(before).compare(Fingerprint.of(before + more)) == expected


@given(states, states)
def test_anything_else_is_a_change(before, after):
    if after[: len(before)] != before and not has_grown(before, after):
        assert Fingerprint.of(before).compare(Fingerprint.of(after)) == "changed"


@given(states, states, states)
def test_an_extension_of_an_extension_is_one(first, second, third):
    steps = [Fingerprint.of(first), Fingerprint.of(first + second)]
    last = Fingerprint.of(first + second + third)
    assert {step.compare(last) for step in steps} <= {"same", "extended"}


@given(st.lists(state, min_size=2, unique=True))
def test_order_counts(files):
    assert Fingerprint.of(files).compare(Fingerprint.of(files[::-1])) == "changed"


@given(states, states)
def test_one_that_was_stored_can_be_compared_with_what_is_now(before, more):
    stored = Fingerprint.from_dict(json.loads(json.dumps(Fingerprint.of(before).to_dict())))
    now = Fingerprint.of(before + more)
    assert stored.compare(now) == ("extended" if more else "same")
    assert stored.compare(pickle.loads(pickle.dumps(now))) == stored.compare(now)


sizes = st.integers(0, 2**40)


@given(states, names, sizes, st.integers(1, 2**20), st.integers(0, 2**20), states)
def test_the_last_file_may_have_grown(before, name, size, more, later, behind):
    then = Fingerprint.of([*before, (name, size, 10)])
    now = Fingerprint.of([*before, (name, size + more, 10 + later), *behind])
    assert then.compare(now) == "extended"
    stored = Fingerprint.from_dict(json.loads(json.dumps(then.to_dict())))
    assert stored.compare(now) == "extended"


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ([("a_1", 5, 5), ("a_2", 9, 10)], "smaller"),
        ([("a_1", 5, 5), ("a_2", 10, 11)], "newer at the same size"),
        ([("a_1", 5, 5), ("a_2", 11, 9)], "larger, but older"),
        ([("a_1", 5, 5), ("b_2", 11, 10)], "another name"),
        ([("a_1", 6, 6), ("a_2", 10, 10)], "the first has grown"),
        ([("a_1", 6, 6), ("a_2", 11, 10)], "both have grown"),
        ([("a_1", 6, 6), ("a_2", 10, 10), ("a_3", 1, 20)], "the first has grown, and one is new"),
        ([("a_1", 5, 5), ("a_2", -1, -1)], "the last has gone"),
        ([("a_1", 5, 5)], "the last is not listed any more"),
    ],
)
def test_no_other_file_and_no_rewriting_passes_for_growth(after, why):
    assert Fingerprint.of([("a_1", 5, 5), ("a_2", 10, 10)]).compare(Fingerprint.of(after)) == (
        "changed"
    ), why


def test_a_file_that_was_gone_and_is_there_again_has_not_grown():
    gone = Fingerprint.of([("a_1", -1, -1)])
    assert gone.compare(Fingerprint.of([("a_1", 10, 10)])) == "changed"


def test_a_file_that_is_appended_to_is_extended(tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(b"abc")
    before = take_fingerprint(path)
    with path.open("ab") as file:
        file.write(b"d")
    assert before.compare(take_fingerprint(path)) == "extended"


def test_it_follows_the_files(tmp_path):
    pattern = str(tmp_path / "*.tif")
    for number in (1, 2):
        (tmp_path / f"a_{number}.tif").write_bytes(b"abc")
    before = take_fingerprint(pattern)
    assert (before.count, before.size) == (2, 6)
    (tmp_path / "a_3.tif").write_bytes(b"abc")
    assert before.compare(take_fingerprint(pattern)) == "extended"
    (tmp_path / "a_1.tif").write_bytes(b"abcd")
    assert before.compare(take_fingerprint(pattern)) == "changed"


def test_a_file_written_anew_with_the_same_size_is_another(tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(b"abc")
    os.utime(path, ns=(0, 1_000_000_000))
    before = take_fingerprint(path)
    os.utime(path, ns=(0, 1_000_000_001))
    assert before.compare(take_fingerprint(path)) == "changed"


def test_its_digest_is_the_same_on_every_machine():
    files = [("a_1.tif", 10, 5), ("caf\udce9_2.tif", 2**40, 2**60)]
    assert Fingerprint.of(files).digest == "d0f2bbc4a720e096efda043ac950f044"


def test_a_joined_one_is_extended_if_parts_are_and_none_is_changed():
    def taken(*states):
        return Fingerprint.joined(Fingerprint.of(files) for files in states)

    log, images = [("log", 5, 1)], [("a_1", 9, 1), ("a_2", 9, 2)]
    before = taken(images, log)
    assert (before.count, before.size, before.newest) == (3, 23, 2)
    assert before.compare(taken(images, log)) == "same"
    assert before.compare(taken([*images, ("a_3", 9, 3)], log)) == "extended"
    assert before.compare(taken(images, [("log", 6, 3)])) == "extended"
    assert before.compare(taken([*images, ("a_3", 9, 3)], [("log", 4, 3)])) == "changed"
    assert before.compare(taken(images)) == "changed"
    assert before.compare(Fingerprint.of([*images, *log])) == "changed"
    assert Fingerprint.from_dict(json.loads(json.dumps(before.to_dict()))) == before
