"""`penstock plugins --check`: what plug-ins name is there, and can be called as it will be."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from penstock.core.registry import (
    AssetReader,
    Command,
    Exporter,
    Ingestor,
    Layout,
    Registry,
    Role,
    get_registry,
    hookimpl,
)
from penstock.core.registry.checking import check_handlers, check_plugins
from penstock.core.registry.handlers import InstalledHandlers
from penstock.core.registry.installed import InstalledEntryPoint

LAB = "lab_of_the_tests"


def good(path, *, entry=None):  # type: ignore[no-untyped-def]
    yield "start", {}


def needs_two(path, other):  # type: ignore[no-untyped-def]
    yield path, other


def laid_out(path, flats=(), *, log=None):  # type: ignore[no-untyped-def]
    yield path, flats, log


def any_names(path, **kwargs):  # type: ignore[no-untyped-def]
    yield path, kwargs


async def asynchronous(path):  # type: ignore[no-untyped-def]
    return path


def configure_with_an_error(parser):  # type: ignore[no-untyped-def]
    parser.error("no licence")


def configure_badly(parser):  # type: ignore[no-untyped-def]
    parser.add_argument("--help")


class NoHandler:
    """Instances of it give nothing."""

    def __init__(self, path: str) -> None: ...


class GoodHandler(NoHandler):
    def __call__(self, number: int) -> int:
        return number


@pytest.fixture(autouse=True)
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = ModuleType(LAB)
    vars(module).update({name: value for name, value in globals().items() if callable(value)})
    monkeypatch.setitem(sys.modules, LAB, module)
    return


def registry(**hooks: Any) -> Registry:
    module = ModuleType("lab")
    for name, records in hooks.items():

        def implementation(records: Any = records) -> Any:
            return records

        implementation.__name__ = f"penstock_{name}"
        setattr(module, implementation.__name__, hookimpl(lambda records=records: records))
    return Registry.from_plugins([module])


def layout(*parameters: str) -> Layout:
    roles = (Role(name, f"{{name}}_{name}.tif", parameter=name) for name in parameters)
    return Layout((Role("images", "{name}_{index:d}.tif"), *roles))


def ingestor(ingest: str = "good", **changes: Any) -> Ingestor:
    values: dict[str, Any] = {"title": "x", "takes": "file", "formats": ("tiff",), **changes}
    return Ingestor("x", ingest=f"{LAB}:{ingest}", **values)


def said(**hooks: Any) -> list[str]:
    return [problem.what for problem in check_plugins(registry(**hooks))]


def test_the_built_in_ones_are_good() -> None:
    assert check_plugins(get_registry()) == []


@pytest.mark.parametrize(
    "record",
    [
        ingestor(selects=("entry",)),
        ingestor("any_names", selects=("whatever",)),
        ingestor(probe=f"{LAB}:good", tier="STRUCTURE"),
        ingestor(patterns=("a_*.tif",), tier="CONVENTION"),
        ingestor("laid_out", layouts=(layout("flats", "log"),), tier="CONVENTION"),
        ingestor("laid_out", layouts=(layout("flats"),), formats=()),
        ingestor("any_names", layouts=(layout("darks"),)),
        ingestor(takes="calls", formats=()),
    ],
)
def test_a_good_ingestor_is_good(record: Ingestor) -> None:
    assert said(ingestors=[record]) == []


@pytest.mark.parametrize(
    ("record", "what"),
    [
        (ingestor("missing"), f"ingestor x: ingest: {LAB} has no missing"),
        (ingestor("needs_two"), "cannot be called with the path(s) alone: missing a required"),
        (ingestor("asynchronous"), "is asynchronous"),
        (ingestor(selects=("entri",)), "has no parameter 'entri'"),
        (ingestor(probe=f"{LAB}:needs_two"), "cannot be called with a list of paths"),
        (ingestor(patterns=("raw/*.tif",)), "pattern 'raw/*.tif' fits no file"),
        (ingestor(beats=("tiff-seires",)), "beats 'tiff-seires', which is no other ingestor"),
        (ingestor(formats=()), "it would take any file"),
        (ingestor(tier="STRUCTURE"), "nothing but a probe can confirm"),
        (ingestor(tier="CONVENTION"), "which takes formats, and patterns or layouts"),
        (ingestor("laid_out", layouts=(layout("darks"),)), "has no keyword parameter 'darks'"),
        (ingestor("laid_out", layouts=(layout("path"),)), "has no keyword parameter 'path'"),
        (
            ingestor("laid_out", layouts=(layout("log"),), formats=(), only_laid_out=False),
            "it would take any file",
        ),
    ],
)
def test_what_is_wrong_with_an_ingestor_is_told(record: Ingestor, what: str) -> None:
    (problem,) = said(ingestors=[record])
    assert what in problem


def test_an_unknown_name_that_it_beats_is_told_with_the_nearest() -> None:
    other = Ingestor("tiff-series", title="x", ingest="json:loads", takes="file", formats=("tiff",))
    (problem,) = said(ingestors=[ingestor(beats=("tiff-seires",)), other])
    assert "did you mean 'tiff-series'?" in problem


@pytest.mark.parametrize(
    ("hooks", "what"),
    [
        (
            {"asset_readers": [AssetReader("r", ("a/b",), f"{LAB}:good")]},
            "asset reader r: open: lab_of_the_tests:good(path, *, entry=None) cannot be called",
        ),
        ({"exporters": [Exporter("e", "e", f"{LAB}:good")]}, "exporter e: export:"),
        ({"commands": [Command("c", "c", f"{LAB}:needs_two")]}, "command c: run:"),
        (
            {"commands": [Command("c", "c", f"{LAB}:good", configure=f"{LAB}:configure_badly")]},
            "command c: configure: lab_of_the_tests:configure_badly failed: ArgumentError",
        ),
        (
            {
                "commands": [
                    Command("c", "c", f"{LAB}:good", configure=f"{LAB}:configure_with_an_error")
                ]
            },
            "command c: configure: lab_of_the_tests:configure_with_an_error failed: SystemExit",
        ),
    ],
)
def test_what_is_wrong_with_others_is_told(hooks: Any, what: str) -> None:
    (problem,) = said(**hooks)
    assert problem.startswith(what)


def test_a_module_that_cannot_be_imported_is_told_with_its_traceback() -> None:
    record = Exporter("e", "e", "no_such_module_ever:export")
    (problem,) = check_plugins(registry(exporters=[record]))
    assert "ModuleNotFoundError" in problem.traceback
    assert problem.plugin == "lab"


def handler(name: str, distribution: str = "lab") -> InstalledEntryPoint:
    return InstalledEntryPoint("databroker.handlers", "S", f"{LAB}:{name}", distribution, "1")


@pytest.mark.parametrize(
    ("points", "what"),
    [
        ([handler("Missing")], "handler S: lab_of_the_tests:Missing cannot be imported"),
        ([handler("NoHandler")], "has no __call__, which gives the value of a datum"),
        ([handler("LAB_NAME")], "cannot be imported"),
        ([handler("GoodHandler"), handler("NoHandler", "other")], "several distributions install"),
        ([handler("GoodHandler")], None),
    ],
)
def test_what_is_wrong_with_handlers_is_told(points: Any, what: str | None) -> None:
    problems = check_handlers(InstalledHandlers({"S": points}))
    if what is None:
        assert problems == []
    else:
        (problem,) = problems
        assert what in problem.what
