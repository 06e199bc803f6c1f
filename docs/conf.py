"""Sphinx configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version as installed_version

from docutils import nodes
from docutils.parsers.rst import Directive
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


def setup(app: Sphinx) -> None:
    app.add_directive("command-help", CommandHelp)
