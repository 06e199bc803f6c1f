"""Assets that older documents refer to: ``resource`` and ``datum``, read by handler classes.

A handler is a class that is called with the path of a resource and its ``resource_kwargs``; its
instances are called with ``datum_kwargs`` and return the value of one event.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..assets.array import AssetArray, Piece
from ..assets.protocol import Region
from ..errors import AssetError, FrameMismatchError, PenstockError
from ..registry import handler_entry_points
from .opening import AssetAccess
from .outline import RunOutline

__all__ = ["DatumFrames", "open_datums"]


@dataclass(frozen=True)
class _Datum:
    handler: Callable[..., Any]
    path: str
    resource_kwargs: Mapping[str, Any]
    datum_kwargs: Mapping[str, Any]
    resource: str


@dataclass(frozen=True)
class DatumFrames:
    """The values of a column of datum ids; index `n` is that of the n-th."""

    datums: tuple[_Datum, ...]
    frame_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    frames_per_chunk: int = 1

    def read(self, start: int, stop: int, region: Region | None, out: NDArray[Any]) -> None:
        """Read by calling the handlers, one instance for each resource; see `Frames.read`."""
        handlers: dict[str, Any] = {}
        try:
            for number in range(start, stop):
                datum = self.datums[number]
                if datum.resource not in handlers:
                    handlers[datum.resource] = _open(datum)
                value = _value(handlers[datum.resource], datum)
                if value.shape != self.frame_shape:
                    raise FrameMismatchError(
                        f"event {number + 1} has shape {value.shape} where the first has "
                        f"{self.frame_shape}",
                        where=datum.path,
                    )
                if not np.can_cast(value.dtype, self.dtype, "safe"):
                    raise FrameMismatchError(
                        f"event {number + 1} has dtype {value.dtype} where the first has "
                        f"{self.dtype}",
                        where=datum.path,
                    )
                out[number - start] = value if region is None else value[region]
        finally:
            for handler in handlers.values():
                close = getattr(handler, "close", None)
                if callable(close):
                    close()


def open_datums(
    outline: RunOutline, datum_ids: Sequence[str], access: AssetAccess, label: str
) -> AssetArray:
    """Return a column of datum ids as a lazy array.

    The first datum is read to learn shape and dtype: what descriptors of such documents say is
    often not what their handlers return.

    Raises
    ------
    AssetError
        If a datum or its resource is not among the documents, no handler is known, or it fails.
    """
    handlers: dict[str, Callable[..., Any]] = {}  # by spec: what is installed is looked up once
    datums = tuple(_find(outline, datum_id, access, label, handlers) for datum_id in datum_ids)
    handler = _open(datums[0])
    try:
        first = _value(handler, datums[0])
    finally:
        close = getattr(handler, "close", None)
        if callable(close):
            close()
    frames = DatumFrames(datums, first.shape, first.dtype)
    return AssetArray([Piece(frames, 0, len(datums))], label=label)


def _find(
    outline: RunOutline,
    datum_id: str,
    access: AssetAccess,
    label: str,
    handlers: dict[str, Callable[..., Any]],
) -> _Datum:
    try:
        datum = outline.datums[datum_id]
        resource = outline.resources[datum["resource"]]
    except KeyError as error:
        raise AssetError(
            f"datum {datum_id!r} or its resource is not among the run's documents", where=label
        ) from error
    spec = resource["spec"]
    if spec not in handlers:
        handlers[spec] = _handler_for(spec, access)
    return _Datum(
        handler=handlers[spec],
        path=_resource_path(resource, access),
        resource_kwargs=resource.get("resource_kwargs", {}),
        datum_kwargs=datum.get("datum_kwargs", {}),
        resource=resource["uid"],
    )


def _resource_path(resource: Mapping[str, Any], access: AssetAccess) -> str:
    return access.resolve(os.path.join(resource.get("root", ""), resource["resource_path"]))


def _handler_for(spec: str, access: AssetAccess) -> Callable[..., Any]:
    handler: Callable[..., Any] | None = access.handler_registry.get(spec)
    if handler is None:
        handler = handler_entry_points().get(spec)
    if handler is None:
        raise AssetError(
            f"no handler is known for resources of spec {spec!r}",
            remedy="Pass handler_registry={spec: handler class} to the catalog, or install a "
            "package that provides it (entry-point group databroker.handlers).",
        )
    return handler


def _open(datum: _Datum) -> Any:
    try:
        return datum.handler(datum.path, **datum.resource_kwargs)
    except PenstockError:
        raise
    except (Exception, SystemExit) as error:
        raise AssetError(
            f"its handler failed: {type(error).__name__}: {error}", where=datum.path
        ) from error


def _value(handler: Any, datum: _Datum) -> NDArray[Any]:
    try:
        return np.asarray(handler(**datum.datum_kwargs))
    except PenstockError:
        raise
    except (Exception, SystemExit) as error:
        raise AssetError(
            f"its handler failed on {dict(datum.datum_kwargs)}: {type(error).__name__}: {error}",
            where=datum.path,
        ) from error
