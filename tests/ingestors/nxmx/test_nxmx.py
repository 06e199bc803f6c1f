"""NXmx files of whatever software: axes that move are columns, the others a baseline."""

import h5py
import pytest

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.errors import MissingFileError
from penstock.ingestors import ingest_nxmx
from penstock.ingestors.nxmx.ingest import probe
from penstock.sample_files.origins.beamline_hdf5 import write_eiger, write_gda, write_nxmx
from penstock.testing import IngestorTests

GONE = "nexusformat__exampledata/DLS/i03_i04_NXmx/hdf5/Therm_6_2.nxs"


def run_of(path, **kwargs):
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest_nxmx, (str(path),), kwargs)
    return catalog[-1]


class TestConformance(IngestorTests):
    ingestor = "nxmx"

    def write_files(self, folder):
        return write_nxmx(folder, 60)[0]


def test_matching_takes_them_by_their_definition(tmp_path):
    (decision,) = match(write_nxmx(tmp_path)[0]).decisions
    assert (decision.chosen.ingestor, decision.chosen.tier) == ("nxmx", "STRUCTURE")
    assert "definition 'NXmx'" in decision.explain()


@pytest.mark.parametrize(("write", "name"), [(write_eiger, "eiger"), (write_gda, "gda")])
def test_it_gives_way_to_the_software_that_wrote_the_file(tmp_path, write, name):
    path = write(tmp_path)[0]
    with h5py.File(path, "a") as file:
        file[f"{next(iter(file))}/definition"] = "NXmx"
    (decision,) = match(path).decisions
    assert decision.chosen.ingestor == name


def test_axes_and_settings_are_in_the_fields_terms(tmp_path):
    run = run_of(write_nxmx(tmp_path)[0])
    start = run.metadata["start"]
    assert (start["motors"], start["detectors"]) == (["omega"], ["eiger_16m"])
    assert start["hints"]["dimensions"] == [[["omega"], "primary"]]
    assert run.primary.read()["omega"].values == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert run["baseline"].read()["chi"].values.tolist() == [30]
    (descriptor,) = run.primary.metadata["descriptors"]
    constants = descriptor["configuration"]["eiger_16m"]["data"]
    assert (constants["exposure_time"], constants["wavelength"]) == (0.008, 0.98)
    assert constants["saturation_value"] == 65535


def test_other_files_are_declined(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["entry/definition"] = "NXtomo"
    assert probe([str(tmp_path / "a.h5")]) is None


def test_a_real_file_without_its_data(corpus):
    with pytest.raises(MissingFileError, match=r"Therm_6_2_000001\.h5"):
        run_of(corpus / GONE)
