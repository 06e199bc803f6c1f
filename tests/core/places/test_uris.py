"""Paths survive being URIs, and can be mapped to where files lie now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.config import Config, use_config
from penstock.core.places import file_uri, path_from_uri, place_of_file, relocate

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


def test_a_file_behind_a_link_and_back_is_where_the_system_finds_it(tmp_path):
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real" / "deep")
    found = tmp_path / "real" / "a.h5"
    found.touch()
    spelled = f"{tmp_path}/link/../a.h5"
    assert path_from_uri(file_uri(spelled)) == str(found)
    assert path_from_uri(file_uri(f"{tmp_path}/link/..", folder=True)) == f"{tmp_path}/real/"
    assert place_of_file(spelled) == place_of_file(found)


def test_relative_paths_are_those_of_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert file_uri("a b.h5") == f"file://localhost{tmp_path}/a%20b.h5"
    assert file_uri(".", folder=True) == f"file://localhost{tmp_path}/"
    assert file_uri("/", folder=True) == "file://localhost/"


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
    assert relocate("/raw", root_map) == "/a"
    assert relocate("/x.tif", {"/": "/mnt"}) == "/mnt/x.tif"
    assert relocate("/mnt/x.tif", {"/mnt": "/"}) == "/x.tif"


def test_prefixes_of_other_hosts_are_mapped_by_the_configuration():
    prefixes = {"file://detector1/ramdisk/": "/mnt/ram/", "file://detector1/ramdisk/b": "/mnt/b"}
    with use_config(Config(uri_prefixes=prefixes)):
        assert path_from_uri("file://detector1/ramdisk/a%20b/c.h5") == "/mnt/ram/a b/c.h5"
        assert path_from_uri("file://detector1/ramdisk/b/c.h5") == "/mnt/b/c.h5"
        assert path_from_uri("file://detector1/ramdisk/bc.h5") == "/mnt/ram/bc.h5"
        assert relocate("file://detector1/ramdisk/a.h5", {"/mnt/ram": "/old"}) == "/old/a.h5"
