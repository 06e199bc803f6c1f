"""A catalog file from elsewhere can run no code, reach no other files and switch no flag."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from penstock import BlueskySQLiteCatalog, sample_files
from penstock.core.config import Config, use_config
from penstock.core.errors import CatalogError, PenstockError, RecipeError
from penstock.core.index.schema import CREATE_WORDS

SAMPLES = Path(sample_files.__file__).parent


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    shutil.copy2(SAMPLES / "scan.nxs", folder / "in.nxs")
    (tmp_path / "secret").mkdir()
    shutil.copy2(SAMPLES / "scan.nxs", tmp_path / "secret" / "scan.nxs")
    with use_config(Config(roots={"data": str(folder)})):
        yield folder


@pytest.fixture
def path(root, tmp_path):
    path = tmp_path / "runs.db"
    with BlueskySQLiteCatalog(path) as catalog:
        catalog.ingest([root])
    return path


def craft(path, sql, *parameters):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(sql) if ";" in sql else connection.execute(sql, parameters)
        connection.commit()


def recipe_of(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        return json.loads(connection.execute("SELECT recipe FROM calls").fetchone()[0])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({3: {"$path": ["", "TMP/secret/scan.nxs"]}}, "outside of the opened roots"),
        ({3: {"$path": ["data", "../secret/scan.nxs"]}}, "by '..'"),
        ({4: {"allow_external": True}}, "sets allow_external"),
        ({1: "os:system"}, "no ingestor is registered as 'os:system'"),
        ({1: "tiff-series", 3: "TMP/secret/scan.nxs", 4: {}}, "outside of the opened roots"),
        ({4: {"metadata": 1, "filename": "/etc/passwd"}}, "sets filename"),
    ],
)
def test_a_row_that_was_changed_is_held_to_bounds(path, tmp_path, change, reason):
    recipe = recipe_of(path)
    for position, value in json.loads(json.dumps(change).replace("TMP", str(tmp_path))).items():
        recipe[int(position)] = value
    craft(path, "UPDATE calls SET recipe = ?", json.dumps(recipe))
    run = BlueskySQLiteCatalog(path)[-1]
    assert run.metadata["stop"]
    with pytest.raises(RecipeError, match=reason):
        run.primary.read()
    with pytest.raises(RecipeError, match=reason):
        list(run.documents())
    (item,) = BlueskySQLiteCatalog(path).check()
    assert item.details["state"] == "unknown"
    (item,) = BlueskySQLiteCatalog(path).refresh()
    assert item.outcome == "skipped"


def test_a_seal_of_one_run_is_none_of_another(path, tmp_path):
    with BlueskySQLiteCatalog(path) as catalog:
        catalog.ingest([tmp_path / "secret"])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE calls SET (recipe, seal) = (SELECT recipe, seal FROM calls WHERE run = 2)"
        )
        connection.commit()
    with pytest.raises(RecipeError, match="outside of the opened roots"):
        BlueskySQLiteCatalog(path)[-2].primary.read()


def test_a_link_that_was_put_below_the_root_later_is_not_followed(path, root, tmp_path):
    craft(path, "UPDATE calls SET seal = NULL")
    (root / "in.nxs").unlink()
    (root / "in.nxs").symlink_to(tmp_path / "secret" / "scan.nxs")
    with pytest.raises(RecipeError, match="outside of the opened roots"):
        BlueskySQLiteCatalog(path)[-1].primary.read()


@pytest.mark.parametrize("column", ["recipe", "provenance", "rows", "seal"])
@pytest.mark.parametrize(
    "value", ["", "{", "[]", "null", "[1,2,3]", "[" * 50_000, b"\xff\xfe", 7, "[null,[{}],{}]"]
)
def test_rubbish_in_a_row_is_told_and_crashes_nothing(path, column, value):
    craft(path, f"UPDATE calls SET {column} = ?", value)
    catalog = BlueskySQLiteCatalog(path)
    assert len(catalog) == 1
    with suppress(PenstockError):
        run = catalog[-1]
        assert run.metadata["start"]["uid"] in catalog
        assert "BlueskyRun" in repr(run)
        run._repr_html_()
        list(run)
        run.primary.read()
    assert len(catalog.check()) == 1


@pytest.mark.parametrize(
    "start",
    ["{", "[]", "null", '{"uid": "other", "time": 0}', '{"uid": 7}', '{"uid": "u", "time": "x"}'],
)
def test_a_crafted_start_document_is_told(path, start):
    craft(path, "UPDATE starts SET body = ?", start)
    catalog = BlueskySQLiteCatalog(path)
    (uid,) = catalog
    with pytest.raises(CatalogError, match="cannot be read"):
        catalog[uid]
    with suppress(PenstockError):
        list(catalog.search({"sample.name": "copper foil"}))


@pytest.mark.parametrize("column", ["starts SET body", "documents SET body"])
@pytest.mark.parametrize("how", ["remove", "ingest"])
def test_a_damaged_run_hides_no_other_and_can_be_removed_or_ingested_again(
    path, root, tmp_path, column, how
):
    shutil.copy2(SAMPLES / "melt.h5", root)
    with BlueskySQLiteCatalog(path) as catalog:
        catalog.create_index("sample.name")
        (good,) = set(catalog.ingest([root / "melt.h5"]).uids)
        (bad,) = set(catalog) - {good}
    row = "(SELECT id FROM runs WHERE uid = ?)"
    key = "id" if "starts" in column else "run"
    craft(path, f"UPDATE {column} = '{{' WHERE {key} = {row}", bad)
    catalog = BlueskySQLiteCatalog(path)
    assert good in [start["uid"] for start in catalog.newest_starts()]
    assert "2 runs" in repr(catalog)
    assert "2 run" in catalog._repr_html_()
    if how == "remove":
        assert catalog.remove(bad) == bad
        assert list(catalog) == [good]
    else:
        assert catalog.ingest([root / "in.nxs"], again=True).ok
        assert set(catalog) == {good, bad}
        assert catalog[bad].metadata["stop"]
        assert list(catalog.search({"sample.name": "copper foil"})) == [bad]
    assert list(catalog.superseded(bad)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TRIGGER t AFTER INSERT ON calls BEGIN DELETE FROM runs; END;",
        "CREATE VIEW v AS SELECT 1;",
        "DROP TABLE calls; CREATE VIEW calls AS SELECT 1 AS run;",
        "CREATE VIRTUAL TABLE f USING fts5(x);",
        "CREATE VIRTUAL TABLE words USING fts5(word, content='runs');",
        "CREATE TABLE words (word);",
        f"{CREATE_WORDS}; CREATE TRIGGER t AFTER INSERT ON calls BEGIN DELETE FROM runs; END;",
    ],
)
def test_a_file_with_triggers_or_views_is_refused(path, sql):
    craft(path, sql)
    with pytest.raises(CatalogError, match="tampered"):
        BlueskySQLiteCatalog(path)


def test_a_damaged_file_is_told_as_such(path):
    craft(path, "PRAGMA wal_checkpoint(TRUNCATE);")
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(CatalogError, match=r"damaged|cannot be used"):
        list(BlueskySQLiteCatalog(path).values())


def test_a_pipe_in_the_place_of_a_catalog_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "runs.db")
    code = "import sys, penstock; penstock.BlueskySQLiteCatalog(sys.argv[1])"
    command = [sys.executable, "-c", code, str(tmp_path / "runs.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "is no file" in done.stderr
