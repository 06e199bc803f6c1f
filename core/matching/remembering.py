"""Choices that a person asked to remember: which ingestor takes such files in such a folder.

They lie in one JSON file in the user's state folder, and are keyed by the format of the files, the
pattern of their names, and their folder. Nothing is remembered unless somebody says so.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import PenstockError
from ..places.splitting import split_name
from .groups import Group

__all__ = ["SavedChoice", "forget", "recall", "remember"]

_VERSION = 1


@dataclass(frozen=True)
class SavedChoice:
    """A choice that was remembered.

    Examples
    --------
    >>> SavedChoice("tiff", "scan_{}.tif", "/data", "tiff-stack", "2026-03-05").told
    'remembered on 2026-03-05'
    """

    format: str
    names: str
    """The names of the files, ``{}`` for each number in them."""
    folder: str
    ingestor: str
    day: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """When it was made."""
        return f"remembered on {self.day}"


def recall() -> dict[tuple[str, str, str], SavedChoice]:
    """Return all that is remembered, by format, names and folder; an unreadable file holds nothing.

    Examples
    --------
    >>> recall()
    {}
    """
    try:
        with open(_file(), encoding="utf-8") as file:
            content = json.load(file)
        saved = [SavedChoice(**entry) for entry in content["choices"]]
        if content["version"] != _VERSION:
            return {}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}
    return {(choice.format, choice.names, choice.folder): choice for choice in saved}


def remember(group: Group, format_id: str, ingestor: str, settings: Mapping[str, Any]) -> None:
    """Remember who is to take files of a format, named and placed like these.

    Raises
    ------
    PenstockError
        If the state folder cannot be written.

    Examples
    --------
    >>> remember(Group("/data", ("a_7.tif",), "a_7.tif"), "tiff", "tiff-stack", {})
    >>> [choice.ingestor for choice in recall().values()], forget(), recall()
    (['tiff-stack'], 1, {})
    """
    day = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    choice = SavedChoice(format_id, pattern_of(group), group.folder, ingestor, day, dict(settings))
    _write({**recall(), (choice.format, choice.names, choice.folder): choice})


def forget(folder: str | None = None) -> int:
    """Forget what is remembered, of a folder and those below it or of all; return how many.

    Examples
    --------
    >>> forget("/no/such/folder")
    0
    """
    known = recall()
    start = None if folder is None else os.path.realpath(folder).rstrip("/") + "/"
    kept = {
        key: choice
        for key, choice in known.items()
        if start is not None and not f"{choice.folder.rstrip('/')}/".startswith(start)
    }
    if len(kept) < len(known):
        _write(kept)
    return len(known) - len(kept)


def pattern_of(group: Group) -> str:
    """Return the names of a group with ``{}`` for each number, also for those that do not vary."""
    return "{}".join(split_name(group.names[0])[0])


def _file() -> str:
    import platformdirs

    return os.path.join(platformdirs.user_state_dir("penstock", appauthor=False), "choices.json")


def _write(choices: Mapping[tuple[str, str, str], SavedChoice]) -> None:
    path = _file()
    content = {"version": _VERSION, "choices": [asdict(choice) for choice in choices.values()]}
    temporary = f"{path}.{secrets.token_hex(4)}"
    try:
        text = json.dumps(content, indent=1)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(temporary, "x", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except (OSError, TypeError) as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise PenstockError(
            f"the choice cannot be remembered: {error}",
            where=path,
            remedy="Repair the folder, or choose without remembering.",
        ) from error
