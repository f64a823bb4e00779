"""Answers of the codec `candidates`: an action is a configuration of a short list, and none is tried twice.

The list of `Known` and of `KnownLevels` is rows 1 4 2 3 0: the default, then the others in an order drawn by name, the
same for both; of three it is rows 1 4 2. Squared distances of the rows in the unit cube, in 16ths: 1-4 5, 1-3 7, 1-0 7,
1-2 18; 4-2 7, 4-3 10, 4-0 12; 2-3 15, 2-0 33; 3-0 14.
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
        (Episode("a", (1, 1, 1, 2)), Episode("b", (4, 0, 4, 3))),
        (full(R4, R1, R2, R3), full(R0, R1, R4, R3)),
        ways=WAYS,
    ),
    "repeats": Case(
        {"name": "candidates", "repeats": True},
        (Episode("a", (1, 1, 3, 1)), Episode("b", (4, 0, 4, 3))),
        (full(R4, R4, R3, R4), full(R0, R1, R0, R3)),
        ways=WAYS,
    ),
    "all were tried": Case(
        {"name": "candidates", "count": 3},
        (Episode("a", (0, 0, 0, 0)), Episode("b", (2, 2, 1, 1))),
        (full(R1, R4, R2, R1), full(R2, R4, R1, R4)),
        ways=WAYS,
    ),
    "fidelities": Case(
        {"name": "candidates", "fidelity": True},
        (Episode("a", ((0, 0), (0, 1), (1, 2), (4, 0))), Episode("b", ((1, 2), (4, 1), (3, 0), (3, 0)))),
        ([(R1, 0.25), (R1, 0.5), (R4, 1), (R0, 0.25)], [(R4, 1), (R0, 0.5), (R3, 0.25), (R3, 0.25)]),
        levels,
        {"budget": 2},
        ways=WAYS,
    ),
}
REFUSED = [
    ("candidates", 5, 2, 0.875, r"lie in \[0, 4\], got 5 for run .; the nearest is 4"),
    ("candidates", -1, 2, 0.875, "the nearest is 0"),
    ({"name": "candidates", "stop": True}, 6, 2, 0.875, "the nearest is 5"),
]
