"""Each maker's images come out in the field's terms, whatever its software calls things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile

import penstock
import penstock.ingestors
from penstock.core.config import Config, use_config
from penstock.core.errors import MissingFileError
from penstock.core.run import BlueskyRun
from penstock.sample_files.origins import electron_microscopes as samples


@pytest.fixture(autouse=True)
def _utc() -> Any:
    with use_config(Config(timezone="UTC")):
        yield


def ingest(paths: list[Path]) -> BlueskyRun:
    """Ingest what penstock recognises files as, which is to be one run."""
    catalog = penstock.BlueskyInMemoryCatalog()
    (claim,) = penstock.match(paths).claims()
    return catalog[catalog.upsert(*claim.call)]


def constants(run: BlueskyRun) -> dict[str, Any]:
    (detector,) = run.metadata["start"]["detectors"]
    configuration: dict[str, Any] = run.primary.metadata["descriptors"][0]["configuration"]
    data: dict[str, Any] = configuration[detector]["data"]
    return data


def units(run: BlueskyRun, name: str) -> str | None:
    (detector,) = run.metadata["start"]["detectors"]
    configuration = run.primary.metadata["descriptors"][0]["configuration"][detector]
    unit: str | None = configuration["data_keys"][name].get("units")
    return unit


RECOGNISED = {
    "thermo-sem": samples.write_thermo_sem,
    "zeiss-sem": samples.write_zeiss_sem,
    "zeiss-sem-stack": samples.write_zeiss_stack,
    "hitachi-sem": samples.write_hitachi_sem,
    "jeol-tem": samples.write_jeol_tem,
    "tvips": samples.write_tvips,
    "hamamatsu-streak": samples.write_hamamatsu_streak,
    "gatan": samples.write_gatan,
    "gatan-stack": samples.write_gatan_stack,
    "velox": samples.write_velox,
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_it_is_recognised_by_what_the_files_hold(name: str, tmp_path: Path) -> None:
    write: Callable[..., list[Path]] = RECOGNISED[name]
    (claim,) = penstock.match(write(tmp_path)).claims()
    assert claim.ingestor == name


@pytest.mark.parametrize("name", [name for name in RECOGNISED if name != "hitachi-sem"])
def test_whatever_the_files_are_called(name: str, tmp_path: Path) -> None:
    paths = [
        path.rename(tmp_path / f"{number}.data")
        for number, path in enumerate(RECOGNISED[name](tmp_path))
    ]
    assert {claim.ingestor for claim in penstock.match(paths).claims()} == {name}


@pytest.mark.parametrize("name", [name for name in RECOGNISED if name != "velox"])
def test_the_pixels_are_those_of_the_files(name: str, tmp_path: Path) -> None:
    paths = RECOGNISED[name](tmp_path)
    wanted = np.concatenate(
        [np.atleast_3d(tifffile.imread(p)).reshape(-1, 12, 16) for p in paths if p.suffix == ".tif"]
    )
    np.testing.assert_array_equal(ingest(paths).primary.read()["image"], wanted)


def test_thermo_tells_beam_stage_and_user(tmp_path: Path) -> None:
    run = ingest(samples.write_thermo_sem(tmp_path))
    start = run.metadata["start"]
    assert (start["operator"], start["title"]) == ("ada", "fracture 1")
    assert start["time"] == 1465837561.0  # 13.06.2016 17:06:01
    assert start["detectors"] == ["ETD"]
    assert start["thermo_sem"]["System"]["SystemType"] == "Helios NanoLab"
    found = constants(run)
    assert found["accelerating_voltage"] == 5000
    assert found["beam_current"] == 6.25e-12
    assert found["dwell_time"] == 1e-5
    assert units(run, "accelerating_voltage") == "V"
    assert "spot_size" not in found  # it was empty


def test_what_varies_from_image_to_image_is_a_column(tmp_path: Path) -> None:
    data = ingest(samples.write_thermo_sem(tmp_path, count=3)).primary.read()
    np.testing.assert_allclose(data["stage_x"], [1e-5, 2e-5, 3e-5])
    assert data["stage_x"].attrs["units"] == "m"
    np.testing.assert_array_equal(data["time"], [1465837561, 1465837562, 1465837563])


def test_a_date_that_could_be_read_two_ways_is_doubted(tmp_path: Path) -> None:
    text = "[User]\r\nDate=13.6.16\r\nTime=17:06\r\n[Beam]\r\nHV=notafloat\r\n"
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 6), "u1"), extratags=[(34682, 2, None, text)])
    run = ingest([tmp_path / "a.tif"])
    assert run.metadata["start"]["time_source"] == "mtime"
    assert any("cannot be told for sure" in note for note in run.metadata["start"]["notes"])
    assert "accelerating_voltage" not in constants(run)


def test_zeiss_tells_what_its_screen_shows(tmp_path: Path) -> None:
    run = ingest(samples.write_zeiss_sem(tmp_path))
    start = run.metadata["start"]
    assert start["sample"] == {"name": "wafer 7"}
    assert start["operator"] == "ADA"
    assert start["time"] == 1537863641.0  # 25 Sep 2018, 8:20:41
    found = constants(run)
    assert found["accelerating_voltage"] == 5000
    assert found["working_distance"] == 0.0039
    assert found["magnification"] == 50000
    assert found["pixel_size"] == 5.825e-9
    assert (found["stage_tilt"], units(run, "stage_tilt")) == (0, "deg")
    np.testing.assert_allclose(run.primary.read()["stage_x"], [0.061, 0.062])


def test_the_images_of_one_file_have_their_own_metadata(tmp_path: Path) -> None:
    data = ingest(samples.write_zeiss_stack(tmp_path)).primary.read()
    np.testing.assert_allclose(data["stage_x"], [0.061, 0.062])
    np.testing.assert_array_equal(data["page"], [0, 1])


def test_jeol_tells_the_time_with_its_zone(tmp_path: Path) -> None:
    run = ingest(samples.write_jeol_tem(tmp_path))
    start = run.metadata["start"]
    assert start["time"] == pytest.approx(1574838686.62054)
    assert "notes" not in start
    found = constants(run)
    assert found["accelerating_voltage"] == 200_000
    assert found["defocus"] == -2e-8
    assert found["emission_current"] == 158.9e-6


def test_of_a_damaged_report_the_beginning_counts(tmp_path: Path) -> None:
    report = "<TemReporter><Operator>Ada</Operator><Lens><CL1>1</CL1>\1</Lens></TemReporter>"
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 6), "u1"), description=report, metadata=None)
    start = ingest([tmp_path / "a.tif"]).metadata["start"]
    assert start["operator"] == "Ada"
    assert any("damaged" in note for note in start["notes"])


def test_tvips_tells_exposure_and_camera(tmp_path: Path) -> None:
    run = ingest(samples.write_tvips(tmp_path))
    start = run.metadata["start"]
    assert (start["title"], start["detectors"]) == ("oxide", ["F416"])
    assert start["time"] == 1491991200.0  # 12 April 2017, 10:00
    found = constants(run)
    assert (found["exposure_time"], units(run, "exposure_time")) == (0.4, "s")
    assert found["accelerating_voltage"] == 80_000
    assert found["pixel_size_x"] == 1.5e-9


def test_hamamatsu_puts_the_day_first(tmp_path: Path) -> None:
    run = ingest(samples.write_hamamatsu_streak(tmp_path))
    start = run.metadata["start"]
    assert start["time"] == pytest.approx(1644430480.155)  # 9 February, when it was taken
    assert start["hamamatsu_streak"]["DisplayLUT"]["BitRange"] == "16 bit"
    assert constants(run)["exposure_time"] == 0.15


def test_hitachi_is_known_by_the_text_beside_the_image(tmp_path: Path) -> None:
    image, settings = samples.write_hitachi_sem(tmp_path)
    run = ingest([image, settings])
    start = run.metadata["start"]
    assert start["sample"] == {"name": "s2"}
    assert start["time"] == 1542191166.0  # 14 November 2018
    found = constants(run)
    assert found["working_distance"] == 0.0028
    assert found["pixel_size"] == 1.984375e-9
    assert found["emission_current"] == 4.7e-6


def test_hitachis_text_is_found_beside_the_image(tmp_path: Path) -> None:
    image, settings = samples.write_hitachi_sem(tmp_path)
    catalog = penstock.BlueskyInMemoryCatalog()
    run = catalog[catalog.upsert(penstock.ingestors.ingest_hitachi_sem, (image,), {})]
    assert run.metadata["start"]["sample"] == {"name": "s2"}
    settings.unlink()
    with pytest.raises(MissingFileError, match=r"no settings file film_q07\.txt"):
        catalog.upsert(penstock.ingestors.ingest_hitachi_sem, (image,), {})


def test_hitachis_image_alone_is_any_image(tmp_path: Path) -> None:
    image, settings = samples.write_hitachi_sem(tmp_path)
    settings.unlink()
    (claim,) = penstock.match([image]).claims()
    assert claim.ingestor == "tiff-series"


def test_another_text_beside_an_image_says_nothing(tmp_path: Path) -> None:
    image, settings = samples.write_hitachi_sem(tmp_path)
    settings.write_text("[Settings]\nAcceleratingVoltage=1\n")
    claims = penstock.match([image, settings]).claims()
    assert [claim.ingestor for claim in claims] == ["tiff-series"]


def test_gatan_tells_the_scales_of_the_axes(tmp_path: Path) -> None:
    run = ingest(samples.write_gatan_stack(tmp_path))
    found = constants(run)
    assert (found["pixel_size_x"], units(run, "pixel_size_x")) == (0.25, "um")
    assert (found["frame_spacing"], units(run, "frame_spacing")) == (2.5, "s")


def test_tags_of_areadetector_are_not_gatans(tmp_path: Path) -> None:
    extra = [
        (65003, 2, None, "um", True),
        (65004, 2, None, "um", True),
        (65009, 12, 1, 0.5, True),
        (65010, 12, 1, 0.5, True),
    ]
    tifffile.imwrite(
        tmp_path / "a.tif", np.zeros((4, 6), "u1"), software="EPICS areaDetector", extratags=extra
    )
    assert [claim.ingestor for claim in penstock.match([tmp_path / "a.tif"]).claims()] != ["gatan"]


def test_velox_has_its_frame_axis_last(tmp_path: Path) -> None:
    (path,) = samples.write_velox(tmp_path)
    with h5py.File(path) as file:
        (group,) = file["Data/Image"].values()
        wanted = np.moveaxis(group["Data"][()], -1, 0)
    data = ingest([path]).primary
    np.testing.assert_array_equal(data.read()["BM-Ceta"], wanted)
    np.testing.assert_array_equal(data.to_dask()["BM-Ceta"][1, 2:5].compute(), wanted[1, 2:5])


def test_velox_tells_of_each_frame(tmp_path: Path) -> None:
    run = ingest(samples.write_velox(tmp_path))
    assert run.metadata["start"]["time"] == 1575540224
    data = run.primary.read()
    np.testing.assert_allclose(data["stage_alpha_tilt"], [-0.25, -0.125, 0])
    np.testing.assert_allclose(data["time"] - 1575540226, [0, 1e-6, 2e-6], atol=5e-7)
    found = constants(run)
    assert (found["exposure_time"], units(run, "exposure_time")) == (0.8, "s")
    assert found["saturation_value"] == 8425
    assert found["pixel_size_x"] == 8.17e-12


def test_velox_detectors_of_other_counts_are_streams_of_their_own(tmp_path: Path) -> None:
    (path,) = samples.write_velox(tmp_path)
    with h5py.File(path, "r+") as file:
        file["Data/Image/b/Data"] = np.ones((4, 4, 1), "u2")
        file.create_group("Data/SpectrumStream/c")
    run = ingest([path])
    assert list(run) == ["primary", "image"]
    assert run["image"].read()["image"].shape == (1, 4, 4)
    notes = " ".join(run.metadata["start"]["notes"])
    assert "b has no metadata" in notes
    assert "spectra at /Data/SpectrumStream are left out" in notes


def test_velox_without_images_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.emd", "w") as file:
        file["Version"] = [b'{"format": "Velox"}']
        file.create_group("Data/SpectrumStream/c")
    (decision,) = penstock.match([tmp_path / "a.emd"]).unclaimed
    assert "its data are spectra, which nothing here reads" in str(decision.explain())


def test_velox_metadata_that_are_no_json_are_told(tmp_path: Path) -> None:
    (path,) = samples.write_velox(tmp_path)
    with h5py.File(path, "r+") as file:
        (group,) = file["Data/Image"].values()
        group["Metadata"][0, 1] = ord("x")
    run = ingest([path])
    assert any("of 1 of 3 frames" in note for note in run.metadata["start"]["notes"])
    assert run.primary.read()["BM-Ceta"].shape == (3, 12, 16)


MALFORMED = {
    34682: "[Beam\r\nHV=1",
    34680: "",
    34118: "no names here",
    270: "<TemReporter><<<",
}


@pytest.mark.parametrize("tag", MALFORMED)
def test_malformed_metadata_never_stop_good_pixels(tag: int, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    image = np.arange(24, dtype="u1").reshape(4, 6)
    extra = [(tag, 2, None, MALFORMED[tag], True)]
    tifffile.imwrite(path, image, metadata=None, description=None, extratags=extra)
    np.testing.assert_array_equal(ingest([path]).primary.read()["image"][0], image)
