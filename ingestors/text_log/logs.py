"""The table in a file, read once within one look at the file system."""

from __future__ import annotations

from ...core.errors import TooLargeError, UnsupportedFileError
from ...core.places.recalling import recall
from .columns import LogColumn, read_columns
from .reading import read_text
from .table import Table, find_table

__all__ = ["MOST_BYTES", "read_log"]

MOST_BYTES = 32 * 2**20
"""Of a file: a table is read as a whole."""


def read_log(path: str) -> tuple[Table, list[LogColumn]]:
    r"""Return the table in a file, and its columns; within an observation, it is read once.

    Raises
    ------
    UnsupportedFileError, MissingFileError, AssetError, TooLargeError
        As `ingest_text_log`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "a.csv")
    >>> _ = path.write_text("a,b\n1,2\n3,4\n")
    >>> read_log(str(path))[0].rows
    [['1', '2'], ['3', '4']]
    """
    return recall(("text-log", path), lambda: _read(path))


def _read(path: str) -> tuple[Table, list[LogColumn]]:
    text, whole = read_text(path, MOST_BYTES)
    if not whole:
        raise TooLargeError(
            f"is larger than {MOST_BYTES // 2**20} MiB",
            where=path,
            remedy="Convert it to HDF5, or split it.",
        )
    table = find_table(text)
    if table is None:
        raise UnsupportedFileError(
            "is no table: its lines have not as many values each, or none is numbers throughout",
            where=path,
            remedy="Write an ingestor for it; the how-to guide shows one.",
        )
    return table, read_columns(table)
