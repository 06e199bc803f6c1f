"""Each test of the kit fails for an ingestor that deserves it, and says what to do."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest

from penstock.core.registry import Ingestor, Registry, hookimpl, use_registry
from penstock.core.registry.discovery import FoundPlugin
from penstock.testing import IngestorTests, _attempting

ALL = [name for name in dir(IngestorTests) if name.startswith("test_")]

MOVIES = """
import json, os, time, uuid
import dask, dask.array as da, event_model, h5py, numpy as np
from pathlib import Path
from penstock.core.documents import child_uid
from penstock.core.places import place_of_file, run_uid
from penstock.errors_ import NoDataError, UnsupportedFileError

SHAPE = (20, 120, 250)
BYTES = 2 * 20 * 120 * 250
calls = 0
was_cut_short = False

def read_block(path, begin, block_info=None):
    (first, last), *_ = block_info[None]["array-location"]
    with open(path, "rb") as file:
        file.seek(begin + first * 60000)
        data = file.read((last - first) * 60000)
    if len(data) < (last - first) * 60000:
        raise UnsupportedFileError("the file ends early", where=path)
    return np.frombuffer(data, "<u2").reshape(last - first, *SHAPE[1:])

def lazy_frames(path, begin, flaw):
    chunks = ((5,) * 4, *((size,) for size in SHAPE[1:]))
    if flaw == "memory map":
        return da.from_array(np.memmap(path, "<u2", "r", begin, SHAPE), chunks=chunks)
    if flaw == "open file":
        file = h5py.File("memory.h5", "w", driver="core", backing_store=False)
        return da.from_array(file.create_dataset("x", data=np.zeros(SHAPE, "<u2")), chunks=chunks)
    if flaw == "unsteady values":
        return da.map_blocks(lambda b: np.random.random(b.shape), da.zeros(SHAPE, chunks=chunks))
    return da.map_blocks(read_block, path, begin, chunks=chunks, meta=np.empty(0, "<u2"))

def read_header(path, flaw):
    with open(path, "rb") as file:
        line = file.readline()
        if flaw == "bare error":
            return json.loads(line), len(line)
        if not line.endswith(b"}\\n"):
            if flaw == "crash":
                os.abort()
            if flaw == "hang":
                time.sleep(3600)
            if flaw == "unnamed error":
                raise UnsupportedFileError("this is no movie")
            raise UnsupportedFileError("this is no movie", where=path)
        return json.loads(line), len(line)

