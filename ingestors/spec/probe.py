"""Which scans a SPEC file holds: what matching asks before it claims the file."""

from __future__ import annotations

from ...core.registry.records import Acquisition, RunsFound
from .facts import scans

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
    facts = scans(paths[0])
    names = list(facts)
    told = f"{len(names)} scans: {names[0]} to {names[-1]}" if names[1:] else f"scan {names[0]}"
    recorded = (
        Acquisition(scan_id=f.number, start=f.time, events=f.points) for f in facts.values()
    )
    return RunsFound(
        tuple({"scan": name} for name in names), detail=told, acquisitions=tuple(recorded)
    )
