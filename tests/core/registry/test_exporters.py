"""Exporters come through a hook of their own, and copying goes through the one called msgpack."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from penstock.core.errors import PluginError
from penstock.core.registry import Exporter, Registry, get_registry, hookimpl, use_registry
from penstock.core.report import ReportItem
from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run


def plugin(name: str, *exporters: Any) -> ModuleType:
    module = ModuleType(name)

    @hookimpl
    def penstock_exporters() -> Any:
        return exporters

    module.penstock_exporters = penstock_exporters  # type: ignore[attr-defined]
    return module


def say(run: BlueskyRun, directory: str) -> ReportItem:
    return ReportItem(directory, "ok", "said", uid=run.uid)


def test_the_built_in_ones_are_there() -> None:
    assert {"jsonl", "msgpack"} <= set(get_registry().exporters)


def test_an_exporter_is_found_by_name_and_shown_with_its_plugin() -> None:
    exporter = Exporter("mine", "Mine", "json:dumps")
    registry = Registry.from_plugins([plugin("lab", exporter)])
    assert registry.exporters == {"mine": exporter}
    assert registry.exporter_function("mine").__name__ == "dumps"
    assert registry.plugins[0].exporters == ("mine",)


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    registry = Registry.from_plugins([plugin("lab", Exporter("mine", "Mine", "json:dumps"))])
    with pytest.raises(PluginError, match="no exporter is registered as 'yours'.*are: mine"):
        registry.exporter_function("yours")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mine", "gave str instead of Exporter"),
        (Exporter("two words", "Mine", "json:dumps"), "is no name"),
        (Exporter("mine", "Mine", "json.dumps"), "is not a reference"),
    ],
)
def test_a_wrong_record_is_told_and_the_right_ones_stay(given: Any, said: str) -> None:
    good = Exporter("good", "Good", "json:dumps")
    registry = Registry.from_plugins([plugin("lab", given, good)])
    assert list(registry.exporters) == ["good"]
    (problem,) = registry.problems
    assert said in problem.what


def test_a_name_that_two_plugins_offer_belongs_to_neither() -> None:
    one, two = (plugin(name, Exporter("mine", name, "json:dumps")) for name in "ab")
    registry = Registry.from_plugins([one, two])
    assert registry.exporters == {}
    assert "exporter 'mine' is offered more than once" in registry.problems[0].what


def test_runs_are_copied_by_the_exporter_called_msgpack(tmp_path: Path) -> None:
    exporter = Exporter("msgpack", "Says", "json:dumps", copy=f"{__name__}:say")
    with (
        use_registry(Registry.from_plugins([plugin("lab", exporter)])),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setitem(__import__("sys").modules, __name__, _this_module())
        assert BlueskyRun(count_run(1)).cache(tmp_path).why == "said"


def _this_module() -> ModuleType:
    module = ModuleType(__name__)
    module.say = say  # type: ignore[attr-defined]
    return module


def test_one_that_keeps_no_copies_says_so() -> None:
    registry = Registry.from_plugins([plugin("lab", Exporter("mine", "Mine", "json:dumps"))])
    with pytest.raises(PluginError, match="'mine' keeps no copies"):
        registry.copy_function("mine")


def test_without_it_that_is_told(tmp_path: Path) -> None:
    with (
        use_registry(Registry.from_plugins([])),
        pytest.raises(PluginError, match="no exporter is registered as 'msgpack'"),
    ):
        BlueskyRun(count_run(1)).cache(tmp_path)
