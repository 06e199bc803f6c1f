"""From a selection of paths to calls: which ingestor takes which files, and why."""

from typing import TYPE_CHECKING

from ..lazy import lazy_exports

if TYPE_CHECKING:
    from .facts import FileFacts
    from .matcher import match
    from .plan import Claim, Decision, Evidence, Group, Offer, Plan, Rejection, Unclaimed

__all__ = [
    "Claim",
    "Decision",
    "Evidence",
    "FileFacts",
    "Group",
    "Offer",
    "Plan",
    "Rejection",
    "Unclaimed",
    "match",
]

__getattr__, __dir__, _ = lazy_exports(
    __name__,
    {
        "Claim": ".plan",
        "Decision": ".plan",
        "Evidence": ".plan",
        "FileFacts": ".facts",
        "Group": ".plan",
        "Offer": ".plan",
        "Plan": ".plan",
        "Rejection": ".plan",
        "Unclaimed": ".plan",
        "match": ".matcher",
    },
)
