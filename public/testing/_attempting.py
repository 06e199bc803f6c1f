"""Trying an ingestor on damaged files, in a process of its own that may crash or hang."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from penstock.core.errors import FileCrashesReaderError, PenstockError, PluginError
from penstock.core.isolation import call_isolated
from penstock.core.registry.references import resolve_reference
from penstock.core.run import BlueskyRun
from penstock.core.run.source import DocumentsSource
from penstock.testing._documents import as_plain_data, check_documents

__all__ = ["attempt", "documents_elsewhere", "reference_of"]

_HERE = "penstock.testing._attempting"
_SECONDS = 30.0


def reference_of(function: Callable[..., Any]) -> str | None:
    """Return a reference with which another process finds a function; None if there is none.

    Examples
    --------
    >>> import json
    >>> reference_of(json.dumps), reference_of(lambda: None)
    ('json:dumps', None)
    """
    reference = f"{function.__module__}:{function.__qualname__}"
    try:
        return reference if resolve_reference(reference) is function else None
    except PluginError:
        return None


def attempt(function: Callable[..., Any], paths: Any, kwargs: Mapping[str, Any]) -> str | None:
    """Ingest and read all; say what went wrong, other than by an error that names the file.

    Returns
    -------
    str or None
        None: it was a run, or a `PenstockError`; else a sentence for the author.

    Examples
    --------
    >>> def ingest(path):
    ...     raise ValueError("bad")
    >>> attempt(ingest, "/a", {})
    'ValueError: bad (while ingesting, ...)'
    """
    reference = reference_of(function)
    try:
        if reference is not None:
            said: str | None = call_isolated(
                f"{_HERE}:attempt_by_reference", reference, paths, dict(kwargs), timeout=_SECONDS
            )
            return said
    except FileCrashesReaderError as error:
        return error.what.replace(f"{_HERE}:attempt_by_reference", "the process")
    return _within_time(function, paths, kwargs)


def attempt_by_reference(reference: str, paths: Any, kwargs: dict[str, Any]) -> str | None:
    """Do what `attempt` says; this runs in the worker process."""
    return _attempt_here(resolve_reference(reference), paths, kwargs)


def documents_elsewhere(
    function: Callable[..., Any], paths: Any, kwargs: Mapping[str, Any]
) -> Any | None:
    """Return the documents, as plain data, that another process gets; None if it cannot find it."""
    reference = reference_of(function)
    if reference is None:
        return None
    return call_isolated(
        f"{_HERE}:documents_by_reference", reference, paths, dict(kwargs), timeout=_SECONDS
    )


def documents_by_reference(reference: str, paths: Any, kwargs: dict[str, Any]) -> Any:
    """Do what `documents_elsewhere` says; this runs in the worker process."""
    return as_plain_data(list(resolve_reference(reference)(paths, **kwargs)))


def _within_time(function: Callable[..., Any], paths: Any, kwargs: Mapping[str, Any]) -> str | None:
    said: list[str | None] = []
    thread = threading.Thread(
        target=lambda: said.append(_attempt_here(function, paths, kwargs)), daemon=True
    )
    thread.start()
    thread.join(_SECONDS)
    return said[0] if said else f"it took longer than {_SECONDS:g} s"


def _attempt_here(
    function: Callable[..., Any], paths: Any, kwargs: Mapping[str, Any]
) -> str | None:
    doing = "ingesting"
    try:
        documents = list(function(paths, **kwargs))
        doing = "checking its documents"
        check_documents(documents, is_partial=True)
        doing = "reading what it ingested"
        run = BlueskyRun(DocumentsSource(documents))
        for stream in run.keys():  # noqa: SIM118 # of a run, which is no dict
            run[stream].read()
    except PenstockError as error:
        return _unnamed(error, paths)
    except (Exception, SystemExit) as error:  # noqa: BLE001 # what it raises is the finding
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"while {doing}, {frame.filename}:{frame.lineno}"
        return f"{type(error).__name__}: {error} ({where})"
    return None


def _unnamed(error: PenstockError, paths: Any) -> str | None:
    """Say so if an error tells of no file: there may be thousands."""
    if error.where is not None or any(
        str(path) in str(error) for path in ([paths] if isinstance(paths, str) else paths)
    ):
        return None
    return f"{type(error).__name__}: {error}: it does not say which file (give `where=path`)"
