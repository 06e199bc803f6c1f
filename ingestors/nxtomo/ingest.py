"""Ingesting NeXus files of tomography."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import h5py
import numpy as np

from ...core.documents import Document
from ...core.errors import MissingFileError, NoDataError, PenstockError
from ..gda.scan import ORIGIN as GDA
from ..hdf5.content import Content
from ..hdf5.metadata import value_at
from ..hdf5.nexus import Signal, choose_entry, make_signal
from ..hdf5.origin import GENERIC, Hdf5Origin, Selecting, ingest_file, recognise
from ..hdf5.probe import probe_of
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from ..hdf5.tree import is_under
from ..tomography import name_theta, part_by_key

__all__ = ["ORIGIN", "ingest_nxtomo", "probe"]

_KEY = "image_key"


def _recognise(reader: Reader) -> str | None:
    for kind in ("NXentry", "NXsubentry"):
        for entry in reader.tree.of_class(kind):
            if value_at(reader, f"{entry}/definition") == "NXtomo" and _keyed(reader, entry):
                return f"{entry}/definition 'NXtomo'"
    detectors = _keyed(reader, "/")
    return f"{detectors[0]}/{_KEY}" if detectors else None


def _keyed(reader: Reader, under: str) -> list[str]:
    """Return the detectors with a key of what each frame is, those of a tomography's entry first.

    Diamond's files have the same detector in the entry of the scan and in one that follows NXtomo.
    """
    names = (*reader.tree.datasets, *reader.tree.external)
    found = {
        path.rpartition("/")[0]
        for path in names
        if path.endswith(f"/{_KEY}") and is_under(path, under)
    }
    detectors = [path for path in reader.tree.of_class("NXdetector") if path in found]
    return sorted(detectors, key=lambda path: ("tomo" not in path, path))


def _read_keys(reader: Reader, detector: str) -> np.ndarray[Any, Any] | None:
    dataset = reader.find(f"{detector}/{_KEY}").object
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "iuf":
        return None
    values = np.asarray(dataset[()]).reshape(-1)
    return values if np.isfinite(values).all() else None


def _base(reader: Reader) -> Hdf5Origin:
    """Return whose file it is beside that: GDA's scans tell more than NXtomo asks for."""
    return GENERIC if recognise(GDA, reader) is None else GDA


def _select(reader: Reader, selecting: Selecting) -> Selection:
    entry = choose_entry(reader, selecting.get("entry")) or "/"
    signal, why = _find_frames(reader, entry)
    if signal is None:
        raise (MissingFileError if why else NoDataError)(
            why or "has an image_key, and no stack with as many frames", where=reader.path
        )
    belonging = _angles(reader, signal.named.rpartition("/")[0])
    told = {path for path in reader.tree.datasets if path.endswith(f"/{_KEY}")}
    if _base(reader) is GDA:
        selection = GDA.select(reader, selecting)
        others = [one for one in selection.signals if one.info.address != signal.info.address]
        images = [one for one in others if one.info.image_like]
        belonging |= {p: name for p, name in selection.belonging.items() if p not in told}
        missing = selection.missing
        told |= selection.told
    else:
        images, missing = [], ()
    return Selection(
        (replace(signal, scan_axes=1), *images),
        entry,
        entry if entry != "/" else "",
        belonging=belonging,
        told=frozenset(told),
        missing=missing,
    )


def _find_frames(reader: Reader, entry: str) -> tuple[Signal | None, str]:
    """Return the stack that a key tells of, or why it cannot be had."""
    why = ""
    for detector in _keyed(reader, entry):
        shown = _shown_by(reader, entry, detector)
        for path in (f"{detector}/data", *([f"{shown}/data"] if shown else [])):
            if path not in reader.tree.datasets and path not in reader.tree.external:
                continue
            try:
                target = reader.find(path)
                keys = _read_keys(reader, detector)
            except PenstockError as error:
                why = why or f"has its frames at {path!r}, which {error.what}"
                continue
            if not isinstance(target.object, h5py.Dataset) or keys is None:
                continue
            group = reader.find(shown) if shown else None
            signal = make_signal(target, path, group)
            shape = signal.info.shape or ()
            if len(shape) == 3 and shape[0] == len(keys):
                return replace(signal, label="data"), ""
    return None, why


def _shown_by(reader: Reader, entry: str, detector: str) -> str:
    """Return the NXdata group that shows a detector: of its name, or the one of its entry."""
    own = f"{entry.rstrip('/')}/{detector.rpartition('/')[2]}"
    beside = f"{detector.partition('/instrument/')[0]}/data"
    for group in (own, beside):
        if reader.tree.classes.get(group) == "NXdata":
            return group
    return ""


def _angles(reader: Reader, detector: str) -> dict[str, str]:
    """Return where NXtomo has the angles of the sample, as far as they are there."""
    entry = detector.partition("/instrument/")[0]
    for path in (f"{entry}/sample/rotation_angle", f"{entry}/data/rotation_angle"):
        if path in reader.tree.datasets or path in reader.tree.external:
            return {path: "theta"}
    return {}


def _read(reader: Reader, selection: Selection) -> Content:
    content = _base(reader).read(reader, selection)
    image = content.streams[0].images[0]
    own = image.signal.named.rpartition("/")[0]
    name_theta(content)
    # Other detectors of the scan have keys of their own, as a rule the same.
    for detector in sorted(_keyed(reader, selection.entry or "/"), key=lambda path: path != own):
        keys = _read_keys(reader, detector)
        if keys is not None and len(keys) == image.events:
            part_by_key(content, keys)
            break
    start = content.described.start
    if any(column.key == "theta" for column in content.streams[0].columns):
        start["motors"] = ["theta"]
        start["hints"] = {"dimensions": [[["theta"], content.streams[0].name]]}
    return content


ORIGIN = Hdf5Origin("nxtomo", _recognise, select=_select, read=_read)

probe = probe_of(ORIGIN)


def ingest_nxtomo(
    filename: str | os.PathLike[str],
    *,
    entry: str | None = None,
    columns: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Ingest a tomography that follows NXtomo, with a stream for each kind of frame.

    What ``image_key`` calls 0 is the stream ``primary``, 1 ``flat``, 2 ``dark`` and 3 ``invalid``:
    rows of one dataset, which is not copied. The angle of the sample (``rotation_angle``, or the
    angle that NXdata shows the frames along) is the column ``theta``, in all of them. What GDA of
    Diamond tells of the scan is kept.

    After the application definition NXtomo of the NeXus manual, and files of Diamond.

    Parameters
    ----------
    filename
        The file.
    entry
        Name of the NXentry, where the file has several.
    columns
        Paths of datasets with one value for each frame.
    metadata
        More for the start document; replaces what the file says.
    allow_external
        Follow links and virtual sources to anywhere, not only to the file's own folder and the
        configured roots.

    Raises
    ------
    NoDataError, MissingFileError
        If no frames are there for the key.
    UnsupportedFileError, AssetError, UnsafeLinkError
        If the file is not there, damaged, or points elsewhere.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.tomography import write_nxtomo
    >>> (path,) = write_nxtomo(pathlib.Path(tempfile.mkdtemp()))
    >>> documents = list(ingest_nxtomo(path))
    >>> documents[-1][1]["num_events"]
    {'primary': 4, 'flat': 3, 'dark': 2}
    """
    yield from ingest_file(
        ORIGIN,
        filename,
        {"entry": entry},
        columns=columns,
        metadata=metadata,
        allow_external=allow_external,
    )
