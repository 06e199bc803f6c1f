"""TIFF files of EPICS areaDetector: attributes are columns or configuration, EPICS' time counts."""

import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, match
from penstock.ingestors import ingest_areadetector_tiff
from penstock.ingestors.areadetector.ingest import probe_tiff
from penstock.sample_files.origins.beamline_tiff import (
    CAMSERVER_HEADER,
    EPICS_SECONDS,
    write_areadetector_tiff,
)
from penstock.testing import IngestorTests

EPOCH = 631152000
REAL = "Dioptas__Dioptas/dioptas/tests/data/TransferCorrection"


def drain(paths):
    return dict(ingest_areadetector_tiff(paths))


def write_one(path, *attributes, seconds=EPICS_SECONDS, clock=0.0, **kwargs):
    tags = [(65000, 12, 1, clock, True), (65001, 4, 1, 1, True), (65002, 4, 1, seconds, True)]
    tags += [(65003, 4, 1, 0, True)]
    tags += [(65010 + at, 2, 0, text, True) for at, text in enumerate(attributes)]
    options = {"software": "EPICS areaDetector", "metadata": None, "extratags": tags, **kwargs}
    tifffile.imwrite(path, np.zeros((4, 6), "u2"), **options)
    return [path]


def configuration(run):
    (detector,) = run["start"]["detectors"]
    return run["descriptor"]["configuration"][detector]["data"]


class TestConformance(IngestorTests):
    ingestor = "areadetector-tiff"

    def write_files(self, folder):
        return [str(path) for path in write_areadetector_tiff(folder, 40)]


def test_matching_takes_them_by_their_tags(tmp_path):
    write_areadetector_tiff(tmp_path)
    (decision,) = match(tmp_path).decisions
    assert (decision.chosen.ingestor, decision.chosen.tier) == ("areadetector-tiff", "STRUCTURE")
    assert "Software tag 'EPICS areaDetector', EPICS time stamp" in decision.explain()


def test_attributes_that_change_are_columns_with_the_unit_in_their_name(tmp_path):
    run = drain(write_areadetector_tiff(tmp_path))
    data, keys = run["event_page"]["data"], run["descriptor"]["data_keys"]
    assert data["Omega_deg"] == [-91.0, -90.5, -90.0, -89.5]
    assert keys["Omega_deg"]["units"] == "deg"
    assert data["unique_id"] == [1001, 1002, 1003, 1004]
    hints = run["descriptor"]["hints"]
    assert (hints["Omega_deg"], hints["unique_id"]) == ({"fields": ["Omega_deg"]}, {"fields": []})


def test_attributes_that_do_not_change_are_configuration(tmp_path):
    run = drain(write_areadetector_tiff(tmp_path))
    constants = configuration(run)
    assert constants["ID_Energy_eV"] == constants["energy"] == 42001.4
    assert constants["exposure_time"] == 2.0
    keys = run["descriptor"]["configuration"]["pilatus"]["data_keys"]
    assert (keys["energy"]["units"], keys["wavelength"]["units"]) == ("eV", "angstrom")
    assert run["start"]["sample"] == {"name": "iron"}


def test_the_epics_time_is_that_of_events(tmp_path):
    run = drain(write_areadetector_tiff(tmp_path))
    expected = [EPOCH + EPICS_SECONDS + 2 * number + 0.5 for number in range(4)]
    assert run["event_page"]["time"] == expected
    assert run["start"]["time"] == expected[0]
    assert configuration(run)["event_time_source"] == "EPICS time stamp (tags 65002, 65003)"


def test_a_time_that_is_not_set_is_none(tmp_path):
    path = tmp_path / "a_1.tif"
    run = drain(write_one(path, seconds=0))
    assert run["start"]["time_source"] == "mtime"
    assert run["event_page"]["time"] == [path.stat().st_mtime]
    assert "the EPICS time stamp is not set" in run["start"]["notes"]


@pytest.mark.parametrize(("clock", "notes"), [(-600.0, 1), (-2.0, 0)])
def test_clocks_that_disagree_are_told(tmp_path, clock, notes):
    run = drain(write_one(tmp_path / "a_1.tif", clock=EPICS_SECONDS + clock))
    assert len(run["start"].get("notes", [])) == notes


