"""Answers of the observer `tokens`: every trial in padded arrays."""

from __future__ import annotations

from typing import Any

from answers import Case
from answers.episodes import NO, R0, R1, R2, R3, R4, TWO, of_context, of_fidelities, of_initial_design


def _tokens(x: Any, y: Any, f: Any, mask: Any, left: float, **more: Any) -> dict[str, Any]:
    return {"history_x": x, "history_y": y, "history_f": f, "mask": mask, "left": (left,), **more}


EPISODES = (
    [
        _tokens((NO, NO, NO, NO), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0), 1),
        _tokens((R0, NO, NO, NO), (0.5, 0, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0), 0.75),
        _tokens((R0, R4, NO, NO), (0.5, 0.75, 0, 0), (1, 1, 0, 0), (1, 1, 0, 0), 0.5),
        _tokens((R0, R4, R0, NO), (0.5, 0.75, 0.5, 0), (1, 1, 1, 0), (1, 1, 1, 0), 0.25),
        _tokens((R0, R4, R0, R1), (0.5, 0.75, 0.5, 0.625), (1, 1, 1, 1), (1, 1, 1, 1), 0),
    ],
    [
        _tokens((NO, NO, NO, NO), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0), 1),
        _tokens((R2, NO, NO, NO), (0.375, 0, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0), 0.75),
        _tokens((R2, R3, NO, NO), (0.375, 0.75, 0, 0), (1, 1, 0, 0), (1, 1, 0, 0), 0.5),
        _tokens((R2, R3, R0, NO), (0.375, 0.75, 1.25, 0), (1, 1, 1, 0), (1, 1, 1, 0), 0.25),
        _tokens((R2, R3, R0, R3), (0.375, 0.75, 1.25, 0.75), (1, 1, 1, 1), (1, 1, 1, 1), 0),
    ],
)
# float, int, ordinal, categorical, constant; logarithmic; 1 / number of values
COLUMNS = ((0, 1, 0, 0, 0, 0, 0.25), (0, 0, 0, 1, 0, 0, 0.25), (1, 0, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, 0, 0))
ALL, BUT_SHAPE, NOT_YET = (1, 1, 1, 1), (1, 1, 1, 0), (0, 0, 0, 0)
ACTIVE = (
    [
        (NOT_YET, NOT_YET, NOT_YET, NOT_YET),
        (BUT_SHAPE, NOT_YET, NOT_YET, NOT_YET),
        (BUT_SHAPE, ALL, NOT_YET, NOT_YET),
        (BUT_SHAPE, ALL, BUT_SHAPE, NOT_YET),
        (BUT_SHAPE, ALL, BUT_SHAPE, ALL),
    ],
    [
        (NOT_YET, NOT_YET, NOT_YET, NOT_YET),
        (ALL, NOT_YET, NOT_YET, NOT_YET),
        (ALL, BUT_SHAPE, NOT_YET, NOT_YET),
        (ALL, BUT_SHAPE, BUT_SHAPE, NOT_YET),
        (ALL, BUT_SHAPE, BUT_SHAPE, BUT_SHAPE),
    ],
)
WIDE_TOKENS = tuple(
    [{**seen, "hyperparameters": COLUMNS, "active": on} for seen, on in zip(tokens, active, strict=True)]
    for tokens, active in zip(EPISODES, ACTIVE, strict=True)
)
GIVEN_WANTED = tuple(
    [{**seen, "left": (left,)} for seen, left in zip(episode[2:], (1, 0.5, 0), strict=True)] for episode in EPISODES
)


def _eight(x: Any, y: Any, f: Any, left: float) -> dict[str, Any]:
    """Pad trials to the eight of 1/4 that a budget of 2 pays for at most."""
    rest, zeros = [NO] * (8 - len(x)), [0] * (8 - len(x))
    return _tokens([*x, *rest], [*y, *zeros], [*f, *zeros], [1] * len(x) + zeros, left)


X_A, Y_A, F_A = (R2, R0, R4, R1), (1.125, 0.375, 0.75, 0.875), (0.25, 0.5, 1, 0.25)
X_B, Y_B, F_B = (R0, R1, R3, R3), (1.5, -0.75, 0.625, 1), (0.25, 1, 0.5, 0.25)
FIDELITIES_WANTED = (
    [_eight(X_A[:t], Y_A[:t], F_A[:t], left) for t, left in enumerate((1, 0.875, 0.625, 0.125, 0))],
    [_eight(X_B[:t], Y_B[:t], F_B[:t], left) for t, left in enumerate((1, 0.875, 0.375, 0.125, 0))],
)

CASES = {
    "two episodes": Case("tokens", TWO, EPISODES),
    "context": of_context("tokens", EPISODES),
    "hyperparameters": Case({"name": "tokens", "hyperparameters": True}, TWO, WIDE_TOKENS),
    "initial design": of_initial_design("tokens", GIVEN_WANTED),
    "fidelities": of_fidelities("tokens", FIDELITIES_WANTED),
}
