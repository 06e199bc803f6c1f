"""One stream of a run: its rows as labelled arrays."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..display import describe_stream
from ..errors import DataShapeError
from .configuration import Configuration
from .reader import RunReader

if TYPE_CHECKING:
    import xarray as xr

    from .dataset import BadFrames
    from .rows import Segment

__all__ = ["BlueskyEventStream", "Timestamps"]


class BlueskyEventStream:
    """One stream of a run; `BlueskyRun` makes it.

    Examples
    --------
    >>> from penstock.core.run.samples import count_run
    >>> stream = BlueskyEventStream(RunReader(count_run(3)), "primary")
    >>> stream.read()["x"].values.tolist()
    [0.0, 1.0, 2.0]
    >>> sorted(stream.data_keys)
    ['x']
    """

    def __init__(self, reader: RunReader, name: str, descriptor: int | None = None) -> None:
        self._reader = reader
        self.name = name
        self._number = descriptor

    @property
    def descriptors(self) -> list[dict[str, Any]]:
        """The descriptor documents, as ingested."""
        return copy.deepcopy(self._descriptors)

    @property
    def _descriptors(self) -> list[dict[str, Any]]:
        found = self._reader.streams[self.name].descriptors
        return found if self._number is None else [found[self._number]]

    @property
    def metadata(self) -> dict[str, Any]:
        """``{"descriptors": [...]}``."""
        return {"descriptors": self.descriptors}

    @property
    def data_keys(self) -> dict[str, dict[str, Any]]:
        """The data keys of all descriptors."""
        return {key: value for doc in self._descriptors for key, value in doc["data_keys"].items()}

    @property
    def parts(self) -> list[BlueskyEventStream]:
        """The stream cut by descriptor: one stream for each."""
        count = len(self._reader.streams[self.name].descriptors)
        return [BlueskyEventStream(self._reader, self.name, number) for number in range(count)]

    def __len__(self) -> int:
        """How many rows there are."""
        if self._number is None:
            return self._reader.row_count(self.name)
        return sum(len(self._reader.outline.row_numbers(doc["uid"])) for doc in self._descriptors)

    def __bool__(self) -> bool:
        return True  # a stream without rows is a stream

    # Data ------------------------------------------------------------------------------------

    def read(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        *,
        grid: bool = False,
        bad_frames: BadFrames = "raise",
    ) -> xr.Dataset:
        """Read the rows into memory.

        Parameters
        ----------
        include, exclude
            Data keys to read, or not to; nothing of others is opened.
        grid
            Whether to shape the rows into the grid that was scanned (``start.shape``).
        bad_frames
            What to do about a frame that cannot be read: ``"raise"`` names it, ``"mask"`` makes it
            NaN (integers become floats), warns, and lists it in the attribute ``bad_seq_nums``.

        Returns
        -------
        xarray.Dataset
            Coordinate ``time``, the data keys, ``seq_num`` and ``uid``.

        Raises
        ------
        TooLargeError
            If it would take more than half of the memory at hand: use `to_dask`.
        """
        from .dataset import load_dataset

        if bad_frames not in ("raise", "mask"):
            raise ValueError(f'bad_frames is "raise" or "mask", not {bad_frames!r}')
        segments = self._gather(include, exclude)
        dataset = load_dataset(segments, attrs=self._attrs(), bad_frames=bad_frames)
        return self._gridded(dataset) if grid else dataset

    def to_dask(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        *,
        grid: bool = False,
    ) -> xr.Dataset:
        """Return the rows with images as lazy dask arrays; as `read` otherwise.

        Examples
        --------
        >>> from penstock.core.run import BlueskyRun
        >>> from penstock.core.run.samples import count_run
        >>> dict(BlueskyRun(count_run(3)).primary.to_dask().sizes)
        {'time': 3}
        """
        from .dataset import build_dataset

        dataset = build_dataset(self._gather(include, exclude), attrs=self._attrs())
        return self._gridded(dataset) if grid else dataset

    @property
    def timestamps(self) -> Timestamps:
        """The times at which the values of each data key were taken."""
        return Timestamps(self)

    @property
    def config(self) -> Configuration:
        """The configuration of each object (detector, motor, …) in this stream."""
        return Configuration(self.descriptors)

    def _gather(
        self, include: Collection[str] | None, exclude: Collection[str] | None
    ) -> list[Segment]:
        wanted = self._wanted(include, exclude)
        return self._reader.rows(self._descriptors, wanted.__contains__)

    def _wanted(self, include: Collection[str] | None, exclude: Collection[str] | None) -> set[str]:
        known = set(self.data_keys)
        for given in (include, exclude):
            if isinstance(given, str):
                raise TypeError(f"include and exclude take lists of data keys: [{given!r}]")
            unknown = set(given or ()) - known
            if unknown:
                raise DataShapeError(
                    f"stream {self.name!r} has no data key {', '.join(map(repr, sorted(unknown)))}",
                    remedy=f"It has: {', '.join(sorted(known))}.",
                )
        return (known if include is None else set(include)) - set(exclude or ())

    def _gridded(self, dataset: xr.Dataset) -> xr.Dataset:
        from .grid import to_grid

        return to_grid(dataset, self._reader.start)

    def _attrs(self) -> dict[str, Any]:
        return {"run_uid": self._reader.uid, "stream": self.name}

    # Display ---------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return describe_stream(self.name, len(self), self.data_keys)


class Timestamps:
    """The times at which the values of a stream's data keys were taken.

    Examples
    --------
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> BlueskyRun(count_run(2)).primary.timestamps.read()["x"].values.tolist()
    [0.0, 1.0]
    """

    def __init__(self, stream: BlueskyEventStream) -> None:
        self._stream = stream

    def read(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> xr.Dataset:
        """Return a dataset like `BlueskyEventStream.read`, of seconds since 1970-01-01 UTC.

        Data keys whose bytes lie outside of the documents have no times of their own.
        """
        from .dataset import build_dataset

        segments = self._stream._gather(include, exclude)
        return build_dataset(segments, values="timestamps", attrs=self._stream._attrs())

    def __repr__(self) -> str:
        return f"<timestamps of stream {self._stream.name!r}: use read()>"
