"""What an export did: its files, what it left out and why, what stands in the place of what."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from ...core.report import ReportItem

__all__ = ["Exported"]

_MOST_TOLD = 6


@dataclass
class Exported:
    """What an export did, gathered while it writes.

    Examples
    --------
    >>> done = Exported("scan.csv")
    >>> done.omit("primary", "image", "CSV has no place for images")
    >>> done.substitute("primary", "x", "2 NaN were written as nothing")
    >>> item = done.item("6f2a")
    >>> item.outcome, item.why
    ('ok', 'left out: image (CSV has no place for images)')
    >>> item.details["substituted"]
    {'primary/x': '2 NaN were written as nothing'}
    """

    target: str
    """The file or folder that the run became."""
    files: list[str] = field(default_factory=list)
    """All files that were written, where these are several."""
    omitted: dict[str, str] = field(default_factory=dict)
    substituted: dict[str, str] = field(default_factory=dict)
    is_partial: bool = False
    """Whether the run itself has no end, or lacks something."""

    def omit(self, stream: str, key: str, why: str) -> None:
        """Note that a data key was left out."""
        self.omitted[f"{stream}/{key}"] = why

    def substitute(self, stream: str, key: str, what: str) -> None:
        """Note that something stands in the place of a data key's values."""
        self.substituted[f"{stream}/{key}"] = what

    def item(self, uid: str) -> ReportItem:
        """Return it as an item of a report."""
        return ReportItem(
            self.target,
            "partial" if self.is_partial else "ok",
            self._why(),
            uid=uid,
            details=self._details(),
        )

    def _why(self) -> str:
        told = []
        if self.is_partial:
            told.append("the run has no stop document")
        if self.omitted:
            by_reason: dict[str, list[str]] = {}
            for key, why in self.omitted.items():
                by_reason.setdefault(why, []).append(key.rpartition("/")[2])
            parts = [
                f"{', '.join(keys[:_MOST_TOLD])}{' …' if keys[_MOST_TOLD:] else ''} ({why})"
                for why, keys in by_reason.items()
            ]
            told.append(f"left out: {'; '.join(parts)}")
        return "; ".join(told)

    def _details(self) -> dict[str, Any]:
        files = self.files or [self.target]
        details: dict[str, Any] = {"path": self.target, "files": files}
        details["bytes"] = sum(os.path.getsize(path) for path in files if os.path.isfile(path))
        if self.omitted:
            details["omitted"] = dict(self.omitted)
        if self.substituted:
            details["substituted"] = dict(self.substituted)
        return details
