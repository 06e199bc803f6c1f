"""The tables of an index."""

from __future__ import annotations

import sqlite3

__all__ = ["COLUMNS", "CREATE_WORDS", "START", "TEXT", "create_tables", "table_of"]

TEXT = "$text"
"""In the place of a path: the index of the words in all texts of starts."""

COLUMNS = ("time", "uid")
"""Fields of starts that have columns: they hold one number, or one text, always."""

START = "start"
"""Of which documents a path index is: this, or the name of later documents (``stop``)."""

_TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY,     -- in the order in which they first came; never given twice
    uid TEXT NOT NULL UNIQUE,
    asked INTEGER NOT NULL DEFAULT 0,  -- whether documents has all that it says later
    time REAL                   -- seconds since 1970; NULL where it cannot be used: NaN, 10**400
);
CREATE INDEX IF NOT EXISTS runs_by_time ON runs (time);

-- Apart, so that uids and times lie close together.
CREATE TABLE IF NOT EXISTS starts (
    id INTEGER PRIMARY KEY,     -- of the run
    odd INTEGER NOT NULL,       -- whether SQL would not read the document as Python does
    body TEXT NOT NULL          -- JSON
);

-- What runs say later, as far as it was asked for.
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    name TEXT NOT NULL,         -- 'stop', 'descriptor'
    odd INTEGER NOT NULL,
    body TEXT NOT NULL          -- JSON
);
CREATE INDEX IF NOT EXISTS documents_by_run ON documents (run, name);

-- Which paths of which documents are indexed, and every value that they lead to.
CREATE TABLE IF NOT EXISTS paths (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    declared INTEGER NOT NULL,  -- whether somebody asked for it; others came with a query
    UNIQUE (name, path)
);
CREATE TABLE IF NOT EXISTS entries (
    path INTEGER NOT NULL,
    value NOT NULL,             -- without a type: numbers, texts and blobs stay what they are
    id INTEGER NOT NULL,        -- of the run, or of the later document
    PRIMARY KEY (path, value, id)
) WITHOUT ROWID;

-- What would have to be counted.
CREATE TABLE IF NOT EXISTS totals (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO totals VALUES ('runs', 0), ('last_run', 0), ('changes', 0);
INSERT OR IGNORE INTO paths (name, path, declared) VALUES ('start', 'scan_id', 1);
"""


# Nothing but which words are where; what is a word is decided in `core.mongo_text`, which leaves
# nothing for this tokenizer to decide.
CREATE_WORDS = (
    "CREATE VIRTUAL TABLE words USING fts5(word, content='', detail=none, tokenize='ascii')"
)


def table_of(name: str) -> str:
    """Return the table that holds the starts, or the later documents of a name."""
    return "starts" if name == START else "documents"


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables that are not there; in the transaction that is open."""
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)
