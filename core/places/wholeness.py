"""Whether chosen files are all that there are of their families, or a selection of them."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .naming import Family
from .observation import Observation, is_folder, is_regular
from .splitting import end_pattern, split_name

__all__ = ["is_whole"]


def is_whole(
    folder: str,
    families: Iterable[Family],
    chosen: Mapping[str, Iterable[str]],
    observation: Observation,
) -> bool:
    """Tell whether no file was left that belongs to these families.

    Parameters
    ----------
    folder
        The real folder that the families' names are relative to.
    families
        Those of the chosen files.
    chosen
        For each real folder, the names of the chosen files in it.

    Returns
    -------
    bool
        Also False if a folder cannot be listed: then nobody knows.

    Examples
    --------
    >>> import os, pathlib, tempfile
    >>> from penstock.core.places.naming import find_kin
    >>> folder = os.path.realpath(tempfile.mkdtemp())
    >>> for name in ("a_1.tif", "a_2.tif", "b_1.tif"):
    ...     pathlib.Path(folder, name).touch()
    >>> for names in (["a_1.tif", "a_2.tif"], ["a_1.tif"]):
    ...     is_whole(folder, find_kin(names), {folder: names}, Observation())
    True
    False
    """
    search = _Search(observation, {below: frozenset(names) for below, names in chosen.items()})
    still: dict[str, dict[tuple[str, ...], Family]] = defaultdict(dict)
    moving: list[list[str]] = []
    for family in families:
        *folders, _ = patterns = _part_patterns(family)
        if any(_NUMBER in part for part in folders):
            moving.append(patterns)
        else:
            # One look at a folder's files serves all families there.
            still[os.path.dirname(family.names[0])][family.texts] = family
    try:
        left = any(search.finds_more(folder, inner, known) for inner, known in still.items())
        return not left and not any(search.finds_match(folder, parts) for parts in moving)
    except OSError:
        return False


_NUMBER = "[0-9]+"  # re.escape leaves no bracket as it is: no text can look like this


def _part_patterns(family: Family) -> list[str]:
    """Return a regular expression for each part of the family's paths."""
    runs = [_NUMBER if run is None else run for run in family.fixed]
    *heads, end = family.texts
    texts = [*map(re.escape, heads), end_pattern(end) if runs else re.escape(end)]
    return "".join(t + run for t, run in zip(texts, [*runs, ""], strict=True)).split("/")


@dataclass
class _Search:
    observation: Observation
    chosen: Mapping[str, frozenset[str]]

    def finds_more(self, folder: str, inner: str, families: dict[tuple[str, ...], Family]) -> bool:
        """Tell whether one folder holds another file of families that all lie in it."""
        real = os.path.join(folder, inner) if inner else folder
        entries = self.observation.list_folder(real)
        for name in entries.keys() - self.chosen.get(real, frozenset()):
            texts, runs = split_name(f"{inner}/{name}" if inner else name)
            family = families.get(texts)
            if family is not None and family.holds(texts, runs) and is_regular(entries[name]):
                return True
        return False

    def finds_match(self, folder: str, parts: list[str]) -> bool:
        """Tell whether another file matches, where numbers in the names of folders vary."""
        head, *rest = parts
        matches = re.compile(head).fullmatch
        entries = self.observation.list_folder(folder)
        if not rest:
            left = entries.keys() - self.chosen.get(folder, frozenset())
            return any(matches(name) and is_regular(entries[name]) for name in left)
        for name, entry in entries.items():
            if matches(name) and is_folder(entry):
                path = entry.path
                below = self.observation.real_folder(path) if entry.is_symlink() else path
                if self.finds_match(below, rest):
                    return True
        return False
