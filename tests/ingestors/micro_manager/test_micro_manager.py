"""Micro-Manager: axes, exposures and stages of stacks, NDTiff and folders, from any of them."""

import json
import shutil
import struct

import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.config import Config, use_config
from penstock.core.errors import NoDataError, UnsupportedFileError
from penstock.ingestors import ingest_micro_manager
from penstock.ingestors.micro_manager.metadata import parse_moment
from penstock.ingestors.micro_manager.ndtiff import read_index
from penstock.sample_files.origins.light_microscopy import (
    write_micro_manager_folder,
    write_micro_manager_stacks,
    write_ndtiff,
)

BEGAN = 1538600081.0
"""2018-10-03 13:54:41 -0700."""
NDTIFF = "micro-manager__NDTiffStorage/test_data/v3/12_bit_pycromanager_mda"
TILED = "micro-manager__NDTiffStorage/test_data/v3/ndtiffv3.0_stitched_test/Full resolution"
STACK = (
    "tlnagy__exampletiffs/ometiff_testdata/singles/181003_multi_pos_time_course_1_MMStack.ome.tif"
)
FOLDER = (
    "micro-manager__micro-manager/mmstudio/src/test/resources/org/micromanager/data/internal/"
    "alpha_2.0_singleplane_manual/Pos0"
)


@pytest.fixture(autouse=True)
def at_greenwich():
    with use_config(Config(timezone="UTC")):
        yield


def drain(paths):
    return dict(ingest_micro_manager(paths))


def read(paths):
    catalog = BlueskyInMemoryCatalog()
    return catalog[catalog.upsert(ingest_micro_manager, (paths,), {})].primary.read()


def configuration(run):
    (detector,) = run["start"]["detectors"]
    return run["descriptor"]["configuration"][detector]


def first_pages(path):
    with tifffile.TiffFile(path, is_ome=False, is_mmstack=False) as file:
        return [page.asarray() for page in file.pages]


# NDTiff ------------------------------------------------------------------------------------------


def test_ndtiff_is_laid_out_by_its_index(tmp_path):
    (path,) = write_ndtiff(tmp_path)
    run = drain(path)
    columns = run["event_page"]["data"]
    assert (columns["t"], columns["c"]) == ([0, 0, 1, 1], [0, 1, 0, 1])
    assert columns["channel"] == ["DAPI", "FITC"] * 2
    assert columns["elapsed_time"] == [0.0, 1.25, 2.5, 3.75]
    assert columns["position_z"] == [10.0, 10.5, 11.0, 11.5]
    assert columns["laser_power"] == [0.5, 1.5, 0.5, 1.5]
    assert run["event_page"]["time"] == [BEGAN, BEGAN + 1.25, BEGAN + 2.5, BEGAN + 3.75]
    assert run["start"]["shape"] == [2, 2]
    assert run["start"]["time"] == BEGAN
    assert run["start"]["sample"] == {"name": "fibroblasts"}
    assert run["start"]["operator"] == "Ada"
    assert run["start"]["detectors"] == ["Andor"]
    told = configuration(run)
    expected = {
        "exposure_time": 0.03,
        "pixel_size_x": 0.65,
        "bit_depth": 12,
        "saturation_value": 4095,
        "binning": 2,
        "position_x": 100.0,
        "frame_interval": 5.0,
        "objective": "Nikon 10X S Fluor",
    }
    assert {name: told["data"][name] for name in expected} == expected
    assert told["data_keys"]["exposure_time"]["units"] == "s"
    assert run["descriptor"]["data_keys"]["position_z"]["units"] == "µm"
    assert np.array_equal(read(str(path))["image"], first_pages(path))


