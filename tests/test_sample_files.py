"""The sample files are what their script writes, and are what they are said to be."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

from penstock.sample_files import folder
from penstock.sample_files.make_samples import GROWTH_NUMBERS, write_samples

TWO_MEGABYTES = 2 * 1024**2


def data_files(root: Path) -> list[str]:
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    )


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("samples")
    write_samples(directory)
    return directory


def test_the_script_writes_the_committed_files(fresh: Path, repository: Path) -> None:
    assert data_files(fresh) == data_files(repository / "sample_files")


def test_installed_and_committed_files_are_the_same(repository: Path) -> None:
    assert data_files(folder()) == data_files(repository / "sample_files")


@pytest.mark.parametrize("name", [f"growth/frame_{n}.tif" for n in GROWTH_NUMBERS] + ["foam.tif"])
def test_tiff_pixels_are_those_of_the_script(name: str, fresh: Path) -> None:
    np.testing.assert_array_equal(tifffile.imread(folder() / name), tifffile.imread(fresh / name))


@pytest.mark.parametrize(("name", "path"), [("scan.nxs", "entry/data/data"), ("melt.h5", "images")])
def test_hdf5_data_and_attributes_are_those_of_the_script(
    name: str, path: str, fresh: Path
) -> None:
    with h5py.File(folder() / name) as committed, h5py.File(fresh / name) as written:
        np.testing.assert_array_equal(committed[path][()], written[path][()])
        assert dict(committed.attrs) == dict(written.attrs)


@pytest.mark.parametrize("name", ["broken.tif", "notes.tif"])
def test_bad_files_are_those_of_the_script(name: str, fresh: Path) -> None:
    assert (folder() / name).read_bytes() == (fresh / name).read_bytes()


def test_all_of_them_are_small() -> None:
    assert sum((folder() / name).stat().st_size for name in data_files(folder())) < TWO_MEGABYTES


def test_the_series_has_a_hole_and_no_padding() -> None:
    names = {path.name for path in (folder() / "growth").iterdir()}
    assert names == {f"frame_{number}.tif" for number in range(1, 13)} - {"frame_8.tif"}


def test_the_stack_tells_its_axes_and_unit() -> None:
    with tifffile.TiffFile(folder() / "foam.tif") as tiff:
        assert tiff.series[0].axes == "ZYX"
        assert tiff.series[0].shape == (12, 64, 80)
        assert tiff.imagej_metadata is not None
        assert tiff.imagej_metadata["unit"] == "um"


def test_the_nexus_file_leads_from_its_root_to_its_signal() -> None:
    with h5py.File(folder() / "scan.nxs") as file:
        entry = file[file.attrs["default"]]
        data = entry[entry.attrs["default"]]
        assert data[data.attrs["signal"]].shape == (10, 64, 64)
        assert data["theta"].shape == (10,)


def test_the_broken_file_has_a_header_and_too_few_pixels() -> None:
    with tifffile.TiffFile(folder() / "broken.tif") as tiff:
        page = tiff.pages[0]
        assert page.shape == (96, 128)
        assert page.dataoffsets[0] + page.databytecounts[0] > tiff.filehandle.size


def test_the_decoy_is_no_tiff() -> None:
    with pytest.raises(tifffile.TiffFileError):
        tifffile.TiffFile(folder() / "notes.tif")


def test_the_script_runs_as_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["make_samples", str(tmp_path / "here")])
    monkeypatch.delitem(sys.modules, "penstock.sample_files.make_samples")
    runpy.run_module("penstock.sample_files.make_samples", run_name="__main__")
    assert len(capsys.readouterr().out.splitlines()) == len(data_files(tmp_path / "here"))
