"""The plan: for every selected file which ingestor takes it and why, or why none does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import UndecidedError
from ..registry.records import PluginProblem
from ..wording import on_one_line
from .groups import Group, Reading
from .offers import Claim, Offer, Rejection, fold_rejected

if TYPE_CHECKING:
    from .assembling import Basis

__all__ = ["Decision", "Plan", "Unclaimed", "Verdict"]

_MOST_SHOWN = 10
_WIDEST = 200


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
    readings: tuple[Reading, ...] = ()
    """How else the files could be grouped, beside what the group itself says."""

    @property
    def files(self) -> tuple[str, ...]:
        """The absolute paths of the group's files."""
        return self.group.paths

    @property
    def subject(self) -> str:
        """What reports call it."""
        return self.group.subject

    @property
    def part(self) -> str:
        """What its runs are of the files: `Ingestor.part`."""
        return self.best[0].part if self.best else ""

    @property
    def is_decided(self) -> bool:
        """Whether one offer was chosen."""
        return self.chosen is not None

    @property
    def best(self) -> tuple[Offer, ...]:
        """The offer that was chosen; all of them where none is."""
        return self.alternatives if self.chosen is None else (self.chosen,)

    @property
    def choices(self) -> tuple[str, ...]:
        """What `Plan.with_choice` takes for this group: ingestors, and other ways to group."""
        offers = [offer.ingestor for offer in (*self.best, *self.alternatives)]
        readings = [reading.name for reading in (*self.group.readings, *self.readings)]
        several = len(self.group.names) > 1 and not self.group.ingestor
        return tuple(dict.fromkeys([*offers, *readings, *(["split"] if several else [])]))

    def explain(self, called: Callable[[str], str] = str) -> str:
        """Tell it to people.

        Parameters
        ----------
        called
            Makes of a path what it is to be called, such as one relative to the working folder.

        Examples
        --------
        >>> group = Group("/data", ("a.tif",), "a.tif")
        >>> print(Decision(group, Offer("tiff-series", "SIGNATURE", ())).explain())
        /data/a.tif
        → tiff-series  SIGNATURE
        """
        lines = [called(f"{self.group.folder.rstrip('/')}/{self.group}")]
        if self.chosen is None:
            lines.append(f"? undecided: {self.reason}")
            lines += [
                f"  perhaps {offer.ingestor}  {offer.strength}" for offer in self.alternatives
            ]
        else:
            part = f" ({self.chosen.part})" if self.chosen.part else ""
            lines.append(f"→ {self.chosen.ingestor}{part}  {self.chosen.strength}")
            if len(self.chosen.claims) > 1:
                lines.append(f"  {len(self.chosen.claims)} runs")
            if self.reason:
                lines.append(f"  because {self.reason}")
            lines += [f"  note: {note}" for note in self.chosen.notes]
            lines += [f"  over {offer.ingestor}: {offer.strength}" for offer in self.alternatives]
        lines += [f"  not {told}" for told in fold_rejected(self.rejected)]
        lines += [
            f"  or {reading.name}: {reading.why}"
            for reading in (*self.group.readings, *self.readings)
        ]
        lines += [f"  beside it: {told}" for told in self.group.suggestions]
        return "\n".join(map(on_one_line, lines))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "group": _group_to_dict(self.group),
            "chosen": None if self.chosen is None else asdict(self.chosen),
            "alternatives": [asdict(offer) for offer in self.alternatives],
            "rejected": [asdict(rejection) for rejection in self.rejected],
            "reason": self.reason,
            "readings": [
                _reading_to_dict(reading) for reading in (*self.group.readings, *self.readings)
            ],
            "choices": list(self.choices),
        }


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
    suggestions: tuple[str, ...] = ()
    """Files beside them that were not selected, and seem to belong to them."""

    @property
    def best(self) -> tuple[Offer, ...]:
        """Nothing: there is no offer."""
        return ()

    @property
    def part(self) -> str:
        """Nothing: they are no run."""
        return ""

    def explain(self, called: Callable[[str], str] = str) -> str:
        """Tell it to people."""
        count = f" ({len(self.files)} files)" if len(self.files) > 1 else ""
        lines = [f"{called(self.subject)}{count}", f"✗ {self.reason}"]
        if self.remedy:
            lines.append(f"  {self.remedy}")
        lines += [f"  not {told}" for told in fold_rejected(self.rejected)]
        lines += [f"  beside it: {told}" for told in self.suggestions]
        return "\n".join(map(on_one_line, lines))


