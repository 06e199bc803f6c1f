"""The hooks that plug-ins implement.

A plug-in is a module named by an entry point of group ``penstock``.
"""

from __future__ import annotations

import pluggy

from .discovery import GROUP
from .records import AssetReader, Command, Exporter, Ingestor

__all__ = ["HookSpecs", "hookimpl"]

_hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)
"""Marks a function of a plug-in module as the implementation of the hook of the same name."""


class HookSpecs:
    """What a plug-in can offer; each hook is optional.

    Examples
    --------
    >>> [name for name in vars(HookSpecs) if name.startswith("penstock_")]
    ['penstock_ingestors', 'penstock_asset_readers', 'penstock_exporters', 'penstock_commands']
    """

    @_hookspec
    def penstock_ingestors(self) -> list[Ingestor]:  # type: ignore[empty-body]  # a specification has no body
        """Return the ingestors that this plug-in offers."""

    @_hookspec
    def penstock_asset_readers(self) -> list[AssetReader]:  # type: ignore[empty-body]  # as above
        """Return the asset readers that this plug-in offers."""

    @_hookspec
    def penstock_exporters(self) -> list[Exporter]:  # type: ignore[empty-body]  # as above
        """Return the exporters that this plug-in offers."""

    @_hookspec
    def penstock_commands(self) -> list[Command]:  # type: ignore[empty-body]  # as above
        """Return the commands that this plug-in adds to ``penstock``."""
