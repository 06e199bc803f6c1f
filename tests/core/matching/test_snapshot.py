"""What was decided about files that have not changed is recalled, and equal to what would be."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import msgpack
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import penstock.core.matching.snapshot as snapshot_module
from penstock.core.config import Config, use_config
from penstock.core.isolation import stop_worker
from penstock.core.matching import Plan, match
from penstock.core.matching.marks import mark_claim
from penstock.core.matching.snapshot_files import MOST_SNAPSHOTS, digest_of
from penstock.core.places.observation import observe
from penstock.core.registry import Ingestor, Registry, hookimpl, use_registry

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what was written just now for what was written long ago: no clock can be put back."""
    monkeypatch.setattr(snapshot_module, "_SETTLED_NS", -(10**15))


@pytest.fixture
def cache(isolated_configuration: Path) -> Path:
    """Where the snapshots lie."""
    return isolated_configuration / "cache" / "penstock" / "matching"


class Opened:
    """The files below a folder that this process opened, told by Python itself."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.paths: list[str] = []
        self.is_on = False
        sys.addaudithook(self.hear)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        if self.is_on and event == "open" and str(args[0]).startswith(self.root):
            self.paths += [] if os.path.isdir(args[0]) else [str(args[0])]

    def by(self, call: Callable[[], Plan]) -> tuple[Plan, list[str]]:
        self.paths = []
        self.is_on = True
        try:
            return call(), self.paths
        finally:
            self.is_on = False


def write_tree(root: Path) -> Path:
    image = np.zeros((4, 6), np.uint16)
    for folder in ("a", "b"):
        (root / folder).mkdir(parents=True)
        for number in range(4):
            tifffile.imwrite(root / folder / f"img_{number}.tif", image)
        with h5py.File(root / folder / "x.h5", "w") as file:
            file["images"] = np.zeros((3, 4, 6), np.uint16)
        (root / folder / "log.txt").write_text("a b c\n")
        (root / folder / "view.png").write_bytes(PNG)
    return root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree")


@pytest.fixture
def opened(tree: Path) -> Opened:
    return Opened(tree)


def assert_recalled(opened: Opened, tree: Path) -> Plan:
    """Match again: no file is opened, and the plan is what it would be anew."""
    plan, paths = opened.by(lambda: match(tree))
    assert paths == []
    anew = match(tree, fresh=True)
    assert plan == anew
    assert plan.explain() == anew.explain()
    assert plan.to_dict() == anew.to_dict()
    assert_marked_as_anew(tree)
    return plan


def assert_marked_as_anew(tree: Path) -> None:
    """Match: claims have the marks that they would have if their files were asked for it."""
    with observe():
        claims = list(match(tree).chosen_claims())
        marks = [mark_claim(claim) for claim in claims]
    assert marks == [mark_claim(claim) for claim in claims]


def test_an_unchanged_tree_is_matched_without_opening_a_file(tree: Path, opened: Opened) -> None:
    first, paths = opened.by(lambda: match(tree))
    assert len(paths) > 10
    assert assert_recalled(opened, tree) == first
    assert len(first.decisions) == 4


def test_fresh_looks_into_the_files_and_keeps_what_it_finds(tree: Path, opened: Opened) -> None:
    _, first = opened.by(lambda: match(tree, fresh=True))
    _, second = opened.by(lambda: match(tree, fresh=True))
    assert first == second != []
    assert_recalled(opened, tree)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "img_4.tif").write_bytes((folder / "img_3.tif").read_bytes()),
        lambda folder: (folder / "img_3.tif").unlink(),
        lambda folder: (folder / "img_3.tif").rename(folder / "img_5.tif"),
        lambda folder: (folder / "img_3.tif").write_bytes(PNG),
        lambda folder: os.utime(folder / "img_3.tif", ns=(1, 1)),
        lambda folder: (folder / ".hidden").touch(),
    ],
)
def test_a_folder_that_changed_is_matched_anew_and_the_others_are_not(
    tree: Path, opened: Opened, change: Callable[[Path], object]
) -> None:
    match(tree)
    change(tree / "b")
    plan, paths = opened.by(lambda: match(tree))
    assert {Path(path).parent.name for path in paths} == {"b"}
    assert plan == match(tree, fresh=True)
    assert_recalled(opened, tree)


def test_content_of_the_same_size_and_time_is_noticed_by_the_time_of_change(
    tree: Path, opened: Opened
) -> None:
    match(tree)
    path = tree / "a" / "img_0.tif"
    before = path.stat()
    path.write_bytes(PNG + bytes(before.st_size - len(PNG)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert match(tree) == match(tree, fresh=True)


def test_files_written_just_now_are_not_trusted(
    tree: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot_module, "_SETTLED_NS", 60 * 10**9)
    _, first = opened.by(lambda: match(tree))
    _, second = opened.by(lambda: match(tree))
    assert first == second != []


def test_new_and_deleted_folders_leave_the_others_alone(tree: Path, opened: Opened) -> None:
    match(tree)
    shutil.copytree(tree / "a", tree / "c")
    plan, paths = opened.by(lambda: match(tree))
    assert {Path(path).parent.name for path in paths} == {"c"}
    assert plan == match(tree, fresh=True)
    shutil.rmtree(tree / "a")
    plan, paths = opened.by(lambda: match(tree))
    assert paths == []
    assert plan == match(tree, fresh=True)


def test_selections_below_one_folder_share_what_is_known(tree: Path, opened: Opened) -> None:
    both = [tree / "a", tree / "b"]
    match(both)
    plan, paths = opened.by(lambda: match(both))
    assert paths == []
    plan, paths = opened.by(lambda: match(tree))
    assert paths == []
    assert plan == match(tree, fresh=True)


def test_a_part_of_a_tree_does_not_make_the_rest_forgotten(tree: Path, opened: Opened) -> None:
    shutil.copytree(tree / "a", tree / "c")
    match([tree / "a", tree / "b"])
    match([tree / "a", tree / "c"])
    _, paths = opened.by(lambda: match(tree))
    assert paths == []


def test_files_and_globs_are_looked_at_and_so_is_what_the_user_pins(
    tree: Path, opened: Opened
) -> None:
    match(tree)
    for call in (
        lambda: match(tree / "a" / "img_0.tif"),
        lambda: match(f"{tree}/a/*.tif"),
        lambda: match(tree, use="tiff-stack"),
    ):
        _, paths = opened.by(call)
        assert paths
    assert_recalled(opened, tree)


# What is not remembered --------------------------------------------------------------------------


def test_what_may_not_be_read_is_not_remembered(tree: Path, opened: Opened) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tree / "a" / "view.png").chmod(0)
    match(tree)
    _, paths = opened.by(lambda: match(tree))
    assert {Path(path).parent.name for path in paths} == {"a"}


def test_a_fifo_is_not_remembered(tree: Path, opened: Opened) -> None:
    os.mkfifo(tree / "a" / "pipe")
    match(tree)
    plan, paths = opened.by(lambda: match(tree))
    assert {Path(path).parent.name for path in paths} == {"a"}
    assert plan == match(tree, fresh=True)


def test_a_file_on_tape_is_not_remembered(tree: Path, opened: Opened) -> None:
    sparse = tree / "a" / "tape.tif"
    with sparse.open("wb") as file:
        file.truncate(1_000_000)
    if sparse.stat().st_blocks:
        pytest.skip("this file system gives a sparse file blocks")
    match(tree)
    plan, paths = opened.by(lambda: match(tree))
    assert {Path(path).parent.name for path in paths} == {"a"}
    assert plan == match(tree, fresh=True)


LAB = """
import os, pathlib
from penstock.core.errors import AssetError, NoDataError
from penstock.core.places.consulting import consult
from penstock.core.registry import Ingestor, RunsFound, hookimpl
def found(paths): return RunsFound()
def declines(paths): return None
def crashes(paths): os.abort()
def hangs(paths): os.kill(os.getpid(), 9)
def is_faulty(paths): return [][1]
def says_no_data(paths): raise NoDataError("it has no data", where=paths[0])
def cannot_read(paths): raise AssetError("Input/output error", where=paths[0])
def says_errno(paths): raise NoDataError("nothing (errno = 5)", where=paths[0])
def looks_elsewhere(paths):
    other = pathlib.Path(paths[0]).parent.parent / "elsewhere" / "raw.bin"
    consult(str(other))
    return RunsFound(detail=other.read_text() if other.exists() else "there is nothing")
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Use one ingestor of text files, from a module of its own, with the probe named."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "snapshot_lab.py").write_text(LAB)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    entered = []

    def use(probe: str, **values: Any) -> None:
        values = {"takes": "file", "formats": ("text",), "version": "1", **values}

        class Lab:
            @hookimpl
            def penstock_ingestors(self) -> list[Ingestor]:
                reference = f"snapshot_lab:{probe}"
                return [Ingestor("lab", title="Lab", ingest=reference, probe=reference, **values)]

        context = use_registry(Registry.from_plugins([Lab()]))
        context.__enter__()
        entered.append(context)

    yield use
    for context in reversed(entered):
        context.__exit__(None, None, None)
    stop_worker()
    sys.modules.pop("snapshot_lab", None)


