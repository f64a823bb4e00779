"""Answers of the observer `pool`: the rows that can be chosen, and what is known of each."""

from __future__ import annotations

from typing import Any

from answers import Case
from answers.episodes import R0, R1, R2, R3, R4, TWO, of_context, of_initial_design


def _pool(features: Any, mask: Any, best: float, left: float) -> dict[str, Any]:
    rows = (R0, R1, R2, R3, R4)
    return {"candidates": rows, "candidate_features": features, "action_mask": mask, "state": (best, left)}


# of each row: tried, its score, distance to the incumbent, distance to the nearest trial
UNSEEN = ((0, 0, 1, 1),) * 5
EPISODES = (
    [
        _pool(UNSEEN, (1, 1, 1, 1, 1), 0, 1),
        _pool(  # row 0 is all there is
            (
                (1, 0.5, 0, 0),
                (0, 0, 0.3125, 0.3125),
                (0, 0, 0.6875, 0.6875),
                (0, 0, 0.375, 0.375),
                (0, 0, 0.375, 0.375),
            ),
            (0, 1, 1, 1, 1), 0.5, 0.75,
        ),
        _pool(  # incumbent 4, tried 0 and 4
            (
                (1, 0.5, 0.375, 0),
                (0, 0, 0.1875, 0.1875),
                (0, 0, 0.3125, 0.3125),
                (0, 0, 0.375, 0.375),
                (1, 0.75, 0, 0),
            ),
            (0, 1, 1, 1, 0), 0.75, 0.5,
        ),
        _pool(  # the repeat of row 0 changes nothing but the budget
            (
                (1, 0.5, 0.375, 0),
                (0, 0, 0.1875, 0.1875),
                (0, 0, 0.3125, 0.3125),
                (0, 0, 0.375, 0.375),
                (1, 0.75, 0, 0),
            ),
            (0, 1, 1, 1, 0), 0.75, 0.25,
        ),
        _pool(  # and 1: row 3 is nearer to it (.3125) than to 0 and 4 (.375), row 2 nearer to 4
            (
                (1, 0.5, 0.375, 0),
                (1, 0.625, 0.1875, 0),
                (0, 0, 0.3125, 0.3125),
                (0, 0, 0.375, 0.3125),
                (1, 0.75, 0, 0),
            ),
            (0, 0, 1, 1, 0), 0.75, 0,
        ),
    ],
    [
        _pool(UNSEEN, (1, 1, 1, 1, 1), 0, 1),
        _pool(
            (
                (0, 0, 0.6875, 0.6875),
                (0, 0, 0.5, 0.5),
                (1, 0.375, 0, 0),
                (0, 0, 0.4375, 0.4375),
                (0, 0, 0.3125, 0.3125),
            ),
            (1, 1, 0, 1, 1), 0.375, 0.75,
        ),
        _pool(  # incumbent 3, tried 2 and 3
            (
                (0, 0, 0.375, 0.375),
                (0, 0, 0.3125, 0.3125),
                (1, 0.375, 0.4375, 0),
                (1, 0.75, 0, 0),
                (0, 0, 0.375, 0.3125),
            ),
            (1, 1, 0, 0, 1), 0.75, 0.5,
        ),
        _pool(  # incumbent 0, tried 0, 2 and 3
            (
                (1, 1.25, 0, 0),
                (0, 0, 0.3125, 0.3125),
                (1, 0.375, 0.6875, 0),
                (1, 0.75, 0.375, 0),
                (0, 0, 0.375, 0.3125),
            ),
            (0, 1, 0, 0, 1), 1.25, 0.25,
        ),
        _pool(
            (
                (1, 1.25, 0, 0),
                (0, 0, 0.3125, 0.3125),
                (1, 0.375, 0.6875, 0),
                (1, 0.75, 0.375, 0),
                (0, 0, 0.375, 0.3125),
            ),
            (0, 1, 0, 0, 1), 1.25, 0,
        ),
    ],
)  # fmt: skip
GIVEN_WANTED = tuple(
    [{**seen, "state": (best, left)} for seen, best, left in zip(episode[2:], bests, (1, 0.5, 0), strict=True)]
    for episode, bests in zip(EPISODES, ((0.75, 0.75, 0.75), (0.75, 1.25, 1.25)), strict=True)
)

CASES = {
    "two episodes": Case("pool", TWO, EPISODES),
    "context": of_context("pool", EPISODES),
    "initial design": of_initial_design("pool", GIVEN_WANTED),
}
