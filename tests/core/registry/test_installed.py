"""Entry points are read as `importlib.metadata` reads them, without importing it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from penstock.core.registry.installed import InstalledEntryPoint, read_entry_points


def write(site: Path, folder: str, points: str, head: str = "Name: Lab.X\nVersion: 1.5\n") -> None:
    info = site / folder
    info.mkdir(parents=True)
    name = "METADATA" if folder.endswith(".dist-info") else "PKG-INFO"
    (info / name).write_text(f"Metadata-Version: 2.1\n{head}\nName: in the description\n")
    (info / "entry_points.txt").write_text(points)


def as_importlib_reads(group: str) -> set[tuple[str, ...]]:
    return {
        (point.group, point.name, point.value, point.dist.name, point.dist.version)
        for point in metadata.entry_points(group=group)
        if point.dist is not None
    }


def as_read(group: str) -> set[tuple[str, ...]]:
    return {
        (point.group, point.name, point.value, point.distribution, point.version)
        for point in read_entry_points([group])
    }


@pytest.mark.parametrize("group", ["penstock", "console_scripts", "pytest11", "nobody"])
def test_what_is_installed_here_is_read_alike(group: str) -> None:
    assert as_read(group) == as_importlib_reads(group)


@pytest.mark.parametrize(
    "text",
    [
        "[lab]\nx = lab_x\n",
        "# a comment\n\n[other]\nx=a:b\n[lab]\n  x = lab_x:y [extra]\nz=w\n",
        "[lab]\nimage/tiff = lab_x:y\napplication/x-hdf5 = lab_x:z\n",
        "[lab ]\nx = y\n",
        "[laboratory]\nx = y\n",
        "",
    ],
)
@pytest.mark.parametrize("folder", ["lab_x-1.5.dist-info", "Lab.X-1.5-py3.egg-info"])
def test_what_is_written_is_read_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, folder: str
) -> None:
    write(tmp_path, folder, text)
    monkeypatch.syspath_prepend(tmp_path)
    assert as_read("lab") == as_importlib_reads("lab")


def test_of_a_distribution_that_is_there_twice_the_first_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a", "lab_x-2.dist-info", "[lab]\nx = new\n")
    write(tmp_path / "b", "Lab_X-1.dist-info", "[lab]\nx = old\n")
    monkeypatch.syspath_prepend(tmp_path / "b")
    monkeypatch.syspath_prepend(tmp_path / "a")
    assert [point.value for point in read_entry_points(["lab"])] == ["new"]
    assert as_read("lab") == as_importlib_reads("lab")


def test_damaged_metadata_hide_no_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "lab_x-1.dist-info", "[lab]\nx = y\n", head="")
    monkeypatch.syspath_prepend(tmp_path)
    assert read_entry_points(["lab"]) == [InstalledEntryPoint("lab", "x", "y", "", "")]


def test_what_was_installed_a_moment_ago_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    assert read_entry_points(["lab"]) == []
    write(tmp_path, "lab_x-1.dist-info", "[lab]\nx = y\n")
    assert len(read_entry_points(["lab"])) == 1
    (tmp_path / "lab_x-1.dist-info" / "entry_points.txt").write_text("[lab]\nx = y\nz = w\n")
    assert len(read_entry_points(["lab"])) == 2


def test_what_is_in_no_plain_folder_is_left_to_importlib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "lab.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("lab_x-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: lab-x\n")
        file.writestr("lab_x-1.dist-info/entry_points.txt", "[lab]\nx = y\n")
    monkeypatch.syspath_prepend(archive)
    assert read_entry_points(["lab"]) == [InstalledEntryPoint("lab", "x", "y", "lab-x", "")]


def test_neither_importlib_metadata_nor_email_is_imported() -> None:
    code = (
        "import sys; from penstock.core.registry import get_registry; get_registry(); "
        "print({'importlib.metadata', 'email', 'zipfile'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