@pytest.mark.parametrize("isolate", [False, True])
@pytest.mark.parametrize(
    ("probe", "is_remembered"),
    [
        ("found", True),
        ("declines", True),
        ("says_no_data", True),
        ("is_faulty", False),
        ("cannot_read", False),
        ("says_errno", False),
    ],
)
def test_what_a_file_holds_is_remembered_and_faults_are_not(
    lab: Callable[..., Any],
    tree: Path,
    opened: Opened,
    probe: str,
    is_remembered: bool,
    isolate: bool,
) -> None:
    lab(probe, isolate=isolate)
    first = match(tree)
    plan, paths = opened.by(lambda: match(tree))
    assert plan == first
    assert (paths == []) is is_remembered


@pytest.mark.parametrize("probe", ["crashes", "hangs"])
def test_a_crash_is_not_remembered(
    lab: Callable[..., Any], tree: Path, opened: Opened, probe: str
) -> None:
    lab(probe, isolate=True)
    first = match(tree)
    plan, paths = opened.by(lambda: match(tree))
    assert plan == first
    assert "crashed" in plan.explain()
    assert paths


@pytest.mark.parametrize("isolate", [False, True])
def test_files_elsewhere_that_a_probe_looks_at_count(
    lab: Callable[..., Any], tree: Path, opened: Opened, isolate: bool
) -> None:
    lab("looks_elsewhere", isolate=isolate)
    match(tree)
    _, paths = opened.by(lambda: match(tree))
    assert paths == []
    other = tree / "elsewhere" / "raw.bin"
    other.parent.mkdir()
    other.write_bytes(b"something")
    plan = match(tree)
    assert plan == match(tree, fresh=True)
    assert "something" in plan.explain()


