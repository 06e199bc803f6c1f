"""Groups: the files of one folder whose names differ in numbers only."""

from __future__ import annotations

from collections.abc import Iterable

from ..places.naming import find_families
from .plan import Group

__all__ = ["group_names"]


def group_names(folder: str, names: Iterable[str]) -> list[Group]:
    """Group the names of files in one folder, in the order of their templates.

    Examples
    --------
    >>> [str(group) for group in group_names("/data", ["a_10.tif", "a_9.tif", "b.h5"])]
    ['a_{}.tif (2 files)', 'b.h5']
    """
    groups = [
        Group(
            folder,
            family.names,
            family.template if len(family.names) > 1 else family.names[0],
            family.notes,
        )
        for family in find_families(names)
    ]
    return sorted(groups, key=lambda group: group.template)
