"""Planes here and there in several files: their order, their grid, and where they are read."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penstock.ingestors.tiff.axes import row_major_order
from penstock.ingestors.tiff.origin import FrameColumns
from penstock.ingestors.tiff.planes import PlaneSet


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=30, unique=True)
)
def test_arranged_planes_are_the_same_planes_file_by_file(places):
    file, page = np.array(places).T
    planes = PlaneSet(
        "/d",
        ("a", "b", "c", "d"),
        file,
        page,
        {"t": np.arange(len(places))},
        FrameColumns({"at": [f"{f} {p}" for f, p in places]}),
    ).arranged()
    found = list(zip(planes.file.tolist(), planes.page.tolist(), strict=True))
    assert sorted(found) == sorted(places)
    assert planes.found.columns["at"] == [f"{f} {p}" for f, p in found]
    assert [places[t] for t in planes.axes["t"].tolist()] == found
    files = [f for f, _ in found]
    changes = sum(one != other for one, other in pairwise(files))
    assert len(set(files)) == 1 + changes
    assert all(p < q for (f, p), (g, q) in pairwise(found) if f == g)


@given(st.permutations(["t", "c", "z"]), st.lists(st.integers(2, 4), min_size=3, max_size=3))
def test_a_grid_is_found_whatever_its_order(names, sizes):
    points = np.indices(sizes).reshape(3, -1)
    order = row_major_order(dict(sorted(zip(names, points, strict=True))))
    assert order == names


def test_files_of_one_plane_each_stay_in_the_order_of_the_planes():
    planes = PlaneSet("/d", ("b", "a"), np.array([1, 0]), np.zeros(2, int), {"t": np.arange(2)})
    assert planes.arranged().file.tolist() == [1, 0]


def test_planes_without_some_files_keep_their_axes():
    axes = {"c": np.array([0, 1])}
    planes = PlaneSet("/d", ("b", "a"), np.array([0, 1]), np.zeros(2, int), axes)
    rest = planes.without({"a"})
    assert (rest.file.tolist(), rest.shown) == ([0], ("c",))
