"""Which datasets of an HDF5 file are its data, and which of their axes count events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from ...core.documents import safe_key
from ...core.errors import AmbiguousDataError, AssetError, NoDataError, PenstockError
from ..assets.hdf5.links import Target
from ..assets.hdf5.sources import SourceCheck
from .nexus import Signal, choose_entry, default_signals, make_signal, tell_choice
from .reader import Reader
from .tree import DatasetInfo, is_under
from .values import is_text, read_attribute, text_attribute

__all__ = ["Image", "Selection", "describe_image", "find_candidates", "select_signals"]

MOST_ROWS = 65_536
"""A longer row of numbers is one waveform, not a scan."""
_MOST_LISTED = 20
_MOST_EXTERNAL = 16

_NO_DATA_CLASSES = frozenset(
    [
        "NXsample",
        "NXsample_component",
        "NXtransformations",
        "NXbeam",
        "NXgeometry",
        "NXshape",
        "NXquadric",
        "NXcrystal",
        "NXoff_geometry",
        "NXcylindrical_geometry",
        "NXdetector_module",
        "NXtranslation",
        "NXorientation",
        "NXreflections",
    ]
)
"""Groups that hold matrices of other kinds than measured ones."""
_CALIBRATIONS = frozenset(
    [
        "pixel_mask",
        "pixel_mask_applied",
        "flatfield",
        "flatfield_error",
        "flatfield_errors",
        "angular_calibration",
        "x_pixel_offset",
        "y_pixel_offset",
        "z_pixel_offset",
        "distance",
        "polar_angle",
        "azimuthal_angle",
        "dead_time",
        "efficiency",
        "detector_number",
        "crate",
        "slot",
        "countrate_correction_table",
        "trimbit",
    ]
)
"""What NXdetector (and Dectris) call the arrays that belong to a detector, not to a measurement."""

_FRAME_RANKS = {
    "scalar": 0,
    "scaler": 0,
    "spectrum": 1,
    "vertex": 1,
    "image": 2,
    "rgb-image": 3,
    "rgba-image": 3,
    "hsl-image": 3,
    "hsla-image": 3,
    "cmyk-image": 3,
}


@dataclass(frozen=True)
class Selection:
    """The data of one run."""

    signals: tuple[Signal, ...]
    entry: str | None
    part: str
    """Which run of the file this is; ``""`` for the file's default data."""


@dataclass(frozen=True)
class Image:
    """A signal, and how its events lie in it."""

    key: str
    signal: Signal
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...]
    scan_axes: int
    """So many leading axes count events."""
    units: str

    @property
    def scan_shape(self) -> tuple[int, ...]:
        """Sizes of the axes that count events."""
        return self.shape[: self.scan_axes]

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of one event's datum."""
        return self.shape[self.scan_axes :]

    @property
    def events(self) -> int:
        """How many events there are."""
        return math.prod(self.scan_shape)

    @property
    def is_column(self) -> bool:
        """Whether its values are small enough to stand in event pages."""
        return not self.frame_shape and self.events <= MOST_ROWS


def select_signals(
    reader: Reader, dataset: str | Sequence[str] | None, entry: str | None
) -> Selection:
    """Find the data: what the caller names, else the NeXus default, else the one image there is.

    Raises
    ------
    AmbiguousDataError, NoDataError
        Listing the candidates.
    """
    if dataset is not None:
        return _select_named(reader, dataset, entry)
    path = choose_entry(reader, entry)
    # The entry's own path, given or not: what a file's only entry is called does not change when
    # another one is appended.
    part = path or ""
    if path is not None:
        signals = default_signals(reader, path)
        if signals:
            return Selection(tuple(signals), path, part)
    return Selection((_only_image(reader, path or "/"),), path, part)


