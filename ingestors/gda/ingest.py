"""Ingesting scans of Diamond's GDA."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.documents import Document
from ..hdf5.origin import ingest_file
from ..hdf5.probe import probe_of
from .scan import ORIGIN

__all__ = ["ingest_gda", "probe"]

probe = probe_of(ORIGIN)


def ingest_gda(
    filename: str | os.PathLike[str],
    *,
    entry: str | None = None,
    columns: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Ingest a scan of Diamond's GDA: what each detector and motor had at each point.

    Images of all detectors point at their files, which need not be opened for that; values of
    motors, monitors and regions of interest are columns, named as GDA calls its scannables. What
    was read before the scan is a stream ``baseline``. Detectors whose files are not there are left
    out, with a note: the run is partial then.

    After files of GDA 8 and 9 (``scan_command``, ``diamond_scan``, ``local_name``).

    Parameters
    ----------
    filename
        The file of the scan.
    entry
        Name of the NXentry, where the file has several.
    columns
        Paths of datasets with one value for each point, beside those of scannables.
    metadata
        More for the start document; replaces what the file says.
    allow_external
        Follow links and virtual sources to anywhere, not only to the file's own folder and the
        configured roots.

    Raises
    ------
    NoDataError, MissingFileError
        If the file has no data of a scan.
    UnsupportedFileError, AssetError, UnsafeLinkError
        If the file is not there, damaged, or points elsewhere.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.beamline_hdf5 import write_gda
    >>> path, *_ = write_gda(pathlib.Path(tempfile.mkdtemp()))
    >>> start = next(ingest_gda(path))[1]
    >>> start["scan_command"], start["motors"], start["scan_id"]
    ('scan eta 0 2 0.5 pil100k 1', ['eta'], 538039)
    """
    yield from ingest_file(
        ORIGIN,
        filename,
        {"entry": entry},
        columns=columns,
        metadata=metadata,
        allow_external=allow_external,
    )
