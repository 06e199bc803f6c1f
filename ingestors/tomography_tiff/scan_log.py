"""What a log tells of a tomography: the angles of projections, and which frames are what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import TooLargeError, UnsupportedFileError
from ..text_log.reading import read_text

__all__ = ["DARKS", "FLATS", "PROJECTIONS", "RoleLog", "ScanLog", "read_scan_log"]

PROJECTIONS, FLATS, DARKS = "primary", "flat", "dark"
"""The names of the streams."""
MOST_BYTES = 16 * 2**20


@dataclass(frozen=True)
class RoleLog:
    """What a log tells of the frames of one role, a value for each."""

    count: int
    numbers: Sequence[int] | None = None
    """Which frames these are, as the counter in their names has it; None: all, in order."""
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """``theta`` is the angle of the sample."""
    units: Mapping[str, str] = field(default_factory=dict)
    times: Sequence[float | None] | None = None
    """Seconds since 1970-01-01 UTC."""


@dataclass(frozen=True)
class ScanLog:
    """What a log tells."""

    kind: str
    """What log it is, for people."""
    roles: Mapping[str, RoleLog]
    digits: int = 0
    """So many digits at the end of a name count all frames, and the log tells which have which
    role; 0: it does not."""
    is_of_projections: bool = True
    """Whether there is to be a projection for each of its lines, or for as many as it tells of."""
    start: Mapping[str, Any] = field(default_factory=dict)
    """In the field's terms, for the start document."""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """Constants of the detector."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Of `configuration`."""
    time: float | None = None
    """When the scan began."""
    everything: Mapping[str, Any] = field(default_factory=dict)
    """All that it says, as it says it."""
    notes: Sequence[str] = ()


def read_scan_log(path: str) -> ScanLog:
    r"""Read the log of a tomography, of whichever facility it is.

    Raises
    ------
    UnsupportedFileError
        If it is none that is known.
    AssetError, TooLargeError
        If it cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "angles.txt")
    >>> _ = path.write_text("0.0\n0.5\n1.0\n")
    >>> read_scan_log(str(path)).roles["primary"].columns["theta"]
    [0.0, 0.5, 1.0]
    """
    from .row_logs import read_angles, read_aps_1id, read_imat
    from .setting_logs import read_als_832, read_tomcat

    text, whole = read_text(path, MOST_BYTES)
    if not whole:
        raise TooLargeError(f"is larger than {MOST_BYTES // 2**20} MiB: no log", where=path)
    for read in (read_als_832, read_tomcat, read_aps_1id, read_imat, read_angles):
        log = read(text)
        if log is not None:
            return log
    raise UnsupportedFileError(
        "is no log of a tomography that is known", where=path, remedy="Leave log out."
    )
