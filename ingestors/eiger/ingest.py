"""Ingesting what Dectris' SIMPLON file writer leaves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.documents import Document
from ..hdf5.origin import ingest_file
from ..hdf5.probe import probe_of
from .master import ORIGIN

__all__ = ["ingest_eiger", "probe"]

probe = probe_of(ORIGIN)


def ingest_eiger(
    filename: str | os.PathLike[str],
    *,
    entry: str | None = None,
    columns: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Ingest the master of a Dectris detector as one run, an event for each frame.

    Exposure, energy, saturation and cut-off are configuration of the detector; axes of the
    goniometer that move are columns, the others a stream ``baseline``. A data file that is not
    there leaves a partial run, whose notes name it.

    After the SIMPLON API reference of Dectris ("FileWriter"), and NXmx.

    Parameters
    ----------
    filename
        The master.
    entry
        Name of the NXentry, where the file has several.
    columns
        Paths of datasets with one value for each frame, beside the axes.
    metadata
        More for the start document; replaces what the file says.
    allow_external
        Follow links to data files anywhere, not only in the master's own folder and the configured
        roots.

    Raises
    ------
    MissingFileError
        If none of the data files is there.
    UnsupportedFileError, AssetError, UnsafeLinkError
        If the master is damaged, or names files elsewhere.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.beamline_hdf5 import write_eiger
    >>> master, *_ = write_eiger(pathlib.Path(tempfile.mkdtemp()))
    >>> run = list(ingest_eiger(master))
    >>> [doc["seq_nums"] for name, doc in run if name == "stream_datum"]
    [{'start': 1, 'stop': 5}, {'start': 5, 'stop': 7}]
    >>> run[0][1]["motors"]
    ['omega']
    """
    yield from ingest_file(
        ORIGIN,
        filename,
        {"entry": entry},
        columns=columns,
        metadata=metadata,
        allow_external=allow_external,
    )
