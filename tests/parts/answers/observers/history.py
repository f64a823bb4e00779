"""Answers of the observer `history`: every trial in one row of numbers."""

from __future__ import annotations

from answers import Case
from answers.episodes import NO, R0, R1, R2, R3, R4, TWO, of_context, of_fidelities, of_initial_design

NONE = (*NO, 0, 0)  # a trial that is not there yet
# four times configuration, score, fidelity
EPISODES = (
    [
        (*NONE, *NONE, *NONE, *NONE),
        (*R0, 0.5, 1, *NONE, *NONE, *NONE),
        (*R0, 0.5, 1, *R4, 0.75, 1, *NONE, *NONE),
        (*R0, 0.5, 1, *R4, 0.75, 1, *R0, 0.5, 1, *NONE),
        (*R0, 0.5, 1, *R4, 0.75, 1, *R0, 0.5, 1, *R1, 0.625, 1),
    ],
    [
        (*NONE, *NONE, *NONE, *NONE),
        (*R2, 0.375, 1, *NONE, *NONE, *NONE),
        (*R2, 0.375, 1, *R3, 0.75, 1, *NONE, *NONE),
        (*R2, 0.375, 1, *R3, 0.75, 1, *R0, 1.25, 1, *NONE),
        (*R2, 0.375, 1, *R3, 0.75, 1, *R0, 1.25, 1, *R3, 0.75, 1),
    ],
)

FIDELITIES_WANTED = (
    [
        NONE * 8,
        (*R2, 1.125, 0.25, *NONE * 7),
        (*R2, 1.125, 0.25, *R0, 0.375, 0.5, *NONE * 6),
        (*R2, 1.125, 0.25, *R0, 0.375, 0.5, *R4, 0.75, 1, *NONE * 5),
        (*R2, 1.125, 0.25, *R0, 0.375, 0.5, *R4, 0.75, 1, *R1, 0.875, 0.25, *NONE * 4),
    ],
    [
        NONE * 8,
        (*R0, 1.5, 0.25, *NONE * 7),
        (*R0, 1.5, 0.25, *R1, -0.75, 1, *NONE * 6),
        (*R0, 1.5, 0.25, *R1, -0.75, 1, *R3, 0.625, 0.5, *NONE * 5),
        (*R0, 1.5, 0.25, *R1, -0.75, 1, *R3, 0.625, 0.5, *R3, 1, 0.25, *NONE * 4),
    ],
)

CASES = {
    "two episodes": Case("history", TWO, EPISODES),
    "context": of_context("history", EPISODES),
    "initial design": of_initial_design("history", (EPISODES[0][2:], EPISODES[1][2:])),
    "fidelities": of_fidelities("history", FIDELITIES_WANTED),
}
