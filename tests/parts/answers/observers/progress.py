"""Answers of the observer `progress`: all signals of runs that go on, each on two scales.

x / (1 + |x|), and the sign of x times log10(1 + 1000 |x|), at most 10.
"""

from __future__ import annotations

import functools

from answers import Case
from answers.going import going
from toy_suite import Episode

LOG_1001 = 3.00043408
TASKS = functools.partial(
    going,
    ("loss", "slope"),
    ((1, 0), (0.009, -0.999), (9.999, -9e8)),
    ((0.099, 99.999), (0, -0.009), (-1, 1)),
)
# share of the budget spent, nothing tried, value, its move; both signals as shares, both as logarithms
WANTED = (
    [
        (0, 1, 0, 0, 0.5, 0, LOG_1001, 0),
        (0.5, 0, 0.5, 0.5, 9 / 1009, -999 / 1999, 1, -3),
        (1, 0, -0.5, -1, 9999 / 10999, -1, 4, -10),  # log10(9e11) is 11.95
    ],
    [
        (0, 1, 0, 0, 99 / 1099, 99999 / 100999, 2, 5),
        (0.5, 0, -1, -1, 0, -9 / 1009, 0, -1),
        (1, 0, 1, 2, -0.5, 0.5, -LOG_1001, LOG_1001),
    ],
)
CASES = {
    "two trainings": Case(
        "progress",
        (Episode("g", ([0.5], [-0.5])), Episode("h", ([-1.0], [1.0]))),
        WANTED,
        TASKS,
        {"codec": "box", "budget": 2},
        ways=("alone", "together"),
    )
}
