"""A call becomes a recipe, and the recipe the same call again: where the files are mounted then."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from penstock.core.catalog import BlueskyInMemoryCatalog, BlueskySQLiteCatalog
from penstock.core.config import Config, use_config
from penstock.core.errors import RecipeError, UpsertError
from penstock.core.places.identity import Place
from penstock.core.places.pinning import Identity
from penstock.core.recipes import Recipe
from penstock.core.registry import Registry, get_registry, hookimpl, use_registry
from penstock.core.registry.records import Ingestor
from penstock.ingestors import ingest_hdf5, ingest_tiff_series


def ingest_with_mask(path, number=0, *, mask=None, options=None):
    """An ingestor as a plug-in would offer it."""
    yield "start", {"uid": f"{path}", "time": 0.0, "mask": mask, "options": options}


class Lab:
    @hookimpl
    def penstock_ingestors(self):
        return [
            Ingestor(
                "lab",
                title="Lab",
                ingest=f"{__name__}:ingest_with_mask",
                takes="file",
                settings=("options",),
                path_settings=("mask",),
                version="2.1",
            )
        ]


@pytest.fixture
def lab():
    with use_registry(Registry.from_plugins([Lab()])):
        yield


@pytest.fixture
def series(tmp_path):
    folder = tmp_path / "data" / "today"
    folder.mkdir(parents=True)
    for number in (1, 2, 3):
        tifffile.imwrite(folder / f"img_{number}.tif", np.zeros((4, 6), "u2"))
    return folder


def again(recipe: Recipe) -> Recipe:
    return Recipe.from_json(recipe.to_json())


def test_the_ingestors_name_and_version_are_stored_and_no_module(series):
    recipe = Recipe.of_call(ingest_tiff_series, (f"{series}/*.tif",), {"key": "raw"})
    assert (recipe.ingestor, recipe.version) == (
        "tiff-series",
        get_registry().ingestor("tiff-series").version,
    )
    assert "penstock" not in recipe.to_json().replace(str(series), "")
    call = again(recipe).call(is_own=True)
    assert call[:3] == (ingest_tiff_series, (f"{series}/*.tif",), {"key": "raw"})


def test_a_relative_path_is_stored_as_what_it_means_here(series, monkeypatch):
    monkeypatch.chdir(series.parent)
    recipe = Recipe.of_call(ingest_tiff_series, ([Path("today/img_1.tif"), "today/img_2.tif"],), {})
    monkeypatch.chdir("/")
    assert again(recipe).call(is_own=True).args == ([f"{series}/img_1.tif", f"{series}/img_2.tif"],)


def test_folders_are_stored_without_links_and_a_linked_file_as_itself(series, tmp_path):
    (tmp_path / "short").symlink_to(series)
    (series / "link.tif").symlink_to(series / "img_1.tif")
    recipe = Recipe.of_call(ingest_tiff_series, (str(tmp_path / "short" / "link.tif"),), {})
    assert again(recipe).call(is_own=True).args == (f"{series}/link.tif",)


def test_a_glob_in_a_folder_with_brackets_means_the_same_later(tmp_path, monkeypatch):
    folder = tmp_path / "[x]"
    folder.mkdir()
    (folder / "a_1.tif").touch()
    monkeypatch.chdir(folder)
    recipe = Recipe.of_call(ingest_tiff_series, ("*.tif",), {})
    monkeypatch.chdir("/")
    from penstock.core.places import select_files

    (path,) = again(recipe).call(is_own=True).args
    assert select_files(path).paths == [f"{folder}/a_1.tif"]


def test_paths_below_a_named_root_follow_it_to_where_it_is_mounted(series, tmp_path):
    with use_config(Config(roots={"data": str(tmp_path / "data")})):
        text = Recipe.of_call(ingest_tiff_series, (f"{series}/*.tif",), {}).to_json()
    assert str(tmp_path) not in text
    elsewhere = tmp_path / "usb"
    os.rename(tmp_path / "data", elsewhere)
    with use_config(Config(roots={"data": str(elsewhere)})):
        assert Recipe.from_json(text).call(is_own=False).args == (f"{elsewhere}/today/*.tif",)
    with pytest.raises(RecipeError, match=r"root 'data'.*\[roots\] data ="):
        Recipe.from_json(text).call(is_own=True)


def test_a_list_of_a_hundred_thousand_files_is_small(tmp_path):
    names = [f"{tmp_path}/img_{number:06d}.tif" for number in range(100_000)]
    recipe = Recipe.of_call(ingest_tiff_series, (names,), {})
    recipe = recipe.with_pins({tuple(names): Identity(Place("", "/a", "img_{}.tif"), "")})
    assert len(recipe.to_json()) < 400 + 2 * len(str(tmp_path))
    call = again(recipe).call(is_own=True)
    assert call.args == (names,)
    assert call.pins[tuple(names)].place.name == "img_{}.tif"


def test_what_a_call_was_found_to_mean_is_stored(series):
    catalog = BlueskyInMemoryCatalog()
    names = sorted(map(str, series.iterdir()))
    uid = catalog.upsert(ingest_tiff_series, (names,), {})
    source = catalog[uid]._source
    recipe = Recipe.of_call(source.function, source.args, source.kwargs).with_pins(source.pins)
    assert again(recipe).call(is_own=True).pins == dict(source.pins)


def test_arguments_come_back_as_they_were(lab):
    options = {
        "a": (1, [2.5, None]),
        "b": {"$path": ["not", "one"]},
        "$x": float("inf"),
        "é": "\ud800",
    }
    recipe = Recipe.of_call(ingest_with_mask, ("/a.lab", 7), {"options": options})
    call = again(recipe).call(is_own=True)
    assert call.kwargs == {"number": 7, "options": options}


def test_a_declared_path_is_stored_as_one(lab, tmp_path):
    recipe = Recipe.of_call(ingest_with_mask, ("/a.lab",), {"mask": tmp_path / "mask.h5"})
    assert again(recipe).call(is_own=True).kwargs == {"mask": str(tmp_path / "mask.h5")}
    assert Recipe.of_call(ingest_with_mask, ("/a.lab",), {"mask": None}).kwargs == {"mask": None}


def nested():
    def local(path):
        yield "start", {}

    return local


@pytest.mark.parametrize("function", [lambda path: iter(()), nested(), print, ingest_with_mask])
def test_a_function_that_cannot_be_found_again_is_refused_with_the_remedy(function):
    with pytest.raises(UpsertError, match=r"cannot be found again.*Register it"):
        Recipe.of_call(function, ("a",), {})


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"options": {"when": np.float64(1)}}, r"options\.when is a float64, which cannot be"),
        ({"options": [{1: 2}]}, r"options\[0\] is a dict"),
        ({"options": Path("/a")}, r"options is a .*Path.*path_settings"),
        ({"mask": 3}, "mask is a int, which is no path"),
        ({"unheard": 3}, "unexpected keyword argument 'unheard'"),
    ],
)
def test_an_argument_that_is_neither_json_nor_a_declared_path_is_refused(lab, arguments, reason):
    with pytest.raises(UpsertError, match=reason):
        Recipe.of_call(ingest_with_mask, ("/a.lab",), arguments)


@pytest.mark.parametrize("path", [3, None, b"/a", "", "a\0b", [b"/a"], [["/a"]]])
def test_what_is_no_path_is_refused_as_the_first_argument(path):
    with pytest.raises(UpsertError):
        Recipe.of_call(ingest_hdf5, (path,), {})


# What a catalog of somebody else can do, and what it cannot --------------------------------------


def crafted(paths, kwargs=None, ingestor="hdf5", pins=()):
    return Recipe.from_json(json.dumps([1, ingestor, "1.0", paths, kwargs or {}, list(pins)]))


@pytest.fixture
def opened(tmp_path):
    """A named root, with a secret beside it."""
    root = tmp_path / "opened"
    (root / "in").mkdir(parents=True)
    (root / "in" / "a.h5").touch()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.h5").touch()
    (tmp_path / "root2").mkdir()
    (tmp_path / "root2" / "a.h5").touch()
    with use_config(Config(roots={"data": str(root)})):
        yield tmp_path


def test_files_below_an_opened_root_may_be_read(opened):
    for paths in (
        {"$path": ["data", "in/a.h5"]},
        {"$path": ["", f"{opened}/opened/in/*.h5"]},
        {"$files": ["data", "in"], "names": ["a.h5"]},
        {"$path": ["data", "in/gone.h5"]},
    ):
        assert crafted(paths).call(is_own=False).args


@pytest.mark.parametrize(
    "paths",
    [
        {"$path": ["", "{}/secret/a.h5"]},
        {"$path": ["", "{}/secret/*.h5"]},
        {"$path": ["", "{}/secret/gone.h5"]},
        {"$path": ["", "{}/root2/a.h5"]},
        {"$path": ["data", "../secret/a.h5"]},
        {"$path": ["data", "in/../../secret/a.h5"]},
        {"$path": ["data", "*/../../secret/a.h5"]},
        {"$path": ["data", "/{}/secret/a.h5"]},
        {"$files": ["data", "in"], "names": ["a.h5", "../../secret/a.h5"]},
        {"$files": ["data", "."], "names": [["../secret/a", 1, ".h5", 1, 3, 1]]},
        {"$tuple": ["{}/secret/a.h5"]},
        {"{}/secret/a.h5": 1},
        ["{}/secret/a.h5"],
        [["{}/secret/a.h5"]],
        "{}/secret/a.h5",
        "secret/a.h5",
        {"$path": ["unknown", "a.h5"]},
        {"$path": "a.h5"},
        {"$path": ["", "in/a.h5"]},
        {"$path": ["data", "a\0.h5"]},
        None,
        7,
    ],
)
def test_files_elsewhere_are_refused_however_they_are_spelled(opened, paths, monkeypatch):
    monkeypatch.chdir(opened)
    paths = json.loads(json.dumps(paths).replace("{}", str(opened)))
    with pytest.raises(RecipeError):
        crafted(paths).call(is_own=False)


@pytest.mark.parametrize("where", ["in/link.h5", "in/*.h5", "dir/a.h5", "dir", "*/a.h5", "**/*.h5"])
def test_links_that_lead_out_of_the_root_are_refused(opened, where):
    (opened / "opened" / "in" / "link.h5").symlink_to(opened / "secret" / "a.h5")
    (opened / "opened" / "dir").symlink_to(opened / "secret")
    with pytest.raises(RecipeError, match="outside of the opened roots"):
        crafted({"$path": ["data", where]}).call(is_own=False)


def test_a_flag_that_is_not_declared_is_refused_and_a_setting_is_not(opened):
    inside = {"$path": ["data", "in/a.h5"]}
    assert crafted(inside, {"dataset": "/a", "metadata": {}}).call(is_own=False).kwargs
    with pytest.raises(RecipeError, match="sets allow_external"):
        crafted(inside, {"dataset": "/a", "allow_external": True}).call(is_own=False)


def test_a_path_among_the_settings_is_held_to_the_roots_as_well(lab, opened):
    inside = {"$path": ["data", "in/a.h5"]}
    outside = {"$path": ["", f"{opened}/secret/a.h5"]}
    assert crafted(inside, {"mask": inside}, "lab").call(is_own=False).kwargs
    for mask in (outside, f"{opened}/secret/a.h5", [f"{opened}/secret/a.h5"]):
        with pytest.raises(RecipeError):
            crafted(inside, {"mask": mask}, "lab").call(is_own=False)


@pytest.mark.parametrize("name", ["os:system", "json:loads", "penstock.ingestors:ingest_hdf5", ""])
def test_only_registered_ingestors_are_called_by_name(opened, name):
    with pytest.raises(RecipeError, match="no ingestor is registered"):
        crafted({"$path": ["data", "in/a.h5"]}, ingestor=name).call(is_own=True)


def test_a_call_that_the_ingestor_no_longer_takes_is_told(opened):
    with pytest.raises(RecipeError, match=r"does not take the stored call.*version 1\.0"):
        crafted({"$path": ["data", "in/a.h5"]}, {"gone": 1}).call(is_own=True)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "[1]", '[1,2,"",{},{},[]]', "null", "[" * 100_000, '[1,"a","",{},[],[]]'],
)
def test_what_is_no_recipe_is_refused(text):
    with pytest.raises(RecipeError, match="no recipe"):
        Recipe.from_json(text)


def test_a_recipe_of_a_later_penstock_says_so():
    with pytest.raises(RecipeError, match="later penstock"):
        Recipe.from_json('[2,"hdf5"]')


@pytest.mark.parametrize("pin", [[], [None, 1, "", "", ""], [{"$path": 1}, "", "", "", ""]])
def test_crafted_pins_are_refused(opened, pin):
    with pytest.raises(RecipeError):
        crafted({"$path": ["data", "in/a.h5"]}, pins=[pin]).call(is_own=True)


# Calls of calls ----------------------------------------------------------------------------------


@pytest.fixture
def joined(tmp_path):
    """A series and its log, matched to one run."""
    folder = tmp_path / "mnt" / "today"
    folder.mkdir(parents=True)
    for number in range(3):
        tifffile.imwrite(folder / f"vac_{number:03d}.tif", np.full((3, 4), number, "u2"))
    (folder / "vac.csv").write_text("frame,T\n0,300\n1,301\n2,302\n")
    return folder


def test_a_joined_run_is_read_by_another_process_wherever_its_root_lies(joined, tmp_path):
    with use_config(Config(roots={"data": str(tmp_path / "mnt")})):
        catalog = BlueskySQLiteCatalog(tmp_path / "runs.db")
        (item,) = catalog.ingest(joined)
        assert (item.outcome, item.details["ingestor"]) == ("ok", "joined")
        catalog.close()
    os.rename(tmp_path / "mnt", tmp_path / "media")
    with use_config(Config(roots={"data": str(tmp_path / "media")})):
        run = BlueskySQLiteCatalog(tmp_path / "runs.db")[item.uid]
        assert run.primary.read()["T"].values.tolist() == [300, 301, 302]
        assert run.primary.read()["image"].values[:, 0, 0].tolist() == [0, 1, 2]


def test_the_parts_of_a_joined_run_are_held_to_the_same_bounds(joined):
    function = get_registry().function_of("joined")
    parts = [
        {"ingestor": "tiff-series", "args": [[str(joined / "vac_000.tif")]], "name": "a"},
        {"ingestor": "text-log", "args": [str(joined / "vac.csv")], "name": "b"},
    ]
    recipe = Recipe.from_json(Recipe.of_call(function, (parts,), {}).to_json())
    assert recipe.call(is_own=True).args[0][1]["args"] == [str(joined / "vac.csv")]
    with pytest.raises(RecipeError, match="outside of the opened roots"):
        recipe.call(is_own=False)
    with use_config(Config(roots={"data": str(joined.parent)})):
        assert len(recipe.call(is_own=False).args[0]) == 2


@pytest.mark.parametrize(
    "crafted", [{"$calls": 5}, {"$calls": [["a"]]}, {"$calls": [["a", ["hdf5", "1", 5, []]]]}]
)
def test_what_are_no_calls_is_refused(crafted):
    with pytest.raises(RecipeError):
        Recipe("joined", "1", crafted).call(is_own=True)
    with pytest.raises(RecipeError):
        Recipe("tiff-series", "1", {"$calls": []}).call(is_own=True)
