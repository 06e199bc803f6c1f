"""Matching joins what is one acquisition, and a catalog reads it as one run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

import penstock
from penstock import BlueskyInMemoryCatalog
from penstock.sample_files.origins.fabio_images import write_edf


def write_frames(folder: Path, template: str, count: int) -> None:
    for number in range(count):
        path = folder / template.format(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, np.full((3, 4), number, "u2"))


def write_spec(path: Path, points: dict[int, int]) -> None:
    lines = ["#F tooth", "#E 1447513405", "#D Sat Nov 14 15:03:25 2015", ""]
    for scan, count in points.items():
        lines += [f"#S {scan} ascan th 0 1 {count} 1", "#D Sat Nov 14 15:03:25 2015"]
        lines += ["#N 2", "#L th  I0", *(f"{n / 10} {100 + n}" for n in range(count)), ""]
    path.write_text("\n".join(lines))


def test_images_are_joined_with_their_scan_of_a_spec_file(tmp_path: Path) -> None:
    write_frames(tmp_path, "tooth_001_{:04d}.tif", 3)
    write_frames(tmp_path, "tooth_002_{:04d}.tif", 2)
    write_spec(tmp_path / "tooth", {1: 3, 2: 2, 3: 4})
    catalog = BlueskyInMemoryCatalog()
    report = catalog.ingest(tmp_path)
    assert report.ok, str(report)
    assert len(catalog) == 3  # scan 3 has no images
    run = next(run for run in catalog.values() if len(run["primary"]) == 3)
    dataset = run.primary.read()
    assert dataset["image"].values[:, 0, 0].tolist() == [0, 1, 2]
    assert dataset["th"].values.tolist() == [0.0, 0.1, 0.2]
    assert dataset["I0"].values.tolist() == [100, 101, 102]
    assert run.metadata["start"]["scan_id"] == 1
    assert any("join: " in line for line in run.provenance["evidence"])


def test_images_are_joined_with_a_log_of_their_name(tmp_path: Path) -> None:
    write_frames(tmp_path, "vac_007_{:04d}.tif", 3)
    (tmp_path / "vac_007.csv").write_text("frame,T [K]\n0,300\n1,301\n2,302\n")
    catalog = BlueskyInMemoryCatalog()
    (item,) = catalog.ingest(tmp_path)
    assert (item.outcome, item.details["ingestor"]) == ("ok", "joined")
    (run,) = catalog.values()
    assert run.primary.read()["T"].values.tolist() == [300, 301, 302]


def test_a_joined_run_stays_the_same_however_often_it_is_ingested(tmp_path: Path) -> None:
    write_frames(tmp_path, "a_1_{}.tif", 2)
    write_spec(tmp_path / "a", {1: 2})
    one, two = BlueskyInMemoryCatalog(), BlueskyInMemoryCatalog()
    one.ingest(tmp_path)
    two.ingest(penstock.match(tmp_path, fresh=True))
    assert list(one) == list(two)


def test_two_detectors_are_joined_if_somebody_says_so(tmp_path: Path) -> None:
    for detector in ("saxs", "waxs"):
        write_frames(tmp_path, f"s12_{detector}_{{:03d}}.tif", 3)
    plan = penstock.match(tmp_path)
    assert len(plan.claims()) == 2
    catalog = BlueskyInMemoryCatalog()
    catalog.ingest(plan.with_choice("s12_saxs_{}.tif", "joined"))
    (run,) = catalog.values()
    assert {"saxs_image", "waxs_image"} <= set(run.primary.read())


def test_a_part_that_is_undone_is_a_run_of_its_own(tmp_path: Path) -> None:
    write_frames(tmp_path, "vac_007_{:04d}.tif", 3)
    (tmp_path / "vac_007.csv").write_text("frame,T\n0,300\n1,301\n2,302\n")
    plan = penstock.match(tmp_path)
    apart = plan.with_choice(plan.decisions[0], "unjoined")
    catalog = BlueskyInMemoryCatalog()
    catalog.ingest(apart)
    assert len(catalog) == 2


@pytest.mark.parametrize("rows", [2, 4])
def test_a_log_with_other_rows_is_not_joined_without_asking(tmp_path: Path, rows: int) -> None:
    write_frames(tmp_path, "vac_007_{:04d}.tif", 3)
    lines = [f"{row},{300 + row}" for row in range(rows)]
    (tmp_path / "vac_007.csv").write_text("\n".join(["frame,T", *lines]))
    plan = penstock.match(tmp_path)
    assert len(plan.claims()) == 2
    assert f"has the same name, but {rows} rows for 3 frames" in plan.explain()


def test_runs_of_the_same_files_from_before_a_join_was_undone_are_told(tmp_path: Path) -> None:
    (data := tmp_path / "data").mkdir()
    write_frames(data, "a_1_{}.tif", 2)
    write_spec(data / "a", {1: 2})
    catalog = penstock.BlueskySQLiteCatalog(tmp_path / "runs.db")
    plan = penstock.match(data)
    (joined,) = catalog.ingest(plan)
    assert (bool(joined.uid), joined.details["notes"]) == (True, [])
    apart = catalog.ingest(plan.with_choice(plan.decisions[0], "unjoined"))
    for item in apart:
        assert f"run {joined.uid} is of these files, too" in item.details["notes"][-1]
    assert len(catalog) == 3
    catalog.remove(joined.uid)
    (again,) = catalog.ingest(plan)
    told = " ".join(again.details["notes"])
    assert all(f"run {uid} is of these files, too" in told for uid in apart.uids)


@pytest.mark.parametrize(("points", "runs"), [(3, 1), (4, 2)])
def test_images_that_record_their_scan_are_joined_with_it(
    tmp_path: Path, points: int, runs: int
) -> None:
    write_edf(tmp_path)  # its header says: scan 7
    write_spec(tmp_path / "day1", {7: points})
    catalog = BlueskyInMemoryCatalog()
    report = catalog.ingest(tmp_path)
    assert len(report.uids) == runs
    if runs == 1:
        data = catalog[report.uids[0]].primary.read()
        assert data["I0"].values.tolist() == [100, 101, 102]
        assert data["image"].shape == (3, 13, 17)


def test_two_logs_of_the_same_scan_number_are_not_guessed_between(tmp_path: Path) -> None:
    write_edf(tmp_path)
    write_spec(tmp_path / "day1", {7: 3})
    write_spec(tmp_path / "day2", {7: 3})
    assert len(BlueskyInMemoryCatalog().ingest(tmp_path).uids) != 1


def test_attributes_of_areadetector_name_the_scan_of_a_spec_file(tmp_path: Path) -> None:
    for number in range(3):
        tags = [(65000, 12, 1, 1.0, True), (65001, 4, 1, number, True), (65002, 4, 1, 9, True)]
        tifffile.imwrite(
            tmp_path / f"ccd_{number}.tif",
            np.zeros((4, 6), "u2"),
            software="EPICS areaDetector",
            metadata=None,
            extratags=[*tags, (65003, 4, 1, 0, True), (65010, 2, 0, "ScanNumber:7", True)],
        )
    write_spec(tmp_path / "day1", {7: 3})
    catalog = BlueskyInMemoryCatalog()
    (uid,) = catalog.ingest(tmp_path).uids
    assert catalog[uid].metadata["start"]["scan_id"] == 7
    assert catalog[uid].primary.read()["I0"].values.tolist() == [100, 101, 102]
