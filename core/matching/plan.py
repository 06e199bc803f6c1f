"""The records of matching: evidence, claims, decisions, and the plan that holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from ..errors import UndecidedError
from ..registry.records import PluginProblem, Tier
from ..registry.references import resolve_reference
from .wording import on_one_line

__all__ = [
    "Claim",
    "Decision",
    "Evidence",
    "Group",
    "Offer",
    "Plan",
    "Reading",
    "Rejection",
    "Unclaimed",
]


@dataclass(frozen=True)
class Group:
    """Files of one folder that belong together.

    Examples
    --------
    >>> Group("/data", ("a_1.tif", "a_2.tif"), "a_{}.tif").paths
    ('/data/a_1.tif', '/data/a_2.tif')
    """

    folder: str
    names: tuple[str, ...]
    """In the order of their numbers."""
    template: str
    """The names as one, ``"img_{}.tif"``; the name itself of a single file."""
    notes: tuple[str, ...] = ()
    """Holes, duplicates, changes of padding."""
    readings: tuple[Reading, ...] = field(default=(), compare=False, repr=False)
    """Other ways to group these files; groups that fall together in one share the same object."""
    suggestions: tuple[str, ...] = ()
    """Files beside it that were not selected, told for people."""

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The absolute paths of the files."""
        return tuple(f"{self.folder.rstrip('/')}/{name}" for name in self.names)

    @property
    def subject(self) -> str:
        """What reports call it: the path of its template."""
        return f"{self.folder.rstrip('/')}/{self.template}"

    def __str__(self) -> str:
        if len(self.names) == 1 and not self.notes:
            return self.template
        noun = "1 file" if len(self.names) == 1 else f"{len(self.names)} files"
        return f"{self.template} ({'; '.join((noun, *self.notes))})"


@dataclass(frozen=True)
class Reading:
    """Another way to group the same files.

    Examples
    --------
    >>> Reading("split", (Group("/data", ("a_1.tif",), "a_1.tif"),), "each file is one").name
    'split'
    """

    name: str
    """What `Plan.with_choice` takes."""
    groups: tuple[Group, ...]
    """The groups that it makes, in place of those that share it."""
    why: str


@dataclass(frozen=True)
class Evidence:
    """One thing that speaks for or against an ingestor.

    Examples
    --------
    >>> print(Evidence("signature", "/data/a.tif", "is TIFF", supports=True))
    signature: is TIFF
    """

    kind: Literal["pin", "probe", "pattern", "signature", "suffix"]
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


@dataclass(frozen=True)
class Decision:
    """Which ingestor takes a group, and why not the others.

    Examples
    --------
    >>> Decision(Group("/data", ("a.tif",), "a.tif"), None, reason="equal").is_decided
    False
    """

    group: Group
    chosen: Offer | None
    """None where several offers are equally good."""
    alternatives: tuple[Offer, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    reason: str = ""

    @property
    def is_decided(self) -> bool:
        """Whether one offer was chosen."""
        return self.chosen is not None

    def explain(self) -> str:
        """Tell it to people.

        Examples
        --------
        >>> group = Group("/data", ("a.tif",), "a.tif")
        >>> print(Decision(group, Offer("tiff-series", "SIGNATURE", ())).explain())
        a.tif
        → tiff-series  SIGNATURE
        """
        lines = [str(self.group)]
        if self.chosen is None:
            lines.append(f"? undecided: {self.reason}")
            lines += [
                f"  perhaps {offer.ingestor}  {offer.strength}" for offer in self.alternatives
            ]
        else:
            lines.append(f"→ {self.chosen.ingestor}  {self.chosen.strength}")
            if len(self.chosen.claims) > 1:
                lines.append(f"  {len(self.chosen.claims)} runs")
            if self.reason:
                lines.append(f"  because {self.reason}")
            lines += [f"  note: {note}" for note in self.chosen.notes]
            lines += [f"  over {offer.ingestor}: {offer.strength}" for offer in self.alternatives]
        lines += [f"  not {rejection.ingestor}: {rejection.reason}" for rejection in self.rejected]
        return "\n".join(map(on_one_line, lines))


@dataclass(frozen=True)
class Unclaimed:
    """Paths that no ingestor takes.

    Examples
    --------
    >>> Unclaimed("/data/a.png", ("/data/a.png",), "it is PNG").is_fault
    False
    """

    subject: str
    """One path, or the template of several."""
    files: tuple[str, ...]
    reason: str
    remedy: str = ""
    is_fault: bool = False
    """Whether something is broken; otherwise the files are merely none of ours."""
    rejected: tuple[Rejection, ...] = ()

    def explain(self) -> str:
        """Tell it to people."""
        count = f" ({len(self.files)} files)" if len(self.files) > 1 else ""
        lines = [f"{self.subject}{count}", f"✗ {self.reason}"]
        if self.remedy:
            lines.append(f"  {self.remedy}")
        lines += [f"  not {rejection.ingestor}: {rejection.reason}" for rejection in self.rejected]
        return "\n".join(map(on_one_line, lines))


@dataclass(frozen=True)
class Plan:
    """What is to be done with a selection: every path of it is in one decision or unclaimed.

    Examples
    --------
    >>> Plan().claims()
    []
    """

    decisions: tuple[Decision, ...] = ()
    unclaimed: tuple[Unclaimed, ...] = ()
    plugin_errors: tuple[PluginProblem, ...] = ()

    @property
    def undecided(self) -> tuple[Decision, ...]:
        """The decisions that a person has to make."""
        return tuple(decision for decision in self.decisions if not decision.is_decided)

    def claims(self) -> list[Claim]:
        """Return every claim that was chosen.

        Raises
        ------
        UndecidedError
            Several ingestors fit a group equally well; its `plan` is this one.
        """
        if self.undecided:
            first = self.undecided[0]
            names = ", ".join(offer.ingestor for offer in first.alternatives)
            more = len(self.undecided) - 1
            rest = "1 more group is" if more == 1 else f"{more} more groups are"
            error = UndecidedError(
                f"several ingestors fit equally well: {names}"
                + (f" (and {rest} undecided)" if more else ""),
                where=first.group.subject,
                remedy="Choose one: match(paths, use=NAME), or `--use NAME`.",
            )
            error.plan = self
            raise error
        return list(self.chosen_claims())

    def chosen_claims(self) -> Iterator[Claim]:
        """Iterate over the claims of the groups that are decided, whatever the others are."""
        for decision in self.decisions:
            if decision.chosen is not None:
                yield from decision.chosen.claims

    def explain(self) -> str:
        """Tell for each group which ingestor takes it and why, and why not the others."""
        parts = [decision.explain() for decision in self.decisions]
        parts += [unclaimed.explain() for unclaimed in self.unclaimed]
        parts += [on_one_line(f"! {problem}") for problem in self.plugin_errors]
        return "\n\n".join(parts) or "nothing is selected"

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data, for ``json.dumps``; of readings, names and reasons."""
        told = [{reading.name: reading.why for reading in d.group.readings} for d in self.decisions]
        bare = [replace(d, group=replace(d.group, readings=())) for d in self.decisions]
        plan = asdict(replace(self, decisions=tuple(bare)))
        for decision, readings in zip(plan["decisions"], told, strict=True):
            decision["group"]["readings"] = readings
        return plan
