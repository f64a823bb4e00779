"""Answers of the observer `summary`: incumbent, last trial, and how far the run is."""

from __future__ import annotations

from answers import Case
from answers.episodes import NO, R0, R1, R2, R3, R4, TWO, of_context, of_fidelities, of_initial_design
from toy_suite import Episode

# incumbent, last configuration, their scores, budget left, trials of 4, trials since the incumbent of all
EPISODES = (
    [
        (*NO, *NO, 0, 0, 1, 0, 0),
        (*R0, *R0, 0.5, 0.5, 0.75, 0.25, 0),
        (*R4, *R4, 0.75, 0.75, 0.5, 0.5, 0),
        (*R4, *R0, 0.75, 0.5, 0.25, 0.75, 1 / 3),  # one trial of three came after it
        (*R4, *R1, 0.75, 0.625, 0, 1, 0.5),  # two of four
    ],
    [
        (*NO, *NO, 0, 0, 1, 0, 0),
        (*R2, *R2, 0.375, 0.375, 0.75, 0.25, 0),
        (*R3, *R3, 0.75, 0.75, 0.5, 0.5, 0),
        (*R0, *R0, 1.25, 1.25, 0.25, 0.75, 0),
        (*R0, *R3, 1.25, 0.75, 0, 1, 0.25),
    ],
)
GIVEN_WANTED = (
    [
        (*R4, *R4, 0.75, 0.75, 1, 0.5, 0),
        (*R4, *R0, 0.75, 0.5, 0.5, 0.75, 1 / 3),
        (*R4, *R1, 0.75, 0.625, 0, 1, 0.5),
    ],
    [
        (*R3, *R3, 0.75, 0.75, 1, 0.5, 0),
        (*R0, *R0, 1.25, 1.25, 0.5, 0.75, 0),
        (*R0, *R3, 1.25, 0.75, 0, 1, 0.25),
    ],
)
FIDELITIES_WANTED = (
    [
        (*NO, *NO, 0, 0, 1, 0, 0),  # eight trials at most
        (*R2, *R2, 1.125, 1.125, 0.875, 0.125, 0),
        (*R0, *R0, 0.375, 0.375, 0.625, 0.25, 0),
        (*R4, *R4, 0.75, 0.75, 0.125, 0.375, 0),
        (*R4, *R1, 0.75, 0.875, 0, 0.5, 0.25),
    ],
    [
        (*NO, *NO, 0, 0, 1, 0, 0),
        (*R0, *R0, 1.5, 1.5, 0.875, 0.125, 0),
        (*R1, *R1, -0.75, -0.75, 0.375, 0.25, 0),
        (*R1, *R3, -0.75, 0.625, 0.125, 0.375, 1 / 3),
        (*R1, *R3, -0.75, 1, 0, 0.5, 0.5),
    ],
)
# rows 4 0 and rows 3 2 are given
BEST_FIRST = (Episode("a", (1,), seed=21, given=(4, 0)), Episode("b", (0,), seed=11, given=(3, 2)))
BEST_FIRST_WANTED = (
    [(*R4, *R0, 0.75, 0.5, 1, 2 / 3, 0.5), (*R4, *R1, 0.75, 0.625, 0, 1, 2 / 3)],
    [(*R3, *R2, 0.75, 0.375, 1, 2 / 3, 0.5), (*R0, *R0, 1.25, 1.25, 0, 1, 0)],
)

CASES = {
    "two episodes": Case("summary", TWO, EPISODES),
    "context": of_context("summary", EPISODES),
    "initial design": of_initial_design("summary", GIVEN_WANTED),
    "fidelities": of_fidelities("summary", FIDELITIES_WANTED),
    "the first of the initial design is its best": Case(
        "summary", BEST_FIRST, BEST_FIRST_WANTED, options={"budget": 1, "n_init": 2}
    ),
}