def test_sources_of_hdf5_in_other_folders_count(tree: Path) -> None:
    raw = tree / "a" / "raw" / "raw.h5"
    raw.parent.mkdir()
    with h5py.File(raw, "w") as file:
        file["images"] = np.zeros((3, 4, 6), np.uint16)
    with h5py.File(tree / "a" / "x.h5", "w") as file:
        file["link"] = h5py.ExternalLink("raw/raw.h5", "/images")
    first = match(tree)
    assert match(tree) == first
    raw.unlink()
    assert match(tree) == match(tree, fresh=True) != first


# What else verdicts depend on --------------------------------------------------------------------


def test_another_ingestor_version_code_or_configuration_counts(
    lab: Callable[..., Any], tree: Path, opened: Opened, tmp_path: Path
) -> None:
    lab("found")

    def is_anew() -> bool:
        _, paths = opened.by(lambda: match(tree))
        again = opened.by(lambda: match(tree))[1]
        assert again == []
        return bool(paths)

    assert is_anew()
    lab("found", version="2")
    assert is_anew()
    lab("found", version="2", patterns=("*.txt",))
    assert is_anew()
    lab("declines", version="2", patterns=("*.txt",))
    assert is_anew()
    (tmp_path / "site" / "snapshot_lab.py").write_text(LAB + "# another version\n")
    assert is_anew()
    (tmp_path / "site" / "other-1.0.dist-info").mkdir()
    assert is_anew()
    with use_config(Config(timezone="UTC")):
        assert is_anew()


