"""Micro-Manager's folders of single images, with ``metadata.txt`` beside them.

After "Micro-Manager File Formats" (micro-manager.org): versions 1.4 and 2.0 name images otherwise.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...core.errors import AssetError
from ...core.places.recalling import recall
from ..assets.tiff.bytes import open_file
from .metadata import read_json

__all__ = ["METADATA", "NAME", "point_of_name", "read_folder_metadata"]

METADATA = "metadata.txt"
LARGEST = 256 * 2**20
NAME = re.compile(
    r"img_(?:channel(?P<c>\d+)_position(?P<p>\d+)_time(?P<t>\d+)_z(?P<z>\d+)"
    r"|(?P<frame>\d{9})_(?P<channel>.*)_(?P<slice>\d{3,}))\.tiff?"
)


def point_of_name(name: str) -> dict[str, Any] | None:
    """Return the position of an image by the names of axes; None if the name tells none.

    Examples
    --------
    >>> point_of_name("img_channel001_position000_time000000002_z003.tif")
    {'position': 0, 'time': 2, 'z': 3, 'channel': 1}
    >>> point_of_name("img_000000002_DAPI_003.tif")
    {'time': 2, 'z': 3, 'channel': 'DAPI'}
    """
    found = NAME.fullmatch(name)
    if found is None:
        return None
    if found["c"] is not None:
        keys = {"position": "p", "time": "t", "z": "z", "channel": "c"}
        return {axis: int(found[group]) for axis, group in keys.items()}
    return {"time": int(found["frame"]), "z": int(found["slice"]), "channel": found["channel"]}


def read_folder_metadata(folder: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what ``metadata.txt`` says of the acquisition, and of images by their names.

    Both are empty where it is not there or cannot be read. Its end is often missing.
    """
    return recall(("metadata.txt", folder), lambda: _read(os.path.join(folder, METADATA)))


def _read(path: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    try:
        with open_file(path) as descriptor:
            size = os.fstat(descriptor).st_size
            raw = os.pread(descriptor, size, 0) if size <= LARGEST else b""
    except AssetError:
        return {}, {}
    blocks = dict(_blocks(raw.decode("utf-8", "replace")))
    images: dict[str, dict[str, Any]] = {}
    for name, block in blocks.items():
        kind, _, rest = name.partition("-")
        if kind == "Metadata":
            images.setdefault(rest.rpartition("/")[2], {}).update(block)
        elif kind == "FrameKey" and isinstance(block.get("FileName"), str):
            images.setdefault(block["FileName"].rpartition("/")[2], {}).update(block)
    return read_json(blocks.get("Summary", {})), images


def _blocks(text: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Yield the objects in the outermost one, as many as can be read."""
    decoder = json.JSONDecoder()
    at = text.find("{") + 1
    if not at:
        return
    key = re.compile(r'\s*,?\s*"((?:[^"\\]|\\.)*)"\s*:\s*')
    while found := key.match(text, at):
        try:
            block, at = decoder.raw_decode(text, found.end())
        except (ValueError, RecursionError):
            return
        if isinstance(block, Mapping):
            yield found[1], block
