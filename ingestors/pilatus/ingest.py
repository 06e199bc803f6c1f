"""Ingesting TIFF files of PILATUS detectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...core.documents import Document
from ...core.places.selection import Paths
from ..tiff.probe import probe_series_of
from ..tiff.series import ingest_series
from .tiff import ORIGIN

__all__ = ["ingest_pilatus_tiff", "probe_tiff"]

probe_tiff = probe_series_of(ORIGIN)


def ingest_pilatus_tiff(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest TIFF files that camserver wrote for a PILATUS as one run, an event for each image.

    The time of an event is the end of its exposure, which DateTime tells, minus the exposure time.
    Settings that change from file to file (angles, above all) are event columns; the others are the
    detector's configuration, where ``at_default`` lists those that nobody has set: camserver writes
    a wavelength of 1.54 Å whatever the beam was. The XML of SAXSLAB's instruments is read, too;
    where it says otherwise than camserver, or than itself, a note tells.

    After Dectris' "PILATUS CBF Header Specification", whose settings are those of the TIFF files,
    and files of several beamlines.

    Parameters
    ----------
    paths
        A glob or a list of paths, of files with one image each.
    key
        What the images are called.
    metadata
        More for the start document; replaces what the files say.

    Raises
    ------
    NoDataError, MissingFileError
        If there are no such files.
    UnsupportedFileError
        If the first, middle and last file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.beamline_tiff import write_pilatus_tiff
    >>> paths = write_pilatus_tiff(pathlib.Path(tempfile.mkdtemp()))
    >>> run = dict(ingest_pilatus_tiff(paths))
    >>> configuration = run["descriptor"]["configuration"]["pilatus_100k"]["data"]
    >>> configuration["exposure_time"], configuration["count_cutoff"]
    (0.5, 1048574)
    >>> run["event_page"]["data"]["start_angle"]
    [0.0, 0.1, 0.2]
    """
    yield from ingest_series(paths, origin=ORIGIN, key=key, metadata=metadata)
