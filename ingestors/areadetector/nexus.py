"""What NDFileNexus, a plug-in of EPICS areaDetector, writes: an image, and what a template told.

Process variables that the template names stand as datasets with their ``pv`` and ``description``.
After NDFileNexus.cpp of ADCore, and the templates of APS USAXS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..hdf5.content import Content, call_detector, read_content
from ..hdf5.origin import Hdf5Origin, Selecting, select_default
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from ..hdf5.values import read_small, text_attribute
from ..labels import unique_keys
from .attributes import in_terms, start_of
from .nd_attributes import unit_of

__all__ = ["ORIGIN"]

_CREATOR = "areaDetector NDFileNexus"


@dataclass(frozen=True)
class _Variable:
    name: str
    path: str
    value: Any
    units: str
    pv: str


def _recognise(reader: Reader) -> str | None:
    creator = text_attribute(reader.file, "creator")
    return f"root@creator {creator!r}" if creator.startswith(_CREATOR) else None


def _variables(reader: Reader) -> list[_Variable]:
    """Return the process variables that are kept."""
    found = []
    for path in reader.tree.datasets:
        dataset = reader.file[path]
        pv = text_attribute(dataset, "pv")
        value = read_small(dataset) if pv else None
        if isinstance(value, str | int | float) and value != "":
            name = path.rpartition("/")[2]
            unit = unit_of(dataset, name, text_attribute(dataset, "description"))
            found.append(_Variable(name, path, value, unit, pv))
    return found


def _select(reader: Reader, selecting: Selecting) -> Selection:
    selection = select_default(reader, selecting)
    return replace(selection, told=frozenset(found.path for found in _variables(reader)))


def _read(reader: Reader, selection: Selection) -> Content:
    content = read_content(reader, selection)
    variables = {found.name: found for found in _variables(reader)}
    stream = content.streams[0]
    image = stream.images[0]
    attributes = image.signal.target.object
    call_detector(content, text_attribute(attributes, "model"), text_attribute(attributes, "make"))
    values = stream.constants.setdefault(stream.owners.get(image.key, image.key), {})
    keys = unique_keys(variables)
    own = {key: variables[name].value for key, name in keys.items()}
    terms, units = in_terms(keys, own, ())
    # What NeXus groups say of the beam comes from the same variables, with units.
    for known in (own, terms):
        for key, value in known.items():
            values.setdefault(key, value)
    stream.units |= {key: unit for key, name in keys.items() if (unit := variables[name].units)} | {
        term: unit for term, unit in units.items() if term not in stream.units
    }
    for found in variables.values():
        if found.pv.removesuffix("_RBV").endswith(":AcquireTime"):
            values["exposure_time"], stream.units["exposure_time"] = found.value, "s"
    start = start_of({found.name: found.value for found in variables.values()})
    content.described.start = start | content.described.start
    return content


ORIGIN = Hdf5Origin("areadetector-nexus", _recognise, select=_select, read=_read)
