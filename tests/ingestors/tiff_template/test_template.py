"""A template explains names: its fields are metadata where they are constant, columns where not."""

import json
from typing import ClassVar

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.config import load_config, use_config
from penstock.core.errors import ConfigError, NoDataError, SettingsError
from penstock.ingestors import ingest_tiff_template
from penstock.ingestors.tiff_template.template import parse_template
from penstock.testing import IngestorTests

TEMPLATE = "{sample}_T{temperature:f}C_{index:d}.tif"


def write(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(exist_ok=True)
        tifffile.imwrite(folder / name, np.full((4, 6), number, "u2"), metadata=None)
    return [folder / name for name in names]


def drain(paths, template=TEMPLATE, **kwargs):
    return dict(ingest_tiff_template(paths, template=template, **kwargs))


class TestConformance(IngestorTests):
    ingestor = "tiff-template"
    kwargs: ClassVar = {"template": "{sample}_{angle:f}deg.tif", "units": {"angle": "deg"}}

    def write_files(self, folder):
        for number in range(6):
            tifffile.imwrite(folder / f"Cu_{number / 2}deg.tif", np.full((300, 400), number, "u2"))
        return f"{folder}/*.tif"


def test_constant_fields_are_metadata_and_others_columns(tmp_path):
    write(tmp_path, "Cu_T20C_1.tif", "Cu_T20.5C_2.tif", "Cu_T-3C_10.tif")
    run = drain(tmp_path, units={"temperature": "degC"})
    assert run["start"]["sample"] == {"name": "Cu"}
    assert run["event_page"]["data"] == {"temperature": [-3.0, 20.0, 20.5], "index": [10, 1, 2]}
    assert run["descriptor"]["data_keys"]["temperature"]["units"] == "degC"
    dimensions = [[["temperature"], "primary"], [["index"], "primary"]]
    assert run["start"]["hints"]["dimensions"] == dimensions


def test_pixels_are_those_of_their_names(tmp_path):
    paths = write(tmp_path, "Cu_T20C_1.tif", "Cu_T100C_2.tif", "Cu_T3C_3.tif")
    catalog = BlueskyInMemoryCatalog()
    data = catalog[catalog.upsert(ingest_tiff_template, (paths,), {"template": TEMPLATE})].primary
    read = data.read()
    assert read["temperature"].values.tolist() == [3, 20, 100]
    assert read["image"].values[:, 0, 0].tolist() == [2, 0, 1]


def test_a_constant_number_is_in_the_configuration_with_its_unit(tmp_path):
    write(tmp_path, "Cu_T20C_1.tif", "Cu_T20C_2.tif")
    run = drain(tmp_path, units={"temperature": "degC"})
    assert run["start"]["temperature"] == 20.0
    constants = run["descriptor"]["configuration"]["image"]
    assert constants["data"]["temperature"] == 20.0
    assert constants["data_keys"]["temperature"]["units"] == "degC"


def test_folders_are_explained_too(tmp_path):
    write(tmp_path, "Cu/T20_1.tif", "Fe/T30_1.tif")
    paths = [tmp_path / "Cu" / "T20_1.tif", tmp_path / "Fe" / "T30_1.tif"]
    run = drain(paths, "{sample}/T{temperature:d}_{}.tif")
    assert run["event_page"]["data"] == {"sample": ["Cu", "Fe"], "temperature": [20, 30]}


def test_names_that_do_not_fit_are_left_out_and_told(tmp_path):
    write(tmp_path, "Cu_T20C_1.tif", "Cu_T21C_2.tif", "dark.tif")
    run = drain(f"{tmp_path}/*.tif")
    assert run["stop"]["num_events"] == {"primary": 2}
    assert "the template does not fit dark.tif (1 left out)" in run["start"]["notes"]
    with pytest.raises(NoDataError, match="fits none of 1 names, such as dark.tif"):
        drain([tmp_path / "dark.tif"])


def test_what_fits_in_several_ways_is_told(tmp_path):
    write(tmp_path, "a_b_c.tif", "a_b_d.tif")
    run = drain(tmp_path, "{sample}_{place}.tif")
    assert run["start"]["sample"] == {"name": "a_b"}
    assert any("a_b_c.tif in several ways" in note for note in run["start"]["notes"])


def test_the_same_numbers_twice_are_told(tmp_path):
    write(tmp_path, "Cu_T20C_1.tif", "Cu_T20.0C_1.tif")
    assert "1 names hold the same as others" in drain(tmp_path)["start"]["notes"]


def test_units_of_no_field_are_refused(tmp_path):
    write(tmp_path, "Cu_T20C_1.tif")
    with pytest.raises(SettingsError, match="pressure, which the template does not have"):
        drain(tmp_path, units={"pressure": "bar"})


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("{a", "is no template"),
        ("a.tif", "no named field"),
        ("{a}{b}.tif", "nothing stands between"),
        ("{a:x}.tif", "no field that can be read"),
        ("{a!r}.tif", "no field that can be read"),
        ("{a.b}.tif", "no field that can be read"),
        ("", "the template is ''"),
    ],
)
def test_templates_that_are_none_are_refused(template, what):
    with pytest.raises(SettingsError, match=what):
        parse_template(template)


