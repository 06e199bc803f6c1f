"""Following the links inside HDF5 files, without letting a file name any file on the machine."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import h5py

from ....core.config import get_config
from ....core.errors import (
    AssetError,
    MissingFileError,
    UnsafeLinkError,
    UnsupportedFileError,
)
from ....core.places.consulting import consult
from ....core.places.recalling import real_path
from .access import check_regular, open_file

__all__ = ["Reach", "Target", "follow", "open_target", "reach_of", "read_link"]

_MOST_LINKS = 64
_DEEPEST_PATH = 256
_OPENING = threading.Lock()
"""Held while a dataset is opened twice: HDF5 minds how other threads have it open."""


@dataclass(frozen=True)
class Reach:
    """The folders that a file may point into, through links and virtual or external datasets.

    Examples
    --------
    >>> Reach(("/data/scan7",)).allows("/data/scan7/raw/a.h5"), Reach(("/d",)).allows("/data/a.h5")
    (True, False)
    """

    folders: tuple[str, ...]
    anywhere: bool = False

    def allows(self, path: str) -> bool:
        """Whether `path` (real, absolute) lies in one of the folders."""
        return self.anywhere or any(
            path.startswith(folder.rstrip(os.sep) + os.sep) for folder in self.folders
        )

    def locate(self, name: str, beside: str, *, prefix: str = "", moved: bool = True) -> str:
        """Return the real path of the regular file that `name`, written in file `beside`, means.

        HDF5's own order: `prefix`, if the file is there; an absolute name; the folder of `beside`;
        and there, if `moved`, the last part of an absolute name that does not exist.

        Raises
        ------
        MissingFileError, UnsafeLinkError
            Naming both files.
        """
        folder = os.path.dirname(real_path(beside))
        candidates = [os.path.join(folder, name)]
        if prefix:
            candidates.insert(0, os.path.join(prefix.replace("${ORIGIN}", folder), name))
        if moved and os.path.isabs(name):
            candidates.append(os.path.join(folder, os.path.basename(name)))
        for candidate in candidates:
            consult(candidate)
        path = next((path for path in candidates if os.path.lexists(path)), None)
        if path is None:
            raise MissingFileError(
                f"points to {candidates[0]}, which is not there",
                where=beside,
                remedy="Copy the missing file to the place that the file names.",
            )
        path = real_path(path)
        if not self.allows(path):
            raise UnsafeLinkError(
                f"points to {path}, outside of {' and '.join(self.folders)}",
                where=beside,
                remedy="If you trust the file, pass allow_external=True,"
                " or configure a root that holds both.",
            )
        try:
            check_regular(path)
        except AssetError as error:
            raise type(error)(f"points to {path}, which {error.what}", where=beside) from error
        except UnsupportedFileError as error:
            raise UnsafeLinkError(f"points to {path}, which {error.what}", where=beside) from error
        return path


def reach_of(path: str, *, allow_external: bool = False) -> Reach:
    """Return what the file at `path` may point into: its folder, and the named roots that hold it.

    Examples
    --------
    >>> reach_of("/data/scan7/a.h5").allows("/data/scan8/a.h5")
    False
    """
    real = real_path(path)
    roots = (real_path(root) for root in get_config().roots.values())
    holding = (root for root in roots if Reach((root,)).allows(real))
    return Reach((os.path.dirname(real), *holding), allow_external)


@dataclass(frozen=True)
class Target:
    """Where an object really is, after all links."""

    file: str
    """Real path of the file."""
    name: str
    """Absolute path of the object in that file."""
    object: h5py.Group | h5py.Dataset
    """The object itself, as long as the file is open."""


@contextmanager
def open_target(path: str, name: str, reach: Reach, *, swmr: bool = False) -> Iterator[Target]:
    """Open the file at `path` and the object `name` in it, wherever links lead.

    Raises
    ------
    AssetError
        If there is no such object, or a link is broken; `UnsafeLinkError` if it leads elsewhere.
    """
    with open_file(path, swmr=swmr) as file, follow(file, path, name, reach) as target:
        yield target


@contextmanager
def follow(file: h5py.File, path: str, name: str, reach: Reach) -> Iterator[Target]:
    """Find the object `name` in an open file, opening other files where external links lead there.

    Soft links stay in the file, external links in `reach`; every step is looked at before it is
    taken, because HDF5 itself would follow any of them.
    """
    with _walk(file, path, name, reach, _MOST_LINKS) as target:
        yield target


@contextmanager
def _walk(file: h5py.File, path: str, name: str, reach: Reach, links_left: int) -> Iterator[Target]:
    here: h5py.Group | h5py.Dataset = file["/"]
    trail: list[str] = []
    parts = deque(_split(name))
    while parts:
        part = parts.popleft()
        link = read_link(here, part) if isinstance(here, h5py.Group) else None
        if link is None:
            raise MissingFileError(
                f"has no {'/' + '/'.join([*trail, part])!r}, on the way to {name!r}", where=path
            )
        if isinstance(link, h5py.HardLink):
            here = _open_object(here, part, path, trail)
            trail.append(part)
            continue
        links_left -= 1
        if links_left <= 0 or len(parts) > _DEEPEST_PATH:
            raise AssetError(f"has links that lead in a circle, at {name!r}", where=path)
        if isinstance(link, h5py.SoftLink):
            if link.path.startswith("/"):
                here, trail = file["/"], []
            parts.extendleft(reversed(_split(link.path)))
            continue
        other = reach.locate(str(link.filename), path)
        rest = "/".join([*_split(str(link.path)), *parts])
        with open_file(other) as beyond, _walk(beyond, other, rest, reach, links_left) as target:
            yield target
        return
    yield Target(path, "/" + "/".join(trail), here)


def _split(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in ("", ".")]


def read_link(
    group: h5py.Group, name: str
) -> h5py.HardLink | h5py.SoftLink | h5py.ExternalLink | None:
    """Return what kind of link `name` is, without following it; None where there is none.

    (`Group.get(name, getlink=True)` answers None for a broken soft link, too.)
    """
    raw = name.encode("utf-8", "surrogateescape")
    try:
        if not group.id.links.exists(raw):
            return None
        kind = group.id.links.get_info(raw).type
        if kind == h5py.h5l.TYPE_HARD:
            return h5py.HardLink()
        value = group.id.links.get_val(raw)
    except (OSError, RuntimeError, KeyError) as error:
        raise AssetError(f"has a damaged link {name!r}: {error}") from error
    if kind == h5py.h5l.TYPE_SOFT:
        return h5py.SoftLink(value.decode("utf-8", "surrogateescape"))
    if kind == h5py.h5l.TYPE_EXTERNAL:
        filename, path = (part.decode("utf-8", "surrogateescape") for part in value)
        return h5py.ExternalLink(filename, path)
    return None


def _open_object(
    group: h5py.Group, name: str, path: str, trail: list[str]
) -> h5py.Group | h5py.Dataset:
    raw = name.encode("utf-8", "surrogateescape")
    where = "/" + "/".join([*trail, name])
    try:
        kind = h5py.h5o.get_info(group.id, raw).type
        if kind == h5py.h5o.TYPE_GROUP:
            return h5py.Group(h5py.h5g.open(group.id, raw))
        if kind == h5py.h5o.TYPE_DATASET:
            return h5py.Dataset(_open_dataset(group.id, raw, path))
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise AssetError(f"is damaged at {where!r}: HDF5 says {error}", where=path) from error
    raise MissingFileError(f"holds no data at {where!r}", where=path)


def _open_dataset(group: h5py.h5g.GroupID, name: bytes, path: str) -> h5py.h5d.DatasetID:
    """Open a dataset; one with raw data in other files so that they are looked for beside its file.

    HDF5 would look in the current directory. It also insists that everybody in this process who has
    the dataset open says the same, so nothing is said where it does not matter.
    """
    with _OPENING:
        try:
            dataset = h5py.h5d.open(group, name)
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            if "prefix does not match" not in str(error):
                raise
        else:
            if not dataset.get_create_plist().get_external_count():
                return dataset
            del dataset  # which closes it
        access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
        folder = os.path.dirname(real_path(path))
        access.set_efile_prefix(folder.encode("utf-8", "surrogateescape"))
        return h5py.h5d.open(group, name, access)
