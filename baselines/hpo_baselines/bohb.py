"""BOHB: Hyperband with configurations from a model of good ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._models.kde import Density
from hpo_baselines._runs.baseline import Choice
from hpo_baselines._runs.brackets import brackets, check_eta
from hpo_baselines._runs.multi_fidelity import Ask, FidelityRun, MultiFidelity
from hpo_baselines.hyperband import round_of
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS

_ROWS = 2048  # of a pool that are looked at for one choice


@OPTIMIZERS.register("bohb", family="multi-fidelity", trainable=False, asked="in turn")
@dataclass(eq=False, repr=False)
class BOHB(MultiFidelity):
    """Hyperband with configurations drawn where good ones are dense and bad ones are not.

    The model belongs to the highest fidelity with at least ``d + 3`` trials. The best share `good` of them, but at
    least ``d + 1``, have the density l; the others, but at least the ``d + 1`` worst, the density g (see `Density`). Of
    `samples` points drawn from l with bandwidths times `widen`, the one of highest l / g is proposed. A share `explore`
    of the configurations, and all of them until there is a model, are random. In a pool, the points are drawn among the
    untried rows in proportion to l; of more than 2,048 untried rows, among 2,048 drawn at random. With one fidelity
    only, all trials are in full, and this is a search by kernel densities. With a budget in cost, l / g is divided by
    the expected cost (`Prices`). For the end of a run, and budgets in cost, see `MultiFidelity`.

    **Reference**: Falkner, Klein and Hutter, "BOHB: robust and efficient hyperparameter optimization at scale", ICML
    2018, Algorithm 2, https://arxiv.org/abs/1807.01774

    **Differs from the paper**: normal kernels are cut off at the bounds also in densities; a categorical's bandwidth
    adds one to each count, and is not widened; a bandwidth is at least half the share of one value; columns inactive in
    a centre are uniform, where the authors' code fills them at random; d counts no hyperparameter of one value; and the
    differences of `Hyperband`.

    Args:
        eta: One of so many configurations continues.
        explore: Share of random configurations, the paper's rho.
        good: Share of the trials that count as good, the paper's q.
        samples: Number of drawn points to take the best of, the paper's N_s.
        widen: Factor of the bandwidths for drawing points, the paper's b_w.
        least: The paper's N_min. None: ``d + 1``.
    """

    version = 2

    eta: int = 3
    explore: float = 1 / 3
    good: float = 0.15
    samples: int = 64
    widen: float = 3.0
    least: int | None = None

    def check(self) -> None:
        """Refuse settings out of range."""
        check_eta(self.eta)
        if not (0 <= self.explore <= 1 and 0 < self.good < 1 and self.samples >= 1 and self.widen > 0):
            raise InvalidValueError(
                "`0 <= explore <= 1`, `0 < good < 1`, `samples >= 1` and `widen > 0` must hold, got "
                f"({self.explore=}, {self.good=}, {self.samples=}, {self.widen=})."
            )
        if self.least is not None and self.least < 1:
            raise InvalidValueError(f"`least >= 1` must hold, or None, got {self.least}; the nearest is 1.")

    def plan(self, run: FidelityRun) -> Iterator[Ask]:
        """Round after round of configurations drawn from the model."""
        return brackets(run, self.eta, self._draw, lambda s_max: round_of(s_max, self.eta))

    def _draw(self, run: FidelityRun) -> Choice | None:
        """Claim a new configuration."""
        random = run.rng.random() < self.explore
        model = None if random else self._model(run)
        choice = None if model is None else self._drawn(run, model)
        return run.uniform() if choice is None else choice

    def _model(self, run: FidelityRun) -> Model | None:
        """Return the model of the highest fidelity that has one; remade after new trials there."""
        least = self.least or sum(h.size > 1 for h in run.space.hyperparameters) + 1
        level = max((f for f, reported in run.reported_at.items() if len(reported) >= least + 2), default=None)
        if level is None:
            return None
        reported = run.reported_at[level]
        if not isinstance(run.memory, Model) or run.memory.of != (level, len(reported)):
            order = np.argsort([-one.scores[level] for one in reported], kind="stable")
            x, n = np.array([reported[i].x for i in order]), len(reported)
            best = max(least, int(self.good * n))
            worst = max(least, n - best)
            run.memory = Model((level, n), Density(run.space, x[:best]), Density(run.space, x[n - worst :]))
        return run.memory

    def _drawn(self, run: FidelityRun, model: Model) -> Choice | None:
        """Claim the best by the model of some points drawn from it; None where all were tried before."""
        if run.pool is not None:
            return self._row(run, model)
        x = model.good.sample(run.rng, self.samples, self.widen)
        x = x[run.space.legal(x)]
        for i in np.argsort(-_worth(run, model, list(x)), kind="stable") if len(x) else ():
            choice = run.take(x[i])
            if choice is not None:
                return choice
        return None

    def _row(self, run: FidelityRun, model: Model) -> Choice | None:
        assert run.pool is not None
        rows = np.flatnonzero(run.open)
        if not rows.size:
            return None
        if len(rows) > _ROWS:
            rows = np.sort(run.rng.choice(rows, _ROWS, replace=False))
        if len(rows) > self.samples:  # to draw without replacement is to take the highest after Gumbel noise
            noisy = model.good.log(run.pool.x[rows], self.widen) + run.rng.gumbel(size=len(rows))
            rows = np.sort(rows[np.argsort(-noisy, kind="stable")[: self.samples]])
        return run.take(int(rows[_worth(run, model, rows.tolist()).argmax()]))


def _worth(run: FidelityRun, model: Model, choices: Sequence[Choice]) -> Floats:
    """Return the worth of configurations, ``(m,)``: l / g, in proportion to expected improvement, and per cost with a
    budget in cost; its logarithm.
    """
    gain = model.gain(np.array([run.point(choice) for choice in choices]))
    return gain if run.prices is None else gain - np.log(run.prices.share(choices))


@dataclass(frozen=True, eq=False)
class Model:
    """Densities of good and bad configurations, and the level and number of trials that they are made of."""

    of: tuple[int, int]
    good: Density
    bad: Density

    def gain(self, x: NDArray[np.float64]) -> Floats:
        """``log l - log g`` at canonical points, ``(m,)``."""
        return self.good.log(x) - self.bad.log(x)
