"""Sphinx: `sphinx-build -W docs docs/_build`. Pages are MyST Markdown; the reference is made from the docstrings."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
for folder in (TOP, TOP / "agents", TOP / "baselines"):
    sys.path.insert(0, str(folder))

import pandas  # noqa: E402, F401 - before pyarrow, which it asks for its version, is stood in for

import hpo_gym  # noqa: E402 - the paths come first
from hpo_gym.registry import EXTRAS  # noqa: E402

project = "hpo-gym"
author = "The hpo-gym developers"
copyright = author
version = release = hpo_gym.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"hpo-gym {release}"
myst_heading_anchors = 3
myst_links_external_new_tab = True
suppress_warnings = ["myst.xref_missing"]  # links to files of the repository, which tests/docs/test_readme.py checks

# the extra "docs" suffices: what else is not installed is stood in for, and found by those who ask later
autodoc_mock_imports = sorted({p for extra in EXTRAS.values() for p in extra if find_spec(p) is None})
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True


def _headings(app, what, name, obj, options, lines):
    """Turn the Markdown headings of Gymnasium's docstrings into what reStructuredText knows."""
    out = []
    for line in lines:
        heading = re.fullmatch(r"## (.+)", line)
        if heading is None:
            out.append(line)
        elif heading[1] == "Arguments":
            out += ["Args:"]
        else:
            out += ["", f"**{heading[1]}**", ""]
    lines[:] = out


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _headings, priority=100)  # before napoleon
