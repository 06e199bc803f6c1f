"""Which scans a SPEC file holds: what matching asks before it claims the file."""

from __future__ import annotations

from ...core.errors import TooLargeError
from ...core.registry.records import Acquisition, RunsFound
from .facts import scans
from .index import MOST_BYTES

__all__ = ["probe"]

_MOST_NOTES = 20


def probe(paths: list[str]) -> RunsFound | None:
    r"""Say which scans a file holds: one run each, by number and order.

    Raises
    ------
    NoDataError, UnsupportedFileError, TooLargeError, AssetError
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
    large = {name: f.too_large for name, f in facts.items() if f.too_large}
    facts = {name: f for name, f in facts.items() if name not in large}
    notes = [f"scan {name} is left out: {why}" for name, why in large.items()]
    if not facts:
        raise TooLargeError(
            f"no scan can be read: {notes[0]}, and {MOST_BYTES // 2**20} are read",
            where=paths[0],
            remedy="Split the file, or keep spectra in files of their own.",
        )
    names = list(facts)
    told = f"{len(names)} scans: {names[0]} to {names[-1]}" if names[1:] else f"scan {names[0]}"
    recorded = (
        Acquisition(scan_id=f.number, start=f.time, events=f.points) for f in facts.values()
    )
    return RunsFound(
        tuple({"scan": name} for name in names),
        detail=told,
        notes=tuple(notes[:_MOST_NOTES]),
        acquisitions=tuple(recorded),
    )
