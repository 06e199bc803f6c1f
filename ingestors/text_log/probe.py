"""Whether a text file is a table: what matching asks before it claims the file."""

from __future__ import annotations

from ...core.errors import PenstockError
from ...core.places.recalling import real_path
from ...core.registry.records import Acquisition, RunsFound
from .counting import count_lines, count_lines_of_file
from .facts import log_facts
from .logs import MOST_BYTES
from .reading import read_text
from .table import Table, find_table

__all__ = ["probe"]

_HEAD = 64 * 1024


def probe(paths: list[str]) -> RunsFound | None:
    r"""Accept a file whose first 64 KiB are a table; notes and settings are none.

    Raises
    ------
    MissingFileError, AssetError, UnsupportedFileError
        If it cannot be read, or is no text.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("name,I0\na,1\nb,2\n")
    >>> _ = (folder / "a.txt").write_text("It rained.\nWe measured 3 samples.\n")
    >>> probe([str(folder / "a.csv")]).detail, probe([str(folder / "a.txt")])
    ('a table with the columns name, I0', None)
    """
    if len(paths) != 1:
        return RunsFound(separate=True) if paths else None
    text, whole = read_text(paths[0], _HEAD)
    table = find_table(text, whole=whole)
    if table is None:
        return None
    more = ", …" if len(table.labels) > 8 else ""
    detail = f"a table with the columns {', '.join(table.labels[:8])}{more}"
    recorded = _recorded(paths[0]) if whole else _counted(paths[0], text, table)
    return RunsFound(detail=detail, acquisitions=recorded)


def _counted(path: str, head: str, table: Table) -> tuple[Acquisition, ...]:
    """Return how many rows a long table has; when they were written, only parsing would tell."""
    lines = count_lines_of_file(real_path(path), MOST_BYTES)
    if lines is None:  # nobody can ingest it
        return ()
    rows = len(table.rows) + len(table.uneven)
    labels = count_lines(head[: head.rfind("\n") + 1].encode()) - rows
    return (Acquisition(events=lines - labels),)


def _recorded(path: str) -> tuple[Acquisition, ...]:
    """Return what a short table records."""
    try:
        facts = log_facts(path)
    except PenstockError:  # who ingests it will say so
        return ()
    start, stop = facts.times or (None, None)
    return (Acquisition(start=start, stop=stop, events=facts.rows),)
