"""Answers of the codec `box`: u = (action + 1) / 2.

depth: round(1/2 + 4 u) in 1..4; kernel: floor(4 u); rate: 16 ** u; shape: 8 u, which linear and sigmoid have not.
"""

from answers import Case
from answers.codec_episodes import anywhere_and_back, full
from toy_suite import Episode

TABLE = [
    ((-0.75, -0.75, -1, 0), (1, "linear", 1)),
    ((-0.25, -0.25, 0, -0.5), (2, "poly", 4, 2)),
    ((0.75, 0.25, 1, 1), (4, "rbf", 16, 8)),
    ((0.25, 0.75, -0.5, -1), (3, "sigmoid", 2)),  # whatever shape says: it is not active
    ((-1, -1, -1, -1), (1, "linear", 1)),
    ((1, 1, 1, 1), (4, "sigmoid", 16)),
    ((0.25, -0.5, 0.5, 0.5), (3, "poly", 8, 6)),  # u = .25 is where poly begins
    ((-0.5, 0.0, 0.25, 0.25), (2, "rbf", 16**0.625, 5)),  # depth 1/2 + 1 = 1.5, to the even 2
]
# The last number's third of [-1, 1] chooses 1/4, 1/2 or 1. A budget of 4 pays for just these.
THIRDS = [(-1, 0.25), (-0.34, 0.25), (-0.33, 0.5), (0, 0.5), (0.33, 0.5), (0.34, 1), (1, 1)]
MIDDLE = (2, "rbf", 4, 4)
WITH_FIDELITY = [((0, 0, 0, 0, third), (MIDDLE, fidelity)) for third, fidelity in THIRDS]
ON_A_TABLE = (
    Episode("a", ((1, 1, 1, 1), (1, -0.5, 1, 1), (-0.25, -0.25, 0.25, 0))),
    Episode("b", ((-0.25, -0.25, 0.25, 0), (-1, -1, 1, 1), (1, 1, 1, 1))),
)
# The nearest row answers: squared differences of the columns that are active on both sides, 1 for another choice of
# kernel, 1 where shape is active on one side only; of equals the lowest row.
ROWS = (
    # depth 4, sigmoid, rate 16: to row 3 (1/4)^2 + (3/4)^2 = .625, to row 2 1 + 1
    # depth 4, poly, rate 16, shape 8: to row 4 (1/2)^2 + 2 (1/4)^2 = .375, to row 2 1
    # depth 2, poly, half-way between rows 1 and 4 in rate and shape
    full((3, "sigmoid", 2), (2, "poly", 8, 6), (2, "poly", 4, 2)),
    # the same; depth 1, linear, rate 16: to row 0 1, to row 3 1 + (1/2)^2 + (3/4)^2
    full((2, "poly", 4, 2), (1, "linear", 1), (3, "sigmoid", 2)),
)
CASES = {
    "actions": anywhere_and_back("box", [(action, (config, 1)) for action, config in TABLE]),
    "fidelities": anywhere_and_back({"name": "box", "fidelity": True}, WITH_FIDELITY, budget=4),
    "on a table": Case("box", ON_A_TABLE, ROWS, options={"budget": 3}),
}
REFUSED = [
    ("box", (1.5, 0, 0, 0), (1.0, 1, 1, 1), 0.375, r"lie in \[-1.0, 1.0\], got .* nearest is \[1.0, 0.0, 0.0, 0.0\]"),
    ("box", (0, 0, 0, -1.01), (1.0, 1, 1, 1), 0.375, r"the nearest is \[0.0, 0.0, 0.0, -1.0\]"),
    ("box", (float("nan"), 0, 0, 0), (1.0, 1, 1, 1), 0.375, r"the nearest is \[0.0, 0.0, 0.0, 0.0\]"),
    ("box", (0.0, 0, 0), (1.0, 1, 1, 1), 0.375, "numbers of shape"),
    ({"name": "box", "fidelity": True}, (0.0, 0, 0, 0), (1.0, 1, 1, 1, 1), 0.375, "numbers of shape"),
]
