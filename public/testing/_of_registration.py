"""Tests of how an ingestor is registered, and of the plug-in that does it."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest
from pathlib import Path

from penstock.core.matching import match
from penstock.core.registry import Ingestor, get_registry
from penstock.core.registry.checking import check_plugins
from penstock.testing._calling import Tested, demand

__all__ = ["RegistrationTests"]

_HEAVY = ("numpy", "h5py", "tifffile", "dask", "xarray", "event_model", "pandas", "scipy")


class RegistrationTests(Tested):
    """The plug-in is light, and what its record says holds."""

    def test_its_plugin_is_light_to_import(self, tmp_path: Path) -> None:
        """Listing plug-ins imports none of the large libraries."""
        plugin = get_registry().plugin_of(self._registered())
        if not plugin.distribution:
            raise unittest.SkipTest("its plug-in is not installed as a package")
        code = (
            "import importlib, json, sys; sys.path[:] = json.loads(sys.argv[1]); "
            "importlib.import_module(sys.argv[2]); print(json.dumps(sorted(sys.modules)))"
        )
        command = [sys.executable, "-c", code, json.dumps(sys.path), plugin.module]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        demand(not done.returncode, f"module {plugin.module} cannot be imported: {done.stderr}")
        heavy = sorted(set(_HEAVY) & set(json.loads(done.stdout.splitlines()[-1])))
        demand(
            not heavy,
            f"importing the plug-in's module {plugin.module} imports {', '.join(heavy)}: keep the "
            "functions in another module, and name them by references 'module:function'",
        )

    def test_it_is_registered_as_it_should_be(self, tmp_path: Path) -> None:
        """What its record says holds, and matching gives it its own files."""
        record = self._registered()
        registry = get_registry()
        plugin = registry.plugin_of(record)
        told = [*registry.problems, *check_plugins(registry)]
        mine = [str(problem) for problem in told if problem.plugin == plugin.name]
        demand(not mine, "; ".join(mine))
        self._files(tmp_path / "data")
        needed = {name: self.kwargs[name] for name in record.needs if name in self.kwargs}
        use = record.name if needed else None  # else matching does not ask it
        plan = match(tmp_path / "data", use=use, settings=needed or None)
        chosen = [item.chosen.ingestor for item in plan.decisions if item.chosen is not None]
        demand(
            record.name in chosen,
            f"matching does not give {record.name!r} the files of this test. It says:\n"
            f"{plan.explain()}\nSee `formats`, `patterns`, `probe` and `beats` of its record.",
        )

    def _registered(self) -> Ingestor:
        if self._record is None:
            raise unittest.SkipTest("no plug-in registers this function")
        return self._record
