"""Which datasets of an HDF5 file are its data, and which of their axes count events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import h5py

from ...core.errors import AmbiguousDataError, AssetError, NoDataError, PenstockError
from ..assets.hdf5.links import Target
from .nexus import Signal, choose_entry, default_signals, make_signal, tell_choice
from .numbered import choose_numbered, numbered_signal
from .reader import Reader
from .tree import DatasetInfo, is_under
from .values import is_text, read_attribute

__all__ = ["Selection", "find_candidates", "select_signals"]

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


@dataclass(frozen=True)
class Selection:
    """The data of one run."""

    signals: tuple[Signal, ...]
    entry: str | None
    part: str
    """Which run of the file this is; ``""`` for the file's default data."""
    columns: tuple[str, ...] = ()
    """Paths of datasets that the caller attaches to the events: they have to fit."""
    belonging: Mapping[str, str] = field(default_factory=dict)
    """Paths of datasets that an origin's rule attaches where they fit, and what to call each."""
    told: frozenset[str] = frozenset()
    """Paths of datasets that an origin tells of itself: neither columns nor metadata."""
    missing: tuple[str, ...] = ()
    """What belongs to the run and is not there, so that it is partial."""
    reader: Reader | None = None
    """The file that holds all of the run, where a link into it is what was selected."""


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
    pieces = _select_numbered(reader, path)
    if pieces is not None:
        return Selection((pieces,), path, part)
    if path is not None:
        signals = default_signals(reader, path)
        if signals:
            return Selection(tuple(signals), path, part)
    return Selection((_only_image(reader, path or "/"),), path, part)


def _select_numbered(reader: Reader, entry: str | None) -> Signal | None:
    """Return the numbered pieces that are the data, unless something else could be them as well."""
    numbered = choose_numbered(reader, entry)
    if numbered is None:
        return None
    if not numbered.is_default:
        own = {path for _, path in numbered.paths}
        inside = _candidates_inside(reader, entry or "/")
        if any(_is_deep(info) and info.path not in own for info in inside):
            return None
    return numbered_signal(reader, numbered, entry)


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
    found = [_signal_at(reader, info.path) for info in _candidates_inside(reader, under)]
    if not found:
        found = _external_candidates(reader, under.rstrip("/") + "/")
    return [signal for signal in found if _is_deep(signal.info)] or found


def _candidates_inside(reader: Reader, under: str) -> list[DatasetInfo]:
    unique: dict[tuple[int, int], DatasetInfo] = {}
    prefix = under.rstrip("/") + "/"
    for path, info in reader.tree.datasets.items():
        growing_image = info.virtual and info.shape is None and info.numeric
        fits = info.image_like or growing_image
        if path.startswith(prefix) and fits and not _is_auxiliary(reader, path):
            unique.setdefault(info.address, info)
    return list(unique.values())


def _is_deep(info: DatasetInfo) -> bool:
    return info.shape is None or len(info.shape) >= 3


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
