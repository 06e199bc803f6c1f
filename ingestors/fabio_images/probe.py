"""Whether files are images of one of fabio's formats: at most three headers are read."""

from __future__ import annotations

from ...core.errors import AssetError, UnsupportedFileError
from ...core.registry import Acquisition, RunsFound
from .headers import ImageFacts, format_of, inspect_image
from .meanings import interpret

__all__ = ["probe_images", "probe_marccd"]


def probe_images(paths: list[str]) -> RunsFound | None:
    """Accept files of one format whose first, middle and last are alike.

    Raises
    ------
    UnsupportedFileError, AssetError
        If none of these can be read, or fabio is not installed.

    Examples
    --------
    >>> import fabio, numpy as np
    >>> fabio.cbfimage.CbfImage(data=np.zeros((4, 6), "i4")).write("b_1.cbf")
    >>> probe_images(["b_1.cbf"]).detail
    'CBF, 1 file of 4 × 6 int32'
    """
    facts: list[ImageFacts] = []
    bad: list[str] = []
    first: Exception | None = None
    for number in dict.fromkeys((0, len(paths) // 2, len(paths) - 1)):
        try:
            facts.append(inspect_image(paths[number]))
        except (UnsupportedFileError, AssetError) as error:
            first = first or error
            bad.append(f"{paths[number]} cannot be read: {error.what}")
    if not facts:
        assert first is not None
        raise first
    kinds = {(one.format, one.shape, one.dtype.str, len(one.headers)) for one in facts}
    shape = " × ".join(map(str, facts[0].shape))
    frames = len(facts[0].headers)
    each = f", {frames} frames each" if frames > 1 else ""
    noun = "file" if len(paths) == 1 else "files"
    detail = f"{facts[0].format.upper()}, {len(paths)} {noun} of {shape} {facts[0].dtype}{each}"
    notes = (*bad, *(f"{one.path}: {one.problem}" for one in facts if one.problem))
    if len(kinds) > 1 or (bad and len(paths) <= 3):
        return RunsFound(detail="files that are not alike", notes=notes, separate=True)
    began = interpret(facts[0].format, facts[0].headers[0])
    ended = interpret(facts[-1].format, facts[-1].headers[-1])
    told = Acquisition(
        scan_id=began.start.get("scan_id"),
        start=began.time,
        stop=ended.time,
        events=len(paths) * frames,
    )
    return RunsFound(detail=detail, notes=notes, acquisitions=(told,))


def probe_marccd(paths: list[str]) -> RunsFound | None:
    """Accept TIFF files that have MarCCD's header, as `probe_images` does; decline all others.

    Where fabio is not installed they are TIFF files like any other.
    """
    try:
        if format_of(paths[0]) != "marccd":
            return None
        return probe_images(paths)
    except (OSError, UnsupportedFileError, AssetError):
        return None
