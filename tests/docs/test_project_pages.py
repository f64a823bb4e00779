"""Install, citation, glossary and questions: what they repeat of other files is the same there."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
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
TERMS = (
    "search space", "configuration", "task", "suite", "context", "budget", "fidelity", "query", "trial", "history",
    "incumbent", "regret", "optimizer", "baseline", "agent", "episode", "run", "study", "observer", "codec", "reward",
    "family", "cold start", "portfolio",
)  # fmt: skip


def bibtex(citation: dict[str, object]) -> str:
    """The entry that CITATION.cff gives."""
    authors = " and ".join("{" + str(author["name"]) + "}" for author in citation["authors"])  # type: ignore[attr-defined, index]
    fields = {
        "author": "{" + authors + "}", "title": "{{" + str(citation["title"]) + "}}",
        "version": "{" + str(citation["version"]) + "}", "license": "{" + str(citation["license"]) + "}",
    }  # fmt: skip
    return "@software{hpo_gym,\n" + ",\n".join(f"  {key:<7} = {value}" for key, value in fields.items()) + "\n}\n"


def bibtex_of_the_text(citation: dict[str, object]) -> str:
    """The entry that CITATION.cff prefers."""
    preferred: dict[str, object] = citation["preferred-citation"]  # type: ignore[assignment]
    authors = " and ".join("{" + str(author["name"]) + "}" for author in preferred["authors"])  # type: ignore[attr-defined, index]
    fields = {
        "author": "{" + authors + "}", "title": "{{" + str(preferred["title"]) + "}}",
        "year": "{" + str(preferred["year"]) + "}", "note": "{" + str(preferred["notes"]) + "}",
    }  # fmt: skip
    return "@unpublished{hpo_gym_benchmark,\n" + ",\n".join(f"  {key:<6} = {v}" for key, v in fields.items()) + "\n}\n"


@pytest.mark.parametrize(
    "page", [p for p in ("docs/citation.md", "README.md", "README.zh-CN.md") if (TOP / p).is_file()]
)
def test_the_bibtex_is_that_of_the_citation_file(page: str) -> None:
    citation = yaml.safe_load((TOP / "CITATION.cff").read_text(encoding="utf-8"))
    text = re.sub(r"\n {8,}", " ", (TOP / page).read_text(encoding="utf-8"))  # a title that goes on
    blocks = re.findall(r"^```bibtex\n(.*?)^```$", text, re.M | re.S)
    if page == "docs/citation.md":
        assert blocks == [bibtex(citation), bibtex_of_the_text(citation)]
    else:
        assert blocks in ([bibtex(citation)], [])


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


def test_the_glossary_has_the_words_of_the_field_and_places_that_exist() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.M)
    known = {term for terms, *_ in rows for term in terms.strip().split(", ")}
    assert set(TERMS) <= known
    for terms, meaning, place in rows:
        if terms not in ("term", "---"):
            assert 1 <= meaning.count(". ") + 1 <= 3, terms
            code = re.fullmatch(r"`([\w./-]+)`", place.strip())
            assert (TOP / code[1]).exists() if code else place.startswith("{py:"), terms


def test_questions_are_many_and_answered() -> None:
    _, *parts = (DOCS / "faq.md").read_text(encoding="utf-8").split("\n### ")
    assert len(parts) >= 12
    for part in parts:
        question, _, answer = part.partition("\n")
        assert question.endswith("?") and re.search(r"\]\(|`|\d", answer), question  # a page, a command or a number
