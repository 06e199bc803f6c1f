"""Streams read as labelled arrays, whatever their events look like."""

import numpy as np
import pytest

from penstock.core.documents import RunComposer, array_key, column_key
from penstock.core.errors import DataShapeError, TooLargeError
from penstock.core.run import BlueskyRun
from penstock.core.run.source import DocumentsSource


def run_of(*streams, **metadata):
    """A run of streams given as ``(name, {key: values})``."""
    run = RunComposer(uid="6f2a", time=0.0, metadata=metadata)
    documents = [run.start()]
    for name, columns in streams:
        keys = {key: column_key(values, source="test") for key, values in columns.items()}
        stream = run.stream(name, data_keys=keys, configuration={"det": {"exposure": 0.1}})
        rows = len(next(iter(columns.values())))
        documents += [stream.descriptor(), *stream.pages(time=np.arange(rows), data=columns)]
    documents.append(run.stop(time=1.0))
    return BlueskyRun(DocumentsSource(documents))


def run_of_events(data_keys, rows, name="primary"):
    """A run of single events, one descriptor for each entry of `data_keys`."""
    documents = [("start", {"uid": "6f2a", "time": 0.0})]
    for number, (keys, values) in enumerate(zip(data_keys, rows, strict=True)):
        descriptor = {"uid": f"d{number}", "name": name, "time": 0.0, "run_start": "6f2a"}
        documents.append(("descriptor", descriptor | {"data_keys": keys}))
        for data in values:
            seq_num = sum(kind == "event" for kind, _ in documents) + 1
            event = {
                "uid": f"e{seq_num}",
                "descriptor": f"d{number}",
                "seq_num": seq_num,
                "time": float(seq_num),
                "data": data,
                "timestamps": dict.fromkeys(data, float(seq_num)),
                "filled": {},
            }
            documents.append(("event", event))
    return BlueskyRun(DocumentsSource(documents))


SCALAR = {"dtype": "number", "shape": [], "source": "s"}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3], "i"),
        ([1.0, 2.5], "f"),
        ([True, False], "b"),
        (["in", "out"], "U"),
        ([[1, 2], [3, 4]], "i"),
        ([[[1.5]], [[2.5]]], "f"),
    ],
)
def test_every_kind_of_value_reads(values, kind):
    dataset = run_of(("primary", {"x": values})).primary.read()
    assert dataset["x"].dtype.kind == kind
    assert dataset["x"].values.tolist() == values
    assert dataset["x"].dims[0] == "time"


def test_units_dims_and_run_are_attributes():
    run = RunComposer(uid="6f2a", time=0.0)
    image = np.zeros((2, 4, 6))
    keys = {"image": array_key((4, 6), "f8", source="here", dims=("y", "x"), units="counts")}
    stream = run.stream("primary", data_keys=keys)
    documents = [run.start(), stream.descriptor()]
    documents += stream.pages(time=[0.0, 1.0], data={"image": image})
    dataset = BlueskyRun(DocumentsSource(documents)).primary.read()
    assert dataset["image"].dims == ("time", "y", "x")
    assert dataset["image"].attrs["units"] == "counts"
    assert dataset.attrs == {"run_uid": "6f2a", "stream": "primary"}


def test_two_detectors_of_different_size_keep_their_axes_apart():
    keys = {
        "a": array_key((2, 3), "f8", source="s", dims=("y", "x")),
        "b": array_key((4, 3), "f8", source="s", dims=("y", "x")),
    }
    rows = [{"a": np.zeros((2, 3)), "b": np.zeros((4, 3))}]
    dataset = run_of_events([keys], [rows]).primary.read()
    assert dataset["a"].dims == ("time", "y", "x")
    assert dataset["b"].dims == ("time", "b_y", "x")


def test_data_keys_called_like_the_datasets_own_are_kept_apart():
    columns = {"time": [5, 6], "seq_num": [42, 43], "uid": ["a", "b"], "time_value": [1, 2]}
    run = run_of(("primary", columns))
    dataset = run.primary.read()
    assert dataset["time"].values.tolist() == [0.0, 1.0]
    assert dataset["seq_num"].values.tolist() == [1, 2]
    assert dataset["time_value"].values.tolist() == [1, 2]
    assert dataset["time_value_"].values.tolist() == [5, 6]
    assert dataset["seq_num_value"].values.tolist() == [42, 43]
    assert dataset["uid_value"].values.tolist() == ["a", "b"]
    assert run.primary.read(["seq_num"])["seq_num_value"].values.tolist() == [42, 43]
    assert run.primary.timestamps.read()["seq_num_value"].values.tolist() == [0.0, 1.0]


def test_a_motor_called_like_an_axis_of_the_image_stays_a_variable():
    keys = {"x": SCALAR, "image": array_key((2, 3), "f8", source="s", dims=("y", "x"))}
    rows = [{"x": 7, "image": np.zeros((2, 3))}]
    dataset = run_of_events([keys], [rows]).primary.read()
    assert dataset["image"].dims == ("time", "y", "image_x")
    assert "x" in dataset.data_vars


