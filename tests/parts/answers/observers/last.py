"""Answers of the observer `last`: the last trial and the incumbent."""

from __future__ import annotations

from answers import Case
from answers.episodes import META, NO, R0, R1, R2, R3, R4, TWO, of_context, of_fidelities, of_initial_design
from toy_suite import Episode

# configuration, its score, the incumbent's score, budget left
EPISODES = (
    [
        (*NO, 0, 0, 1),
        (*R0, 0.5, 0.5, 0.75),
        (*R4, 0.75, 0.75, 0.5),
        (*R0, 0.5, 0.75, 0.25),
        (*R1, 0.625, 0.75, 0),
    ],
    [
        (*NO, 0, 0, 1),
        (*R2, 0.375, 0.375, 0.75),
        (*R3, 0.75, 0.75, 0.5),
        (*R0, 1.25, 1.25, 0.25),
        (*R3, 0.75, 1.25, 0),
    ],
)
GIVEN_WANTED = (
    [(*R4, 0.75, 0.75, 1), (*R0, 0.5, 0.75, 0.5), (*R1, 0.625, 0.75, 0)],
    [(*R3, 0.75, 0.75, 1), (*R0, 1.25, 1.25, 0.5), (*R3, 0.75, 1.25, 0)],
)
FIDELITIES_WANTED = (
    [
        (*NO, 0, 0, 1),
        (*R2, 1.125, 1.125, 0.875),  # 1/4 of 2 is spent
        (*R0, 0.375, 0.375, 0.625),  # the higher fidelity is the incumbent, though it scores less
        (*R4, 0.75, 0.75, 0.125),
        (*R1, 0.875, 0.75, 0),  # more, but at 1/4 only
    ],
    [
        (*NO, 0, 0, 1),
        (*R0, 1.5, 1.5, 0.875),
        (*R1, -0.75, -0.75, 0.375),
        (*R3, 0.625, -0.75, 0.125),
        (*R3, 1, -0.75, 0),
    ],
)


def _of_split(split: str, task: str, score: float) -> Case:
    """Meta-features of other splits are standardised by meta-train."""
    wanted = [(*NO, 0, 0, 1, *META[task]), (*R3, score, score, 0, *META[task])]
    part = {"name": "last", "context": True}
    return Case(part, [Episode(task, (3,))], [wanted], options={"split": split, "budget": 1})


CASES = {
    "two episodes": Case("last", TWO, EPISODES),
    "context": of_context("last", EPISODES),
    "initial design": of_initial_design("last", GIVEN_WANTED),
    "fidelities": of_fidelities("last", FIDELITIES_WANTED),
    "context of meta-validation": _of_split("val", "c", 1.0),
    "context of meta-test": _of_split("test", "d", 0.25),
}
