"""Paths survive being URIs, and can be mapped to where files lie now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.config import Config, use_config
from penstock.core.places import file_uri, path_from_uri, relocate

parts = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1
).filter(lambda part: part not in (".", ".."))


@given(st.lists(parts, min_size=1))
def test_every_path_comes_back(names):
    path = "/" + "/".join(names)
    assert path_from_uri(file_uri(path)) == path


def test_names_that_are_not_text_come_back():
    path = b"/data/caf\xe9.tif".decode("utf-8", "surrogateescape")
    assert path_from_uri(file_uri(path)) == path


@pytest.mark.parametrize("uri", ["http://host/a.tif", "file:///a#b.tif", "file:///a?b.tif"])
def test_what_names_no_file_is_refused(uri):
    with pytest.raises(ValueError, match="not the URI of a file"):
        path_from_uri(uri)


def test_the_longest_prefix_is_replaced_at_whole_folders():
    root_map = {"/raw": "/a", "/raw/deep/": "/b/"}
    assert relocate("/raw/x.tif", root_map) == "/a/x.tif"
    assert relocate("/raw/deep/x.tif", root_map) == "/b/x.tif"
    assert relocate("/raw/deeper/x.tif", root_map) == "/a/deeper/x.tif"
    assert relocate("/rawer/x.tif", root_map) == "/rawer/x.tif"


def test_prefixes_of_other_hosts_are_mapped_by_the_configuration():
    config = Config(uri_prefixes={"file://detector1/ramdisk/": "/mnt/ram/"})
    with use_config(config):
        assert path_from_uri("file://detector1/ramdisk/a%20b/c.h5") == "/mnt/ram/a b/c.h5"
