"""Ingesting Data Exchange files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import h5py

from ...core.documents import Document
from ...core.errors import AssetError, NoDataError
from ..assets.hdf5.sources import SourceCheck
from ..hdf5.content import Content, Stream, call_detector, read_content
from ..hdf5.metadata import first_time, value_at
from ..hdf5.nexus import Signal, make_signal
from ..hdf5.one_column import read_column
from ..hdf5.origin import Hdf5Origin, Selecting, ingest_file
from ..hdf5.probe import probe_of
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from ..hdf5.terms import in_seconds
from ..hdf5.values import text_attribute
from ..times import configured_zone
from ..tomography import DARK, FLAT, PROJECTIONS, name_theta, part_by_image

__all__ = ["ORIGIN", "ingest_data_exchange", "probe"]

_ROLES = {
    "/exchange/data": PROJECTIONS,
    "/exchange/data_white": FLAT,
    "/exchange/data_dark": DARK,
}
_THETAS = {
    PROJECTIONS: "/exchange/theta",
    FLAT: "/exchange/theta_white",
    DARK: "/exchange/theta_dark",
}
_DETECTOR = "/measurement/instrument/detector"
_BEAM = "/measurement/instrument/monochromator"
_STARTS = (
    "/process/acquisition/start_date",
    "/measurement/instrument/start_date",
    "/file_creation_datetime",
)
_NAMED = {
    "operator": ("/measurement/sample/experimenter/name", "/measurement/sample/experimenter"),
    "proposal": (
        "/measurement/sample/experiment/proposal",
        "/measurement/sample/experimenter/proposal",
    ),
    "title": ("/exchange/title", "/measurement/sample/experiment/title"),
}


def _is_there(reader: Reader, path: str) -> bool:
    return path in reader.tree.datasets or path in reader.tree.external


def _recognise(reader: Reader) -> str | None:
    if not _is_there(reader, "/exchange/data"):
        return None
    implements = value_at(reader, "/implements")
    if isinstance(implements, str) and "exchange" in implements:
        return f"/implements {implements!r}"
    beside = [
        name for name in ("data_white", "data_dark") if _is_there(reader, f"/exchange/{name}")
    ]
    if beside or _is_there(reader, "/exchange/theta"):
        return f"/exchange/data beside {', '.join(beside) or 'theta'}"
    return None


def _select(reader: Reader, selecting: Selecting) -> Selection:
    signals: list[Signal] = []
    missing: list[str] = []
    for path in _ROLES:
        if not _is_there(reader, path):
            continue
        try:
            signals.append(_signal(reader, path))
        except AssetError as error:
            if path == "/exchange/data":
                raise
            missing.append(f"{path} is left out: {error}")
    return Selection(
        tuple(signals),
        None,
        "",
        belonging={_THETAS[PROJECTIONS]: "theta"}
        if _is_there(reader, _THETAS[PROJECTIONS])
        else {},
        told=frozenset((_THETAS[FLAT], _THETAS[DARK])),
        missing=tuple(missing),
    )


def _signal(reader: Reader, path: str) -> Signal:
    target = reader.find(path)
    if not isinstance(target.object, h5py.Dataset):
        raise NoDataError(f"{path!r} is no dataset", where=reader.path)
    SourceCheck(reader.reach).check(target, filters=False)
    signal = make_signal(target, path, None)
    shape = signal.info.shape or ()
    if not signal.info.numeric or len(shape) not in (2, 3):
        raise NoDataError(
            f"{path!r} is no stack of images: its shape is {shape}", where=reader.path
        )
    return replace(signal, scan_axes=len(shape) - 2)


def _read(reader: Reader, selection: Selection) -> Content:
    content = read_content(reader, selection)
    part_by_image(content, _ROLES, "data")
    for stream in content.streams[1:]:
        _add_theta(reader, stream)
    name_theta(content)
    primary = content.streams[0]
    axes = text_attribute(selection.signals[0].target.object, "axes")
    if axes and not axes.lower().startswith(("theta", "angle")):
        content.notes.append(
            f"/exchange/data says that its axes are {axes!r}: the first is no angle"
        )
    _take_terms(reader, content)
    call_detector(
        content,
        *(value_at(reader, f"{_DETECTOR}/{name}") for name in ("model", "name", "description")),
    )
    for stream in content.streams[1:]:
        stream.owners = dict(primary.owners)
        stream.constants = {name: dict(told) for name, told in primary.constants.items()}
        stream.units = dict(primary.units)
    start = content.described.start
    if any(column.key == "theta" for column in primary.columns):
        start["motors"] = ["theta"]
        start["hints"] = {"dimensions": [[["theta"], primary.name]]}
    return content


def _add_theta(reader: Reader, stream: Stream) -> None:
    path = _THETAS.get(stream.name, "")
    if path in reader.tree.datasets:
        column = read_column(reader.find(path), "theta", SourceCheck(reader.reach))
        if column is not None and column.values.shape == (stream.rows,):
            stream.columns.append(column)


def _take_terms(reader: Reader, content: Content) -> None:
    """Tell by the field's names what Data Exchange has in places of its own."""
    described, start = content.described, content.described.start
    sample = value_at(reader, "/measurement/sample/name")
    if isinstance(sample, str) and sample:
        start["sample"] = {"name": sample}
    for term, paths in _NAMED.items():
        found = (value_at(reader, path) for path in paths)
        told = next((text for text in found if isinstance(text, str) and text), None)
        if told is not None:
            start[term] = told
    began = first_time(reader, _STARTS, configured_zone(), content.notes)
    if began is not None:
        described.time, described.time_source = began
        start["time_source"] = described.time_source
        for stream in content.streams:
            if stream.times.source.startswith("the run's"):
                stream.times.values[:] = described.time
                stream.times = replace(stream.times, source=f"the run's: {described.time_source}")
    ended = first_time(reader, ["/process/acquisition/end_date"], configured_zone(), content.notes)
    if ended is not None and ended[0] >= described.time:
        described.end_time = ended[0]
    primary = content.streams[0]
    values = primary.constants.setdefault(primary.owners.get("data", "data"), {})
    exposure = value_at(reader, f"{_DETECTOR}/exposure_time")
    seconds = in_seconds(exposure, _units(reader, f"{_DETECTOR}/exposure_time"))
    if seconds is not None:
        values["exposure_time"], primary.units["exposure_time"] = seconds, "s"
    for term in ("energy", "wavelength"):
        value = value_at(reader, f"{_BEAM}/{term}")
        if isinstance(value, int | float):
            values[term] = value
            units = _units(reader, f"{_BEAM}/{term}")
            if units:
                primary.units[term] = units


