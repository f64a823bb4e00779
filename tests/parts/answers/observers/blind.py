"""Answers of the observer `blind`: what a run did, and nothing of what came of it."""

from __future__ import annotations

from answers import Case
from answers.episodes import NO, R0, R1, R2, R3, R4, TWO, of_context

# share of the budget spent, nothing tried, the last configuration (at first the default), its change
EPISODES = (
    [
        (0, 1, *R1, *NO),
        (0.25, 0, *R0, -0.5, -0.5, -1, 0.5),
        (0.5, 0, *R4, 0.5, 0.5, 1.5, 0.5),
        (0.75, 0, *R0, -0.5, -0.5, -1.5, -0.5),
        (1, 0, *R1, 0.5, 0.5, 1, -0.5),
    ],
    [
        (0, 1, *R1, *NO),
        (0.25, 0, *R2, 1, 0.5, 1, 1.5),
        (0.5, 0, *R3, -0.5, 0.5, -1.5, -1),
        (0.75, 0, *R0, -1, -1.5, -0.5, 0),
        (1, 0, *R3, 1, 1.5, 0.5, 0),
    ],
)

CASES = {
    "two episodes": Case("blind", TWO, EPISODES),
    "context": of_context("blind", EPISODES),
}
