"""Giving a run to an exporter: where to, under which name, with which options."""

from __future__ import annotations

import inspect
import os
import re
import string
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..registry import get_registry
from ..registry.records import Exporter
from ..report import ReportItem

if TYPE_CHECKING:
    from .bluesky_run import BlueskyRun

__all__ = ["export_run", "name_run", "options_of"]

_OURS = frozenset({"run", "target", "overwrite"})
_UNSAFE = re.compile(r"[^\w.=+-]+")
_LONGEST = 150


def export_run(
    run: BlueskyRun,
    format: str,
    target: str | os.PathLike[str],
    *,
    into: bool = False,
    name: str | None = None,
    overwrite: bool = False,
    **options: Any,
) -> ReportItem:
    """Write a run in a format; see `BlueskyRun.export`.

    Parameters
    ----------
    into
        Whether the target is a folder to put the run into under a name of its own, and not what
        the run is to become.
    name
        A template of that name.

    Raises
    ------
    SettingsError
        If the exporter has no such option.
    """
    registry = get_registry()
    function = registry.exporter_function(format)
    exporter = registry.exporters[format]
    known = options_of(function)
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise SettingsError(
            f"{format!r} has no option {', '.join(unknown)}",
            remedy=f"It has: {', '.join(known) or 'none'}.",
        )
    path = os.path.abspath(os.fspath(target))
    if into or _is_folder_for(path, exporter):
        path = os.path.join(path, name_run(run.metadata["start"], name) + exporter.suffix)
    item: ReportItem = function(run, path, overwrite=overwrite, **options)
    return item


def _is_folder_for(path: str, exporter: Exporter) -> bool:
    """Whether a target of a format of one file is the folder that the file goes into."""
    return bool(exporter.suffix) and os.path.isdir(path)


def options_of(function: Any) -> dict[str, inspect.Parameter]:
    """Return the options of an exporter's function by name.

    Examples
    --------
    >>> def export(run, target, *, overwrite=False, sentinel=-1.0): ...
    >>> list(options_of(export))
    ['sentinel']
    """
    return {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in _OURS and parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


class _Fields(string.Formatter):
    """Fills templates with fields of a start document; ``{sample.name}`` reaches into it."""

    def __init__(self, start: Mapping[str, Any]) -> None:
        self._start = start

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        value: Any = self._start
        for part in field_name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            raise SettingsError(
                f"the run has no {field_name!r} to be named by",
                remedy="Name runs by what all of them have, such as {uid}.",
            )
        return value, field_name


def name_run(start: Mapping[str, Any], template: str | None = None) -> str:
    """Return what a run's file or folder is called, without suffix: a plain name.

    Parameters
    ----------
    template
        Of fields of the start document; ``"{uid}"`` if None.

    Raises
    ------
    SettingsError
        If the run lacks a field, or the template is none.

    Examples
    --------
    >>> start = {"uid": "6f2a", "scan_id": 5, "sample": {"name": "Cu / Ni"}}
    >>> name_run(start), name_run(start, "{scan_id:05d}_{sample.name}")
    ('6f2a', '00005_Cu_Ni')
    >>> name_run({"uid": "../x"})
    'x'
    """
    try:
        text = _Fields(start).format(template or "{uid}")
    except (ValueError, TypeError, IndexError) as error:
        raise SettingsError(
            f"{template!r} cannot be filled: {error}",
            remedy="Write fields as in {scan_id:05d}_{uid}.",
        ) from error
    plain = _UNSAFE.sub("_", text).strip("._ ")[:_LONGEST]
    return plain or "run"
