"""`rungs`: the fidelities at which successive halving stops."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

_ROUNDING = 1e-9  # of a logarithm


def rungs(levels: Sequence[float], eta: int) -> tuple[int, ...]:
    """Positions, ascending, of the levels nearest to R, R / eta, R / eta^2, .. where R is the last level.

    As many as lie in range, so ``s_max + 1`` with ``s_max = floor(log_eta(R / r_min))``; nearest in the logarithm, of
    two as near the lower; a level that serves two rungs stands there once.
    """
    steps = math.floor(math.log(levels[-1] / levels[0], eta) + _ROUNDING)
    logs = np.log(levels)
    wanted = logs[-1] - np.arange(steps + 1) * math.log(eta)
    return tuple(sorted({int(np.round(np.abs(logs - w), 9).argmin()) for w in wanted}))
