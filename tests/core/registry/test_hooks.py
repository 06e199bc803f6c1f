"""Every hook, and every field of what hooks give, is documented."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType

import pytest

from penstock.core.registry import Registry, collecting, records
from penstock.core.registry.hooks import HookSpecs

HOOKS = [name for name in vars(HookSpecs) if name.startswith("penstock_")]
RECORDS = ["Ingestor", "RunsFound", "AssetReader", "Exporter", "Command"]


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "reference" / "hooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_has_a_section_and_a_docstring(page: str, hook: str) -> None:
    assert f"\n## {hook}\n" in page
    assert vars(HookSpecs)[hook].__doc__


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_shown_by_an_example_that_gives_valid_records(page: str, hook: str) -> None:
    section = page.partition(f"\n## {hook}\n")[2].partition("\n## ")[0]
    example = section.partition("```python\n")[2].partition("```")[0]
    module = ModuleType("example")
    exec(example, vars(module))
    registry = Registry.from_plugins([module])
    assert registry.problems == ()
    (info,) = registry.plugins
    assert getattr(info, hook.removeprefix("penstock_"))


def test_what_is_called_is_what_is_specified() -> None:
    assert list(collecting._HOOKS) == HOOKS


def test_no_section_is_about_a_hook_that_does_not_exist(page: str) -> None:
    sections = [line[3:] for line in page.splitlines() if line.startswith("## penstock_")]
    assert sections == HOOKS


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_shown_and_every_field_of_it_explained(page: str, record: str) -> None:
    assert f"autoclass:: penstock.{record}\n" in page
    tree = ast.parse(inspect.getsource(getattr(records, record)))
    body = tree.body[0].body  # type: ignore[attr-defined]
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign):
            explained = isinstance(following, ast.Expr) and isinstance(
                following.value, ast.Constant
            )
            assert explained, ast.unparse(statement)
