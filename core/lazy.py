"""Lazy package faces (PEP 562): a name is imported when it is first used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["lazy_exports"]


def lazy_exports(
    package: str, names: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make ``__getattr__``, ``__dir__`` and ``__all__`` of a package that hands on names lazily.

    Parameters
    ----------
    package
        The package's ``__name__``.
    names
        For each public name, the module (relative to the package) that defines it.

    Examples
    --------
    >>> getter, lister, public = lazy_exports("json", {"JSONDecoder": ".decoder"})
    >>> getter("JSONDecoder").__module__, public
    ('json.decoder', ['JSONDecoder'])
    """
    public = sorted(names)

    def __getattr__(name: str) -> Any:
        try:
            module = names[name]
        except KeyError:
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        value = getattr(importlib.import_module(module, package), name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *public})

    return __getattr__, __dir__, public
