"""Every hook, and every field of what hooks give, is documented."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from penstock.core.registry import AssetReader, Ingestor, RunsFound
from penstock.core.registry.hooks import HookSpecs

HOOKS = [name for name in vars(HookSpecs) if name.startswith("penstock_")]


@pytest.fixture(scope="session")
def page(repository: Path) -> str:
    return (repository / "docs" / "reference" / "hooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_has_a_section_and_a_docstring(page: str, hook: str) -> None:
    assert f"\n## `{hook}()`\n" in page
    assert vars(HookSpecs)[hook].__doc__


@pytest.mark.parametrize("record", [Ingestor, RunsFound, AssetReader])
def test_a_record_has_every_field_explained(page: str, record: type) -> None:
    for field in dataclasses.fields(record):
        assert f"\n| `{field.name}` |" in page


def test_no_section_is_about_a_hook_that_does_not_exist(page: str) -> None:
    sections = [line[4:-3] for line in page.splitlines() if line.startswith("## `")]
    assert sections == HOOKS
