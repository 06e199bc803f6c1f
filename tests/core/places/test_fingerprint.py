"""Fingerprints tell unchanged files from grown and changed ones."""

import json
import os
import pickle

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.places.fingerprint import Fingerprint, take_fingerprint

names = st.text(st.characters(exclude_characters="\0"), min_size=1)
state = st.tuples(names, st.integers(-1, 2**40), st.integers(-(2**62), 2**62))
states = st.lists(state)


@given(states, states)
def test_more_behind_what_was_is_an_extension(before, more):
    expected = "extended" if more else "same"
    assert Fingerprint.of(before).compare(Fingerprint.of(before + more)) == expected


@given(states, states)
def test_anything_else_is_a_change(before, after):
    if after[: len(before)] != before:
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
