"""Tests of the data: lazy until they are asked for, and the same however they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import xarray as xr

from penstock.testing._calling import Tested, demand
from penstock.testing._documents import holds_all_values, pixels_in_documents
from penstock.testing._observing import observing

__all__ = ["DataTests", "LazinessTests"]

_OPENS = 3
_LARGE = 64 * 1024
"""Bytes of an array from which on it matters that a pickle of it does not hold them."""


class LazinessTests(Tested):
    """Headers are read for documents, and pixels when they are computed."""

    def test_little_is_opened_for_the_start(self, tmp_path: Path) -> None:
        """Thousands of runs are listed by their starts: three files are opened for one at most."""
        paths = self._files(tmp_path / "data")
        self._start(paths)  # imports what it needs
        with observing(tmp_path / "data") as seen:
            self._start(paths)
        demand(
            len(seen.opened) <= _OPENS,
            f"{len(seen.opened)} files are opened before the start is there; {_OPENS} are allowed: "
            "yield the start first, and look at the others afterwards",
        )
        demand(
            not seen.reads_too_much(),
            f"{seen.bytes_read} bytes are read before the start is there: read the header, yield "
            "the start, and leave the data to whoever asks for them",
        )

    def test_no_pixels_are_read_while_ingesting(self, tmp_path: Path) -> None:
        """Documents point at pixels, or hold lazy arrays of them."""
        paths = self._files(tmp_path / "data")
        documents = list(self._call(paths))
        for key in pixels_in_documents(documents):
            raise AssertionError(
                f"the events hold the images of {key!r} in memory: point at them by "
                "stream_resource and stream_datum documents, or give a dask array that reads them "
                "when it is computed"
            )
        are_in_memory = holds_all_values(documents)  # a table of text has to be read to the end
        del documents
        with observing(tmp_path / "data") as seen:
            for _ in self._call(paths):
                pass
        demand(not seen.computed, "a dask array is computed while ingesting: leave it lazy")
        demand(
            are_in_memory or not seen.reads_too_much(),
            f"{seen.bytes_read} bytes are read while ingesting, which is more than headers are: "
            "leave the pixels where they are",
        )

    def test_pixels_are_read_when_they_are_computed(self, tmp_path: Path) -> None:
        """`to_dask` reads none, and computing reads them."""
        run = self._run(self._files(tmp_path / "data"))
        list(run.documents())
        for stream in run.keys():  # noqa: SIM118 # of a run, which is no dict
            run[stream].to_dask()  # imports what it needs
            with observing(tmp_path / "data") as seen:
                lazy = run[stream].to_dask()
            demand(not seen.computed, f"to_dask() of stream {stream!r} computes a dask array")
            demand(
                not seen.reads_too_much(),
                f"to_dask() of stream {stream!r} reads {seen.bytes_read} bytes: let it read none",
            )
            for name, array in lazy.data_vars.items():
                demand(
                    array.ndim < 3 or array.chunks is not None,
                    f"column {name!r} of stream {stream!r} holds images and is not lazy",
                )
            lazy.compute()


class DataTests(Tested):
    """Whichever way data are read, they are the same."""

    def test_read_gives_what_to_dask_computes(self, tmp_path: Path) -> None:
        """Both ways to the data lead to the same."""
        run = self._run(self._files(tmp_path / "data"))
        demand(len(run) > 0, "the run has no stream: yield a descriptor and events")
        for stream in run.keys():  # noqa: SIM118 # of a run, which is no dict
            whole, lazy = run[stream].read(), run[stream].to_dask().compute()
            try:
                xr.testing.assert_identical(whole, lazy)
            except AssertionError as error:
                raise AssertionError(
                    f"read() of stream {stream!r} differs from what to_dask() computes: {error}"
                ) from None
            for name, told in run[stream].data_keys.items():
                kind = whole[name].dtype if name in whole else None
                promised = told.get("dtype_numpy")
                demand(
                    kind is None or not isinstance(promised, str) or not _differ(kind, promised),
                    f"the descriptor of stream {stream!r} says that {name!r} is {promised}, and it "
                    f"is read as {kind}",
                )

    def test_arrays_can_be_sent_to_other_processes(self, tmp_path: Path) -> None:
        """A lazy array is pickled as what it takes to read it, and read there."""
        run = self._run(self._files(tmp_path / "data"))
        for stream in run.keys():  # noqa: SIM118 # of a run, which is no dict
            for name, column in run[stream].to_dask().data_vars.items():
                if column.chunks is None:
                    continue
                where = f"the lazy array of column {name!r} of stream {stream!r}"
                try:
                    pickled = cloudpickle.dumps(column.data)
                except Exception as error:  # noqa: BLE001 # whatever its graph holds raises
                    raise AssertionError(
                        f"{where} cannot be pickled ({type(error).__name__}: {error}): let it open "
                        "the file when it is computed, and hold its path, not the open file"
                    ) from None
                demand(
                    column.nbytes < _LARGE or len(pickled) < column.nbytes / 2,
                    f"{where} is pickled with its {column.nbytes} bytes of data (a memory map is, "
                    "too): let it hold the path, and read the file when it is computed",
                )
                there = cloudpickle.loads(pickled).compute()
                demand(
                    np.array_equal(there, column.compute(), equal_nan=there.dtype.kind in "fc"),
                    f"{where} gives other values after it was pickled",
                )


def _differ(kind: np.dtype[Any], promised: str) -> bool:
    """Tell whether dtypes differ in more than the order of their bytes, or the length of text."""
    told = np.dtype(promised)
    return (kind.kind, kind.itemsize) != (told.kind, told.itemsize) and told.kind not in "SUO"
