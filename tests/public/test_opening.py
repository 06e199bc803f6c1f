"""Catalogs by where they are, or by name."""

import pytest

import penstock
from penstock import BlueskyInMemoryCatalog, BlueskySQLiteCatalog, open_catalog
from penstock.core.config import Config, use_config
from penstock.core.errors import CatalogError, NoDataError
from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run
from penstock.plugins.jsonl import BlueskyJSONLCatalog, export_run
from penstock.plugins.msgpack import BlueskyMsgpackCatalog


@pytest.fixture
def places(tmp_path):
    """A catalog of each kind."""
    BlueskySQLiteCatalog(tmp_path / "runs.db").close()
    BlueskyRun(count_run(3, uid="6f2a")).cache(tmp_path / "copies")
    (tmp_path / "lines").mkdir()
    export_run(BlueskyRun(count_run(3, uid="6f2a")), tmp_path / "lines")
    (tmp_path / "runs.db").rename(tmp_path / "odd_name")
    BlueskySQLiteCatalog(tmp_path / "runs.db").close()
    return tmp_path


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("runs.db", BlueskySQLiteCatalog),
        ("odd_name", BlueskySQLiteCatalog),
        ("copies", BlueskyMsgpackCatalog),
        ("copies/*.msgpack", BlueskyMsgpackCatalog),
        ("lines", BlueskyJSONLCatalog),
        ("lines/*.jsonl", BlueskyJSONLCatalog),
    ],
)
def test_what_is_there_says_of_which_kind_it_is(places, place, kind):
    assert type(open_catalog(places / place)) is kind
    assert type(open_catalog(f"file://localhost{places / place}")) is kind
    with use_config(Config(catalogs={"mine": str(places / place)})):
        assert type(open_catalog("mine")) is kind
        assert type(penstock.catalogs["mine"]) is kind


def test_settings_are_handed_on(places):
    catalog = open_catalog(places / "copies", query={"uid": "other"})
    assert list(catalog) == []


def test_a_file_is_made_only_when_it_is_said(tmp_path):
    with pytest.raises(NoDataError, match="no such catalog"):
        open_catalog(tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
    assert len(open_catalog(tmp_path / "new.db", create=True)) == 0


def test_names_are_those_of_the_configuration_and_the_default(places):
    assert list(penstock.catalogs) == []
    with use_config(Config(catalogs={"45id": str(places / "runs.db"), "tiled": "https://x"})):
        assert list(penstock.catalogs) == ["45id", "tiled"]
        assert "45id" in penstock.catalogs
        assert "other" not in penstock.catalogs
        assert repr(penstock.catalogs) == "<catalogs: 45id, tiled>"
        with pytest.raises(KeyError, match=r"\[catalogs\.other\]"):
            penstock.catalogs["other"]
        with pytest.raises(CatalogError, match=r"penstock\[tiled\]"):
            penstock.catalogs["tiled"]
    open_catalog("default", create=True).close()
    assert list(penstock.catalogs) == ["default"]


def test_a_name_comes_before_a_folder_that_is_called_like_it(places, monkeypatch):
    monkeypatch.chdir(places)
    with use_config(Config(catalogs={"copies": str(places / "runs.db")})):
        assert type(open_catalog("copies")) is BlueskySQLiteCatalog
        assert type(open_catalog("./copies")) is BlueskyMsgpackCatalog


@pytest.mark.parametrize("uri", ["https://host/api", "tiled://host", "mongodb://host/db"])
def test_what_cannot_be_opened_yet_says_so(uri):
    with pytest.raises(CatalogError, match=r"not there yet|no kind of catalog"):
        open_catalog(uri)


def test_all_catalogs_that_take_runs_have_the_same_face():
    def face(kind):
        return {name for name in dir(kind) if not name.startswith("_")}

    more = {"path", "close", "superseded"}
    assert face(BlueskySQLiteCatalog) - face(BlueskyInMemoryCatalog) == more
    assert not face(BlueskyInMemoryCatalog) - face(BlueskySQLiteCatalog)
