"""Files that are looked at for the sake of others: what links lead to, sources of virtual datasets.

What is remembered of a file holds only as long as these stay the same, too.
"""

from __future__ import annotations

from .observation import active_observation

__all__ = ["Consulted", "consult"]


class Consulted:
    """The paths told of in one observation, since they were last taken."""

    def __init__(self) -> None:
        self._paths: set[str] = set()

    def add(self, path: str) -> None:
        """Note one."""
        self._paths.add(path)

    def take(self) -> set[str]:
        """Return those noted, and begin anew."""
        paths, self._paths = self._paths, set()
        return paths


def consult(path: str) -> None:
    """Tell that an answer about one file depends on another one, which may be missing.

    Probes that open or look for other files than those they are asked about call this for each.

    Examples
    --------
    >>> from penstock.core.places.observation import observe
    >>> with observe() as observation:
    ...     consult("/data/raw_1.h5")
    ...     observation.part(Consulted).take()
    {'/data/raw_1.h5'}
    """
    observation = active_observation()
    if observation is not None:
        observation.part(Consulted).add(path)
