"""Any HDF5 file: its NeXus default data, the datasets that are named, or its one image."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from ...core.documents import Document
from .origin import GENERIC, ingest_file

__all__ = ["ingest_hdf5"]


def ingest_hdf5(
    filename: str | os.PathLike[str],
    *,
    dataset: str | Sequence[str] | None = None,
    entry: str | None = None,
    columns: str | Sequence[str] | None = None,
    metadata: dict[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Ingest one run of an HDF5 or NeXus file, as a stream of documents that point at its data.

    The file is read once, before the first document, and closed; no pixel is read.

    Parameters
    ----------
    filename
        The file.
    dataset
        Path of the dataset that is the data, or several; without it what NeXus shows by default,
        else the one image or stack in the file. Axes before an image's own count events.
    entry
        Name of the NXentry to read, where the file has several.
    columns
        Paths of datasets with one value for each event, beside those that NeXus attaches.
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
    >>> import h5py, os, tempfile
    >>> import numpy as np
    >>> path = os.path.join(tempfile.mkdtemp(), "a.h5")
    >>> with h5py.File(path, "w") as file:
    ...     file["images"] = np.zeros((3, 4, 6), "u2")
    >>> [name for name, doc in ingest_hdf5(path)]
    ['start', 'descriptor', 'stream_resource', 'stream_datum', 'event_page', 'stop']
    """
    selecting = {"dataset": dataset, "entry": entry}
    yield from ingest_file(
        GENERIC,
        filename,
        selecting,
        columns=columns,
        metadata=metadata,
        allow_external=allow_external,
    )