def _select_named(reader: Reader, dataset: str | Sequence[str], entry: str | None) -> Selection:
    names = [dataset] if isinstance(dataset, str) else list(dataset)
    under = "" if entry is None else "/" + entry.strip("/")
    signals = []
    for name in names:
        path = name if name.startswith("/") else f"{under}/{name}"
        try:
            target = reader.find(path)
        except AssetError as error:
            raise type(error)(
                error.what, where=error.where, remedy=_listing(find_candidates(reader))
            ) from error
        if not isinstance(target.object, h5py.Dataset):
            raise NoDataError(
                f"{path!r} is a group, not a dataset",
                where=reader.path,
                remedy=_listing(find_candidates(reader, target.name)),
            )
        signal = make_signal(target, path, reader.child(target, path.rsplit("/", 1)[0] or "/"))
        if not signal.info.numeric:
            kind = "text" if is_text(signal.info.dtype) else f"of type {signal.info.dtype}"
            raise NoDataError(f"{path!r} is {kind}, not numbers", where=reader.path)
        signals.append(signal)
    if not signals:
        raise NoDataError("no dataset is named", where=reader.path, remedy="Leave dataset out.")
    entry_path = next(
        (
            group
            for group in reader.tree.of_class("NXentry")
            if signals[0].named.startswith(f"{group}/")
        ),
        under or None,
    )
    part = "\n".join(sorted(signal.named for signal in signals))
    return Selection(tuple(signals), entry_path, part)


def find_candidates(reader: Reader, under: str = "/") -> list[Signal]:
    """Return the datasets that could be images, each once; those with three axes or more if any.

    Links into other files count where the file itself holds nothing.
    """
    unique: dict[tuple[int, int], DatasetInfo] = {}
    prefix = under.rstrip("/") + "/"
    for path, info in reader.tree.datasets.items():
        growing_image = info.virtual and info.shape is None and info.numeric
        fits = info.image_like or growing_image
        if path.startswith(prefix) and fits and not _is_auxiliary(reader, path):
            unique.setdefault(info.address, info)
    found = [_signal_at(reader, info.path) for info in unique.values()]
    if not found:
        found = _external_candidates(reader, prefix)
    deep = [s for s in found if s.info.shape is None or len(s.info.shape) >= 3]
    return deep or found


def _is_auxiliary(reader: Reader, path: str) -> bool:
    """Whether NeXus says that an array is no measured data."""
    group, name = path.rsplit("/", 1)
    if reader.tree.classes.get(group, "") in _NO_DATA_CLASSES:
        return True
    detectors = reader.tree.of_class("NXdetector")
    return name in _CALIBRATIONS and any(is_under(path, detector) for detector in detectors)


def _signal_at(reader: Reader, path: str) -> Signal:
    target = reader.find(path)
    return make_signal(target, path, reader.find(path.rsplit("/", 1)[0] or "/"))


def _external_candidates(reader: Reader, prefix: str) -> list[Signal]:
    found: dict[tuple[str, str], Signal] = {}
    for path in _external_links(reader, prefix):
        try:
            target = reader.find(path)
        except PenstockError:
            continue  # `_broken_links` tells of it
        if isinstance(target.object, h5py.Dataset):
            signal = _signal_of_target(reader, target, path)
            if signal.info.image_like:
                found.setdefault((target.file, target.name), signal)
    return list(found.values())


def _external_links(reader: Reader, prefix: str) -> list[str]:
    return [path for path in reader.tree.external if path.startswith(prefix)][:_MOST_EXTERNAL]


def _broken_links(reader: Reader, prefix: str) -> dict[str, PenstockError]:
    """Return why links into other files cannot be followed, by their paths."""
    broken = {}
    for path in _external_links(reader, prefix):
        try:
            reader.find(path)
        except PenstockError as error:
            broken[path] = error
    return broken


def _tell_link(reader: Reader, path: str, error: PenstockError) -> str:
    elsewhere = "" if error.where in (None, reader.path) else f"leads to {error.where}, which "
    return f"link {path!r} {elsewhere}{error.what}"


def _signal_of_target(reader: Reader, target: Target, path: str) -> Signal:
    return make_signal(target, path, reader.find(path.rsplit("/", 1)[0] or "/"))


def _only_image(reader: Reader, under: str) -> Signal:
    candidates = find_candidates(reader, under)
    _refuse_weights(reader)
    _refuse_where_data_are_missing(reader, under, candidates)
    broken = _broken_links(reader, under.rstrip("/") + "/")
    if broken and not candidates:
        raise _nothing_but_links(reader, broken)
    reader.tree.notes += [_tell_link(reader, path, error) for path, error in broken.items()]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise AmbiguousDataError(
            f"holds {len(candidates)} datasets that could be its data",
            where=reader.path,
            remedy=_listing(candidates),
        )
    numeric = [info for info in reader.tree.datasets.values() if info.numeric and info.shape]
    damage = next((note for note in reader.tree.notes if "damaged" in note), None)
    raise NoDataError(
        "holds no images" + (f"; {damage}" if damage else ""),
        where=reader.path,
        remedy=_listing(numeric) if numeric else None,
    )


