"""Search along a scrambled Sobol sequence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_baselines._runs.strata import spread
from hpo_gym.optimize import OPTIMIZERS

_LONGEST = 1 << 20  # points of one sequence


@OPTIMIZERS.register("sobol", family="no-transfer", trainable=False, asked="ahead")
class SobolSearch(Planned):
    """The points of a scrambled Sobol sequence, in order: as random search, with fewer gaps and clusters.

    In a pool (and in a small finite space) a point is a row, each with an equal share of the cube (`Strata` says
    how), so that what is tried is spread evenly over the rows, not over the cube.

    **Reference**: Sobol, "On the distribution of points in a cube and the approximate evaluation of integrals", 1967;
    scrambled as Matousek, "On the L2-discrepancy for anchored boxes", 1998; implemented by `scipy.stats.qmc.Sobol`. For
    hyperparameters: Bergstra and Bengio, JMLR 13, 2012.

    **Differs from the paper**: points that a forbidden clause rules out are left out.
    """

    version = 3

    def plan(self, run: Run) -> Iterator[Choice]:
        """Yield a sequence of the run's own scrambling."""
        from scipy.stats import qmc

        sequence = qmc.Sobol(run.space.d, scramble=True, seed=run.rng)
        block = 1 << int(np.ceil(np.log2(np.clip(run.context.budget, 2, 1024))))
        for _ in range(_LONGEST // block):
            yield from spread(run, np.clip(sequence.random(block), 0.0, 1.0))
