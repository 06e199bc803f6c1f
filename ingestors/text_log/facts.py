"""What a table in text records about frames and times: what tells which images it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.places.recalling import real_path
from .columns import frame_numbers, row_times
from .logs import read_log

__all__ = ["LogFacts", "log_facts"]


@dataclass(frozen=True)
class LogFacts:
    """What tells which images a table belongs to."""

    rows: int
    frames: tuple[int, int] | None
    """The least and the greatest number of a frame, where rows tell them."""
    names: tuple[str, str] | None
    """What the first and the last row call their files, where they do."""
    times: tuple[float, float] | None
    """When the first and the last row were written, seconds since 1970-01-01 UTC."""


def log_facts(path: str) -> LogFacts:
    r"""Return what a table records; the file is parsed, and not again within one observation.

    Raises
    ------
    UnsupportedFileError, AssetError, TooLargeError
        If it is no table, cannot be read, or is larger than 32 MiB.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "a.csv")
    >>> _ = path.write_text("file,I0\na_07.tif,1\na_08.tif,2\n")
    >>> log_facts(str(path))
    LogFacts(rows=2, frames=(7, 8), names=('a_07.tif', 'a_08.tif'), times=None)
    """
    table, columns = read_log(real_path(path))
    frames, times = frame_numbers(columns), row_times(columns)
    words = frames[0].values if frames is not None else []
    return LogFacts(
        len(table.rows),
        None if frames is None else (min(frames[1]), max(frames[1])),
        (words[0], words[-1]) if words and isinstance(words[0], str) else None,
        None if times is None else (min(times[0]), max(times[0])),
    )
