"""Ingesting NeXus files of macromolecular crystallography."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.documents import Document
from ..hdf5.content import Content, call_detector, read_content
from ..hdf5.goniometer import take_axes, with_axes
from ..hdf5.metadata import value_at
from ..hdf5.origin import Hdf5Origin, Selecting, ingest_file, select_default
from ..hdf5.probe import probe_of
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection

__all__ = ["ORIGIN", "ingest_nxmx", "probe"]


def _recognise(reader: Reader) -> str | None:
    for entry in reader.tree.of_class("NXentry"):
        if value_at(reader, f"{entry}/definition") == "NXmx":
            return f"{entry}/definition 'NXmx'"
    return None


def _select(reader: Reader, selecting: Selecting) -> Selection:
    return with_axes(reader, select_default(reader, selecting))


def _read(reader: Reader, selection: Selection) -> Content:
    content = read_content(reader, selection)
    entry = selection.entry or ""
    detectors = reader.tree.of_class("NXdetector", entry or "/")
    if len(detectors) == 1:
        call_detector(content, value_at(reader, f"{detectors[0]}/description"))
    take_axes(reader, content, selection.entry)
    return content


ORIGIN = Hdf5Origin("nxmx", _recognise, select=_select, read=_read)

probe = probe_of(ORIGIN)


def ingest_nxmx(
    filename: str | os.PathLike[str],
    *,
    entry: str | None = None,
    columns: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Ingest an NXmx file as one run: an event for each image, with the axes that move.

    Exposure, wavelength and saturation are configuration of the detector; axes of the goniometer
    that move are columns, the others a stream ``baseline``.

    After the application definition NXmx of the NeXus manual.

    Parameters
    ----------
    filename
        The file.
    entry
        Name of the NXentry, where the file has several.
    columns
        Paths of datasets with one value for each image, beside the axes.
    metadata
        More for the start document; replaces what the file says.
    allow_external
        Follow links and virtual sources to anywhere, not only to the file's own folder and the
        configured roots.

    Raises
    ------
    AmbiguousDataError, NoDataError
        If the data are not told, listing the candidates.
    UnsupportedFileError, AssetError, UnsafeLinkError
        If the file, or a source of its data, is not there, damaged or elsewhere.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.beamline_hdf5 import write_nxmx
    >>> (path,) = write_nxmx(pathlib.Path(tempfile.mkdtemp()))
    >>> run = list(ingest_nxmx(path))
    >>> run[0][1]["motors"], run[0][1]["detectors"]
    (['omega'], ['eiger_16m'])
    """
    yield from ingest_file(
        ORIGIN,
        filename,
        {"entry": entry},
        columns=columns,
        metadata=metadata,
        allow_external=allow_external,
    )
