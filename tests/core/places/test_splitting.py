"""A name is cut into text and numbers; what is put together from these is the name again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.places.splitting import pattern_of, split_name


@pytest.mark.parametrize(
    ("name", "texts", "runs"),
    [
        ("img_001.tif", ("img_", ".tif"), ("001",)),
        ("img_001.TIF", ("img_", ".tif"), ("001",)),  # capitals do not count in a suffix
        ("IMG_001.OME.TIF", ("IMG_", ".OME.tif"), ("001",)),
        ("DATA.H5", ("DATA.H5",), ()),
        ("scan_1.5deg_001.tif", ("scan_", ".", "deg_", ".tif"), ("1", "5", "001")),
        ("data.h5", ("data.h5",), ()),
        ("data_3.h5", ("data_", ".h5"), ("3",)),
        ("a_1.ome.tif", ("a_", ".ome.tif"), ("1",)),
        ("scan.001", ("scan.", ""), ("001",)),
        ("٣_1.tif", ("٣_", ".tif"), ("1",)),  # digits of other scripts are text
        ("no_suffix_7", ("no_suffix_", ""), ("7",)),
        ("", ("",), ()),
        ("12", ("", ""), ("12",)),
        (".hidden5", (".hidden5",), ()),
        ("scan_0.5s_001", ("scan_", ".", "s_", ""), ("0", "5", "001")),
        ("run.1/img", ("run.", "/img"), ("1",)),
        ("run.1/img_2", ("run.", "/img_", ""), ("1", "2")),
        ("run.d1/img.h5", ("run.d", "/img.h5"), ("1",)),
        # A counter straight behind another number: behind a decimal point …
        ("V1.75f3.1250001.tif", ("V", ".", "f", ".", "", ".tif"), ("1", "75", "3", "125", "0001")),
        ("f3.250001.tif", ("f", ".", "", ".tif"), ("3", "25", "0001")),
        ("x0.1200.tif", ("x", ".", ".tif"), ("0", "1200")),
        # … and behind letters, unless it is a padded number or a date.
        ("sam2000001.tif", ("sam", "", ".tif"), ("2", "000001")),
        ("sam0000001.tif", ("sam", ".tif"), ("0000001",)),
        ("sam000001.tif", ("sam", ".tif"), ("000001",)),
        ("sam_2000001.tif", ("sam_", ".tif"), ("2000001",)),
        ("IMG20230606.tif", ("IMG", ".tif"), ("20230606",)),
        ("IMG20230606151124.tif", ("IMG", ".tif"), ("20230606151124",)),
    ],
)
def test_a_name_is_cut_into_text_and_numbers(name, texts, runs):
    assert split_name(name) == (texts, runs)


names = st.text(st.sampled_from("ab0129._/pTIF"), max_size=14)


@given(names)
def test_text_and_numbers_make_the_name_again(name):
    texts, runs = split_name(name)
    together = "".join(t + r for t, r in zip(texts, [*runs, ""], strict=True))
    assert together.lower() == name.lower()


@given(names, names)
def test_a_pattern_matches_what_is_cut_alike_and_nothing_else(name, other):
    texts, _ = split_name(name)
    pattern = pattern_of(texts)
    if pattern is None:
        return
    assert re.fullmatch(pattern, name) is not None or len(name) > 7
    found = re.fullmatch(pattern, other)
    assert found is None or split_name(other) == (texts, found.groups())
