"""Groups: files that belong together, how else they could be grouped, and what lies beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Group", "Reading", "RoleFiles"]


@dataclass(frozen=True)
class RoleFiles:
    """The files of a group that play one role of a layout.

    Examples
    --------
    >>> RoleFiles("flats", ("flats/a_0.tif", "flats/a_1.tif")).name
    'flats'
    """

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Files that belong together: a family of names, an acquisition that is laid out, or a join.

    Examples
    --------
    >>> Group("/data", ("a_1.tif", "a_2.tif"), "a_{}.tif").paths
    ('/data/a_1.tif', '/data/a_2.tif')
    """

    folder: str
    """The folder of the files, or one above them all."""
    names: tuple[str, ...]
    """Relative to the folder, in the order of their numbers."""
    template: str
    """The names as one, ``"img_{}.tif"``; the name itself of a single file."""
    notes: tuple[str, ...] = ()
    """Holes, duplicates, changes of padding."""
    readings: tuple[Reading, ...] = ()
    """How else these files could be grouped."""
    suggestions: tuple[str, ...] = ()
    """Files beside them that were not selected, and seem to belong to them."""
    ingestor: str = ""
    """The only ingestor that is asked: the one whose layout this is, or who joins; "": all are."""
    layout: int = 0
    """Which layout of that ingestor it is."""
    roles: tuple[RoleFiles, ...] = ()
    """The files by role, where an ingestor's layout made the group."""
    members: tuple[Group, ...] = ()
    """The groups that a join is made of."""

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The absolute paths of the files."""
        return paths_of(self.folder, self.names)

    @property
    def subject(self) -> str:
        """What reports call it: the path of its template."""
        return f"{self.folder.rstrip('/')}/{self.template}"

    def __str__(self) -> str:
        if len(self.names) == 1 and not self.notes:
            return self.template
        noun = "1 file" if len(self.names) == 1 else f"{len(self.names)} files"
        return f"{self.template} ({'; '.join((noun, *self.notes))})"


@dataclass(frozen=True)
class Reading:
    """Another way to group the same files.

    Examples
    --------
    >>> Reading("merged", "as one acquisition").name
    'merged'
    """

    name: str
    """What `Plan.with_choice` takes: ``"merged"``, ``"split"``, ``"apart"``, ``"joined"``."""
    why: str
    """What it would make of the files, and why, for people."""
    groups: tuple[Group, ...] = ()
    """The groups that it makes in the place of all that have it; none where names say which."""


def paths_of(folder: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the paths of names in a folder.

    Examples
    --------
    >>> paths_of("/", ["a.tif"]), paths_of("/data", ["b/a.tif"])
    (('/a.tif',), ('/data/b/a.tif',))
    """
    start = f"{folder.rstrip('/')}/"
    return tuple([start + name for name in names])
