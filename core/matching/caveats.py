"""Why a verdict may not be remembered, and what it depends on besides its own files."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable

from ..places.consulting import Consulted
from ..places.observation import active_observation

__all__ = ["Caveats", "doubt", "note_consulted"]


class Caveats:
    """What was noticed within one look at the file system."""

    def __init__(self) -> None:
        self.doubtful: set[str] = set()
        """Folders about which something was said that may be otherwise next time."""
        self.consulted: defaultdict[str, set[str]] = defaultdict(set)
        """For folders, files that were looked at for the sake of those in them."""


def doubt(path: str) -> None:
    """Note that what is said of a file need not hold the next time: it could not be read, say.

    Examples
    --------
    >>> from penstock.core.places.observation import observe
    >>> with observe() as observation:
    ...     doubt("/data/a.h5")
    ...     observation.part(Caveats).doubtful
    {'/data'}
    """
    observation = active_observation()
    if observation is not None:
        observation.part(Caveats).doubtful.add(os.path.dirname(path))


def note_consulted(path: str, others: Iterable[str] = ()) -> None:
    """Note that others were looked at for the sake of a file, and those `consult` told of."""
    observation = active_observation()
    if observation is not None:
        found = observation.part(Consulted).take()
        found.update(others)
        if found:
            observation.part(Caveats).consulted[os.path.dirname(path)] |= found
