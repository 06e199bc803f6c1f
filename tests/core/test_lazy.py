"""Packages hand on their names lazily, and no submodule shadows a name."""

import importlib
import pkgutil

import pytest

import penstock
from penstock.core.lazy import lazy_exports

PACKAGES = [
    name
    for _, name, is_package in pkgutil.walk_packages(penstock.__path__, "penstock.")
    if is_package
]


@pytest.mark.parametrize("name", ["penstock", *PACKAGES])
def test_every_public_name_resolves_and_is_no_submodule(name):
    package = importlib.import_module(name)
    submodules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    for public in getattr(package, "__all__", ()):
        assert getattr(package, public) is not None
        if public in submodules:  # importing the submodule would replace the name
            assert getattr(package, public).__name__ == f"{name}.{public}"
        assert public in dir(package)


def test_an_unknown_name_is_an_attribute_error():
    getter, _, _ = lazy_exports("json", {})
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getter("nothing")