def test_private_tags_alone_do_not_make_one(tmp_path):
    (path,) = write_one(tmp_path / "gatan_1.tif", "x:1", software="DigitalMicrograph")
    assert probe_tiff([str(path)]) is None
    tifffile.imwrite(path, np.zeros((4, 6), "u2"), software="EPICS areaDetector", metadata=None)
    assert probe_tiff([str(path)]) is None


def test_odd_attributes_are_text_or_left_out(tmp_path):
    attributes = ["no colon", ":no name", "Note:a:b:c", "Gain:nan", "Empty:", "µ Stage (mm):1"]
    run = drain(write_one(tmp_path / "a_1.tif", *(text.encode() for text in attributes)))
    constants = configuration(run)
    assert constants["Note"] == "a:b:c"
    assert np.isnan(constants["Gain"])
    assert (constants["Empty"], constants["µ_Stage_mm"]) == ("", 1)


def test_a_number_that_becomes_text_makes_text(tmp_path):
    paths = [*write_one(tmp_path / "a_1.tif", "Gain:1"), *write_one(tmp_path / "a_2.tif", "Gain:?")]
    assert drain(paths)["event_page"]["data"]["Gain"] == ["1", "?"]


def test_the_header_of_a_pilatus_is_read(tmp_path):
    text = CAMSERVER_HEADER.format(exposure=2, wavelength="1.5400 A", angle=0)
    run = drain(
        write_one(
            tmp_path / "a_1.tif",
            f"TIFFImageDescription:{text}",
            "Exposure time:3",
            description=text,
        )
    )
    constants = configuration(run)
    assert constants["count_cutoff"] == 1048574
    assert "TIFFImageDescription" not in constants
    assert "wavelength" in constants["at_default"]
    notes = " ".join(run["start"]["notes"])
    assert "wavelength 1.54 angstrom and detector_distance 1 m: camserver's default" in notes
    assert "exposure_time is 2 in the detector's header, 3 in an attribute" in notes


def test_one_header_that_cannot_be_read_does_not_unsettle_constants(tmp_path):
    paths = write_areadetector_tiff(tmp_path, 4)
    raw = bytearray(paths[2].read_bytes())
    raw[4:8] = (len(raw) - 1).to_bytes(4, "little")
    paths[2].write_bytes(raw)
    run = drain(paths)
    assert configuration(run)["energy"] == 42001.4
    assert np.isnan(run["event_page"]["data"]["Omega_deg"][2])
    assert run["stop"]["exit_status"] == "fail"


@pytest.mark.parametrize("cut", [0.9, 0.5])
def test_what_is_cut_short_is_refused_by_name(tmp_path, cut):
    (path,) = write_areadetector_tiff(tmp_path, 1)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * cut)])
    report = BlueskyInMemoryCatalog().ingest(tmp_path)
    assert [item.outcome for item in report.items if "Fe_001" in item.subject] == ["failed"]


def test_real_files_are_read(corpus):
    paths = [corpus / REAL / name for name in ("original.tif", "response.tif")]
    run = drain(paths)
    assert run["start"]["time"] == EPOCH + 910733328 + 0.645085678
    assert run["event_page"]["data"]["unique_id"] == [1054, 1018]
    assert run["event_page"]["data"]["ID_Energy_eV"] == [42001.399082, 42001.576969]
    constants = configuration(run)
    assert constants["exposure_time"] == 15.0
    assert constants["wavelength"] == 0.295191
    assert constants["Omega"] == -91.0
    assert constants["count_cutoff"] == 1055230
    assert "the detector's clock differs from the EPICS time by 601 s" in run["start"]["notes"]
    catalog = BlueskyInMemoryCatalog()
    images = catalog[catalog.upsert(ingest_areadetector_tiff, (paths,), {})].primary.read()["image"]
    for image, path in zip(images.values, paths, strict=True):
        np.testing.assert_array_equal(image, tifffile.imread(path))
