"""Matching: from a selection of paths to a plan."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..config import get_config
from ..places.observation import observe
from ..registry.records import Ingestor
from ..registry.registry import get_registry
from .choosing import Choice, choose
from .facts import FileFacts
from .grouping import group_names
from .judging import Apart, judge, take_sample
from .plan import Decision, Group, Plan, Unclaimed
from .walking import Obstacle, gather

__all__ = ["match"]


def match(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    use: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Plan:
    """Find out which ingestors take which of the selected files, and why.

    Files of one folder whose names differ in numbers only are a group; the first, middle and last
    file of a group are looked at. Files are neither decoded nor executed.

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
    ingestors = [found for found in registry.ingestors.values() if found.takes != "calls"]
    choice = choose(use, settings)
    decisions: list[Decision] = []
    unclaimed: list[Unclaimed] = []
    with observe():
        selection = gather(paths, ignored_folders=get_config().ignored_folders)
        unclaimed += [_from_obstacle(obstacle) for obstacle in selection.obstacles]
        for folder, names in selection.folders.items():
            for group in group_names(folder, names):
                for verdict in _decide(group, ingestors, choice):
                    if isinstance(verdict, Decision):
                        decisions.append(verdict)
                    else:
                        unclaimed.append(verdict)
    return Plan(tuple(decisions), tuple(unclaimed), registry.problems)


def _decide(
    group: Group, ingestors: Sequence[Ingestor], choice: Choice | None
) -> list[Decision | Unclaimed]:
    sample = take_sample(group)
    if sample.is_mixed:
        parts = _split_by_format(group)
    else:
        verdict = judge(group, sample, ingestors, choice=choice)
        if not isinstance(verdict, Apart):
            return [verdict]
        parts = [Group(group.folder, (name,), name, verdict.notes) for name in group.names]
    return [verdict for part in parts for verdict in _decide(part, ingestors, choice)]


def _split_by_format(group: Group) -> list[Group]:
    """Part a group whose files share a name pattern but not a format."""
    names: dict[str | None, list[str]] = defaultdict(list)
    for name, path in zip(group.names, group.paths, strict=True):
        names[FileFacts(path).format].append(name)
    return [part for same in names.values() for part in group_names(group.folder, same)]


def _from_obstacle(obstacle: Obstacle) -> Unclaimed:
    return Unclaimed(
        obstacle.path, (obstacle.path,), obstacle.reason, obstacle.remedy, obstacle.is_error
    )
