"""A tomography is one run: projections, flats and darks are streams, told by names or by a log."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

import penstock
from penstock.core.config import Config, use_config
from penstock.core.run import BlueskyRun
from penstock.ingestors import ingest_tomography_tiff
from penstock.sample_files.origins import tomography
from penstock.sample_files.origins.beamline_tiff import write_areadetector_tiff
from penstock.testing import IngestorTests

BY_ROLE = (
    "anka",
    "australian-synchrotron",
    "diamond-i12",
    "elettra",
    "ornl",
    "petra-p05",
)


def ingest(folder: Path) -> BlueskyRun:
    """Ingest a folder that is to be one run."""
    catalog = penstock.BlueskyInMemoryCatalog()
    with use_config(Config(timezone="UTC")):
        report = catalog.ingest([folder])
        (item,) = report
        run = catalog[item.uid]
        run.metadata["stop"]  # drained within the zone
        return run


def events(run: BlueskyRun) -> dict[str, int]:
    return dict(run.metadata["stop"]["num_events"])


def pixels(run: BlueskyRun, stream: str) -> np.ndarray[Any, Any]:
    return run[stream].read()["image"].values


def directly(folder: Path, pattern: str) -> np.ndarray[Any, Any]:
    return np.stack([tifffile.imread(path) for path in sorted(folder.glob(pattern))])


def notes(run: BlueskyRun) -> str:
    return "\n".join(run.metadata["start"].get("notes", ()))


# Roles by name -------------------------------------------------------------------------------


@pytest.mark.parametrize("facility", BY_ROLE)
def test_names_and_folders_tell_the_roles(tmp_path: Path, facility: str) -> None:
    paths = tomography.write_by_role(tmp_path, facility)
    run = ingest(tmp_path)
    assert events(run) == {"primary": 3, "flat": 2, "dark": 1}
    assert run.metadata["stop"]["exit_status"] == "success"
    np.testing.assert_array_equal(pixels(run, "primary")[2], tifffile.imread(paths[2]))
    np.testing.assert_array_equal(pixels(run, "flat")[0], tifffile.imread(paths[3]))
    np.testing.assert_array_equal(pixels(run, "dark")[0], tifffile.imread(paths[-1]))


def test_angles_that_nothing_tells_are_not_invented(tmp_path: Path) -> None:
    tomography.write_by_role(tmp_path, "elettra")
    run = ingest(tmp_path)
    assert "theta" not in run["primary"].read()
    assert "there is no theta" in notes(run)
    assert "motors" not in run.metadata["start"]


def test_als_832_tells_the_range_of_angles_in_its_log(tmp_path: Path) -> None:
    tomography.write_als_832(tmp_path)
    run = ingest(tmp_path)
    assert events(run) == {"primary": 5, "flat": 2, "dark": 1}
    primary = run["primary"].read()
    np.testing.assert_allclose(primary["theta"], [0, 45, 90, 135, 180])
    start = run.metadata["start"]
    assert start["sample"] == {"name": "tooth"}
    assert start["motors"] == ["theta"]
    assert start["hints"] == {"dimensions": [[["theta"], "primary"]]}
    assert start["tomography_tiff"]["log"]["scanner"] == "ALS832"
    assert "theta is computed" in notes(run)
    (descriptor,) = run["primary"].metadata["descriptors"]
    assert descriptor["configuration"]["image"]["data"]["energy"] == 24.0
    assert descriptor["data_keys"]["theta"]["units"] == "deg"


def test_frames_keep_their_angles_where_others_are_missing(tmp_path: Path) -> None:
    tomography.write_als_832(tmp_path)
    (tmp_path / "tooth_0000_0002.tif").unlink()
    run = ingest(tmp_path)
    np.testing.assert_allclose(run["primary"].read()["theta"], [0, 45, 135, 180])
    assert run.metadata["stop"]["exit_status"] == "abort"
    assert "5 projections, 1 are missing" in run.metadata["stop"]["reason"]


def test_imat_logs_every_projection(tmp_path: Path) -> None:
    tomography.write_imat(tmp_path)
    run = ingest(tmp_path)
    assert events(run) == {"primary": 4, "flat": 3, "dark": 1}
    primary = run["primary"].read()
    np.testing.assert_allclose(primary["theta"], [0, 0.3152, 0.6304, 0.9456])
    assert primary["monitor_after"].values.tolist() == [4720271, 4720272, 4720273, 4720274]
    assert run.metadata["start"]["time"] == 1549758004  # 2019-02-10 00:20:04 UTC
    assert np.diff(primary["time"].values).tolist() == [60, 60, 60]
    assert sorted(run["flat"].read()["when"].values) == ["after", "before", "before"]


# Roles by a log ------------------------------------------------------------------------------


def test_tomcat_counts_frames_in_its_log(tmp_path: Path) -> None:
    tomography.write_tomcat(tmp_path)
    run = ingest(tmp_path)
    assert events(run) == {"primary": 4, "flat": 4, "dark": 1}
    frames = directly(tmp_path, "*.tif")
    np.testing.assert_array_equal(pixels(run, "dark"), frames[:1])
    np.testing.assert_array_equal(pixels(run, "flat"), frames[[1, 2, 7, 8]])
    np.testing.assert_array_equal(pixels(run, "primary"), frames[3:7])
    np.testing.assert_allclose(run["primary"].read()["theta"], [45, 105, 165, 225])
    start = run.metadata["start"]
    assert (start["operator"], start["sample"]["name"]) == ("e11126", "R108C60c_s1")
    (descriptor,) = run["primary"].metadata["descriptors"]
    configuration = descriptor["configuration"]["image"]["data"]
    assert (configuration["exposure_time"], configuration["energy"]) == (0.5, 15.072)


def test_aps_1id_logs_every_frame(tmp_path: Path) -> None:
    tomography.write_aps_1id(tmp_path)
    run = ingest(tmp_path)
    assert events(run) == {"primary": 3, "flat": 3, "dark": 1}
    frames = directly(tmp_path, "*.tif")
    np.testing.assert_array_equal(pixels(run, "flat"), frames[[0, 1, 5]])
    np.testing.assert_array_equal(pixels(run, "dark"), frames[[6]])
    primary = run["primary"].read()
    np.testing.assert_allclose(primary["theta"], [0, 30, 60])
    assert primary["IC-E1"].values.tolist() == [5003, 5004, 5005]
    assert "have no zone: taken as UTC" in notes(run)


def test_a_projection_that_the_log_tells_of_and_is_not_there_makes_it_partial(
    tmp_path: Path,
) -> None:
    tomography.write_tomcat(tmp_path)
    (tmp_path / "R108C60c_s10005.tif").unlink()
    run = ingest(tmp_path)
    assert run.metadata["stop"]["exit_status"] == "abort"
    np.testing.assert_allclose(run["primary"].read()["theta"], [45, 165, 225])


def test_frames_of_which_the_log_does_not_tell_are_left_out_and_counted(tmp_path: Path) -> None:
    tomography.write_tomcat(tmp_path)
    shutil.copy(tmp_path / "R108C60c_s10009.tif", tmp_path / "R108C60c_s10010.tif")
    assert "1 frames are left out" in notes(ingest(tmp_path))


def test_a_log_of_something_else_makes_no_tomography(tmp_path: Path) -> None:
    tomography.write_tomcat(tmp_path)
    (tmp_path / "R108C60c_s1.log").write_text("it rained\n")
    chosen = {claim.ingestor for claim in penstock.match(tmp_path).claims()}
    assert chosen == {"tiff-series"}


@pytest.mark.parametrize(
    "text", ["", "-nangles many\n", "Number of projections : 1e99\n", "\0\0", "a\n" * 9]
)
def test_a_log_that_cannot_be_read_stops_no_pixels(tmp_path: Path, text: str) -> None:
    tomography.write_als_832(tmp_path)
    (tmp_path / "tooth.sct").write_text(text)
    documents = list(
        ingest_tomography_tiff(str(tmp_path / "tooth_0000_*.tif"), log=str(tmp_path / "tooth.sct"))
    )
    assert documents[-1][1]["num_events"] == {"primary": 5}
    assert any("is no log" in note or "no text" in note for note in documents[0][1]["notes"])


# Damage, and other writers -------------------------------------------------------------------


def test_flats_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    tomography.write_by_role(tmp_path, "elettra")
    (tmp_path / "dark_1.tif").write_bytes(b"II*\0")
    run = ingest(tmp_path)
    assert events(run) == {"primary": 3, "flat": 2}
    assert run.metadata["stop"]["exit_status"] == "abort"
    assert "dark_1.tif" in run.metadata["stop"]["reason"]


def test_frames_of_areadetector_keep_what_their_headers_tell(tmp_path: Path) -> None:
    for path in write_areadetector_tiff(tmp_path / "source"):
        (tmp_path / "t").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "t" / f"tomo_{path.stem[-3:]}.tif")
    for role in ("flat", "dark"):
        shutil.copy(path, tmp_path / "t" / f"{role}_1.tif")
    run = ingest(tmp_path / "t")
    primary = run["primary"].read()
    assert any("mega" in str(name) for name in primary)
    assert run.metadata["start"]["sample"] == {"name": "iron"}


# Real files ----------------------------------------------------------------------------------


def test_neutron_images_of_ornl_are_one_run(corpus: Path) -> None:
    folder = corpus / "ornlneutronimaging__NeuNorm/archive/neunorm-1.x/data"
    run = ingest(folder)
    assert events(run) == {"primary": 7, "flat": 7, "dark": 3}
    np.testing.assert_array_equal(pixels(run, "primary"), directly(folder, "sample/*.tif"))
    np.testing.assert_array_equal(pixels(run, "flat"), directly(folder, "ob/*.tif"))
    np.testing.assert_array_equal(pixels(run, "dark"), directly(folder, "df/*.tif"))


def test_angles_of_more_frames_than_there_are_go_by_their_numbers_or_are_not_used(
    corpus: Path,
) -> None:
    folder = corpus / "DiamondLightSource__Savu/test_data/data/image_test"
    run = ingest(folder)
    assert events(run) == {"primary": 12, "flat": 1, "dark": 1}
    assert "theta" not in run["primary"].read()
    assert "111 frames, and there are 12: it is not used" in notes(run)
    np.testing.assert_array_equal(pixels(run, "primary"), directly(folder, "tiffs/*.tiff"))


# The tests that every ingestor passes --------------------------------------------------------


class TestByName(IngestorTests):
    ingestor = "tomography-tiff"

    def write_files(self, folder: Path) -> Any:
        return [str(path) for path in tomography.write_imat(folder) if "Tomo/" in str(path)]


class TestByLog(IngestorTests):
    ingestor = "tomography-log-tiff"

    def write_files(self, folder: Path) -> Any:
        return [str(path) for path in tomography.write_aps_1id(folder) if path.suffix == ".tif"]
