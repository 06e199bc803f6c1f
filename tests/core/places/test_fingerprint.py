"""Fingerprints tell unchanged files from grown and changed ones."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.places.fingerprint import Fingerprint, file_states, take_fingerprint

states = st.lists(
    st.tuples(
        st.text(st.characters(exclude_characters="\0"), min_size=1),
        st.integers(-1, 2**40),
        st.integers(-1, 2**62),
    )
)


@given(states, states)
def test_more_behind_what_was_is_an_extension(before, more):
    expected = "extended" if more else "same"
    assert Fingerprint.of(before).compare(before + more) == expected


@given(states, states)
def test_anything_else_is_a_change(before, after):
    if after[: len(before)] != before:
        assert Fingerprint.of(before).compare(after) == "changed"


def test_it_follows_the_files(tmp_path):
    pattern = str(tmp_path / "*.tif")
    for number in (1, 2):
        (tmp_path / f"a_{number}.tif").write_bytes(b"abc")
    before = take_fingerprint(pattern)
    assert (before.count, before.size) == (2, 6)
    (tmp_path / "a_3.tif").write_bytes(b"abc")
    assert before.compare(file_states(pattern)) == "extended"
    (tmp_path / "a_1.tif").write_bytes(b"abcd")
    assert before.compare(file_states(pattern)) == "changed"
