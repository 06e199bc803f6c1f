"""Origins: what somebody's software writes into TIFF files beside pixels.

The engine (`series`, `stack`, `probe`) knows pages, numbers, sizes and damage. What a tag means is
an origin's: a `TiffOrigin` tells by which marks its files are known, and reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.places.recalling import recall
from ..assets.tiff.bytes import open_file
from ..assets.tiff.directory import TIFFFILE_ERRORS, Opening
from .axes import PageAxes, page_axes
from .headers import FrameHeader
from .metadata import TiffFacts

__all__ = [
    "GENERIC",
    "MALFORMED",
    "Described",
    "FrameColumns",
    "TiffOrigin",
    "describe",
    "lay_out_pages",
    "part_constants",
    "read_frames",
    "recognise",
    "vendor_metadata",
]

MALFORMED: tuple[type[Exception], ...] = (*TIFFFILE_ERRORS, SyntaxError, OSError)
"""What reading odd metadata may raise (`ElementTree.ParseError` is a SyntaxError)."""


@dataclass(frozen=True)
class Described:
    """What the headers of a first file say, in the field's terms."""

    start: Mapping[str, Any] = field(default_factory=dict)
    """For the start document: ``sample``, ``scan_id``, ``operator``, ``proposal``, ``motors``, …"""
    detector: str = ""
    """The object that the images belong to (a safe key); empty: one of the images' own name."""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """Constants of the detector: ``exposure_time``, ``wavelength``, saturation and cut-off, …"""
    units: Mapping[str, str] = field(default_factory=dict)
    """Of `configuration`."""
    time: float | None = None
    """When the run began, seconds since 1970-01-01 UTC; None: the DateTime tag is to tell."""
    time_source: str = "file"
    end_time: float | None = None
    everything: Mapping[str, Any] = field(default_factory=dict)
    """All else, which goes under the origin's name into the start document, as far as it fits."""
    covered: Collection[str] = ()
    """Descriptive tags (names in `TiffFacts.texts`) whose whole content is told above: they are
    not repeated under ``tiff``."""
    notes: Sequence[str] = ()
    """What is doubtful: a default, a local time without zone, clocks that disagree."""


@dataclass(frozen=True)
class FrameColumns:
    """What varies from frame to frame, a value for each."""

    columns: Mapping[str, NDArray[Any] | list[Any]] = field(default_factory=dict)
    """By safe key; None stands for a value that a frame does not have."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Of `columns` and `constants`."""
    times: NDArray[np.float64] | None = None
    """Seconds since 1970-01-01 UTC, NaN where a frame does not tell; None: none of them does."""
    time_source: str = "file"
    """Where `times` come from."""
    constants: Mapping[str, Any] = field(default_factory=dict)
    """What is the same in all frames, for the detector's configuration."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where columns come from; the origin's title where nothing is said."""
    hints: Collection[str] | None = None
    """Columns worth a plot; None: all numbers."""
    notes: Sequence[str] = ()
    """What is doubtful. The start document has been written: they go into the configuration."""

    def take(self, rows: NDArray[Any]) -> FrameColumns:
        """Return what is told of some of the frames, in the order given.

        Examples
        --------
        >>> FrameColumns({"gain": [1, 2, 3]}).take(np.array([2, 0])).columns
        {'gain': [3, 1]}
        """
        columns = {
            name: values[rows] if isinstance(values, np.ndarray) else [values[r] for r in rows]
            for name, values in self.columns.items()
        }
        return replace(
            self, columns=columns, times=None if self.times is None else self.times[rows]
        )

    def joined(self, more: FrameColumns) -> FrameColumns:
        """Return what both tell of the same frames; of what both tell, this one's.

        Examples
        --------
        >>> FrameColumns({"gain": [1]}).joined(FrameColumns({"gain": [2], "x": [0.5]})).columns
        {'gain': [1], 'x': [0.5]}
        """
        first = more if self.times is None else self
        return FrameColumns(
            columns={**more.columns, **self.columns},
            units={**more.units, **self.units},
            times=first.times,
            time_source=first.time_source,
            constants={**more.constants, **self.constants},
            sources={**more.sources, **self.sources},
            hints=None if self.hints is None or more.hints is None else [*self.hints, *more.hints],
            notes=(*self.notes, *more.notes),
        )


@dataclass(frozen=True)
class TiffOrigin:
    """How the TIFF files of one origin are recognised and read.

    Its functions see what headers say, and open nothing that is large. What they raise about
    malformed metadata becomes a note: it never stops good pixels.

    Examples
    --------
    >>> camera = TiffOrigin(
    ...     "my-camera",
    ...     recognise=lambda facts: facts.texts.get("Make") == "Mine" and "Make tag 'Mine'" or None,
    ...     describe=lambda facts: Described(configuration={"gain": 2}),
    ... )
    >>> camera.namespace
    'my_camera'
    """

    name: str
    """As its ingestors are called, or the beginning of that: ``"pilatus"``."""
    recognise: Callable[[TiffFacts], str | None]
    """Evidence for people, such as ``"Software tag 'TVX TIFF v 1.3'"``; None: not of this origin.
    Cheap, and by what the file holds, never by its name."""
    describe: Callable[[TiffFacts], Described] = lambda facts: Described()
    tags: Collection[int] = ()
    """Numbers of the tags that the header of every frame (file or page) is read for."""
    frames: Callable[[TiffFacts, Sequence[FrameHeader]], FrameColumns] | None = None
    """What the headers of all frames tell: called when documents are drained, with a header for
    each frame in order. Without `tags` no header is read: they say path and page alone."""
    axes: Callable[[TiffFacts], PageAxes] = page_axes
    """Where each page of a file stands on the axes of a scan."""

    @property
    def namespace(self) -> str:
        """The key of the start document that all else of its metadata stands under."""
        return self.name.replace("-", "_")


