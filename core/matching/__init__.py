"""From a selection of paths to calls: which ingestor takes which files, and why."""

from typing import TYPE_CHECKING

from ..lazy import lazy_exports

if TYPE_CHECKING:
    from .facts import FileFacts
    from .groups import Group, Reading, RoleFiles
    from .matcher import match
    from .offers import Claim, Evidence, Offer, Rejection
    from .plan import Decision, Plan, Unclaimed

__all__ = [
    "Claim",
    "Decision",
    "Evidence",
    "FileFacts",
    "Group",
    "Offer",
    "Plan",
    "Reading",
    "Rejection",
    "RoleFiles",
    "Unclaimed",
    "match",
]

__getattr__, __dir__, _ = lazy_exports(
    __name__,
    {
        "Claim": ".offers",
        "Decision": ".plan",
        "Evidence": ".offers",
        "FileFacts": ".facts",
        "Group": ".groups",
        "Offer": ".offers",
        "Plan": ".plan",
        "Reading": ".groups",
        "Rejection": ".offers",
        "RoleFiles": ".groups",
        "Unclaimed": ".plan",
        "match": ".matcher",
    },
)
