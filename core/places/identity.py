"""What makes a run the same run: its place, its part, its selection."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from ..config import get_config
from .observation import current_observation
from .pinning import Identity, OneFile, note_identity, pinned_identity

__all__ = ["Place", "canonical_folder", "digest_of", "place_of_file", "run_uid"]

_NAMESPACE = uuid.UUID("5b1b6f0e-3c6d-5a0f-8f5e-0d6c7a9b2e11")


@dataclass(frozen=True)
class Place:
    """Where a run's files lie, however the path to them was spelled.

    Examples
    --------
    >>> Place("data", "2026/run7", "img_{}.tif").root
    'data'
    """

    root: str
    """Name of the root (from the configuration) that holds the folder; "" if none does."""
    folder: str
    """The folder, relative to its root; absolute if it has none."""
    name: str
    """The file's name; a series' template (``{}`` for its numbers, its own braces doubled); a
    digest of several templates."""


def run_uid(place: Place, part: str = "", selection: str = "") -> str:
    """Return the uid of a run: a UUIDv5 that depends on where its files lie, and on nothing else.

    Parameters
    ----------
    place
        From `select_files` or `place_of_file`.
    part
        Which run of several in the same place: an HDF5 entry, an image of a set, a role.
    selection
        From `select_files`: "" for all files of the place, a digest for a subset.

    Examples
    --------
    >>> place = Place("data", "2026", "a.h5")
    >>> run_uid(place) == run_uid(Place("data", "2026", "a.h5"))
    True
    >>> run_uid(place, part="entry_2") == run_uid(place)
    False
    """
    # JSON keeps the parts apart: nothing that is concatenated can collide.
    name = json.dumps([1, place.root, place.folder, place.name, part, selection])
    return str(uuid.uuid5(_NAMESPACE, name))


def canonical_folder(folder: str | os.PathLike[str]) -> tuple[str, str]:
    """Return a folder as (name of its root, path relative to it), or ("", absolute path).

    Of several named roots that hold it, the innermost counts.

    Examples
    --------
    >>> from penstock.core.config import Config, use_config
    >>> with use_config(Config(roots={"data": "/mnt/data", "mine": "/mnt/data/me"})):
    ...     canonical_folder("/mnt/data/a/b"), canonical_folder("/mnt/data/me")
    (('data', 'a/b'), ('mine', '.'))
    """
    observation = current_observation()
    real = observation.real_folder(os.fspath(folder) or ".")
    best = ("", real)
    longest = -1
    for name, root in sorted(get_config().roots.items()):
        base = observation.real_folder(root)
        inside = real == base or real.startswith(base.rstrip("/") + "/")
        if inside and len(base) > longest:
            longest = len(base)
            best = (name, os.path.relpath(real, base).replace(os.sep, "/"))
    return best


def place_of_file(path: str | os.PathLike[str]) -> Place:
    """Return the place of a single file, which need not exist.

    A link to a file is a place of its own; links among the folders above it do not count. A later
    pass of a call that is kept is given the place that was found when it entered its catalog.

    Examples
    --------
    >>> place_of_file("/data/../data/a{1}.h5").name
    'a{{1}}.h5'
    """
    question = OneFile(os.fspath(path))
    identity = pinned_identity(question)
    if identity is None:
        # Not abspath, which drops ".." behind a link though the link leads elsewhere.
        folder, name = os.path.split(question.path)
        identity = Identity(Place(*canonical_folder(folder), escaped(name)), "")
    note_identity(question, identity)
    return identity.place


def escaped(text: str) -> str:
    """Double the braces of a name, so that no name looks like a template.

    Examples
    --------
    >>> escaped("a{}.tif")
    'a{{}}.tif'
    """
    return text.replace("{", "{{").replace("}", "}}")


def digest_of(texts: Iterable[str]) -> str:
    """Return a digest of texts in their order; no two different sequences share one.

    Examples
    --------
    >>> digest_of(["a", "b"]) == digest_of(["ab"])
    False
    """
    content = json.dumps(list(texts)).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
