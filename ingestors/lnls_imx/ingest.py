"""Ingesting the three files of a tomography of IMX at LNLS."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...core.documents import Document
from ...core.errors import NoDataError, PenstockError
from ...core.places import place_of_file, run_uid
from ...core.places.recalling import real_path
from ..hdf5.content import Content, read_content
from ..hdf5.documents import run_documents
from ..hdf5.nexus import make_signal
from ..hdf5.origin import Hdf5Origin, Selecting
from ..hdf5.probe import probe_of
from ..hdf5.reader import Reader, open_reader
from ..hdf5.signals import Selection
from ..tomography import DARK, FLAT, PROJECTIONS, name_theta, part_by_image

__all__ = ["ORIGIN", "ingest_lnls_imx", "probe"]

_DATASETS = {PROJECTIONS: "/images", FLAT: "/flats", DARK: "/darks"}


def _stack(reader: Reader, path: str) -> Selection:
    info = reader.tree.datasets.get(path)
    if info is None or not info.numeric or len(info.shape or ()) != 3:
        raise NoDataError(f"has no stack of images {path!r}", where=reader.path)
    return Selection((replace(make_signal(reader.find(path), path, None), scan_axes=1),), None, "")


def _select(reader: Reader, selecting: Selecting) -> Selection:
    return _stack(reader, _DATASETS[PROJECTIONS])


ORIGIN = Hdf5Origin(
    "lnls-imx",
    recognise=lambda reader: "/images" if "/images" in reader.tree.datasets else None,
    runs=lambda reader: [{}],
    select=_select,
)

probe = probe_of(ORIGIN)


def ingest_lnls_imx(
    filename: str | os.PathLike[str],
    *,
    flats: str | os.PathLike[str] | None = None,
    darks: str | os.PathLike[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest the three files of a tomography of IMX at LNLS as one run.

    ``images`` of the first file are the stream ``primary``, ``flats`` and ``darks`` of the others
    ``flat`` and ``dark``. None of them tells angles.

    After the recipe for this beamline in dxchange.

    Parameters
    ----------
    filename
        The file of projections, ``tomo.h5``.
    flats, darks
        Those of flat and dark fields. What is wrong with them makes the run partial.
    metadata
        More for the start document; replaces what the file says.

    Raises
    ------
    NoDataError
        If the first file has no stack called ``images``.
    UnsupportedFileError, AssetError
        If it is not there, or damaged.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.tomography import write_lnls_imx
    >>> projections, flats, darks = write_lnls_imx(pathlib.Path(tempfile.mkdtemp()))
    >>> documents = list(ingest_lnls_imx(projections, flats=flats, darks=darks))
    >>> documents[-1][1]["num_events"]
    {'primary': 4, 'flat': 3, 'dark': 2}
    """
    content = _read(filename, PROJECTIONS)
    name_theta(content)
    missing = []
    for role, given in ((FLAT, flats), (DARK, darks)):
        if given is None:
            continue
        try:
            content.streams += _read(given, role).streams
        except PenstockError as error:
            missing.append(f"{role}: {error}")
    content.notes += missing
    content.incomplete = "; ".join([*filter(None, [content.incomplete]), *missing])
    uid = run_uid(place_of_file(os.fspath(filename)))
    yield from run_documents(uid, content, dict(metadata or {}))


def _read(filename: str | os.PathLike[str], role: str) -> Content:
    with open_reader(real_path(os.fspath(filename))) as reader:
        path = _DATASETS[role]
        content = read_content(reader, _stack(reader, path))
        part_by_image(content, {path: role}, "image")
        return content
