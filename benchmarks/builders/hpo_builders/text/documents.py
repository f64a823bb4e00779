"""Texts and their classes, as a task has them: read, cleaned and without what is ambiguous."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpo_builders.text import corpora
from hpo_gym.base import InvalidValueError

LENGTH = 600
"""Characters of a text that are kept, the first ones."""

LINK = re.compile(r"(?:https?\b|pic\.twitter\.com/)\S*")
"""A link, whole or cut off."""

_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, eq=False)
class Entry:
    """A task: texts of some classes of a corpus.

    Attributes:
        name: Of the task.
        family: The corpus, and what tasks of it share in every suite.
        package, path: Where the texts are: see `corpora.read`.
        text, label: Columns.
        classes: The labels that are told apart; a mapping names the class of each. (): all that are not empty.
        least: Shorter texts are left out, in characters.
        kind: What is told apart, in words.
    """

    name: str
    family: str
    package: str
    path: str
    text: str
    label: str
    classes: Mapping[str, str]
    least: int
    kind: str

    def load(self, archives: Path) -> Documents:
        """Read the texts out of the downloaded package."""
        table = corpora.read(self.package, self.path, archives)
        if absent := {self.text, self.label} - set(table):
            raise InvalidValueError(f"Columns of {self.name!r} must be among {list(table)}, got {sorted(absent)}.")
        classes = self.classes or {label: label for label in set(table[self.label]) if label}
        pairs = [
            (clean(text), classes[label])
            for text, label in zip(table[self.text], table[self.label], strict=True)
            if label in classes
        ]
        texts, labels = unambiguous([(text, label) for text, label in pairs if len(text) >= self.least])
        return Documents(self.name, texts, labels)


@dataclass(frozen=True)
class Documents:
    """Texts and their classes, in the source's order; no text stands twice."""

    name: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]


def clean(text: str) -> str:
    """Return a text without links, blanks as single spaces, the first `LENGTH` characters.

    A link is no language: its host would tell who writes.
    """
    return _BLANKS.sub(" ", LINK.sub(" ", text)).strip()[:LENGTH].rstrip()


def unambiguous(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Each text once; texts that have two labels are left out."""
    found: dict[str, set[str]] = {}
    for text, label in pairs:
        found.setdefault(text, set()).add(label)
    kept = [(text, *labels) for text, labels in found.items() if len(labels) == 1]
    return tuple(text for text, _ in kept), tuple(label for _, label in kept)
