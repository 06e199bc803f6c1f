"""Ingesting the run that a NeXus file was written from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...core.documents import Document
from ...core.registry.records import Acquisition
from ..hdf5.content import Content
from ..hdf5.origin import Hdf5Origin, Selecting, ingest_file
from ..hdf5.probe import probe_of
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from . import nxwriter, suitcase

__all__ = ["ORIGIN", "ingest_bluesky_nexus", "probe"]


def _recognise(reader: Reader) -> str | None:
    return nxwriter.recognise(reader) or suitcase.recognise(reader)


def _runs(reader: Reader) -> Sequence[Selecting]:
    entries = nxwriter.find_entries(reader) or suitcase.find_entries(reader)
    return [{"entry": entry.strip("/")} for entry in entries]


def _select(reader: Reader, selecting: Selecting) -> Selection:
    entries = nxwriter.find_entries(reader)
    entry = "/" + str(selecting.get("entry") or _runs(reader)[0]["entry"]).strip("/")
    return nxwriter.select(reader, entry) if entries else suitcase.select(reader, entry)


def _read(reader: Reader, selection: Selection) -> Content:
    if selection.entry in nxwriter.find_entries(reader):
        return nxwriter.read(reader, selection)
    return suitcase.read(reader, selection)


def _recorded(reader: Reader, selection: Selection) -> Acquisition:
    if selection.entry in nxwriter.find_entries(reader):
        return nxwriter.recorded(reader, selection)
    return suitcase.recorded(reader, selection)


ORIGIN = Hdf5Origin(
    "bluesky-nexus", _recognise, runs=_runs, select=_select, read=_read, recorded=_recorded
)

probe = probe_of(ORIGIN)


def ingest_bluesky_nexus(
    filename: str | os.PathLike[str],
    *,
    entry: str | None = None,
    keep_uid: bool = False,
    metadata: Mapping[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Ingest the Bluesky run that a NeXus file was written from: its metadata, streams and times.

    Each stream is there again, with the time stamp of every value; an event's own time, which these
    files do not keep, is the latest of them. Images point at their datasets. The run's uid is told
    as ``original_uid``: a file is a copy of the run, and is not to pass for it.

    After the source of apstools' NXWriter (groups ``instrument/bluesky/metadata`` and ``streams``),
    and of the NeXus writer that suitcase once had (attributes ``_BlueSky_…``).

    Parameters
    ----------
    filename
        The file.
    entry
        Name of the NXentry, where the file has several.
    keep_uid
        Give the run the uid that it had.
    metadata
        More for the start document; replaces what the file says.
    allow_external
        Follow links to images anywhere, not only in the file's own folder and the configured roots.

    Raises
    ------
    UnsupportedFileError, AssetError, UnsafeLinkError
        If the file is not there, damaged, or points elsewhere.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.epics_hdf5 import write_bluesky_nexus
    >>> (path,) = write_bluesky_nexus(pathlib.Path(tempfile.mkdtemp()))
    >>> documents = list(ingest_bluesky_nexus(path))
    >>> start = documents[0][1]
    >>> start["plan_name"], start["scan_id"], start["original_uid"][:8]
    ('scan', 88, '77fbfb9d')
    >>> [doc["name"] for name, doc in documents if name == "descriptor"]
    ['primary', 'baseline']
    """
    yield from ingest_file(
        replace(ORIGIN, keeps_uid=keep_uid),
        filename,
        {"entry": entry},
        metadata=metadata,
        allow_external=allow_external,
    )
