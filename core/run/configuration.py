"""The configuration of the objects in a stream: values that hold for a whole descriptor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..wording import on_one_line

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Configuration", "ObjectConfiguration"]


class Configuration:
    """The configuration of each object in a stream, one row for each descriptor.

    Examples
    --------
    >>> descriptor = {"time": 0.0, "configuration": {"det": {"data": {"gain": 2.0}}}}
    >>> config = Configuration([descriptor])
    >>> list(config), config["det"].read()["gain"].values.tolist()
    (['det'], [2.0])
    """

    def __init__(self, descriptors: list[dict[str, Any]]) -> None:
        self._descriptors = descriptors

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def __getitem__(self, name: str) -> ObjectConfiguration:
        if name not in self._names():
            raise KeyError(f"{name!r}: the configured objects are {', '.join(self._names())}")
        return ObjectConfiguration(self._descriptors, name)

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
                name for doc in self._descriptors for name in doc.get("configuration") or {}
            )
        )

    def __repr__(self) -> str:
        return on_one_line(f"<configuration of {', '.join(self._names()) or 'nothing'}>")


class ObjectConfiguration:
    """The configuration of one object: values that held for the whole of each descriptor."""

    def __init__(self, descriptors: list[dict[str, Any]], name: str) -> None:
        self._descriptors = descriptors
        self._name = name

    def read(self) -> xr.Dataset:
        """Return one row for each descriptor, along the time at which it was made."""
        import numpy as np
        import xarray as xr

        from .columns import to_column

        descriptors = [
            doc for doc in self._descriptors if self._name in (doc.get("configuration") or {})
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
