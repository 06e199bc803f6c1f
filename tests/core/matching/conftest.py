"""Registries of ingestors that a test makes up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from penstock.core.registry import Ingestor, Registry, hookimpl, use_registry

Probe = Callable[[list[str]], Any]


@pytest.fixture
def asked() -> list[tuple[str, int]]:
    """The names of the ingestors that were asked, and about how many files."""
    return []


@pytest.fixture
def using(
    asked: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """Make a registry of ingestors, given as a name and what differs from the usual."""
    lab = ModuleType("lab_probes")
    monkeypatch.setitem(sys.modules, "lab_probes", lab)
    entered = []

    def use(**ingestors: dict[str, Any]) -> None:
        records = []
        for name, changes in ingestors.items():
            values = {"title": name, "ingest": "json:loads", "takes": "files", **changes}
            if "probe" in values:
                answer = values["probe"]

                def probe(paths: list[str], name: str = name, answer: Probe = answer) -> Any:
                    asked.append((name, len(paths)))
                    return answer(paths)

                setattr(lab, f"probe_{name}", probe)
                values["probe"] = f"lab_probes:probe_{name}"
            records.append(Ingestor(name, **values))

        class Lab:
            @hookimpl
            def penstock_ingestors(self) -> list[Ingestor]:
                return records

        context = use_registry(Registry.from_plugins([Lab()]))
        context.__enter__()
        entered.append(context)

    yield use
    for context in entered:
        context.__exit__(None, None, None)
