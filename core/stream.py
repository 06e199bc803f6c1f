"""One stream of a run: its rows as labelled arrays."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from .display import describe_stream
from .errors import DataShapeError

if TYPE_CHECKING:
    import xarray as xr

    from .dataset import BadFrames
    from .rows import Segment
    from .run import BlueskyRun

__all__ = ["BlueskyEventStream", "Configuration", "Timestamps"]


class BlueskyEventStream:
    """One stream of a run; `BlueskyRun` makes it.

    Examples
    --------
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.samples import count_run
    >>> stream = BlueskyRun(count_run(3))["primary"]
    >>> stream.read()["x"].values.tolist()
    [0.0, 1.0, 2.0]
    >>> sorted(stream.data_keys)
    ['x']
    """

    def __init__(self, run: BlueskyRun, name: str, descriptor: int | None = None) -> None:
        self._run = run
        self.name = name
        self._descriptor = descriptor

    @property
    def descriptors(self) -> list[dict[str, Any]]:
        """The descriptor documents, as ingested."""
        found = self._run.outline.streams[self.name].descriptors
        return found if self._descriptor is None else [found[self._descriptor]]

    @property
    def metadata(self) -> dict[str, Any]:
        """``{"descriptors": [...]}``."""
        return {"descriptors": self.descriptors}

    @property
    def data_keys(self) -> dict[str, dict[str, Any]]:
        """The data keys of all descriptors."""
        return {key: value for doc in self.descriptors for key, value in doc["data_keys"].items()}

    @property
    def parts(self) -> list[BlueskyEventStream]:
        """The stream cut by descriptor: one stream for each."""
        count = len(self._run.outline.streams[self.name].descriptors)
        return [BlueskyEventStream(self._run, self.name, number) for number in range(count)]

    def __len__(self) -> int:
        """How many rows there are."""
        return sum(len(self._run.outline.row_numbers(doc["uid"])) for doc in self.descriptors)

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
        >>> from penstock.core.samples import count_run
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
        return Configuration(self)

    def _gather(
        self, include: Collection[str] | None, exclude: Collection[str] | None
    ) -> list[Segment]:
        from .rows import gather

        wanted = self._wanted(include, exclude)
        return gather(
            self._run.documents(),
            self._run.outline,
            self.descriptors,
            self._run.access,
            wanted.__contains__,
        )

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

        return to_grid(dataset, self._run.metadata["start"])

    def _attrs(self) -> dict[str, Any]:
        return {"run_uid": self._run.uid, "stream": self.name}

    # Display ---------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return describe_stream(self)


class Timestamps:
    """The times at which the values of a stream's data keys were taken.

    Examples
    --------
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.samples import count_run
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


class Configuration:
    """The configuration of each object in a stream, one row for each descriptor.

    Examples
    --------
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.samples import count_run
    >>> config = BlueskyRun(count_run(2)).primary.config
    >>> list(config), config["x"].read()["gain"].values.tolist()
    (['x'], [2.0])
    """

    def __init__(self, stream: BlueskyEventStream) -> None:
        self._stream = stream

    def __iter__(self) -> Any:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def __getitem__(self, name: str) -> ObjectConfiguration:
        if name not in self._names():
            raise KeyError(f"{name!r}: the configured objects are {', '.join(self._names())}")
        return ObjectConfiguration(self._stream, name)

    def __getattr__(self, name: str) -> ObjectConfiguration:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(n for n in self._names() if n.isidentifier())})

    def _names(self) -> list[str]:
        return list(
            dict.fromkeys(
                name for doc in self._stream.descriptors for name in doc.get("configuration") or {}
            )
        )

    def __repr__(self) -> str:
        return f"<configuration of {', '.join(self._names()) or 'nothing'}>"


class ObjectConfiguration:
    """The configuration of one object: values that held for the whole of each descriptor."""

    def __init__(self, stream: BlueskyEventStream, name: str) -> None:
        self._stream = stream
        self._name = name

    def read(self) -> xr.Dataset:
        """Return one row for each descriptor, along the time at which it was made."""
        import numpy as np
        import xarray as xr

        from .columns import to_column

        descriptors = [
            doc
            for doc in self._stream.descriptors
            if self._name in (doc.get("configuration") or {})
        ]
        entries = [doc["configuration"][self._name] for doc in descriptors]
        keys = list(dict.fromkeys(key for entry in entries for key in entry["data"]))
        variables = {}
        for key in keys:
            column = to_column([entry["data"].get(key) for entry in entries])
            units = entries[-1].get("data_keys", {}).get(key, {}).get("units")
            dims = ("time", *(f"{key}_dim_{n}" for n in range(np.ndim(column) - 1)))
            variables[key] = (dims, column, {"units": units} if units else {})
        return xr.Dataset(variables, coords={"time": [doc["time"] for doc in descriptors]})

    def __repr__(self) -> str:
        return f"<configuration of {self._name!r}: use read()>"
