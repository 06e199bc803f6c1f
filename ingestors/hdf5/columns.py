"""What varies from event to event beside the images: axes, counters and attributes of the frames.

A dataset belongs to the events because NeXus says so (``@axes``, ``<name>_indices``, ``axis=1``),
because it lies in the same group as the signal and is as long, because EPICS areaDetector marked it
as an attribute of the frames (``NDAttrName``), or because the caller named it; never by its length
alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import h5py
import numpy as np

from ...core.documents import safe_key
from ...core.errors import AssetError, DataShapeError, UnsafeLinkError
from ..assets.hdf5.links import Target
from ..assets.hdf5.sources import SourceCheck
from .images import Image
from .one_column import Column, read_column
from .reader import Reader
from .signals import Selection
from .tree import address_of, describe_dataset, is_under, member_names
from .values import is_text, read_attribute, text_attribute

__all__ = ["Columns", "find_columns"]

_FEWEST_EVENTS = 3
"""Of fewer events, one more or less says nothing."""
_MOST_LISTED = 12


@dataclass
class Columns:
    """The columns of a stream, and what was found on the way."""

    columns: list[Column] = field(default_factory=list)
    loose: list[Column] = field(default_factory=list)
    """Of one value more or less than there are events."""
    dims: tuple[str, ...] | None = None
    """Names of the frame's own axes."""
    used: set[str] = field(default_factory=set)
    """Paths that need not be told again in the metadata."""
    notes: list[str] = field(default_factory=list)


def find_columns(
    reader: Reader,
    images: Sequence[Image],
    selection: Selection,
    check: SourceCheck,
    *,
    taken: set[str],
) -> Columns:
    """Find the columns that belong to the events of an image.

    Parameters
    ----------
    images
        All data of the run, which are no columns; those that belong to the first are looked for.
    selection
        Says which columns an origin and the caller attach.
    taken
        Data keys that are in use already; those of the columns are added.

    Raises
    ------
    DataShapeError
        If a dataset that the caller attaches is not as long as there are events.
    """
    found = Columns()
    image = images[0]
    axes = _declared_axes(reader, image)
    found.dims = _frame_dims(image, axes)
    seen = {(other.signal.target.file, other.signal.info.address) for other in images}
    for path, name in selection.belonging.items():
        try:
            target = reader.find(path)
        except (AssetError, UnsafeLinkError) as error:
            found.notes.append(f"{path} is left out: {error}")
            continue
        identity = (target.file, address_of(target.object))
        if identity not in seen:
            seen.add(identity)
            before, loose = len(found.columns), len(found.loose)
            _attach(reader, image, target, name, _dims_of(image, target), check, found)
            if (len(found.columns), len(found.loose)) == (before, loose):
                _note_misfit(image, target, found)
            # That it goes with the events does not make it what they were taken along.
            found.columns[before:] = [replace(c, axis=None) for c in found.columns[before:]]
    for target, name, dims in _belonging(reader, image, axes, found):
        identity = (target.file, address_of(target.object))
        if identity in seen or target.name in selection.told:
            continue
        seen.add(identity)
        _attach(reader, image, target, name, dims, check, found)
    for path in selection.columns:
        target = reader.find(path)
        identity = (target.file, address_of(target.object))
        if identity not in seen:
            seen.add(identity)
            _attach_named(reader, image, target, path, check, found)
    found.columns = _with_unique_keys(found.columns, taken)
    found.loose = _with_unique_keys(found.loose, taken)
    _note_equal_lengths(reader, image, selection, found)
    return found


def _note_misfit(image: Image, target: Target, found: Columns) -> None:
    shape = getattr(target.object, "shape", None) or ()
    if shape and shape != (1,) and shape[0] != image.events:
        found.notes.append(
            f"{target.name} has {shape[0]} values for {image.events} events: it is left out"
        )


Dims = tuple[int, ...]


def _dims_of(image: Image, target: Target) -> Dims | None:
    """Return the scan axes that a dataset is along by its shape; None where its shape is another's.

    Whole scans first, so that what is as long as there are events belongs to these.
    """
    shape = getattr(target.object, "shape", None)
    if shape and _trim(shape) == image.scan_shape:
        return tuple(range(image.scan_axes))
    return None


