"""Answers of the codec `nearest`: u = (action + 1) / 2, and the nearest configuration of the list that was not tried.

The list of `Known` and of `KnownLevels` is rows 1 4 2 3 0, of three rows 1 4 2: see the codec `candidates`. Squared
distances are in 64ths, over columns that are active in the row, and divided by their number: 3 for
rows 0 and 3, else 4.
"""

from answers import Case
from answers.codec_episodes import full
from toy_suite import Episode, levels

R0, R1, R2, R3, R4 = (1, "linear", 1), (2, "poly", 4, 2), (4, "rbf", 16, 8), (3, "sigmoid", 2), (2, "poly", 8, 6)
WAYS = ("alone", "together")
AT_4, BETWEEN_1_AND_4, END = (-0.25, -0.25, 0.5, 0.5), (-0.25, -0.25, 0.25, 0), (1, 1, 1, 1)
# u = .5 .625 .375 .375, to row 1 7 / 4, row 3 6 / 3, row 4 18 / 4, row 0 34 / 3, row 2 59 / 4
BY_MEAN = (0, 0.25, -0.25, -0.25)
CASES = {
    # a: row 1 comes before row 4 in the list; from u = 1 to row 2 10 / 4, row 3 46 / 3, row 0 162 / 3
    "actions": Case(
        "nearest",
        (Episode("a", (BETWEEN_1_AND_4, BETWEEN_1_AND_4, END, END)), Episode("b", (BY_MEAN,) * 4)),
        (full(R1, R4, R2, R3), full(R1, R3, R4, R0)),
        ways=WAYS,
    ),
    # from row 4 to row 1 20 / 4, row 2 28 / 4; from u = 1 to row 4 58 / 4, row 1 102 / 4
    "all were tried": Case(
        {"name": "nearest", "count": 3},
        (Episode("a", (AT_4,) * 4), Episode("b", (END,) * 4)),
        (full(R4, R1, R2, R4), full(R2, R4, R1, R2)),
        ways=WAYS,
    ),
    "fidelities": Case(
        {"name": "nearest", "fidelity": True},
        (
            Episode("a", ((*AT_4, -1), (*AT_4, 0), (*END, 1), (*AT_4, -1))),
            Episode("b", ((*END, 1), (*BETWEEN_1_AND_4, 0), (*END, -1), (*END, -1))),
        ),
        ([(R4, 0.25), (R4, 0.5), (R2, 1), (R4, 0.25)], [(R2, 1), (R1, 0.5), (R2, 0.25), (R2, 0.25)]),
        levels,
        {"budget": 2},
        ways=WAYS,
    ),
}
REFUSED = [
    ("nearest", (1.5, 0, 0, 0), (1.0, 1, 1, 1), 0.875, r"the nearest is \[1.0, 0.0, 0.0, 0.0\]"),
    ("nearest", (0.0, 0, 0), (1.0, 1, 1, 1), 0.875, "numbers of shape"),
]
