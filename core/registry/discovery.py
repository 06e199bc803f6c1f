"""Finding plug-ins that are installed: entry points of group ``penstock``."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

from .installed import InstalledEntryPoint, read_entry_points, without_extras
from .records import PluginInfo, PluginProblem

__all__ = [
    "EARLIER_GROUP",
    "GROUP",
    "HOST",
    "LIMIT_VARIABLE",
    "FoundPlugin",
    "find_plugins",
    "has_plugins_of_others",
]

GROUP = "penstock"
"""The entry-point group of plug-ins."""

EARLIER_GROUP = "databroker.ingestors"
"""The entry-point group for ingestors of the field's earlier tools; names in it are mimetypes."""

HOST = "penstock"
"""The distribution whose own plug-ins keep their names where others clash with them."""

LIMIT_VARIABLE = "PENSTOCK_PLUGINS"
"""Environment variable: the names of the plug-ins to load, separated by commas; unset: all."""


class FoundPlugin(NamedTuple):
    """A plug-in that can be loaded.

    Examples
    --------
    >>> import json
    >>> FoundPlugin("json", "json", "", "", lambda: json).load() is json
    True
    """

    name: str
    module: str
    distribution: str
    version: str
    load: Callable[[], Any]
    state: Literal["loaded", "found"] = "loaded"
    """What it is once `load` was called; ``found``: its functions are imported on use."""

    @property
    def origin(self) -> str:
        """Name and version of its distribution."""
        return " ".join(part for part in (self.distribution, self.version) if part)


def find_plugins() -> tuple[list[FoundPlugin], list[PluginInfo], list[PluginProblem]]:
    """Find every installed plug-in; none is imported.

    Two entry points of one name are an error of both, unless one is penstock's own, which stays.

    Returns
    -------
    found, left_out, problems
        What can be loaded, in the order of names; what ``PENSTOCK_PLUGINS`` leaves out; clashes.

    Examples
    --------
    >>> found, left_out, problems = find_plugins()
    >>> {"hdf5", "tiff"} <= {plugin.name for plugin in [*found, *left_out]}
    True
    """
    points = read_entry_points((GROUP, EARLIER_GROUP))
    plugins = [_plugin_of(point) for point in points if point.group == GROUP]
    plugins.sort(key=lambda plugin: plugin.name)
    plugins += _earlier_plugins([point for point in points if point.group == EARLIER_GROUP])
    wanted, problems = _wanted({plugin.name for plugin in plugins})

    by_name: dict[str, list[FoundPlugin]] = defaultdict(list)
    left_out: list[PluginInfo] = []
    for plugin in plugins:
        if wanted is None or plugin.name in wanted:
            by_name[plugin.name].append(plugin)
        else:
            left_out.append(
                PluginInfo(
                    plugin.name, plugin.module, "left out", plugin.distribution, plugin.version
                )
            )
    found: list[FoundPlugin] = []
    for name, owners in by_name.items():
        if len(owners) > 1:
            problems.append(_clash(name, owners))
            owners = [plugin for plugin in owners if plugin.distribution == HOST]
        found += owners if len(owners) == 1 else []
    return found, left_out, problems


def has_plugins_of_others() -> bool:
    """Tell whether anything is installed that penstock did not bring; nothing is imported.

    Examples
    --------
    >>> isinstance(has_plugins_of_others(), bool)
    True
    """
    return any(point.distribution != HOST for point in read_entry_points((GROUP,)))


def _plugin_of(point: InstalledEntryPoint) -> FoundPlugin:
    return FoundPlugin(
        point.name, without_extras(point.value), point.distribution, point.version, point.load
    )


def _earlier_plugins(points: list[InstalledEntryPoint]) -> list[FoundPlugin]:
    """Return a plug-in for each distribution that has ingestors in the field's earlier group."""
    if not points:
        return []
    from .earlier import EarlierPlugin

    by_origin: dict[tuple[str, str], list[InstalledEntryPoint]] = defaultdict(list)
    for point in points:
        by_origin[point.distribution, point.version].append(point)
    return [
        FoundPlugin(
            f"{EARLIER_GROUP}:{distribution}",
            ", ".join(dict.fromkeys(point.value.partition(":")[0] for point in same)),
            distribution,
            version,
            partial(EarlierPlugin, tuple(same)),
            state="found",
        )
        for (distribution, version), same in sorted(by_origin.items())
    ]


def _wanted(installed: set[str]) -> tuple[set[str] | None, list[PluginProblem]]:
    value = os.environ.get(LIMIT_VARIABLE)
    if value is None:
        return None, []
    wanted = {name.strip() for name in value.split(",")} - {""}
    return wanted, [
        PluginProblem(
            name,
            f"{LIMIT_VARIABLE} names it, but no such plug-in is installed",
            f"Install it or correct {LIMIT_VARIABLE}; installed: {', '.join(sorted(installed))}.",
        )
        for name in sorted(wanted - installed)
    ]


def _clash(name: str, plugins: list[FoundPlugin]) -> PluginProblem:
    owners = sorted(plugin.origin for plugin in plugins)
    if any(plugin.distribution == HOST for plugin in plugins):
        outcome = "penstock's own is used"
    else:
        outcome = "none of them is used"
    return PluginProblem(
        name,
        f"several distributions have a plug-in of this name ({'; '.join(owners)}): {outcome}",
        "Uninstall all but one, or ask an author to choose another name.",
        distribution=", ".join(sorted(plugin.distribution for plugin in plugins)),
    )
