"""Opening HDF5 files that others wrote: what is wrong is said, and nothing outside is touched."""

import os
import subprocess
import sys
import threading

import h5py
import numpy as np
import pytest

from penstock.core.config import Config, use_config
from penstock.core.errors import (
    AssetError,
    MissingFileError,
    TruncatedFileError,
    UnsafeLinkError,
    UnsupportedFileError,
)
from penstock.ingestors.assets.hdf5.access import open_file
from penstock.ingestors.assets.hdf5.links import open_target, reach_of
from penstock.ingestors.assets.hdf5.sources import SourceCheck


def write(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, data in datasets.items():
            file[name] = data
    return str(path)


def find(path, name, **options):
    with open_target(str(path), name, reach_of(str(path), **options)) as target:
        return target.file, target.name


def check(path, name, window=(), **options):
    reach = reach_of(str(path), **options)
    with open_target(str(path), name, reach) as target:
        SourceCheck(reach).check(target, window)
        return target.object[...]


def link_over(path, source, name="image"):
    """Write a virtual dataset of four frames that come two by two from two sources."""
    layout = h5py.VirtualLayout((4, 3), "i4")
    for number, filename in enumerate(source):
        layout[2 * number : 2 * number + 2] = h5py.VirtualSource(filename, "image", (2, 3))
    with h5py.File(path, "a") as file:
        file.create_virtual_dataset(name, layout, fillvalue=0)


# Opening ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", TruncatedFileError, "is empty"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            UnsupportedFileError,
            "LFS",
        ),
        (b"\x0e\x03\x13\x01" + bytes(600), UnsupportedFileError, "HDF4"),
        (b"CDF\x01" + bytes(600), UnsupportedFileError, "netCDF 3"),
        (b"II*\0" + bytes(600), UnsupportedFileError, "TIFF"),
        (b"\x89HDF\n\x1a\n" + bytes(600), UnsupportedFileError, "line ends"),
        (b"hello", UnsupportedFileError, "something else"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), UnsupportedFileError, "damaged"),
    ],
)
def test_what_is_not_hdf5_is_named(tmp_path, content, error, message):
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    with pytest.raises(error, match=message) as caught, open_file(str(path)):
        pass
    assert str(path) in str(caught.value)


def test_a_missing_file_a_folder_and_a_fifo_are_told_apart_without_hanging(tmp_path):
    with pytest.raises(MissingFileError, match="not there"), open_file(str(tmp_path / "no.h5")):
        pass
    with pytest.raises(UnsupportedFileError, match="a folder"), open_file(str(tmp_path)):
        pass
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(UnsupportedFileError, match="FIFO"), open_file(str(tmp_path / "pipe.h5")):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path):
    path = write(tmp_path / "a.h5", x=1)
    os.chmod(path, 0)
    with pytest.raises(AssetError, match="may not be read"), open_file(path):
        pass


def test_a_truncated_file_is_named(tmp_path):
    path = write(tmp_path / "a.h5", x=np.zeros(10_000))
    os.truncate(path, 5_000)
    with pytest.raises(TruncatedFileError, match="ends before"), open_file(path):
        pass


def test_a_signature_behind_a_user_block_is_found(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=1024) as file:
        file["x"] = 5
    with open_file(str(tmp_path / "a.h5")) as file:
        assert file["x"][()] == 5


def run_writer(path, *lines):
    """Start a process that writes; it prints a line when ready and goes on at each line it gets."""
    code = "\n".join(["import os, sys, h5py, numpy as np", *lines])
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def finish(process):
    process.communicate("\n")
    assert process.returncode == 0


def test_a_writer_can_open_the_file_while_it_is_read(tmp_path):
    path = write(tmp_path / "a.h5", x=np.arange(3))
    with open_file(path):
        append = "import sys, h5py; h5py.File(sys.argv[1], 'a')['y'] = 1"
        subprocess.run([sys.executable, "-c", append, path], check=True)
    with open_file(path) as file:
        assert "y" in file


def test_a_swmr_writers_file_is_read_in_its_mode(tmp_path):
    path = tmp_path / "a.h5"
    process = run_writer(
        path,
        "file = h5py.File(sys.argv[1], 'w', libver='latest')",
        "data = file.create_dataset('x', (2,), maxshape=(None,))",
        "file.swmr_mode = True",
        "print('ready', flush=True); sys.stdin.readline()",
    )
    with open_file(str(path)) as file:
        assert file["x"].shape == (2,)
    finish(process)


def test_a_file_whose_writer_died_says_so(tmp_path):
    path = tmp_path / "a.h5"
    process = run_writer(
        path,
        "file = h5py.File(sys.argv[1], 'w', libver='latest')",
        "file['x'] = 1; file.flush()",
        "print('ready', flush=True); sys.stdin.readline(); os._exit(0)",
    )
    finish(process)
    with pytest.raises(AssetError, match="writer died") as caught, open_file(str(path)):
        pass
    assert "h5clear" in caught.value.remedy


