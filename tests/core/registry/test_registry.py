"""A registry holds what plug-ins offer, under one name each."""

from __future__ import annotations

import json
import sys
import threading
from types import ModuleType
from typing import Any

import pytest

from penstock.core.errors import PluginError, UnregisteredIngestorError
from penstock.core.registry import (
    AssetReader,
    Ingestor,
    Layout,
    Registry,
    Role,
    RunsFound,
    get_registry,
    hookimpl,
    resolve_reference,
    use_registry,
)


class Unlucky:
    """Raises whatever is asked of it."""

    def __repr__(self) -> str:
        raise RuntimeError("no luck")


def ingestor(name: str, **changes: Any) -> Ingestor:
    values: dict[str, Any] = {
        "title": name,
        "ingest": "json:loads",
        "takes": "file",
        **changes,
    }
    return Ingestor(name, **values)


def plugin(name: str, ingestors: Any = (), readers: Any = ()) -> ModuleType:
    module = ModuleType(name)

    @hookimpl
    def penstock_ingestors() -> Any:
        return ingestors() if callable(ingestors) else ingestors

    @hookimpl
    def penstock_asset_readers() -> Any:
        return readers

    module.penstock_ingestors = penstock_ingestors  # type: ignore[attr-defined]
    module.penstock_asset_readers = penstock_asset_readers  # type: ignore[attr-defined]
    return module


def fail() -> Any:
    raise RuntimeError("boom")


def test_what_plugins_offer_is_found_by_name_and_by_mimetype() -> None:
    reader = AssetReader("npy", ("application/x-npy", "application/npy"), "json:loads")
    registry = Registry.from_plugins([plugin("a", [ingestor("one")]), plugin("b", [], [reader])])
    assert list(registry.ingestors) == ["one"]
    assert registry.asset_readers == {
        "application/x-npy": reader,
        "application/npy": reader,
    }
    assert registry.problems == ()
    assert [(info.name, info.ingestors) for info in registry.plugins] == [
        ("a", ("one",)),
        ("b", ()),
    ]


def test_function_and_name_lead_to_each_other() -> None:
    registry = Registry.from_plugins(
        [plugin("a", [ingestor("one"), ingestor("two", ingest="json:dumps")])]
    )
    assert registry.function_of("two") is json.dumps
    assert registry.name_of(json.dumps) == "two"
    assert registry.name_of(json.dump) is None
    assert registry.path_parameter("two") == "obj"


def test_finding_a_name_imports_no_other_ingestors_module() -> None:
    registry = Registry.from_plugins(
        [
            plugin(
                "a",
                [ingestor("one", ingest="no_such_module_ever:ingest"), ingestor("two")],
            )
        ]
    )
    assert registry.name_of(json.loads) == "two"
    assert "no_such_module_ever" not in sys.modules


def test_a_function_is_recognised_where_a_package_hands_it_on() -> None:
    # json.loads is defined in json; json.JSONDecoder in json.decoder and handed on by json.
    registry = Registry.from_plugins([plugin("a", [ingestor("one", ingest="json:JSONDecoder")])])
    assert registry.name_of(json.JSONDecoder) == "one"


def test_another_object_that_claims_the_same_name_is_not_the_registered_one() -> None:
    def impostor(text: str) -> None: ...

    impostor.__module__, impostor.__qualname__ = "json", "loads"
    registry = Registry.from_plugins([plugin("a", [ingestor("one")])])
    assert registry.name_of(impostor) is None


def test_an_unknown_name_is_told_with_the_nearest_one() -> None:
    registry = Registry.from_plugins([plugin("a", [ingestor("tiff-series")])])
    with pytest.raises(UnregisteredIngestorError, match="did you mean 'tiff-series'"):
        registry.function_of("tif-series")


