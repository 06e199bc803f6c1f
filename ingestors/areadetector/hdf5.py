"""What NDFileHDF5, a plug-in of EPICS areaDetector, writes: images, and NDAttributes beside them.

Attributes that change from frame to frame are columns, the others constants of the detector. The
EPICS time stamp of a frame (seconds since 1990-01-01 UTC, nanoseconds) is the time of its event.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.registry.records import Acquisition
from ..camserver import looks_like_camserver, read_camserver_header
from ..hdf5.content import Content, Stream, call_detector, read_content
from ..hdf5.images import count_scan_axes
from ..hdf5.metadata import recorded_acquisition
from ..hdf5.one_column import Column
from ..hdf5.origin import Hdf5Origin, Selecting, select_default
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from ..hdf5.times import EventTimes
from ..labels import unique_keys
from ..times import configured_zone
from .attributes import EPICS_EPOCH, in_terms, is_meant, start_of
from .nd_attributes import NDAttribute, find_attributes, is_attribute

__all__ = ["ORIGIN"]

_SECONDS, _NANOSECONDS = "NDArrayEpicsTSSec", "NDArrayEpicsTSnSec"
_OF_EACH = {"NDArrayUniqueId": "unique_id", "NDArrayTimeStamp": "detector_clock"}
"""What differs in every frame by its nature, even where there is but one."""
_DESCRIPTION = "TIFFImageDescription"
_TIME_SOURCE = f"EPICS time stamp ({_SECONDS}, {_NANOSECONDS})"
_APART = 60.0
_YEAR = 366 * 86400
_MOST_LOOKED_AT = 300


def _recognise(reader: Reader) -> str | None:
    infos = [
        info
        for info in reader.tree.datasets.values()
        if info.shape and len(info.shape) <= 2 and not info.elsewhere
    ]
    # Where no layout says otherwise, they are in groups of this name.
    infos.sort(key=lambda info: "/NDAttributes/" not in info.path)
    for info in infos[:_MOST_LOOKED_AT]:
        if is_attribute(reader.file[info.path]):
            return f"NDAttrName, NDAttrSource on {info.path}"
    return None


def _select(reader: Reader, selecting: Selecting) -> Selection:
    selection = select_default(reader, selecting)
    told = {path for attribute in find_attributes(reader) for path in attribute.paths}
    return replace(selection, told=frozenset(told))


def _read(reader: Reader, selection: Selection) -> Content:
    content = read_content(reader, selection)
    stream = content.streams[0]
    attributes = {attribute.name: attribute for attribute in find_attributes(reader)}
    call_detector(content, _constant(attributes, "CameraModel"), _constant(attributes, "Model"))
    _take_times(content, stream, attributes)
    constants = _take_columns(content, stream, attributes)
    _take_constants(content, stream, constants, attributes)
    told = {name: attribute.constant for name, attribute in constants.items()}
    content.described.start |= start_of(told)
    return content


def _constant(attributes: Mapping[str, NDAttribute], name: str) -> Any:
    attribute = attributes.get(name)
    return attribute.constant if attribute is not None and attribute.is_constant else None


def _epics_times(attributes: Mapping[str, NDAttribute], rows: int) -> NDArray[np.float64] | None:
    """Return the time stamps of so many frames; None where not all of them are set."""
    seconds, nanoseconds = attributes.get(_SECONDS), attributes.get(_NANOSECONDS)
    if seconds is None or len(seconds.values) < rows or not rows:
        return None
    whole = seconds.values[:rows].astype(float)
    if not (whole > 0).all():
        return None
    if nanoseconds is not None and len(nanoseconds.values) >= rows:
        whole = whole + nanoseconds.values[:rows] / 1e9
    return EPICS_EPOCH + whole


def _take_times(content: Content, stream: Stream, attributes: dict[str, NDAttribute]) -> None:
    times = _epics_times(attributes, stream.rows)
    clock = attributes.get("NDArrayTimeStamp")
    if times is None:
        if _SECONDS in attributes and stream.rows:
            content.notes.append("the EPICS time stamp is not set in all frames")
        return
    for name in (_SECONDS, _NANOSECONDS):
        attributes.pop(name, None)
    stream.times = EventTimes(times, _TIME_SOURCE)
    described = content.described
    described.time, described.time_source = float(times[0]), _TIME_SOURCE
    described.start["time_source"] = _TIME_SOURCE
    described.end_time = None
    untimely = ("no time zone", "is no time", "is left out")
    content.notes[:] = [n for n in content.notes if not any(text in n for text in untimely)]
    if clock is not None and clock.values.dtype.kind == "f" and len(clock.values) >= stream.rows:
        apart = float(np.nanmax(np.abs(clock.values[: stream.rows] - (times - EPICS_EPOCH))))
        # A driver's clock that counts from when it started is no clock to compare.
        if _APART < apart < _YEAR:
            content.notes.append(
                f"the detector's clock differs from the EPICS time by {apart:.0f} s"
            )


def _recorded(reader: Reader, selection: Selection) -> Acquisition:
    """Return what a file records of its acquisition: what NeXus says, and the EPICS times."""
    attributes = {attribute.name: attribute for attribute in find_attributes(reader)}
    shape = selection.signals[0].info.shape or ()
    rows = math.prod(shape[: count_scan_axes(shape)])
    known = recorded_acquisition(reader, selection.entry, configured_zone(), rows)
    times = _epics_times(attributes, rows)
    if times is None:
        return known
    return replace(known, start=float(times[0]), stop=float(times[-1]))


def _take_columns(
    content: Content, stream: Stream, attributes: Mapping[str, NDAttribute]
) -> dict[str, NDAttribute]:
    """Make columns of what varies; return what does not."""
    constants: dict[str, NDAttribute] = {}
    taken = [column.key for column in stream.columns] + [image.key for image in stream.images]
    names = {name: _OF_EACH.get(name, name) for name in attributes}
    keys = list(unique_keys([*taken, *names.values()]))[len(taken) :]
    for key, attribute in zip(keys, attributes.values(), strict=True):
        rows = len(attribute.values)
        column = Column(
            key,
            attribute.values,
            "s" if key == "detector_clock" else attribute.units,
            attribute.paths[0],
        )
        if rows == stream.rows and attribute.name in _OF_EACH:
            stream.columns.append(column)
            stream.unhinted.add(key)
        elif attribute.is_constant:
            constants[attribute.name] = attribute
        elif rows == stream.rows:
            stream.columns.append(column)
        else:
            times = EventTimes(np.full(rows, content.described.time), "the run's")
            content.streams.append(Stream(key, [], [column], rows, times, {}))
            content.notes.append(
                f"attribute {attribute.name} has {rows} values for {stream.rows} frames:"
                " it is a stream of its own"
            )
    return constants


def _take_constants(
    content: Content,
    stream: Stream,
    constants: Mapping[str, NDAttribute],
    attributes: Mapping[str, NDAttribute],
) -> None:
    image = stream.images[0]
    values = stream.constants.setdefault(stream.owners.get(image.key, image.key), {})
    described = constants.get(_DESCRIPTION)
    header = "" if described is None else str(described.constant)
    if looks_like_camserver(header):
        said = read_camserver_header(header)
        values |= said.values
        stream.units |= said.units
        if said.defaults:
            values["at_default"] = list(said.defaults)
        if said.note and not any(is_meant("wavelength", name) for name in attributes):
            content.notes.append(said.note)
    plain = {
        name: attribute.constant
        for name, attribute in constants.items()
        if name != _DESCRIPTION and not _says_nothing(attribute.constant)
    }
    keys = unique_keys(plain)
    own = {key: plain[name] for key, name in keys.items()}
    values |= own
    stream.units |= {key: u for key, name in keys.items() if (u := constants[name].units)}
    terms, units = in_terms(keys, own, {column.key for column in stream.columns})
    values |= terms
    stream.units |= units
    for term, attribute in _by_place(constants):
        values[term] = attribute.constant
        unit = attribute.units or ("s" if term.startswith("exposure") else "")
        if unit:
            stream.units[term] = unit


def _says_nothing(value: Any) -> bool:
    return value == "" or (isinstance(value, float) and not np.isfinite(value))


def _by_place(constants: Mapping[str, NDAttribute]) -> Sequence[tuple[str, NDAttribute]]:
    """Return attributes that are a term of the field by where they stand or come from."""
    found = []
    for attribute in constants.values():
        if not isinstance(attribute.constant, int | float) or _says_nothing(attribute.constant):
            continue
        source = attribute.source.removesuffix("_RBV")
        if source.endswith(":AcquireTime"):
            found.append(("exposure_time", attribute))
        elif source.endswith(":AcquirePeriod"):
            found.append(("exposure_period", attribute))
        found += [
            (term, attribute)
            for term in ("energy", "wavelength")
            if any(path.endswith(f"/monochromator/{term}") for path in attribute.paths)
        ]
    return found


ORIGIN = Hdf5Origin("areadetector-hdf5", _recognise, select=_select, read=_read, recorded=_recorded)
