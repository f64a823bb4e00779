"""Answers of the codec `candidates`: an action is a configuration of a short list, and none is tried twice.

The lists are drawn by the name of the suite and the count, over `Known` rows 3 1 4 0 2, of three rows 1 4 0. Squared
distances of the rows in the unit cube, in 16ths: 3-1 7, 3-4 10, 3-0 14, 3-2 15; 1-4 5, 1-0 7, 1-2 18; 4-2 7, 4-0 12.
"""

from answers import Case
from answers.codec_episodes import full
from toy_suite import Episode, levels

R0, R1, R2, R3, R4 = (1, "linear", 1), (2, "poly", 4, 2), (4, "rbf", 16, 8), (3, "sigmoid", 2), (2, "poly", 8, 6)
WAYS = ("alone", "together")
CASES = {
    # a: row 4, then the nearest ones, rows 1 and 2; from row 2, of which row 4 is nearer, row 3
    # b: rows 0 and 1; nearest to row 0 is row 1, then row 4
    "actions": Case(
        "candidates",
        (Episode("a", (2, 2, 2, 4)), Episode("b", (3, 1, 3, 0))),
        (full(R4, R1, R2, R3), full(R0, R1, R4, R3)),
        ways=WAYS,
    ),
    "repeats": Case(
        {"name": "candidates", "repeats": True},
        (Episode("a", (2, 2, 0, 2)), Episode("b", (3, 1, 3, 0))),
        (full(R4, R4, R3, R4), full(R0, R1, R0, R3)),
        ways=WAYS,
    ),
    "all were tried": Case(
        {"name": "candidates", "count": 3},
        (Episode("a", (0, 0, 0, 0)), Episode("b", (2, 2, 1, 1))),
        (full(R1, R4, R0, R1), full(R0, R1, R4, R4)),
        ways=WAYS,
    ),
    # the list of `KnownLevels` is rows 4 0 1 3 2
    "fidelities": Case(
        {"name": "candidates", "fidelity": True},
        (Episode("a", ((2, 0), (2, 1), (0, 2), (1, 0))), Episode("b", ((0, 2), (1, 1), (3, 0), (3, 0)))),
        ([(R1, 0.25), (R1, 0.5), (R4, 1), (R0, 0.25)], [(R4, 1), (R0, 0.5), (R3, 0.25), (R3, 0.25)]),
        levels,
        {"budget": 2},
        ways=WAYS,
    ),
}
REFUSED = [
    ("candidates", 5, 4, 0.875, r"lie in \[0, 4\], got 5 for run .; the nearest is 4"),
    ("candidates", -1, 4, 0.875, "the nearest is 0"),
    ({"name": "candidates", "stop": True}, 6, 4, 0.875, "the nearest is 5"),
]
