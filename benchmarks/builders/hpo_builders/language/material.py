"""The texts of the suite `LM`: which, in what order, and how much of each is learned from."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hpo_builders.language import grammars, sources, texts
from hpo_builders.language.shape import Size
from hpo_builders.language.texts import BLOCK, BLOCKS, Text
from hpo_builders.training import material
from hpo_builders.training.material import Material
from hpo_gym.base import generator, key

KILO = 1024


@dataclass(frozen=True)
class Entry:
    """A part of a text to learn from.

    Attributes:
        source: A key of `sources.SOURCES` or `grammars.GRAMMARS`.
        kilo: Characters to learn from, in units of 1,024.
    """

    source: str
    kilo: int

    @property
    def name(self) -> str:
        return f"{self.source}-{self.kilo}k"

    @property
    def kind(self) -> str:
        return "text" if self.package else "language by program"

    @property
    def family(self) -> str:
        return f"text:{self.source}"

    @property
    def package(self) -> str:
        return sources.SOURCES[self.source][0] if self.source in sources.SOURCES else ""


_FIRST = (
    ("tales", 128), ("sums", 64), ("python", 64), ("records", 16), ("help", 128), ("phrases", 64),
    ("airs", 32), ("numerals", 32), ("pronunciations", 64), ("brackets", 128), ("javascript", 32), ("play", 128),
)  # fmt: skip
_SHORT, _LONG = 16, 96
ENTRIES = (
    *(Entry(source, kilo) for source, kilo in _FIRST),
    *(Entry(source, _SHORT if kilo > _SHORT * 2 else _LONG) for source, kilo in _FIRST),
)
"""Each source once, then each once more, a short part where the first was long."""


@dataclass(frozen=True, eq=False)
class Texts(Material):
    """Texts of packages and languages by program; a text is turned to where a seed says before it is cut.

    Attributes:
        limit: So many of `ENTRIES` are built unless others are asked for.
    """

    limit: int | None = len(_FIRST)

    packages = sources.PACKAGES

    def entries(self) -> Sequence[material.Entry]:
        return ENTRIES

    def problem(self, entry: material.Entry, archives: Path, seed: int) -> Text:
        mine = cast("Entry", entry)
        characters = mine.kilo * KILO
        place = key("text", entry.name, seed)
        if mine.package:
            whole = turned(sources.text(mine.source, archives), place)[: 4 * texts.needed(characters)]
        else:
            rules, lines = generator(key("rules", mine.source)), generator(place)
            whole = grammars.text(mine.source, 2 * texts.needed(characters), rules, lines)
        return texts.cut(entry.name, texts.normalised(whole), characters)

    def digest(self, problem: Text) -> bytes:
        out = hashlib.sha256(problem.alphabet.encode())
        for codes in (problem.pieces, problem.validation, problem.test):
            out.update(codes.tobytes())
        return out.digest()

    def toy(self) -> Text:
        small = (Size(500, 2048),) * 3
        return texts.cut("toy", "a cat and a hat. " * 3000, 4 * KILO, small)

    def meta(self, entry: material.Entry, problem: Text, archives: Path) -> dict[str, float | None]:
        return {
            "log_characters": math.log(problem.pieces.size),
            "symbols": float(len(problem.alphabet)),
            **{f"entropy_{order}": texts.entropy(problem, order) for order in range(4)},
        }

    def describe(self) -> dict[str, Any]:
        held = f"{BLOCKS} blocks of {BLOCK:,} characters"
        return {
            "score": {
                "name": "share of a uniform guess's bits that is saved, 1 - bits per character / log2(symbols)",
                "unit": "share",
                "range": [-1, 1],
                "protocol": f"{held} between the pieces that are learned from, in windows of the configuration's "
                f"context side by side; test, at full fidelity: {held} of the text after them",
            },
            "cost": {"unit": "processor seconds", "what": "to train one size by itself, and to validate it"},
            "preprocessing": {
                "text": "lower case without accents; tabs are blanks; no more than one empty line at a time",
                "alphabet": f"the characters of the text; of more than {texts.SYMBOLS}, the {texts.SYMBOLS - 1} most "
                "frequent ones and one symbol for all others",
                "order": "documents of a source that has many, by key; the text begins at a line by key",
            },
        }

    def record(self, problems: Mapping[str, Any]) -> dict[str, Any]:
        return {"symbols": {name: len(problem.alphabet) for name, problem in problems.items()}}


def turned(text: str, place: int) -> str:
    """Return the text from a line on, and then what was before it; `place` is a key, any whole number."""
    start = text.find("\n", place % len(text)) + 1
    return text[start:] + "\n" + text[:start]
