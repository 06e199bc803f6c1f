"""Uids follow from places, parts and selections: the same for ever, and no two alike."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.config import Config, use_config
from penstock.core.places import Place, place_of_file, run_uid
from penstock.core.places.identity import digest_of

# All signs that could part or join what is put together, surrogates of undecodable names too.
text = st.text(st.sampled_from('ab/:,"\\[]{}\0 é\udce9'), max_size=3)
things = st.tuples(text, text, text, text, text)


def uid(root, folder, name, part, selection):
    return run_uid(Place(root, folder, name), part, selection)


@given(things, things)
def test_other_things_have_other_uids(one, other):
    assert (uid(*one) == uid(*other)) == (one == other)


@given(st.lists(text, max_size=4), st.lists(text, max_size=4))
def test_other_texts_have_other_digests(one, other):
    assert (digest_of(one) == digest_of(other)) == (one == other)


def test_uids_stay_what_they_are():
    """Catalogs hold them: they change only with a decision that says what becomes of those."""
    found = run_uid(Place("data", "2026/run7", "img_{}.tif"), "entry", "abc")
    assert uuid.UUID(found).version == 5
    assert found == "42337324-d7e4-52f8-acbe-31b5bb45df02"


def test_a_root_below_a_link_is_where_the_link_leads(tmp_path):
    (tmp_path / "gpfs").mkdir()
    (tmp_path / "data").symlink_to("gpfs")
    with use_config(Config(roots={"data": str(tmp_path / "data")})):
        place = place_of_file(tmp_path / "gpfs" / "me" / "a.h5")
        assert (place.root, place.folder, place.name) == ("data", "me", "a.h5")
        assert place == place_of_file(tmp_path / "data" / "me" / "a.h5")


def test_of_two_names_for_one_folder_the_first_counts_however_they_are_listed(tmp_path):
    for names in (("a", "b"), ("b", "a")):
        with use_config(Config(roots=dict.fromkeys(names, str(tmp_path)))):
            assert place_of_file(tmp_path / "x.h5").root == "a"


def test_everything_lies_below_the_root_of_the_file_system():
    with use_config(Config(roots={"all": "/"})):
        assert place_of_file("/no/such/x.h5") == Place("all", "no/such", "x.h5")
