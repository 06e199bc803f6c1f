"""What registering a folder goes wrong with elsewhere, with real files, and how it goes here.

The seven were seen with `tiled register` (tiled 0.2.20), each in a folder such as these.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.errors import PenstockError
from penstock.core.report import Report
from penstock.core.run import BlueskyRun
from penstock.core.run.dataset import BadFramesWarning


def write_frame(path: Path, value: int) -> None:
    tifffile.imwrite(path, np.full((4, 6), value, "u2"))


def ingest(folder: Path) -> tuple[BlueskyInMemoryCatalog, Report]:
    catalog = BlueskyInMemoryCatalog()
    return catalog, catalog.ingest([folder])


def first_pixels(run: BlueskyRun) -> list[int]:
    pixels: list[int] = run.primary.read()["image"][:, 0, 0].values.tolist()
    return pixels


def test_frames_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """There: 0, 1, 10, 11, 2, …."""
    for number in range(12):
        write_frame(tmp_path / f"a{number}.tif", number)
    catalog, _ = ingest(tmp_path)
    (uid,) = catalog
    assert first_pixels(catalog[uid]) == list(range(12))


def test_formats_are_never_interleaved(tmp_path: Path) -> None:
    """There: a0.tif and a0.jpg became one array."""
    for number in range(3):
        write_frame(tmp_path / f"a{number}.tif", number)
        (tmp_path / f"a{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(64))
    catalog, _ = ingest(tmp_path)
    (uid,) = catalog
    assert first_pixels(catalog[uid]) == [0, 1, 2]
    (unclaimed,) = match(tmp_path).unclaimed
    assert [Path(file).name for file in unclaimed.files] == ["a0.jpg", "a1.jpg", "a2.jpg"]
    assert "JPEG" in unclaimed.reason


@pytest.mark.parametrize("bad", [3, 4])  # one that matching looks at, and one that it does not
def test_a_file_of_garbage_is_named_and_never_read_as_pixels(tmp_path: Path, bad: int) -> None:
    """There: its frame was uninitialised memory."""
    for number in range(7):
        write_frame(tmp_path / f"a{number}.tif", number)
    (tmp_path / f"a{bad}.tif").write_bytes(b"this is no TIFF file\n" * 20)
    catalog, report = ingest(tmp_path)
    (uid,) = catalog
    run = catalog[uid]
    if bad == 3:  # set aside, and the series tells that it is missing
        (refused,) = report.with_outcome("refused")
        assert refused.subject.endswith(f"a{bad}.tif")
        assert first_pixels(run) == [n for n in range(7) if n != bad]
        assert run.metadata["stop"]["reason"].endswith(f"1 number is missing: {bad}")
    else:
        with pytest.raises(PenstockError, match=f"a{bad}.tif"):
            run.primary.read()
        with pytest.raises(PenstockError, match=f"a{bad}.tif"):
            run.primary.to_dask()["image"][bad].compute()
        with pytest.warns(BadFramesWarning):
            masked = run.primary.read(bad_frames="mask")["image"]
        assert np.isnan(masked[bad]).all()


def test_names_with_dots_never_collide(tmp_path: Path) -> None:
    """There: names were cut at the first dot, and what collided vanished."""
    for kelvin in ("30.5", "30.6"):
        for number in range(3):
            write_frame(tmp_path / f"s_T{kelvin}K_{number}.tif", int(kelvin[-1]) * 10 + number)
    catalog, _ = ingest(tmp_path)
    assert sorted(first_pixels(catalog[uid]) for uid in catalog) == [[50, 51, 52], [60, 61, 62]]
    names = {catalog[uid].metadata["start"]["file_name"] for uid in catalog}
    assert names == {"s_T30.5K_{}.tif", "s_T30.6K_{}.tif"}


def test_capitals_in_a_suffix_make_no_difference(tmp_path: Path) -> None:
    """There: .TIF files were no series."""
    for number in range(12):
        write_frame(tmp_path / f"A{number}.{'TIF' if number % 2 else 'tif'}", number)
    catalog, _ = ingest(tmp_path)
    (uid,) = catalog
    assert first_pixels(catalog[uid]) == list(range(12))


def test_a_file_beside_a_folder_of_its_name_is_a_file(tmp_path: Path) -> None:
    """There: registering x.nxs beside x/ crashed."""
    with h5py.File(tmp_path / "x.nxs", "w") as file:
        file["images"] = np.arange(24, dtype="u2").reshape(2, 3, 4)
    (tmp_path / "x").mkdir()
    for number in range(3):
        write_frame(tmp_path / "x" / f"{number}.tif", number)
    catalog, report = ingest(tmp_path)
    assert report.ok, str(report)
    names = {catalog[uid].metadata["start"]["file_name"] for uid in catalog}
    assert names == {"x.nxs", "{}.tif"}


def test_one_more_file_costs_one_listing_and_the_run_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There: one new file among 200 registered the whole tree again, in 20 s."""
    for number in range(200):
        write_frame(tmp_path / f"a{number}.tif", number)
    catalog, _ = ingest(tmp_path)
    (uid,) = catalog
    write_frame(tmp_path / "a200.tif", 200)
    done: Counter[str] = Counter()
    scandir, opened = os.scandir, os.open

    def count(what: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *args: Any, **kwargs: Any) -> Any:
            if str(path).startswith(str(tmp_path)):  # not what is looked at of installed packages
                done.update([what])
            return real(path, *args, **kwargs)

        return call

    monkeypatch.setattr(os, "scandir", count("list", scandir))
    monkeypatch.setattr(os, "open", count("open", opened))
    plan = match(tmp_path)
    assert done["list"] == 1
    assert done["open"] <= 9, done  # first, middle and last: their heads, and what probes read
    assert len(plan.claims()) == 1
    done.clear()
    catalog.ingest([tmp_path])
    monkeypatch.undo()
    assert list(catalog) == [uid]
    assert first_pixels(catalog[uid])[-1] == 200
