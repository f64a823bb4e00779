"""The episodes of `answers.episodes` as a scale shows their scores: after one, two, three and four trials."""

from __future__ import annotations

from collections.abc import Sequence

from answers import Case
from answers.episodes import INITIAL, TWO

Shown = Sequence[Sequence[tuple[float, ...]]]


def scale(name: str, episodes: Shown) -> dict[str, Case]:
    """Return the cases of a scale; an initial design counts as trials, so that the first two are seen at once."""
    later = [shown[2:] for shown in episodes]
    return {
        "two episodes": Case(name, TWO, episodes),
        "initial design": Case(name, INITIAL, later, options={"budget": 2, "n_init": 2}),
    }