def _units(reader: Reader, path: str) -> str:
    return text_attribute(reader.file[path], "units") if path in reader.tree.datasets else ""


ORIGIN = Hdf5Origin(
    "data-exchange", _recognise, runs=lambda reader: [{}], select=_select, read=_read
)

probe = probe_of(ORIGIN)


def ingest_data_exchange(
    filename: str | os.PathLike[str],
    *,
    columns: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Ingest a tomography in a Data Exchange file, with a stream for each kind of frame.

    ``/exchange/data`` is the stream ``primary``, ``data_white`` is ``flat`` and ``data_dark`` is
    ``dark``; the angles, ``/exchange/theta``, are the column ``theta``. Exposure, energy, sample,
    experimenter and times are taken from ``/measurement`` and ``/process``.

    After the Data Exchange reference (De Carlo et al., J. Synchrotron Rad. 21, 2014), and files of
    TomoPy.

    Parameters
    ----------
    filename
        The file.
    columns
        Paths of datasets with one value for each projection.
    metadata
        More for the start document; replaces what the file says.
    allow_external
        Follow links and virtual sources to anywhere, not only to the file's own folder and the
        configured roots.

    Raises
    ------
    NoDataError
        If ``/exchange/data`` is no stack of images.
    UnsupportedFileError, AssetError, UnsafeLinkError
        If the file, or a source of its data, is not there, damaged or elsewhere.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.tomography import write_data_exchange
    >>> (path,) = write_data_exchange(pathlib.Path(tempfile.mkdtemp()))
    >>> documents = list(ingest_data_exchange(path))
    >>> documents[-1][1]["num_events"], documents[0][1]["sample"]
    ({'primary': 4, 'flat': 3, 'dark': 2}, {'name': 'tooth'})
    """
    yield from ingest_file(
        ORIGIN,
        filename,
        {},
        columns=columns,
        metadata=metadata,
        allow_external=allow_external,
    )
