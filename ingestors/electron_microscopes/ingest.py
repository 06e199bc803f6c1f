"""One run of images of an electron microscope, or of a streak camera."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ...core.documents import Document
from ...core.places import observe, select_files
from ...core.places.selection import Paths
from ..tiff.series import ingest_series
from ..tiff.stack import ingest_stack
from .gatan import GATAN
from .hamamatsu import HAMAMATSU
from .hitachi import find_settings, hitachi
from .jeol import JEOL
from .thermo import THERMO
from .tvips import TVIPS
from .zeiss import ZEISS

__all__ = [
    "ingest_gatan_stack",
    "ingest_gatan_tiff",
    "ingest_hamamatsu_streak",
    "ingest_hitachi_sem",
    "ingest_jeol_tem",
    "ingest_thermo_sem",
    "ingest_tvips",
    "ingest_zeiss_sem",
    "ingest_zeiss_stack",
]


def ingest_thermo_sem(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest images of FEI's and Thermo Fisher's microscopes as one run with an event for each.

    These are what xT saves: Quanta, Helios, Scios and their kin. What is the same in all images
    (high voltage, beam current, dwell time, …) is configuration, what varies (the stage, the field
    of view, …) is columns; all sections of the metadata stand under ``thermo_sem``. The time is
    that of the microscope's clock, which names no zone.

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
    >>> from penstock.sample_files.origins.electron_microscopes import write_thermo_sem
    >>> run = list(ingest_thermo_sem(write_thermo_sem("thermo_sem")))
    >>> run[1][1]["configuration"]["ETD"]["data"]["accelerating_voltage"]
    5000.0
    """
    yield from ingest_series(paths, origin=THERMO, key=key, metadata=metadata)


def ingest_zeiss_sem(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest images of Zeiss SmartSEM as one run with an event for each.

    What SmartSEM shows stands under ``zeiss_sem``.

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
    >>> from penstock.sample_files.origins.electron_microscopes import write_zeiss_sem
    >>> run = list(ingest_zeiss_sem(write_zeiss_sem("zeiss_sem")))
    >>> run[1][1]["configuration"]["InLens"]["data"]["working_distance"]
    0.0039
    """
    yield from ingest_series(paths, origin=ZEISS, key=key, metadata=metadata)


def ingest_jeol_tem(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest images of JEOL SightX, of a microscope's own, as one run with an event for each.

    The report in the description stands under ``jeol_tem``; its time has a zone.

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
    >>> from penstock.sample_files.origins.electron_microscopes import write_jeol_tem
    >>> run = list(ingest_jeol_tem(write_jeol_tem("jeol_tem")))
    >>> run[0][1]["operator"], run[0][1]["sample"]
    ('Ada', {'name': 'gold on carbon'})
    """
    yield from ingest_series(paths, origin=JEOL, key=key, metadata=metadata)


def ingest_tvips(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest images of TVIPS EM-MENU cameras as one run with an event for each.

    The header of the first image is taken to hold for all of a series.

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
    >>> from penstock.sample_files.origins.electron_microscopes import write_tvips
    >>> run = list(ingest_tvips(write_tvips("tvips")))
    >>> run[1][1]["configuration"]["F416"]["data"]["exposure_time"]
    0.4
    """
    yield from ingest_series(paths, origin=TVIPS, key=key, metadata=metadata)


def ingest_hamamatsu_streak(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest images of Hamamatsu HPD-TA streak cameras as one run with an event for each.

    Exposure and scales are configuration; all sections stand under ``hamamatsu_streak``.

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
    >>> from penstock.sample_files.origins.electron_microscopes import write_hamamatsu_streak
    >>> run = list(ingest_hamamatsu_streak(write_hamamatsu_streak("hamamatsu_streak")))
    >>> run[1][1]["configuration"]["C10910"]["data"]["exposure_time"]
    0.15
    """
    yield from ingest_series(paths, origin=HAMAMATSU, key=key, metadata=metadata)


def ingest_gatan_tiff(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest images that Gatan DigitalMicrograph saved as TIFF as one run with an event for each.

    What the export keeps are the scales of the axes; they are configuration.

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
    >>> from penstock.sample_files.origins.electron_microscopes import write_gatan
    >>> run = list(ingest_gatan_tiff(write_gatan("gatan")))
    >>> run[1][1]["configuration"]["image"]["data"]["pixel_size_x"]
    0.25
    """
    yield from ingest_series(paths, origin=GATAN, key=key, metadata=metadata)


def ingest_zeiss_stack(
    filename: str | os.PathLike[str],
    *,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest the images of one file of Zeiss SmartSEM as one run with an event for each.

    Parameters
    ----------
    filename
        The file.
    key
        What the images are called.
    metadata
        More for the start document; replaces what the file says.

    Raises
    ------
    MissingFileError, AssetError, UnsupportedFileError
        If the file, or its first image, cannot be read.

    Examples
    --------
    >>> from penstock.sample_files.origins.electron_microscopes import write_zeiss_stack
    >>> run = list(ingest_zeiss_stack(write_zeiss_stack("zeiss_stack")[0]))
    >>> run[-1][1]["num_events"]
    {'primary': 2}
    """
    yield from ingest_stack(filename, origin=ZEISS, key=key, metadata=metadata)


def ingest_gatan_stack(
    filename: str | os.PathLike[str],
    *,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest the images of a file that DigitalMicrograph saved as one run, an event for each.

    Parameters
    ----------
    filename
        The file.
    key
        What the images are called.
    metadata
        More for the start document; replaces what the file says.

    Raises
    ------
    MissingFileError, AssetError, UnsupportedFileError
        If the file, or its first image, cannot be read.

    Examples
    --------
    >>> from penstock.sample_files.origins.electron_microscopes import write_gatan_stack
    >>> run = list(ingest_gatan_stack(write_gatan_stack("gatan_stack")[0]))
    >>> run[-1][1]["num_events"]
    {'primary': 2}
    """
    yield from ingest_stack(filename, origin=GATAN, key=key, metadata=metadata)


def ingest_hitachi_sem(
    paths: Paths,
    *,
    settings: str | os.PathLike[str] | None = None,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest an image of a Hitachi scanning electron microscope with its settings file.

    The image itself says nothing of its origin. All lines of the settings stand under
    ``hitachi_sem``.

    Parameters
    ----------
    paths
        The image; of several, the settings hold for all.
    settings
        The text file, which begins with ``[SemImageFile]``; None: that of the image's name.
    key
        What the images are called.
    metadata
        More for the start document; replaces what the files say.

    Raises
    ------
    NoDataError, MissingFileError, AssetError
        If one of the files is not there, or cannot be read.
    UnsupportedFileError
        If the image cannot be read, or the text is no settings file.

    Examples
    --------
    >>> from penstock.sample_files.origins.electron_microscopes import write_hitachi_sem
    >>> image, text = write_hitachi_sem("hitachi_sem")
    >>> run = list(ingest_hitachi_sem(image, settings=text))
    >>> run[0][1]["sample"]
    {'name': 's2'}
    """
    if settings is None:
        with observe():
            files = select_files(paths)
        settings = find_settings(files.path(0))
    origin = hitachi(os.fspath(settings))
    yield from ingest_series(paths, origin=origin, key=key, metadata=metadata)
