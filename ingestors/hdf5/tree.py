"""What an HDF5 file holds: one bounded walk over its hard links, without reading data."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from ...core.errors import AssetError
from ..assets.hdf5.links import read_link
from .values import text_attribute

__all__ = [
    "DatasetInfo",
    "Tree",
    "address_of",
    "class_of",
    "describe_dataset",
    "is_under",
    "member_names",
    "walk",
]

_CANSAS = frozenset(
    ["SASroot", "SASentry", "SASdata", "SASsample", "SASinstrument", "SASdetector", "SASsource"]
)
"""Classes of canSAS, for those who write these alone; the rest of their names is NeXus'."""
MOST_NODES = 20_000
DEEPEST = 64
LONGEST_WALK = 20.0
"""Seconds; for files on slow file systems that hold very many small objects."""


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset without reading it."""

    path: str
    shape: tuple[int, ...] | None
    """None of a dataset without dataspace, or a virtual one, which would open its sources."""
    dtype: np.dtype[Any] | None
    """None of a type that numpy has not."""
    address: tuple[int, int]
    """The same for all hard links to one dataset."""
    virtual: bool = False
    elsewhere: bool = False
    """Whether its bytes lie in other files."""

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers or truth values."""
        return self.dtype is not None and self.dtype.kind in "biufc"

    @property
    def image_like(self) -> bool:
        """Whether it could be an image or a stack of them."""
        shape = self.shape or ()
        return self.numeric and len(shape) >= 2 and shape[-1] > 1 and shape[-2] > 1

    def __str__(self) -> str:
        return f"{self.path} {self.shape} {self.dtype}"


@dataclass
class Tree:
    """The groups, datasets and links to other places in one file."""

    datasets: dict[str, DatasetInfo] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    """The NeXus class (or "") of each group, by its first path."""
    external: list[str] = field(default_factory=list)
    """Paths of links into other files; not followed."""
    notes: list[str] = field(default_factory=list)

    def aliases(self, address: tuple[int, int]) -> list[str]:
        """Return all paths of one dataset."""
        return [path for path, info in self.datasets.items() if info.address == address]

    def of_class(self, kind: str, under: str = "/") -> list[str]:
        """Return the paths of the groups of an NX_class at or below a path."""
        return [p for p, found in self.classes.items() if found == kind and is_under(p, under)]

    def children(self, group: str) -> list[DatasetInfo]:
        """Return the datasets that are members of a group."""
        prefix = group.rstrip("/") + "/"
        return [
            info
            for path, info in self.datasets.items()
            if path.startswith(prefix) and "/" not in path[len(prefix) :]
        ]


def is_under(path: str, group: str) -> bool:
    """Whether a path is a group, or lies in it.

    Examples
    --------
    >>> is_under("/a/b", "/a"), is_under("/ab", "/a"), is_under("/a", "/")
    (True, False, True)
    """
    return group in ("/", path) or path.startswith(group.rstrip("/") + "/")


def class_of(group: h5py.Group) -> str:
    """Return the NeXus class of a group; of one of canSAS, the class that it stands for.

    Examples
    --------
    >>> with h5py.File("x", "w", driver="core", backing_store=False) as file:
    ...     file.attrs["canSAS_class"] = "SASentry"
    ...     class_of(file)
    'NXentry'
    """
    found = text_attribute(group, "NX_class") or text_attribute(group, "canSAS_class")
    return f"NX{found[3:]}" if found in _CANSAS else found


def walk(file: h5py.File) -> Tree:
    """Walk a file's hard links: each group once, so that circles end; damage becomes a note.

    Examples
    --------
    >>> with h5py.File("x", "w", driver="core", backing_store=False) as file:
    ...     file["a/b"] = [1, 2]
    ...     file["a/again"] = file["a"]
    ...     list(walk(file).datasets)
    ['/a/b']
    """
    tree = Tree()
    tree.classes["/"] = class_of(file)
    seen = {address_of(file["/"])}
    queue: list[tuple[h5py.Group, str, int]] = [(file["/"], "", 0)]
    deadline = time.monotonic() + LONGEST_WALK
    nodes = 0
    while queue:
        group, prefix, depth = queue.pop(0)
        for path, found in _members(group, prefix, tree):
            nodes += 1
            if nodes > MOST_NODES or time.monotonic() > deadline:
                tree.notes.append(f"only the first {nodes} objects of the file were looked at")
                return tree
            if isinstance(found, h5py.Dataset):
                tree.datasets[path] = describe_dataset(found, path)
            elif address_of(found) not in seen:
                seen.add(address_of(found))
                tree.classes[path] = class_of(found)
                if depth < DEEPEST:
                    queue.append((found, path, depth + 1))
                else:
                    tree.notes.append(f"{path} nests deeper than {DEEPEST} groups")
    return tree


def _members(
    group: h5py.Group, prefix: str, tree: Tree
) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Yield the groups and datasets behind a group's hard links; note the other links."""
    try:
        names = member_names(group)
    except (OSError, RuntimeError, KeyError) as error:
        tree.notes.append(f"{prefix or '/'} is damaged: HDF5 says {error}")
        return
    for name in names:
        path = f"{prefix}/{name}"
        try:
            link = read_link(group, name)
            if isinstance(link, h5py.ExternalLink):
                tree.external.append(path)
            if not isinstance(link, h5py.HardLink):
                continue
            opened = h5py.h5o.open(group.id, name.encode("utf-8", "surrogateescape"))
            if isinstance(opened, h5py.h5g.GroupID):
                yield path, h5py.Group(opened)
            elif isinstance(opened, h5py.h5d.DatasetID):
                yield path, h5py.Dataset(opened)
        except (AssetError, OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
            tree.notes.append(f"{path} is damaged: {error}")


def member_names(group: h5py.Group) -> list[str]:
    """Return the names of a group's members; those that are no text are left out.

    Raises
    ------
    OSError, RuntimeError, KeyError
        If the group is damaged.

    Examples
    --------
    >>> with h5py.File("x", "w", driver="core", backing_store=False) as file:
    ...     file["a"] = 1
    ...     member_names(file)
    ['a']
    """
    return [name for name in group if isinstance(name, str)]


def describe_dataset(dataset: h5py.Dataset, path: str) -> DatasetInfo:
    """Return what is known of a dataset without reading it.

    Examples
    --------
    >>> with h5py.File("x", "w", driver="core", backing_store=False) as file:
    ...     print(describe_dataset(file.create_dataset("x", data=[1.5]), "/x"))
    /x (1,) float64
    """
    try:
        dtype: np.dtype[Any] | None = dataset.dtype
    except (TypeError, ValueError, RuntimeError, OSError):
        dtype = None
    virtual = bool(dataset.is_virtual)
    # The extent of a growing virtual dataset is only known by opening its sources.
    growing = virtual and any(_grows(source.vspace) for source in dataset.virtual_sources())
    shape = None if growing else dataset.shape
    elsewhere = virtual or bool(dataset.external)
    return DatasetInfo(path, shape, dtype, address_of(dataset), virtual, elsewhere)


def _grows(space: h5py.h5s.SpaceID) -> bool:
    if space.get_select_type() != h5py.h5s.SEL_HYPERSLABS or not space.is_regular_hyperslab():
        return False
    _, _, count, block = space.get_regular_hyperslab()
    return any(int(size) == 2**64 - 1 for size in (*count, *block))


def address_of(found: h5py.Group | h5py.Dataset) -> tuple[int, int]:
    """Return what is the same for every hard link to one object."""
    information = h5py.h5o.get_info(found.id)
    return int(information.fileno), int(information.addr)
