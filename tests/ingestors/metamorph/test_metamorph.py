"""MetaMorph: times and places of single images and of the planes of stacks."""

import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.config import Config, use_config
from penstock.ingestors import ingest_metamorph_series, ingest_metamorph_stack
from penstock.sample_files.origins.light_microscopy import (
    write_metamorph_series,
    write_metamorph_stack,
)

PLANE = np.arange(24, dtype="u2").reshape(4, 6)
REAL = "CellProfiler__CellProfiler/tests/core/data/modules/loadimages/MetamorphImage.tif"
XML = """<MetaData>
<prop id="Description" type="string" value="Exposure: 40 ms&#13;&#10;Binning: 1 x 1"/>
<prop id="ApplicationName" type="string" value="MetaMorph"/>
<PlaneInfo>
<prop id="spatial-calibration-state" type="bool" value="on"/>
<prop id="spatial-calibration-x" type="float" value="0.325"/>
<prop id="spatial-calibration-units" type="string" value="um"/>
<prop id="acquisition-time-local" type="time" value="20130118 14:07:4{0}.250"/>
<prop id="stage-position-x" type="float" value="1{0}.5"/>
<prop id="_IllumSetting_" type="string" value="GFP"/>
</PlaneInfo></MetaData>"""


@pytest.fixture(autouse=True)
def at_greenwich():
    with use_config(Config(timezone="UTC")):
        yield


def configuration(run):
    (detector,) = run["start"]["detectors"]
    return run["descriptor"]["configuration"][detector]


def test_descriptions_tell_settings_and_times(tmp_path):
    run = dict(ingest_metamorph_series(write_metamorph_series(tmp_path)))
    assert run["event_page"]["time"] == [1267790931.0, 1267790932.0, 1267790933.0]
    assert run["event_page"]["data"]["exposure_time"] == [0.1, 0.2, 0.3]
    assert run["descriptor"]["data_keys"]["exposure_time"]["units"] == "s"
    assert run["start"]["sample"] == {"name": "wound healing", "barcode": "BR00021380"}
    assert run["start"]["detectors"] == ["Photometrics"]
    assert "its times have no zone: taken as UTC" in run["start"]["notes"]
    told = configuration(run)["data"]
    assert (told["binning"], told["temperature"]) == ([2, 2], -6.25)


def test_private_tags_tell_of_every_plane_of_a_stack(tmp_path):
    (path,) = write_metamorph_stack(tmp_path)
    (decision,) = match(path).decisions
    assert decision.chosen.ingestor == "metamorph-stack"
    catalog = BlueskyInMemoryCatalog()
    run = catalog[catalog.upsert(ingest_metamorph_stack, (str(path),), {})]
    data = run.primary.read()
    assert np.array_equal(data["image"], tifffile.imread(path))
    assert data["position_z"].values.tolist() == [10.0, 10.5, 11.0]
    assert data["z_distance"].values.tolist() == [0.0, 0.5, 1.0]
    assert data["stage_label"].values.tolist() == ["site 0", "site 1", "site 2"]
    assert np.diff(data["time"].values).tolist() == [1.0, 1.0]
    told = configuration(dict(ingest_metamorph_stack(path)))
    assert (told["data"]["position_x"], told["data"]["wavelength"]) == (100.0, 525.0)
    assert told["data"]["pixel_size_x"] == 0.325
    assert told["data_keys"]["pixel_size_x"]["units"] == "µm"
    assert told["data"]["exposure_time"] == 0.05


def test_xml_of_later_versions(tmp_path):
    for number in range(3):
        text = XML.format(number)
        tifffile.imwrite(tmp_path / f"x_t{number}.tif", PLANE, description=text, metadata=None)
    (decision,) = match(tmp_path).decisions
    assert decision.chosen.ingestor == "metamorph-series"
    run = dict(ingest_metamorph_series(f"{tmp_path}/*.tif"))
    assert run["event_page"]["time"] == [1358518060.25, 1358518061.25, 1358518062.25]
    assert run["event_page"]["data"]["position_x"] == [10.5, 11.5, 12.5]
    told = configuration(run)["data"]
    assert (told["exposure_time"], told["pixel_size_x"], told["channel"]) == (0.04, 0.325, "GFP")


@pytest.mark.parametrize(
    "text", ["Exposure: soon", ":\n:\n", "<MetaData><prop", "<!DOCTYPE x><MetaData/>", "µ\x00\x00"]
)
def test_malformed_text_does_not_stop_good_pixels(tmp_path, text):
    path = tmp_path / "odd.tif"
    tifffile.imwrite(path, PLANE, description=text.encode(), metadata=None, software="MetaMorph 6")
    catalog = BlueskyInMemoryCatalog()
    run = catalog[catalog.upsert(ingest_metamorph_series, (str(path),), {})]
    assert np.array_equal(run.primary.read()["image"][0], PLANE)


def test_a_real_file(corpus):
    (decision,) = match(corpus / REAL).decisions
    assert decision.chosen.ingestor == "metamorph-series"
    run = dict(ingest_metamorph_series(str(corpus / REAL)))
    assert run["start"]["time"] == run["event_page"]["time"][0] == 1267790932.203
    assert run["start"]["sample"] == {"name": "IXMtest", "barcode": "BR00021380"}
    told = configuration(run)["data"]
    expected = {
        "exposure_time": 0.3,
        "bit_depth": 12,
        "saturation_value": 4095,
        "objective": "20x Plan Fluor ELWD",
        "objective_na": 0.45,
        "position_x": 115815.18,
        "stage_label": "P24 : Site 9",
        "channel": "Cy5",
        "wavelength": 675.0,
    }
    assert {name: told[name] for name in expected} == expected
