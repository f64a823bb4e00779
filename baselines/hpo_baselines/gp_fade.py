"""Bayesian optimization with earlier tasks in the prior, as far as the run's own trials bear them out."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._models.acquisition import expected_improvement
from hpo_baselines._models.columns import Columns
from hpo_baselines._models.experts import centre_of
from hpo_baselines._models.gaussian_process import matern52
from hpo_baselines._models.meta_table import MetaTable, table_of
from hpo_baselines._models.model_based import Acquisition, Model
from hpo_baselines._models.portfolio_first import PortfolioFirst, check_first
from hpo_baselines._models.relearned import Relearned
from hpo_baselines._runs.baseline import Choice, Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines.gp_ei import GPModel
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS, Context
from hpo_gym.problem import Evaluations, known

SHARES = (0.0, 0.25, 0.5, 0.75, 0.95)
"""Possible shares of the earlier tasks in the variance of the new one."""
DOUBT = 0.3
"""Weight of a task with all scores alike among the earlier ones; each of those has 1."""
ROWS, DRAW = 80, 0
_JITTER, _LEAST = 1e-6, 1e-300
_ROWS = 1500  # of the table, from which scores elsewhere follow


@OPTIMIZERS.register("gp-fade", family="transfer", trainable=False)
class FadingGP(PortfolioFirst):
    """`gp-ei` whose prior has the earlier tasks in it, with a share that the run's own trials decide.

    The score is ``c + s f(x)``: `f` is a Gaussian process with the mean ``sqrt(a) m(x)`` and the covariance
    ``a K(x, x') + (1 - a) M(x, x')``. `m` and `K` are mean and covariance of the earlier tasks' standardised scores,
    predicted by a `Surrogate` of each where it was not measured; a task with all scores alike counts among them with a
    weight of .3, as in a normal-inverse-Wishart prior. `M` is the kernel of `gp-ei` on all hyperparameters, so also on
    those that no earlier task has. The level `c` is integrated out, the scale `s` is the most probable one. The share
    `a` is one of five; expected improvement is the mean over them by their posterior, which is equal at first. So
    earlier tasks that mislead are let go: with ``a = 0`` it is `gp-ei`. `prior_weight` is the mean share.

    The first trials are those of the portfolio; the initial design does not count as such. Without a prior: `gp-ei`.

    **Reference**: none that states it so; the prior from earlier tasks after Wang, Kim and Kaelbling, "Regret bounds
    for meta Bayesian optimization with an unknown Gaussian process prior", NeurIPS 2018,
    https://arxiv.org/abs/1811.09558; the average over hypotheses after Hoeting et al., "Bayesian model averaging: a
    tutorial", Statistical Science 14, 1999.

    **Differs from the paper**: there is none.

    Args:
        n_init: Trials of the portfolio.
        one_hot: Whether a categorical has a column for each choice (see `Columns`).
        shares: Possible shares of the earlier tasks in the variance, in [0, 1), equally likely before the first trial.
        spread: Factor of the process's standard deviations.
    """

    version = 1
    believes = True

    def __init__(
        self, n_init: int = 3, one_hot: bool = True, shares: Sequence[float] = SHARES, spread: float = 1.0
    ) -> None:
        self.n_init, self.one_hot, self.shares, self.spread = n_init, one_hot, tuple(shares), spread

    @property
    def prior_weight(self) -> float | None:
        """The mean share of the earlier tasks in the last proposal; None before there is a process."""
        weight: float | None = vars(self).get("_weight")
        return weight

    def check(self) -> None:
        check_first(self.n_init, 0)
        if not self.shares or not all(0.0 <= share < 1.0 for share in self.shares):
            raise InvalidValueError(f"`shares` must be numbers in [0, 1), got {self.shares}; such as {SHARES}.")
        if not self.spread > 0.0:
            raise InvalidValueError(f"`spread > 0` must hold, got {self.spread}; 1 leaves the process as it is.")

    def begin(self, run: Run) -> Model:
        table = table_of(run)
        if table is None:
            return GPModel(run, one_hot=self.one_hot)
        return _Fading(run, table, Columns(run.space, self.one_hot), self.shares, self.spread)

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        super().reset_batch(contexts, rngs)
        self._weight: float | None = None

    def _next(self, run: Run) -> Choice | None:
        choice = super()._next(run)
        model = self._studies[run].model
        self._weight = model.share if isinstance(model, _Fading) else None
        return choice


@dataclass(frozen=True, eq=False)
class Basis:
    """Standardised scores of `k` earlier tasks as functions of points.

    Attributes:
        z: At the rows of the table, ``(k, m)``.
        known: Columns for the kernel that an earlier task has, ``(p,)``.
        x, weight: Of some rows these columns, ``(n, q)``, and their weights in the scores elsewhere, ``(n, k)``.
        length: Of the correlation between rows and points elsewhere.
    """

    z: Floats
    known: NDArray[np.bool_]
    x: Floats
    weight: Floats
    length: float

    @classmethod
    def of(cls, table: MetaTable, columns: Columns, known: NDArray[np.bool_]) -> Basis:
        """Interpolate the rows of a table by a Gaussian process with little noise."""
        y = table.y
        z = (y - y.mean(1, keepdims=True)) / (y.std(1, keepdims=True) + _JITTER)
        features = columns(table.pool.x, table.pool)
        some = np.arange(len(features))
        if len(some) > _ROWS:
            some = np.sort(np.random.default_rng(0).choice(len(some), _ROWS, replace=False))
        x = features[some][:, known]
        length = 0.5 * float(np.sqrt(max(x.shape[1], 1)))
        k = matern52(x, x, length)
        k.flat[:: len(k) + 1] += 1e-3
        return cls(z, known, x, np.linalg.solve(k, z[:, some].T), length)

    def at(self, place: Place, features: Floats) -> Floats:
        """Return scores at points with columns ``(c, p)``, ``(k, c)``."""
        if place.exact:
            return np.asarray(self.z[:, place.row])
        return np.asarray((matern52(features[:, self.known], self.x, self.length) @ self.weight).T)


@functools.lru_cache(maxsize=4)
def basis_of(table: MetaTable, columns: Columns, prior: tuple[Evaluations, ...]) -> Basis:
    """Return the basis of a table, made once for all runs."""
    there = np.any([~np.isnan(e.x).all(0) for e in known(columns.space, prior)], axis=0)
    hyperparameters = columns.space.hyperparameters
    wide = [len(h.choices) if columns.one_hot and h.kind == "categorical" else 1 for h in hyperparameters]
    return Basis.of(table, columns, np.repeat(there, wide))


class _Fading(Model):
    """The process of a run.

    Attributes:
        share: Mean share of the earlier tasks by the trials so far.
    """

    def __init__(self, run: Run, table: MetaTable, columns: Columns, shares: tuple[float, ...], spread: float) -> None:
        super().__init__(run, table.pool)
        prior = tuple(run.context.prior)
        self._columns, self._basis = columns, basis_of(table, columns, prior)
        self._own, self._shares, self._spread = Relearned(centre_of(columns, prior, ROWS, DRAW)), shares, spread
        self.share = float(np.mean(shares))

    def fit(self, seen: Place, y: Floats) -> Acquisition:
        if not len(y):
            return lambda at: self._earlier(at, self._features(at))[0]
        x = self._features(seen)
        there = self._earlier(Place(seen.x, seen.row, exact=self.run.pool is not None), x)
        z = (y - y.mean()) / (float(y.std()) or 1.0)
        process, best = self._own.fit(x, y), float(z.max())
        noise = float(np.exp(process.log_parameters[-1])) + _JITTER
        own = matern52(x, x, process.length)
        posteriors = [SharePosterior(a, there, own, noise, z) for a in self._shares]
        evidence = np.array([one.evidence for one in posteriors])
        weight = np.exp(evidence - evidence.max())
        weight /= weight.sum()
        self.share = float(weight @ self._shares)

        def value(at: Place) -> Floats:
            features, total = self._features(at), np.zeros(len(at.x))
            mean, root = self._earlier(at, features)
            k = matern52(x, features, process.length)
            for p, one in zip(weight, posteriors, strict=True):
                if p > _JITTER:
                    ahead, sd = one.predict(mean, root, k)
                    total += p * expected_improvement(ahead, self._spread * sd, best)
            return np.log(np.maximum(total, _LEAST))

        return value

    def forget(self) -> None:
        """Learn the hyperparameters anew at the next choice: the scores are others."""
        self._own.forget()

    def _features(self, at: Place) -> Floats:
        return self._columns(at.x, self.pool)

    def _earlier(self, at: Place, features: Floats) -> tuple[Floats, Floats]:
        """Return mean ``(c,)`` and root of the covariance ``(k + 1, c)`` of the earlier tasks."""
        return moments(self._basis.at(at, features))


def moments(z: Floats) -> tuple[Floats, Floats]:
    """Return the mean of tasks' scores ``(k, c)``, ``(c,)``, and rows whose products are their covariance, ``(k + 1,
    c)``; a task of zeros counts with the weight `DOUBT`."""
    count = len(z) + DOUBT
    mean = z.sum(0) / count
    return mean, np.concatenate([z - mean, -np.sqrt(DOUBT) * mean[None]]) / np.sqrt(count)


class SharePosterior:
    """The posterior for one share of the earlier tasks.

    Args:
        share: The share.
        earlier: `moments` of the earlier tasks at the trials, ``(n,)`` and ``(k + 1, n)``.
        own: Correlation of the run's own kernel between trials, ``(n, n)``.
        noise: Variance of a trial's noise, of a process of variance 1.
        z: Standardised scores, ``(n,)``.

    Attributes:
        evidence: Logarithm of the density of the scores, up to a constant; one more of variance 1 keeps `scale` above
            0.
        scale: The most probable scale of the task.
    """

    def __init__(self, share: float, earlier: tuple[Floats, Floats], own: Floats, noise: float, z: Floats) -> None:
        from scipy.linalg import solve_triangular

        self._share, (mean, root) = share, earlier
        self._earlier = root
        k = share * (root.T @ root) + (1.0 - share) * own
        k.flat[:: len(k) + 1] += noise
        self._root = np.linalg.cholesky(k)
        sides = np.stack([np.ones(len(z)), z, np.sqrt(share) * mean], 1)
        one, y, m = solve_triangular(self._root, sides, lower=True, check_finite=False).T
        self._one, self._reach = one, float(one @ one)
        levels = one @ y / self._reach, one @ m / self._reach
        y, m = y - one * levels[0], m - one * levels[1]
        a, b, n = float(y @ y) + 1.0, float(y @ m), len(z)
        self.scale = (np.sqrt(b * b + 4.0 * n * a) - b) / (2.0 * n)
        fit = a / self.scale**2 - 2.0 * b / self.scale + float(m @ m)
        spread = np.log(np.diag(self._root)).sum() + 0.5 * np.log(self._reach)
        self.evidence = float(-n * np.log(self.scale) - 0.5 * fit - spread)
        self._left, self._level = y - self.scale * m, float(levels[0] - self.scale * levels[1])

    def predict(self, mean: Floats, root: Floats, own: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of standardised scores without noise at points, each ``(c,)``.

        Args:
            mean, root: `moments` of the earlier tasks there.
            own: Correlation of the run's own kernel between trials and points, ``(n, c)``.
        """
        from scipy.linalg import solve_triangular

        k = self._share * (self._earlier.T @ root) + (1.0 - self._share) * own
        b = solve_triangular(self._root, k, lower=True, check_finite=False)
        ahead = self._level + self.scale * np.sqrt(self._share) * mean + self._left @ b
        before = self._share * np.einsum("kc,kc->c", root, root) + 1.0 - self._share
        left = before - np.einsum("nc,nc->c", b, b) + (1.0 - self._one @ b) ** 2 / self._reach
        return ahead, self.scale * np.sqrt(np.maximum(left, 1e-10))
