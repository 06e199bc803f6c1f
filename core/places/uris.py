"""Paths as URIs in documents, and back to paths on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote, unquote_to_bytes, urlsplit

from ..config import get_config
from ..errors import DocumentError

__all__ = ["file_uri", "path_from_uri", "relocate"]


def file_uri(path: str | os.PathLike[str], *, folder: bool = False) -> str:
    """Return the URI of a file; of a folder with a slash at its end.

    Examples
    --------
    >>> file_uri("/data/a b.tif"), file_uri("/data", folder=True)
    ('file://localhost/data/a%20b.tif', 'file://localhost/data/')
    """
    absolute = _absolute(os.fspath(path))
    if folder and not absolute.endswith("/"):
        absolute += "/"
    return "file://localhost" + quote(os.fsencode(absolute))


def _absolute(path: str) -> str:
    above, name = os.path.split(path)
    if name == "..":
        return os.path.realpath(path)
    if ".." in above.split("/"):  # behind a link it does not lead back: abspath would be wrong
        path = os.path.join(os.path.realpath(above), name)
    return os.path.abspath(path)


def path_from_uri(uri: str) -> str:
    """Return the path that a file URI names; a plain path is returned as it is.

    Prefixes that the configuration maps (`[uri_prefixes]`) come first: they tell where another
    host's files lie on this machine.

    Raises
    ------
    DocumentError
        If it is the URI of something else than a file.

    Examples
    --------
    >>> path_from_uri("file://localhost/data/a%20b.tif"), path_from_uri("/data/a.tif")
    ('/data/a b.tif', '/data/a.tif')
    """
    prefixes = get_config().uri_prefixes
    for prefix in sorted(prefixes, key=len, reverse=True):
        rest = _below(uri, prefix)
        if rest is not None:
            return _join(prefixes[prefix], os.fsdecode(unquote_to_bytes(rest)))
    if "://" not in uri and not uri.startswith("file:"):
        return uri
    # A file's own "#" or "?" is quoted; what is not would silently cut the name short.
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.query or parts.fragment:
        raise DocumentError(
            "this is not the URI of a file",
            where=uri,
            remedy='Files have URIs such as file://localhost/data/a%231.tif; "#" and "?" quoted.',
        )
    return os.fsdecode(unquote_to_bytes(parts.path))


def relocate(uri: str, root_map: Mapping[str, str]) -> str:
    """Return the path of a URI or path, with the longest prefix in `root_map` replaced.

    Prefixes end at whole folders: ``/raw`` does not cover ``/raw2``.

    Examples
    --------
    >>> relocate("file://localhost/raw/a.tif", {"/raw": "/archive/raw"})
    '/archive/raw/a.tif'
    >>> relocate("/raw2/a.tif", {"/raw": "/archive/raw"})
    '/raw2/a.tif'
    """
    path = path_from_uri(uri)
    for prefix in sorted(root_map, key=len, reverse=True):
        rest = _below(path, prefix)
        if rest is not None:
            return _join(os.fspath(root_map[prefix]), rest)
    return path


def _below(path: str, prefix: str) -> str | None:
    """Return what follows a prefix, which must end where the name of a folder ends, else None."""
    bare = prefix.rstrip("/")
    rest = path[len(bare) :]
    return rest if path.startswith(bare) and rest[:1] in ("", "/") else None


def _join(folder: str, rest: str) -> str:
    return folder.rstrip("/") + rest or "/"
