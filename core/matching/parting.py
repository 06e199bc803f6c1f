"""Groups that a chosen ingestor makes of names by itself, instead of the grouping by numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..errors import PenstockError, PluginError
from ..registry.records import Ingestor
from ..registry.references import resolve_reference
from .choosing import Choice, Choices
from .grouping import group_names
from .groups import Group

__all__ = ["group_as_chosen"]


def group_as_chosen(
    folder: str,
    names: Sequence[str],
    present: Collection[str],
    choices: Choices,
    ingestors: Sequence[Ingestor],
) -> list[Group]:
    """Group the names in a folder: as an ingestor has it that was chosen for them, else as ever.

    Examples
    --------
    >>> [str(group) for group in group_as_chosen("/data", ["a_1.tif"], (), Choices(), [])]
    ['a_1.tif']
    """
    groups: list[Group] = []
    left = list(dict.fromkeys(names))
    for choice, chosen in choices.with_groups(folder, left, ingestors):
        made = _made_by(choice, folder, chosen)
        groups += made
        taken = {name for group in made for name in group.names}
        left = [name for name in left if name not in taken]
    return groups + group_names(folder, left, present) if left else groups


def _made_by(choice: Choice, folder: str, names: list[str]) -> list[Group]:
    assert choice.ingestor.groups is not None
    try:
        parts = resolve_reference(choice.ingestor.groups)(folder, names, dict(choice.settings))
    except PenstockError:
        if choice.reason == Choice.reason:
            raise  # the user who gives settings is told what is wrong with them
        return []  # what the configuration says holds for many; ingesting tells
    selected = set(names)
    groups = [Group(folder, tuple(part), str(title)) for title, part in parts.items() if part]
    given = [name for group in groups for name in group.names]
    if len(set(given)) < len(given) or not selected.issuperset(given):
        raise PluginError(
            "it puts a name into two groups, or one that it was not given",
            where=choice.ingestor.groups,
        )
    return sorted(groups, key=lambda group: group.template)
