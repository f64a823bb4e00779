"""Docstrings and pages in plain English: few relative constructions, no docstring that opens with one."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PACKAGES = ("hpo_gym", "agents/hpo_agents", "baselines/hpo_baselines")
OPENING = re.compile(r"(What|Whatever|Who|Whose|Whether|Which|How|As|Of|Those)\b")
RELATIVE = re.compile(r"\b(what|whatever|who|whom|whose|whoever|which|whichever|those)\b", re.I)
WORD = re.compile(r"[A-Za-z']+")


def docstrings(text: str) -> Iterator[str]:
    """Yield the docstrings of a file, those of attributes too."""
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for before, here in zip([None, *body], body, strict=False):
            first = before is None and isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            if (first or isinstance(before, (ast.Assign, ast.AnnAssign))) and isinstance(here, ast.Expr):
                value = getattr(here.value, "value", None)
                if isinstance(value, str):
                    yield inspect.cleandoc(value)


def per_hundred(texts: list[str]) -> float:
    """Return relative constructions per 100 words."""
    return 100 * sum(len(RELATIVE.findall(t)) for t in texts) / sum(len(WORD.findall(t)) for t in texts)


def test_docstrings_open_with_a_verb_or_a_noun_and_have_few_relatives():
    files = [p for package in PACKAGES for p in (TOP / package).rglob("*.py")]
    texts = [text for path in files for text in docstrings(path.read_text(encoding="utf-8"))]
    assert len(texts) > 4000
    assert sum(bool(OPENING.match(t)) for t in texts) <= 0.02 * len(texts)
    assert per_hundred(texts) <= 0.6


def test_pages_have_few_relatives():
    ignored = re.findall(r"^docs/(\w+)/$", (TOP / ".gitignore").read_text(encoding="utf-8"), re.M)  # made by a build
    docs = TOP / "docs"
    pages = [p for p in docs.rglob("*.md") if p.relative_to(docs).parts[0] not in ignored]
    texts = [p.read_text(encoding="utf-8") for p in pages]
    assert per_hundred(["\n".join(line for line in t.splitlines() if not line.startswith("|")) for t in texts]) <= 0.6


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"""A page."""\nX = 1\n"""What X is."""\n', ["A page.", "What X is."]),
        ('def f():\n    """Return one."""\n    return "no docstring"\n', ["Return one."]),
    ],
)
def test_docstrings_are_found(text: str, found: list[str]):
    assert sorted(docstrings(text)) == sorted(found)
