"""Ingestors of the field's earlier tools: entry points of group ``databroker.ingestors``.

In that group a name is a mimetype, which several distributions may share, and a value is a function
that yields documents. Nothing is imported here: what is known is made into an `Ingestor` record,
whose functions (`earlier_functions`) do the rest when a file is met that it may take.
"""

from __future__ import annotations

import mimetypes
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..formats import formats_by_mimetype
from .hooks import hookimpl
from .installed import InstalledEntryPoint, without_extras
from .records import Ingestor

__all__ = ["EarlierPlugin", "name_entry_points"]

_FUNCTIONS = "penstock.core.registry.earlier_functions"


def name_entry_points(
    points: Iterable[InstalledEntryPoint],
) -> dict[str, InstalledEntryPoint]:
    """Give each entry point a name of its own: its mimetype, qualified by its distribution.

    Examples
    --------
    >>> group = "databroker.ingestors"
    >>> list(name_entry_points([InstalledEntryPoint(group, "image/tiff", "als:ingest", "als-x")]))
    ['image/tiff:als-x']
    """
    named = [
        (f"{point.name}:{point.distribution or without_extras(point.value)}", point)
        for point in points
    ]
    # Told apart by the function where that is needed, then by its module, and by numbers at last.
    for qualify in (_function_of, _module_of, None):
        counts = Counter(name for name, _ in named)
        seen: Counter[str] = Counter()
        for number, (name, point) in enumerate(named):
            seen[name] += 1
            if counts[name] > 1:
                told = str(seen[name]) if qualify is None else qualify(point)
                named[number] = f"{name}:{told}", point
    return dict(named)


def _function_of(point: InstalledEntryPoint) -> str:
    return without_extras(point.value).rpartition(":")[2]


def _module_of(point: InstalledEntryPoint) -> str:
    return without_extras(point.value).rpartition(":")[0]


def identifier_of(name: str) -> str:
    """Return the name of an ingestor as a reference can spell it.

    Examples
    --------
    >>> identifier_of("image/tiff:als-x")
    'ingest_image_2ftiff_3aals_2dx'
    """
    return "ingest_" + re.sub(r"[\W_]", lambda found: f"_{ord(found[0]):02x}", name)


@dataclass(frozen=True)
class EarlierPlugin:
    """The ingestors of one distribution, offered as a plug-in of today offers its own.

    Examples
    --------
    >>> point = InstalledEntryPoint("databroker.ingestors", "image/tiff", "als:ingest", "als-x")
    >>> [ingestor.tier for ingestor in EarlierPlugin((point,)).penstock_ingestors()]
    ['EXTENSION']
    """

    points: tuple[InstalledEntryPoint, ...]

    @hookimpl
    def penstock_ingestors(self) -> list[Ingestor]:
        """Return a record for each entry point."""
        named: Mapping[str, InstalledEntryPoint] = name_entry_points(self.points)
        return [_record(name, point) for name, point in named.items()]


def _record(name: str, point: InstalledEntryPoint) -> Ingestor:
    """Describe an ingestor, one tier below what an ingestor of today could claim.

    Files of a format that is told by its first bytes need no suffix. Other mimetypes are guessed
    from the suffix, as the earlier tools did; who knows none for its mimetype is asked.
    """
    formats = formats_by_mimetype(point.name)
    suffixes = [] if formats else mimetypes.guess_all_extensions(point.name, strict=False)
    reference = f"{_FUNCTIONS}:{identifier_of(name)}"
    return Ingestor(
        name,
        title=f"{point.name}, by {without_extras(point.value)} (group {point.group})",
        ingest=reference,
        takes="files",
        formats=formats,
        patterns=tuple(f"*{suffix}" for suffix in suffixes),
        probe=f"{reference}.probe",
        isolate=True,
        tier="EXTENSION" if formats else "FALLBACK",
        gives_way=True,
        version=point.version,
    )
