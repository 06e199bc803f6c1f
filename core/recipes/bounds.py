"""What a recipe of somebody else may do: declared settings, and files below opened roots."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from typing import Any

from ..errors import NoDataError, RecipeError
from ..places import select_files
from ..places.globbing import Glob
from ..places.observation import current_observation
from ..registry.records import Ingestor
from .paths import opened_roots

__all__ = ["check_paths", "check_settings"]

_ADD_ROOT = (
    "If they may be read, name a folder that holds them under [roots] in the configuration; "
    "or ingest them into a catalog of your own."
)


def check_settings(ingestor: Ingestor, names: Iterable[str]) -> None:
    """Raise if keyword arguments are not among those that the ingestor declares as harmless.

    Raises
    ------
    RecipeError

    Examples
    --------
    >>> lab = Ingestor("lab", title="", ingest="a:b", takes="file", selects=("entry",))
    >>> check_settings(lab, ["entry"])
    >>> check_settings(lab, ["run_anything"])
    Traceback (most recent call last):
    ...
    penstock.core.errors.RecipeError: the stored call sets run_anything, ...
    """
    allowed = {*ingestor.selects, *ingestor.settings, *ingestor.path_parameters}
    if refused := sorted(set(names) - allowed):
        raise RecipeError(
            f"the stored call sets {', '.join(refused)}, which a catalog that somebody else wrote "
            f"may not do for {ingestor.name}",
            remedy="Ingest the files into a catalog of your own; authors of ingestors declare "
            "harmless settings in its record (settings).",
        )


def check_paths(paths: Any, more_roots: Iterable[str] = ()) -> None:
    """Raise if any file that a path, a glob or a list of paths means lies outside all roots.

    Roots are those that the configuration names, and `more_roots`, which the user gave. Links are
    followed, those to single files too. Of what is not there, the name counts.

    Raises
    ------
    RecipeError

    Examples
    --------
    >>> check_paths("/etc/hostname")
    Traceback (most recent call last):
    ...
    penstock.core.errors.RecipeError: /etc: the stored call, which somebody else wrote, ...
    """
    named = paths if isinstance(paths, list) else [paths]
    if not all(isinstance(path, str) for path in named):
        raise RecipeError("the stored call has something else where it should have paths")
    roots = [*opened_roots().values(), *map(os.path.realpath, more_roots)]
    for path in named:
        _check_named(path, roots)
    try:
        found = select_files(paths)
    except (NoDataError, OSError):  # no files; what else it names must not lie elsewhere either
        for path in named:
            _check_inside(os.path.realpath(path), path, roots)
        return
    _check_folder(found.folder, roots)
    for name in found.names:
        _check_file(found.folder, name, roots)


def _check_named(path: str, roots: Iterable[str]) -> None:
    if ".." in path.split("/"):
        raise RecipeError("the stored call leads out of a folder by '..'", where=path)
    # Of a glob, the folder before its magic; what it matches is looked at when it is found.
    folder = Glob.of(path).base if glob.has_magic(path) else os.path.dirname(path)
    _check_folder(folder or ".", roots)


def _check_folder(folder: str, roots: Iterable[str]) -> None:
    _check_inside(current_observation().real_folder(folder), folder, roots)


def _check_file(folder: str, name: str, roots: Iterable[str]) -> None:
    """Follow a link; that a listed file is none, its entry knows without asking again."""
    observation = current_observation()
    inner, _, last = name.rpartition("/")
    above = os.path.join(folder, inner) if inner else folder
    if inner:
        _check_folder(above, roots)
    try:
        entry = observation.list_folder(above).get(last)
    except OSError:
        entry = None
    if entry is None or entry.is_symlink():
        path = os.path.join(above, last)
        _check_inside(os.path.realpath(path), path, roots)


def _check_inside(real: str, path: str, roots: Iterable[str]) -> None:
    if not any(real == root or real.startswith(root.rstrip("/") + "/") for root in roots):
        raise RecipeError(
            "the stored call, which somebody else wrote, reads files outside of the opened roots",
            where=path,
            remedy=_ADD_ROOT,
        )
