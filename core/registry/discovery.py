"""Finding plug-ins that are installed: entry points of group ``penstock``."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from .hooks import GROUP
from .records import PluginInfo, PluginProblem

__all__ = [
    "HOST",
    "LIMIT_VARIABLE",
    "FoundPlugin",
    "entry_points_by_name",
    "find_plugins",
]

HOST = "penstock"
"""The distribution whose own plug-ins keep their names where others clash with them."""

LIMIT_VARIABLE = "PENSTOCK_PLUGINS"
"""Environment variable: the names of the plug-ins to load, separated by commas; unset: all."""


@dataclass(frozen=True)
class FoundPlugin:
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


def entry_points_by_name(group: str) -> dict[str, list[metadata.EntryPoint]]:
    """Return the installed entry points of a group; identical ones of a name count once.

    Examples
    --------
    >>> "tiff" in entry_points_by_name("penstock")
    True
    """
    found: dict[str, list[metadata.EntryPoint]] = defaultdict(list)
    for point in metadata.entry_points(group=group):
        same = (distribution_of(other) for other in found[point.name] if other.value == point.value)
        if distribution_of(point) not in same:
            found[point.name].append(point)
    return dict(found)


def distribution_of(point: metadata.EntryPoint) -> tuple[str, str]:
    """Return name and version of the distribution that declares an entry point."""
    if point.dist is None:
        return "", ""
    try:
        return point.dist.name, point.dist.version
    except KeyError:  # damaged metadata: the plug-in itself may still be good
        return "", ""


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
    by_name = entry_points_by_name(GROUP)
    wanted, problems = _wanted(set(by_name))
    found: list[FoundPlugin] = []
    left_out: list[PluginInfo] = []
    for name in sorted(by_name):
        points = by_name[name]
        if wanted is not None and name not in wanted:
            left_out += [
                PluginInfo(name, point.value, "left out", *distribution_of(point))
                for point in points
            ]
            continue
        if len(points) > 1:
            problems.append(_clash(name, points))
            points = [point for point in points if distribution_of(point)[0] == HOST]
        if len(points) == 1:
            (point,) = points
            found.append(FoundPlugin(name, point.value, *distribution_of(point), point.load))
    return found, left_out, problems


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


def _clash(name: str, points: list[metadata.EntryPoint]) -> PluginProblem:
    owners = sorted(" ".join(distribution_of(point)) for point in points)
    if any(distribution_of(point)[0] == HOST for point in points):
        outcome = "penstock's own is used"
    else:
        outcome = "none of them is used"
    return PluginProblem(
        name,
        f"several distributions have a plug-in of this name ({'; '.join(owners)}): {outcome}",
        "Uninstall all but one, or ask an author to choose another name.",
        distribution=", ".join(sorted(distribution_of(point)[0] for point in points)),
    )
