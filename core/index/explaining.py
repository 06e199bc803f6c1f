"""What a search did: which index narrowed to how many documents, and how many were looked at."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

__all__ = ["Explanation"]


@dataclass(frozen=True)
class Explanation:
    """How a query was answered.

    Examples
    --------
    >>> print(Explanation({"a": 1}, 500, 3, 3, 2, ("a",)))
    2 of 500 runs match: index of a left 3, of which 3 were looked at
    """

    query: dict[str, Any]
    runs: int
    """How many there are."""
    candidates: int
    """How many the indexes left."""
    looked_at: int
    """How many start documents were read and asked; 0 where the indexes could decide."""
    found: int
    """How many match."""
    indexes: tuple[str, ...] = ()
    """The paths whose indexes narrowed."""
    built: tuple[str, ...] = ()
    """The paths that were indexed because of this query."""
    notes: tuple[str, ...] = ()
    """What else is worth knowing."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        if self.indexes:
            plural = "es" if len(self.indexes) > 1 else ""
            how = f"index{plural} of {', '.join(self.indexes)} left {self.candidates}"
            how += f", of which {self.looked_at} were looked at" if self.looked_at else ""
        else:
            how = f"no index helped, {self.looked_at} were looked at"
        built = f"; indexed now: {', '.join(self.built)}" if self.built else ""
        notes = "".join(f"; {note}" for note in self.notes)
        return f"{self.found} of {self.runs} runs match: {how}{built}{notes}"
