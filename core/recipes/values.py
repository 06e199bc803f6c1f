"""Arguments of a call as JSON, and back: what JSON has not is tagged, what is neither is refused.

``{"$path": [root, path]}`` is a path or a glob, ``{"$files": [root, folder], "names": […]}`` a list
of files, ``{"$tuple": […]}`` a tuple, ``{"$dict": {…}}`` a dict with a key that looks like a tag.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import RecipeError, UpsertError
from .names import compress_names, expand_names
from .paths import canonical_path, open_path, store_path

__all__ = ["canonical_paths", "decode", "encode", "encode_paths"]

_DEEPEST = 64
_TAGS = ("$path", "$files", "$tuple", "$dict")


def encode(value: Any, where: str, depth: int = 0) -> Any:
    """Return an argument as JSON.

    Raises
    ------
    UpsertError
        If it holds something that JSON does not have.

    Examples
    --------
    >>> encode({"key": ("a", 1)}, "metadata")
    {'key': {'$tuple': ['a', 1]}}
    """
    if value is None or type(value) in (str, bool, int, float):
        return value
    if depth > _DEEPEST:
        raise UpsertError(f"{where} nests more than {_DEEPEST} deep", remedy="Flatten it.")
    if type(value) is list:
        return [encode(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    if type(value) is tuple:
        return {
            "$tuple": [encode(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
        }
    if isinstance(value, Mapping) and all(type(key) is str for key in value):
        items = {key: encode(item, f"{where}.{key}", depth + 1) for key, item in value.items()}
        return {"$dict": items} if any(key.startswith("$") for key in items) else items
    if isinstance(value, os.PathLike):
        remedy = "Declare the parameter in the ingestor's record (path_settings) if it takes paths."
    else:
        remedy = (
            "Give numbers, text, lists and dicts with text as keys, or use an in-memory catalog."
        )
    raise UpsertError(f"{where} is a {type(value).__name__}, which cannot be stored", remedy=remedy)


def canonical_paths(value: Any, where: str) -> str | list[str]:
    """Return what a parameter for paths was given: canonical text, or a list of such.

    Raises
    ------
    UpsertError
        If it is no path, glob or list of paths.

    Examples
    --------
    >>> canonical_paths(["/tmp/../tmp/a.tif"], "paths")
    ['/tmp/a.tif']
    """
    if isinstance(value, str | os.PathLike):
        return canonical_path(_text_of(value, where))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [
            canonical_path(_text_of(item, f"{where}[{number}]"))
            for number, item in enumerate(value)
        ]
    raise _no_path(value, where)


def _text_of(value: Any, where: str) -> str:
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str) or not text or "\0" in text:
        raise _no_path(value, where)
    return text


def _no_path(value: Any, where: str) -> UpsertError:
    told = repr(value) if isinstance(value, str) else f"a {type(value).__name__}"
    return UpsertError(
        f"{where} is {told}, which is no path",
        remedy="Give a path, a glob, or a list of paths.",
    )


def encode_paths(paths: str | Sequence[str]) -> Any:
    """Return canonical paths as JSON; a long list in little space.

    Examples
    --------
    >>> encode_paths("/data/a_*.tif")
    {'$path': ('', '/data/a_*.tif')}
    >>> encode_paths(["/data/a_1.tif", "/data/a_2.tif", "/data/a_3.tif"])
    {'$files': ('', '/data'), 'names': [['a_', 1, '.tif', 1, 3, 1]]}
    """
    if isinstance(paths, str):
        return {"$path": store_path(paths)}
    folders = {os.path.dirname(path) for path in paths}
    folder = os.path.commonpath(folders) if folders and all(map(os.path.isabs, folders)) else ""
    front = folder.rstrip("/") + "/"
    if not folder or not all(path.startswith(front) for path in paths):
        return [{"$path": store_path(path)} for path in paths]
    names = compress_names([path[len(front) :] for path in paths])
    return {"$files": store_path(folder), "names": names}


def decode(value: Any, depth: int = 0) -> Any:
    """Return the argument that a piece of JSON stands for.

    Raises
    ------
    RecipeError
        If it is not what `encode` and `encode_paths` make.

    Examples
    --------
    >>> decode({"$tuple": [{"$path": ["", "/data/a.tif"]}, 2.5]})
    ('/data/a.tif', 2.5)
    """
    if depth > 2 * _DEEPEST:
        raise RecipeError("its arguments nest too deep")
    if isinstance(value, list):
        return [decode(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    tag = next((tag for tag in _TAGS if tag in value), None)
    if tag is None:
        return {key: decode(item, depth + 1) for key, item in value.items()}
    content = value[tag]
    if tag == "$path":
        return open_path(content)
    if tag == "$files":
        folder = open_path(content).rstrip("/")
        return [f"{folder}/{name}" for name in expand_names(value.get("names"))]
    if tag == "$tuple" and isinstance(content, list):
        return tuple(decode(item, depth + 1) for item in content)
    if tag == "$dict" and isinstance(content, dict):
        return {key: decode(item, depth + 1) for key, item in content.items()}
    raise RecipeError(f"{tag} holds a {type(content).__name__}")
