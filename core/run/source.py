"""Where a run's documents come from: the one protocol that runs and catalogs know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from ..documents import Document, normalise
from ..errors import DocumentError, InconsistentRunError, PenstockError, PluginError
from ..places import Fingerprint, take_fingerprint
from ..places.pinning import Pins, pinned
from ..registry import calls_of, get_registry
from ..registry.references import tell_exit

__all__ = [
    "CallSource",
    "DocumentsSource",
    "RunSource",
    "check_start",
    "fingerprint_call",
    "pull_start",
]

IngestFunction = Callable[..., Iterable[Document]]


@runtime_checkable
class RunSource(Protocol):
    """Gives the documents of one run, as often as asked."""

    @property
    def start(self) -> dict[str, Any]:
        """The start document; having it costs nothing."""

    def documents(self) -> Iterator[Document]:
        """Yield the run's documents, the start first; each call is one consistent pass."""

    def fingerprint(self) -> Fingerprint | None:
        """Return what tells a changed run from an unchanged one; None if nothing does."""


def pull_start(documents: Iterable[Document], where: str) -> dict[str, Any]:
    """Take the start document from the head of a stream of documents, and let go of the rest.

    Raises
    ------
    DocumentError
        If the stream is empty, begins with something else, or its start has no usable uid or time.

    Examples
    --------
    >>> pull_start([("start", {"uid": "6f2a", "time": 0.0})], "here")
    {'uid': '6f2a', 'time': 0.0}
    """
    iterator = iter(documents)
    try:
        first = next(iterator, None)
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
    return _checked_start(first, where)


def _checked_start(first: Any, where: str) -> dict[str, Any]:
    return check_start(normalise(_start_of(first, where), where="start"), where)


def _start_of(first: Any, where: str) -> Mapping[str, Any]:
    """Return the start document that a stream begins with, as it is."""
    remedy = "An ingestor yields ('start', doc) first; see event_model.compose_run."
    if first is None:
        raise DocumentError("gave no documents at all", where=where, remedy=remedy)
    if not (isinstance(first, tuple | list) and len(first) == 2 and first[0] == "start"):
        what = first[0] if isinstance(first, tuple | list) and first else type(first).__name__
        raise DocumentError(f"began with {what!r}, not a start", where=where, remedy=remedy)
    if not isinstance(first[1], Mapping):
        raise DocumentError("gave a start that is no dict", where=where, remedy=remedy)
    return first[1]


def check_start(
    start: dict[str, Any],
    where: str,
    remedy: str = "An ingestor yields ('start', doc) first; see event_model.compose_run.",
) -> dict[str, Any]:
    """Return a start document of plain data, if it has a uid and a time that can be used.

    Examples
    --------
    >>> check_start({"uid": "6f2a", "time": 0.0}, "here")
    {'uid': '6f2a', 'time': 0.0}
    """
    if not isinstance(start.get("uid"), str) or not start["uid"]:
        raise DocumentError(
            f"gave a start whose uid is {start.get('uid')!r}", where=where, remedy=remedy
        )
    if isinstance(start.get("time"), bool) or not isinstance(start.get("time"), int | float):
        raise DocumentError(
            f"gave a start whose time is {start.get('time')!r}",
            where=where,
            remedy="Give seconds since 1970-01-01 UTC.",
        )
    return start


