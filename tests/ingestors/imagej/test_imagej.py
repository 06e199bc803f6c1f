"""What ImageJ saves: axes, sizes in its units, labels; it gives way to who took the images."""

import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, match
from penstock.ingestors import ingest_imagej_series, ingest_imagej_stack
from penstock.ingestors.imagej.origin import spell_unit
from penstock.sample_files.origins.light_microscopy import write_imagej_hyperstack

PLANE = np.arange(24, dtype="u2").reshape(4, 6)
FIVE_AXES = "ilastik__ilastik/tests/test_lazyflow/data/inputdata/pix_res/5d.tif"
BANANA = "haesleinhuepf__BioImageAnalysisNotebooks/data/banana"


def configuration(run):
    return run["descriptor"]["configuration"]["image"]


def test_hyperstacks(tmp_path):
    (path,) = write_imagej_hyperstack(tmp_path)
    run = dict(ingest_imagej_stack(path))
    t, z, c = np.unravel_index(np.arange(12), (2, 3, 2))
    columns = run["event_page"]["data"]
    assert (columns["t"], columns["z"], columns["c"]) == (t.tolist(), z.tolist(), c.tolist())
    assert columns["label"][3] == "plane 3"
    assert run["start"]["shape"] == [2, 3, 2]
    assert run["start"]["imagej"]["info"] == "Lens = 63x oil"
    told = configuration(run)
    assert told["data"]["pixel_size_x"] == pytest.approx(0.5)
    assert told["data"]["pixel_size_y"] == pytest.approx(0.25)
    assert told["data"]["spacing"] == 0.5
    assert told["data"]["frame_interval"] == 120.0
    assert told["data_keys"]["spacing"]["units"] == "µm"
    assert told["data_keys"]["frame_interval"]["units"] == "s"


def test_matching_takes_stacks_and_series(tmp_path):
    write_imagej_hyperstack(tmp_path)
    for number in range(3):
        tifffile.imwrite(tmp_path / f"cell_{number}.tif", PLANE, imagej=True)
    chosen = {
        decision.group.template: decision.chosen.ingestor for decision in match(tmp_path).decisions
    }
    assert chosen == {"cell_{}.tif": "imagej-series", "mitosis.tif": "imagej-stack"}


def test_one_header_for_many_planes_is_read_as_many(tmp_path):
    """So ImageJ writes what is larger than 4 GB."""
    planes = np.arange(5 * 24, dtype=">u2").reshape(5, 4, 6)
    path = tmp_path / "large.tif"
    tifffile.imwrite(
        path,
        planes[0],
        byteorder=">",
        metadata=None,
        description="ImageJ=1.53t\nimages=5\nslices=5\n",
        contiguous=True,
    )
    path.write_bytes(path.read_bytes() + planes[1:].tobytes())
    catalog = BlueskyInMemoryCatalog()
    run = catalog[catalog.upsert(ingest_imagej_stack, (str(path),), {})]
    data = run.primary.read()
    assert data["z"].values.tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(data["image"], planes)


def test_it_gives_way_to_who_took_the_images(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PLANE, imagej=True, software="MetaMorph 7.8")
    (decision,) = match(tmp_path / "a.tif").decisions
    assert decision.chosen.ingestor == "metamorph-series"


@pytest.mark.parametrize(
    ("text", "unit"),
    [("micron", "µm"), ("\\u00B5m", "µm"), ("um", "µm"), ("nm", "nm"), ("pixel", ""), (" ", "")],
)
def test_units_are_spelled_as_others_spell_them(text, unit):
    assert spell_unit(text) == unit


@pytest.mark.parametrize(
    "description",
    [
        "ImageJ=",
        "ImageJ=1.5\nimages=9999999\nslices=x",
        "ImageJ=1\nunit=\\u\nspacing=nan\nfinterval=-1",
        "ImageJ=1\n" + "a=" + "b" * 300_000,
    ],
)
def test_malformed_lines_do_not_stop_good_pixels(tmp_path, description):
    path = tmp_path / "odd.tif"
    tifffile.imwrite(path, PLANE, description=description, metadata=None)
    catalog = BlueskyInMemoryCatalog()
    (item,) = catalog.ingest(path)
    assert np.array_equal(catalog[item.uid].primary.read()["image"][0], PLANE)


def test_units_of_real_files(corpus):
    run = dict(ingest_imagej_stack(corpus / FIVE_AXES))
    assert run["start"]["shape"] == [5, 5, 3]
    keys = configuration(run)["data_keys"]
    units = [keys[name]["units"] for name in ("pixel_size_x", "pixel_size_y", "spacing")]
    assert units == ["cm", "pm", "nm"]
    assert configuration(run)["data"]["frame_interval"] == 3 * 3600


def test_a_real_series_keeps_what_it_was_made_of(corpus):
    run = dict(ingest_imagej_series(f"{corpus / BANANA}/*.tif"))
    assert run["event_page"]["data"]["frame_number"] == [2, 3, 4, 5, 6, 7, 8]
    assert "Manufacturer: SIEMENS" in run["start"]["imagej"]["info"]
    assert configuration(run)["data_keys"]["pixel_size_x"]["units"] == "mm"
