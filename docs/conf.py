"""Sphinx: `sphinx-build -W docs docs/_build`. Pages are MyST Markdown; the reference is made from the docstrings."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
for folder in (TOP, TOP / "agents", TOP / "baselines", TOP / "docs" / "_ext"):
    sys.path.insert(0, str(folder))

import pandas  # noqa: E402, F401 - before pyarrow, which it asks for its version, is stood in for

import hpo_gym  # noqa: E402 - the paths come first
from hpo_gym.base import EXTRAS  # noqa: E402

project = "hpo-gym"
author = "The hpo-gym developers"
copyright = author
version = release = hpo_gym.__version__

language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    *("repository", "env_pages", "registered", "api_pages", "children", "doors"),  # docs/_ext
    *("results", "accessible", "mathml", "source_links"),
]
exclude_patterns = ["_build", "_ext", "examples"]
results_static = ["../README.md"]  # held against the results, but no page of the site
results_credit = ["../README.md", "../README.zh-CN.md"]  # held against the rule of credit.py
html_theme = "furo"
html_title = f"hpo-gym {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_logo = html_favicon = "_static/mark.svg"  # the mark of logo.svg: its words follow the system, not the theme
html_math_renderer = "mathml"
pygments_dark_style = "github-dark"
myst_heading_anchors = 4
myst_links_external_new_tab = True
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "off"  # the outputs that are stored are shown; tests/docs/test_notebooks.py runs notebooks
nb_merge_streams = True

copybutton_prompt_text = r">>> |\.\.\. |\$ |In \[\d*\]: "  # a block with prompts loses them, and its outputs
copybutton_prompt_is_regexp = True
copybutton_selector = ":not(.highlight-text):not(.highlight-console):not(.output) > div.highlight pre"  # no outputs

# the extra "docs" suffices: what else is not installed is stood in for, and found by those who ask later
autodoc_mock_imports = sorted({p for extra in EXTRAS.values() for p in extra if find_spec(p) is None})
default_role = "code"  # `name` in a docstring, as in Markdown
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