def ingest(path, flaw=None):
    global calls, was_cut_short
    calls += 1
    if not os.path.exists(path):
        if flaw == "missing is a run":
            yield from [("start", {"uid": "a", "time": 0.0}), ("stop", {"uid": "b", "time": 0.0,
                        "run_start": "a", "exit_status": "success"})]
            return
        if flaw == "missing is odd":
            raise KeyError(path)
        if flaw == "missing is unnamed":
            raise NoDataError("nothing there")
    if flaw == "opens all":
        for other in sorted(Path(path).parent.iterdir()):
            other.open("rb").close()
    if flaw == "reads all":
        Path(path).read_bytes()
    header, begin = read_header(path, flaw)
    uid = run_uid(place_of_file(path))
    if flaw == "random uid":
        uid = str(uuid.uuid4())
    elif flaw == "spelled uid":
        uid = "movie-" + str(path)
    elif flaw == "mounted uid":
        uid = "movie-" + os.path.abspath(path)
    elif flaw == "constant uid":
        uid = "movie"
    start = {"uid": uid, "time": time.time() if flaw == "clock" else header["began"]}
    if flaw == "no time":
        del start["time"]
    if flaw == "large start":
        start["mask"] = [0] * 70000
    if flaw == "hash":
        start["sample"] = hash("salol")
    if flaw == "hidden state":
        start["sample"] = calls
    if flaw == "cut short" and was_cut_short:
        start["sample"] = "again"
    if flaw == "begins with a stop":
        yield "stop", {}
    was_cut_short = True
    yield "start", start
    was_cut_short = False
    if flaw == "two starts":
        yield "start", start
    if flaw == "reads later":
        Path(path).read_bytes()
    count = SHAPE[0]
    key = {"source": "movie", "dtype": "array", "dtype_numpy": "<u2", "shape": list(SHAPE[1:])}
    if flaw == "other shape":
        key["shape"] = [3, 3]
    descriptor = {"uid": child_uid(uid, "primary"), "run_start": uid, "time": header["began"],
                  "name": "primary", "data_keys": {"image": key}, "configuration": {}, "hints": {},
                  "object_keys": {"camera": [] if flaw == "object keys" else ["image"]}}
    frames = lazy_frames(path, begin, flaw)
    if flaw == "odd configuration":
        descriptor["configuration"] = {"camera": {"data": {"gain": 1}, "timestamps": {},
                                                  "data_keys": {}}}
    if flaw == "reserved key":
        descriptor["data_keys"] = {"time": key}
        descriptor["object_keys"] = {"camera": ["time"]}
    if flaw == "other dtype":
        key["dtype_numpy"] = "<f4"
    if flaw == "computes":
        frames[0].mean().compute()
    if flaw == "in memory":
        frames = frames.compute()
    first = 0 if flaw == "from 0" else 1
    seq_num = list(range(first, first + count))
    if flaw == "a hole":
        seq_num[-1] += 1
    times = [header["began"]] * count
    page = {"descriptor": descriptor["uid"], "seq_num": seq_num, "data": {"image": frames},
            "time": times[1:] if flaw == "short column" else times, "timestamps": {"image": times},
            "filled": {}, "uid": [child_uid(uid, f"{n}") for n in range(count)]}
    if flaw == "same uids":
        page["uid"] = ["a"] * count
    if flaw == "other keys":
        page["timestamps"] = {"picture": times}
    if flaw == "page first":
        yield "event_page", page
    yield "descriptor", descriptor
    if flaw != "page first":
        yield "event_page", page
    stop = {"uid": child_uid(uid, "stop"), "run_start": uid, "time": header["began"],
            "exit_status": "success", "num_events": {"primary": count + (flaw == "miscounted")}}
    if flaw == "other run":
        stop["run_start"] = "movie"
    if flaw != "no stop":
        yield "stop", stop
    if flaw == "after the stop":
        yield "descriptor", {**descriptor, "uid": "x"}

def probe(paths):
    return None
