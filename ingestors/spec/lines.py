"""The lines of one block of a SPEC file, told apart by what they begin with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .index import decoded

__all__ = ["Lines", "split_labels", "split_lines"]

_MOST_TEXTS, _LONGEST_TEXT = 200, 1000
_KEY = re.compile(r"#(@?[A-Za-z]+\d*)(.*)", re.DOTALL)
_SPECTRUM = re.compile(rb"@(\w*)")


@dataclass
class Lines:
    """The lines of the block for a file, or of one scan."""

    labels: str = ""
    """Of the columns, as they stand behind ``#L``."""
    date: str = ""
    epoch: float | None = None
    """Seconds since 1970-01-01 UTC that the column Epoch counts from."""
    names: list[str] = field(default_factory=list)
    """Of the motors."""
    mnemonics: list[str] = field(default_factory=list)
    """Of the motors: what one types."""
    positions: list[str] = field(default_factory=list)
    """Of the motors, in the same order."""
    rows: list[bytes] = field(default_factory=list)
    spectra: dict[str, list[bytes]] = field(default_factory=dict)
    """By name, what stands in each."""
    comments: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    """From lines such as ``#MD key = value``."""
    texts: dict[str, str] = field(default_factory=dict)
    """What stands behind all other keys, by key."""
    notes: list[str] = field(default_factory=list)
    ends_open: bool = False
    """The last line has no end: it may have been cut."""


def split_lines(block: bytes) -> Lines:
    r"""Take a block apart; the line ``#S`` or ``#F`` in front is left out.

    Examples
    --------
    >>> lines = split_lines(b"#S 1 ct 1\n#N 2\n#L  th  det\n1 2\n@A 3 4\\\n 5\n")
    >>> lines.labels, lines.rows, lines.spectra, lines.texts
    ('th  det', [b'1 2'], {'A': [b' 3 4  5']}, {'N': '2'})
    """
    lines = Lines(ends_open=not block.endswith(b"\n"))
    open_spectrum: tuple[str, list[bytes]] | None = None
    for raw in block.split(b"\n")[1:]:
        line = raw.rstrip(b"\r")
        if open_spectrum is not None:
            open_spectrum = _add_spectrum(lines, *open_spectrum, line)
            continue
        first = line[:1]
        if first == b"#":
            _add_header(lines, decoded(line))
        elif first == b"@":
            match = _SPECTRUM.match(line)
            assert match is not None
            open_spectrum = _add_spectrum(lines, match[1].decode(), [], line[match.end() :])
        elif line and not line.isspace():
            lines.rows.append(line)
    if open_spectrum is not None:
        lines.notes.append(f"spectrum @{open_spectrum[0]} is cut: the file ends in it")
        lines.spectra.setdefault(open_spectrum[0], []).append(b" ".join(open_spectrum[1]))
    return lines


def _add_spectrum(
    lines: Lines, name: str, pieces: list[bytes], line: bytes
) -> tuple[str, list[bytes]] | None:
    """Add a line to a spectrum; return what of it has come so far, None where it is whole."""
    if line.endswith(b"\\"):
        return name, [*pieces, line[:-1]]
    lines.spectra.setdefault(name, []).append(b" ".join([*pieces, line]))
    return None


def _add_header(lines: Lines, line: str) -> None:
    match = _KEY.match(line)
    if match is None:
        return
    key, text = match[1], match[2].strip()
    family = key.rstrip("0123456789")
    if family in ("O", "o"):
        (lines.names if family == "O" else lines.mnemonics).extend(
            split_labels(text) if family == "O" else text.split()
        )
    elif family == "P":
        lines.positions += text.split()
    elif key == "L":
        _add_labels(lines, text)
    elif key == "D":
        lines.date = lines.date or text
    elif key == "E":
        lines.epoch = _number(text)
    elif key == "C":
        if len(lines.comments) < _MOST_TEXTS:
            lines.comments.append(text[:_LONGEST_TEXT])
    elif key == "MD":
        name, _, value = text.partition("=")
        if len(lines.metadata) < _MOST_TEXTS:
            lines.metadata[name.strip()] = value.strip()[:_LONGEST_TEXT]
    elif len(lines.texts) < _MOST_TEXTS:
        lines.texts.setdefault(key, text[:_LONGEST_TEXT])


def _add_labels(lines: Lines, text: str) -> None:
    if lines.labels and lines.labels != text:
        lines.notes.append(f"the columns get other labels on the way: {text[:_LONGEST_TEXT]}")
    lines.labels = lines.labels or text


def _number(text: str) -> float | None:
    try:
        value = float(text.split(maxsplit=1)[0])
    except (IndexError, ValueError):
        return None
    return value if 0 < value < 1e11 else None


def split_labels(text: str) -> list[str]:
    """Return labels, which two blanks or a tab part, and which may hold single ones.

    Examples
    --------
    >>> split_labels("s2 height   s2 vgap  th")
    ['s2 height', 's2 vgap', 'th']
    """
    return [label[:_LONGEST_TEXT] for label in re.split(r"\t+| {2,}", text.strip()) if label]
