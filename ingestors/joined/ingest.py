"""One run out of several calls of ingestors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.documents import Document, RunComposer, child_uid, validate
from ...core.places import Place, observe, run_uid
from ...core.places.identity import digest_of
from .addressing import Address, addresses
from .layout import Layout, lay_out
from .merging import Shared, rest_documents
from .parts import Part, open_parts
from .starting import choose_clock, start_metadata

__all__ = ["ingest_joined"]

_WORST = ("success", "abort", "fail")


def ingest_joined(
    parts: Sequence[Mapping[str, Any]], *, metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    r"""Ingest what several calls of ingestors give as one run.

    The documents of all parts are read, no pixel; then they are given anew, under one start. The
    images stay where they are. Main streams that count alike are merged to ``primary``; every other
    stream carries its part's name. The order of the parts is that of the streams and columns; the
    run is the same in any.

    Parameters
    ----------
    parts
        Two or more dicts ``{"ingestor": …, "args": […], "kwargs": {…}, "name": …}``: the name of a
        registered ingestor, what to call it with, and what to call what it gives.
    metadata
        More for the start document; replaces what the parts say.

    Raises
    ------
    SettingsError, UnregisteredIngestorError
        If these are no parts.
    PenstockError
        If a part cannot be opened: the error is its ingestor's, and names the part. One that could
        be when the run entered a catalog is missing from then on, and the run is partial; its
        ``reason`` says why.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("frame,I0\n1,0.5\n2,0.6\n")
    >>> _ = (folder / "b.csv").write_text("frame,T [K]\n2,301\n1,300\n")
    >>> documents = list(
    ...     ingest_joined(
    ...         [
    ...             {"ingestor": "text-log", "args": [str(folder / "a.csv")], "name": "counter"},
    ...             {"ingestor": "text-log", "args": [str(folder / "b.csv")], "name": "stage"},
    ...         ]
    ...     )
    ... )
    >>> [name for name, doc in documents]
    ['start', 'descriptor', 'event_page', 'stop']
    >>> documents[2][1]["data"]["I0"], documents[2][1]["data"]["T"]
    ([0.5, 0.6], [300, 301])
    """
    with observe():
        opened = open_parts(parts)
        layout = lay_out(opened)
    uid = _uid_of(opened)
    told = addresses(uid, opened, layout.names)
    present = [part for part in opened if part.source is not None]
    run = RunComposer(
        uid=uid,
        time=min(float(part.start["time"]) for part in present),
        metadata=start_metadata(opened, layout, told, metadata or {}),
    )
    yield run.start()

    counts: dict[str, int] = {}
    for name, doc in _documents(uid, opened, layout, told, counts):
        if name == "descriptor":
            validate(name, doc)
        yield name, doc
    stop = _stop(run, opened, counts)
    validate("stop", stop)
    yield "stop", stop


def _uid_of(parts: Sequence[Part]) -> str:
    """Return the run's uid, which depends on nothing but which runs its parts are.

    These tell where the files lie; a joined run has no place beside theirs.
    """
    return run_uid(Place("", "", digest_of(sorted(part.uid for part in parts))), part="joined")


def _documents(
    uid: str,
    parts: Sequence[Part],
    layout: Layout,
    told: Mapping[str, Address],
    counts: dict[str, int],
) -> Iterator[Document]:
    """Yield all between start and stop, and count the rows of each stream."""
    mains = layout.shared
    merged = len(mains) > 1
    shared = None
    if merged:
        in_order = [told[main.part.name] for main in mains]
        shared = Shared(uid, mains, in_order, choose_clock(mains))
        counts["primary"] = shared.rows
        yield "descriptor", shared.descriptor()
    skipped = {main.descriptor["uid"] for main in mains if merged and main.descriptor is not None}
    for part in parts:
        if part.source is None:
            continue
        address = told[part.name]
        for name, doc in part.reader.documents():
            if name in ("start", "stop") or (name == "descriptor" and doc["uid"] in skipped):
                continue
            if name in ("event", "event_page") and doc["descriptor"] in skipped:
                continue
            yield name, address.tell(name, doc)
        for stream, outline in part.reader.streams.items():
            if not any(doc["uid"] in skipped for doc in outline.descriptors):
                counts[address.streams[stream]] = part.reader.row_count(stream)
    for main in mains:
        if main.rest is not None:
            name = _free(main.part.name, counts)
            counts[name] = len(main.rest)
            yield from rest_documents(uid, main, told[main.part.name], name)
    if shared is not None:
        yield from shared.pages()


def _free(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name


# The end -----------------------------------------------------------------------------------------


def _stop(run: RunComposer, parts: Sequence[Part], counts: dict[str, int]) -> dict[str, Any]:
    ends = [(part, *_end_of(part)) for part in parts]
    times = [
        float(part.reader.stop["time"])
        for part in parts
        if part.source is not None and part.reader.stop is not None
    ]
    status = max((status for _, status, _ in ends), key=_WORST.index)
    reasons = [f"{part.name}: {reason}" for part, own, reason in ends if reason and own == status]
    return {
        "uid": child_uid(run.uid, "stop"),
        "run_start": run.uid,
        "time": max([run.time, *times]),
        "exit_status": status,
        "reason": "; ".join(reasons),
        "num_events": counts,
    }


def _end_of(part: Part) -> tuple[str, str]:
    """Return how a part ended, and why."""
    if part.trouble:
        return "fail", f"inferred: {part.trouble}"
    stop = part.reader.stop
    if stop is None:
        return "abort", "inferred: it has no end; it is in progress, or was cut short"
    status = stop.get("exit_status", "success")
    return status if status in _WORST else "fail", str(stop.get("reason") or "")
