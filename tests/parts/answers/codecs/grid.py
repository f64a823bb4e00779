"""Answers of the codec `grid`: one level of each hyperparameter."""

from answers import Case
from answers.codec_episodes import anywhere_and_back, full
from toy_suite import Episode

TABLE = [
    ((0, 0, 0, 2), (1, "linear", 1)),
    ((1, 1, 2, 1), (2, "poly", 4, 2)),
    ((3, 2, 4, 4), (4, "rbf", 16, 8)),
    ((2, 3, 1, 0), (3, "sigmoid", 2)),
    ((3, 1, 0, 3), (4, "poly", 1, 6)),
    ((0, 2, 3, 0), (1, "rbf", 8, 0)),
]
COARSE = [  # depth 1, 2 or 4; rate 1, 4 or 16; shape 0, 4 or 8
    ((0, 0, 0, 0), (1, "linear", 1)),
    ((1, 1, 1, 1), (2, "poly", 4, 4)),
    ((2, 2, 2, 2), (4, "rbf", 16, 8)),
    ((1, 2, 0, 2), (2, "rbf", 1, 8)),
    ((2, 3, 1, 0), (4, "sigmoid", 4)),
]
WITH_FIDELITY = [  # a budget of 4 pays for just these
    ((0, 0, 0, 2, 0), ((1, "linear", 1), 0.25)),
    ((1, 1, 2, 1, 1), ((2, "poly", 4, 2), 0.5)),
    ((3, 2, 4, 4, 2), ((4, "rbf", 16, 8), 1)),
    ((3, 1, 0, 3, 0), ((4, "poly", 1, 6), 0.25)),
    ((0, 2, 3, 0, 1), ((1, "rbf", 8, 0), 0.5)),
    ((2, 3, 1, 0, 2), ((3, "sigmoid", 2), 1)),
    ((3, 3, 4, 2, 1), ((4, "sigmoid", 16), 0.5)),
]
ON_A_TABLE = (Episode("a", ((3, 3, 4, 2), (3, 1, 4, 4))), Episode("b", ((3, 1, 4, 4), (3, 2, 4, 4))))
ROWS = (  # as of the codec `box`
    full((3, "sigmoid", 2), (2, "poly", 8, 6)),
    full((2, "poly", 8, 6), (4, "rbf", 16, 8)),
)
CASES = {
    "actions": anywhere_and_back("grid", [(action, (config, 1)) for action, config in TABLE]),
    "three levels": anywhere_and_back(
        {"name": "grid", "levels": 3}, [(action, (config, 1)) for action, config in COARSE]
    ),
    "fidelities": anywhere_and_back({"name": "grid", "fidelity": True}, WITH_FIDELITY, budget=4),
    "on a table": Case("grid", ON_A_TABLE, ROWS, options={"budget": 2}),
}
REFUSED = [
    ("grid", (0, 0, 0, 5), (3, 3, 4, 2), 0.375, r"got \[0, 0, 0, 5\] for run .; the nearest is \[0, 0, 0, 4\]"),
    ("grid", (4, -1, 0, 0), (3, 3, 4, 2), 0.375, r"the nearest is \[3, 0, 0, 0\]"),
    ("grid", (0.0, 0, 0, 0), (3, 3, 4, 2), 0.375, "integers of shape"),
]
