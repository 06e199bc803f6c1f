"""Ingesting scans of ESRF's BLISS."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ...core.documents import Document
from ..hdf5.origin import ingest_file
from ..hdf5.probe import probe_of
from .scans import ORIGIN

__all__ = ["ingest_bliss", "probe"]

probe = probe_of(ORIGIN)


def ingest_bliss(
    filename: str | os.PathLike[str],
    *,
    entry: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Ingest one scan of a BLISS file: what was measured at each point, and where all motors stood.

    Motors and counters that ``measurement`` links are columns, detectors' images point at their
    datasets; all positioners are a stream ``baseline``. Detectors whose files are not there are
    left out, with a note: the run is partial then. The number of the scan is its ``scan_id``.

    After the documentation of BLISS ("Data writing: NeXus").

    Parameters
    ----------
    filename
        The file of a dataset, or one above, which links the entries of such.
    entry
        Name of the entry, such as ``"12.1"``; where there is but one, that.
    metadata
        More for the start document; replaces what the file says.
    allow_external
        Follow links and virtual sources to anywhere, not only to the file's own folder and the
        configured roots.

    Raises
    ------
    NoDataError
        If the entry is not told, or has no measurement.
    UnsupportedFileError, AssetError, UnsafeLinkError
        If the file is not there, damaged, or points elsewhere.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.beamline_hdf5 import write_bliss
    >>> path, *_ = write_bliss(pathlib.Path(tempfile.mkdtemp()))
    >>> start = next(ingest_bliss(path, entry="2.1"))[1]
    >>> start["scan_id"], start["plan_name"], start["motors"]
    (2, 'ascan', ['samy'])
    """
    yield from ingest_file(
        ORIGIN, filename, {"entry": entry}, metadata=metadata, allow_external=allow_external
    )
