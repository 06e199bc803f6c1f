"""Whether text is a table, and its rows: separated by tabs, commas, semicolons or blanks.

A table is what every line says it is: all have as many values, one column at least is numbers
throughout, and above stand labels, unless there is nothing but numbers. Anything else is text.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Table", "find_table", "is_number"]

_COMMENTS = ("#", "%", "!", "//")
_DELIMITERS = ("\t", ",", ";", " ")
_SIGNS = "#%!/"
_MOST_SAID, _LONGEST_KEY, _LONGEST_SAID = 200, 80, 500
_SAMPLE = 200


@dataclass(frozen=True)
class Table:
    """A table, as text."""

    labels: tuple[str, ...]
    """Of the columns; made up where the file has none."""
    rows: list[list[str]]
    said: dict[str, str]
    """What lines such as ``#Key: value`` above the table say."""
    uneven: tuple[int, ...] = ()
    """Numbers of the rows, from 1, that are left out: they have more or fewer values."""
    is_cut: bool = False
    """Only the last row is uneven, it is too short, and no line end is behind it."""

    def column(self, number: int) -> list[str]:
        """Return the words of a column."""
        return [row[number] for row in self.rows]


def find_table(text: str, *, whole: bool = True) -> Table | None:
    r"""Return the table that a text is; None where it is none.

    Parameters
    ----------
    whole
        Whether this is all of the text; if not, its last line does not count.

    Examples
    --------
    >>> table = find_table("#Sample:\tCu\n#name\tI0\nimg_1\t2.5\nimg_2\t2.6\n")
    >>> table.labels, table.rows, table.said
    (('name', 'I0'), [['img_1', '2.5'], ['img_2', '2.6']], {'Sample': 'Cu'})
    >>> find_table("Dear diary,\ntoday we measured 2 samples.\n")
    """
    *lines, last = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    ends_open = whole and bool(last.strip())
    if ends_open:
        lines.append(last)
    above, body = _part(lines)
    for delimiter in _DELIMITERS:
        found = _as_table(above, body, delimiter, ends_open)
        if found is not None:
            return found
    return None


def _part(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the comments above the first other line, and all lines that are no comments."""
    body = [line for line in lines if line.strip() and not line.lstrip().startswith(_COMMENTS)]
    above: list[str] = []
    for line in lines:
        if line.lstrip().startswith(_COMMENTS):
            above.append(line.strip())
        elif line.strip():
            break
    return above, body


def _as_table(above: list[str], body: list[str], delimiter: str, ends_open: bool) -> Table | None:
    sample = _split(body[:_SAMPLE], delimiter)
    if sample is None or len(sample) < 2:
        return None
    width = len(sample[1])  # of the first row, or of the labels and the first row behind them
    said, labels = list(above), _labels_in(above, delimiter, width)
    skip = 0
    if labels is not None:
        said.pop()
    elif _are_labels(sample[0], width):
        labels, skip = sample[0], 1
    if ends_open and len(body) <= _SAMPLE and len(sample[-1]) < width:
        sample.pop()  # may be on its way
    if not _is_table(sample[skip:], width, delimiter, labels is not None):
        return None
    rows = _split(body[skip:], delimiter)
    if rows is None:
        return None
    uneven = tuple(number for number, row in enumerate(rows, 1) if len(row) != width)
    is_cut = uneven == (len(rows),) and len(rows[-1]) < width and ends_open
    names = labels or [f"column {number + 1}" for number in range(width)]
    return Table(
        tuple(name.strip() for name in names),
        [row for row in rows if len(row) == width],
        _said(said),
        uneven,
        is_cut,
    )


def _split(lines: list[str], delimiter: str) -> list[list[str]] | None:
    if delimiter == " ":
        return [line.split() for line in lines]
    try:
        return [
            [word.strip() for word in row]
            for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        ]
    except csv.Error:
        return None


def _labels_in(above: list[str], delimiter: str, width: int) -> list[str] | None:
    """Return labels that stand in the last comment above a table."""
    if not above:
        return None
    parted = _split([above[-1].lstrip(_SIGNS).strip()], delimiter)
    labels = parted[0] if parted else []
    return labels if _are_labels(labels, width) and width > 1 else None


def _are_labels(words: Sequence[str], width: int) -> bool:
    return len(words) == width and all(word and not is_number(word) for word in words)


def _is_table(rows: list[list[str]], width: int, delimiter: str, labelled: bool) -> bool:
    if len(rows) < (2 if labelled else 3) or any(len(row) != width for row in rows):
        return False
    columns = list(zip(*rows, strict=True))
    numeric = [all(is_number(word) for word in column if word) for column in columns]
    if not any(yes and any(column) for yes, column in zip(numeric, columns, strict=True)):
        return False
    if delimiter != " " and labelled:
        return width > 1
    # Blanks part words, too: text counts as a column where it is names or dates, all with digits.
    texts = [column for yes, column in zip(numeric, columns, strict=True) if not yes]
    named = all(any(map(str.isdigit, word)) for column in texts for word in column)
    return named and (labelled or not texts)


def _said(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        key, value = _part_said(line)
        if key and len(found) < _MOST_SAID:
            found.setdefault(key, value)
    return found


def _part_said(line: str) -> tuple[str, str]:
    """Part ``#Key: value``; the key is empty where a line says nothing of the kind."""
    text = line.lstrip(_SIGNS)
    if text == line:
        return "", ""
    text = text.strip()[: _LONGEST_KEY + _LONGEST_SAID]
    ends = [place for sign in ":=\t" if (place := text.find(sign)) >= 0]
    if not ends:
        return "", ""
    key, value = text[: min(ends)].strip(), text[min(ends) :].strip()
    if value[:1] in (":", "="):  # behind a tab, or none
        value = value[1:].strip()
    return (key, value[:_LONGEST_SAID]) if len(key) <= _LONGEST_KEY else ("", "")


def is_number(word: str) -> bool:
    """Tell whether a word is a number.

    Examples
    --------
    >>> is_number("1e-3"), is_number("nan"), is_number("1_000"), is_number("img_1")
    (True, True, False, False)
    """
    if "_" in word:
        return False
    try:
        float(word)
    except ValueError:
        return False
    return True
