"""What OME-XML tells of an image, in the field's terms."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...core.documents import safe_key
from ..tiff.origin import Described, FrameColumns
from ..times import configured_zone, parse_time, zone_told
from .sets import OmeSet
from .xml import SECONDS, OmeImage, to_number

__all__ = ["describe_image", "tell_planes"]

_WAVELENGTHS = {
    "EmissionWavelength": "emission_wavelength",
    "ExcitationWavelength": "excitation_wavelength",
}
_NUMBERED = re.compile(
    r"(image|sequence|series|position|pos|untitled)?[ _:]*\d*(:\d+)?", re.IGNORECASE
)
"""What writers call an image that nobody gave a name; others call it as its file."""


def describe_image(of: OmeSet, image: OmeImage) -> Described:
    """Return what is told of an image as a whole."""
    notes: list[str] = list(of.notes)
    time = parse_time(image.began.strip(), configured_zone())
    if time is not None and not time[1]:
        notes.append(f"AcquisitionDate has no zone: {zone_told()}")
    elif time is None and image.began:
        notes.append(f"AcquisitionDate {image.began[:40]!r} is not a date")
    start: dict[str, Any] = {}
    name = image.name.strip()
    if name and not _NUMBERED.fullmatch(name) and name not in of.names:
        start["sample"] = {"name": name}
    operator = _operator(of, image)
    if operator:
        start["operator"] = operator
    configuration: dict[str, Any] = {}
    units: dict[str, str] = {}
    for key, value, unit in (*_pixel_facts(image), *_optics(of, image)):
        configuration[key] = value
        if unit:
            units[key] = unit
    detector = _referred(of, "Detector", _first(image.channels, "DetectorSettings"))
    return Described(
        start=start,
        detector=safe_key(str(detector["Model"])) if detector.get("Model") else "",
        configuration=configuration,
        units=units,
        time=None if time is None else time[0],
        everything={
            "image": _spread(image.metadata),
            "pixels": image.pixels,
            "channels": _spread(list(image.channels)),
            **_spread(of.document.metadata),
        },
        covered=("ImageDescription",),
        notes=notes,
    )


def _pixel_facts(image: OmeImage) -> Iterator[tuple[str, Any, str]]:
    """Yield name, value and unit of what the attributes of Pixels tell."""
    for axis in "XYZ":
        size = to_number(image.pixels.get(f"PhysicalSize{axis}"))
        if size is not None:
            unit = image.pixels.get(f"PhysicalSize{axis}Unit", "µm")
            yield f"pixel_size_{axis.lower()}", size, unit
    interval = to_number(image.pixels.get("TimeIncrement"))
    factor = SECONDS.get(image.pixels.get("TimeIncrementUnit", "s"))
    if interval and factor is not None:
        yield "frame_interval", interval * factor, "s"
    bits = to_number(image.pixels.get("SignificantBits"))
    if bits is not None and 0 < bits <= 32 and image.pixels.get("Type", "").startswith("uint"):
        yield "bit_depth", int(bits), ""
        yield "saturation_value", 2 ** int(bits) - 1, ""


def _optics(of: OmeSet, image: OmeImage) -> Iterator[tuple[str, Any, str]]:
    objective = _referred(
        of, "Objective", _first([image.metadata], "ObjectiveSettings", "ObjectiveRef")
    )
    for attribute, key in (
        ("NominalMagnification", "objective_magnification"),
        ("LensNA", "objective_na"),
    ):
        value = to_number(objective.get(attribute))
        if value is not None:
            yield key, value, ""
    if objective.get("Model"):
        yield "objective", str(objective["Model"]), ""


def _first(elements: Sequence[Mapping[str, Any]], *names: str) -> str:
    """Return the ID that the first of such elements refers to."""
    for element in elements:
        for name in names:
            found = element.get(name)
            if isinstance(found, dict) and found.get("ID"):
                return str(found["ID"])
    return ""


def _referred(of: OmeSet, kind: str, wanted: str) -> dict[str, Any]:
    """Return the part of an instrument that has an ID; empty if none has."""
    if not wanted:
        return {}
    for instrument in _several(of.document.metadata.get("Instrument")):
        for part in _several(instrument.get(kind)):
            if part.get("ID") == wanted:
                return part
    return {}


def _several(found: Any) -> list[dict[str, Any]]:
    items = found if isinstance(found, list) else [found]
    return [item for item in items if isinstance(item, dict)]


def _operator(of: OmeSet, image: OmeImage) -> str:
    people = _several(of.document.metadata.get("Experimenter"))
    wanted = _first([image.metadata], "ExperimenterRef")
    chosen = [person for person in people if person.get("ID") == wanted] or people[:1]
    for person in chosen:
        # Before 2012 these were elements, not attributes: they read alike here.
        name = " ".join(str(person[part]) for part in ("FirstName", "LastName") if person.get(part))
        return name or str(person.get("UserName") or person.get("OMEName") or "")
    return ""


def _spread(found: Any) -> Any:
    """Return plain data with lists of elements as mappings, so that each fits by itself."""
    if isinstance(found, list):
        return {str(number): _spread(item) for number, item in enumerate(found)}
    if isinstance(found, dict):
        return {name: _spread(item) for name, item in found.items()}
    return found


def tell_planes(image: OmeImage, described: Described) -> FrameColumns:
    """Return what is told of single planes: times, exposures, positions, and their channels."""
    columns: dict[str, Any] = {}
    constants: dict[str, Any] = {}
    for name, values in (*image.columns.items(), *_of_channels(image)):
        first = values[0]
        same = all(value == first for value in values)
        if same and len(values) and name != "elapsed_time":
            constants[name] = first
        elif not same or name == "elapsed_time":
            columns[name] = values
    units = {**image.units, **dict.fromkeys(_WAVELENGTHS.values(), _wavelength_unit(image))}
    elapsed = image.columns.get("elapsed_time")
    times = None
    if elapsed is not None and described.time is not None:
        times = described.time + elapsed
    return FrameColumns(columns=columns, constants=constants, units=units, times=times)


def _of_channels(image: OmeImage) -> Iterator[tuple[str, Any]]:
    """Yield name and values of what is told of channels, for each plane."""
    rows = image.axes["c"]
    named = [str(channel.get("Name") or channel.get("Fluor") or "") for channel in image.channels]
    if len(named) >= image.sizes["c"] and any(named):
        yield "channel", [named[at] for at in rows.tolist()]
    for attribute, name in _WAVELENGTHS.items():
        waves = [to_number(channel.get(attribute)) for channel in image.channels]
        if len(waves) >= image.sizes["c"] and any(wave is not None for wave in waves):
            values = np.array([math.nan if wave is None else wave for wave in waves])
            yield name, values[rows]


def _wavelength_unit(image: OmeImage) -> str:
    for channel in image.channels:
        for attribute in _WAVELENGTHS:
            if f"{attribute}Unit" in channel:
                return str(channel[f"{attribute}Unit"])
    return "nm"
