"""Sphinx configuration."""

from __future__ import annotations

from importlib.metadata import version as installed_version

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
