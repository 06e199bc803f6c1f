"""Sphinx configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version as installed_version
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

project = "penstock"
author = "The penstock developers"
copyright = "The penstock developers"
release = installed_version("penstock")
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "penstock"

# Types are shown once, in the signature; numpydoc sections say what they cannot.
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
# `name` in a docstring is a name: a link where there is one to point at, code elsewhere.
default_role = "code"


class CommandHelp(Directive):
    """Show what ``penstock SUBCOMMAND --help`` says."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        command = [sys.executable, "-m", "penstock", *self.arguments, "--help"]
        environment = {**os.environ, "COLUMNS": "90", "NO_COLOR": "1"}
        text = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        block = nodes.literal_block(text.stdout, text.stdout)
        block["language"] = "text"
        return [block]


class Origins(Directive):
    """Show what is known of each origin: see ``origins_page.py``."""

    def run(self) -> list[nodes.Node]:
        sys.path.insert(0, os.path.dirname(__file__))
        from origins_page import page

        container = nodes.section()
        container.document = self.state.document
        lines = StringList(page().splitlines(), source="origins_page.py")
        self.state.nested_parse(lines, 0, container, match_titles=True)
        return container.children


_as_written: dict[str, list[str]] = {}


def keep_attribute(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Note what an attribute's docstring says before napoleon sees it."""
    if what in ("attribute", "data", "property"):
        _as_written[name] = list(lines)


def restore_attribute(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Undo napoleon, which takes what stands before a colon in them for a type."""
    if what in ("attribute", "data", "property"):
        lines[:] = _as_written.pop(name)


def setup(app: Sphinx) -> None:
    app.add_directive("command-help", CommandHelp)
    app.add_directive("origins", Origins)
    app.connect("autodoc-process-docstring", keep_attribute, priority=400)  # napoleon has 500
    app.connect("autodoc-process-docstring", restore_attribute, priority=600)
