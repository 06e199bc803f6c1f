"""Handlers that packages install for ``resource`` documents: group ``databroker.handlers``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import PluginError
from .installed import InstalledEntryPoint, read_entry_points
from .records import PluginProblem

__all__ = ["HANDLERS_GROUP", "InstalledHandlers", "handler_entry_points"]

HANDLERS_GROUP = "databroker.handlers"
"""The entry-point group of handler classes; names in it are specs."""


class InstalledHandlers(Mapping[str, Any]):
    """Handler classes by spec; each is imported when it is first asked for.

    A spec that several distributions claim with different classes raises when it is used.

    Examples
    --------
    >>> handlers = InstalledHandlers({})
    >>> "AD_TIFF" in handlers, handlers.problems
    (False, ())
    """

    def __init__(self, points: Mapping[str, list[InstalledEntryPoint]]) -> None:
        self._points = dict(points)
        self._loaded: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def __contains__(self, spec: object) -> bool:
        return spec in self._points  # Mapping's own would load the class to answer

    def __getitem__(self, spec: str) -> Any:
        points = self._points[spec]
        if spec not in self._loaded:
            if len(values := {point.value for point in points}) > 1:
                raise PluginError(
                    f"several distributions install a handler for spec {spec!r}: "
                    + ", ".join(sorted(values)),
                    remedy="Pass the one you want as handler_registry, or uninstall the others.",
                )
            try:
                self._loaded[spec] = points[0].load()
            except (Exception, SystemExit) as error:
                raise PluginError(
                    f"the handler for spec {spec!r} cannot be imported: "
                    f"{type(error).__name__}: {error}",
                    where=points[0].value,
                    remedy="Repair the package that installs it, or pass a handler_registry.",
                ) from error
        return self._loaded[spec]

    @property
    def entry_points(self) -> Mapping[str, list[InstalledEntryPoint]]:
        """The entry points of each spec."""
        return self._points

    @property
    def problems(self) -> tuple[PluginProblem, ...]:
        """The specs for which several distributions install different handlers."""
        return tuple(
            PluginProblem(
                spec,
                "several distributions install a handler for this spec: "
                + "; ".join(f"{point.value} ({point.origin})" for point in points),
                "Pass the one you want as handler_registry, or uninstall the others.",
                distribution=", ".join(sorted(point.distribution for point in points)),
            )
            for spec, points in self._points.items()
            if len({point.value for point in points}) > 1
        )


def handler_entry_points() -> InstalledHandlers:
    """Find the handlers that are installed; none is imported.

    Examples
    --------
    >>> isinstance(handler_entry_points(), Mapping)
    True
    """
    points: dict[str, list[InstalledEntryPoint]] = defaultdict(list)
    for point in read_entry_points((HANDLERS_GROUP,)):
        points[point.name].append(point)
    return InstalledHandlers(points)
