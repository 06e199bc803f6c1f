"""Images that fabio reads: fabio is the judge of pixels, and never trusted with what is missing."""

import os
import subprocess
import sys

import fabio
import numpy as np
import pytest

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.assets.protocol import AssetContext
from penstock.core.errors import (
    AssetError,
    MissingFileError,
    TruncatedFileError,
    UnsupportedFileError,
)
from penstock.ingestors import ingest_fabio_images
from penstock.ingestors.assets.fabio.frames import open_fabio
from penstock.ingestors.fabio_images.headers import inspect_image
from penstock.ingestors.fabio_images.meanings import interpret
from penstock.sample_files.origins.fabio_images import write_cbf, write_edf, write_marccd
from penstock.testing import IngestorTests


def drain(paths):
    return dict(ingest_fabio_images(paths))


def constants_of(run):
    return run["descriptor"]["configuration"]["image"]["data"]


def read(paths):
    catalog = BlueskyInMemoryCatalog()
    return catalog[catalog.upsert(ingest_fabio_images, (paths,), {})].primary.read()


def judged(paths):
    """Return what fabio itself reads."""
    images = []
    for path in paths:
        with fabio.open(str(path)) as image:
            one = image.nframes == 1  # "frame 0" of such a file would be another file
            images += (
                [image.data] if one else [image.getframe(n).data for n in range(image.nframes)]
            )
    return np.stack(images)


class TestCBF(IngestorTests):
    ingestor = "fabio-images"

    def write_files(self, folder):
        return [str(path) for path in write_cbf(folder, 9)]


class TestEDF(IngestorTests):
    ingestor = "fabio-images"

    def write_files(self, folder):
        return str(write_edf(folder, 9)[0])


class TestMarCCD(IngestorTests):
    ingestor = "marccd"

    def write_files(self, folder):
        return str(write_marccd(folder)[0])


@pytest.mark.parametrize("write", [write_cbf, write_edf, write_marccd])
def test_pixels_are_those_that_fabio_reads(tmp_path, write):
    paths = write(tmp_path)
    expected = judged(paths)
    found = read(paths)["image"].values
    assert found.dtype == expected.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, expected)


def test_settings_of_cbf_are_columns_where_they_change(tmp_path):
    run = drain(write_cbf(tmp_path))
    assert run["event_page"]["data"] == {"frame_number": [1, 2, 3], "start_angle": [0.0, 0.1, 0.2]}
    constants = constants_of(run)
    assert (constants["exposure_time"], constants["wavelength"]) == (0.5, 0.9795)
    assert constants["count_cutoff"] == 1048574
    assert np.diff(run["event_page"]["time"]).tolist() == [1.0, 1.0]
    assert "has no zone" in " ".join(run["start"]["notes"])


def test_motors_and_counters_of_edf_are_columns(tmp_path):
    run = drain(write_edf(tmp_path))
    data = run["event_page"]["data"]
    assert (data["th"], data["mon"]) == ([1.0, 1.5, 2.0], [1000.0, 1001.0, 1002.0])
    assert (data["frame"], data["point_no"]) == ([0, 1, 2], [0, 1, 2])
    assert run["event_page"]["time"] == [1600000000.25, 1600000002.25, 1600000004.25]
    constants = constants_of(run)
    assert (constants["chi"], constants["exposure_time"]) == (45.0, 0.5)
    assert (constants["wavelength"], constants["detector_distance"]) == (0.9795, 0.25)
    start = run["start"]
    assert (start["scan_id"], start["motors"]) == (7, ["th", "chi"])
    assert start["title"] == "ascan th 1 2 2 0.5"


