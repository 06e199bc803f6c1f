"""Ingesting fly scans of APS USAXS."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ...core.documents import Document
from ..hdf5.origin import ingest_file
from ..hdf5.probe import probe_of
from .scan import ORIGIN

__all__ = ["ingest_usaxs_fly", "probe"]

probe = probe_of(ORIGIN)


def ingest_usaxs_fly(
    filename: str | os.PathLike[str],
    *,
    entry: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest a fly scan of APS USAXS: counts of each channel, and what changed meanwhile.

    The channels of the multi-channel scaler are events, in columns called as the instrument calls
    them; clock pulses tell how long each took. Positions at which pulses were given out (of which
    there is one more than channels, or a whole buffer) are a stream of their own, and so is each
    list of changes: of the angle as it was read back, and of the gain of each amplifier.

    After files of saveFlyData.py, and of the software that reduces them.

    Parameters
    ----------
    filename
        The file.
    entry
        Name of the NXentry, where the file has several.
    metadata
        More for the start document; replaces what the file says.

    Raises
    ------
    NoDataError
        If the file holds no counts.
    UnsupportedFileError, AssetError
        If the file is not there, or damaged.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.epics_hdf5 import write_usaxs_fly
    >>> (path,) = write_usaxs_fly(pathlib.Path(tempfile.mkdtemp()))
    >>> documents = list(ingest_usaxs_fly(path))
    >>> [doc["name"] for name, doc in documents if name == "descriptor"]
    ['primary', 'AR_PulsePositions', 'changes_AR', 'changes_I0']
    >>> documents[0][1]["detectors"]
    ['I0', 'upd']
    """
    yield from ingest_file(ORIGIN, filename, {"entry": entry}, metadata=metadata)
