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
from .ahead import work_ahead
from .choosing import Choice, choose
from .facts import facts_of
from .grouping import group_names
from .judging import Apart, Sample, judge, take_sample
from .plan import Decision, Group, Plan, Unclaimed
from .snapshot import Snapshot, recalling
from .storing import Verdict
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
    ingestors = list(registry.ingestors.values())
    choice = choose(use, settings)
    unclaimed: list[Unclaimed] = []
    with observe() as observation:
        selection = gather(paths, ignored_folders=get_config().ignored_folders)
        unclaimed += [_from_obstacle(obstacle) for obstacle in selection.obstacles]
        snapshot = None
        if choice is None:
            snapshot = Snapshot(selection, registry, observation, fresh=fresh)
        verdicts = None if snapshot is None else snapshot.recall_all()
        if verdicts is None:
            verdicts = _decide_all(selection, ingestors, choice)
            if snapshot is not None:
                snapshot.save(verdicts)
    decisions = [verdict for verdict in verdicts if isinstance(verdict, Decision)]
    unclaimed += [verdict for verdict in verdicts if isinstance(verdict, Unclaimed)]
    return Plan(tuple(decisions), tuple(unclaimed), registry.problems)


def _decide_all(
    selection: Selection, ingestors: Sequence[Ingestor], choice: Choice | None
) -> list[Verdict]:
    groups = [
        group for folder, names in selection.folders.items() for group in group_names(folder, names)
    ]
    verdicts = work_ahead(
        groups,
        lambda group: recalling(
            group, lambda: _decide(group, take_sample(group), ingestors, choice)
        ),
    )
    return [verdict for several in verdicts for verdict in several]


def _decide(
    group: Group, sample: Sample, ingestors: Sequence[Ingestor], choice: Choice | None
) -> list[Verdict]:
    if sample.is_mixed:
        parts = _split_by_format(group)
    else:
        verdict = judge(group, sample, ingestors, choice=choice)
        if not isinstance(verdict, Apart):
            return [verdict]
        parts = [Group(group.folder, (name,), name, verdict.notes) for name in group.names]
    verdicts = work_ahead(parts, lambda part: _decide(part, take_sample(part), ingestors, choice))
    return [verdict for several in verdicts for verdict in several]


def _split_by_format(group: Group) -> list[Group]:
    """Part a group whose files share a name pattern but not a format."""
    names: dict[str | None, list[str]] = defaultdict(list)
    for name, path in zip(group.names, group.paths, strict=True):
        names[facts_of(path).format].append(name)
    return [part for same in names.values() for part in group_names(group.folder, same)]


def _from_obstacle(obstacle: Obstacle) -> Unclaimed:
    return Unclaimed(
        obstacle.path, (obstacle.path,), obstacle.reason, obstacle.remedy, obstacle.is_error
    )