def test_a_hook_that_raises_stops_no_other_plugin() -> None:
    registry = Registry.from_plugins(
        [
            plugin("bad", fail),
            plugin("good", [ingestor("one")]),
            plugin("worse", sys.exit),
        ]
    )
    assert list(registry.ingestors) == ["one"]
    first, second = registry.problems
    assert first.plugin == "bad"
    assert "penstock_ingestors failed: RuntimeError: boom" in first.what
    assert "in fail" in first.traceback
    assert second.plugin == "worse"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (3, "TypeError"),
        (["tiff"], "gave str instead of Ingestor"),
        ([ingestor("two words")], "'two words' is no name"),
        ([ingestor("x", ingest="json.loads")], "is not a reference"),
        ([ingestor("x", takes="folder")], "takes must be one of file, files"),
        ([ingestor("x", tier="BEST")], "tier must be one of STRUCTURE"),
        ([ingestor("x", formats=("tif",))], "a format must be one of tiff"),
        ([ingestor("x", patterns="*.tif")], "patterns must be a tuple of strings"),
        ([ingestor("x", part=5)], "part must be text, not 5"),
        ([ingestor("x", part=None)], "part must be text, not None"),
        ([ingestor("x", version=1.0)], "version must be text, not 1.0"),
        ([ingestor("x", is_log="yes")], "is_log must be True or False, not 'yes'"),
        ([ingestor("x", layouts=("x",))], "layouts must hold Layout records, not 'x'"),
        ([ingestor("x", layouts=None)], "layouts must be a tuple, not None"),
        ([ingestor("x", layouts=(Layout(roles=("a",)),))], "must be Role records, not 'a'"),
        ([ingestor("x", layouts=(Layout(roles=(Role("a", 5),)),))], "must be text"),
        ([ingestor("x", layouts=(Layout((Role("a", "b"),), counts=5),))], "counts must be a tuple"),
        ([ingestor("x", layouts=Unlucky())], "RuntimeError: no luck"),
    ],
)
def test_a_wrong_record_is_told_and_the_right_ones_stay(given: Any, said: str) -> None:
    registry = Registry.from_plugins([plugin("odd", given), plugin("good", [ingestor("one")])])
    assert list(registry.ingestors) == ["one"]
    (problem,) = registry.problems
    assert problem.plugin == "odd"
    assert said in problem.what


def test_an_unknown_hook_is_told() -> None:
    module = plugin("odd", [ingestor("one")])

    @hookimpl
    def penstock_injestors() -> list[Ingestor]:
        return []

    module.penstock_injestors = penstock_injestors  # type: ignore[attr-defined]
    registry = Registry.from_plugins([module])
    assert list(registry.ingestors) == ["one"]
    assert "there is no hook penstock_injestors" in registry.problems[0].what


def test_a_name_that_two_plugins_offer_belongs_to_neither() -> None:
    registry = Registry.from_plugins(
        [
            plugin("a", [ingestor("one"), ingestor("two")]),
            plugin("b", [ingestor("one")]),
        ]
    )
    assert list(registry.ingestors) == ["two"]
    assert registry.problems[0].plugin == "a, b"
    assert "ingestor 'one' is offered more than once" in registry.problems[0].what


def test_a_mimetype_that_two_plugins_offer_belongs_to_neither() -> None:
    readers = [AssetReader("x", ("application/x",), "json:loads")]
    registry = Registry.from_plugins([plugin("a", [], readers), plugin("b", [], readers)])
    assert registry.asset_readers == {}
    assert "application/x" in registry.problems[0].what


def test_precedence_in_a_circle_is_refused() -> None:
    registry = Registry.from_plugins(
        [
            plugin(
                "a",
                [
                    ingestor("one", beats=("two",)),
                    ingestor("two", beats=("one",)),
                    ingestor("three", beats=("one",)),
                ],
            )
        ]
    )
    assert [record.beats for record in registry.ingestors.values()] == [
        (),
        (),
        ("one",),
    ]
    assert "one, two" in registry.problems[0].what


def test_the_registry_in_use_can_be_replaced_also_for_other_threads() -> None:
    installed = get_registry()
    mine = Registry.from_plugins([])
    seen: list[Registry] = []
    with use_registry(mine):
        thread = threading.Thread(target=lambda: seen.append(get_registry()))
        thread.start()
        thread.join()
    assert seen == [mine]
    assert get_registry() is installed


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("json", "is not a reference"),
        ("no_such_module_ever:f", "module no_such_module_ever cannot be imported"),
        ("json:no_such", "json has no no_such"),
        ("json:__name__", "is not callable"),
    ],
)
def test_a_reference_that_leads_nowhere_says_where_it_ends(reference: str, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        resolve_reference(reference)


def test_what_a_probe_found_passes_through_json() -> None:
    found = RunsFound(({"entry": "a"}, {"entry": "b"}), "two", ("odd",), separate=True)
    assert RunsFound.from_dict(json.loads(json.dumps(found.to_dict()))) == found
