"""Entry points of the field's earlier group get names that tell them apart."""

from __future__ import annotations

from penstock.core.registry import Registry
from penstock.core.registry.earlier import EarlierPlugin, name_entry_points
from penstock.core.registry.installed import InstalledEntryPoint


def point(value: str, name: str = "image/tiff") -> InstalledEntryPoint:
    return InstalledEntryPoint("databroker.ingestors", name, value, "als-x")


def test_extras_are_no_part_of_a_name() -> None:
    points = (point("als:ingest [fast]"), point("als:other [fast]"))
    assert list(name_entry_points(points)) == ["image/tiff:als-x:ingest", "image/tiff:als-x:other"]
    registry = Registry.from_plugins([EarlierPlugin(points)])
    assert len(registry.ingestors) == 2
    assert registry.problems == ()


def test_functions_of_the_same_name_are_told_apart_by_their_modules_and_then_by_numbers() -> None:
    points = [point("als.a:ingest"), point("als.b:ingest"), point("als.b:ingest[x]")]
    assert list(name_entry_points(points)) == [
        "image/tiff:als-x:ingest:als.a",
        "image/tiff:als-x:ingest:als.b:1",
        "image/tiff:als-x:ingest:als.b:2",
    ]


def test_they_give_way_to_those_of_today() -> None:
    (record,) = EarlierPlugin((point("als:ingest"),)).penstock_ingestors()
    assert record.gives_way
