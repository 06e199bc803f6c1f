"""Long lists of file names, compressed: what numbered names have in common, and their numbers.

A run of names whose numbers follow one another in equal steps becomes
``[head, width, tail, first, count, step]``; a name that does not fit stays as it is. Expanding
gives the very list that was compressed, in its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..errors import RecipeError
from ..places.naming import find_kin
from ..places.splitting import split_name

__all__ = ["MOST_NAMES", "compress_names", "expand_names"]

MOST_NAMES = 10_000_000
"""So many names a list may be expanded to; one that promises more is none of ours."""
_WIDEST = 64
_LONGEST_NUMERAL = 18


def compress_names(names: Sequence[str]) -> list[Any]:
    """Compress a list of names.

    Examples
    --------
    >>> compress_names([f"img_{number:04d}.tif" for number in range(1, 1000)])
    [['img_', 4, '.tif', 1, 999, 1]]
    >>> compress_names(["a.tif", "b_2.tif", "b_4.tif", "b_6.tif"])
    ['a.tif', ['b_', 1, '.tif', 2, 3, 2]]
    """
    position = dict(_counting_positions(names))
    return [_told(run) for run in _runs([_cut(name, position) for name in names])]


def expand_names(compressed: Any) -> list[str]:
    """Return the names that were compressed.

    Raises
    ------
    RecipeError
        If it is not what `compress_names` makes, or too long to be true.

    Examples
    --------
    >>> expand_names(["a.tif", ["b_", 1, ".tif", 2, 3, 2]])
    ['a.tif', 'b_2.tif', 'b_4.tif', 'b_6.tif']
    """
    names: list[str] = []
    if not isinstance(compressed, list):
        raise RecipeError("its list of files is no list")
    for item in compressed:
        match item:
            case str(name):
                names.append(name)
            case [str(head), int(width), str(tail), int(first), int(count), int(step)] if (
                0 <= width <= _WIDEST and first >= 0 and 0 < count <= MOST_NAMES - len(names)
            ):
                last = first + (count - 1) * step
                if last < 0 or len(str(max(first, last))) > _LONGEST_NUMERAL:
                    raise RecipeError(f"its list of files holds {item!r}")
                numbers = (first + step * i for i in range(count))
                names += [f"{head}{number:0{width}d}{tail}" for number in numbers]
            case _:
                raise RecipeError(f"its list of files holds {item!r}")
    return names


class _Part(NamedTuple):
    """A name, cut where its number stands; `number` is -1 where none can be told."""

    name: str
    head: str = ""
    numeral: str = ""
    tail: str = ""
    number: int = -1


def _counting_positions(names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield, for the texts of each family of names, which of its runs of digits counts."""
    for family in find_kin(names):
        varying = [position for position, run in enumerate(family.fixed) if run is None]
        if varying:
            yield family.texts, varying[-1]


def _cut(name: str, position: dict[tuple[str, ...], int]) -> _Part:
    texts, runs = split_name(name)
    where = position.get(texts)
    if where is None or len(runs[where]) > _LONGEST_NUMERAL:
        return _Part(name)
    pieces = [piece for pair in zip(texts, [*runs, ""], strict=True) for piece in pair]
    cut = 2 * where + 1
    return _Part(
        name, "".join(pieces[:cut]), pieces[cut], "".join(pieces[cut + 1 :]), int(pieces[cut])
    )


class _Run:
    """Names that follow one another."""

    def __init__(self, part: _Part) -> None:
        self.first = self.last = part
        self.width = len(part.numeral) if part.numeral.startswith("0") else 1
        self.step: int | None = None
        self.count = 1

    def takes(self, part: _Part) -> bool:
        """Tell whether a name comes next, and count it if so."""
        if min(part.number, self.last.number) < 0:
            return False
        if (part.head, part.tail) != (self.first.head, self.first.tail):
            return False
        step = part.number - self.last.number
        fits = self.step in (None, step) and f"{part.number:0{self.width}d}" == part.numeral
        if fits:
            self.step, self.last = step, part
            self.count += 1
        return fits


def _runs(parts: Sequence[_Part]) -> Iterator[_Run]:
    run: _Run | None = None
    for part in parts:
        if run is not None and run.takes(part):
            continue
        if run is not None:
            yield run
        run = _Run(part)
    if run is not None:
        yield run


def _told(run: _Run) -> Any:
    first = run.first
    if run.count < 2:
        return first.name
    return [first.head, run.width, first.tail, first.number, run.count, run.step]
