"""The start document of a joined run: what its parts agree on, and what each says by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.documents import START_BYTES, json_bytes
from .addressing import Address
from .layout import Layout, Main
from .parts import Part

__all__ = ["choose_clock", "start_metadata"]

_SCANNED = ("shape", "extents", "snaking", "num_points")
"""What is said of the axes that ``primary`` was scanned along."""
_OWN = ("uid", "time", "hints", "notes", "detectors", "motors", "parts", *_SCANNED)
"""What is not compared between parts."""
_ROOM = 2048


def choose_clock(shared: Sequence[Main]) -> int:
    """Return which of the merged streams tells when the events were.

    That is the first one whose files record it; when a file was written says less.
    """
    for number, main in enumerate(shared):
        source = str(main.part.start.get("event_time_source", ""))
        if source and "mtime" not in source:
            return number
    return 0


def start_metadata(
    parts: Sequence[Part],
    layout: Layout,
    told: Mapping[str, Address],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Put together what the start document says; of at most 64 KiB."""
    present = [part for part in parts if part.source is not None]
    first = min(present, key=lambda part: float(part.start["time"]))
    own = {
        part.name: {key: value for key, value in part.start.items() if key not in _OWN}
        for part in present
    }
    agreed, differing = _compare(own)
    metadata: dict[str, Any] = dict(agreed)
    if "time_source" in first.start:
        metadata["time_source"] = first.start["time_source"]
    for field in ("detectors", "motors"):
        if names := _together(present, field, told):
            metadata[field] = names
    if layout.shared:
        metadata |= _scanned(layout, told)
        clock = layout.shared[choose_clock(layout.shared)].part.start
        if "event_time_source" in clock:
            metadata["event_time_source"] = clock["event_time_source"]
    notes = [f"{part.name}: {note}" for part in present for note in part.start.get("notes") or ()]
    notes += [*layout.notes, *(f"{part.name}: {part.trouble}" for part in parts if part.trouble)]
    if notes:
        metadata["notes"] = notes[:60]
    metadata["parts"] = {
        part.name: {
            "uid": part.uid,
            "ingestor": part.call.ingestor,
            **({"time": part.start["time"]} if part.source is not None else {}),
            **_own_scan(part, layout),
            **differing.get(part.name, {}),
        }
        for part in parts
    }
    return _bounded({**metadata, **given})


def _compare(
    said: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the fields in which all that have them agree, and for each part those that differ."""
    agreed: dict[str, Any] = {}
    differing: dict[str, dict[str, Any]] = {part: {} for part in said}
    for field in dict.fromkeys(field for fields in said.values() for field in fields):
        having = {part: fields[field] for part, fields in said.items() if field in fields}
        values = list(having.values())
        if all(value == values[0] for value in values):
            agreed[field] = values[0]
        elif all(isinstance(value, Mapping) for value in values):
            agreed_inside, differing_inside = _compare(having)
            if agreed_inside:
                agreed[field] = agreed_inside
            for part, fields in differing_inside.items():
                if fields:
                    differing[part][field] = fields
        else:
            for part, value in having.items():
                differing[part][field] = value
    return agreed, differing


def _together(parts: Sequence[Part], field: str, told: Mapping[str, Address]) -> list[Any]:
    names: dict[Any, None] = {}
    for part in parts:
        address = told[part.name]
        for name in part.start.get(field) or ():
            renamed = address.keys.get(name, address.objects.get(name, name))
            names[renamed] = None
    return list(names)


def _scanned(layout: Layout, told: Mapping[str, Address]) -> dict[str, Any]:
    """Return what is said of the axes of ``primary``, by the part that knows most about them."""
    starts = [main.part.start for main in layout.shared]
    leading = next(
        (n for n, start in enumerate(starts) if start.get("motors")),
        next((n for n, start in enumerate(starts) if start.get("shape")), 0),
    )
    start = starts[leading]
    found = {field: start[field] for field in _SCANNED if field in start}
    hints = start.get("hints")
    if isinstance(hints, Mapping):
        found["hints"] = _renamed_hints(hints, told[layout.shared[leading].part.name])
    return found


def _renamed_hints(hints: Mapping[str, Any], address: Address) -> dict[str, Any]:
    dimensions = []
    for entry in hints.get("dimensions") or ():
        try:
            fields, stream = entry
            dimensions.append(
                [[address.key(field) for field in fields], address.streams.get(stream, stream)]
            )
        except (TypeError, ValueError):
            return {}  # of no form that is known: it would name what is not there
    return {**hints, **({"dimensions": dimensions} if dimensions else {})}


def _own_scan(part: Part, layout: Layout) -> dict[str, Any]:
    """Return what a part says of its axes, where its stream is not ``primary``."""
    if any(main.part is part for main in layout.shared):
        return {}
    return {field: part.start[field] for field in _SCANNED if field in part.start}


def _bounded(metadata: dict[str, Any]) -> dict[str, Any]:
    """Leave out the longest fields until the start document is not too large."""
    left_out: list[str] = []
    while json_bytes(metadata) > START_BYTES - _ROOM:
        places = [(metadata["parts"][part], part) for part in metadata["parts"]] + [(metadata, "")]
        sizes = [
            (json_bytes(value), part, field, place)
            for place, part in places
            for field, value in place.items()
            if field not in ("uid", "ingestor", "time", "parts", "hints")
        ]
        if not sizes:
            break
        _, part, field, place = max(sizes, key=lambda item: item[:3])
        del place[field]
        left_out.append(f"{part}.{field}" if part else field)
    if left_out:
        told = f"left out, for a start document is of 64 KiB at most: {', '.join(left_out[:20])}"
        metadata["notes"] = [*metadata.get("notes", []), told]
    return metadata
