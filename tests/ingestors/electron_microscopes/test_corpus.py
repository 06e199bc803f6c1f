"""Real images that nobody here wrote: recognised, read whole, and told of."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile

import penstock
from penstock.core.config import Config, use_config

FOLDER = "hyperspy__rosettasciio/rsciio/tests/data/tiff"
FILES: dict[str, tuple[str, str | None, dict[str, Any]]] = {
    f"{FOLDER}/tiff_FEI_Helios.zip/FEI-Helios-Ebeam-16bits.tif": (
        "thermo-sem",
        "2016-06-13T17:06:40",
        {"accelerating_voltage": 5000, "stage_x": 2.576e-05, "working_distance": 0.00403466},
    ),
    f"{FOLDER}/tiff_FEI_Helios.zip/FEI-Helios-navcam-with-no-IRBeam-bad-floats.tif": (
        "thermo-sem",
        "2022-05-17T09:07:08",
        {"detector_name": "Nav-Cam", "stage_x": 0.0699197},
    ),
    "imageio__imageio-binaries/images/fei-sem-rbc.tif": (
        "thermo-sem",
        "2016-10-27T13:16:51",
        {"accelerating_voltage": 2000, "beam_current": 5e-11},
    ),
    f"{FOLDER}/tiff_Zeiss_SEM.zip/test_tiff_Zeiss_SEM_512pix.tif": (
        "zeiss-sem",
        "2018-09-25T08:20:42",
        {"accelerating_voltage": 5000, "pixel_size": 5.825e-9, "magnification": 50_000},
    ),
    f"{FOLDER}/tiff_Zeiss_SEM.zip/ZEISS_SEM_multipage.tif": (
        "zeiss-sem-stack",
        "2016-04-18T22:42:02",
        {"accelerating_voltage": 1800, "stage_tilt": 52.6},
    ),
    f"{FOLDER}/JEOL-SightX-TEM-mag-dummy.tif": (
        "jeol-tem",
        "2019-11-27T07:11:26",
        {"accelerating_voltage": 200_000, "magnification": 150_000},
    ),
    f"{FOLDER}/JEOL-SightX-Ronchigram-dummy.tif": (
        "jeol-tem",
        "2021-05-18T05:10:44",
        {"accelerating_voltage": 200_000},
    ),
    f"{FOLDER}/TVIPS_bin4.zip/TVIPS_bin4.tif": (
        "tvips",
        "2017-04-12T09:01:17",
        {"exposure_time": 0.4, "accelerating_voltage": 99_000, "magnification": 32_000},
    ),
    f"{FOLDER}/tiff_hamamatsu.zip/test_hamamatsu_streak_SCAN.tif": (
        "hamamatsu-streak",
        "2022-02-09T18:14:40",
        {"exposure_time": 0.15, "mcp_gain": 63},
    ),
    f"{FOLDER}/test_loading_image_saved_with_DM_stack.tif": (
        "gatan-stack",
        None,
        {"frame_spacing": 2.5},
    ),
    "CFN-softbio__SciAnalysis/examples/block_copolymer/data/C67 on Dow 55_q07.tif": (
        "hitachi-sem",
        "2018-11-14T10:26:06",
        {"accelerating_voltage": 3500, "pixel_size": 1.984375e-9, "working_distance": 0.0028},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_real_image(name: str, corpus: Path) -> None:
    ingestor, time, constants = FILES[name]
    path = corpus / name
    paths = [path, path.with_suffix(".txt")] if ingestor == "hitachi-sem" else [path]
    catalog = penstock.BlueskyInMemoryCatalog()
    with use_config(Config(timezone="UTC")):
        (claim,) = penstock.match(paths).claims()
        run = catalog[catalog.upsert(*claim.call)]
        data = run.primary.read()
    assert claim.ingestor == ingestor
    wanted = tifffile.imread(path, key=None)
    np.testing.assert_array_equal(data["image"], wanted.reshape(data["image"].shape))
    start = run.metadata["start"]
    if time is not None:
        moment = datetime.datetime.fromtimestamp(start["time"], datetime.UTC)
        assert moment.isoformat()[:19] == time
    (detector,) = start["detectors"]
    found = run.primary.metadata["descriptors"][0]["configuration"][detector]["data"]
    assert {key: found[key] for key in constants} == constants


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "hyperspy__rosettasciio/rsciio/tests/data/emd/fei_example_tem_stack.emd",
        "ercius__openNCEM/ncempy/data/STEM HAADF Diffraction Micro.emd",
    ],
)
def test_a_real_file_of_velox(name: str, corpus: Path) -> None:
    catalog = penstock.BlueskyInMemoryCatalog()
    (claim,) = penstock.match([corpus / name]).claims()
    assert claim.ingestor == "velox"
    run = catalog[catalog.upsert(*claim.call)]
    (key,) = run.metadata["start"]["detectors"]
    with h5py.File(corpus / name) as file:
        (group,) = file["Data/Image"].values()
        wanted = np.moveaxis(group["Data"][()], -1, 0)
    np.testing.assert_array_equal(run.primary.read()[key], wanted)
    found = run.primary.metadata["descriptors"][0]["configuration"][key]["data"]
    assert found["accelerating_voltage"] == 300_000