def test_an_ingestor_whose_code_is_in_no_file_is_asked_each_time(
    tree: Path, opened: Opened
) -> None:
    class Lab:
        @hookimpl
        def penstock_ingestors(self) -> list[Ingestor]:
            return [Ingestor("lab", title="", ingest="__main__:f", takes="file", formats=("text",))]

    with use_registry(Registry.from_plugins([Lab()])):
        assert opened.by(lambda: match(tree))[1]
        assert opened.by(lambda: match(tree))[1]


# The file ----------------------------------------------------------------------------------------


def snapshot_of(cache: Path) -> Path:
    (path,) = cache.iterdir()
    return path


def test_nothing_is_written_among_the_data(tree: Path, cache: Path) -> None:
    before = sorted(tree.rglob("*"))
    match(tree)
    assert sorted(tree.rglob("*")) == before
    path = snapshot_of(cache)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_snapshot_is_not_written_where_nothing_is_new(tree: Path, cache: Path) -> None:
    match(tree)
    before = snapshot_of(cache).stat().st_ino
    match(tree)
    assert snapshot_of(cache).stat().st_ino == before


@pytest.mark.parametrize("position", [0, 5, 25, 60, 200, -1])
def test_a_damaged_snapshot_is_not_used(
    tree: Path, cache: Path, opened: Opened, position: int
) -> None:
    match(tree)
    path = snapshot_of(cache)
    content = bytearray(path.read_bytes())
    content[position] ^= 0x55
    path.write_bytes(content)
    plan, paths = opened.by(lambda: match(tree))
    assert paths
    assert plan == match(tree, fresh=True)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.booleans())
def test_a_foreign_snapshot_is_not_used(
    tree: Path, cache: Path, content: bytes, has_our_digest: bool
) -> None:
    expected = match(tree, fresh=True)
    if has_our_digest:
        content = b"penstock snapshot 1\n" + digest_of(content) + content
    snapshot_of(cache).write_bytes(content)
    assert match(tree) == expected


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_snapshot_of_other_content_is_not_used(
    tree: Path, cache: Path, data: st.DataObject
) -> None:
    """Whatever stands in the place of the verdicts, under the right digests."""
    expected = match(tree, fresh=True)
    path = snapshot_of(cache)
    start = len(b"penstock snapshot 1\n") + 16
    world, root, entries, whole = msgpack.unpackb(path.read_bytes()[start:], strict_map_key=False)
    plain = st.recursive(
        st.none() | st.integers(-5, 300) | st.text(max_size=4) | st.binary(max_size=4),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    )
    odd = data.draw(plain)
    for entry in entries.values():
        entry[2] = {token: msgpack.packb(odd) for token in entry[2]}
    content = msgpack.packb([world, root, entries, whole])
    path.write_bytes(b"penstock snapshot 1\n" + digest_of(content) + content)
    found = match(tree)
    assert found == expected or odd == []


def test_a_snapshot_that_others_may_write_is_not_used(
    tree: Path, cache: Path, opened: Opened
) -> None:
    match(tree)
    snapshot_of(cache).chmod(0o666)
    assert opened.by(lambda: match(tree))[1]


