"""Random search."""

from __future__ import annotations

from collections.abc import Sequence

from hpo_baselines._runs.baseline import Baseline, Choice, Run
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("random", family="no-transfer", trainable=False, asked="ahead")
class RandomSearch(Baseline):
    """Random search: uniform over the unit cube, so uniform in the logarithm of logarithmic ranges.

    In a pool: uniform over the rows that were not tried.

    **Reference**: Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012,
    https://jmlr.org/papers/v13/bergstra12a.html

    **Differs from the paper**: no configuration is tried twice, where the space is finite.
    """

    version = 2

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim a random configuration for each run."""
        return [run.uniform() for run in runs]
