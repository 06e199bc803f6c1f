"""OME-TIFF: the same set from any of its files; planes, times and places as its OME-XML tells."""

import csv
import shutil

import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.config import Config, use_config
from penstock.core.errors import AmbiguousDataError, NoDataError, UnsupportedFileError
from penstock.ingestors import ingest_ome_tiff
from penstock.sample_files.origins.light_microscopy import (
    write_ome_companion,
    write_ome_set,
    write_ome_tiff,
)

PRAIRIE = "tlnagy__exampletiffs/ometiff_testdata/multiples/multi_image_node"
MASTER = "tlnagy__exampletiffs/ometiff_testdata/multiples/master"
PLANE = np.arange(24, dtype="u2").reshape(4, 6)


@pytest.fixture(autouse=True)
def at_greenwich():
    with use_config(Config(timezone="UTC")):
        yield


def drain(paths, **kwargs):
    return dict(ingest_ome_tiff(paths, **kwargs))


def catalog_of(paths, **kwargs):
    catalog = BlueskyInMemoryCatalog()
    return catalog[catalog.upsert(ingest_ome_tiff, (paths,), kwargs)]


def configuration(run):
    (detector,) = run["start"]["detectors"]
    return run["descriptor"]["configuration"][detector]


def first_page(path):
    with tifffile.TiffFile(path, is_ome=False) as file:
        return file.pages.first.asarray()


def write_pages(path, pages, xml):
    with tifffile.TiffWriter(path, ome=False) as file:
        for number, page in enumerate(pages):
            file.write(page, description=xml if number == 0 else None, metadata=None)


# One file ----------------------------------------------------------------------------------------


def test_planes_are_events_on_named_axes(tmp_path):
    (path,) = write_ome_tiff(tmp_path)
    run = drain(path)
    columns = run["event_page"]["data"]
    assert columns["t"] == [0, 0, 1, 1, 2, 2]
    assert columns["c"] == [0, 1, 0, 1, 0, 1]
    assert columns["channel"] == ["DAPI", "GFP"] * 3
    assert columns["exposure_time"] == [0.1, 0.2] * 3
    assert columns["elapsed_time"] == [0.0, 0.5, 10.0, 10.5, 20.0, 20.5]
    assert columns["emission_wavelength"] == [461.0, 509.0] * 3
    assert run["start"]["shape"] == [3, 2]
    assert run["start"]["hints"]["dimensions"] == [[["t"], "primary"], [["c"], "primary"]]
    assert run["start"]["sample"] == {"name": "yeast in salt"}
    assert run["stop"]["exit_status"] == "success"
    told = configuration(run)
    assert (told["data"]["pixel_size_x"], told["data"]["position_x"]) == (0.65, 100.0)
    assert told["data_keys"]["pixel_size_x"]["units"] == "µm"
    assert run["descriptor"]["data_keys"]["exposure_time"]["units"] == "s"
    assert np.array_equal(
        catalog_of(str(path)).primary.read()["image"].values,
        tifffile.imread(path).reshape(6, 12, 16),
    )


@pytest.mark.parametrize("axes", ["TCZYX", "ZTCYX"])
def test_any_order_of_axes_is_read_as_it_lies(tmp_path, axes):
    images = np.arange(2 * 2 * 5 * 4 * 6, dtype="u2").reshape(2, 2, 5, 4, 6)
    path = tmp_path / "h.ome.tif"
    tifffile.imwrite(path, images, metadata={"axes": axes}, photometric="minisblack")
    run = drain(path)
    for axis, values in zip(axes[:3].lower(), np.indices((2, 2, 5)).reshape(3, -1), strict=True):
        assert run["event_page"]["data"][axis] == values.tolist()
    assert run["start"]["shape"] == [2, 2, 5]


def test_images_of_one_file_are_runs_of_their_own(tmp_path):
    path = tmp_path / "two.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as file:
        file.write(np.stack([PLANE, PLANE + 1]), metadata={"axes": "ZYX", "Name": "first"})
        file.write(PLANE + 9, metadata={"axes": "YX", "Name": "second"})
    with pytest.raises(AmbiguousDataError, match=r"0 \(first\), 1 \(second\)"):
        drain(path)
    with pytest.raises(NoDataError, match="no image 7"):
        drain(path, image=7)
    first, second = (catalog_of(str(path), image=number) for number in (0, 1))
    assert first.metadata["start"]["uid"] != second.metadata["start"]["uid"]
    assert np.array_equal(first.primary.read()["image"], [PLANE, PLANE + 1])
    assert np.array_equal(second.primary.read()["image"], [PLANE + 9])
    assert match(path).decisions[0].chosen.claims[1].call[2] == {"image": 1}


