"""Answers of the observer `candidates`: scores of the run's own trials, standardised, by their place in a short list.

The list of `Known` is rows 1 4 2 3 0, see the codec. The scores of the first episode are .5 .75 .5 .625: after three,
in 12ths, 6 9 6, mean 7, deviation sqrt(2); after four, in 8ths, 4 6 4 5, mean 4.75, in 32nds from there -3 5 -3 1,
deviation sqrt(11). Of the second, .375 .75 1.25 .75: after three, in 24ths, 9 18 30, mean 19, from there -10 -1 11,
deviation sqrt(74); after four, in 32nds from the mean, -13 -1 15 -1, deviation sqrt(99).
"""

from __future__ import annotations

from math import sqrt

from answers import Case
from answers.episodes import TWO, of_context
from toy_suite import Episode

Q, R, S, T = sqrt(2), sqrt(11), sqrt(74), sqrt(99)
# budget left, best score, scores and tries of rows 1 4 2 3 0
EPISODES = (
    [
        (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        (0.75, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
        (0.5, 1, 0, 1, 0, 0, -1, 0, 1, 0, 0, 1),
        (0.25, 2 / Q, 0, 2 / Q, 0, 0, -1 / Q, 0, 1, 0, 0, 1),
        (0, 5 / R, 1 / R, 5 / R, 0, 0, -3 / R, 1, 1, 0, 0, 1),
    ],
    [
        (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        (0.75, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0),
        (0.5, 1, 0, 0, -1, 1, 0, 0, 0, 1, 1, 0),
        (0.25, 11 / S, 0, 0, -10 / S, -1 / S, 11 / S, 0, 0, 1, 1, 1),
        (0, 15 / T, 0, 0, -13 / T, -1 / T, 15 / T, 0, 0, 1, 1, 1),
    ],
)
# of three, the list is rows 1 4 2
SHORT = Episode("a", (0, 2, 1, 4))  # scores .5 .875 .625 .75
SHORT_WANTED = [
    (1, 0, 0, 0, 0, 0, 0, 0),
    (0.75, 0, 0, 0, 0, 0, 0, 0),  # row 0 is not listed
    (0.5, 1, 0, 0, 1, 0, 0, 1),
    # in 24ths 12 21 15, mean 16: -4 5 -1, deviation sqrt(14)
    (0.25, 5 / sqrt(14), -1 / sqrt(14), 0, 5 / sqrt(14), 1, 0, 1),
    # in 32nds 16 28 20 24, mean 22: -6 6 -2 2, deviation sqrt(20)
    (0, 6 / sqrt(20), -2 / sqrt(20), 2 / sqrt(20), 6 / sqrt(20), 1, 1, 1),
]
CASES = {
    "two episodes": Case("candidates", TWO, EPISODES, ways=("alone", "together")),
    "context": Case({"name": "candidates", "context": True}, TWO, of_context("candidates", EPISODES).wanted,
                    ways=("alone", "together")),
    "a short list": Case({"name": "candidates", "count": 3}, (SHORT,), (SHORT_WANTED,), ways=("alone", "together")),
}  # fmt: skip
