"""Which scans a SPEC file holds: what matching asks before it claims the file."""

from __future__ import annotations

from ...core.places.recalling import real_path
from ...core.registry.records import RunsFound
from .index import index_file

__all__ = ["probe"]


def probe(paths: list[str]) -> RunsFound | None:
    r"""Say which scans a file holds: one run each, by number and order.

    Raises
    ------
    NoDataError, UnsupportedFileError, AssetError
        That say why the file cannot be ingested.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "day1")
    >>> _ = path.write_text("#F day1\n#S 1 ct 1\n#S 1 ct 1\n")
    >>> probe([str(path)])
    RunsFound(kwargs=({'scan': '1.1'}, {'scan': '1.2'}), detail='2 scans: 1.1 to 1.2', ...)
    """
    if len(paths) != 1:
        return RunsFound(separate=True) if paths else None
    names = list(index_file(real_path(paths[0])).scans)
    told = f"{len(names)} scans: {names[0]} to {names[-1]}" if names[1:] else f"scan {names[0]}"
    return RunsFound(tuple({"scan": name} for name in names), detail=told)