def test_a_home_that_cannot_be_written_keeps_nobody_from_matching(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    assert len(match(tree).decisions) == 4


def test_the_oldest_snapshots_are_cleared_away(tree: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    for number in range(MOST_SNAPSHOTS):
        path = cache / f"{number}.snapshot"
        path.touch()
        os.utime(path, (number, number))
    match(tree)
    assert len(list(cache.iterdir())) == MOST_SNAPSHOTS
    assert not (cache / "0.snapshot").exists()


def test_sizes_are_bounded(
    tree: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    monkeypatch.setattr(snapshot_module, "MOST_BYTES", 100)
    match(tree)
    assert not cache.exists()


# The law -----------------------------------------------------------------------------------------


def test_sample_files_are_recalled_as_they_would_be_judged(
    tmp_path: Path, repository: Path
) -> None:
    tree = shutil.copytree(repository / "sample_files", tmp_path / "tree")
    opened = Opened(tree)
    match(tree)
    assert_recalled(opened, tree)


@pytest.mark.slow
def test_the_corpus_is_recalled_as_it_would_be_judged(corpus: Path) -> None:
    first = match(corpus)
    began = time.process_time()
    again = match(corpus)
    assert time.process_time() > began
    assert again == first
    assert again.explain() == first.explain()


NAMES = st.sampled_from(
    [f"{stem}{number}{suffix}" for stem in ("a_", "b_1_", "x") for number in ("", 1, 2, "010")
     for suffix in (".tif", ".h5", ".txt", ".TIF", "")]
)  # fmt: skip
KINDS = st.sampled_from(["tiff", "stack", "h5", "text", "png", "empty", "damaged"])
FOLDERS = st.sampled_from(["", "s", "s/t", "u"])


@pytest.fixture(scope="session")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("contents")
    image = np.zeros((4, 6), np.uint16)
    tifffile.imwrite(folder / "tiff", image)
    tifffile.imwrite(folder / "stack", np.stack([image] * 3), photometric="minisblack")
    with h5py.File(folder / "h5", "w") as file:
        file["images"] = np.zeros((3, 4, 6), np.uint16)
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    damaged = found["h5"][:600]
    return found | {"text": b"a b\n", "png": PNG, "empty": b"", "damaged": damaged}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.tuples(FOLDERS, NAMES), KINDS, max_size=12),
    st.dictionaries(st.tuples(FOLDERS, NAMES), st.none() | KINDS, max_size=3),
)
def test_whatever_changes_what_is_recalled_is_what_would_be_decided(
    tmp_path_factory: pytest.TempPathFactory,
    contents: dict[str, bytes],
    before: dict[tuple[str, str], str],
    changes: dict[tuple[str, str], str | None],
) -> None:
    root = tmp_path_factory.mktemp("tree")

    def put(files: dict[tuple[str, str], Any]) -> None:
        for (folder, name), kind in files.items():
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind is not None:
                path.write_bytes(contents[kind])
            elif path.exists():
                path.unlink()

    put(before)
    match(root)
    assert match(root) == match(root, fresh=True)
    put(changes)
    plan = match(root)
    anew = match(root, fresh=True)
    assert plan == anew
    assert plan.explain() == anew.explain()
    assert match(root) == anew
    assert_marked_as_anew(root)


def test_one_look_at_the_file_system_is_one(tree: Path) -> None:
    """What changes while an observation lasts is not seen, and not remembered wrongly either."""
    with observe():
        match(tree)
        (tree / "a" / "img_0.tif").write_bytes(PNG)
        match(tree)
    assert match(tree) == match(tree, fresh=True)


def test_where_python_looks_for_modules_makes_no_difference(
    tree: Path, opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    match(tree)
    (tmp_path / "scripts").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path / "scripts"))  # a script lies there
    assert_recalled(opened, tree)
    monkeypatch.setattr(sys, "path", [*sys.path[1:], "/no/such/folder"])
    assert_recalled(opened, tree)


def test_another_distribution_makes_one(
    tree: Path, opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    (site / "lab_x-1.0.dist-info").mkdir(parents=True)
    match(tree)
    monkeypatch.syspath_prepend(str(site))
    assert opened.by(lambda: match(tree))[1]
    assert_recalled(opened, tree)
    (site / "lab_x-1.0.dist-info").rename(site / "lab_x-1.1.dist-info")
    assert opened.by(lambda: match(tree))[1]


def test_the_distribution_that_is_imported_counts(
    tree: Path, opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, version in (("a", "1.0"), ("b", "2.0")):
        (tmp_path / folder / f"lab_x-{version}.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "a")])
    match(tree)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "b")])
    assert_recalled(opened, tree)


def test_what_was_decided_is_not_recalled_where_a_person_says_who_is_to_take_it(
    tree: Path,
) -> None:
    anew = match(tree, use="tiff-stack")
    match(tree)
    with observe():
        match(tree)
        assert match(tree, use="tiff-stack") == anew
    with observe():
        match(tree, use="tiff-stack")
        assert match(tree) == match(tree, fresh=True)
