"""What ingestors offer for a group of files, with the evidence; and why others do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..registry.records import Acquisition, Tier
from ..registry.references import resolve_reference

__all__ = ["Claim", "Evidence", "Offer", "Rejection", "fold_rejected"]


@dataclass(frozen=True)
class Evidence:
    """One thing that speaks for or against an ingestor.

    Examples
    --------
    >>> print(Evidence("signature", "/data/a.tif", "is TIFF", supports=True))
    signature: is TIFF
    """

    kind: Literal["pin", "saved", "probe", "layout", "pattern", "signature", "suffix", "join"]
    file: str
    detail: str
    supports: bool

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


@dataclass(frozen=True)
class Claim:
    """An ingestor's offer to ingest some files as one run.

    Examples
    --------
    >>> claim = Claim("j", "1.0", ("/a",), "json:dumps", ("/a",), {"indent": 2})
    >>> claim.call[1:]
    (('/a',), {'indent': 2})
    """

    ingestor: str
    version: str
    files: tuple[str, ...]
    reference: str
    """``"module:function"`` of the generator function."""
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    acquisition: Acquisition = field(default_factory=Acquisition)
    """What the files record of the acquisition."""
    selector: str = ""
    """Which of several runs in the same files it is, for people: ``"entry=scan_2"``."""

    @property
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """Function, arguments and keyword arguments, as a catalog's `upsert` takes them."""
        return resolve_reference(self.reference), self.args, dict(self.kwargs)


@dataclass(frozen=True)
class Offer:
    """What one ingestor offers for a group: a claim for each run that it sees there.

    Examples
    --------
    >>> Offer("tiff-series", "SIGNATURE", ()).tier
    'SIGNATURE'
    """

    ingestor: str
    tier: Tier
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    part: str = ""
    """What its runs are of the files: `Ingestor.part`."""

    @property
    def strength(self) -> str:
        """Its tier and what supports it, for people."""
        support = "; ".join(str(item) for item in self.evidence if item.supports)
        return f"{self.tier}: {support}" if support else self.tier


@dataclass(frozen=True)
class Rejection:
    """Why an ingestor does not take a group.

    Examples
    --------
    >>> Rejection("hdf5", "signature is TIFF").is_fault
    False
    """

    ingestor: str
    reason: str
    remedy: str = ""
    is_fault: bool = False
    """Whether it would take these files if they, or itself, were not broken."""
    was_asked: bool = False
    """Whether its probe looked into the files and raised; the reason is then what it said."""
    short: str = ""
    """What names or formats have against it, told alike for all that these rule out."""


def fold_rejected(rejected: Sequence[Rejection]) -> list[str]:
    """Tell who does not take files and why: those that names and formats rule out in one line each.

    Examples
    --------
    >>> fold_rejected([
    ...     Rejection("hdf5", "it is TIFF, not HDF5", short="it is TIFF"),
    ...     Rejection("tiff-stack", "its probe declined"),
    ...     Rejection("spec", "it is TIFF, not SPEC", short="it is TIFF"),
    ... ])
    ['tiff-stack: its probe declined', 'hdf5, spec: it is TIFF']
    """
    told = [f"{one.ingestor}: {one.reason}" for one in rejected if not one.short]
    alike: dict[str, list[str]] = {}
    for one in rejected:
        if one.short:
            alike.setdefault(one.short, []).append(one.ingestor)
    return told + [f"{', '.join(names)}: {why}" for why, names in alike.items()]
