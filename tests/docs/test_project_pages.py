"""Citation, addresses and extras: what is repeated of the project file is the same there."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
DOCS = TOP / "docs"
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WRITTEN = ("", ".md", ".toml", ".cff", ".py", ".yml", ".yaml", ".json", ".ipynb", ".html", ".svg", ".bib", ".tex")
SLUG = re.compile(
    r"(?:github\.com|githubusercontent\.com|/github|codespaces/new|/gh)/([\w.-]+)/(hpo-gym)\b"
    r"|([\w-]+)\.github\.io/(hpo-gym)\b"
)
UNPUBLISHED = re.compile(r"pip install (?:-q )?hpo-gym(?![\w\[-])|img\.shields\.io|colab\.research|/badge\.svg", re.I)
"""What leads somewhere after a release alone; `pip install 'hpo-gym[rl]'` adds to an installed checkout."""
APART = {"CHANGELOG.md", "CONTRIBUTING.md", "test_project_pages.py"}
"""Files that may name what comes with a release."""


def test_the_citation_has_the_version_the_licence_and_the_addresses_of_the_package() -> None:
    citation = yaml.safe_load((TOP / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    urls = PROJECT.get("urls", {})
    assert (citation.get("repository-code"), citation.get("url")) == (urls.get("Repository"), urls.get("Homepage"))
    assert citation["keywords"] == PROJECT["keywords"]


def test_each_address_of_the_project_is_that_of_the_project_file() -> None:
    """Before a release it has none: no page, notebook or badge leads to one, and no line takes it from an index."""
    urls, dated = PROJECT.get("urls", {}), rf"^## \[{PROJECT['version']}\] - \d"
    assert bool(urls) == bool(re.search(dated, (TOP / "CHANGELOG.md").read_text(encoding="utf-8"), re.M))
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, check=False).stdout
    known = set(re.findall(r"https://github\.com/(.+)", urls.get("Repository", "")))
    files = [TOP / path for path in listed.split("\0") if Path(path).suffix in WRITTEN]
    found = {}
    for path in files or [*TOP.glob("*.md"), *DOCS.glob("*.md")]:  # an unpacked archive has no list
        if "data" in path.relative_to(TOP).parts or not path.is_file() or path.name in APART:
            continue
        text = path.read_text(encoding="utf-8")
        wrong = {"/".join(filter(None, slug)) for slug in SLUG.findall(text)} - known
        if wrong := wrong | (set() if urls else set(UNPUBLISHED.findall(text))):
            found[str(path.relative_to(TOP))] = wrong
    assert not found


def test_every_extra_has_a_row() -> None:
    page = (DOCS / "install.md").read_text(encoding="utf-8")
    extras = PROJECT["optional-dependencies"]
    assert re.findall(r"^\| `(\w+)` \| .+ \|$", page, re.M) == list(extras)