def _describe_any(facts: TiffFacts) -> Described:
    """Tell of files that went through a library which keeps pixels, and little else."""
    software = facts.texts.get("Software", "").strip()
    if not software.lower().startswith("fabio"):
        return Described()
    lost = f"saved again by {software[:40]}: what the instrument wrote beside the pixels is lost"
    dated = "; DateTime is when it was saved" if "DateTime" in facts.texts else ""
    return Described(notes=(f"{lost}, and their type may be another{dated}",))


GENERIC = TiffOrigin("tiff", recognise=lambda facts: "", describe=_describe_any)
"""TIFF files of whatever origin."""


def recognise(origin: TiffOrigin, facts: TiffFacts) -> str | None:
    """Return an origin's evidence for a file; None where there is none.

    Examples
    --------
    >>> import numpy as np, tifffile
    >>> from penstock.ingestors.tiff.metadata import inspect_file
    >>> tifffile.imwrite("o.tif", np.zeros((4, 6), "u2"))
    >>> stumbling = TiffOrigin("x", recognise=lambda facts: facts.texts["Make"])
    >>> recognise(stumbling, inspect_file("o.tif"))
    """
    try:
        return origin.recognise(facts)
    except MALFORMED:
        return None


def describe(origin: TiffOrigin, facts: TiffFacts) -> Described:
    """Return what an origin makes of a file's headers; a note where it stumbles."""
    if recognise(origin, facts) is None:
        note = f"nothing in {facts.path} says that it is of {origin.name}"
        return _described(origin, facts, note)
    return _described(origin, facts)


def _described(origin: TiffOrigin, facts: TiffFacts, *notes: str) -> Described:
    try:
        described = origin.describe(facts)
    except MALFORMED as error:
        return Described(notes=(*notes, _stumbled("its metadata", error)))
    return replace(described, notes=(*notes, *described.notes)) if notes else described


def lay_out_pages(origin: TiffOrigin, facts: TiffFacts) -> PageAxes:
    """Return where pages stand on the axes of a scan; a note where the origin stumbles."""
    try:
        return origin.axes(facts)
    except MALFORMED as error:
        return PageAxes(notes=(_stumbled("the order of its pages", error),))


def read_frames(
    origin: TiffOrigin, facts: TiffFacts, headers: Sequence[FrameHeader]
) -> FrameColumns:
    """Return what an origin makes of the headers of all frames; a note where it stumbles."""
    if origin.frames is None:
        return FrameColumns()
    try:
        found = origin.frames(facts, headers)
    except MALFORMED as error:
        return FrameColumns(notes=(_stumbled("what is told of single frames", error),))
    lengths = {len(values) for values in found.columns.values()}
    if found.times is not None:
        lengths.add(len(found.times))
    if lengths <= {len(headers)}:
        return found
    note = f"{origin.name} tells of {sorted(lengths)} frames where there are {len(headers)}"
    return FrameColumns(constants=found.constants, units=found.units, notes=(*found.notes, note))


def _stumbled(subject: str, error: Exception) -> str:
    return f"{subject} cannot be read ({type(error).__name__}: {error})"[:200]


def part_constants(
    columns: Mapping[str, list[Any]],
) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Part columns from what is the same in every frame.

    Examples
    --------
    >>> part_constants({"temperature": [20.0, 20.5], "gain": [2, 2]})
    ({'temperature': [20.0, 20.5]}, {'gain': 2})
    """
    varying: dict[str, list[Any]] = {}
    constants: dict[str, Any] = {}
    for name, values in columns.items():
        if values and all(value == values[0] for value in values):
            constants[name] = values[0]
        else:
            varying[name] = values
    return varying, constants


def vendor_metadata(facts: TiffFacts, name: str) -> Any:
    """Return one of tifffile's readings of vendors' metadata, which are properties of `TiffFile`.

    The file is opened again; what single tags hold stands in `TiffFacts.tags`.

    Parameters
    ----------
    facts
        Of the file.
    name
        ``"fei_metadata"``, ``"imagej_metadata"``, ``"stk_metadata"``, …

    Examples
    --------
    >>> import numpy as np, tifffile
    >>> from penstock.ingestors.tiff.metadata import inspect_file
    >>> tifffile.imwrite("ij.tif", np.zeros((4, 6), "u2"), imagej=True, metadata={"Info": "salol"})
    >>> vendor_metadata(inspect_file("ij.tif"), "imagej_metadata")["Info"]
    'salol'
    """

    def read() -> Any:
        with open_file(facts.path) as descriptor, Opening(descriptor, facts.path) as opening:
            return getattr(opening.tif, name)

    return recall(("tiff", facts.path, name), read)