@given(
    st.from_regex(r"[A-Za-z][A-Za-z_]{0,8}", fullmatch=True),
    st.decimals(-1000, 1000, places=2),
    st.integers(0, 99999),
)
def test_what_a_template_writes_it_reads(sample, temperature, index):
    name = f"{sample}_T{temperature}C_{index:04d}.tif"
    expected = {"sample": sample, "temperature": float(temperature), "index": index}
    assert parse_template(TEMPLATE).read(f"/data/{name}") == expected


# Matching


def groups_of(plan):
    return {decision.group.template: decision.chosen.ingestor for decision in plan.decisions}


def test_without_a_template_nobody_is_bothered(tmp_path):
    write(tmp_path, "Cu_T20C_1.tif")
    plan = match(tmp_path)
    assert groups_of(plan) == {"Cu_T20C_1.tif": "tiff-series"}
    assert "tiff-template" not in plan.explain()
    with pytest.raises(SettingsError, match="tiff-template needs template"):
        match(tmp_path, use="tiff-template")


def test_a_chosen_template_groups_the_files_of_a_folder(tmp_path):
    write(tmp_path, "Cu_T20C_1.tif", "Cu_T20.5C_2.tif", "Fe_T20C_1.tif", "dark.tif")
    plan = match(tmp_path, use="tiff-template", settings={"template": TEMPLATE})
    assert list(groups_of(plan)) == [
        "Cu_T{temperature}C_{index}.tif",
        "Fe_T{temperature}C_{index}.tif",
        "dark.tif",
    ]
    report = BlueskyInMemoryCatalog().ingest(plan)
    assert [item.outcome for item in report.items] == ["ok", "ok", "failed"]


def test_the_configuration_can_pin_a_template(tmp_path):
    write(tmp_path / "xrd", "Cu_T20C_1.tif", "Cu_T20.5C_2.tif", "dark.tif")
    pin = f'{{ use = "tiff-template", template = {json.dumps(TEMPLATE)} }}'
    (tmp_path / "config.toml").write_text(f'[pins]\n"*/xrd/*_T*.tif" = {pin}\n')
    with use_config(load_config(tmp_path / "config.toml")):
        plan = match(tmp_path / "xrd")
        assert groups_of(plan) == {
            "Cu_T{temperature}C_{index}.tif": "tiff-template",
            "dark.tif": "tiff-series",
        }
        again = match(tmp_path / "xrd")  # recalled, not decided again
    assert groups_of(again) == groups_of(plan)


@pytest.mark.parametrize("template", ['""', '"{a"', "5"])
def test_a_pinned_template_that_is_none_fails_by_name_and_others_go_on(tmp_path, template):
    write(tmp_path, "Cu_T20C_1.tif", "odd.tif")
    pin = f'{{ use = "tiff-template", template = {template} }}'
    (tmp_path / "config.toml").write_text(f'[pins]\n"*_T*.tif" = {pin}\n')
    with use_config(load_config(tmp_path / "config.toml")):
        report = BlueskyInMemoryCatalog().ingest([str(p) for p in tmp_path.glob("*.tif")])
    assert sorted(item.outcome for item in report.items) == ["failed", "ok"]


@pytest.mark.parametrize("pin", ["5", '{ template = "x" }', "[]"])
def test_a_pin_that_names_no_ingestor_is_refused(tmp_path, pin):
    (tmp_path / "config.toml").write_text(f'[pins]\n"*.tif" = {pin}\n')
    with pytest.raises(ConfigError, match="not the name of an ingestor"):
        load_config(tmp_path / "config.toml")


def test_a_pin_without_what_its_ingestor_needs_is_void(tmp_path):
    write(tmp_path, "Cu_T20C_1.tif")
    (tmp_path / "config.toml").write_text('[pins]\n"*.tif" = "tiff-template"\n')
    with use_config(load_config(tmp_path / "config.toml")):
        (decision,) = match([str(tmp_path / "Cu_T20C_1.tif")]).decisions
    assert decision.chosen.ingestor == "tiff-series"
    assert any(
        "tiff-template needs template: the choice is void" in n for n in decision.group.notes
    )
