"""Frames of images that fabio reads.

Resources of mimetype ``application/x-fabio``, whose ``uri`` is a folder, version ``penstock: 1``:

``format``
    Which of fabio's formats the files have: ``"cbf"``, ``"edf"``, …
``files``
    Names in the folder, in order.
``frames_per_file``
    Frame *i* is in file ``i // frames_per_file``.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.assets.protocol import AssetContext, Frames, Region
from ....core.errors import AssetError
from .opening import CLASSES, frame_data, opened_image

__all__ = ["MIMETYPE", "FabioFrames", "open_fabio"]

MIMETYPE = "application/x-fabio"


def open_fabio(resource: dict[str, Any], context: AssetContext) -> Frames:
    """Return the frames that a ``stream_resource`` document of fabio's formats describes.

    Raises
    ------
    AssetError
        If the parameters are not understood, or a file is needed and cannot be read.

    Examples
    --------
    >>> parameters = {"penstock": 1, "format": "cbf", "files": ["a.cbf"], "frames_per_file": 1}
    >>> resource = {"uri": "/data/", "parameters": parameters}
    >>> open_fabio(resource, AssetContext((4, 6), "<i4")).frame_shape
    (4, 6)
    """
    folder = context.resolve(resource["uri"])
    parameters = resource.get("parameters", {})
    names, count = parameters.get("files"), parameters.get("frames_per_file", 1)
    format_id = parameters.get("format")
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if parameters.get("penstock") != 1 or format_id not in CLASSES or not is_list:
        raise AssetError(
            "the parameters of the resource are none of fabio's images, version 1", where=folder
        )
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise AssetError(f"frames_per_file is {count!r}", where=folder)
    paths = tuple(os.path.join(folder, name) for name in names)
    shape, dtype = context.frame_shape, context.dtype
    if shape is None or dtype is None:
        with opened_image(paths[0], format_id) as image:
            data = frame_data(image, 0, paths[0], 0)
        shape, dtype = data.shape, data.dtype.str
    return FabioFrames(paths, format_id, count, tuple(shape), np.dtype(dtype))


class FabioFrames:
    """The frames of one or many files of one format.

    Examples
    --------
    >>> FabioFrames(("a.cbf",), "cbf", 1, (4, 6), np.dtype("<i4")).frames_per_chunk
    1
    """

    def __init__(
        self,
        paths: tuple[str, ...],
        format_id: str,
        frames_per_file: int,
        frame_shape: tuple[int, ...],
        dtype: np.dtype[Any],
    ) -> None:
        self.frame_shape = frame_shape
        self.dtype = dtype
        self.frames_per_chunk = 1
        self._paths = paths
        self._format = format_id
        self._frames_per_file = frames_per_file

    def read(self, start: int, stop: int, region: Region | None, out: NDArray[Any]) -> None:
        """Read frames into `out`, as `penstock.core.assets.protocol.Frames` has it."""
        step = self._frames_per_file
        for number in range(start // step, (stop - 1) // step + 1):
            if not 0 <= number < len(self._paths):
                raise AssetError(
                    f"there is no frame {number * step} in {len(self._paths)} files",
                    where=os.path.dirname(self._paths[0]) if self._paths else "",
                )
            path = self._paths[number]
            with opened_image(path, self._format) as image:
                for index in range(max(start, number * step), min(stop, (number + 1) * step)):
                    data = frame_data(image, index - number * step, path, index)
                    self._check(data, path, index)
                    out[index - start] = data if region is None else data[region]

    def _check(self, data: NDArray[Any], path: str, index: int) -> None:
        if data.shape != self.frame_shape or data.dtype != self.dtype.newbyteorder("="):
            raise AssetError(
                f"frame {index} is {data.shape} {data.dtype}, not {self.frame_shape} {self.dtype}",
                where=path,
            )
