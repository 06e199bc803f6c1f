"""Catalogs by where they are, or by the name that the configuration gives them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from penstock.core.catalog.base import BlueskyCatalog
from penstock.core.config import get_config
from penstock.core.errors import CatalogError, NoDataError, RunNotFoundError

__all__ = ["DEFAULT", "NamedCatalogs", "catalogs", "open_catalog"]

DEFAULT = "default"
"""The name of the catalog in the user's state folder."""

_DATABASES = (".db", ".sqlite", ".sqlite3")
_JSONL = ".jsonl"
_COPIES = (".msgpack", ".jsonl")


def open_catalog(
    uri: str | os.PathLike[str], *, create: bool = False, **settings: Any
) -> BlueskyCatalog:
    """Open a catalog, whatever kind it is of.

    Parameters
    ----------
    uri
        A name from the configuration, or ``"default"`` for the one in your state folder; a
        ``.db`` file; a folder of copies (msgpack or JSON Lines), or a glob of such files. A folder
        that is called like a name: ``./name``. ``~`` is your home.
    create
        Whether to make a ``.db`` file that is not there.
    settings
        `root_map`, `handler_registry`, `transforms` and `query`, as all catalogs take them.

    Raises
    ------
    NoDataError
        If there is no such catalog.
    CatalogError
        If it cannot be opened.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "runs.db")
    >>> open_catalog(path, create=True)
    <BlueskySQLiteCatalog of 0 runs>
    """
    text = os.path.expanduser(os.fspath(uri))  # a shell leaves ~ alone in quotes and after =
    if text == DEFAULT and text not in get_config().catalogs:
        return _open_path(_default_file(make_folder=create), create, settings, called=text)
    return _open_uri(get_config().catalogs.get(text, text), create, settings)


def _open_uri(uri: str, create: bool, settings: dict[str, Any]) -> BlueskyCatalog:
    if "://" not in uri:
        return _open_path(uri, create, settings)
    scheme = uri.partition("://")[0]
    if scheme == "file":
        from penstock.core.places import path_from_uri

        return _open_path(path_from_uri(uri), create, settings)
    if scheme in ("http", "https", "tiled"):
        raise CatalogError(
            "catalogs on a Tiled server need the extra penstock[tiled], which is not there yet",
            where=uri,
            remedy="Use tiled.client.from_uri until then, or open a file or a folder of copies.",
        )
    raise CatalogError(
        f"no kind of catalog has URIs that begin with {scheme}://",
        where=uri,
        remedy="Give a .db file, or a folder of copies.",
    )


def _open_path(
    path: str, create: bool, settings: dict[str, Any], *, called: str | None = None
) -> BlueskyCatalog:
    if _is_database(path):
        from penstock.core.catalog.in_file import BlueskySQLiteCatalog

        if not create and not os.path.exists(path):
            raise NoDataError(
                "there is no such catalog",
                where=path,
                remedy=f"Make it: penstock ingest PATH --catalog {called or path}",
            )
        return BlueskySQLiteCatalog(path, **settings)
    if create and not os.path.exists(path):
        raise NoDataError(
            "this is no catalog that files can be ingested into",
            where=path,
            remedy="Give a name that ends in .db, or one that the configuration has.",
        )
    if not os.path.exists(path) and not glob.has_magic(path):
        raise NoDataError(
            "there is no such folder, file or name of a catalog",
            where=path,
            remedy=f"Names are: {', '.join(catalogs)}."
            if len(catalogs)
            else "Copies are made by: penstock ingest PATH --cache FOLDER",
        )
    if os.path.isfile(path) and not path.endswith(_COPIES):
        raise NoDataError(
            "this is no catalog: neither a database, nor a copy, which ends in .msgpack or .jsonl",
            where=path,
            remedy=f"To ingest it: penstock ingest {path} --catalog runs.db",
        )
    if _holds_jsonl(path):
        from penstock.plugins.jsonl import BlueskyJSONLCatalog

        return BlueskyJSONLCatalog(path, **settings)
    from penstock.plugins.msgpack import BlueskyMsgpackCatalog

    return BlueskyMsgpackCatalog(path, **settings)


def _is_database(path: str) -> bool:
    if os.path.isdir(path):
        return False
    if path.endswith(_DATABASES):
        return True
    if path.endswith(_COPIES) or not os.path.isfile(path) or not os.path.getsize(path):
        return False
    import sqlite3

    # Through SQLite: the process may have the file open, and would lose its locks otherwise.
    uri = f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True)
    try:
        connection.execute("PRAGMA schema_version")
    except sqlite3.Error:
        return False
    finally:
        connection.close()
    return True


def _holds_jsonl(path: str) -> bool:
    """Tell whether these are JSON Lines; a folder that holds msgpack files, too, is not."""
    if not os.path.isdir(path):
        return path.endswith(_JSONL)
    with os.scandir(path) as entries:
        suffixes = {os.path.splitext(entry.name)[1] for entry in entries}
    return _JSONL in suffixes and ".msgpack" not in suffixes


def _default_file(*, make_folder: bool) -> str:
    import platformdirs

    folder = platformdirs.user_state_dir("penstock", appauthor=False)
    if make_folder:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    return os.path.join(folder, "runs.db")


class NamedCatalogs(Mapping[str, BlueskyCatalog]):
    """The catalogs that the configuration names, each opened when it is asked for.

    Beside them there is ``"default"``, in the user's state folder, once something was ingested
    into it.

    Examples
    --------
    >>> import penstock
    >>> "45id" in penstock.catalogs
    False
    """

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(get_config().catalogs)
        if DEFAULT not in names and os.path.exists(_default_file(make_folder=False)):
            names[DEFAULT] = None
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return any(name == known for known in self)

    def __getitem__(self, name: str) -> BlueskyCatalog:
        if name not in self:
            raise RunNotFoundError(
                f"no catalog is called {name!r}",
                where=get_config().file,
                remedy=f'Name it in the configuration: [catalogs.{name}] uri = "/where/it/is".',
            )
        return open_catalog(name)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        return f"<catalogs: {', '.join(self) or 'none'}>"


catalogs = NamedCatalogs()
