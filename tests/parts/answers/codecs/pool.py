"""Answers of the codec `pool`: an action is a row."""

from answers import Case
from answers.codec_episodes import full
from toy_suite import Episode, levels

R0, R1, R2, R3, R4 = (1, "linear", 1), (2, "poly", 4, 2), (4, "rbf", 16, 8), (3, "sigmoid", 2), (2, "poly", 8, 6)
CASES = {
    "actions": Case(
        "pool",
        (Episode("a", (4, 0, 2, 4, 1)), Episode("b", (1, 3, 3, 0, 2))),
        (full(R4, R0, R2, R4, R1), full(R1, R3, R3, R0, R2)),
        options={"budget": 5},
    ),
    "fidelities": Case(
        {"name": "pool", "fidelity": True},
        (Episode("a", ((2, 0), (0, 1), (4, 2), (1, 0))), Episode("b", ((0, 2), (1, 1), (3, 0), (3, 0)))),
        ([(R2, 0.25), (R0, 0.5), (R4, 1), (R1, 0.25)], [(R0, 1), (R1, 0.5), (R3, 0.25), (R3, 0.25)]),
        levels,
        {"budget": 2},
    ),
    # seed 4 draws rows 0 4 2, seed 1 draws rows 4 0 3
    "candidates": Case(
        {"name": "pool", "candidates": 3},
        (Episode("a", (2, 0, 1), seed=4), Episode("b", (0, 2, 1), seed=1)),
        (full(R2, R0, R4), full(R4, R3, R0)),
        options={"budget": 3},
        ways=("alone", "together"),
    ),
}
REFUSED = [
    ("pool", 5, 2, 0.875, r"lie in \[0, 4\], got 5 for run .; the nearest is 4"),
    ("pool", -1, 2, 0.875, "the nearest is 0"),
    ("pool", (2,), 2, 0.875, r"integer\(s\)"),
    ({"name": "pool", "stop": True}, 6, 2, 0.875, "the nearest is 5"),
    ({"name": "pool", "fidelity": True}, (2, 3), (2, 2), 0.875, r"the nearest is \[2, 2\]"),
    ({"name": "pool", "candidates": 3}, 3, 0, 0.5, "the nearest is 2"),
]