Verdict: TypeAlias = Decision | Unclaimed


def _group_to_dict(group: Group) -> dict[str, Any]:
    return {
        "folder": group.folder,
        "names": list(group.names),
        "template": group.template,
        "notes": list(group.notes),
        "suggestions": list(group.suggestions),
        "roles": {role.name: list(role.names) for role in group.roles},
        "members": [member.subject for member in group.members],
    }


def _reading_to_dict(reading: Reading) -> dict[str, Any]:
    groups = [
        {"subject": group.subject, "files": len(group.names)} for group in reading.groups
    ]  # names would repeat those of all groups in each of them
    return {"name": reading.name, "why": reading.why, "groups": groups}


@dataclass(frozen=True, repr=False)
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
    basis: Basis | None = field(default=None, repr=False, compare=False)
    """What `with_choice` starts from."""

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
                remedy="Choose one: plan.with_choice(GROUP, NAME), or `--use NAME`.",
            )
            error.plan = self
            raise error
        return list(self.chosen_claims())

    def chosen_claims(self) -> Iterator[Claim]:
        """Iterate over the claims of the groups that are decided, whatever the others are."""
        for decision in self.decisions:
            if decision.chosen is not None:
                yield from decision.chosen.claims

    def with_choice(
        self,
        group: str | Group | Decision | Unclaimed,
        name: str,
        *,
        settings: Mapping[str, Any] | None = None,
        remember: bool = False,
    ) -> Plan:
        """Return a plan in which a group is taken as you say; this one stays as it is.

        Parameters
        ----------
        group
            A group or decision of this plan; or its template or path, or the path of a file.
        name
            The ingestor that is to take it, or another way to group the files: one of the
            decision's `choices`, such as ``"merged"``, ``"apart"`` or ``"joined"``.
        settings
            Keyword arguments for that ingestor.
        remember
            Whether to choose so again for files of this format, with such a name, in this folder.

        Raises
        ------
        NoSuchGroupError
            The plan has no such group, or several that answer to it.
        UnregisteredIngestorError
            There is no such ingestor, and no such way to group these files.

        Examples
        --------
        >>> import numpy as np, tifffile
        >>> from penstock import match
        >>> for scan in (1, 2):
        ...     for frame in (1, 2):
        ...         tifffile.imwrite(f"s{scan}_{frame}.tif", np.zeros((4, 6), "u2"))
        >>> plan = match("s1_1.tif")
        >>> plan.with_choice("s1_1.tif", "tiff-stack").decisions[0].reason
        'the user chose it'
        """
        from .rechoosing import rechoose

        return rechoose(self, group, name, settings=settings, remember=remember)

    def explain(self, called: Callable[[str], str] = str) -> str:
        """Tell for each group which ingestor takes it and why, and why not the others.

        Parameters
        ----------
        called
            Makes of a path what it is to be called, such as one relative to the working folder.
        """
        parts = [decision.explain(called) for decision in self.decisions]
        parts += [unclaimed.explain(called) for unclaimed in self.unclaimed]
        parts += [on_one_line(f"! {problem}") for problem in self.plugin_errors]
        return "\n\n".join(parts) or "nothing is selected"

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data, for ``json.dumps``."""
        return {
            "decisions": [decision.to_dict() for decision in self.decisions],
            "unclaimed": [asdict(unclaimed) for unclaimed in self.unclaimed],
            "plugin_errors": [asdict(problem) for problem in self.plugin_errors],
        }

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{count} {word}"
            for count, word in (
                (len(self.decisions) - len(self.undecided), "decided"),
                (len(self.undecided), "undecided"),
                (len(self.unclaimed), "unclaimed"),
            )
            if count
        )
        decided = [one for one in self.decisions if one.is_decided]
        verdicts: list[Verdict] = [*self.undecided, *decided, *self.unclaimed]
        lines = []
        for verdict in verdicts[:_MOST_SHOWN]:
            names = " or ".join(dict.fromkeys(offer.ingestor for offer in verdict.best)) or "nobody"
            lines.append("\n  " + on_one_line(f"{verdict.subject[:_WIDEST]}: {names}"))
        more = len(verdicts) - len(lines)
        rest = f"\n  … and {more} more" if more else ""
        return f"<Plan: {counts or 'nothing is selected'}{''.join(lines)}{rest}>"

    def _repr_html_(self) -> str:
        from .showing import plan_html

        return plan_html(self)
