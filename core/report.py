"""Reports: what an operation did, item by item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .errors import PenstockError

__all__ = ["Outcome", "Report", "ReportItem"]

Outcome = Literal["ok", "partial", "skipped", "refused", "failed"]
"""How one item ended.

``ok`` done; ``partial`` done, but something is missing; ``skipped`` there was nothing to do;
``refused`` not attempted, and the reason says why; ``failed`` attempted, and it went wrong.
"""


@dataclass(frozen=True)
class ReportItem:
    """What became of one item.

    Examples
    --------
    >>> ReportItem("a.tif", "refused", why="it is empty").outcome
    'refused'
    """

    subject: str
    """What the item is about: usually a path or a template of paths."""
    outcome: Outcome
    why: str = ""
    """The reason, one sentence; empty where nothing needs saying."""
    remedy: str = ""
    """What a person can do about it."""
    uid: str | None = None
    """The run that came of it."""
    details: dict[str, Any] = field(default_factory=dict)
    """More for programs and tables: ingestor, streams, shapes."""

    @classmethod
    def from_error(
        cls, subject: str, error: BaseException, outcome: Outcome = "failed", **details: Any
    ) -> ReportItem:
        """Tell an exception as a report item.

        Examples
        --------
        >>> ReportItem.from_error("a.tif", OSError("disk on fire")).why
        'OSError: disk on fire'
        """
        if isinstance(error, PenstockError):
            where = error.where
            prefix = "" if where is None or where.endswith(subject) else f"{where}: "
            return cls(subject, outcome, prefix + error.what, error.remedy or "", details=details)
        return cls(subject, outcome, f"{type(error).__name__}: {error}", details=details)


@dataclass
class Report:
    """What an operation did, item by item.

    Examples
    --------
    >>> report = Report([ReportItem("a.tif", "ok", uid="6f2a"), ReportItem("b.tif", "failed")])
    >>> report.ok, report.uids
    (False, ['6f2a'])
    >>> print(report)
    2 items: 1 ok, 1 failed
    """

    items: list[ReportItem] = field(default_factory=list)

    def add(self, item: ReportItem) -> None:
        """Append one item."""
        self.items.append(item)

    def __iter__(self) -> Iterator[ReportItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def ok(self) -> bool:
        """Whether nothing failed and nothing was refused."""
        return not any(item.outcome in ("refused", "failed") for item in self.items)

    @property
    def uids(self) -> list[str]:
        """The uids of the runs that came of it, in order, each once."""
        return list(dict.fromkeys(item.uid for item in self.items if item.uid is not None))

    def with_outcome(self, *outcomes: Outcome) -> list[ReportItem]:
        """Return the items that ended in one of these ways."""
        return [item for item in self.items if item.outcome in outcomes]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, for ``json.dumps``."""
        return {"items": [asdict(item) for item in self.items], "counts": self.counts}

    @property
    def counts(self) -> dict[str, int]:
        """How many items ended in which way."""
        return dict(Counter(item.outcome for item in self.items))

    def __str__(self) -> str:
        counts = ", ".join(f"{number} {outcome}" for outcome, number in self.counts.items())
        noun = "item" if len(self) == 1 else "items"
        return f"{len(self)} {noun}: {counts}" if counts else "nothing to report"

    __repr__ = __str__