def _declared_axes(reader: Reader, image: Image) -> dict[str, Dims]:
    """Return the members of the signal's NXdata that are axes, and of which of its dimensions."""
    group = image.signal.group
    if group is None or not isinstance(group.object, h5py.Group):
        return {}
    axes: dict[str, Dims] = {}
    listed = read_attribute(group.object, "axes") or _axes_of_signal(image.signal.target)
    listed = listed or read_attribute(group.object, "I_axes")  # as canSAS says it
    names = [listed] if isinstance(listed, str) else listed
    for position, name in enumerate(names if isinstance(names, list) else []):
        if isinstance(name, str) and name not in (".", ""):
            axes[name] = (*axes.get(name, ()), position)
    for attribute in _attribute_names(group.object):
        if attribute.endswith("_indices"):
            value = read_attribute(group.object, attribute)
            indices = value if isinstance(value, list) else [value]
            if all(isinstance(index, int) for index in indices):
                axes[attribute.removesuffix("_indices")] = tuple(indices)
    return {
        name: dims
        for name, dims in axes.items()
        if all(0 <= dim < len(image.shape) for dim in dims)
    }


def _axes_of_signal(target: Target) -> list[str]:
    """Older files name the axes on the signal: ``"y:x"``, ``"y,x"`` or ``"[y,x]"``."""
    text = text_attribute(target.object, "axes").strip("[]")
    return text.replace(",", ":").split(":") if text else []


def _attribute_names(found: h5py.Group) -> list[str]:
    try:
        return [name for name in found.attrs if isinstance(name, str)]
    except (OSError, RuntimeError, KeyError):
        return []


def _frame_dims(image: Image, axes: dict[str, Dims]) -> tuple[str, ...] | None:
    names = {dims[0]: name for name, dims in axes.items() if len(dims) == 1}
    rank = len(image.frame_shape)
    found = [names.get(image.scan_axes + axis) for axis in range(rank)]
    if not rank or not any(found):
        return None
    default = ["y", "x"] if rank == 2 else [f"dim_{axis}" for axis in range(rank)]
    dims = tuple(safe_key(n) if n else d for n, d in zip(found, default, strict=True))
    return dims if len(set(dims)) == rank else None


def _belonging(
    reader: Reader, image: Image, axes: dict[str, Dims], found: Columns
) -> Iterator[tuple[Target, str, Dims | None]]:
    """Yield what belongs to the events, and the dimensions of the signal that it counts along."""
    if not image.scan_axes:
        return
    group = image.signal.group
    if group is not None and isinstance(group.object, h5py.Group):
        pieces = {piece.name.rpartition("/")[2] for piece in image.signal.pieces}
        for name in _group_names(group.object):
            if name in pieces:
                continue
            try:
                target = reader.child(group, name)
            except (AssetError, UnsafeLinkError) as error:
                if name in axes:
                    found.notes.append(f"axis {name} is left out: {error}")
                continue
            if isinstance(target.object, h5py.Dataset):
                yield target, name, axes.get(name) or _marked_axis(target, image)
    for path, info in reader.tree.datasets.items():
        parent = path.rsplit("/", 2)[-2]
        if info.shape and info.shape[0] in _near(image) and len(info.shape) == 1:
            target = reader.find(path)
            label = read_attribute(target.object, "NDAttrName")
            if label or parent == "NDAttributes":
                yield (
                    target,
                    label if isinstance(label, str) and label else path.rsplit("/", 1)[1],
                    (0,),
                )


def _near(image: Image) -> tuple[int, ...]:
    return (image.events, image.events - 1, image.events + 1)


def _group_names(group: h5py.Group) -> list[str]:
    try:
        return member_names(group)
    except (OSError, RuntimeError, KeyError):
        return []


def _marked_axis(target: Target, image: Image) -> Dims | None:
    """Older files mark an axis by its number, counting from 1."""
    mark = read_attribute(target.object, "axis")
    try:
        dim = int(mark) - 1
    except (TypeError, ValueError):
        return None
    return (dim,) if 0 <= dim < len(image.shape) else None


