"""The subcommands of ``penstock``: each module of `SUBCOMMANDS` has ``add_parser`` and ``run``."""

__all__ = ["ADDED_RUN", "SUBCOMMANDS"]

SUBCOMMANDS = (
    "ingest",
    "cache",
    "export",
    "ls",
    "show",
    "search",
    "check",
    "rm",
    "match",
    "plugins",
)
"""Penstock's own, in the order in which they are shown; no plug-in may take their names."""

ADDED_RUN = "run the command of a plug-in"
"""The option that holds how to run a command of a plug-in."""
