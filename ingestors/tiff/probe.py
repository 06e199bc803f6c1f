"""Whether TIFF files are a series of single images or stacks: at most three headers are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...core.errors import AssetError, UnsupportedFileError
from ...core.places.observation import current_observation
from ...core.registry import Acquisition, RunsFound
from .metadata import TiffFacts, check_first_page, inspect_file
from .origin import GENERIC, TiffOrigin, recognise
from .sizes import difference, odd_sizes, spell_kind

__all__ = ["Probe", "probe_series", "probe_series_of", "probe_stack", "probe_stack_of"]

Probe = Callable[[list[str]], RunsFound | None]
"""What an ingestor's `probe` refers to."""

_SAMPLE = 3


def probe_series_of(origin: TiffOrigin) -> Probe:
    """Return a probe that accepts series of an origin: files of one image each that are alike.

    It looks at the first, middle and last file. One whose size is another than that of the rest is
    a note, and does not speak for them. Where the origin does not recognise them it declines, as it
    does where none can be read: of the generic origin's probe, that is an error.

    Examples
    --------
    >>> import numpy as np, tifffile
    >>> tifffile.imwrite("m_1.tif", np.zeros((4, 6), "u2"), software="mine 1")
    >>> mine = TiffOrigin("mine", recognise=lambda facts: facts.texts.get("Software"))
    >>> probe_series_of(mine)(["m_1.tif"]).detail
    'mine 1; 1 file of 4 × 6 uint16'
    """

    def probe(paths: list[str]) -> RunsFound | None:
        sample = _sample_of(origin, paths)
        if sample is None or not _is_series(paths, sample.facts, sample.bad):
            return None
        noun = "file" if len(paths) == 1 else "files"
        return RunsFound(
            detail=sample.told(f"{len(paths)} {noun} of {_size(sample.facts[0])}"),
            notes=tuple(sample.bad),
            acquisitions=(Acquisition(events=len(paths)),),
        )

    return probe


def probe_stack_of(origin: TiffOrigin) -> Probe:
    """Return a probe that accepts an origin's files of several images one by one.

    So it does files that are no series. It declines as `probe_series_of` has it.

    Examples
    --------
    >>> import numpy as np, tifffile
    >>> tifffile.imwrite("m.tif", np.zeros((5, 4, 6), "u2"), software="mine 1")
    >>> mine = TiffOrigin("mine", recognise=lambda facts: facts.texts.get("Software"))
    >>> probe_stack_of(mine)(["m.tif"]).detail
    'mine 1; 5 pages of 4 × 6 uint16'
    """

    def probe(paths: list[str]) -> RunsFound | None:
        sample = _sample_of(origin, paths)
        if sample is None or _is_series(paths, sample.facts, sample.bad):
            return None
        if len(paths) > 1:
            detail = sample.told(_of_several(sample.facts, sample.bad))
            return RunsFound(detail=detail, notes=tuple(sample.bad), separate=True)
        first = sample.facts[0].directory
        return RunsFound(
            detail=sample.told(f"{len(first)} pages of {_size(sample.facts[0])}"),
            notes=(first.problem,) if first.problem else (),
            acquisitions=(Acquisition(events=len(first)),),
        )

    return probe


def _of_several(facts: list[TiffFacts], bad: list[str]) -> str:
    stack = next((item for item in facts if len(item.directory) > 1), None)
    if stack is not None:
        name = os.path.basename(stack.path)
        return f"{len(stack.directory)} pages of {_size(stack)} in {name}"
    if bad:
        return "some of the files cannot be read"
    return "; ".join(dict.fromkeys(_size(item) for item in facts))


@dataclass(frozen=True)
class _Sample:
    """A few files of a group, looked at."""

    facts: list[TiffFacts]
    bad: list[str]
    """What is wrong with some of them."""
    evidence: str
    """For their origin, for people."""

    def told(self, detail: str) -> str:
        return f"{self.evidence}; {detail}" if self.evidence else detail


def _sample_of(origin: TiffOrigin, paths: list[str]) -> _Sample | None:
    """Look at a few files; None unless all that can be read are of the origin.

    Many origins ask about the same files: who declines looks at one, and what was found is
    recalled.
    """
    if origin is GENERIC:
        return _Sample(*_sample(paths), "")
    try:
        facts, _ = _look(paths, (0,))
        if recognise(origin, facts[0]) is None:
            return None
    except (UnsupportedFileError, AssetError):
        if len(paths) == 1:
            return None
    try:
        facts, bad = _sample(paths)
    except (UnsupportedFileError, AssetError):
        return None
    found = [recognise(origin, item) for item in facts]
    evidence = [text for text in found if text is not None]
    return _Sample(facts, bad, evidence[0]) if len(evidence) == len(facts) else None


def _sample(paths: list[str]) -> tuple[list[TiffFacts], list[str]]:
    """Look at the first, middle and last file: the good ones, and what is wrong with others.

    Where one is of another size than the rest, it is looked at in the place of the middle one, and
    what is wrong with it is as good as known, wherever it stands.
    """
    stats = current_observation().stats(paths)
    # One that lies on tape is not fetched for this.
    odd = odd_sizes([None if stat is None or stat.on_tape else stat.size for stat in stats])
    others = set(odd)
    usual = [number for number in range(len(paths)) if number not in others]
    looks = (usual[0], usual[-1]) if odd else (0, len(paths) // 2, len(paths) - 1)
    facts, bad = _look(paths, looks)
    if odd:
        rest = facts[0].directory
        wrong = difference(paths[odd[0]], rest)
        if wrong and rest.kind(0).plain:
            bad.append(f"{paths[odd[0]]} {wrong}; it is named when it is read")
        elif wrong:
            return _look(paths, (*looks, odd[0]))
    return facts, bad


def _look(paths: list[str], numbers: Iterable[int]) -> tuple[list[TiffFacts], list[str]]:
    facts: list[TiffFacts] = []
    bad: list[str] = []
    first: Exception | None = None
    for number in dict.fromkeys(numbers):
        try:
            found = inspect_file(paths[number])
            check_first_page(found)
        except (UnsupportedFileError, AssetError) as error:
            first = first or error
            bad.append(f"{paths[number]} cannot be read: {error.what}")
        else:
            facts.append(found)
    if not facts:
        assert first is not None
        raise first
    return facts, bad


def _is_series(paths: list[str], facts: list[TiffFacts], bad: list[str]) -> bool:
    if bad and len(paths) <= _SAMPLE:
        return False  # each on its own, so that the bad one is refused by name
    kinds = {(kind.shape, kind.native) for item in facts for kind in item.directory.kinds}
    return len(kinds) == 1 and all(
        len(item.directory) == 1 and not item.directory.problem for item in facts
    )


def _size(facts: TiffFacts) -> str:
    return spell_kind(facts.directory)


probe_series = probe_series_of(GENERIC)
probe_stack = probe_stack_of(GENERIC)
