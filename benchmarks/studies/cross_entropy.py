"""The cross-entropy method, for studies that tune a few numbers against noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hpo_gym.base import Floats, seeding

Plan = Sequence[tuple[int, int, int]]
"""Generations in a row, candidates of each, and the size of the play by which a candidate is scored."""
BEST = 0.25
"""The share of candidates whose mean and deviation are the next ones."""
OLD = 0.3
"""The share of the deviation that stays."""


Score = Callable[[Floats, int, int], Floats]


def centre_of(name: str, centre: Floats, width: Floats, plan: Plan, score: Score) -> Floats:
    """Return the last mean of normal distributions that move to the best of their draws.

    Args:
        name: By which random numbers are drawn.
        centre, width: Mean and deviation of the first draws, ``(parts, d)``; each part moves by its own scores.
        plan: The generations.
        score: From numbers ``(parts, d)``, the generation, and the size of a play to scores ``(parts,)``.
    """
    rng, generation = seeding.generator(seeding.key("cross-entropy", name)), 0
    for generations, candidates, size in plan:
        for _ in range(generations):
            tried = centre + width * rng.standard_normal((candidates, *centre.shape))
            tried[0] = centre
            order = np.argsort(-np.array([score(n, generation, size) for n in tried]), 0)
            best = np.take_along_axis(tried, order[: max(round(BEST * candidates), 2), :, None], 0)
            centre, width = best.mean(0), OLD * width + (1 - OLD) * best.std(0)
            generation += 1
    return centre