def _nothing_but_links(reader: Reader, broken: dict[str, PenstockError]) -> PenstockError:
    path, error = next(iter(broken.items()))
    more = f"; {len(broken) - 1} more of its links cannot be followed" if len(broken) > 1 else ""
    told = f"holds no images, and its {_tell_link(reader, path, error)}{more}"
    failure = type(error)(told, where=reader.path, remedy=error.remedy)
    failure.__cause__ = error
    return failure


def _refuse_weights(reader: Reader) -> None:
    if any(read_attribute(reader.file, name) for name in ("keras_version", "layer_names")):
        raise NoDataError(
            "holds the weights of a neural network (Keras), not measurements", where=reader.path
        )


def _refuse_where_data_are_missing(
    reader: Reader, under: str, candidates: Sequence[Signal]
) -> None:
    """Let no other array pass for data that lie in a file that is not there."""
    links = [
        path
        for path in reader.tree.external
        if is_under(path, under)
        and reader.tree.classes.get(path.rsplit("/", 1)[0]) in ("NXdata", "NXdetector")
    ]
    for path in links[:_MOST_EXTERNAL]:
        try:
            reader.find(path)
        except AssetError as error:
            raise type(error)(
                f"has its data at {path!r}, which {error.what}",
                where=reader.path,
                remedy=_listing(candidates) if candidates else error.remedy,
            ) from error


def _listing(candidates: Sequence[Signal | DatasetInfo]) -> str:
    if not candidates:
        return "It holds no images."
    listed = "; ".join(str(candidate) for candidate in candidates[:_MOST_LISTED])
    if len(candidates) > _MOST_LISTED:
        listed += f"; and {len(candidates) - _MOST_LISTED} more"
    first = candidates[0]
    name = first.named if isinstance(first, Signal) else first.path
    return f"It holds {listed}. {tell_choice('dataset', name)}"


def describe_image(reader: Reader, signal: Signal, key: str, check: SourceCheck) -> Image:
    """Work out which axes of a signal count events, and check that its bytes are there.

    Raises
    ------
    AssetError, UnsafeLinkError
        If a virtual or external source is missing, too short or not allowed.
    """
    check.check(signal.target, filters=False)
    dataset = signal.target.object
    assert isinstance(dataset, h5py.Dataset)
    shape = dataset.shape
    if shape is None:
        raise NoDataError(f"{signal.named!r} is empty", where=reader.path)
    interpretation = text_attribute(dataset, "interpretation")
    if not interpretation and signal.group is not None:
        interpretation = text_attribute(signal.group.object, "interpretation")
    return Image(
        key=key,
        signal=signal,
        shape=tuple(int(size) for size in shape),
        dtype=np.dtype(dataset.dtype.str),
        chunks=tuple(dataset.chunks or ()),
        scan_axes=count_scan_axes(tuple(shape), interpretation),
        units=text_attribute(dataset, "units"),
    )


def count_scan_axes(shape: tuple[int, ...], interpretation: str = "") -> int:
    """Return how many leading axes of a dataset count events.

    Examples
    --------
    >>> count_scan_axes((10, 512, 512)), count_scan_axes((512, 512)), count_scan_axes((3, 4, 5, 6))
    (1, 0, 2)
    >>> count_scan_axes((100, 80, 3), "rgb-image"), count_scan_axes((100, 2048), "spectrum")
    (0, 1)
    """
    rank = _FRAME_RANKS.get(interpretation.lower())
    if rank is not None and rank <= len(shape):
        if rank == 3 and shape[-1] not in (3, 4) and shape[-3] not in (3, 4):
            rank = 2
        return len(shape) - rank
    if len(shape) == 1:
        return 1 if shape[0] <= MOST_ROWS else 0
    return max(0, len(shape) - 2)


def name_keys(signals: Sequence[Signal]) -> list[str]:
    """Return a data key for each signal: its own name, with its group's where that is not enough.

    A dataset that only says ``data`` is still called so: its group names the object.
    """
    keys: list[str] = []
    for signal in signals:
        parts = [part for part in signal.named.split("/") if part]
        for count in range(1, len(parts) + 1):
            key = safe_key("_".join(parts[-count:]))
            if key not in keys:
                break
        else:
            key = safe_key(f"{'_'.join(parts)}_{len(keys)}")
        keys.append(key)
    return keys
