"""The tests themselves."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import shutil
import subprocess
import sys
import unittest
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import cloudpickle
import numpy as np
import xarray as xr

from penstock.core.catalog import BlueskyInMemoryCatalog
from penstock.core.config import Config, use_config
from penstock.core.errors import PenstockError
from penstock.core.matching import match
from penstock.core.registry import Ingestor, get_registry
from penstock.core.registry.checking import check_plugins
from penstock.core.run import BlueskyRun
from penstock.testing._attempting import attempt, documents_elsewhere
from penstock.testing._documents import (
    as_plain_data,
    check_documents,
    first_difference,
    holds_all_values,
    pixels_in_documents,
)
from penstock.testing._inputs import as_text, cuts, relocate
from penstock.testing._observing import observing

__all__ = ["IngestorTests"]

_HEAVY = ("numpy", "h5py", "tifffile", "dask", "xarray", "event_model", "pandas", "scipy")
_OPENS = 3
_LARGE = 64 * 1024
"""Bytes of an array from which on it matters that a pickle of it does not hold them."""


class IngestorTests:
    """Tests that every ingestor should pass: inherit them, and say what to ingest.

    Set `ingestor`, and write `write_files`. A test that fails says what to do. Let the files be a
    megabyte or more together: of smaller ones it cannot be told whether more is read than headers.

    Examples
    --------
    >>> class TestSeries(IngestorTests):
    ...     ingestor = "tiff-series"
    ...
    ...     def write_files(self, folder):
    ...         for number in range(3):
    ...             tifffile.imwrite(folder / f"scan_{number}.tif", np.zeros((8, 9), "uint16"))
    ...         return f"{folder}/scan_*.tif"
    """

    ingestor: ClassVar[str | Callable[..., Any]]
    """The name under which it is registered, or the function itself (then what is about its
    registration is left out, unless a plug-in registers that function)."""
    kwargs: ClassVar[Mapping[str, Any]] = {}
    """Keyword arguments for the function, beside the path or paths."""

    def write_files(self, folder: Path) -> Any:
        """Write what is to be ingested into an empty folder, the same each time.

        Returns
        -------
        Any
            The first argument of the ingestor: a path, a list of paths, or a glob.
        """
        raise NotImplementedError(
            f"write {type(self).__name__}.write_files(self, folder), which puts files into the "
            "folder and returns what the ingestor is called with"
        )

    # What the tests are made of --------------------------------------------------------------

    @cached_property
    def _record(self) -> Ingestor | None:
        registry = get_registry()
        if isinstance(self.ingestor, str):
            return registry.ingestor(self.ingestor)
        name = registry.name_of(self._function)
        return None if name is None else registry.ingestor(name)

    @cached_property
    def _function(self) -> Callable[..., Any]:
        if isinstance(self.ingestor, str):
            return get_registry().function_of(self.ingestor)
        given: Any = inspect.getattr_static(self, "ingestor")  # a function would be bound to self
        function: Callable[..., Any] = given.__func__ if isinstance(given, staticmethod) else given
        return function

    def _files(self, folder: Path) -> Any:
        folder.mkdir(parents=True)
        paths = as_text(self.write_files(folder))
        if not any(folder.rglob("*")):
            raise AssertionError("write_files wrote nothing into the folder that it was given")
        return paths

    def _call(self, paths: Any) -> Any:
        return self._function(paths, **self.kwargs)

    def _start(self, paths: Any) -> dict[str, Any]:
        """Pull the start document and let go of the rest, as a catalog does."""
        stream = iter(self._call(paths))
        try:
            name, doc = next(stream)
        finally:
            getattr(stream, "close", lambda: None)()
        _demand(name == "start", f"the first document is a {name!r}: yield ('start', doc) first")
        start: dict[str, Any] = doc
        return start

    def _run(self, paths: Any) -> BlueskyRun:
        catalog = BlueskyInMemoryCatalog()
        return catalog[catalog.upsert(self._function, (paths,), dict(self.kwargs))]

    # Documents -------------------------------------------------------------------------------

    def test_documents_are_valid_and_in_order(self, tmp_path: Path) -> None:
        """Each document fits its schema; they come in an order that makes sense; pages fit."""
        check_documents(list(self._call(self._files(tmp_path / "data"))))

    def test_the_same_documents_come_every_time(self, tmp_path: Path) -> None:
        """Nothing in them is random, or taken from the clock, or left over from the last call."""
        paths = self._files(tmp_path / "data")
        advice = (
            ": every uid has to follow from the files (penstock.core.places.run_uid, "
            "penstock.core.documents.child_uid), and every time from what they record"
        )
        first = as_plain_data(list(self._call(paths)))
        self._start(paths)  # a pass that was cut short leaves nothing behind
        found = first_difference(first, as_plain_data(list(self._call(paths))))
        _demand(found is None, f"a second call gives other documents: {found}{advice}")
        elsewhere = documents_elsewhere(self._function, paths, self.kwargs)
        if elsewhere is not None:
            found = first_difference(first, elsewhere)
            _demand(found is None, f"another process gets other documents: {found}{advice}")

    # Identity --------------------------------------------------------------------------------

    def test_the_uid_does_not_depend_on_where_the_tree_is_mounted(self, tmp_path: Path) -> None:
        """Under a named root, a copy of the tree is the same run."""
        paths = self._files(tmp_path / "here" / "scans")
        shutil.copytree(tmp_path / "here", tmp_path / "there")
        uids = []
        for root in ("here", "there"):
            with use_config(Config(roots={"data": os.fspath(tmp_path / root)})):
                moved = relocate(paths, tmp_path / "here", tmp_path / root)
                uids.append(self._start(moved)["uid"])
        _demand(
            uids[0] == uids[1],
            "under a named root, a copy of the tree has another uid: make it of the place, as "
            "run_uid(place_of_file(path)) or select_files(paths) do, not of the path",
        )

    def test_the_uid_does_not_depend_on_how_the_path_is_spelled(self, tmp_path: Path) -> None:
        """A relative path to the same files is the same run."""
        paths = self._files(tmp_path / "data")
        absolute = self._start(paths)["uid"]
        with contextlib.chdir(tmp_path):
            relative = self._start(relocate(paths, tmp_path / "data", Path("data")))["uid"]
        _demand(
            absolute == relative,
            "a relative path to the same files gives another uid: make it of the place, as "
            "run_uid(place_of_file(path)) or select_files(paths) do, not of the path's spelling",
        )

    def test_other_files_are_another_run(self, tmp_path: Path) -> None:
        """The uid tells runs apart: the same files in another folder are other files."""
        one = self._start(self._files(tmp_path / "monday"))["uid"]
        other = self._start(self._files(tmp_path / "tuesday"))["uid"]
        _demand(
            one != other,
            f"files in two folders give one run, {one!r}: the second would replace the first. Make "
            "the uid of the place, as run_uid(place_of_file(path)) does",
        )

    # Laziness --------------------------------------------------------------------------------

    def test_little_is_opened_for_the_start(self, tmp_path: Path) -> None:
        """Thousands of runs are listed by their starts: three files are opened for one at most."""
        paths = self._files(tmp_path / "data")
        self._start(paths)  # imports what it needs
        with observing(tmp_path / "data") as seen:
            self._start(paths)
        _demand(
            len(seen.opened) <= _OPENS,
            f"{len(seen.opened)} files are opened before the start is there; {_OPENS} are allowed: "
            "yield the start first, and look at the others afterwards",
        )
        _demand(
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
        _demand(not seen.computed, "a dask array is computed while ingesting: leave it lazy")
        _demand(
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
            _demand(not seen.computed, f"to_dask() of stream {stream!r} computes a dask array")
            _demand(
                not seen.reads_too_much(),
                f"to_dask() of stream {stream!r} reads {seen.bytes_read} bytes: let it read none",
            )
            for name, array in lazy.data_vars.items():
                _demand(
                    array.ndim < 3 or array.chunks is not None,
                    f"column {name!r} of stream {stream!r} holds images and is not lazy",
                )
            lazy.compute()

    # Data ------------------------------------------------------------------------------------

    def test_read_gives_what_to_dask_computes(self, tmp_path: Path) -> None:
        """Both ways to the data lead to the same."""
        run = self._run(self._files(tmp_path / "data"))
        _demand(len(run) > 0, "the run has no stream: yield a descriptor and events")
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
                _demand(
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
                _demand(
                    column.nbytes < _LARGE or len(pickled) < column.nbytes / 2,
                    f"{where} is pickled with its {column.nbytes} bytes of data (a memory map is, "
                    "too): let it hold the path, and read the file when it is computed",
                )
                there = cloudpickle.loads(pickled).compute()
                _demand(
                    np.array_equal(there, column.compute(), equal_nan=there.dtype.kind in "fc"),
                    f"{where} gives other values after it was pickled",
                )

    # Bad input -------------------------------------------------------------------------------

    def test_a_truncated_file_is_told_or_gives_a_partial_run(self, tmp_path: Path) -> None:
        """A copy that was interrupted anywhere is an error that names the file, or a part."""
        self._demand_clean(tmp_path, "cut after {size} bytes of {whole}", cuts)

    def test_an_empty_file_is_told_or_gives_a_partial_run(self, tmp_path: Path) -> None:
        """A file of no bytes is an error that names it, or the run without it."""
        self._demand_clean(tmp_path, "empty", lambda size: [0])

    def _demand_clean(
        self, tmp_path: Path, how: str, sizes: Callable[[int], Sequence[int]]
    ) -> None:
        paths = self._files(tmp_path / "whole")
        names = sorted(
            path.relative_to(tmp_path / "whole")
            for path in (tmp_path / "whole").rglob("*")
            if path.is_file() and path.stat().st_size
        )
        for name in dict.fromkeys([names[0], names[-1]]):
            content = (tmp_path / "whole" / name).read_bytes()
            for size in sizes(len(content)):
                folder = tmp_path / "cut"
                shutil.copytree(tmp_path / "whole", folder)
                (folder / name).write_bytes(content[:size])
                moved = relocate(paths, tmp_path / "whole", folder)
                said = attempt(self._function, moved, self.kwargs)
                state = how.format(size=size, whole=len(content))
                _demand(
                    said is None,
                    f"{name} ({state}) gives {said}. Raise a PenstockError with `where=path` "
                    "(penstock.errors.UnsupportedFileError, TruncatedFileError), or yield what "
                    "is good",
                )
                shutil.rmtree(folder)

    def test_a_missing_file_is_told(self, tmp_path: Path) -> None:
        """Files that are gone are an error that names them."""
        paths = self._files(tmp_path / "data")
        shutil.rmtree(tmp_path / "data")
        (tmp_path / "data").mkdir()
        try:
            list(self._call(paths))
        except PenstockError as error:
            _demand("data" in str(error), f"the error does not say which file: {error}")
        except FileNotFoundError as error:
            _demand(bool(error.filename), f"the error does not say which file: {error}")
        except Exception as error:  # noqa: BLE001 # what it raises is the finding
            raise AssertionError(
                f"a missing file gives {type(error).__name__}: {error}. Raise an error that "
                "names it (penstock.errors.MissingFileError), or let open() do so"
            ) from None
        else:
            raise AssertionError("a missing file gives a run: raise an error that names it")

    # Registration ----------------------------------------------------------------------------

    def test_its_plugin_is_light_to_import(self, tmp_path: Path) -> None:
        """Listing plug-ins imports none of the large libraries."""
        plugin = get_registry().plugin_of(self._registered())
        if not plugin.distribution:
            raise unittest.SkipTest("its plug-in is not installed as a package")
        code = (
            "import importlib, json, sys; sys.path[:] = json.loads(sys.argv[1]); "
            "importlib.import_module(sys.argv[2]); print(json.dumps(sorted(sys.modules)))"
        )
        command = [sys.executable, "-c", code, json.dumps(sys.path), plugin.module]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        _demand(not done.returncode, f"module {plugin.module} cannot be imported: {done.stderr}")
        heavy = sorted(set(_HEAVY) & set(json.loads(done.stdout.splitlines()[-1])))
        _demand(
            not heavy,
            f"importing the plug-in's module {plugin.module} imports {', '.join(heavy)}: keep the "
            "functions in another module, and name them by references 'module:function'",
        )

    def test_it_is_registered_as_it_should_be(self, tmp_path: Path) -> None:
        """What its record says holds, and matching gives it its own files."""
        record = self._registered()
        registry = get_registry()
        plugin = registry.plugin_of(record)
        told = [*registry.problems, *check_plugins(registry)]
        mine = [str(problem) for problem in told if problem.plugin == plugin.name]
        _demand(not mine, "; ".join(mine))
        self._files(tmp_path / "data")
        needed = {name: self.kwargs[name] for name in record.needs if name in self.kwargs}
        use = record.name if needed else None  # else matching does not ask it
        plan = match(tmp_path / "data", use=use, settings=needed or None)
        chosen = [item.chosen.ingestor for item in plan.decisions if item.chosen is not None]
        _demand(
            record.name in chosen,
            f"matching does not give {record.name!r} the files of this test. It says:\n"
            f"{plan.explain()}\nSee `formats`, `patterns`, `probe` and `beats` of its record.",
        )

    def _registered(self) -> Ingestor:
        if self._record is None:
            raise unittest.SkipTest("no plug-in registers this function")
        return self._record


def _demand(is_so: bool, message: str) -> None:
    if not is_so:
        raise AssertionError(message)


def _differ(kind: np.dtype[Any], promised: str) -> bool:
    """Tell whether dtypes differ in more than the order of their bytes, or the length of text."""
    told = np.dtype(promised)
    return (kind.kind, kind.itemsize) != (told.kind, told.itemsize) and told.kind not in "SUO"