def test_of_images_of_one_position_the_one_written_last_counts(tmp_path):
    (path,) = write_ndtiff(tmp_path)
    index = tmp_path / "NDTiff.index"
    content = index.read_bytes()
    assert len(read_index(str(tmp_path)).entries) == 4
    entry = content[: len(content) // 4]
    last = content[-len(entry) :]
    # The last image was taken again at the position of the first.
    (length,) = struct.unpack_from("<I", entry)
    index.write_bytes(content[: -len(entry)] + entry[: 4 + length] + last[4 + length :])
    data = read(str(path))
    assert np.array_equal(data["image"], first_pages(path)[1:])
    assert data["t"].values.tolist() == [0, 1, 0]


def test_an_index_that_ends_early_gives_what_it_tells(tmp_path):
    (path,) = write_ndtiff(tmp_path)
    index = tmp_path / "NDTiff.index"
    index.write_bytes(index.read_bytes()[:-5])
    run = drain(path)
    assert len(run["event_page"]["seq_num"]) == 3
    assert "the index cannot be read beyond image 3" in run["start"]["notes"]


def test_without_an_index_pages_tell_their_positions(tmp_path):
    (path,) = write_ndtiff(tmp_path)
    whole = drain(path)["start"]["uid"]
    (tmp_path / "NDTiff.index").unlink()
    run = drain(path)
    assert run["start"]["uid"] == whole
    assert run["event_page"]["data"]["channel"] == ["DAPI", "FITC"] * 2


def test_a_stack_that_is_missing_makes_it_partial(tmp_path):
    (path,) = write_ndtiff(tmp_path)
    index = tmp_path / "NDTiff.index"
    content = index.read_bytes()
    half = len(content) // 2
    other = content[half:].replace(b"fibroblasts_NDTiffStack.tif", b"fibroblasts_NDTiffStac1.tif")
    index.write_bytes(content[:half] + other)
    run = drain(path)
    assert len(run["event_page"]["seq_num"]) == 2
    assert run["stop"]["exit_status"] == "abort"
    assert "1 file is missing: fibroblasts_NDTiffStac1.tif" in run["start"]["notes"]
    path.rename(tmp_path / "x.tif")
    with pytest.raises((NoDataError, UnsupportedFileError, OSError)):
        drain(tmp_path / "NDTiff.index")


# Stacks ------------------------------------------------------------------------------------------


def test_stacks_beside_one_another_are_one_run(tmp_path):
    paths = write_micro_manager_stacks(tmp_path)
    first, second = (drain(path) for path in paths)
    assert first["start"] == second["start"]
    columns = second["event_page"]["data"]
    assert columns["position"] == [0] * 6 + [1] * 6
    assert columns["z"] == [0, 0, 1, 1, 2, 2] * 2
    assert columns["channel"] == ["DAPI", "FITC"] * 6
    assert columns["position_y"] == [0.0] * 6 + [50.0] * 6
    assert second["start"]["shape"] == [2, 3, 2]
    expected = [page for path in paths for page in first_pages(path)]
    assert np.array_equal(read(str(paths[1]))["image"], expected)


def test_matching_takes_all_stacks_as_one(tmp_path):
    write_micro_manager_stacks(tmp_path)
    (decision,) = match(tmp_path).decisions
    assert decision.chosen.ingestor == "micro-manager"
    assert len(decision.group.names) == 2
    assert [item.outcome for item in BlueskyInMemoryCatalog().ingest(tmp_path)] == ["ok"]


def test_of_many_stacks_few_are_opened_for_the_start(tmp_path):
    first, _ = write_micro_manager_stacks(tmp_path)
    for number in (1, 2, 3, 4):
        shutil.copy(first, tmp_path / f"fibroblasts_MMStack_Pos0_{number}.ome.tif")
    run = drain(first)
    assert len(run["event_page"]["seq_num"]) == 36
    for (axis,), stream in run["start"]["hints"]["dimensions"]:
        assert (axis in run["event_page"]["data"], stream) == (True, "primary")


def test_without_an_index_map_pages_tell_their_positions(tmp_path):
    """It is written when the acquisition ends."""
    paths = write_micro_manager_stacks(tmp_path)
    expected = drain(paths[0])["event_page"]["data"]
    for path in paths:
        content = bytearray(path.read_bytes())
        content[12:16] = bytes(4)
        path.write_bytes(content)
    assert drain(paths[0])["event_page"]["data"] == expected


# Folders -----------------------------------------------------------------------------------------


def test_folders_of_single_images(tmp_path):
    paths = write_micro_manager_folder(tmp_path)
    (decision,) = match(tmp_path).decisions
    assert (decision.chosen.ingestor, len(decision.group.names)) == ("micro-manager", 5)
    run = drain(paths[2])
    columns = run["event_page"]["data"]
    assert (columns["t"], columns["c"]) == ([0, 0, 1, 1], [0, 1, 0, 1])
    assert columns["channel"] == ["DAPI", "FITC"] * 2
    assert run["event_page"]["time"] == [BEGAN, BEGAN + 1.25, BEGAN + 2.5, BEGAN + 3.75]
    assert configuration(run)["data"]["exposure_time"] == 0.03
    assert np.array_equal(read(str(paths[0]))["image"], [tifffile.imread(path) for path in paths])


def test_folders_of_version_1(tmp_path):
    blocks = {"Summary": {"Prefix": "old", "Time": "Mon Jan 28 14:32:10 CET 2013"}}
    for frame in range(2):
        for channel in ("DAPI", "GFP"):
            name = f"img_{frame:09d}_{channel}_000.tif"
            tifffile.imwrite(tmp_path / name, np.zeros((4, 6), "u2"), imagej=True)
            blocks[f"FrameKey-{frame}-0-0{channel}"] = {"FileName": name, "Exposure-ms": 5}
    (tmp_path / "metadata.txt").write_text(json.dumps(blocks)[:-1])  # the end is often missing
    run = drain(f"{tmp_path}/img_*.tif")
    assert run["event_page"]["data"]["channel"] == ["DAPI", "GFP"] * 2
    assert configuration(run)["data"]["exposure_time"] == 0.005
    assert run["start"]["sample"] == {"name": "old"}
    assert "its times have no zone: taken as UTC" in run["start"]["notes"]


def test_images_that_metadata_tell_of_and_are_gone_make_it_partial(tmp_path):
    paths = write_micro_manager_folder(tmp_path)
    paths[3].unlink()
    run = drain(paths[0])
    assert run["stop"]["exit_status"] == "abort"
    assert f"1 file is missing: {paths[3].name}" in run["start"]["notes"]


def test_other_files_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "img_000000000_DAPI_000.tif", np.zeros((4, 6), "u2"))
    with pytest.raises(UnsupportedFileError, match="nothing says that Micro-Manager"):
        drain(tmp_path / "img_000000000_DAPI_000.tif")
    (decision,) = match(tmp_path).decisions
    assert decision.chosen.ingestor == "tiff-series"


