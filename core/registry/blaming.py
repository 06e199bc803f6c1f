"""Whose an ingestor is that went wrong, and what a person can do about it."""

from __future__ import annotations

from ..errors import PenstockError, PluginError
from .registry import get_registry

__all__ = ["is_plugin_fault", "origin_of", "report_to"]


def is_plugin_fault(error: BaseException) -> bool:
    """Tell whether an error is one of a plug-in's code, which says nothing of the file.

    Examples
    --------
    >>> is_plugin_fault(TypeError("unsupported operand")), is_plugin_fault(OSError("disk on fire"))
    (True, False)
    """
    if isinstance(error, PluginError):
        return True
    return not isinstance(error, PenstockError | OSError)


def origin_of(name: str) -> str:
    """Return name and version of the distribution that brings an ingestor; empty if none does.

    Examples
    --------
    >>> origin_of("hdf5").startswith("penstock "), origin_of("no-such")
    (True, '')
    """
    registry = get_registry()
    ingestor = registry.ingestors.get(name)
    return "" if ingestor is None else registry.plugin_of(ingestor).origin


def report_to(name: str) -> str:
    """Say to whom a fault of an ingestor is to be reported.

    Examples
    --------
    >>> report_to("no-such")
    'Report it to the author of ingestor no-such.'
    """
    origin = origin_of(name)
    return (
        f"Report it to the authors of {origin}."
        if origin
        else (f"Report it to the author of ingestor {name}.")
    )
