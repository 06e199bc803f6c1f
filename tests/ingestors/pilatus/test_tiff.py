"""TIFF files of PILATUS detectors: settings, and which nobody has set; when exposures began."""

import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.config import Config, use_config
from penstock.ingestors import ingest_pilatus_tiff
from penstock.ingestors.camserver import read_camserver_header
from penstock.ingestors.pilatus.ingest import probe_tiff
from penstock.sample_files.origins.beamline_tiff import write_pilatus_tiff, write_saxslab_tiff

BEGAN = 1349870380.5
"""2012-10-10 11:59:41 UTC, less half a second."""
USAXS = "APS-USAXS__livedata/testdata/2014-06-12"


@pytest.fixture(autouse=True)
def at_greenwich():
    with use_config(Config(timezone="UTC")):
        yield


def drain(paths):
    return dict(ingest_pilatus_tiff(paths))


def configuration(run):
    (detector,) = run["start"]["detectors"]
    return run["descriptor"]["configuration"][detector]["data"]


def test_matching_takes_them_by_their_tags(tmp_path):
    write_pilatus_tiff(tmp_path)
    (decision,) = match(tmp_path).decisions
    assert (decision.chosen.ingestor, decision.chosen.tier) == ("pilatus-tiff", "STRUCTURE")


def test_an_event_is_when_its_exposure_began(tmp_path):
    run = drain(write_pilatus_tiff(tmp_path))
    assert run["event_page"]["time"] == [BEGAN, BEGAN + 1, BEGAN + 2]
    assert run["start"]["time"] == BEGAN
    assert run["start"]["time_source"] == "DateTime (end of exposure) minus exposure time"
    assert "DateTime has no zone: taken as UTC" in run["start"]["notes"]


def test_settings_are_configuration_with_units(tmp_path):
    run = drain(write_pilatus_tiff(tmp_path, wavelength="0.0564 nm"))
    constants = configuration(run)
    keys = run["descriptor"]["configuration"]["pilatus_100k"]["data_keys"]
    expected = {
        "exposure_time": (0.5, "s"),
        "wavelength": (0.564, "angstrom"),
        "threshold_energy": (4500.0, "eV"),
        "count_cutoff": (1048574, "counts"),
        "sensor_thickness": (0.00032, "m"),
        "pixel_size": ([172e-6, 172e-6], "m"),
        "beam_center": ([243.5, 97.5], "pixel"),
    }
    assert {name: (constants[name], keys[name]["units"]) for name in expected} == expected


def test_what_changes_is_a_column(tmp_path):
    run = drain(write_pilatus_tiff(tmp_path))
    assert run["event_page"]["data"]["start_angle"] == [0.0, 0.1, 0.2]
    assert run["descriptor"]["data_keys"]["start_angle"]["units"] == "deg"
    assert "start_angle" not in configuration(run)


def test_defaults_are_marked(tmp_path):
    run = drain(write_pilatus_tiff(tmp_path / "default"))
    assert "wavelength" in configuration(run)["at_default"]
    assert any("1.54 angstrom and" in note for note in run["start"]["notes"])
    run = drain(write_pilatus_tiff(tmp_path / "set", wavelength="0.9 A"))
    assert "wavelength" not in configuration(run)["at_default"]


@pytest.mark.parametrize(
    "line", ["# Exposure_time 0.5 s", "# Exposure_time: 0.5 s", "#Exposure_time = 500 ms\0"]
)
def test_colons_and_equal_signs_are_read_alike(line):
    header = read_camserver_header(line)
    assert (header.values, header.units) == ({"exposure_time": 0.5}, {"exposure_time": "s"})


@pytest.mark.parametrize("text", ["", "#", "# Wavelength", "# Count_cutoff many", "\0\0# Tau = s"])
def test_settings_that_are_none_are_passed_over(text):
    assert read_camserver_header(text).values == {}


def test_a_date_that_is_none_leaves_the_files_time(tmp_path):
    (path,) = write_pilatus_tiff(tmp_path, 1)
    raw = path.read_bytes().replace(b"2012:10:10 11:59:41", b"mageWed May 24 2017")
    path.write_bytes(raw)
    run = drain([path])
    assert run["start"]["time_source"] == "mtime"
    assert any("is no date" in note for note in run["start"]["notes"])
    assert configuration(run)["event_time_source"] == "mtime"


def test_saxslabs_xml_is_read_and_its_contradictions_told(tmp_path):
    run = drain(write_saxslab_tiff(tmp_path))
    start = run["start"]
    assert (start["sample"], start["operator"]) == ({"name": "silver behenate"}, "Ada")
    assert start["pilatus_tiff"]["saxslab"]["detx"] == "350.1"
    assert "Artist" not in start["tiff"]
    constants = configuration(run)
    assert (constants["wavelength"], constants["detector_distance"]) == (1.5418, 1.0502)
    assert constants["beam_center"] == [244.1, 98.2]
    assert "wavelength" not in constants["at_default"]
    notes = start["notes"]
    assert "det_exposure_time is 1000, livetime 999" in notes
    assert "start_timestamp of SAXSLAB's XML and DateTime are 9.0 h apart" in notes


@pytest.mark.parametrize(
    "xml",
    [
        "<?xml?><SAXSLABparameters><param name='detx'>3",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><SAXSLABparameters/>",
        "<SAXSLABparameters><param/><param name='detx'/></SAXSLABparameters>",
    ],
)
def test_damaged_xml_does_not_stop_good_pixels(tmp_path, xml):
    run = drain(write_pilatus_tiff(tmp_path, artist=xml))
    assert run["stop"]["num_events"] == {"primary": 3}
    assert run["start"]["time"] == BEGAN


def test_parameters_of_the_xml_that_change_are_columns(tmp_path):
    paths = []
    for number in range(2):
        xml = f'<SAXSLABparameters><param name="detx">{number}</param></SAXSLABparameters>'
        (path,) = write_pilatus_tiff(tmp_path / str(number), 1, artist=xml)
        paths.append(path.rename(tmp_path / f"a_{number}.tiff"))
    assert drain(paths)["event_page"]["data"]["detx"] == [0.0, 1.0]


def test_other_peoples_files_are_declined(tmp_path):
    path = tmp_path / "x_1.tif"
    tifffile.imwrite(path, np.zeros((4, 6), "i4"), software="TVX TIFF v 1.3", metadata=None)
    assert probe_tiff([str(path)]) is None


def test_real_files_are_read(corpus):
    paths = [corpus / USAXS / "waxs" / f"LSM_{name}.tif" for name in ("YSZ_infl_227", "infl_228")]
    run = drain(paths)
    constants = configuration(run)
    assert (constants["exposure_time"], constants["count_cutoff"]) == (20.0, 1055458)
    assert constants["wavelength"] == 0.564
    assert "wavelength" not in constants["at_default"]
    # 14:45:08 and 14:45:30 at the beamline, each at the end of 20 s
    assert run["event_page"]["time"] == [1402584288.0, 1402584310.0]
    catalog = BlueskyInMemoryCatalog()
    images = catalog[catalog.upsert(ingest_pilatus_tiff, (paths,), {})].primary.read()["image"]
    for image, path in zip(images.values, paths, strict=True):
        np.testing.assert_array_equal(image, tifffile.imread(path))


def test_a_real_file_at_its_defaults_is_read(corpus):
    run = drain([corpus / USAXS / "saxs" / "GdC_infl_191.tif"])
    assert configuration(run)["exposure_time"] == 10.0
    assert "wavelength" in configuration(run)["at_default"]
    assert run["start"]["time"] == 1402565130 - 10
