"""Ingesting what EPICS areaDetector writes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.documents import Document
from ...core.places.selection import Paths
from ..hdf5.origin import ingest_file
from ..hdf5.probe import probe_of
from ..tiff.probe import probe_series_of
from ..tiff.series import ingest_series
from . import hdf5, nexus
from .tiff import ORIGIN

__all__ = [
    "ingest_areadetector_hdf5",
    "ingest_areadetector_nexus",
    "ingest_areadetector_tiff",
    "probe_hdf5",
    "probe_nexus",
    "probe_tiff",
]

probe_hdf5 = probe_of(hdf5.ORIGIN)
probe_nexus = probe_of(nexus.ORIGIN)
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


def ingest_areadetector_hdf5(
    filename: str | os.PathLike[str],
    *,
    dataset: str | Sequence[str] | None = None,
    entry: str | None = None,
    columns: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Ingest an HDF5 file of EPICS areaDetector (NDFileHDF5) as one run, an event for each frame.

    NDAttributes are known by what is written on them, wherever a layout put them. Those that change
    from frame to frame are event columns, the others configuration of the detector, where exposure
    time, energy and wavelength have the field's names, too. The EPICS time stamp of a frame is the
    time of its event.

    After the source of NDFileHDF5 in areaDetector's ADCore.

    Parameters
    ----------
    filename
        The file.
    dataset, entry
        Which data, where the file has several, as of `ingest_hdf5`.
    columns
        Paths of datasets with one value for each frame, beside the attributes.
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
    >>> from penstock.sample_files.origins.epics_hdf5 import write_areadetector_hdf5
    >>> (path,) = write_areadetector_hdf5(pathlib.Path(tempfile.mkdtemp()))
    >>> run = dict(ingest_areadetector_hdf5(path))
    >>> run["event_page"]["data"]["Theta"]
    [0.0, 0.5, 1.0, 1.5]
    >>> run["descriptor"]["configuration"]["pilatus"]["data"]["exposure_time"]
    2.0
    """
    yield from ingest_file(
        hdf5.ORIGIN,
        filename,
        {"dataset": dataset, "entry": entry},
        columns=columns,
        metadata=metadata,
        allow_external=allow_external,
    )


def ingest_areadetector_nexus(
    filename: str | os.PathLike[str],
    *,
    entry: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest a NeXus file of EPICS areaDetector (NDFileNexus) as one run.

    Process variables that its template names are configuration of the detector, where exposure
    time, energy and wavelength have the field's names, too.

    After the source of NDFileNexus in areaDetector's ADCore.

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
    AmbiguousDataError, NoDataError
        If the data are not told, listing the candidates.
    UnsupportedFileError, AssetError
        If the file is not there, or damaged.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.epics_hdf5 import write_areadetector_nexus
    >>> (path,) = write_areadetector_nexus(pathlib.Path(tempfile.mkdtemp()))
    >>> run = dict(ingest_areadetector_nexus(path))
    >>> run["start"]["operator"], run["start"]["proposal"]
    ('Keechul', '30912')
    >>> configuration = run["descriptor"]["configuration"]["pilatus"]["data"]
    >>> configuration["exposure_time"], configuration["energy"]
    (10.0, 15.86)
    """
    yield from ingest_file(nexus.ORIGIN, filename, {"entry": entry}, metadata=metadata)
