"""Answers of the codec `move`: a step of one hyperparameter from the incumbent.

From the default, depth 2, poly, rate 4, shape 2. Down and up in depth are 0 and 1, kernel 2 and 3, rate 4 and 5, shape
6 and 7; 8 goes back to the incumbent. The comments give the scores, the mean of the columns.
"""

from answers import Case
from answers.codec_episodes import full
from toy_suite import Episode, anywhere

E = [
    (1, (3, "poly", 4, 2)),  # .4375
    (1, (4, "poly", 4, 2)),  # .5
    (1, (4, "poly", 4, 2)),  # .5: it is the highest
    (3, (4, "rbf", 4, 2)),  # .5625
    (3, (4, "sigmoid", 4)),  # .6875
    (3, (4, "linear", 4)),  # .5: a choice goes round,
    (2, (4, "sigmoid", 4)),  # .6875: and back
    (4, (4, "sigmoid", 2)),  # .625
    (8, (4, "sigmoid", 4)),  # .6875
    (2, (4, "rbf", 4, 4)),  # .625: shape wakes in the middle of its range
]
F = [
    (8, (2, "poly", 4, 2)),  # .375: there is no incumbent yet
    (0, (1, "poly", 4, 2)),  # .3125
    (0, (1, "poly", 4, 2)),  # .3125: it is the lowest
    (6, (1, "poly", 4, 0)),  # .25
    (6, (1, "poly", 4, 0)),  # .25
    (7, (1, "poly", 4, 2)),  # .3125
    (8, (2, "poly", 4, 2)),  # .375
    (7, (2, "poly", 4, 4)),  # .4375
    (5, (2, "poly", 8, 4)),  # .5
    (4, (2, "poly", 4, 4)),  # .4375
]
# Scores .375 .3125 .375 and .4375 .375 .4375: both go back to the first trial.
EQUALS = (
    full((2, "poly", 4, 2), (1, "poly", 4, 2), (1, "poly", 4, 4), (2, "poly", 4, 2)),
    full((3, "poly", 4, 2), (2, "poly", 4, 2), (2, "poly", 4, 4), (3, "poly", 4, 2)),
)
# Of depth 1 2 4, of rate 1 4 16, of shape 0 4 8; shape 2 is half-way, so it counts as 0.
COARSE = (
    full((4, "poly", 4, 2), (4, "poly", 16, 2), (4, "poly", 16, 4)),
    full((2, "poly", 4, 0), (1, "poly", 4, 0), (1, "poly", 1, 0)),
)
# The incumbent is the best at the highest fidelity: of e the second, of f the first.
FIDELITIES = (
    [((3, "poly", 4, 2), 0.25), ((2, "poly", 4, 2), 1), ((1, "poly", 4, 2), 0.5), ((2, "poly", 4, 2), 0.25)],
    [((2, "poly", 4, 4), 1), ((2, "poly", 8, 4), 0.25), ((2, "poly", 8, 6), 0.25), ((2, "poly", 4, 4), 0.5)],
)
# Steps start at the row that answered. From row 1: linear is nearest to row 0, from there poly to row 1 again and
# sigmoid to row 3; a level of rate, or rbf, is nearest to row 1 itself.
ROWS = (
    full((1, "linear", 1), (2, "poly", 4, 2), (2, "poly", 4, 2), (2, "poly", 4, 2)),
    full((2, "poly", 4, 2), (1, "linear", 1), (3, "sigmoid", 2), (1, "linear", 1)),
)
WITH_FIDELITY = {"name": "move", "fidelity": True}
CASES = {
    "actions": Case(
        "move",
        (Episode("e", [action for action, _ in E]), Episode("f", [action for action, _ in F])),
        (full(*(config for _, config in E)), full(*(config for _, config in F))),
        anywhere,
        {"budget": 10},
    ),
    "of equals the earliest": Case("move", (Episode("e", (8, 0, 7, 8)), Episode("f", (1, 0, 7, 8))), EQUALS, anywhere),
    "three levels": Case(
        {"name": "move", "levels": 3},
        (Episode("e", (1, 5, 7)), Episode("f", (6, 0, 4))),
        COARSE,
        anywhere,
        {"budget": 3},
    ),
    "fidelities": Case(
        WITH_FIDELITY,
        (Episode("e", ((1, 0), (0, 2), (0, 1), (8, 0))), Episode("f", ((7, 2), (5, 0), (7, 0), (8, 1)))),
        FIDELITIES,
        anywhere,
        {"budget": 2},
    ),
    "on a table": Case("move", (Episode("a", (2, 3, 5, 8)), Episode("b", (3, 2, 2, 8))), ROWS),
}
REFUSED = [
    ("move", 9, 2, 0.5, r"lie in \[0, 8\], got 9 for run .; the nearest is 8"),
    ("move", -1, 2, 0.5, "the nearest is 0"),
    ("move", 1.0, 2, 0.5, r"integer\(s\)"),
]