def test_a_file_that_was_renamed_knows_itself(tmp_path):
    (path,) = write_ome_set(tmp_path)[:1]
    other = tmp_path / "renamed.ome.tif"
    path.rename(other)
    run = drain(other, image=0)
    assert run["event_page"]["seq_num"] == [1, 2, 3, 4]
    assert any("it has been renamed" in note for note in run["start"]["notes"])


@pytest.mark.parametrize(
    ("xml", "note"),
    [
        ("<OME><broken", "cannot be read"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><OME>&a;</OME>', "cannot be read"),
        ("<OME/>", "tells of no plane"),
        (
            "<OME><Image><Pixels SizeT='99999999999'><TiffData IFD='7'/></Pixels></Image></OME>",
            "no",
        ),
        (
            "<OME><Image><Pixels SizeT='9'><TiffData IFD='7'/></Pixels></Image></OME>",
            "that is there",
        ),
        ("<OME><BinaryOnly MetadataFile='gone.ome'/></OME>", "gone.ome cannot be read"),
        ("<OME><BinaryOnly MetadataFile='../x.ome'/></OME>", "outside of the folder"),
    ],
)
def test_malformed_xml_does_not_stop_good_pixels(tmp_path, xml, note):
    path = tmp_path / "bad.ome.tif"
    write_pages(path, [PLANE, PLANE + 1], xml)
    assert match(path).decisions[0].chosen.ingestor == "ome-tiff"
    run = catalog_of(str(path))
    assert np.array_equal(run.primary.read()["image"], [PLANE, PLANE + 1])
    assert any(note in text for text in run.metadata["start"]["notes"])


def test_pages_that_nobody_tells_of_and_planes_that_are_not_there_are_noted(tmp_path):
    xml = (
        "<OME><Image><Pixels SizeT='{}'><TiffData IFD='0' PlaneCount='{}'/></Pixels></Image></OME>"
    )
    pages = [PLANE, PLANE + 1, PLANE + 2]
    write_pages(tmp_path / "more.ome.tif", pages, xml.format(2, 2))
    write_pages(tmp_path / "less.ome.tif", pages, xml.format(5, 5))
    run = drain(tmp_path / "more.ome.tif")
    assert len(run["event_page"]["seq_num"]) == 2
    assert any("1 pages of more.ome.tif are no plane" in note for note in run["start"]["notes"])
    run = drain(tmp_path / "less.ome.tif")
    assert len(run["event_page"]["seq_num"]) == 3
    assert run["stop"]["exit_status"] == "abort"


def test_a_file_without_ome_xml_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "plain.tif", PLANE)
    with pytest.raises(UnsupportedFileError, match="no OME-XML"):
        drain(tmp_path / "plain.tif")


# Sets --------------------------------------------------------------------------------------------


def test_a_set_is_the_same_from_any_of_its_files(tmp_path):
    paths = write_ome_set(tmp_path)
    uids = {tuple(drain(path, image=number)["start"]["uid"] for number in (0, 1)) for path in paths}
    assert len(uids) == 1
    run = catalog_of(str(paths[3]), image=1)
    expected = [first_page(path) for path in paths[4:]]
    assert np.array_equal(run.primary.read()["image"], expected)
    assert run.primary.read()["position_z"].values.tolist() == [5, 5, 6, 6]
    began = 1643072945 + 10 - 5
    assert run.primary.read()["time"].values.tolist() == [began, began, began + 1.5, began + 1.5]


def test_matching_gives_each_image_once(tmp_path):
    write_ome_set(tmp_path)
    (decision,) = match(tmp_path).decisions
    assert [claim.call[2] for claim in decision.chosen.claims] == [{"image": 0}, {"image": 1}]
    assert [item.outcome for item in BlueskyInMemoryCatalog().ingest(tmp_path)] == ["ok", "ok"]


def test_files_that_are_missing_make_it_partial(tmp_path):
    paths = write_ome_set(tmp_path)
    whole = drain(paths[0], image=1)["start"]["uid"]
    paths[4].unlink()
    paths[6].unlink()
    run = drain(paths[0], image=1)
    assert run["start"]["uid"] == whole
    assert (run["event_page"]["data"]["t"], run["event_page"]["data"]["c"]) == ([0, 1], [1, 1])
    assert run["stop"]["exit_status"] == "abort"
    told = "2 files are missing: Cycle2_Ch1_000001.ome.tif, Cycle2_Ch1_000002.ome.tif"
    assert told in run["start"]["notes"]
    for path in paths[4:]:
        path.unlink(missing_ok=True)
    with pytest.raises(NoDataError, match="none of its files"):
        drain(paths[0], image=1)


