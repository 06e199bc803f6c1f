"""Paths as URIs in documents, and back to paths on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote, unquote_to_bytes, urlsplit

from ..config import get_config

__all__ = ["file_uri", "path_from_uri", "relocate"]


def file_uri(path: str | os.PathLike[str], *, folder: bool = False) -> str:
    """Return the URI of a file; of a folder with a slash at its end.

    Examples
    --------
    >>> file_uri("/data/a b.tif"), file_uri("/data", folder=True)
    ('file://localhost/data/a%20b.tif', 'file://localhost/data/')
    """
    absolute = os.path.abspath(os.fspath(path))
    if folder and not absolute.endswith("/"):
        absolute += "/"
    return "file://localhost" + quote(os.fsencode(absolute))


def path_from_uri(uri: str) -> str:
    """Return the path that a file URI names; a plain path is returned as it is.

    Prefixes that the configuration maps (`[uri_prefixes]`) come first: they tell where another
    host's files lie on this machine.

    Raises
    ------
    ValueError
        If it is the URI of something else than a file.

    Examples
    --------
    >>> path_from_uri("file://localhost/data/a%20b.tif"), path_from_uri("/data/a.tif")
    ('/data/a b.tif', '/data/a.tif')
    """
    prefixes = get_config().uri_prefixes
    for prefix in sorted(prefixes, key=len, reverse=True):
        if uri.startswith(prefix):
            rest = os.fsdecode(unquote_to_bytes(uri[len(prefix) :]))
            return os.path.join(prefixes[prefix], rest.lstrip("/"))
    if "://" not in uri and not uri.startswith("file:"):
        return uri
    # A file's own "#" or "?" is quoted; what is not would silently cut the name short.
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.query or parts.fragment:
        raise ValueError(f"{uri!r} is not the URI of a file on this machine")
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
        old = prefix.rstrip("/")
        if path == old or path.startswith(old + "/"):
            return os.fspath(root_map[prefix]).rstrip("/") + path[len(old) :]
    return path