@pytest.mark.parametrize(
    ("name", "image_class"),
    [
        ("a.img", "dtrekimage.DtrekImage"),
        ("a.sfrm", "bruker100image.Bruker100Image"),
        ("a.esperanto", "esperantoimage.EsperantoImage"),
    ],
)
def test_other_formats_are_told_by_their_first_bytes(tmp_path, name, image_class):
    module, _, class_name = image_class.partition(".")
    data = np.random.default_rng(1).poisson(9, (256, 256)).astype("i4")
    getattr(getattr(fabio, module), class_name)(data=data).write(str(tmp_path / name))
    (tmp_path / name).rename(tmp_path / "odd.bin")
    (decision,) = match(tmp_path).decisions
    assert decision.chosen.ingestor == "fabio-images"
    np.testing.assert_array_equal(read([tmp_path / "odd.bin"])["image"].values[0], data)


def write_mar345(path):
    data = np.random.default_rng(2).poisson(9, (1200, 1200)).astype("u4")
    image = fabio.mar345image.Mar345Image(data=data)
    image.byteorder = "<"
    image.header |= {"WAVELENGTH": "1.5418", "DISTANCE": "120.5", "TIME": "30"}
    image.write(str(path))
    return data


def test_mar345_is_read_and_its_header_told(tmp_path):
    data = write_mar345(tmp_path / "odd.bin")
    (decision,) = match(tmp_path).decisions
    assert decision.chosen.ingestor == "fabio-images"
    np.testing.assert_array_equal(read([tmp_path / "odd.bin"])["image"].values[0], data)
    constants = constants_of(drain([tmp_path / "odd.bin"]))
    assert (constants["wavelength"], constants["detector_distance"]) == (1.5418, 0.1205)
    assert constants["exposure_time"] == 30


def test_variants_that_fabio_does_not_know_are_refused(tmp_path):
    write_mar345(tmp_path / "a.mar1200")
    raw = bytearray((tmp_path / "a.mar1200").read_bytes())
    raw[12] = 2  # spiral
    (tmp_path / "a.mar1200").write_bytes(raw)
    with pytest.raises(UnsupportedFileError, match="variant of the format"):
        inspect_image(str(tmp_path / "a.mar1200"))


def test_no_pixel_of_cbf_is_read_while_ingesting(tmp_path, monkeypatch):
    paths = write_cbf(tmp_path)

    def refuse(*_):
        raise AssertionError("pixels were read")

    monkeypatch.setattr(fabio.cbfimage.CbfImage, "read", refuse)
    assert drain(paths)["stop"]["exit_status"] == "success"


# What is damaged


def test_missing_pixels_are_no_zeros(tmp_path):
    (path,) = write_edf(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    run = drain([path])
    assert run["stop"]["exit_status"] == "fail"
    assert "ends before frame 2 does" in run["stop"]["reason"]
    catalog = BlueskyInMemoryCatalog()
    stream = catalog[catalog.upsert(ingest_fabio_images, ([path],), {})].primary
    with pytest.raises(AssetError, match="ends before frame 2 does"):
        stream.read()
    with pytest.warns(UserWarning, match="1 of 3 frames"):
        masked = stream.read(bad_frames="mask")["image"]
    np.testing.assert_array_equal(masked.values[:2], judged(write_edf(tmp_path / "whole"))[:2])


def test_a_cbf_that_is_cut_short_is_named(tmp_path):
    paths = write_cbf(tmp_path)
    paths[1].write_bytes(paths[1].read_bytes()[:-50])
    run = drain(paths)
    assert (run["stop"]["exit_status"], "insulin_00002.cbf" in run["stop"]["reason"]) == (
        "fail",
        True,
    )
    frames = open_fabio(
        run["stream_resource"], AssetContext((13, 17), "<i4", lambda uri: str(tmp_path))
    )
    with pytest.raises(TruncatedFileError):
        frames.read(1, 2, None, np.empty((1, 13, 17), "i4"))


def test_pixels_that_differ_from_their_checksum_are_refused(tmp_path):
    paths = write_cbf(tmp_path, 1)
    raw = bytearray(paths[0].read_bytes())
    start = raw.index(b"\x0c\x1a\x04\xd5")
    raw[start + 20] ^= 1
    paths[0].write_bytes(raw)
    with pytest.raises(AssetError, match="differ from their checksum"):
        read(paths)


def test_an_edf_cannot_name_other_files(tmp_path):
    (tmp_path / "secret.bin").write_bytes(bytes(96))
    header = (
        "{\nEDF_DataBlockID = 0.Image.Psd ;\nEDF_BinaryFileName = secret.bin ;\n"
        "EDF_BinaryFilePosition = 0 ;\nEDF_BinaryFileSize = 96 ;\nEDF_BinarySize = 0 ;\n"
        "EDF_HeaderSize = 512 ;\nByteOrder = LowByteFirst ;\nDataType = SignedInteger ;\n"
        "Dim_1 = 6 ;\nDim_2 = 4 ;\n"
    )
    (tmp_path / "a.edf").write_text(header.ljust(510) + "}\n")
    report = BlueskyInMemoryCatalog().ingest(tmp_path / "a.edf")
    assert [item.outcome for item in report.items] == ["failed"]
    assert "another file" in report.items[0].why


def test_a_header_may_not_declare_more_than_a_file_can_hold(tmp_path):
    (path,) = write_edf(tmp_path, 1)
    path.write_bytes(path.read_bytes().replace(b"Dim_1 = 17 ", b"Dim_1 = 9999999999 "))
    report = BlueskyInMemoryCatalog().ingest(path)
    assert [item.outcome for item in report.items] == ["failed"]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6])
