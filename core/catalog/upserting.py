"""From a call to an entry of a catalog: checked, pulled to its start, its files' state noted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import PluginError, UpsertError
from ..places import Fingerprint, observe
from ..places.pinning import noted_identities
from ..registry import get_registry, resolve_reference
from ..registry.references import tell_exit
from ..run.source import CallSource, fingerprint_call, pull_start
from .store import Entry

__all__ = ["PlainCall", "entry_of_call", "resolve_call"]


class PlainCall(NamedTuple):
    """A call that has been checked, and belongs to nobody else."""

    function: Callable[..., Iterable[Any]]
    args: list[Any]
    kwargs: dict[str, Any]


def resolve_call(
    ingest_fn: Callable[..., Iterable[Any]] | str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> PlainCall:
    """Check a call, and copy its arguments.

    Parameters
    ----------
    ingest_fn
        A function; a str names a registered ingestor, or is a reference ``"module:function"``.

    Raises
    ------
    UpsertError
        If it cannot be repeated.

    Examples
    --------
    >>> resolve_call("json:dumps", ([1],), {}).args
    [[1]]
    """
    function = _resolved(ingest_fn)
    _check_call(args, kwargs)
    return PlainCall(function, _own(list(args)), _own(dict(kwargs)))


def entry_of_call(
    call: PlainCall,
    provenance: Mapping[str, Any],
    known: Callable[[str], Entry | None] = lambda uid: None,
) -> Entry:
    """Call an ingestor, pull its start document, and return what a catalog keeps of it.

    Parameters
    ----------
    provenance
        What the caller knows about who chose it and why.
    known
        Looks up the entry that a uid has so far; the provenance then tells how the files changed.

    Examples
    --------
    >>> call = resolve_call(lambda: iter([("start", {"uid": "6f2a", "time": 0.0})]), (), {})
    >>> entry_of_call(call, {}).start
    {'uid': '6f2a', 'time': 0.0}
    """
    function, args, kwargs = call
    with observe(), noted_identities() as identities:
        where = getattr(function, "__qualname__", repr(function))
        try:
            documents = function(*args, **kwargs)
            _check_documents(documents, function)
            start = pull_start(documents, where)
        except SystemExit as error:
            raise PluginError(tell_exit("the ingestor", error), where=where) from error
        name = get_registry().name_of(function)
        fingerprint = fingerprint_call(function, args, kwargs)
    source = CallSource(function, tuple(args), kwargs, start, fingerprint, identities)
    recorded = _provenance(name, function, fingerprint, provenance)
    previous = known(start["uid"])
    if previous is not None:
        recorded["replaced"] = _change(previous, fingerprint)
    return Entry(source, recorded)


def _resolved(ingest_fn: Callable[..., Iterable[Any]] | str) -> Callable[..., Iterable[Any]]:
    if isinstance(ingest_fn, str):
        if ":" in ingest_fn:
            return resolve_reference(ingest_fn)
        return get_registry().function_of(ingest_fn)
    if not callable(ingest_fn):
        raise UpsertError(
            f"the first argument is a {type(ingest_fn).__name__}, not a function",
            remedy="Give the generator function itself, then its arguments: "
            'catalog.upsert(ingest_tiff_series, ("files/*.tif",), {}).',
        )
    return ingest_fn


def _check_call(args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    if isinstance(args, str | bytes | os.PathLike) or not isinstance(args, Sequence):
        raise UpsertError(
            f"args is a {type(args).__name__}, not a tuple",
            remedy='One argument makes a tuple with a comma: ("files/*.tif",).',
        )
    if not isinstance(kwargs, Mapping):
        raise UpsertError(f"kwargs is a {type(kwargs).__name__}, not a dict")
    named = {f"argument {number}": value for number, value in enumerate(args, 1)}
    for name, value in {**named, **kwargs}.items():
        _check_repeatable(name, value)


def _check_repeatable(name: str, value: Any) -> None:
    if isinstance(value, Iterator):
        raise UpsertError(
            f"{name} is a {type(value).__name__}, which can be used once only",
            remedy="A run is read by calling its ingestor again: give a list, or a path "
            "instead of an open file.",
        )
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_repeatable(f"{name}[{key!r}]", item)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            if not isinstance(item, str):  # the most are paths, and many
                _check_repeatable(f"{name}[{number}]", item)


def _own(value: Any) -> Any:
    """Copy lists and dicts, so that what their owner does to them later changes no run."""
    if type(value) is dict:
        return {key: _own(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_own(item) for item in value)
    return value


def _check_documents(documents: Any, function: Any) -> None:
    if not isinstance(documents, Iterable):
        raise UpsertError(
            f"returned a {type(documents).__name__}, not documents",
            where=getattr(function, "__qualname__", repr(function)),
            remedy="An ingestor yields pairs (name, document), the start first.",
        )


def _provenance(
    name: str | None,
    function: Any,
    fingerprint: Fingerprint | None,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    provenance = dict(given)
    provenance.setdefault("ingestor", name)
    provenance.setdefault(
        "function",
        f"{function.__module__}:{function.__qualname__}"
        if hasattr(function, "__qualname__")
        else repr(function),
    )
    if name is not None:
        provenance.setdefault("version", get_registry().ingestor(name).version)
    if fingerprint is not None:
        provenance["fingerprint"] = fingerprint.to_dict()
    return provenance


def _change(previous: Entry, now: Fingerprint | None) -> str:
    """Say how the files of a run changed since it was upserted before."""
    before = previous.source.fingerprint()
    return "unknown" if before is None or now is None else before.compare(now)
