"""Every convention of the field, spelled out as real files: what becomes one run, in which order.

Nothing is one run that is not one acquisition, but for what is called undecided or wrong.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

_FILE = Path(__file__).with_name("conventions.py")
_SPEC = importlib.util.spec_from_file_location("conventions", _FILE)
assert _SPEC is not None
assert _SPEC.loader is not None
conventions = importlib.util.module_from_spec(_SPEC)
sys.modules["conventions"] = conventions
_SPEC.loader.exec_module(conventions)


@pytest.mark.parametrize("convention", conventions.CONVENTIONS, ids=lambda item: item.id)
def test_files_are_grouped_as_their_convention_says(convention, tmp_path):
    outcome = conventions.try_out(convention, tmp_path)
    assert outcome.verdict == convention.verdict, outcome.runs
    assert outcome.is_ordered, outcome.runs
    assert outcome.unclaimed == set(convention.beside)
