"""One HDF5 file, opened once, and whatever files its links lead to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import h5py

from ...core.errors import UnsupportedFileError
from ...core.places.observation import active_observation
from ..assets.hdf5.access import open_file
from ..assets.hdf5.links import Reach, Target, follow, reach_of
from .tree import Tree, walk

__all__ = ["Reader", "open_reader", "shared_reader"]


@dataclass(frozen=True)
class Reader:
    """An open file: its tree, and a way to follow names in it."""

    path: str
    file: h5py.File
    reach: Reach
    tree: Tree
    _stack: ExitStack
    _beyond: dict[str, Reader] = field(default_factory=dict)

    def find(self, name: str) -> Target:
        """Return the object of that path, wherever links lead.

        Raises
        ------
        AssetError, UnsafeLinkError
            If it is not there, or must not be followed.
        """
        path = f"/{name.strip('/')}"
        info = self.tree.datasets.get(path)
        if path in self.tree.classes or (info is not None and not info.elsewhere):
            return Target(self.path, path, self.file[path])  # by hard links alone
        return self._stack.enter_context(follow(self.file, self.path, name, self.reach))

    def child(self, group: Target, name: str) -> Target:
        """Return a member of a group, wherever links lead."""
        path = name if name.startswith("/") else f"{group.name}/{name}"
        return self._stack.enter_context(follow(group.object.file, group.file, path, self.reach))

    def reader_of(self, target: Target) -> Reader:
        """Return a reader of the file that a target lies in, which may be another one.

        What that file points to has to lie where this one may point.
        """
        if target.file == self.path:
            return self
        if target.file not in self._beyond:
            reader = _make_reader(target.file, self.reach, self._stack)
            self._beyond[target.file] = reader
        return self._beyond[target.file]


@contextmanager
def open_reader(path: str, *, allow_external: bool = False) -> Iterator[Reader]:
    """Open a file, and everything that is found through it, until the context ends.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.h5")
    >>> with h5py.File(path, "w") as file:
    ...     file["x"] = [1, 2]
    >>> with open_reader(path) as reader:
    ...     reader.find("/x").object.shape
    (2,)
    """
    with ExitStack() as stack:
        yield _make_reader(path, reach_of(path, allow_external=allow_external), stack)


class _Shared:
    """The reader that probes opened last, within one look at the file system."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._reader: Reader | None = None
        self._path = ""

    def reader(self, path: str) -> Reader:
        if self._reader is None or path != self._path:
            self.close()
            self._reader = self._stack.enter_context(open_reader(path))
            self._path = path
        return self._reader

    def close(self) -> None:
        self._reader = None
        self._stack.close()


@contextmanager
def shared_reader(path: str) -> Iterator[Reader]:
    """Open a file for a probe; those that are asked about it together see the same reader.

    It stays open as long as the look at the file system lasts, and no other file is asked for.
    """
    observation = active_observation()
    if observation is None:
        with open_reader(path) as reader:
            yield reader
    else:
        yield observation.part(_Shared).reader(path)


def _make_reader(path: str, reach: Reach, stack: ExitStack) -> Reader:
    file = stack.enter_context(open_file(path))
    try:
        tree = walk(file)
    except (OSError, RuntimeError, KeyError) as error:
        raise UnsupportedFileError(f"is damaged: HDF5 says {error}", where=path) from error
    return Reader(path, file, reach, tree, stack)
