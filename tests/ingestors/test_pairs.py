"""One acquisition that was saved twice gives the same pixels, exposure and time from both files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import penstock
from penstock.core.config import Config, use_config

FOLDER = "APS-USAXS__livedata/testdata/2014-06-12"
PAIRS = ("saxs/GdC_infl_191", "saxs/LSCF_190", "waxs/LSM_YSZ_infl_227", "waxs/LSM_infl_228")

FULL = 2**20 - 1
"""What a pixel of a PILATUS counts to."""


def read(path: Path) -> dict[str, Any]:
    """Ingest a file, and return what is to be the same."""
    catalog = penstock.BlueskyInMemoryCatalog()
    with use_config(Config(timezone="America/Chicago")):
        (item,) = catalog.ingest([path])
        run = catalog[item.uid]
        (descriptor,) = run["primary"].metadata["descriptors"]
        dataset = run["primary"].read()
    (key,) = (key for key, told in descriptor["data_keys"].items() if "external" in told)
    constants: dict[str, Any] = {}
    for told in descriptor["configuration"].values():
        constants |= told["data"]
    return {
        "ingestor": item.details["ingestor"],
        "pixels": dataset[key].values[0],
        "exposure": constants["exposure_time"],
        "time": float(dataset["time"].values[0]),
        "start": run.metadata["start"]["time"],
    }


@pytest.mark.parametrize("name", PAIRS)
def test_camserver_and_ndfilenexus_tell_the_same(corpus: Path, name: str) -> None:
    tiff = read(corpus / FOLDER / f"{name}.tif")
    nexus = read(corpus / FOLDER / f"{name}.hdf5")
    assert (tiff["ingestor"], nexus["ingestor"]) == ("pilatus-tiff", "areadetector-nexus")
    assert tiff["pixels"].dtype == nexus["pixels"].dtype
    # EPICS replaces a pixel that it is told is bad; camserver leaves it with its counter full.
    good = tiff["pixels"] != FULL
    assert np.count_nonzero(~good) <= 1
    np.testing.assert_array_equal(tiff["pixels"][good], nexus["pixels"][good])
    assert tiff["exposure"] == nexus["exposure"]
    # One tells the end of the exposure and the other its beginning, both without a zone.
    assert tiff["time"] == nexus["time"] == tiff["start"] == nexus["start"]