""".replace("penstock.errors_", "penstock.core.errors")


@pytest.fixture(scope="module", autouse=True)
def movies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A module that other processes can import, too."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "movies_of_the_kit.py").write_text(textwrap.dedent(MOVIES))
    (folder / "heavy_of_the_kit.py").write_text("import numpy\n")
    (folder / "light_of_the_kit.py").write_text("")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield
    sys.path.remove(str(folder))
    for name in ("movies_of_the_kit", "heavy_of_the_kit", "light_of_the_kit"):
        sys.modules.pop(name, None)


def kit(flaw: str | None = None) -> Any:
    class TestMovies(IngestorTests):
        ingestor = staticmethod(importlib.import_module("movies_of_the_kit").ingest)
        kwargs = {} if flaw is None else {"flaw": flaw}

        def write_files(self, folder: Path) -> Any:
            content = b'{"began": 1709643720.0}\n' + bytes(2 * 20 * 120 * 250)
            for number in range(5):
                (folder / f"{number}.movie").write_bytes(content)
            return folder / "0.movie"

    return TestMovies()


@pytest.mark.parametrize("test", ALL)
def test_a_good_ingestor_passes(test: str, tmp_path: Path) -> None:
    with use_registry(registered()):
        getattr(kit(), test)(tmp_path)


DOCUMENTS = "test_documents_are_valid_and_in_order"
SAME = "test_the_same_documents_come_every_time"
SPELLED = "test_the_uid_does_not_depend_on_how_the_path_is_spelled"
MOUNTED = "test_the_uid_does_not_depend_on_where_the_tree_is_mounted"
START = "test_little_is_opened_for_the_start"
PIXELS = "test_no_pixels_are_read_while_ingesting"
PICKLED = "test_arrays_can_be_sent_to_other_processes"
CUT = "test_a_truncated_file_is_told_or_gives_a_partial_run"
MISSING = "test_a_missing_file_is_told"


@pytest.mark.parametrize(
    ("flaw", "test", "said"),
    [
        ("no time", DOCUMENTS, r"document 0 \(start\) is not valid.*'time' is a required"),
        ("large start", DOCUMENTS, "65536 are the most"),
        (
            "begins with a stop",
            DOCUMENTS,
            r"the first document is a 'stop': yield \('start', doc\)",
        ),
        ("two starts", DOCUMENTS, "is a second start: yield one run at a time"),
        ("page first", DOCUMENTS, "is of a descriptor that did not come before"),
        ("object keys", DOCUMENTS, r"do not name every data key once: \['image'\]"),
        ("odd configuration", DOCUMENTS, "a configuration of 'camera' whose data, timestamps and"),
        ("reserved key", DOCUMENTS, r"that a dataset uses itself: \['time'\]; give them a suffix"),
        ("other shape", DOCUMENTS, r"a value of shape \(120, 250\) for 'image', where the descri"),
        ("short column", DOCUMENTS, "time has 19 rows where seq_num has 20"),
        ("from 0", DOCUMENTS, "count the rows of a stream from 1, without holes"),
        ("a hole", DOCUMENTS, r"seq_num 1 … 21 where 1 … 20 are next"),
        ("same uids", DOCUMENTS, "a uid that was there before: 'a'"),
        ("other keys", DOCUMENTS, r"differ in the keys of timestamps: \['image', 'picture'\]"),
        ("miscounted", DOCUMENTS, "the stop says 21 events of stream 'primary', and 20 came"),
        ("other run", DOCUMENTS, "has run_start 'movie' where the start is"),
        ("no stop", DOCUMENTS, r"there is no stop: yield \('stop', doc\) last"),
        ("after the stop", DOCUMENTS, "comes after the stop"),
        ("random uid", SAME, r"a second call gives other documents: \[0\]\[1\]\['uid'\].*run_uid"),
        ("clock", SAME, r"\['time'\].* every time from what they record"),
        ("hidden state", SAME, r"a second call gives other documents: \[0\]\[1\]\['sample'\]: "),
        ("cut short", SAME, "a second call gives other documents"),
        ("hash", SAME, r"another process gets other documents: \[0\]\[1\]\['sample'\]"),
        ("mounted uid", MOUNTED, r"under a named root.*run_uid\(place_of_file\(path\)\)"),
        ("spelled uid", SPELLED, r"a relative path to the same files gives another uid"),
        ("constant uid", "test_other_files_are_another_run", "the second would replace the first"),
        ("opens all", START, r"5 files are opened before the start is there; 3 are allowed"),
        ("reads all", START, "bytes are read before the start is there: read the header"),
        ("in memory", PIXELS, "the events hold the images of 'image' in memory: point at them"),
        ("computes", PIXELS, "a dask array is computed while ingesting: leave it lazy"),
        ("reads later", PIXELS, "bytes are read while ingesting.*leave the pixels where they are"),
        (
            "unsteady values",
            "test_read_gives_what_to_dask_computes",
            r"read\(\) of stream 'primary' differs from what to_dask\(\) computes",
        ),
        (
            "other dtype",
            "test_read_gives_what_to_dask_computes",
            "says that 'image' is <f4, and it is read as uint16",
        ),
        ("memory map", PICKLED, "pickled with its 1200000 bytes of data .a memory map is, too"),
        ("open file", PICKLED, r"cannot be pickled \(.*hold its path, not the open file"),
        (
            "bare error",
            CUT,
            r"cut after 1 bytes of .* gives JSONDecodeError.*\(while ingesting, .*",
        ),
        ("unnamed error", CUT, r"it does not say which file \(give `where=path`\)"),
        ("crash", CUT, r"gives the process crashed \(SIGABRT\)"),
        ("hang", CUT, "gives the process took longer than 2 s"),
        (
            "bare error",
            "test_an_empty_file_is_told_or_gives_a_partial_run",
            r"0.movie \(empty\) giv",
        ),
        ("missing is a run", MISSING, "a missing file gives a run"),
        ("missing is odd", MISSING, "a missing file gives KeyError"),
        ("missing is unnamed", MISSING, "the error does not say which file"),
    ],
)
def test_a_flaw_is_found_and_told(
    flaw: str, test: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if flaw == "hang":
        monkeypatch.setattr(_attempting, "_SECONDS", 2.0)
    with pytest.raises(AssertionError, match=f"(?s){said}"):
        getattr(kit(flaw), test)(tmp_path)


# Registration -------------------------------------------------------------------------------------


def registered(module: str = "light_of_the_kit", **changes: Any) -> Registry:
    values: dict[str, Any] = {
        "title": "Movies",
        "ingest": "movies_of_the_kit:ingest",
        "takes": "file",
        "patterns": ("*.movie",),
        **changes,
    }

    class Plugin:
        @hookimpl
        def penstock_ingestors(self) -> list[Ingestor]:
            return [Ingestor("movie", **values)]

    return Registry([FoundPlugin("movies", module, "movies", "1.0", Plugin)])


@pytest.mark.parametrize(
    ("changes", "test", "said"),
    [
        (
            {"module": "heavy_of_the_kit"},
            "test_its_plugin_is_light_to_import",
            "importing the plug-in's module heavy_of_the_kit imports numpy: keep the functions",
        ),
        (
            {"module": "no_such_module_ever"},
            "test_its_plugin_is_light_to_import",
            "module no_such_module_ever cannot be imported",
        ),
        (
            {"patterns": ("*.film",)},
            "test_it_is_registered_as_it_should_be",
            "matching does not give 'movie' the files of this test",
        ),
        (
            {"probe": "movies_of_the_kit:probe"},
            "test_it_is_registered_as_it_should_be",
            "its probe declined",
        ),
        (
            {"selects": ("scan",)},
            "test_it_is_registered_as_it_should_be",
            "has no parameter 'scan'",
        ),
    ],
)
def test_a_wrong_registration_is_found_and_told(
    changes: Any, test: str, said: str, tmp_path: Path
) -> None:
    with use_registry(registered(**changes)), pytest.raises(AssertionError, match=said):
        getattr(kit(), test)(tmp_path)


def test_what_is_about_registration_is_left_out_where_there_is_none(tmp_path: Path) -> None:
    with use_registry(Registry([])), pytest.raises(SkipTest, match="no plug-in reg"):
        kit().test_it_is_registered_as_it_should_be(tmp_path)


def test_a_name_that_is_not_registered_is_told(tmp_path: Path) -> None:
    class TestNobody(IngestorTests):
        ingestor = "tiff-seires"

    with pytest.raises(LookupError, match="did you mean 'tiff-series'"):
        TestNobody()._function  # noqa: B018


def test_files_have_to_be_written(tmp_path: Path) -> None:
    class TestNothing(IngestorTests):
        ingestor = "hdf5"

        def write_files(self, folder: Path) -> Any:
            return folder / "a.h5"

    with pytest.raises(AssertionError, match="write_files wrote nothing"):
        TestNothing().test_documents_are_valid_and_in_order(tmp_path)
    with pytest.raises(NotImplementedError, match="write _Bare.write_files"):
        type("_Bare", (IngestorTests,), {"ingestor": "hdf5"})().test_a_missing_file_is_told(
            tmp_path / "other"
        )


def test_a_function_that_no_other_process_finds_is_tried_in_this_one(tmp_path: Path) -> None:
    def ingest(path: str) -> Any:
        raise ValueError("bad")
        yield

    class TestLocal(IngestorTests):
        ingestor = ingest

        def write_files(self, folder: Path) -> Any:
            (folder / "a.txt").write_text("abc")
            return folder / "a.txt"

    with pytest.raises(AssertionError, match="gives ValueError: bad .while ingesting"):
        TestLocal().test_an_empty_file_is_told_or_gives_a_partial_run(tmp_path)
