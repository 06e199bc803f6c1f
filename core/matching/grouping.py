"""Groups: the files of one folder whose names differ in numbers only."""

from __future__ import annotations

from collections.abc import Iterable

from ..places.naming import find_families
from .groups import Group

__all__ = ["group_names"]


def group_names(
    folder: str, names: Iterable[str], present: Iterable[str] | None = None
) -> list[Group]:
    """Group the names of files in one folder, in the order of their templates.

    Parameters
    ----------
    present
        All names in the folder, where these are part of them: what seems to belong to a group and
        is not among them is suggested.

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
