"""Calling ingestors of the field's earlier tools; see `earlier`.

Each is an attribute of this module, made when it is first asked for, so that references to it can
be stored, and followed in another process. The earlier tools guessed a file's mimetype (by
functions of group ``databroker.sniffers``, then by its suffix) and called the function with a list
of the paths that a user had opened; the first of them with one path, after ``is_applicable(path)``.
What was published takes one file at a time, be it in a list, and mostly gives a run a random uid.
"""

from __future__ import annotations

import inspect
import mimetypes
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..errors import AmbiguousDataError, PluginError
from ..formats import formats_by_mimetype
from ..places import place_of_file, run_uid, select_files
from .discovery import EARLIER_GROUP
from .earlier import identifier_of, name_entry_points
from .installed import InstalledEntryPoint, read_entry_points
from .records import RunsFound

__all__ = ["EarlierFunction", "takes_one_path"]

_SNIFFERS_GROUP = "databroker.sniffers"
_SNIFFED_BYTES = 64
_SINGULAR = ("str", "Path", "PathLike")
_PLURAL = ("list", "List", "Sequence", "Iterable", "tuple", "Tuple", "Collection")


def __getattr__(identifier: str) -> EarlierFunction:
    """Make the function of an installed ingestor, by the name that `earlier` gives it."""
    if identifier.startswith("ingest_"):
        named = name_entry_points(read_entry_points((EARLIER_GROUP,)))
        for name, point in named.items():
            if identifier_of(name) == identifier:
                function = EarlierFunction(name, point)
                globals()[identifier] = function  # who compares or pickles it must find the same
                return function
    raise AttributeError(f"no ingestor {identifier} is installed in group {EARLIER_GROUP}")


class EarlierFunction:
    """An ingestor of the earlier tools, called as one of today is: with a list of paths.

    Examples
    --------
    >>> point = InstalledEntryPoint("databroker.ingestors", "text/plain", "lab:ingest", "lab")
    >>> EarlierFunction("text/plain:lab", point)
    <EarlierFunction text/plain:lab>
    """

    def __init__(self, name: str, point: InstalledEntryPoint) -> None:
        self.name = name
        self._point = point
        self.__qualname__ = self.__name__ = identifier_of(name)

    def __repr__(self) -> str:
        return f"<EarlierFunction {self.name}>"

    def __reduce__(self) -> str:
        return self.__qualname__

    def load(self) -> Callable[..., Any]:
        """Import the function, or raise `PluginError`."""
        try:
            function = self._point.load()
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"{self._point.value} cannot be imported: {type(error).__name__}: {error}",
                where=f"ingestor {self.name} ({self._point.origin})",
                remedy="Repair or uninstall the package that holds it.",
            ) from error
        if not callable(function):
            raise PluginError(
                f"{self._point.value} is no function",
                where=f"ingestor {self.name} ({self._point.origin})",
            )
        loaded: Callable[..., Any] = function
        return loaded

    def __call__(
        self, paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the documents that the function gives, under a uid that is the same every time."""
        if isinstance(paths, str | os.PathLike):
            paths = [paths]
        files = [os.fspath(path) for path in paths]
        function = self.load()
        if not takes_one_path(function):
            documents = function(files)
        elif len(files) == 1:
            documents = function(files[0])
        else:
            raise AmbiguousDataError(
                f"{self.name} takes one file, not {len(files)}", remedy="Ingest them one by one."
            )
        yield from _with_lasting_uid(documents, files)

    def probe(self, paths: list[str]) -> RunsFound | None:
        """Tell whether it takes a file: whether its mimetype fits, and the function agrees.

        Each file is a run of its own.
        """
        function = self.load()  # first: its module may register suffixes of its mimetype
        mimetype = self._point.name
        if not formats_by_mimetype(mimetype) and mimetype not in _guess_mimetypes(paths[0]):
            return None
        is_applicable = getattr(function, "is_applicable", None)
        if is_applicable is not None and not is_applicable(paths[0]):
            return None
        detail = f"{mimetype}, as group {EARLIER_GROUP} says"
        return RunsFound(detail=detail, separate=len(paths) > 1)


def takes_one_path(function: Callable[..., Any]) -> bool:
    """Tell whether a function takes one path, rather than a list of paths.

    The annotation of its first parameter says so, or whether its name is a plural.

    Examples
    --------
    >>> takes_one_path(lambda filename: None), takes_one_path(lambda paths: None)
    (True, False)
    """
    try:
        parameter = next(iter(inspect.signature(function).parameters.values()), None)
    except (TypeError, ValueError):  # written in C, and says nothing
        return False
    if parameter is None or parameter.kind is parameter.VAR_POSITIONAL:
        return False
    annotation = parameter.annotation
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    if annotation is not parameter.empty:
        if any(word in text for word in _PLURAL):
            return False
        if any(word in text for word in _SINGULAR):
            return True
    return not parameter.name.endswith("s")


def _guess_mimetypes(path: str) -> Iterator[str]:
    for point in read_entry_points((_SNIFFERS_GROUP,)):
        with open(path, "rb") as file:
            head = file.read(_SNIFFED_BYTES)
        try:
            sniffed = point.load()(path, head)
        except Exception:  # noqa: BLE001 # as the earlier tools: others may know it
            continue
        if sniffed:
            yield sniffed
    guessed = mimetypes.guess_type(os.path.basename(path), strict=False)[0]
    if guessed:
        yield guessed


def _with_lasting_uid(
    documents: Iterable[tuple[str, dict[str, Any]]], files: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Replace a random uid of the run by one that follows from where its files lie."""
    given = lasting = None
    for name, doc in documents:
        if name == "start":
            given = lasting = doc.get("uid")
            if _is_random(given):
                lasting = _uid_of_files(files)
        key = "uid" if name == "start" else "run_start"
        yield name, {**doc, key: lasting} if given is not None and doc.get(key) == given else doc


def _is_random(uid: object) -> bool:
    try:
        return uuid.UUID(str(uid)).version == 4
    except ValueError:
        return False


def _uid_of_files(files: list[str]) -> str:
    if len(files) == 1:
        return run_uid(place_of_file(files[0]))
    selected = select_files(files)
    return run_uid(selected.place, selection=selected.selection)
