"""Answers of the observer `levels`: the grid cell of the last configuration."""

from __future__ import annotations

from answers import Case
from answers.episodes import TWO, of_initial_design

# before the first trial the default configuration, row 1
EPISODES = (
    [(1, 1, 2, 1), (0, 0, 0, 2), (1, 1, 3, 3), (0, 0, 0, 2), (1, 1, 2, 1)],
    [(1, 1, 2, 1), (3, 2, 4, 4), (2, 3, 1, 2), (0, 0, 0, 2), (2, 3, 1, 2)],
)
# the same cell as one number: ((4 depth + kernel) 5 + rate) 5 + shape
FLAT_CELLS = ([136, 2, 143, 2, 136], [136, 374, 282, 2, 282])
# of depth three levels are left (1, 2, 4; 3 is at .625, half-way: to the lower), of rate and shape 0, .5 and 1
COARSE_CELLS = (
    [(1, 1, 1, 0), (0, 0, 0, 1), (1, 1, 1, 1), (0, 0, 0, 1), (1, 1, 1, 0)],
    [(1, 1, 1, 0), (2, 2, 2, 2), (1, 3, 0, 1), (0, 0, 0, 1), (1, 3, 0, 1)],
)

CASES = {
    "two episodes": Case("levels", TWO, EPISODES),
    "flat": Case({"name": "levels", "flat": True}, TWO, FLAT_CELLS),
    "three levels": Case({"name": "levels", "levels": 3}, TWO, COARSE_CELLS),
    "initial design": of_initial_design("levels", (EPISODES[0][2:], EPISODES[1][2:])),
}
