"""All that decisions depend on besides the files: a digest that changes when any of it does."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib import util

from ..config import get_config
from ..registry.installed import installed_distributions
from ..registry.registry import Registry
from .storing import SHAPE

__all__ = ["digest_world"]

_OWN = __name__.partition(".")[0]
_MOST_SOURCES = 20_000
_VARIABLES = ("HDF5_PLUGIN_PATH", "HDF5_EXTFILE_PREFIX", "HDF5_VDS_PREFIX", "TZ")
"""Environment variables that tell libraries what they can read, and where it is."""


def digest_world(registry: Registry, besides: object = None) -> str | None:
    """Digest the ingestors with their code, the configuration, and the packages installed.

    None where the code of an ingestor cannot be told apart from another version of it.

    Parameters
    ----------
    besides
        What else they depend on, by its `repr`.

    Examples
    --------
    >>> from penstock.core.registry import get_registry
    >>> digest_world(get_registry()) == digest_world(get_registry())
    True
    >>> from penstock.core.registry import Ingestor, hookimpl
    >>> class Lab:
    ...     @hookimpl
    ...     def penstock_ingestors(self):
    ...         return [Ingestor("lab", title="Lab", ingest="__main__:f", takes="file")]
    >>> digest_world(Registry.from_plugins([Lab()])) is None
    True
    """
    ingestors = registry.ingestors.values()
    packages = {
        reference.partition(":")[0].partition(".")[0]
        for ingestor in ingestors
        for reference in (ingestor.ingest, ingestor.probe)
        if reference
    }
    digest = hashlib.blake2b(digest_size=16)

    def add(*parts: object) -> None:
        digest.update("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass") + b"\n")

    add(SHAPE, sys.version, replace(get_config(), file=None), besides)
    add(*(os.environ.get(name) for name in _VARIABLES))
    add(*ingestors)  # with their versions
    for package in sorted(packages | {_OWN}):
        sources = _own_sources() if package == _OWN else _sources_of(package)
        if sources is None:
            return None
        add(package, *sources)
    add(*installed_distributions())
    return digest.hexdigest()


@cache
def _own_sources() -> list[tuple[str, int, int]] | None:
    """Look once: this code is imported, and nobody edits it while he works with it.

    That of plug-ins may be: whoever writes one has it imported again in his notebook.
    """
    return _sources_of(_OWN)


def _sources_of(package: str) -> list[tuple[str, int, int]] | None:
    """Return name, size and time of each file of a package's code; None where it has no files."""
    try:
        spec = util.find_spec(package)
    except (ValueError, ImportError):  # made by hand, or not there
        return None
    if spec is None or package == "__main__":
        return None
    roots: Iterable[str] = spec.submodule_search_locations or ()
    files = [spec.origin] if not roots and spec.has_location and spec.origin else []
    found: list[tuple[str, int, int]] = []
    try:
        for path in (*files, *_python_files(roots)):
            state = os.stat(path)
            found.append((path, state.st_size, state.st_mtime_ns))
            if len(found) > _MOST_SOURCES:
                return None
    except OSError:
        return None
    return sorted(found) or None


def _python_files(roots: Iterable[str]) -> Iterator[str]:
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name != "__pycache__"]
            code = (name for name in names if name.endswith((".py", ".so")))
            yield from (os.path.join(folder, name) for name in code)
