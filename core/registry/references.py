"""References: ``"package.module:function"`` strings that are imported on use."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..errors import PluginError

__all__ = ["check_reference", "is_referred_to", "resolve_reference", "signature_of", "tell_exit"]


def check_reference(reference: object) -> str:
    """Return `reference` if it is spelled like one; nothing is imported.

    Examples
    --------
    >>> check_reference("json:dumps")
    'json:dumps'
    """
    if not isinstance(reference, str) or not _is_reference(reference):
        raise PluginError(
            f"{reference!r} is not a reference",
            remedy='Write "package.module:function".',
        )
    return reference


def _is_reference(text: str) -> bool:
    module, colon, path = text.partition(":")
    return bool(colon) and all(
        name.isidentifier() for name in (*module.split("."), *path.split("."))
    )


def resolve_reference(reference: str) -> Callable[..., Any]:
    """Import what a reference names.

    Raises
    ------
    PluginError
        The reference is misspelled, its module cannot be imported (the cause is chained), or the
        module has no such callable.

    Examples
    --------
    >>> resolve_reference("json:dumps")([1])
    '[1]'
    """
    module_name, _, path = check_reference(reference).partition(":")
    try:
        value: Any = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"module {module_name} cannot be imported: {type(error).__name__}: {error}",
            where=reference,
            remedy="Repair or reinstall the package that holds it.",
        ) from error
    for name in path.split("."):
        try:
            value = getattr(value, name)
        except AttributeError as error:
            raise PluginError(
                f"{module_name} has no {path}",
                where=reference,
                remedy="Correct the reference in the plug-in, or update the package.",
            ) from error
    if not callable(value):
        raise PluginError(f"{path} is not callable", where=reference)
    resolved: Callable[..., Any] = value
    return resolved


@lru_cache(maxsize=256)
def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of an ingestor's function, which is asked for with each call of it.

    Examples
    --------
    >>> list(signature_of(check_reference).parameters)
    ['reference']
    """
    return inspect.signature(function)


def tell_exit(what: str, error: SystemExit) -> str:
    """Say that a plug-in's code asked to end the program: that is not its to decide.

    Examples
    --------
    >>> tell_exit("its probe", SystemExit(3))
    'its probe tried to end the program (SystemExit: 3)'
    """
    return f"{what} tried to end the program (SystemExit: {error.code})"


def is_referred_to(function: Callable[..., Any], reference: str) -> bool:
    """Tell whether `reference` names `function`, without importing anything.

    A function is recognised by where it was defined, and by every module already imported that
    hands it on under the name in the reference.

    Examples
    --------
    >>> import json
    >>> is_referred_to(json.dumps, "json:dumps"), is_referred_to(json.dumps, "json:loads")
    (True, False)
    """
    module_name, _, path = reference.partition(":")
    if "." not in path and module_name in sys.modules:
        # vars(), not getattr(): a lazy package would import to answer.
        found = vars(sys.modules[module_name]).get(path)
        if found is not None:
            return found is function
    defined = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', '')}"
    return defined == reference
