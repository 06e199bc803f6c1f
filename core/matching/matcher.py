"""Matching: from a selection of paths to a plan."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ..config import get_config
from ..places.observation import current_observation, observe
from ..registry.records import Ingestor
from ..registry.registry import get_registry
from .ahead import work_ahead
from .assembling import Basis, assemble
from .choosing import Choices, choose
from .deciding import decide
from .grouping import group_names
from .groups import Group
from .joining import JOINER
from .layouts import find_laid_out, folders_beside, suggest_roles
from .parting import group_as_chosen
from .plan import Plan, Unclaimed, Verdict
from .settling import settle
from .snapshot import Snapshot
from .walking import Obstacle, Selection, gather

__all__ = ["match"]


def match(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    use: str | None = None,
    settings: Mapping[str, Any] | None = None,
    fresh: bool = False,
) -> Plan:
    """Find out which ingestors take which of the selected files, and why.

    Files of one folder whose names differ in numbers only are a group, and so are files that an
    ingestor's layout puts together; the first, middle and last file of a group are looked at.
    Groups that are one acquisition are joined. Files are neither decoded nor executed.

    Parameters
    ----------
    paths
        Files, folders (with all that lies below them) and globs.
    use
        The name of the one ingestor to consider. It is taken though its probe declines, but not
        where the files are of another format, or its probe raises.
    settings
        Keyword arguments for the function of that ingestor, such as ``{"dataset": "/a/b"}``. The
        probe is not told of them: if it finds no data, or too many to choose from, that is
        no obstacle then.
    fresh
        Look into the files even where nothing has changed since they were last matched. Otherwise
        what was decided then is recalled for folders whose files are the same.

    Returns
    -------
    Plan
        Every selected file is in one of its decisions, or unclaimed with the reason.

    Raises
    ------
    UnregisteredIngestorError
        No ingestor is registered as `use`.
    SettingsError
        The function has no such parameters, or there are settings without `use`.

    Examples
    --------
    >>> print(match("/no/such/file.tif").explain())
    /no/such/file.tif
    ✗ it does not exist
      Check the spelling.
    """
    registry = get_registry()
    # Those that take calls have no files of their own: they join what others claim.
    ingestors = tuple(found for found in registry.ingestors.values() if found.takes != "calls")
    choices = Choices.now(choose(use, settings))
    with observe() as observation:
        selection = gather(paths, ignored_folders=get_config().ignored_folders)
        snapshot = None
        if choices.use is None:
            besides = [list(vars(saved).items()) for saved in choices.saved.values()]
            snapshot = Snapshot(selection, registry, observation, besides=besides, fresh=fresh)
        settled = None if snapshot is None else snapshot.recall_all()
        if settled is None:
            settled = _decide_all(selection, ingestors, choices, snapshot)
            if snapshot is not None:
                snapshot.save(settled)
    obstacles = [_from_obstacle(obstacle) for obstacle in selection.obstacles]
    joiner = registry.ingestors.get(JOINER)
    return assemble(Basis((*obstacles, *settled), ingestors, choices, joiner, registry.problems))


def _decide_all(
    selection: Selection,
    ingestors: Sequence[Ingestor],
    choices: Choices,
    snapshot: Snapshot | None,
) -> list[Verdict]:
    layouts = _with_layouts(ingestors, choices)
    groups, beside = _group(selection, layouts, ingestors, choices)

    def work(group: Group) -> list[Verdict]:
        if snapshot is None:
            return decide(group, ingestors, choices)
        return snapshot.recall_or(group, lambda: decide(group, ingestors, choices))

    decided = work_ahead(groups, work)
    verdicts = [verdict for several in decided for verdict in several]
    return settle(find_laid_out(layouts, groups, beside), verdicts, ingestors, choices)


def _with_layouts(ingestors: Iterable[Ingestor], choices: Choices) -> list[Ingestor]:
    chosen = None if choices.use is None else choices.use.ingestor.name
    return [found for found in ingestors if found.layouts and chosen in (None, found.name)]


def _group(
    selection: Selection,
    with_layouts: Sequence[Ingestor],
    ingestors: Sequence[Ingestor],
    choices: Choices,
) -> tuple[list[Group], list[Group]]:
    """Group the names in each folder; return also the groups beside them.

    What was not selected and seems to belong to them is suggested.
    """
    groups: list[Group] = []
    beside: list[Group] = []
    for folder, names in selection.folders.items():
        present = _present(folder)
        groups += group_as_chosen(folder, names, present, choices, ingestors)
        if with_layouts and len(present) > len(names):
            beside += _group_left(folder, present, names)
    for folder in folders_beside(with_layouts, groups):
        if folder not in selection.folders:
            beside += _group_left(folder, _present(folder), ())
    return (suggest_roles(with_layouts, groups, beside) if beside else groups), beside


def _group_left(folder: str, present: Collection[str], selected: Collection[str]) -> list[Group]:
    taken = set(selected)
    return group_names(folder, [name for name in present if name not in taken])


def _present(folder: str) -> Collection[str]:
    """Return all names in a folder of which some were selected; none if it cannot be listed."""
    try:
        return current_observation().list_folder(folder)
    except OSError:
        return ()


def _from_obstacle(obstacle: Obstacle) -> Unclaimed:
    return Unclaimed(
        obstacle.path, (obstacle.path,), obstacle.reason, obstacle.remedy, obstacle.is_error
    )
