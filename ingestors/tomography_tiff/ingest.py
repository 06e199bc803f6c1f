"""Ingesting the TIFF files of a tomography as one run: projections, flat fields, dark fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...core.documents import Document, RunComposer
from ...core.errors import NoDataError, PenstockError
from ...core.places import FileSet, run_uid, select_files
from ...core.places.numbering import Numbering
from ...core.places.selection import Paths
from ..tiff.metadata import TiffFacts
from ..tiff.origin import Described
from ..tiff.series import SeriesEnd, look_at, series_stream
from ..tiff.starting import StartTime, start_metadata
from .scan_log import DARKS, FLATS, PROJECTIONS, RoleLog, ScanLog, read_scan_log
from .told import counters, describe_first, pick_rows, with_log

__all__ = ["ingest_tomography_tiff"]


def ingest_tomography_tiff(
    paths: Paths,
    *,
    flats: Paths = (),
    darks: Paths = (),
    log: str | None = None,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    r"""Ingest the TIFF files of a tomography as one run, with a stream for each role.

    Projections are the stream ``primary``, flat fields ``flat`` and dark fields ``dark``. Angles
    are the event column ``theta``, if a log tells them: the ``.sct`` of ALS 8.3.2 and the log of
    SLS TOMCAT by their settings (evenly spaced, and a note says so), those of ISIS IMAT and
    APS 1-ID frame by frame, or a list with a line for each frame. Where nothing tells them there is
    a note, and no ``theta``. The logs of TOMCAT and APS 1-ID also tell which of the frames, which
    share one counter, are projections, flats and darks.

    Layouts of names and folders are those of ALS 8.3.2, ANKA TOPO-TOMO, APS 8-BM and 1-ID,
    Australian Synchrotron, Diamond I12, Elettra SYRMEP, ISIS IMAT, ORNL neutron imaging,
    PETRA III P05 and SLS TOMCAT, after the readers in dxchange, Mantid Imaging, NeuNorm and Savu.
    Frames that areaDetector wrote keep what their headers tell.

    Parameters
    ----------
    paths
        A glob or a list of paths, of projections; of all frames, if a log tells them apart.
    flats, darks
        Likewise, of flat and dark fields.
    log
        The log of the scan.
    key
        What the images are called, in every stream.
    metadata
        More for the start document; replaces what files and log say.

    Raises
    ------
    NoDataError, MissingFileError
        If there are no projections.
    UnsupportedFileError
        If the first, middle and last projection cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.tomography import write_als_832
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> paths = write_als_832(folder)
    >>> documents = list(ingest_tomography_tiff(
    ...     f"{folder}/tooth_0000_*.tif",
    ...     flats=f"{folder}/toothbak_*.tif",
    ...     darks=f"{folder}/toothdrk_*.tif",
    ...     log=f"{folder}/tooth.sct",
    ... ))
    >>> documents[-1][1]["num_events"]
    {'primary': 5, 'flat': 2, 'dark': 1}
    >>> [doc["data"]["theta"] for name, doc in documents if "theta" in doc.get("data", {})]
    [[0.0, 45.0, 90.0, 135.0, 180.0]]
    """
    scan = _Scan.of(paths, flats, darks, log)
    described = describe_first(scan.facts, scan.log)
    start = StartTime.of(scan.facts, described)
    told = scan.told(PROJECTIONS)
    rows, trouble = pick_rows(scan.files, told, scan.digits)
    has_theta = bool(rows) and told is not None and "theta" in told.columns
    notes = [*scan.notes, *filter(None, [trouble])]
    if not has_theta:
        notes.append("nothing tells the angles of the projections: there is no theta")
    origin = with_log(scan.facts, scan.files, told, rows)
    run = RunComposer(
        uid=run_uid(scan.place.place, selection=scan.place.selection),
        time=start.time,
        metadata=start_metadata(
            scan.facts,
            key,
            origin=origin,
            described=described,
            start=start,
            event_time_source="",
            notes=[*scan.files.notes, *start.notes, *notes],
            given={
                **_naming(scan.files, has_theta=has_theta and None not in rows),
                **(metadata or {}),
            },
        ),
    )
    yield run.start()
    ends: dict[str, SeriesEnd] = {}
    ends[PROJECTIONS] = yield from series_stream(
        run, scan.files, scan.facts, origin=origin, described=described, key=key
    )
    problems: list[str] = _missing(scan)
    for role, chosen in scan.others.items():
        try:
            files, facts, _ = look_at(chosen)
        except PenstockError as error:
            problems.append(f"{role}: {error}")
            continue
        told = scan.told(role)
        files = replace(files, numbering=Numbering())  # holes are where other frames were taken
        role_rows, _ = pick_rows(files, told, scan.digits)
        ends[role] = yield from series_stream(
            run,
            files,
            facts,
            origin=with_log(facts, files, told, role_rows),
            described=_of_detector(facts, described),
            key=key,
            name=role,
        )
    yield run.stop(
        time=max(start.time, described.end_time or max(end.time for end in ends.values())),
        **_outcome(ends, problems),
    )


@dataclass
class _Scan:
    """Which files are what."""

    place: FileSet
    """All that were given first: whose run it is."""
    files: FileSet
    """The projections."""
    facts: TiffFacts
    log: ScanLog | None
    others: dict[str, Paths] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def digits(self) -> int:
        """So many digits of the names count frames, as the log has it."""
        return 0 if self.log is None else self.log.digits

    def told(self, role: str) -> RoleLog | None:
        """Return what the log tells of the frames of a role."""
        return None if self.log is None else self.log.roles.get(role)

    @classmethod
    def of(cls, paths: Paths, flats: Paths, darks: Paths, log: str | None) -> _Scan:
        notes: list[str] = []
        told = _read_log(log, notes)
        others = {role: given for role, given in ((FLATS, flats), (DARKS, darks)) if given}
        if told is None or not told.digits:
            files, facts, more = look_at(paths)
            return cls(files, files, facts, told, others, [*notes, *more])
        place = select_files(paths)
        parted = _part(place, told, notes)
        if not parted.get(PROJECTIONS):
            raise NoDataError(
                f"none of the {len(place)} files is a projection, as the {told.kind} has it",
                where=log,
                remedy="Give the log of this scan, or none.",
            )
        files, facts, more = look_at(parted.pop(PROJECTIONS))
        files = replace(files, numbering=Numbering(), notes=())
        return cls(place, files, facts, told, {**parted, **others}, [*notes, *more])


def _read_log(log: str | None, notes: list[str]) -> ScanLog | None:
    """Read the log; one that cannot be read is a note: it stops no pixels."""
    if log is None:
        return None
    try:
        return read_scan_log(log)
    except PenstockError as error:
        notes.append(f"the log {error.where or log} {error.what}")
        return None


def _part(files: FileSet, log: ScanLog, notes: list[str]) -> dict[str, list[str]]:
    """Part files by the numbers that a log gives to roles."""
    role_of = {number: role for role, told in log.roles.items() for number in told.numbers or ()}
    parted: dict[str, list[str]] = {role: [] for role in log.roles}
    left: list[str] = []
    numbers = counters(files, log.digits) or ()
    for path, number in zip(files.paths, numbers, strict=True):
        role = None if number is None else role_of.get(number)
        (left if role is None else parted[role]).append(path)
    if left:
        notes.append(f"{len(left)} frames are left out, of which the log does not tell")
    return {role: paths for role, paths in parted.items() if paths}


def _naming(files: FileSet, *, has_theta: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"file_name": files.template}
    if has_theta:
        told["motors"] = ["theta"]
        told["hints"] = {"dimensions": [[["theta"], PROJECTIONS]]}
    elif files.numbers is not None:
        told["hints"] = {"dimensions": [[["frame_number"], PROJECTIONS]]}
    return told


def _of_detector(facts: TiffFacts, described: Described) -> Described:
    """Return what is told of the detector, for a stream beside the first: it is the same one."""
    own = describe_first(facts, None)
    return Described(
        detector=described.detector,
        configuration={**described.configuration, **own.configuration},
        units={**described.units, **own.units},
    )


def _missing(scan: _Scan) -> list[str]:
    """Tell of projections that the log has and the files have not."""
    projections = scan.told(PROJECTIONS)
    if scan.log is None or projections is None or not scan.log.is_of_projections:
        return []
    lacking = projections.count - len(scan.files)
    if lacking <= 0:
        return []
    return [f"the {scan.log.kind} has {projections.count} projections, {lacking} are missing"]


def _outcome(ends: Mapping[str, SeriesEnd], problems: Sequence[str]) -> dict[str, str]:
    """Return the outcome of the worst stream, and every reason."""
    bad = {role: end for role, end in ends.items() if end.exit_status != "success"}
    reasons = [f"{role}: {end.reason.removeprefix('inferred: ')}" for role, end in bad.items()]
    if not bad and not problems:
        return {"exit_status": "success", "reason": ends[PROJECTIONS].reason}
    status = "fail" if any(end.exit_status == "fail" for end in bad.values()) else "abort"
    return {"exit_status": status, "reason": f"inferred: {'; '.join([*reasons, *problems])}"}