@pytest.mark.parametrize(
    "text", ["{broken", "[1, 2, 3]", '{"Axes": 5}', '{"ElapsedTime-ms": "soon"}', "µµµµ"]
)
def test_malformed_metadata_of_pages_do_not_stop_good_pixels(tmp_path, text):
    image = np.arange(24, dtype="u2").reshape(4, 6)
    path = tmp_path / "snap.tif"
    with tifffile.TiffWriter(path) as file:
        for _ in range(2):
            raw = text.encode()
            file.write(image, metadata=None, extratags=[(51123, 2, len(raw) + 1, raw, True)])
    assert match(path).decisions[0].chosen.ingestor == "micro-manager"
    assert np.array_equal(read(str(path))["image"], [image, image])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2018-10-03 13:54:41 -0700", (BEGAN, True)),
        ("2018/10/03 20:54:41", (BEGAN, False)),
        ("2018-10-03 20:54:41 -", (BEGAN, False)),
        ("Wed Oct 03 20:54:41 UTC 2018", (BEGAN, False)),
        ("The age of Aquarius", None),
        (7, None),
    ],
)
def test_times_in_many_spellings(text, expected):
    assert parse_moment(text) == expected


# Real files --------------------------------------------------------------------------------------


def test_a_real_ndtiff_data_set(corpus, tmp_path):
    folder = shutil.copytree(corpus / NDTIFF, tmp_path / "nd")
    (decision,) = match(folder).decisions
    assert (decision.chosen.ingestor, len(decision.group.names)) == ("micro-manager", 3)
    (path,) = folder.glob("*.tif")
    run = drain(path)
    assert run["event_page"]["data"]["channel"] == ["DAPI", "FITC"] * 4
    assert run["event_page"]["data"]["emission_label"][:2] == ["Chroma-HQ620", "Chroma-HQ535"]
    assert run["start"]["time"] == 1672247063.0
    assert configuration(run)["data"]["saturation_value"] == 4095
    assert np.array_equal(read(str(path))["image"], first_pages(path))


def test_axes_that_somebody_made_keep_their_names(corpus):
    (path,) = (corpus / TILED).glob("*.tif")
    columns = drain(path)["event_page"]["data"]
    assert (columns["row"], columns["column"]) == ([1, 0], [1, 0])


def test_a_real_stack_of_two_positions(corpus):
    path = corpus / STACK
    assert match(path).decisions[0].chosen.ingestor == "micro-manager"
    run = drain(path)
    assert run["start"]["shape"] == [10, 2]
    assert run["start"]["operator"] == "OrionWeiner"
    assert run["start"]["time"] == BEGAN
    assert run["event_page"]["time"][:2] == [BEGAN + 1.348, BEGAN + 1.891]
    assert run["event_page"]["data"]["position"] == [0, 1] * 10
    assert configuration(run)["data"]["exposure_time"] == 0.003
    assert np.array_equal(read(str(path))["image"], first_pages(path))


def test_a_real_folder_of_one_image(corpus):
    (path,) = (corpus / FOLDER).glob("*.tif")
    run = drain(path)
    assert run["start"]["sample"] == {"name": "thisIsAPrefix"}
    assert run["start"]["operator"] == "John Doe"
    assert run["start"]["time_source"] == "mtime"
