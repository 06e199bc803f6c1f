"""The page of origins is made of what is registered, and shows what happens to files of each."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from penstock.core.registry import get_registry

WITHOUT_SAMPLE = {
    "hdf5-chunks",  # data files without their master
    "imagej-series",  # as imagej-stack, one plane a file
    "joined",  # takes calls
    "ome-companion",
    "spec",
    "text-log",
    "tiff-stack",  # the stack among the samples is of ImageJ
    "tiff-template",  # what a user says of names
}
"""Ingestors of no origin whose files would be written for the page alone."""


@pytest.fixture(scope="module")
def origins_page(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "origins_page", repository / "docs/origins_page.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["origins_page"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def examples(origins_page: ModuleType) -> dict[str, list[Any]]:
    return origins_page.examples()  # type: ignore[no-any-return]


def own_ingestors() -> set[str]:
    return {
        name
        for name, ingestor in get_registry().ingestors.items()
        if ingestor.ingest.startswith("penstock.")
    }


def test_every_ingestor_takes_its_samples(examples: dict[str, list[Any]]) -> None:
    """A sample that another ingestor takes, or an origin without one, is a gap on the page."""
    assert own_ingestors() - set(examples) - WITHOUT_SAMPLE == set()


def test_every_example_shows_evidence_and_data(examples: dict[str, list[Any]]) -> None:
    for name, shown in examples.items():
        for example in shown:
            assert example.evidence, name
            assert any(example.streams.values()), name


def test_the_page_has_a_section_for_every_ingestor(
    origins_page: ModuleType, examples: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origins_page, "examples", lambda: examples)
    text = origins_page.page()
    for name in own_ingestors():
        assert f"\n## {name}\n" in f"\n{text}"
    assert "stream `flat`" in text
    assert "/tmp/" not in text
    assert str(Path.home()) not in text
