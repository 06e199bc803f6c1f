"""Runs: where their documents come from, what they consist of, and their rows as arrays."""

from ..lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "AssetAccess": ".opening",
        "BadFramesWarning": ".dataset",
        "BlueskyEventStream": ".stream",
        "BlueskyRun": ".bluesky_run",
        "CallSource": ".source",
        "DocumentsSource": ".source",
        "RunOutline": ".outline",
        "RunReader": ".reader",
        "RunSource": ".source",
    },
)
