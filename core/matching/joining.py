"""Finding groups that are one acquisition: recorded by the files, or told by names and counts."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..registry.records import Acquisition, Ingestor
from .groups import Group
from .offers import Claim, Evidence, Offer
from .plan import Decision

__all__ = ["JOINER", "Join", "find_joins", "join_group"]

JOINER = "joined"
"""The ingestor that makes one run of several calls; it never takes files by itself."""

_SEPARATORS = "_-. "
_MOST_MEMBERS = 8
"""More are joined only if somebody says so."""
_MOST_TOLD = 64
"""More are not one acquisition, whatever they record."""
_WORDS = re.compile(r"([_\-. ]+)")
_LAST_NUMBER = re.compile(r"(.*?)[_\-. ]*([0-9]+)")


@dataclass(frozen=True)
class Piece:
    """One run of a decision, and what names tell of it."""

    decision: Decision
    claim: Claim
    is_log: bool

    @property
    def stem(self) -> str:
        """What is before the number of the frames, or the suffix."""
        group = self.decision.group
        name = os.path.basename(group.template)
        cut = name.rfind("{}")
        if cut < 0:
            cut = name.find(".") if name.find(".") > 0 else len(name)
            cut = max(cut, len(name.rsplit(".", 1)[0])) if not self.is_log else cut
        return name[:cut].rstrip(_SEPARATORS)

    @property
    def folder(self) -> str:
        """The folder of its files."""
        return os.path.dirname(self.claim.files[0])

    @property
    def told(self) -> str:
        """What people call it."""
        told = self.decision.group.template
        return f"{told} [{self.claim.selector}]" if self.claim.selector else told


@dataclass(frozen=True)
class Join:
    """Runs that are, or may be, one acquisition."""

    pieces: tuple[Piece, ...]
    reason: str
    is_sure: bool

    @property
    def key(self) -> str:
        """What tells this join from all others."""
        return " + ".join(
            f"{piece.decision.group.subject}[{piece.claim.selector}]" for piece in self.pieces
        )


def find_joins(decisions: Sequence[Decision], ingestors: Mapping[str, Ingestor]) -> list[Join]:
    """Return the joins that files and names suggest; a run is in one that is sure at most.

    Sure are: the same uid recorded in all; the same scan number recorded in all, at times that
    overlap; a log of the same name, or that records the same scan number, whose rows, or of whose
    scan the points, are as many as the frames. What is left is doubtful: it is shown, and made
    only if somebody says so.

    Examples
    --------
    >>> find_joins([], {})
    []
    """
    pieces = [
        Piece(decision, claim, _is_log(decision.chosen, ingestors))
        for decision in decisions
        if decision.chosen is not None and not decision.chosen.part
        for claim in decision.chosen.claims
    ]
    found = _doubt_rivals([*_by_uid(pieces), *_by_log(pieces), *_by_scan(pieces)])
    sure, odd = _united([join for join in found if join.is_sure])
    used = {id(piece.claim) for join in sure for piece in join.pieces}
    logged = {id(piece.claim) for join in found for piece in join.pieces if not piece.is_log}
    doubtful = {
        frozenset(id(piece.claim) for piece in join.pieces): join
        for join in (*_by_folder(pieces, logged), *_by_names(pieces), *found)
        if not join.is_sure
    }
    return [*sure, *odd, *(join for members, join in doubtful.items() if not members & used)]


def _doubt_rivals(joins: Sequence[Join]) -> list[Join]:
    """Make joins doubtful where one run fits several of another group: no two are the same run."""
    partners: dict[tuple[int, int], set[int]] = defaultdict(set)
    for join in joins:
        for piece in join.pieces if join.is_sure else ():
            for other in join.pieces:
                if other.decision is not piece.decision:
                    partners[id(piece.claim), id(other.decision)].add(id(other.claim))
    return [join if not join.is_sure else _doubted(join, partners) for join in joins]


def _doubted(join: Join, partners: Mapping[tuple[int, int], set[int]]) -> Join:
    rivals = max(
        len(partners.get((id(piece.claim), id(other.decision)), ()))
        for piece in join.pieces
        for other in join.pieces
    )
    if rivals < 2:
        return join
    reason = f"{join.reason}, but {rivals} runs of one file fit alike"
    return replace(join, reason=reason, is_sure=False)


def _united(joins: Sequence[Join]) -> tuple[list[Join], list[Join]]:
    """Make one join of those that share a run: two detectors and the log of both.

    Returns also those that would make too many of them, or twice the same group, one run: they
    are doubtful.
    """
    united: dict[int, Join] = {}
    holder: dict[int, int] = {}
    odd: list[Join] = []
    for number, join in enumerate(joins):
        shares = sorted({holder[id(p.claim)] for p in join.pieces if id(p.claim) in holder})
        together = [*(united[one] for one in shares), join]
        pieces = {id(piece.claim): piece for one in together for piece in one.pieces}
        whole = tuple(sorted(pieces.values(), key=lambda piece: piece.is_log))
        if not _are_several(whole):
            why = f"{join.reason}; but with what else is one acquisition it would be too much"
            odd.append(replace(join, reason=why, is_sure=False))
            continue
        for one in shares:
            del united[one]
        reasons = dict.fromkeys(one.reason for one in together)
        united[number] = Join(whole, "; ".join(reasons), True)
        holder |= dict.fromkeys(pieces, number)
    return list(united.values()), odd


def _is_log(offer: Offer, ingestors: Mapping[str, Ingestor]) -> bool:
    return offer.ingestor in ingestors and ingestors[offer.ingestor].is_log


def _by_uid(pieces: Iterable[Piece]) -> Iterator[Join]:
    recorded: dict[str, list[Piece]] = defaultdict(list)
    for piece in pieces:
        if piece.claim.acquisition.uid:
            recorded[piece.claim.acquisition.uid].append(piece)
    for uid, members in recorded.items():
        if _are_several(members):
            yield Join(tuple(members), f"they all record uid {uid}", True)
        elif 1 < len({id(piece.decision) for piece in members}) == len(members) <= _MOST_TOLD:
            many = f"they all record uid {uid}, but are {len(members)}: too many to be sure"
            yield Join(tuple(members), many, False)


def _are_several(members: Sequence[Piece]) -> bool:
    """Tell whether runs are of different groups, and few enough to be one acquisition."""
    groups = {id(piece.decision) for piece in members}
    return 1 < len(groups) == len(members) <= _MOST_MEMBERS


def _by_log(pieces: Sequence[Piece]) -> Iterator[Join]:
    logs = [piece for piece in pieces if piece.is_log]
    if not logs:
        return
    by_stem: dict[tuple[str, str], list[Piece]] = defaultdict(list)
    by_scan: dict[tuple[str, str, int], list[Piece]] = defaultdict(list)
    recorded: dict[tuple[str, int], list[Piece]] = defaultdict(list)
    for piece in pieces:
        if piece.is_log:
            continue
        for folder in (piece.folder, os.path.dirname(piece.folder)):
            if piece.claim.acquisition.scan_id is not None:
                recorded[folder, piece.claim.acquisition.scan_id].append(piece)
            by_stem[folder, piece.stem].append(piece)
            for stem, scan in _numbered(piece):
                by_scan[folder, stem, scan].append(piece)
    alike = Counter((log.folder, log.claim.acquisition.scan_id) for log in logs)
    for log in logs:
        number = log.claim.acquisition.scan_id
        stems = dict.fromkeys((log.stem, os.path.basename(log.claim.files[0])))
        scans = {
            id(piece): piece
            for stem in stems
            if number is not None
            for piece in by_scan.get((log.folder, stem, number), ())
        }
        for piece in scans.values():
            yield _log_join(piece, log, f"{log.told} records scan {number}")
        for piece in recorded.get((log.folder, number), ()) if number is not None else ():
            if id(piece) not in scans:
                join = _log_join(piece, log, f"{piece.told} and {log.told} record scan {number}")
                # Logs of two days count their scans alike.
                is_only = alike[log.folder, number] == 1
                yield join if is_only else replace(join, is_sure=False)
        if not scans and not log.claim.selector:
            for piece in by_stem.get((log.folder, log.stem), ()):
                yield _log_join(piece, log, f"{log.told} has the same name")


def _numbered(piece: Piece) -> Iterator[tuple[str, int]]:
    """Yield the stem without the number at its end, and that: ``tooth_003`` is scan 3 of tooth."""
    found = _LAST_NUMBER.fullmatch(piece.stem)
    if found is not None and len(found[2]) < 10:
        yield found[1], int(found[2])
        parts = found[1].rsplit("_", 1)  # a detector's name may stand between
        if len(parts) > 1:
            yield parts[0], int(found[2])


def _log_join(piece: Piece, log: Piece, why: str) -> Join:
    rows, frames = log.claim.acquisition.events, _frames(piece)
    if rows is None or frames is None:
        return Join(
            (piece, log), f"{why}, but how many rows and frames there are is not known", False
        )
    if rows == frames:
        return Join((piece, log), f"{why}, and {rows} rows for as many frames", True)
    return Join((piece, log), f"{why}, but {rows} rows for {frames} frames", False)


def _frames(piece: Piece) -> int | None:
    return piece.claim.acquisition.events


def _by_scan(pieces: Iterable[Piece]) -> Iterator[Join]:
    recorded: dict[tuple[str, int], list[Piece]] = defaultdict(list)
    for piece in pieces:
        number = piece.claim.acquisition.scan_id
        if number is not None and not piece.is_log:
            recorded[piece.folder, number].append(piece)
    for (_, number), members in recorded.items():
        if not _are_several(members):
            continue
        why = f"they all record scan {number}"
        if _overlap([piece.claim.acquisition for piece in members]):
            yield Join(tuple(members), f"{why}, at the same time", True)
        else:
            yield Join(tuple(members), f"{why}, but no times that overlap", False)


def _overlap(acquisitions: Sequence[Acquisition]) -> bool:
    starts = [item.start for item in acquisitions]
    stops = [item.stop for item in acquisitions]
    known = [time for time in (*starts, *stops) if time is not None]
    if len(known) < 2 * len(acquisitions):
        return False
    return max(t for t in starts if t is not None) <= min(t for t in stops if t is not None)


def _by_folder(pieces: Sequence[Piece], logged: Container[int]) -> Iterator[Join]:
    """Yield the only log in a folder that has as many rows as a series there has frames."""
    logs: dict[tuple[str, int], list[Piece]] = defaultdict(list)
    for piece in pieces:
        rows = piece.claim.acquisition.events
        if piece.is_log and rows is not None:
            logs[piece.folder, rows].append(piece)
    for piece in pieces if logs else ():
        frames = _frames(piece)
        if piece.is_log or id(piece.claim) in logged or frames is None or frames < 2:
            continue
        for folder in (piece.folder, os.path.dirname(piece.folder)):
            found = logs.get((folder, frames), [])
            if len(found) == 1:
                why = f"{found[0].told} lies there too, with {frames} rows for as many frames"
                yield Join((piece, found[0]), why, False)
            if found:
                break


def _by_names(pieces: Iterable[Piece]) -> Iterator[Join]:
    """Yield series with the same numbers whose names, or folders, differ in one word.

    Words are what separators part; those of two detectors differ in more than a number.
    """
    alike: dict[tuple[object, ...], dict[str, list[Piece]]] = defaultdict(lambda: defaultdict(list))
    for piece in pieces:
        group = piece.decision.group
        if len(group.names) < 2 or piece.is_log or piece.claim.selector or group.roles:
            continue
        ends = (len(group.names), *_counted(group))
        above, _, folder = piece.folder.rpartition("/")
        for where, text, rest in (
            (piece.folder, os.path.splitext(group.template)[0], ""),
            (above, folder, group.template),
        ):
            words = _WORDS.split(text)
            for position in range(0, len(words), 2):
                letters = "".join(sign for sign in words[position] if sign.isalpha())
                others = (*words[:position], None, *words[position + 1 :])
                if letters:
                    alike[where, ends, others, rest][letters].append(piece)
    for by_letters in alike.values():
        # Which of "a1" and "a2" belongs to "b1" the names do not say.
        members = [found[0] for found in by_letters.values() if len(found) == 1]
        if _are_several(members):
            why = "their names differ in one word, their numbers in none"
            yield Join(tuple(members), why, False)


def _counted(group: Group) -> tuple[tuple[str, ...] | None, ...]:
    """Return the numbers in the first and in the last name that count."""
    texts = map(re.escape, os.path.splitext(group.template)[0].split("{}"))
    match = re.compile("([0-9]+)".join(texts)).match
    ends = (match(group.names[0]), match(group.names[-1]))
    return tuple(None if found is None else found.groups() for found in ends)


# Making one group of them ------------------------------------------------------------------------


def join_group(join: Join) -> Group:
    """Return the group that a join makes of its members.

    Its template tells the members; its members are their groups.
    """
    groups = [piece.decision.group for piece in join.pieces]
    files = list(dict.fromkeys(path for piece in join.pieces for path in piece.claim.files))
    folder = os.path.commonpath([os.path.dirname(path) for path in files])
    start = len(folder.rstrip("/")) + 1
    return Group(
        folder,
        tuple(path[start:] for path in files),
        " + ".join(piece.told for piece in join.pieces),
        ingestor=JOINER,
        members=tuple(groups),
    )


def join_offer(join: Join, joiner: Ingestor) -> Offer:
    """Return the offer to make one run of the members of a join."""
    claims = [piece.claim for piece in join.pieces]
    labels = _labels(join.pieces)
    parts = [
        {
            "ingestor": claim.ingestor,
            "args": list(claim.args),
            "kwargs": dict(claim.kwargs),
            "name": label,
        }
        for claim, label in zip(claims, labels, strict=True)
    ]
    files = tuple(dict.fromkeys(path for claim in claims for path in claim.files))
    evidence = (
        Evidence("join", files[0], join.reason, True),
        *(item for claim in claims for item in claim.evidence),
    )
    notes = tuple(dict.fromkeys(note for claim in claims for note in claim.notes))
    weakest = [piece.decision.chosen.tier for piece in join.pieces if piece.decision.chosen]
    claim = Claim(JOINER, joiner.version, files, joiner.ingest, (parts,), {}, evidence, notes)
    return Offer(JOINER, weakest[0], (claim,), evidence, notes)


def _labels(pieces: Sequence[Piece]) -> list[str]:
    """Return a name for each member: what tells its files' names from the others'."""
    data = [piece for piece in pieces if not piece.is_log]
    in_names = len({piece.stem for piece in data}) > 1
    named = {id(p): p.stem if in_names else os.path.basename(p.folder) for p in data}
    words = {one: re.split(r"[_\-. ]+", name) for one, name in named.items()}
    before = _common_start([*words.values()])
    after = _common_start([found[before:][::-1] for found in words.values()])
    labels: list[str] = []
    for piece in pieces:
        found = words.get(id(piece), [])
        label = re.sub(r"\W+", "_", "_".join(found[before : len(found) - after])).strip("_")
        if piece.is_log:
            label = "log"
        elif not label or label[0].isdigit():
            label = piece.claim.ingestor.replace("-", "_")
        while label in labels:
            label += "_2"
        labels.append(label)
    return labels


def _common_start(texts: Sequence[Sequence[str]]) -> int:
    """Return how many words all begin with alike."""
    alike = (len(set(words)) == 1 for words in zip(*texts, strict=False))
    shortest = min(map(len, texts), default=0)
    return next((number for number, same in enumerate(alike) if not same), shortest)
