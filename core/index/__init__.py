"""The one index engine: start documents in SQLite, in memory or in a file, and Mongo queries."""

from ..lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Connections": ".connections",
        "Explanation": ".explaining",
        "RunIndex": ".run_index",
    },
)
