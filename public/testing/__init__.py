"""For authors of ingestors: tests to inherit, which say what to do where one fails."""

from penstock.testing._suite import IngestorTests

__all__ = ["IngestorTests"]
