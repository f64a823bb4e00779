"""What the cases of codecs share: a trial as depth, kernel, rate and, where active, shape; and its fidelity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toy_suite import Episode, anywhere

from answers import Case

Asked = tuple[tuple[Any, ...], float]


def full(*configs: tuple[Any, ...]) -> list[Asked]:
    """Return configurations at full fidelity."""
    return [(config, 1.0) for config in configs]


def anywhere_and_back(part: Any, table: Sequence[tuple[Any, Asked]], budget: int | None = None) -> Case:
    """Return the case of a table of actions and what they ask for: one episode forward, one backward.

    The tasks evaluate every point, so that a trial is the action itself.
    """
    actions, asked = [list(column) for column in zip(*table, strict=True)]
    episodes = (Episode("e", actions), Episode("f", actions[::-1]))
    return Case(part, episodes, (asked, asked[::-1]), anywhere, {"budget": len(table) if budget is None else budget})
