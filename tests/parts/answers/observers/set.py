"""Answers of the observer `set`: what is known of each configuration of a short list, side by side.

The list of `Known` is rows 1 4 2 3 0, see the codec `candidates`. Scores are standardised as for the observer
`candidates`, distances those of `pool`: in 16ths 1-4 3, 1-2 8, 1-3 5, 1-0 5; 4-2 5, 4-3 6, 4-0 6; 2-3 7, 2-0 11; 3-0 6.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from answers import Case
from answers.episodes import R0, R1, R2, R3, R4, TWO, of_context
from toy_suite import Episode

G, Q, R, S, T = sqrt(1.5), sqrt(2), sqrt(11), sqrt(74), sqrt(99)


def _set(rows: Any, tried: Any, best: float, left: float, listed: Any = (R1, R4, R2, R3, R0)) -> dict[str, Any]:
    """Return what is seen; a row has the score of the nearest trial and, in 16ths, the distances."""
    features = [(tried[i], score, a / 16, b / 16) for i, (score, a, b) in enumerate(rows)]
    mask = tuple(1 - t for t in tried) if 0 in tried else (1,) * len(tried)
    return {"candidates": listed, "candidate_features": features, "action_mask": mask, "state": (best, left)}


UNSEEN = _set([(0, 16, 16)] * 5, (0, 0, 0, 0, 0), 0, 1)
EPISODES = (
    [  # rows 0 4 0 1; scores .5 .75 .5 .625
        UNSEEN,
        _set([(0, 5, 5), (0, 6, 6), (0, 11, 11), (0, 6, 6), (0, 0, 0)], (0, 0, 0, 0, 1), 0, 0.75),
        # incumbent 4; row 3 is as near to 0 as to 4, the last counts
        _set([(1, 3, 3), (1, 0, 0), (1, 5, 5), (1, 6, 6), (-1, 6, 0)], (0, 1, 0, 0, 1), 1, 0.5),
        _set(  # the repeat of row 0 is the last at 6
            [(2 / Q, 3, 3), (2 / Q, 0, 0), (2 / Q, 5, 5), (-1 / Q, 6, 6), (-1 / Q, 6, 0)],
            (0, 1, 0, 0, 1), 2 / Q, 0.25,
        ),
        _set(
            [(1 / R, 3, 0), (5 / R, 0, 0), (5 / R, 5, 5), (1 / R, 6, 5), (-3 / R, 6, 0)],
            (1, 1, 0, 0, 1), 5 / R, 0,
        ),
    ],
    [  # rows 2 3 0 3; scores .375 .75 1.25 .75
        UNSEEN,
        _set([(0, 8, 8), (0, 5, 5), (0, 0, 0), (0, 7, 7), (0, 11, 11)], (0, 0, 1, 0, 0), 0, 0.75),
        _set([(1, 5, 5), (-1, 6, 5), (-1, 7, 0), (1, 0, 0), (1, 6, 6)], (0, 0, 1, 1, 0), 1, 0.5),
        _set(  # row 1 is as near to 3 as to 0
            [(11 / S, 5, 5), (-10 / S, 6, 5), (-10 / S, 11, 0), (-1 / S, 6, 0), (11 / S, 0, 0)],
            (0, 0, 1, 1, 1), 11 / S, 0.25,
        ),
        _set(
            [(-1 / T, 5, 5), (-13 / T, 6, 5), (-13 / T, 11, 0), (-1 / T, 6, 0), (15 / T, 0, 0)],
            (0, 0, 1, 1, 1), 15 / T, 0,
        ),
    ],
)  # fmt: skip
# Of two, the list is rows 1 4: when both were tried, both are open again.
SHORT = Episode("a", (1, 4, 2, 1))  # scores .625 .75 .875 .625
OF_TWO = (R1, R4)
SHORT_WANTED = [
    _set([(0, 16, 16), (0, 16, 16)], (0, 0), 0, 1, OF_TWO),
    _set([(0, 0, 0), (0, 3, 3)], (1, 0), 0, 0.75, OF_TWO),
    _set([(-1, 3, 0), (1, 0, 0)], (1, 1), 1, 0.5, OF_TWO),
    _set([(-G, 8, 0), (0, 5, 0)], (1, 1), G, 0.25, OF_TWO),  # row 2 is not listed; in 8ths 5 6 7, variance 2 / 3
    # in 8ths 5 6 7 5, mean 5.75, in 32nds from there -3 1 5 -3
    _set([(-3 / R, 8, 0), (1 / R, 5, 0)], (1, 1), 5 / R, 0, OF_TWO),
]
CASES = {
    "two episodes": Case("set", TWO, EPISODES, ways=("alone", "together")),
    "context": Case({"name": "set", "context": True}, TWO, of_context("set", EPISODES).wanted,
                    ways=("alone", "together")),
    "a short list": Case({"name": "set", "count": 2}, (SHORT,), (SHORT_WANTED,), ways=("alone", "together")),
}  # fmt: skip
