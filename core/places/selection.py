"""The files that a pattern or a list of paths means, in order, and where that puts a run."""

from __future__ import annotations

import errno
import fnmatch
import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..errors import MissingFileError, NoDataError
from .identity import Place, canonical_folder, digest_of, escaped
from .naming import Family, find_kin, split_name
from .observation import FileStat, current_observation, is_regular, is_regular_path

__all__ = ["FileSet", "Paths", "select_files"]

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


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
    >>> files.notes
    ('missing: 3–9',)
    """

    folder: str
    """The folder that holds them all: absolute, without symbolic links."""
    names: tuple[str, ...]
    """Relative to the folder, in the order of their texts and numbers."""
    numbers: tuple[int, ...] | None
    """The fastest number of each name (the frame's); None if some name has none."""
    template: str
    """What the names have in common, ``{}`` for numbers; of several families, all of them."""
    spelled: str | None
    """A template from which `str.format` makes every name, given its number; None if none does."""
    place: Place
    selection: str
    """For `run_uid`: "" if these are all files of their place, else a digest of what was asked."""
    indices: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Slower numbers of the names, where several vary: ``index_1`` is the slowest."""
    notes: tuple[str, ...] = ()
    """Holes, numbers that occur twice, changes of padding, texts that vary."""

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
        If no file matches, or a folder is given.
    MissingFileError
        If a path of a list is not there.
    """
    if not isinstance(paths, str | os.PathLike):
        paths = tuple(os.fspath(path) for path in paths)
    known = current_observation().selections
    if paths not in known:
        known[paths] = _find(paths)
    found: FileSet = known[paths]
    return found


def _find(paths: str | os.PathLike[str] | tuple[str, ...]) -> FileSet:
    if isinstance(paths, str | os.PathLike):
        given = os.fspath(paths)
        pattern = "" if _is_file(given) else os.path.basename(given)
        found = [os.path.split(given)] if not pattern else _expand(given)
    else:
        pattern = ""
        found = [os.path.split(path) for path in dict.fromkeys(paths)]
        if not found:
            raise NoDataError("the list of files is empty", remedy="Name at least one file.")
        _check_all(found)
    return _file_set(found, pattern)


def _is_file(path: str) -> bool:
    try:
        return is_regular_path(path)
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return False


def _expand(pattern: str) -> list[tuple[str, str]]:
    """Return (folder, name) of each file that a pattern matches."""
    if os.path.isdir(pattern):
        raise NoDataError(
            "is a folder, not a file or a pattern",
            where=pattern,
            remedy=f"Give a pattern such as {os.path.join(pattern, '*.tif')!r}, or let "
            "catalog.ingest() find what is in the folder.",
        )
    if not glob.has_magic(pattern):
        raise MissingFileError("no such file", where=pattern, remedy="Check the path.")
    folder, name = os.path.split(pattern)
    if glob.has_magic(folder) or name == "**":
        paths = glob.glob(pattern, recursive=True)
        found = [os.path.split(path) for path in paths if _is_file(path)]
    else:
        found = [(folder, item) for item in _matching(folder, name)]
    if not found:
        raise NoDataError(
            "no file matches", where=pattern, remedy="Check the pattern and the working folder."
        )
    return found


def _matching(folder: str, pattern: str) -> list[str]:
    try:
        entries = current_observation().list_folder(_real(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise MissingFileError(
            f"the folder cannot be listed: {os.strerror(error.errno or 0)}",
            where=folder or ".",
            remedy="Ask for permission to read it.",
        ) from error
    names = fnmatch.filter(entries, pattern)
    hidden = pattern.startswith(".")
    return [n for n in names if (hidden or not n.startswith(".")) and is_regular(entries[n])]


def _real(folder: str) -> str:
    return current_observation().real_folder(folder or ".")


def _check_all(files: list[tuple[str, str]]) -> None:
    """Check that all files of a list are there, by listing folders instead of asking for each."""
    observation = current_observation()
    for folder, name in files:
        path = os.path.join(folder, name)
        try:
            entry = observation.list_folder(_real(folder)).get(name)
            there = is_regular(entry) if entry is not None else _is_file(path)
        except OSError as error:
            # A folder may be searched but not listed; then each file is asked for.
            there = error.errno == errno.EACCES and _is_file(path)
        if not there:
            raise MissingFileError(
                "is a folder, not a file" if os.path.isdir(path) else "no such file",
                where=path,
                remedy="Check the path.",
            )


def _file_set(found: list[tuple[str, str]], pattern: str) -> FileSet:
    real = {folder: _real(folder) for folder in {folder for folder, _ in found}}
    common = os.path.commonpath(real.values())
    inner = {folder: os.path.relpath(path, common) for folder, path in real.items()}
    names = [name if inner[folder] == "." else f"{inner[folder]}/{name}" for folder, name in found]
    families = sorted(find_kin(names), key=lambda family: (family.texts, family.template))
    ordered = [name for family in families for name in family.names]
    return FileSet(
        folder=common,
        names=tuple(ordered),
        numbers=_frame_numbers(families),
        template=_describe(families),
        spelled=families[0].spelled if len(families) == 1 else None,
        place=_place(common, families),
        selection=_selection(common, families, pattern),
        indices=_slower_numbers(families),
        notes=_notes(families),
    )


def _frame_numbers(families: list[Family]) -> tuple[int, ...] | None:
    numbers = [number for family in families for number in family.numbers]
    return tuple(number[-1] for number in numbers) if all(numbers) else None


def _slower_numbers(families: list[Family]) -> dict[str, tuple[int, ...]]:
    count = len(families[0].numbers[0]) - 1
    if len(families) > 1 or count < 1:
        return {}
    columns = list(zip(*families[0].numbers, strict=True))
    return {f"index_{axis + 1}": columns[axis] for axis in range(count)}


def _describe(families: list[Family]) -> str:
    shown = ", ".join(family.template for family in families[:3])
    return shown if len(families) <= 3 else f"{shown}, … ({len(families)} families)"


def _notes(families: list[Family]) -> tuple[str, ...]:
    if len(families) == 1:
        return families[0].notes
    notes = [f"{family.template}: {note}" for family in families for note in family.notes]
    return (f"names differ in more than numbers: {_describe(families)}", *notes[:10])


def _place(folder: str, families: list[Family]) -> Place:
    templates = sorted(_identity_of(family) for family in families)
    name = templates[0] if len(templates) == 1 else f"{{{digest_of(templates)}}}"
    return Place(*canonical_folder(folder), name)


def _identity_of(family: Family) -> str:
    runs = ["{}" if run is None else run for run in family.fixed]
    return "".join(escaped(text) + run for text, run in zip(family.texts, [*runs, ""], strict=True))


def _selection(folder: str, families: list[Family], pattern: str) -> str:
    if all(set(family.names) == _whole(folder, family) for family in families):
        return ""
    if pattern:  # stays the same while the series grows
        return digest_of(["pattern", pattern])
    return digest_of(["names", *sorted(name for family in families for name in family.names)])


def _whole(folder: str, family: Family) -> set[str]:
    """Return the names of all files there that have the same template."""
    inner = os.path.dirname(family.names[0])
    if inner and any(os.path.dirname(name) != inner for name in family.names):
        return set(family.names)  # numbers in the names of folders: what was asked for is all
    observation = current_observation()
    try:
        entries = observation.list_folder(os.path.join(folder, inner) if inner else folder)
    except OSError:
        return set(family.names)
    found = set(family.names)
    for name in entries:
        relative = f"{inner}/{name}" if inner else name
        if relative in found:
            continue
        texts, runs = split_name(relative)
        if texts == family.texts and all(
            fixed is None or run == fixed for run, fixed in zip(runs, family.fixed, strict=True)
        ):
            found.add(relative)
    return found
