"""Tables of the page as plain values: written by the template, sorted and filtered by its script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Td:
    """A cell.

    Attributes:
        small: Small print below, such as an interval.
        kind: A class of the style sheet: "better", "worse" or "fails".
        bar: A gain and its interval on a scale of 0 to 100, to be drawn.
    """

    text: str
    small: str = ""
    kind: str = ""
    bar: dict[str, float] | None = None


@dataclass(frozen=True)
class Tr:
    """A row; the first cell names it.

    Attributes:
        kind: Classes of the style sheet: "control", "reference", "leads".
    """

    cells: tuple[Td, ...]
    kind: str = ""


@dataclass(frozen=True)
class FigureGrid:
    """A table.

    Attributes:
        label: Its content, for screen readers.
        texts: Columns of text, at the left.
    """

    label: str
    head: tuple[str, ...]
    rows: tuple[Tr, ...]
    texts: frozenset[int] = frozenset({0})


def td(text: str, kind: str = "") -> Td:
    """Put an interval `mean [low, high]`, or the range of families `mean (low to high)`, into two lines."""
    found = re.fullmatch(r"(\S+) (\[.+\]|\(.+ to .+\))", text)
    return Td(found[1], found[2], kind) if found else Td(text, kind=kind)


def grid(label: str, head: Sequence[str], lines: Iterable[Sequence[str]], texts: Iterable[int] = (0,)) -> FigureGrid:
    """Make a table of text; names in columns of text are taken as they are, whatever brackets they have."""
    placed = frozenset(texts)
    rows = (Tr(tuple(Td(c) if i in placed else td(c) for i, c in enumerate(line))) for line in lines)
    return FigureGrid(label, tuple(head), tuple(rows), placed)
