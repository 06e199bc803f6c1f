"""Odd files in a series: what their sizes tell, wherever they stand."""

import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog
from penstock.core.errors import PenstockError
from penstock.core.run.dataset import BadFramesWarning
from penstock.ingestors import ingest_tiff_series
from penstock.ingestors.tiff.probe import probe_series, probe_stack

IMAGE = np.arange(4 * 6, dtype="u2").reshape(4, 6)
ODD = {
    "another shape": (np.zeros((9, 9), "u2"), "holds 9 × 9 uint16, not 4 × 6 uint16"),
    "another dtype": (np.zeros((4, 6), "f8"), "holds 4 × 6 float64, not 4 × 6 uint16"),
    "several images": (np.zeros((3, 4, 6), "u2"), "holds 3 images, not 1"),
    "text": (b"nothing but text, longer than the image would be " * 20, "TIFF"),
    "short text": (b"hello", "is not a TIFF file"),
    "nothing": (b"", "is empty"),
}


def write(folder, odd, at, count=10, **options):
    paths = []
    for number in range(count):
        path = folder / f"img_{number:03d}.tif"
        content = odd if number == at else IMAGE
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            tifffile.imwrite(path, content, photometric="minisblack", **options)
        paths.append(str(path))
    return paths


@pytest.mark.parametrize("at", [0, 3, 5, 8, 9])
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_file_is_told_wherever_it_stands(tmp_path, kind, at):
    odd, told = ODD[kind]
    paths = write(tmp_path, odd, at)
    catalog = BlueskyInMemoryCatalog()
    if "text" in kind:  # where matching looks at its first bytes, it is no file of the series
        catalog.upsert(ingest_tiff_series, (paths,), {})
    else:
        (item,) = catalog.ingest(tmp_path)
        assert item.outcome == "partial"
    (run,) = catalog.values()
    stop = run.metadata["stop"]
    assert stop["exit_status"] == "fail"
    assert f"img_{at:03d}.tif" in stop["reason"]
    assert told in stop["reason"]
    assert 'read(bad_frames="mask")' in stop["reason"]
    with pytest.raises(PenstockError, match=f"img_{at:03d}"):
        run.primary.read()
    with pytest.warns(BadFramesWarning):
        masked = run.primary.read(bad_frames="mask")["image"].values
    assert np.flatnonzero(np.isnan(masked).any(axis=(1, 2))).tolist() == [at]
    assert (np.delete(masked, at, 0) == IMAGE).all()


def test_the_probe_notes_an_odd_file_that_it_would_not_have_looked_at(tmp_path):
    paths = write(tmp_path, np.zeros((9, 9), "u2"), 8)
    (note,) = probe_series(paths).notes
    assert note.endswith(
        "img_008.tif holds 9 × 9 uint16, not 4 × 6 uint16; it is named when it is read"
    )
    assert probe_stack(paths) is None


def test_files_of_one_odd_size_are_told_together(tmp_path):
    paths = write(tmp_path, np.zeros((9, 9), "u2"), 2, count=12)
    (tmp_path / "img_007.tif").write_bytes((tmp_path / "img_002.tif").read_bytes())
    tifffile.imwrite(tmp_path / "img_009.tif", np.zeros((3, 3), "f8"), photometric="minisblack")
    catalog = BlueskyInMemoryCatalog()
    catalog.ingest(paths)
    (run,) = catalog.values()
    reason = run.metadata["stop"]["reason"]
    assert "img_002.tif holds 9 × 9 uint16, not 4 × 6 uint16, and img_007.tif of the same" in reason
    assert "img_009.tif holds 3 × 3 float64" in reason


def test_a_longer_description_is_nothing_odd(tmp_path):
    paths = write(tmp_path, IMAGE, None, description="exposed for 1 s")
    tifffile.imwrite(paths[0], IMAGE, photometric="minisblack", description="exposed for 0.25 s")
    assert probe_series(paths).notes == ()
    catalog = BlueskyInMemoryCatalog()
    assert [item.outcome for item in catalog.ingest(paths)] == ["ok"]


def test_sizes_of_compressed_files_tell_nothing(tmp_path):
    paths = write(tmp_path, IMAGE, None, compression="zlib")
    tifffile.imwrite(paths[8], np.zeros((4, 6), "u2"), photometric="minisblack", compression="zlib")
    assert probe_series(paths).notes == ()
    catalog = BlueskyInMemoryCatalog()
    assert [item.outcome for item in catalog.ingest(paths)] == ["ok"]


def test_where_half_are_of_another_kind_none_is_odd(tmp_path):
    paths = write(tmp_path, IMAGE, None)
    for path in paths[::2]:
        tifffile.imwrite(path, np.zeros((9, 9), "u2"), photometric="minisblack")
    assert probe_series(paths) is None
    assert probe_stack(paths).separate
