"""Everything that needs the heavy library."""

from penstock_heavy import library  # noqa: F401


def ingest(path):
    """Need the library to be here at all."""
    yield "start", {"uid": path, "time": 0.0}
