"""Search along a scrambled Sobol sequence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_gym.optimizer import OPTIMIZERS

_LONGEST = 1 << 20  # points of one sequence


@OPTIMIZERS.register("sobol", family="no-transfer", trainable=False)
class SobolSearch(Planned):
    """The points of a scrambled Sobol sequence, in order: as random search, with fewer gaps and clusters.

    In a pool (and in a small finite space): of each point, the nearest row that was not tried (`Pool` says how near).

    **Reference**: Sobol, "On the distribution of points in a cube and the approximate evaluation of integrals", 1967;
    scrambled as Matousek, "On the L2-discrepancy for anchored boxes", 1998; implemented by `scipy.stats.qmc.Sobol`. For
    hyperparameters: Bergstra and Bengio, JMLR 13, 2012.

    **Differs from the paper**: points that a forbidden clause rules out are left out.
    """

    version = 2

    def plan(self, run: Run) -> Iterator[Choice]:
        """A sequence of the run's own scrambling."""
        return sobol_plan(run)


def sobol_plan(run: Run) -> Iterator[Choice]:
    """Points of a scrambled Sobol sequence; in a pool, the nearest untried rows."""
    from scipy.stats import qmc

    sequence = qmc.Sobol(run.space.d, scramble=True, seed=run.rng)
    block = 1 << int(np.ceil(np.log2(np.clip(run.context.budget, 2, 1024))))
    for _ in range(_LONGEST // block):
        x = run.space.snap(np.clip(sequence.random(block), 0.0, 1.0))
        for point in x[run.space.legal(x)]:
            row = -1 if run.pool is None else run.nearest(point)
            if run.pool is not None and row < 0:
                return  # nothing is left
            yield point if run.pool is None else row