@dataclass(frozen=True)
class CallSource:
    """A run that an ingestor gives when it is called.

    Parameters
    ----------
    function, args, kwargs
        The call.
    start
        The start document that was pulled when the call entered the catalog; it stays what it was.

    Examples
    --------
    >>> def ingest(uid):
    ...     yield "start", {"uid": uid, "time": 0.0}
    >>> source = CallSource(ingest, ("6f2a",), {}, start={"uid": "6f2a", "time": 0.0})
    >>> [name for name, doc in source.documents()]
    ['start']
    """

    function: IngestFunction
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    start: dict[str, Any]
    recorded_fingerprint: Fingerprint | None = None
    pins: Pins = field(default_factory=dict)
    """Whose files the call was found to read; later passes mean the same ones."""

    @property
    def label(self) -> str:
        """What to call it in messages."""
        name = getattr(self.function, "__qualname__", None) or repr(self.function)
        return f"{name}({', '.join(_short(arg) for arg in self.args)})"

    def documents(self) -> Iterator[Document]:
        """Call the ingestor and yield what it gives, under the start document that is known.

        Raises
        ------
        InconsistentRunError
            If it gives another run's documents now.
        """
        stream: Any = None
        try:
            with pinned(self.pins):
                stream = iter(self.function(*self.args, **self.kwargs))
            with pinned(self.pins):
                begun = _start_of(next(stream, None), self.label)
            # The start that is known is yielded: of this one the rest need not be plain data.
            told = {name: normalise(begun.get(name), where="start") for name in ("uid", "time")}
            start = check_start(told, self.label)
            if start["uid"] != self.start["uid"]:
                raise InconsistentRunError(
                    f"gives run {start['uid']!r} now, but was upserted as {self.start['uid']!r}",
                    where=self.label,
                    remedy="Derive the uid from what is ingested, so that it stays the same, "
                    "and upsert again.",
                )
            yield "start", self.start
            while True:
                # Not around the loop: what is pinned here is nothing to who takes the documents.
                with pinned(self.pins):
                    item = next(stream, None)
                if item is None:
                    break
                yield item
        except SystemExit as error:
            raise PluginError(tell_exit("the ingestor", error), where=self.label) from error
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()

    def arguments_with(self, paths: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments and keyword arguments of the same call on other paths."""
        if self.args:
            return (paths, *self.args[1:]), dict(self.kwargs)
        registry = get_registry()
        parameter = registry.path_parameter(registry.name_of(self.function) or "")
        return (), {**self.kwargs, parameter: paths}

    def fingerprint(self) -> Fingerprint | None:
        """Return the fingerprint of the files as they were when the call entered the catalog."""
        return self.recorded_fingerprint

    def current_fingerprint(self) -> Fingerprint | None:
        """Return the fingerprint of the files as they are now."""
        with pinned(self.pins):
            return fingerprint_call(self.function, self.args, self.kwargs)


@dataclass(frozen=True)
class DocumentsSource:
    """A run whose documents are in memory.

    Examples
    --------
    >>> DocumentsSource([("start", {"uid": "6f2a", "time": 0.0})]).start["uid"]
    '6f2a'
    """

    recorded: Sequence[Document]
    start: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        first = self.recorded[0] if self.recorded else None
        object.__setattr__(self, "start", _checked_start(first, "documents"))

    @property
    def label(self) -> str:
        """What to call it in messages."""
        return f"run {self.start['uid']}"

    def documents(self) -> Iterator[Document]:
        """Yield the documents."""
        yield "start", self.start
        yield from self.recorded[1:]

    def fingerprint(self) -> Fingerprint | None:
        """Return None: documents in memory are what they are."""
        return None


def fingerprint_call(
    function: IngestFunction, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Fingerprint | None:
    """Take the fingerprint of the files that a call of a registered ingestor reads.

    Returns
    -------
    Fingerprint or None
        None where the function is not registered: nothing tells which argument is the path. Of a
        call that takes calls, the fingerprints of all of them, joined.

    Examples
    --------
    >>> print(fingerprint_call(iter, (), {}))
    None
    """
    registry = get_registry()
    name = registry.name_of(function)
    if name is None:
        return None
    paths = args[0] if args else kwargs.get(registry.path_parameter(name))
    if registry.ingestor(name).takes == "calls":
        return _fingerprint_calls(paths)
    try:
        return None if paths is None else take_fingerprint(paths)
    except (PenstockError, TypeError):  # what this ingestor takes is no file, glob or list of files
        return None


def _fingerprint_calls(given: Any) -> Fingerprint | None:
    try:
        calls = calls_of(given)
        taken = [fingerprint_call(call.function, call.args, call.kwargs) for call in calls]
    except PenstockError:
        return None
    found = [fingerprint for fingerprint in taken if fingerprint is not None]
    return Fingerprint.joined(found) if len(found) == len(taken) else None


def _short(value: Any, length: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= length else f"{text[: length - 1]}…"
