"""Arrays of runs are computed by threads, by processes and by a cluster of dask.distributed."""

import h5py
import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog

FRAMES = np.random.default_rng(3).integers(0, 4000, (12, 32, 48), dtype="u2")


@pytest.fixture(params=["series", "stack", "hdf5"])
def image(request, tmp_path, monkeypatch):
    """The lazy array of a run, in several chunks."""
    monkeypatch.setattr("penstock.core.assets.array.block_rows", lambda row_bytes, multiple=1: 5)
    if request.param == "series":
        for number, frame in enumerate(FRAMES):
            tifffile.imwrite(tmp_path / f"img_{number}.tif", frame)
    elif request.param == "stack":
        tifffile.imwrite(tmp_path / "stack.tif", FRAMES, compression="zlib")
    else:
        with h5py.File(tmp_path / "data.h5", "w") as file:
            file.create_dataset("image", data=FRAMES, chunks=(1, 32, 48), compression="gzip")
    catalog = BlueskyInMemoryCatalog()
    report = catalog.ingest([tmp_path])
    lazy = catalog[report.uids[0]].primary.to_dask()["image"]
    assert lazy.chunks[0] == (5, 5, 2)
    return lazy


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_schedulers_agree(image, scheduler):
    np.testing.assert_array_equal(image.data.compute(scheduler=scheduler), FRAMES)


@pytest.mark.slow
def test_a_cluster_agrees(image, tmp_path):
    distributed = pytest.importorskip("distributed", reason="the extra `distributed` is not there")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",  # any port: other tests may run beside these
            host="127.0.0.1",
            local_directory=str(tmp_path / "scratch"),
        ) as cluster,
        distributed.Client(cluster),
    ):
        assert float(image.mean().compute()) == pytest.approx(FRAMES.mean())
        np.testing.assert_array_equal(image[7].compute().values, FRAMES[7])
