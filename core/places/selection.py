"""The files that a pattern or a list of paths means, in order, and where that puts a run."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..errors import MissingFileError, NoDataError
from .globbing import Glob
from .identity import Place, canonical_folder, digest_of, escaped
from .naming import Family, find_common_numbers, find_kin
from .numbering import Numbering
from .observation import FileStat, current_observation, is_regular, is_regular_path, observe
from .pinning import Identity, note_identity, pinned_identity
from .wholeness import is_whole

__all__ = ["FileSet", "Paths", "select_files"]

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

_MOST_TOLD = 5


@dataclass(frozen=True)
class FileSet:
    """Files that were chosen together.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for number in (1, 2, 10):
    ...         _ = pathlib.Path(folder, f"img_{number}.tif").write_bytes(b"")
    ...     files = select_files(f"{folder}/*.tif")
    >>> files.names, files.numbers, files.template, files.spelled
    (('img_1.tif', 'img_2.tif', 'img_10.tif'), (1, 2, 10), 'img_{}.tif', 'img_{:d}.tif')
    >>> files.numbering.step, files.notes
    (0, ('numbers are not consecutive (1–10)',))
    """

    folder: str
    """The folder that holds them all: absolute, without symbolic links."""
    names: tuple[str, ...]
    """Relative to the folder, in the order of their numbers; of their texts first, where the same
    numbers occur with different texts."""
    numbers: tuple[int, ...] | None
    """The fastest number of each name (the frame's); None where names have none, or none varies."""
    template: str
    """What the names have in common, ``{}`` for numbers; of several families, all of them."""
    spelled: str | None
    """A template from which `str.format` makes every name, given its number; None if none does."""
    place: Place
    selection: str
    """For `run_uid`: "" if these are all files of their place, else a digest of what was asked."""
    indices: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Slower numbers of the names, where several vary: ``index_1`` is the slowest."""
    numbering: Numbering = field(default_factory=Numbering)
    """Which numbers are missing, of all families together."""
    notes: tuple[str, ...] = ()
    """Steps, holes, numbers that occur twice, changes of padding, texts that vary."""

    def __len__(self) -> int:
        return len(self.names)

    def path(self, number: int) -> str:
        """Return the path of the n-th file, counted from 0."""
        return os.path.join(self.folder, self.names[number])

    @property
    def paths(self) -> list[str]:
        """The paths of all files."""
        start = self.folder.rstrip("/") + "/"
        return [start + name for name in self.names]

    def stats(self) -> list[FileStat | None]:
        """Return what the file system says of each file, None for one that it says nothing of."""
        return current_observation().stats(self.paths)


def select_files(paths: Paths) -> FileSet:
    """Find the files that a pattern, a path or a list of paths means.

    Parameters
    ----------
    paths
        A glob (``*``, ``?``, ``[…]``, ``**``; hidden files do not match), the path of a file, or
        a list of paths of files. A path that exists is that file, whatever characters it holds.

    Raises
    ------
    NoDataError
        If no file matches, or a folder is given, or what is no path.
    MissingFileError
        If a path is not there.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("a_1.tif", "a_2.tif", "a_3.tif"):
    ...     (folder / name).touch()
    >>> whole, part = select_files(folder / "a_*.tif"), select_files([folder / "a_2.tif"])
    >>> whole.place == part.place, whole.selection, part.selection == ""
    (True, '', False)
    """
    selector: str | tuple[str, ...]
    if isinstance(paths, str | os.PathLike):
        selector = _text_of(paths)
    elif isinstance(paths, Iterable) and not isinstance(paths, bytes | bytearray):
        selector = tuple(_text_of(path, " in a list") for path in paths)
    else:
        raise _no_paths(paths)
    identity = pinned_identity(selector)
    with observe() as observation:
        known, key = observation.selections, (selector, identity)
        if key not in known:
            known[key] = _find(selector, identity)
        found: FileSet = known[key]
    note_identity(selector, Identity(found.place, found.selection))
    return found


def _text_of(path: object, within: str = "") -> str:
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str):
        raise _no_paths(text, within)
    return text


def _no_paths(given: object, within: str = "") -> NoDataError:
    return NoDataError(
        f"it takes a path, a glob or a list of paths, not {type(given).__name__}{within}",
        remedy="Give a str or a pathlib.Path, or several of them in a list.",
    )


def _find(selector: str | tuple[str, ...], identity: Identity | None) -> FileSet:
    """Find files; where it is pinned whose they are, those that have gone since stay in a list."""
    if isinstance(selector, str):
        is_file = _is_file(selector)
        choice = _Choice.of_files([selector]) if is_file else _Choice.of_glob(selector)
    elif selector:
        choice = _Choice.of_files(selector, keep_gone=identity is not None)
    else:
        raise NoDataError("the list of files is empty", remedy="Name at least one file.")
    found = _file_set(choice)
    return found if identity is None else replace(found, **identity._asdict())


def _is_file(path: str) -> bool:
    try:
        return is_regular_path(path)
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return False


@dataclass
class _Choice:
    """The files that were chosen."""

    names: dict[str, list[str]]
    """For each real folder, the names in it; each once."""
    pattern: str = ""
    """The part of a glob that holds its magic; empty if files were named."""
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of_glob(cls, pattern: str) -> _Choice:
        """Choose the files that a pattern matches."""
        if os.path.isdir(pattern):
            raise _folder_given(pattern)
        if not glob.has_magic(pattern):
            raise _missing(pattern)
        parsed = Glob.of(pattern)
        found: dict[str, dict[str, None]] = {}
        for folder, names in parsed.find(current_observation()):
            found.setdefault(folder, {}).update(dict.fromkeys(names))
        chosen = {folder: list(names) for folder, names in found.items() if names}
        notes = [f"{f} cannot be listed: {e.strerror}" for f, e in parsed.obstacles.items()]
        if not chosen:
            raise NoDataError(
                "; ".join(["no file matches", *notes[:_MOST_TOLD]]),
                where=pattern,
                remedy="Check the pattern and the working folder.",
            )
        return cls(chosen, parsed.tail, notes[:_MOST_TOLD])

    @classmethod
    def of_files(cls, paths: Sequence[str], *, keep_gone: bool = False) -> _Choice:
        """Choose files by name, and check them by listing folders instead of asking for each."""
        observation = current_observation()
        found: dict[str, dict[str, None]] = {}
        notes: dict[str, None] = {}
        entries: dict[str, Mapping[str, os.DirEntry[str]]] = {}
        real: dict[str, str] = {}
        for path in paths:
            folder, name = os.path.split(path)
            if folder not in real:
                real[folder] = observation.real_folder(folder or ".")
                try:
                    entries[folder] = observation.list_folder(real[folder])
                except OSError as error:
                    # A folder may be searched but not listed; then each file is asked for.
                    entries[folder] = {}
                    notes[f"{real[folder]} cannot be listed: {error.strerror}"] = None
            entry = entries[folder].get(name)
            if entry is None and keep_gone:
                notes[f"gone: {name}"] = None
            elif entry is None or not is_regular(entry):
                _check_file(path)
            names = found.setdefault(real[folder], {})
            if name in names:
                notes[f"given more than once: {name}"] = None
            names[name] = None
        told = list(notes)[:_MOST_TOLD]
        return cls({folder: list(names) for folder, names in found.items()}, notes=told)


def _check_file(path: str) -> None:
    """Raise unless a path is a file, though the listing of its folder does not say so."""
    if _is_file(path):
        return
    if os.path.isdir(path):
        raise _folder_given(path)
    if not os.path.exists(path):
        raise _missing(path)
    raise NoDataError("is neither a file nor a folder", where=path)


def _folder_given(path: str) -> NoDataError:
    return NoDataError(
        "is a folder, not a file or a pattern",
        where=path,
        remedy=f"Give a pattern such as {os.path.join(path, '*.tif')!r}, or let "
        "catalog.ingest() find what is in the folder.",
    )


def _missing(path: str) -> MissingFileError:
    if glob.has_magic(path):
        return MissingFileError("no such file", where=path, remedy="Give a pattern by itself.")
    if os.path.islink(path):
        return MissingFileError("the link leads nowhere", where=path, remedy="Restore its target.")
    return MissingFileError("no such file", where=path, remedy="Check the path.")


# From files to a set -----------------------------------------------------------------------------


def _file_set(choice: _Choice) -> FileSet:
    common = os.path.commonpath(choice.names)
    names = [
        name
        for folder, found in choice.names.items()
        for name in _relative(found, os.path.relpath(folder, common))
    ]
    families = sorted(find_kin(names), key=lambda family: family.texts)
    ordered = _Order.of(families)
    place, selection = _identify(common, families, choice, ordered.names)
    return FileSet(
        folder=common,
        names=ordered.names,
        numbers=ordered.numbers,
        template=_describe(families),
        spelled=families[0].spelled if len(families) == 1 else None,
        place=place,
        selection=selection,
        indices=_slower_numbers(families),
        numbering=ordered.numbering,
        notes=(*choice.notes, *ordered.notes),
    )


def _relative(names: list[str], inner: str) -> list[str]:
    return names if inner == "." else [f"{inner}/{name}" for name in names]


class _Order(NamedTuple):
    """All names in their order, and the frame number of each, if there are such."""

    names: tuple[str, ...]
    numbers: tuple[int, ...] | None
    numbering: Numbering
    notes: tuple[str, ...]

    @classmethod
    def of(cls, families: list[Family]) -> _Order:
        names = tuple([name for family in families for name in family.names])
        common = find_common_numbers(names) if len(families) > 1 else None
        if common is not None:
            numbering = Numbering.of(common.values())
            # What each family misses may stand in another.
            notes = _notes(families, except_numbering=True)
            together = (*notes, *numbering.notes)
            return cls(tuple(common), tuple(common.values()), numbering, together)
        if len(families) > 1 and all(len(family.names) == 1 for family in families):
            # The last number of a single name stands for those to come: here none do.
            return cls(names, None, Numbering(), _notes(families))
        several = [number for family in families for number in family.numbers]
        numbers = tuple([number[-1] for number in several]) if all(several) else None
        numbering = Numbering.joined([family.numbering for family in families])
        return cls(names, numbers, numbering, _notes(families))


def _slower_numbers(families: list[Family]) -> dict[str, tuple[int, ...]]:
    count = len(families[0].numbers[0]) - 1
    if len(families) > 1 or count < 1:
        return {}
    columns = list(zip(*families[0].numbers, strict=True))
    return {f"index_{axis + 1}": columns[axis] for axis in range(count)}


def _describe(families: list[Family]) -> str:
    shown = ", ".join(family.template for family in families[:3])
    return shown if len(families) <= 3 else f"{shown}, … ({len(families)} families)"


def _notes(families: list[Family], *, except_numbering: bool = False) -> tuple[str, ...]:
    if len(families) == 1:
        return families[0].notes
    notes = [
        f"{family.template}: {note}"
        for family in families
        for note in family.notes
        if not (except_numbering and note in family.numbering.notes)
    ]
    return (f"names differ in more than numbers: {_describe(families)}", *notes[:10])


def _identify(
    common: str, families: list[Family], choice: _Choice, names: Sequence[str]
) -> Identity:
    """Return whose files these are: of the widest families that they are all of, if there are."""
    wide = [family.widened for family in families]
    for candidates in [wide] if wide == families else [wide, families]:
        if is_whole(common, candidates, choice.names, current_observation()):
            return Identity(_place(common, candidates), "")
    if choice.pattern:  # stays the same while the series grows
        selection = digest_of(["pattern", choice.pattern])
    else:
        selection = digest_of(["names", *sorted(names)])
    return Identity(_place(common, wide), selection)


def _place(folder: str, families: list[Family]) -> Place:
    templates = sorted(_identity_of(family) for family in families)
    name = templates[0] if len(templates) == 1 else f"{{{digest_of(templates)}}}"
    return Place(*canonical_folder(folder), name)


def _identity_of(family: Family) -> str:
    runs = ["{}" if run is None else run for run in family.fixed]
    return "".join(escaped(text) + run for text, run in zip(family.texts, [*runs, ""], strict=True))
