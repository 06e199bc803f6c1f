"""Ingesting tomographies of FXI at NSLS-II."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...core.documents import Document
from ..hdf5.content import Content, read_content
from ..hdf5.metadata import value_at
from ..hdf5.nexus import make_signal
from ..hdf5.origin import Hdf5Origin, Selecting, ingest_file
from ..hdf5.probe import probe_of
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from ..tomography import DARK, FLAT, PROJECTIONS, name_theta, part_by_image

__all__ = ["ORIGIN", "ingest_fxi", "probe"]

_ROLES = {"/img_tomo": PROJECTIONS, "/img_bkg": FLAT, "/img_dark": DARK}
_FIRST_EPOCH = 1.0e9
"""Earlier times were written by nobody: they are durations."""


def _recognise(reader: Reader) -> str | None:
    named = [path for path in _ROLES if path in reader.tree.datasets]
    if "/img_tomo" in named and len(named) > 1 and "/angle" in reader.tree.datasets:
        return f"{', '.join(named)} beside /angle"
    return None


def _select(reader: Reader, selecting: Selecting) -> Selection:
    signals = [
        replace(make_signal(reader.find(path), path, None), scan_axes=max(0, len(info.shape) - 2))
        for path in _ROLES
        if (info := reader.tree.datasets.get(path)) is not None and info.shape and info.numeric
    ]
    return Selection(tuple(signals), None, "", belonging={"/angle": "theta"})


def _read(reader: Reader, selection: Selection) -> Content:
    content = read_content(reader, selection)
    part_by_image(content, _ROLES, "image")
    name_theta(content)
    described, start = content.described, content.described.start
    primary = content.streams[0]
    if any(column.key == "theta" for column in primary.columns):
        start["motors"] = ["theta"]
        start["hints"] = {"dimensions": [[["theta"], primary.name]]}
    scan_id, uid = value_at(reader, "/scan_id"), value_at(reader, "/uid")
    if isinstance(scan_id, int):
        start["scan_id"] = scan_id
    if isinstance(uid, str) and uid:
        start["original_uid"] = uid
    note = value_at(reader, "/note")
    if isinstance(note, str) and note:
        start["title"] = note
    time = value_at(reader, "/scan_time")
    if isinstance(time, int | float) and time > _FIRST_EPOCH:
        described.time, described.time_source = float(time), "/scan_time"
        start["time_source"] = described.time_source
        for stream in content.streams:
            stream.times.values[:] = described.time
            stream.times = replace(stream.times, source="the run's: /scan_time")
    energy = value_at(reader, "/X_eng")
    for stream in content.streams:
        if stream.images and isinstance(energy, int | float):
            owner = stream.owners.get("image", "image")
            stream.constants.setdefault(owner, {})["energy"] = energy
            stream.units["energy"] = "keV"
    return content


ORIGIN = Hdf5Origin("fxi", _recognise, runs=lambda reader: [{}], select=_select, read=_read)

probe = probe_of(ORIGIN)


def ingest_fxi(
    filename: str | os.PathLike[str],
    *,
    columns: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Ingest a tomography of FXI at NSLS-II, with a stream for each kind of frame.

    ``img_tomo`` is the stream ``primary``, ``img_bkg`` is ``flat`` and ``img_dark`` is ``dark``;
    ``angle`` is the column ``theta``. The uid of the Bluesky run that the file was exported from is
    ``original_uid``.

    After the exports of the beamline's profile (``fly_scan_id_<n>.h5``).

    Parameters
    ----------
    filename
        The file.
    columns
        Paths of datasets with one value for each projection.
    metadata
        More for the start document; replaces what the file says.
    allow_external
        Follow links and virtual sources to anywhere, not only to the file's own folder and the
        configured roots.

    Raises
    ------
    UnsupportedFileError, AssetError, UnsafeLinkError
        If the file, or a source of its data, is not there, damaged or elsewhere.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.tomography import write_fxi
    >>> (path,) = write_fxi(pathlib.Path(tempfile.mkdtemp()))
    >>> documents = list(ingest_fxi(path))
    >>> documents[-1][1]["num_events"], documents[0][1]["scan_id"]
    ({'primary': 4, 'flat': 3, 'dark': 2}, 30526)
    """
    yield from ingest_file(
        ORIGIN,
        filename,
        {},
        columns=columns,
        metadata=metadata,
        allow_external=allow_external,
    )