def test_names_that_lead_out_of_the_folder_are_not_followed(tmp_path):
    (tmp_path / "inner").mkdir()
    tifffile.imwrite(tmp_path / "secret.tif", PLANE)
    xml = (
        '<OME><Image><Pixels SizeT="2"><TiffData FirstT="0" IFD="0"/><TiffData FirstT="1" IFD="0">'
        '<UUID FileName="../secret.tif">urn:uuid:1</UUID></TiffData></Pixels></Image></OME>'
    )
    write_pages(tmp_path / "inner" / "a.ome.tif", [PLANE], xml)
    run = drain(tmp_path / "inner" / "a.ome.tif")
    assert run["event_page"]["seq_num"] == [1]
    assert run["stop"]["exit_status"] == "abort"
    assert any("outside of the folder" in note for note in run["start"]["notes"])


def test_a_companion_file_tells_of_the_others(tmp_path):
    *paths, companion = write_ome_companion(tmp_path)
    assert drain(companion)["start"]["uid"] == drain(paths[2])["start"]["uid"]
    run = catalog_of(str(companion))
    assert np.array_equal(run.primary.read()["image"], [first_page(path) for path in paths])
    catalog = BlueskyInMemoryCatalog()
    assert {item.outcome for item in catalog.ingest(tmp_path)} == {"ok"}
    assert len(catalog) == 1


def test_files_that_are_each_an_image_are_a_series(tmp_path):
    for number in range(3):
        about = {"Plane": {"ExposureTime": [0.1 * (number + 1)]}}
        tifffile.imwrite(tmp_path / f"o_{number}.ome.tif", PLANE + number, ome=True, metadata=about)
    (decision,) = match(tmp_path).decisions
    assert decision.chosen.ingestor == "ome-tiff"
    catalog = BlueskyInMemoryCatalog()
    (item,) = catalog.ingest(tmp_path)
    data = catalog[item.uid].primary.read()
    assert np.array_equal(data["image"], [PLANE, PLANE + 1, PLANE + 2])
    assert data["exposure_time"].values == pytest.approx([0.1, 0.2, 0.3])
    assert data["frame_number"].values.tolist() == [0, 1, 2]


# Real files --------------------------------------------------------------------------------------


def test_prairie_view(corpus, tmp_path):
    """One block of OME-XML for 24 files: three cycles of two channels at four times."""
    folder = shutil.copytree(corpus / PRAIRIE, tmp_path / "prairie")
    (decision,) = match(folder).decisions
    assert (decision.chosen.ingestor, len(decision.chosen.claims)) == ("ome-tiff", 3)
    catalog = BlueskyInMemoryCatalog()
    uids = [item.uid for item in catalog.ingest(folder)]
    run = catalog[uids[1]]
    data = run.primary.read()
    names = sorted(folder.glob("*Cycle00002*"), key=lambda path: (path.name[-14:], path.name))
    assert np.array_equal(data["image"], [first_page(path) for path in names])
    assert data["channel"].values.tolist() == ["Ch1", "Ch2"] * 4
    assert data["elapsed_time"].values[2] == 1.31503
    assert run.metadata["start"]["time"] == 1643072955.0
    assert "AcquisitionDate has no zone: taken as UTC" in run.metadata["start"]["notes"]


def test_a_set_whose_master_alone_holds_the_metadata(corpus, tmp_path):
    folder = shutil.copytree(corpus / MASTER, tmp_path / "master")
    paths = sorted(folder.iterdir())
    assert len({drain(path)["start"]["uid"] for path in paths}) == 1
    data = catalog_of(str(paths[3])).primary.read()
    assert data["z"].values.tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(data["image"], [first_page(path) for path in paths])


def test_all_that_was_written_with_ome_xml_is_taken(corpus):
    with open(corpus / "manifest.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["magic"] == "tiff"]
    names = [row["path"] for row in rows if row["path"].endswith((".ome.tif", "ome.tiff"))]
    chosen = {match(corpus / name).decisions[0].chosen.ingestor for name in names}
    assert len(names) > 30
    assert chosen == {"ome-tiff", "micro-manager"}
