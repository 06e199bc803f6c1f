"""Ingesting what EPICS areaDetector writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...core.documents import Document
from ...core.places.selection import Paths
from ..tiff.probe import probe_series_of
from ..tiff.series import ingest_series
from .tiff import ORIGIN

__all__ = ["ingest_areadetector_tiff", "probe_tiff"]

probe_tiff = probe_series_of(ORIGIN)


def ingest_areadetector_tiff(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest TIFF files of EPICS areaDetector (NDFileTIFF) as one run, an event for each image.

    The EPICS time stamp is the time of an event. NDAttributes whose value changes from file to file
    are event columns, with the unit that their name ends with; the others are configuration of the
    detector, where exposure time, energy and wavelength have the field's names, too, and so is what
    the header of a PILATUS says. ``unique_id`` and the driver's own clock are columns.

    After the source of NDFileTIFF in areaDetector's ADCore.

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
    >>> from penstock.sample_files.origins.beamline_tiff import write_areadetector_tiff
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> paths = write_areadetector_tiff(folder)
    >>> run = dict(ingest_areadetector_tiff(paths))
    >>> run["event_page"]["data"]["Omega_deg"]
    [-91.0, -90.5, -90.0, -89.5]
    >>> run["descriptor"]["configuration"]["pilatus"]["data"]["energy"]
    42001.4
    """
    yield from ingest_series(paths, origin=ORIGIN, key=key, metadata=metadata)