@pytest.mark.parametrize("write", [write_cbf, write_edf])
def test_damaged_files_are_refused_by_name(tmp_path, write, share):
    path = write(tmp_path, 1)[0]
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    for item in BlueskyInMemoryCatalog().ingest(path).items:
        assert item.outcome in ("failed", "refused", "partial")


def test_files_that_are_not_alike_are_taken_one_by_one(tmp_path):
    paths = write_cbf(tmp_path, 3)
    fabio.cbfimage.CbfImage(data=np.zeros((4, 6), "i4")).write(str(paths[1]))
    report = BlueskyInMemoryCatalog().ingest(tmp_path)
    assert len(report.uids) == 3


def test_a_file_that_has_gone_is_named(tmp_path):
    paths = write_cbf(tmp_path, 2)
    frames = open_fabio(
        drain(paths)["stream_resource"], AssetContext((13, 17), "<i4", lambda uri: str(tmp_path))
    )
    os.remove(paths[1])
    with pytest.raises(MissingFileError, match="insulin_00002"):
        frames.read(0, 2, None, np.empty((2, 13, 17), "i4"))


def test_without_fabio_files_are_refused_with_the_remedy(tmp_path):
    write_cbf(tmp_path, 1)
    write_marccd(tmp_path)
    code = (
        "import sys; sys.modules['fabio'] = None\n"
        "from penstock import BlueskyInMemoryCatalog\n"
        "from penstock.ingestors.fabio_images.probe import probe_images\n"
        f"try: probe_images([{str(tmp_path / 'insulin_00001.cbf')!r}])\n"
        "except Exception as error: print(error)\n"
        f"report = BlueskyInMemoryCatalog().ingest({str(tmp_path / 'lysozyme_001.mccd')!r})\n"
        "print([item.details['ingestor'] for item in report.items])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert 'Install it: pip install "penstock[fabio]"' in done.stdout
    assert "['tiff-series']" in done.stdout


def test_a_fifo_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.cbf")
    with pytest.raises(UnsupportedFileError, match="no regular file"):
        inspect_image(str(tmp_path / "a.cbf"))


@pytest.mark.parametrize(
    "header",
    [
        {"motor_mne": "th chi", "motor_pos": "1"},
        {"motor_mne": "th", "motor_pos": "nan"},
        {"time_of_day": "yesterday", "scan_no": "x"},
        {"time_of_day": "5", "title": " "},
        {},
    ],
)
def test_odd_headers_tell_less(header):
    told = interpret("edf", header)
    assert (told.time, told.start) == (None, {})