def _attach(
    reader: Reader,
    image: Image,
    target: Target,
    name: str,
    dims: Dims | None,
    check: SourceCheck,
    found: Columns,
) -> None:
    """Attach a dataset where its dimensions or, in the signal's own group, its length fit."""
    info = describe_dataset(target.object, target.name)
    shape = info.shape
    if not shape or not (info.numeric or is_text(info.dtype)) or info.dtype.kind == "c":  # type: ignore[union-attr]
        return
    if dims is not None and any(dim >= image.scan_axes for dim in dims):
        return  # an axis of the frame itself
    flat = _trim(shape)
    if dims is None:
        rival = image.events in image.shape[image.scan_axes :] and len(flat) == 1
        if rival and flat[0] == image.events:
            found.notes.append(f"{target.name} could be along events or along the image's axes")
            return
        dims = tuple(range(image.scan_axes)) if flat == image.scan_shape else (0,)
        if flat not in (image.scan_shape, (image.events,)) and not _is_loose(image, flat):
            return
    column = _read(reader, target, name, check, found)
    if column is None:
        return
    column = replace(
        column, axis=dims[0] if len(dims) == 1 and flat == (image.shape[dims[0]],) else None
    )
    _place(image, column, dims, flat, found)


def _place(image: Image, column: Column, dims: Dims, flat: tuple[int, ...], found: Columns) -> None:
    expected = tuple(image.shape[dim] for dim in dims)
    values = column.values.reshape(flat)
    if flat == expected:
        spread = [1] * image.scan_axes
        for dim, size in zip(dims, expected, strict=True):
            spread[dim] = size
        order = np.argsort(dims)
        rows = np.broadcast_to(values.transpose(order).reshape(spread), image.scan_shape)
        found.columns.append(replace(column, values=rows.reshape(-1)))
    elif flat == (image.events,):
        found.columns.append(replace(column, values=values, axis=None))
    elif _is_loose(image, flat):
        found.loose.append(replace(column, values=values, axis=None))
        found.notes.append(
            f"{column.path} has {flat[0]} values for {image.events} events:"
            " it is a stream of its own"
        )
    else:
        found.notes.append(f"{column.path} has shape {flat}, which fits no axis of the events")
        return
    found.used.add(column.path)


def _is_loose(image: Image, flat: tuple[int, ...]) -> bool:
    return len(flat) == 1 and image.events >= _FEWEST_EVENTS and abs(flat[0] - image.events) == 1


def _trim(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Drop axes of size 1 behind the first."""
    return (shape[0], *(size for size in shape[1:] if size != 1))


def _attach_named(
    reader: Reader, image: Image, target: Target, path: str, check: SourceCheck, found: Columns
) -> None:
    column = _read(reader, target, path.rsplit("/", 1)[-1], check, found)
    shape = () if column is None else column.values.shape
    if column is None or not shape:
        raise DataShapeError(
            f"{path!r} holds no values that can stand beside events", where=reader.path
        )
    if shape[0] == image.events:
        found.columns.append(column)
        found.used.add(column.path)
    elif _trim(shape) == image.scan_shape or _is_loose(image, _trim(shape)):
        _place(image, column, tuple(range(image.scan_axes)), _trim(shape), found)
    else:
        raise DataShapeError(
            f"{path!r} has {shape[0]} values where there are {image.events} events",
            where=reader.path,
            remedy="Name only datasets that are as long as there are events.",
        )


def _read(
    reader: Reader, target: Target, name: str, check: SourceCheck, found: Columns
) -> Column | None:
    try:
        return read_column(target, name, check)
    except (AssetError, UnsafeLinkError) as error:
        found.notes.append(f"{target.name} is left out: {error}")
        return None


def _with_unique_keys(columns: list[Column], taken: set[str]) -> list[Column]:
    unique = []
    for column in columns:
        key, number = column.key, 1
        while key in taken:
            number += 1
            key = f"{column.key}_{number}"
        taken.add(key)
        unique.append(replace(column, key=key))
    return unique


def _note_equal_lengths(reader: Reader, image: Image, selection: Selection, found: Columns) -> None:
    """Say which arrays are as long as there are events, and were left where they are."""
    if image.events < _FEWEST_EVENTS or not image.scan_axes:
        return
    entry = selection.entry or "/"
    used = found.used | selection.told | {image.signal.info.path, image.signal.target.name}
    addresses = {i.address for p, i in reader.tree.datasets.items() if p in used}
    rest: dict[Any, str] = {}
    for path, info in reader.tree.datasets.items():
        if not is_under(path, entry):
            continue
        if info.shape == (image.events,) and info.address not in addresses and info.numeric:
            rest.setdefault(info.address, path)
    if rest:
        paths = list(rest.values())
        listed = ", ".join(paths[:_MOST_LISTED])
        more = len(paths) - _MOST_LISTED
        found.notes.append(
            f"as long as there are events, but nothing says that they belong to them: {listed}"
            + (f" and {more} more" if more > 0 else "")
            + "; attach them with columns=[…]"
        )
