"""One scan of a SPEC file: its columns, motors, spectra and times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..labels import unique_keys
from .index import ScanPlace, SpecIndex, decoded, read_bytes
from .lines import Lines, split_labels, split_lines

__all__ = ["Motion", "Scan", "read_scan"]

_MOST_POINTS = 1_000_000_000
_ABORTED = re.compile(r"\baborted\b", re.IGNORECASE)


@dataclass(frozen=True)
class Motion:
    """What a command says about the motors that it moves, the slowest first.

    Examples
    --------
    >>> Motion.of("mesh x 0 1 4 y 0 2 2 1")
    Motion(motors=('y', 'x'), shape=(3, 5), is_grid=True)
    >>> Motion.of("a2scan th 0 1 tth 0 2 10 1"), Motion.of("ct 1")
    (Motion(motors=('th', 'tth'), shape=(11,), is_grid=False), None)
    """

    motors: tuple[str, ...]
    """As they are typed."""
    shape: tuple[int, ...]
    """Points along each axis."""
    is_grid: bool

    @classmethod
    def of(cls, command: str) -> Motion | None:
        """Understand a command; None where its motion is not known."""
        name, *words = command.split() or [""]
        line = re.fullmatch(r"[ad](\d?)scan|lup", name)
        try:
            if line is not None:
                count = int(line[1] or 1)
                points = int(words[3 * count]) + 1
                return _motion(words[: 3 * count : 3], (points,), is_grid=False)
            if name in ("mesh", "dmesh"):
                shape = int(words[7]) + 1, int(words[3]) + 1
                return _motion([words[4], words[0]], shape, is_grid=True)
        except (IndexError, ValueError):
            pass
        return None


def _motion(motors: Sequence[str], shape: tuple[int, ...], *, is_grid: bool) -> Motion | None:
    sensible = all(0 < size <= _MOST_POINTS for size in shape)
    return Motion(tuple(motors), shape, is_grid) if sensible else None


@dataclass
class Scan:
    """One scan, as numbers."""

    place: ScanPlace
    header: Lines
    """The block for the file, empty where there is none."""
    lines: Lines
    columns: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    """By data key, in the order of the file."""
    labels: dict[str, str] = field(default_factory=dict)
    """Of the columns, as the file has them."""
    positions: dict[str, float] = field(default_factory=dict)
    """Of motors when the scan began, by data key."""
    spectra: dict[str, list[np.ndarray[Any, Any]]] = field(default_factory=dict)
    """By data key, one after the other."""
    motion: Motion | None = None
    moved: tuple[str, ...] = ()
    """The data keys of the columns that hold the motors of `motion`."""
    rows: int = 0
    notes: list[str] = field(default_factory=list)
    cut: str = ""
    """What is missing at the end; empty if nothing is."""

    @property
    def aborted(self) -> str:
        """The comment that says that the scan was stopped early; empty if none does."""
        return next((text for text in self.lines.comments if _ABORTED.search(text)), "")


def read_scan(index: SpecIndex, place: ScanPlace) -> Scan:
    r"""Read one scan.

    Raises
    ------
    TooLargeError, AssetError
        If it takes too much memory, or cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.ingestors.spec.index import index_file
    >>> path = pathlib.Path(tempfile.mkdtemp(), "day1")
    >>> _ = path.write_text("#F day1\n#S 1 ascan th 0 1 1 1\n#L th  det\n0 5\n1 7\n")
    >>> index = index_file(str(path))
    >>> scan = read_scan(index, index.scans["1.1"])
    >>> scan.columns["det"].tolist(), scan.moved
    ([5, 7], ('th',))
    """
    block = (0, 0) if place.header is None else place.header
    header = split_lines(read_bytes(index.path, *block))
    lines = split_lines(read_bytes(index.path, place.begin, place.end))
    scan = Scan(place, header, lines, notes=list(lines.notes))
    _read_columns(scan)
    _read_positions(scan)
    _read_spectra(scan)
    scan.motion = Motion.of(place.command)
    if scan.motion is not None:
        scan.moved = _moved_columns(scan, scan.motion)
    return scan


# Columns ---------------------------------------------------------------------------------------


def _read_columns(scan: Scan) -> None:
    lines = scan.lines
    words = [row.split() for row in lines.rows]
    widths = Counter(map(len, words))
    several, single = split_labels(lines.labels), lines.labels.split()
    width = _width(widths, (len(several), len(single)))
    names = single if len(single) == width != len(several) else several
    if words and len(names) != width:
        scan.notes.append(f"{len(names)} labels stand over {width} columns")
        names = [*names[:width], *(f"column {n + 1}" for n in range(len(names), width))]
    good = [row for row in words if len(row) == width]
    _tell_uneven(scan, words, width)
    scan.labels = unique_keys(names)
    scan.rows = len(good)
    for number, key in enumerate(scan.labels):
        scan.columns[key] = _to_numbers([row[number] for row in good], key, scan.notes)


def _width(widths: Counter[int], labels: Sequence[int]) -> int:
    """Return how many columns there are: as many as most rows have; labels decide in a tie."""
    if not widths:
        return labels[0]
    most = max(widths.values())
    common = [width for width, count in widths.items() if count == most]
    return next((width for width in labels if width in common), max(common))


def _tell_uneven(scan: Scan, words: list[list[bytes]], width: int) -> None:
    uneven = [number for number, row in enumerate(words) if len(row) != width]
    if uneven == [len(words) - 1] and len(words[-1]) < width and scan.lines.ends_open:
        scan.cut = "the file ends in the last row"
        return
    if uneven:
        told = ", ".join(str(number + 1) for number in uneven[:5])
        scan.cut = f"{len(uneven)} rows have not the {width} values of the others: {told}"
    elif words and scan.lines.ends_open:
        scan.notes.append("the last line has no end: its last value may have been cut")


def _to_numbers(
    words: list[bytes], key: str, notes: list[str], dtype: type = float
) -> np.ndarray[Any, Any]:
    if all(word.isdigit() or (word[1:].isdigit() and word[:1] in b"+-") for word in words):
        try:
            return np.array(list(map(int, words)), dtype=np.int64)
        except (OverflowError, ValueError):
            pass  # more digits than an integer has
    try:
        return np.array(list(map(float, words)), dtype=dtype)
    except ValueError:
        values = [_float(word) for word in words]
        bad = next(w for w, value in zip(words, values, strict=True) if value is None)
        count = sum(value is None for value in values)
        notes.append(f"{key}: {count} values are no numbers, such as {decoded(bad)[:40]!r}")
        return np.array([np.nan if value is None else value for value in values], dtype=dtype)


def _float(word: bytes) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _read_positions(scan: Scan) -> None:
    names, words = scan.header.names, scan.lines.positions
    if not names and scan.lines.names:
        names = scan.lines.names
    if len(names) != len(words) and words:
        scan.notes.append(f"{len(names)} motors have names, {len(words)} have positions")
        names = [*names[: len(words)], *(f"motor {n}" for n in range(len(names), len(words)))]
    for (key, name), word in zip(unique_keys(names).items(), words, strict=False):
        value = _float(word.encode())
        if value is None:
            scan.notes.append(f"the position of {name} is no number: {word[:40]!r}")
        else:
            scan.positions[key] = value


def _read_spectra(scan: Scan) -> None:
    # Behind the columns' own keys, which they are not to take.
    names = [f"mca_{name}" if name and name != "A" else "mca" for name in scan.lines.spectra]
    keys = list(unique_keys([*scan.columns, *names]))[len(scan.columns) :]
    for key, texts in zip(keys, scan.lines.spectra.values(), strict=True):
        scan.spectra[key] = [_to_numbers(text.split(), key, scan.notes) for text in texts]


def _moved_columns(scan: Scan, motion: Motion) -> tuple[str, ...]:
    """Return the columns of the motors that were moved: by name, else the first ones."""
    header = scan.header
    names = dict(zip(header.mnemonics, header.names, strict=False))
    by_label = {label: key for key, label in scan.labels.items()}
    found = [by_label.get(names.get(motor, motor), by_label.get(motor)) for motor in motion.motors]
    if all(key is not None for key in found):
        return tuple(key for key in found if key is not None)
    if motion.is_grid:
        return ()
    return tuple(scan.columns)[: len(motion.motors)]
