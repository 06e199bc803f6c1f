"""Whether files are of an acquisition of Micro-Manager."""

from __future__ import annotations

import os

from ...core.errors import AssetError, UnsupportedFileError
from ...core.places import consult
from ...core.registry import Acquisition, RunsFound
from .ingest import look_at_data_set
from .metadata import describe_acquisition

__all__ = ["probe_micro_manager"]


def probe_micro_manager(paths: list[str]) -> RunsFound | None:
    """Accept files of one acquisition; those of several are to be taken one by one.

    Examples
    --------
    >>> import pathlib
    >>> from penstock.sample_files.origins.light_microscopy import write_ndtiff
    >>> paths = write_ndtiff(pathlib.Path("nd"))
    >>> probe_micro_manager([str(path) for path in paths]).detail
    'Micro-Manager: NDTiff of 4 images in 1 file'
    """
    try:
        found = look_at_data_set(paths)
    except (UnsupportedFileError, AssetError):
        return None
    given = {os.path.basename(path) for path in paths}
    names = found.stacks or found.planes.names
    if len(given) > 1 and not given <= {*names, found.first, "NDTiff.index"}:
        return RunsFound(detail="Micro-Manager: files of several acquisitions", separate=True)
    for name in names:
        if name not in given:
            consult(os.path.join(found.planes.folder, name))
    images, files = len(found.planes), len(names)
    missing = sorted(found.missing)
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    notes = [f"missing: {', '.join(missing[:3])}{more}"] if missing else []
    size = f"{images} images in {files} file{'s' * (files != 1)}"
    if found.stacks:
        size = f"{files} files, {images} images in one of them"
    return RunsFound(
        detail=f"Micro-Manager: {found.kind} of {size}",
        notes=(*found.notes, *notes),
        acquisitions=(
            Acquisition(
                events=None if found.stacks else images,
                start=describe_acquisition(found.summary, found.image).time,
            ),
        ),
    )
