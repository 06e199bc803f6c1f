"""A name says by itself which of its numbers count; all others belong to the name."""

from pathlib import Path

import pytest

from penstock.core.places.counters import ACQUISITIONS, COORDINATES, DEVICES, INDICES, OUTER
from penstock.core.places.naming import find_families


def pattern(name):
    """The name with ``{}`` for the numbers that count."""
    (family,) = find_families([name])
    return family.template


@pytest.mark.parametrize(
    "expected",
    [
        # The last number counts.
        "img_{1}.tif", "img{0001}.tif", "GI2_A9_19_001_{0000}.tiff", "scan.{001}", "lyso1.{001}",
        "scan{0001}.tif", "sample2_scan{0001}.tif", "data_{000001}.h5", "sub_e910af_{0250}.tif",
        "sub_491021_{0250}.tif", "scan12.{0001}.tif", "01_POS{002}_D.TIF", "{12}", "cam{0001}.tif",
        # Numbers before it, if their labels say that they are axes.
        "t{1}_z{05}.tif", "T{1}_Z{05}.tif", "t{1}z{3}c{2}.tif", "cell_3_t{1}_z{05}.tif",
        "img_channel{000}_position{000}_time{000000000}_z{000}.tif", "Series014_z{000}_ch{00}.tif",
        "TSeries-005_Cycle{00001}_Ch{1}_{000001}.ome.tif", "row{1}_col{2}.tif",
        # Before a number without a label, many labels may be a condition.
        "t5_{001}.tif", "T100_{001}.tif", "x350_{001}.tif", "theta10_{001}.tif", "cell_001_z{003}",
        "a_1_ch{0}.tif", "Channel1-01-A-{01}.tif", "img_000000000_Cy3_{000}.tif",
        # Decimals and numbers with units are conditions, whatever else is there.
        "scan_1.5deg_{001}.tif", "s_T30.5K_{1}.tif", "scan_1.5deg.tif", "x0.000.tif",
        "E71p676keV_{001956}.tif", "E71p676keV.tif", "img_{0001}_300K.tif", "img{01}_300K.tif",
        "img_{0001}_1.5deg.tif", "z{5}_488nm.tif", "A1_300K.tif", "S48_Fullfield_350C.h5",
        "x5_300K.tif", "fp150_x350_3s_5fps_60kV_150uA_{00001}.tif", "scan_0001_300K.tif",
        "foo{0001}_300K.tif", "foo01_300K.tif",
        # But a name that has no other number must do with that, and an angle may be turned.
        "sample_{10}K.tif", "proj_{000}deg.tif", "sample2_proj_{000}deg.tif", "S{50}_Blank.h5",
        # Devices, dates, clock times and ids name.
        "pco_{0001}_cam1.tif", "img_{0001}_bin2.tif", "scan5_cam1.tif", "sample_5_cam1.tif",
        "20230606_151124_user_sample.h5", "20230606_{0001}.tif", "20230606.tif", "IMG20230606.tif",
        "img_{0001}_20230606_151124.tif", "Image_2021-03-16_{095}.hdf5", "Image_2021-03-16.hdf5",
        "2023-06-06_10-30-05_{0001}.tif", "2023-06-06_10-30-05.tif", "20230606T151124.tif",
        "img_0305_{235958}.tif", "20230606151124.tif", "img_{20000001}.tif",
        "BCP_x0.000_th0.120_30.00s_2357823_saxs.tiff", "BCP_{0823}_saxs.tiff", "BCP_{2357823}.tiff",
        # A counter straight behind another number.
        "V1.75f3.125{0001}.tif", "sam2{000001}.tif",
        "img_512x512_{001}.tif", "r01c01f01p01.tif", "data.h5",
    ],
)  # fmt: skip
def test_a_number_counts_by_what_is_written_around_it(expected):
    name = expected.replace("{", "").replace("}", "")
    counting = "".join(
        "{}" if n % 2 else part for n, part in enumerate(expected.replace("}", "{").split("{"))
    )
    assert pattern(name) == counting


def test_numbers_in_the_names_of_folders_never_count():
    assert pattern("t1/z2/img.tif") == "t1/z2/img.tif"
    assert pattern(f"t1/z{2}.tif") == "t1/z{}.tif"


def test_the_documentation_lists_every_label():
    page = Path(__file__).parents[3] / "docs" / "explanations" / "grouping.md"
    rows = [line.split("|")[1] for line in page.read_text().splitlines() if line.startswith("| `")]
    told = [set(row.strip(" `").split()) for row in rows]
    assert told == [INDICES, COORDINATES, OUTER, ACQUISITIONS, DEVICES]