def test_include_and_exclude():
    run = run_of(("primary", {"x": [1, 2], "y": [3, 4]}))
    assert set(run.primary.read(["x"]).data_vars) == {"x", "seq_num", "uid"}
    assert set(run.primary.read(exclude=["x"]).data_vars) == {"y", "seq_num", "uid"}
    with pytest.raises(DataShapeError, match="has no data key 'z'"):
        run.primary.read(["z"])
    with pytest.raises(TypeError, match=r"\['x'\]"):
        run.primary.read("x")


def test_several_descriptors_read_as_one_stream():
    run = run_of_events(
        [{"x": SCALAR}, {"x": SCALAR, "y": SCALAR}], [[{"x": 1}, {"x": 2}], [{"x": 3, "y": 9}]]
    )
    dataset = run.primary.read()
    assert dataset["x"].values.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(dataset["y"].values, [np.nan, np.nan, 9])
    assert [len(part.read()["x"]) for part in run.primary.parts] == [2, 1]


def test_a_detector_that_changes_its_shape_is_read_part_by_part():
    import dask.array as da

    keys = [{"image": array_key((n, 2), "f8", source="s")} for n in (3, 4)]
    rows = [[{"image": da.zeros((n, 2))}] for n in (3, 4)]
    run = run_of_events(keys, rows)
    with pytest.raises(DataShapeError, match=r"changes its shape.*parts\[0\]"):
        run.primary.read()
    assert run.primary.parts[1].read()["image"].shape == (1, 4, 2)


def test_ragged_rows_are_kept_as_they_are():
    keys = {"wave": {"dtype": "array", "shape": [None], "source": "s"}}
    dataset = run_of_events([keys], [[{"wave": [1, 2]}, {"wave": [3]}]]).primary.read()
    assert [row.tolist() for row in dataset["wave"].values] == [[1, 2], [3]]


def test_a_stream_without_events_reads_empty():
    keys = {"x": SCALAR, "image": array_key((4, 6), "<u2", source="s", dims=("y", "x"))}
    dataset = run_of_events([keys], [[]]).primary.read()
    assert dataset.sizes["time"] == 0
    assert dataset["image"].shape == (0, 4, 6)
    assert dataset["image"].dtype == np.dtype("<u2")


def test_several_streams_stand_apart():
    run = run_of(("baseline", {"t": [1.0, 2.0]}), ("primary", {"x": [1, 2, 3]}))
    assert list(run) == ["baseline", "primary"]
    assert [len(run[name]) for name in run] == [2, 3]


def test_reading_does_not_change_an_earlier_lazy_dataset():
    run = run_of_events([{"x": SCALAR}], [[{"x": 1}]])
    lazy = run.primary.to_dask()
    before = lazy.copy(deep=True)
    loaded = run.primary.read()
    loaded["x"][:] = 99
    assert lazy.identical(before)
    assert run.primary.read()["x"].values.tolist() == [1]


def test_timestamps_and_configuration():
    run = run_of(("primary", {"x": [5, 6]}))
    assert run.primary.timestamps.read()["x"].values.tolist() == [0.0, 1.0]
    assert run.primary.config["det"].read()["exposure"].values.tolist() == [0.1]
    assert run.primary.config.det.read().sizes["time"] == 1
    with pytest.raises(KeyError, match="det"):
        run.primary.config["nothing"]


def test_grids():
    run = run_of(("primary", {"x": [1, 2, 4, 3]}), shape=[2, 2], snaking=[False, True])
    assert run.primary.read(grid=True)["x"].values.tolist() == [[1, 2], [3, 4]]
    assert run.primary.to_dask(grid=True)["x"].dims == ("axis_0", "axis_1")


def test_reading_more_than_memory_allows_is_refused(monkeypatch):
    import dask.array as da

    keys = {"image": array_key((4, 6), "f8", source="s")}
    run = run_of_events([keys], [[{"image": da.zeros((4, 6))}]])
    monkeypatch.setattr("penstock.core.run.dataset.available_memory", lambda: 4 * 6 * 8)
    with pytest.raises(TooLargeError, match=r"Use to_dask\(\)"):
        run.primary.read()
    assert run.primary.to_dask()["image"].shape == (1, 4, 6)


def test_a_missing_value_is_named():
    run = run_of_events([{"x": SCALAR, "y": SCALAR}], [[{"x": 1}]])
    with pytest.raises(Exception, match="lacks 'y'"):
        run.primary.read()
    assert len(run.primary.read(["x"])["x"]) == 1


def test_the_descriptors_are_there_as_ingested():
    run = run_of(("primary", {"x": [1]}))
    assert run.primary.metadata["descriptors"][0]["data_keys"]["x"]["source"] == "test"
    assert "x: scalar" in repr(run.primary)
