"""The first line of a movie."""

import json
from dataclasses import dataclass

from penstock.errors import UnsupportedFileError


@dataclass(frozen=True)
class Header:
    """What the camera wrote before the frames."""

    sample: str
    began: float
    interval: float
    shape: tuple[int, int, int]
    """Frames, rows, columns."""
    size: int
    """Bytes before the first frame."""


def read_header(path):
    """Read the first line of a movie; UnsupportedFileError if it is none."""
    with open(path, "rb") as file:
        line = file.readline(4096)
    try:
        found = json.loads(line)
        return Header(
            sample=str(found["sample"]),
            began=float(found["began"]),
            interval=float(found["interval"]),
            shape=tuple(int(length) for length in found["shape"]),
            size=len(line),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UnsupportedFileError(
            "it does not begin as a movie of the furnace camera does",
            where=path,
            remedy="Copy it again from the camera.",
        ) from error