def test_a_file_that_this_process_has_open_for_writing_is_read(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as writer:
        writer["x"] = 5
        with open_file(str(tmp_path / "a.h5")) as file:
            assert file["x"][()] == 5
        writer["y"] = 6
    with open_file(str(tmp_path / "a.h5")) as file:
        assert set(file) == {"x", "y"}


# Links -----------------------------------------------------------------------------------------


def test_soft_and_external_links_lead_to_the_real_file_and_path(tmp_path):
    write(tmp_path / "data.h5", **{"entry/image": np.arange(6)})
    with h5py.File(tmp_path / "master.h5", "w") as file:
        file["raw"] = h5py.ExternalLink("data.h5", "/entry")
        file["alias"] = h5py.SoftLink("/raw/image")
        file.create_group("a")["near"] = h5py.SoftLink("../a")
        file["a/relative"] = h5py.SoftLink("real/x")
        file["a/real/x"] = 1
    assert find(tmp_path / "master.h5", "alias") == (str(tmp_path / "data.h5"), "/entry/image")
    assert find(tmp_path / "master.h5", "/a/relative") == (
        str(tmp_path / "master.h5"),
        "/a/real/x",
    )
    with pytest.raises(MissingFileError, match="has no '/a/"):
        find(tmp_path / "master.h5", "/a/near")


def test_links_in_a_circle_end(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = h5py.SoftLink("/y")
        file["y"] = h5py.SoftLink("/x")
        file["other"] = h5py.ExternalLink("a.h5", "/other")
        file["grows"] = h5py.SoftLink("/grows/more")
    for name in ("x", "other", "grows"):
        with pytest.raises(AssetError, match="circle"):
            find(tmp_path / "a.h5", name)


def test_links_that_leave_the_folder_are_refused_unless_allowed(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir(), inside.mkdir()
    write(outside / "data.h5", image=1)
    (inside / "sly.h5").symlink_to(outside / "data.h5")
    with h5py.File(inside / "a.h5", "w") as file:
        file["up"] = h5py.ExternalLink("../outside/data.h5", "image")
        file["absolute"] = h5py.ExternalLink(str(outside / "data.h5"), "image")
        file["sly"] = h5py.ExternalLink("sly.h5", "image")
    for name in ("up", "absolute", "sly"):
        with pytest.raises(UnsafeLinkError, match="outside of"):
            find(inside / "a.h5", name)
        assert find(inside / "a.h5", name, allow_external=True) == (
            str(outside / "data.h5"),
            "/image",
        )
    with use_config(Config(roots={"beamline": str(tmp_path)})):
        assert find(inside / "a.h5", "up") == (str(outside / "data.h5"), "/image")


def test_a_link_to_a_fifo_or_a_missing_file_names_both_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["pipe"] = h5py.ExternalLink("pipe.h5", "x")
        file["gone"] = h5py.ExternalLink("gone.h5", "x")
    with pytest.raises(UnsafeLinkError, match="pipe.h5, which is a FIFO"):
        find(tmp_path / "a.h5", "pipe")
    with pytest.raises(MissingFileError, match=r"a.h5: points to .*gone.h5, which is not there"):
        find(tmp_path / "a.h5", "gone")


# Virtual and external datasets -----------------------------------------------------------------


def test_a_virtual_dataset_with_all_sources_reads(tmp_path):
    for name in ("one.h5", "two.h5"):
        write(tmp_path / name, image=np.ones((2, 3), "i4"))
    link_over(tmp_path / "a.h5", ["one.h5", "two.h5"])
    assert check(tmp_path / "a.h5", "image").sum() == 12


def test_a_missing_source_is_named_and_never_read_as_zeros(tmp_path):
    write(tmp_path / "one.h5", image=np.ones((2, 3), "i4"))
    link_over(tmp_path / "a.h5", ["one.h5", "two.h5"])
    with pytest.raises(MissingFileError, match=r"two\.h5::image"):
        check(tmp_path / "a.h5", "image")
    check(tmp_path / "a.h5", "image", window=((0, 2),))
    with pytest.raises(MissingFileError):
        check(tmp_path / "a.h5", "image", window=((1, 3),))


def test_a_source_in_the_same_file_over_a_broken_link_is_missing(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["image"] = h5py.ExternalLink("gone.h5", "image")
    link_over(tmp_path / "a.h5", [".", "."], name="virtual")
    with pytest.raises(MissingFileError, match="gone.h5"):
        check(tmp_path / "a.h5", "virtual")


def test_a_source_that_is_too_short_or_has_no_dataset_is_named(tmp_path):
    write(tmp_path / "one.h5", image=np.ones((2, 3), "i4"))
    write(tmp_path / "two.h5", image=np.ones((1, 3), "i4"))
    link_over(tmp_path / "a.h5", ["one.h5", "two.h5"])
    with pytest.raises(TruncatedFileError, match=r"\(1, 3\)"):
        check(tmp_path / "a.h5", "image")
    write(tmp_path / "two.h5", other=1)
    with pytest.raises(MissingFileError, match="no '/image'"):
        check(tmp_path / "a.h5", "image")


def test_sources_of_sources_are_checked_and_circles_end(tmp_path):
    link_over(tmp_path / "b.h5", ["gone.h5", "gone.h5"])
    layout = h5py.VirtualLayout((4, 3), "i4")
    layout[:] = h5py.VirtualSource("b.h5", "image", (4, 3))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("image", layout)
    with pytest.raises(MissingFileError, match="gone.h5"):
        check(tmp_path / "a.h5", "image")
    layout = h5py.VirtualLayout((4, 3), "i4")
    layout[:] = h5py.VirtualSource(".", "image", (4, 3))
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file.create_virtual_dataset("image", layout)
    with pytest.raises(AssetError, match="circle"):
        check(tmp_path / "c.h5", "image")


def test_a_source_outside_of_the_folder_is_refused_unless_allowed(tmp_path):
    (tmp_path / "in").mkdir()
    write(tmp_path / "one.h5", image=np.ones((2, 3), "i4"))
    link_over(tmp_path / "in" / "a.h5", ["../one.h5", "../one.h5"])
    with pytest.raises(UnsafeLinkError):
        check(tmp_path / "in" / "a.h5", "image")
    assert check(tmp_path / "in" / "a.h5", "image", allow_external=True).sum() == 12


def test_a_source_that_was_good_is_looked_at_again_when_it_changes(tmp_path):
    write(tmp_path / "one.h5", image=np.ones((2, 3), "i4"))
    link_over(tmp_path / "a.h5", ["one.h5", "one.h5"])
    reach = reach_of(str(tmp_path / "a.h5"))
    checker = SourceCheck(reach)
    for _ in range(2):
        with open_target(str(tmp_path / "a.h5"), "image", reach) as target:
            checker.check(target)
    write(tmp_path / "one.h5", image=np.ones((1, 3), "i4"))
    with (
        open_target(str(tmp_path / "a.h5"), "image", reach) as target,
        pytest.raises(TruncatedFileError),
    ):
        checker.check(target)


def test_blocks_that_a_pattern_counts_are_checked_one_by_one(tmp_path):
    for number in range(2):
        write(tmp_path / f"part{number}.h5", image=np.ones((2, 3), "i4"))
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    unlimited = h5py.h5s.UNLIMITED
    space = h5py.h5s.create_simple((2, 3), (unlimited, 3))
    space.select_hyperslab((0, 0), (unlimited, 1), (2, 3), (2, 3))
    properties.set_virtual(space, b"part%b.h5", b"image", h5py.h5s.create_simple((2, 3)))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        h5py.h5d.create(file.id, b"image", h5py.h5t.STD_I32LE, space, properties)
    assert check(tmp_path / "a.h5", "image").shape == (4, 3)
    os.remove(tmp_path / "part1.h5")
    os.mkfifo(tmp_path / "part1.h5")
    with pytest.raises(UnsafeLinkError, match="FIFO"):
        check(tmp_path / "a.h5", "image")
    os.remove(tmp_path / "part0.h5")
    with pytest.raises(MissingFileError, match=r"part0\.h5"):
        check(tmp_path / "a.h5", "image")


def test_external_raw_data_lie_beside_the_file_and_are_checked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.arange(6, dtype="i4").tofile(tmp_path / "raw.bin")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("image", (2, 3), "i4", external=[("raw.bin", 0, 24)])
    monkeypatch.chdir("/")
    assert check(tmp_path / "a.h5", "image").tolist() == [[0, 1, 2], [3, 4, 5]]
    os.truncate(tmp_path / "raw.bin", 20)
    with pytest.raises(TruncatedFileError, match=r"raw\.bin"):
        check(tmp_path / "a.h5", "image")
    os.remove(tmp_path / "raw.bin")
    with pytest.raises(MissingFileError):
        check(tmp_path / "a.h5", "image")
    os.mkfifo(tmp_path / "raw.bin")
    with pytest.raises(UnsafeLinkError):
        check(tmp_path / "a.h5", "image")


def test_external_raw_data_elsewhere_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("image", (8,), "u1", external=[("/etc/passwd", 0, 8)])
    with pytest.raises(UnsafeLinkError, match="/etc/passwd"):
        check(tmp_path / "a.h5", "image")


def test_a_missing_filter_names_the_package(tmp_path, monkeypatch):
    pytest.importorskip("hdf5plugin")
    path = tmp_path / "a.h5"
    code = (
        "import sys, h5py, hdf5plugin, numpy as np;"
        "h5py.File(sys.argv[1], 'w').create_dataset("
        "'x', data=np.ones((4, 4)), **hdf5plugin.Bitshuffle())"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda number: number < 300)
    with pytest.raises(AssetError, match="bitshuffle") as caught:
        check(path, "x")
    assert "penstock[filters]" in caught.value.remedy
    monkeypatch.undo()
    assert check(path, "x").sum() == 16


def test_two_threads_open_one_file_at_a_time_or_both(tmp_path):
    path = write(tmp_path / "a.h5", x=np.arange(1000))
    failures = []

    def read():
        try:
            for _ in range(50):
                with open_file(path) as file:
                    assert file["x"][7] == 7
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
