"""What is wrong with a catalog's file is told as what it is, and hides nothing that is right."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from penstock import BlueskySQLiteCatalog
from penstock.core.catalog.file_errors import explained
from penstock.core.errors import CatalogError
from penstock.sample_files import folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with BlueskySQLiteCatalog(tmp_path / "runs.db") as catalog:
        catalog.ingest([folder() / "scan.nxs", folder() / "melt.h5", folder() / "foam.tif"])
    return tmp_path / "runs.db"


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_damaged_run_hides_no_other_and_is_told(path: Path) -> None:
    change(path, "UPDATE starts SET body = '{\"time\"' WHERE id = 2")
    with BlueskySQLiteCatalog(path) as catalog:
        assert len(list(catalog.search({"detectors": {"$exists": True}}).values())) == 2
        assert len(catalog.newest_starts()) == 2
        (problem,) = catalog.problems
        assert problem.outcome == "failed"
        assert "cannot be read" in problem.why
        catalog.remove(problem.uid)
        assert not len(catalog.problems)


def test_a_table_without_its_rows_is_damage(path: Path) -> None:
    change(path, "DELETE FROM totals")
    with BlueskySQLiteCatalog(path) as catalog, pytest.raises(CatalogError, match="is damaged"):
        len(catalog)


def test_a_column_that_is_gone_is_damage(path: Path) -> None:
    change(path, "ALTER TABLE starts RENAME COLUMN odd TO even")
    with pytest.raises(CatalogError, match="odd of starts"):
        BlueskySQLiteCatalog(path)


def test_a_file_that_is_removed_while_it_is_open_is_told(path: Path) -> None:
    with BlueskySQLiteCatalog(path) as catalog:
        path.rename(path.with_suffix(".away"))
        with pytest.raises(CatalogError, match="was removed while it was open"):
            len(catalog)
        assert not path.exists()
        path.with_suffix(".away").rename(path)
        assert len(catalog) == 3


def test_another_file_in_its_place_is_told(path: Path) -> None:
    with BlueskySQLiteCatalog(path) as catalog:
        BlueskySQLiteCatalog(path.with_suffix(".other")).close()
        os.replace(path.with_suffix(".other"), path)
        with pytest.raises(CatalogError, match="another file has taken its place"):
            len(catalog)


def test_memory_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatalogError, match="BlueskyInMemoryCatalog"):
        BlueskySQLiteCatalog(":memory:")
    assert os.listdir(tmp_path) == []


def test_wrong_sql_is_no_fault_of_a_file() -> None:
    with (
        pytest.raises(sqlite3.OperationalError, match="syntax error"),
        explained("runs.db"),
        closing(sqlite3.connect(":memory:")) as connection,
    ):
        connection.execute("SELEKT")
