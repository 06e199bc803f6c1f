"""The frames of a movie, read when somebody asks for them."""

from dataclasses import dataclass

import numpy as np

from penstock.errors import TruncatedFileError


@dataclass(frozen=True)
class MovieFrames:
    """Knows where the frames lie; it holds no open file, so it can go to other processes."""

    path: str
    header_bytes: int
    frame_shape: tuple[int, int]
    dtype: np.dtype
    frames_per_chunk: int = 1

    def read(self, start, stop, region, out):
        """Read the frames from `start` to `stop` into `out`."""
        rows, columns = self.frame_shape
        count = (stop - start) * rows * columns
        with open(self.path, "rb") as file:
            file.seek(self.header_bytes + start * rows * columns * self.dtype.itemsize)
            pixels = np.fromfile(file, self.dtype, count)
        if pixels.size < count:
            raise TruncatedFileError(f"it ends before frame {stop - 1} does", where=self.path)
        frames = pixels.reshape(stop - start, rows, columns)
        out[...] = frames if region is None else frames[(slice(None), *region)]


def open_movie(resource, context):
    """Return the frames of the file that a document points at."""
    return MovieFrames(
        path=context.resolve(resource["uri"]),
        header_bytes=resource["parameters"]["header_bytes"],
        frame_shape=tuple(context.frame_shape),
        dtype=np.dtype(context.dtype),
    )
