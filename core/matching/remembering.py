"""Choices that a person asked to remember: which ingestor takes such files in such a folder.

They lie in one JSON file in the user's state folder, and are keyed by the format of the files, the
pattern of their names, and their folder. Nothing is remembered unless somebody says so.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import glob
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import PenstockError
from ..folders import user_folder
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
            return _parse(file.read()).known
    except (OSError, UnicodeDecodeError):
        return {}


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
    with _open_to_change() as content:
        content.known[choice.format, choice.names, choice.folder] = choice


def forget(path: str | None = None) -> int:
    """Forget what is remembered, of what a path selects or of all; return how many choices.

    Parameters
    ----------
    path
        A folder, with those below it; or a file or a glob, for choices on names like these.

    Examples
    --------
    >>> forget("/no/such/folder")
    0
    """
    if not recall():
        return 0
    with _open_to_change() as content:
        count = len(content.known)
        content.known = {
            key: choice
            for key, choice in content.known.items()
            if path is not None and not _is_of(choice, path)
        }
        return count - len(content.known)


def _is_of(choice: SavedChoice, path: str) -> bool:
    """Tell whether a choice is for a folder, those below it, or files named like one."""
    for found in (path, *glob.iglob(path)):
        folder, name = os.path.split(os.path.abspath(found))
        if choice.folder == os.path.realpath(folder) and choice.names == _pattern(name):
            return True
        if f"{choice.folder.rstrip('/')}/".startswith(os.path.realpath(found).rstrip("/") + "/"):
            return True
    return False


def pattern_of(group: Group) -> str:
    """Return the names of a group with ``{}`` for each number, also for those that do not vary."""
    return _pattern(group.names[0])


def _pattern(name: str) -> str:
    return "{}".join(split_name(name)[0])


# The file ----------------------------------------------------------------------------------------


@dataclass
class _Content:
    """What the file holds; of what is not understood nothing is lost."""

    known: dict[tuple[str, str, str], SavedChoice] = field(default_factory=dict)
    others: list[Any] = field(default_factory=list)
    is_newer: bool = False
    is_damaged: bool = False


def _parse(text: str) -> _Content:
    try:
        stored = json.loads(text)
        version, entries = stored["version"], stored["choices"]
        if not isinstance(version, int) or not isinstance(entries, list):
            return _Content(is_damaged=True)
    except (ValueError, TypeError, LookupError, RecursionError):
        return _Content(is_damaged=True)
    content = _Content(is_newer=version > _VERSION)
    for entry in [] if content.is_newer else entries:
        try:
            choice = SavedChoice(**entry)
        except TypeError:
            content.others.append(entry)
            continue
        key = (choice.format, choice.names, choice.folder)
        if all(isinstance(text, str) for text in (*key, choice.ingestor, choice.day)):
            content.known[key] = choice
        else:
            content.others.append(entry)
    return content


def _file() -> str:
    return os.path.join(user_folder("state"), "choices.json")


@contextlib.contextmanager
def _open_to_change() -> Iterator[_Content]:
    """Give what is remembered and write it afterwards; others wait until that is done."""
    path = _file()
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(f"{path}.lock", "a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # let go of where the file is closed
            content = _read(path)
            before = dict(content.known)
            yield content
            if content.known != before:
                _write(path, content)
    except (OSError, TypeError) as error:
        raise PenstockError(
            f"the choice cannot be remembered: {error}",
            where=path,
            remedy="Repair the folder, or choose without remembering.",
        ) from error


def _read(path: str) -> _Content:
    """Read what is there; what is of a newer version is left alone, what is damaged put aside."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            content = _parse(file.read())
    except FileNotFoundError:
        return _Content()
    if content.is_newer:
        raise PenstockError(
            "a newer penstock has written the choices that are remembered",
            where=path,
            remedy="Use that one, or move the file away.",
        )
    if content.is_damaged:
        os.replace(path, f"{path}.damaged")
    return content


def _write(path: str, content: _Content) -> None:
    entries = [*(asdict(choice) for choice in content.known.values()), *content.others]
    temporary = f"{path}.{secrets.token_hex(4)}"
    try:
        text = json.dumps({"version": _VERSION, "choices": entries}, indent=1)
        with open(temporary, "x", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
