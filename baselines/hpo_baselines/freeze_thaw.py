"""Freeze-thaw: a model of learning curves decides which one to continue, and when to begin another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hpo_baselines._models.acquisition import log_expected_improvement
from hpo_baselines._models.columns import one_hot
from hpo_baselines._models.curve_process import FIRST, LATER, CurvePoints, CurveProcess, Shape
from hpo_baselines._runs.baseline import Choice
from hpo_baselines._runs.brackets import check_eta
from hpo_baselines._runs.multi_fidelity import Ask, FidelityRun, MultiFidelity, Tried
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points

_FROZEN, _NEW = 64, 256  # candidates of each kind
_MOST = 256  # trials that the model is made of
_AGAIN = 1.5  # hyperparameters are learned anew when there are so many times the trials
_PROBE = 64  # points that say how far apart configurations are


@OPTIMIZERS.register("freeze-thaw", family="multi-fidelity", trainable=False)
class FreezeThaw(MultiFidelity):
    """Every curve stops after each step; the most promising one continues, or a new one begins.

    The first `n_init` configurations are random, at the lowest rung. Then a Gaussian process of all curves
    (`CurveProcess`) predicts scores at full fidelity, and the candidate with the highest expected improvement there is
    evaluated at its next rung. Candidates are the 64 best stopped configurations and up to 256 untried ones. They have
    to improve on the best full evaluation or, before there is one, on the best prediction for a stopped one. The
    rungs are the fidelities of the task nearest to 1, 1 / eta, 1 / eta^2, .. With one fidelity only, all trials are in
    full, and this is Bayesian optimization. For the end of a run, and budgets in cost, see `MultiFidelity`.

    **Reference**: Swersky, Snoek and Adams, "Freeze-thaw Bayesian optimization", 2014, https://arxiv.org/abs/1406.3896

    **Differs from the paper**: expected improvement at full fidelity, where the paper has entropy search; a step is a
    factor `eta`, not an epoch, as a step evaluates its configuration anew, at full cost, unless trainings continue;
    curves are not independent given their asymptotes, but share a decay; hyperparameters are optimised, not sampled,
    and the decay's exponent is 1; all untried configurations of a small pool and 64 stopped ones are candidates, where
    the paper has 3 and 10.

    Args:
        eta: Factor from one fidelity to the next.
        n_init: Random configurations first; the initial design counts.
    """

    version = 2

    def __init__(self, eta: int = 3, n_init: int = 3) -> None:
        self.eta, self.n_init = eta, n_init

    def check(self) -> None:
        """Refuse settings out of range."""
        check_eta(self.eta)
        if self.n_init < 1:
            raise InvalidValueError(f"`n_init >= 1` must hold, got {self.n_init}; the nearest is 1.")

    def plan(self, run: FidelityRun) -> Iterator[Ask]:
        """Yield the most promising step, again and again."""
        ladder, curves = run.ladder(self.eta), _Curves(run)
        while (ask := self._next(run, ladder, curves)) is not None:
            yield ask

    def _next(self, run: FidelityRun, ladder: Sequence[int], curves: _Curves) -> Ask | None:
        choice = run.uniform() if len(run.tried) < self.n_init or not run.reported_at else None
        if choice is not None:
            return choice, ladder[0]
        frozen = [one for one in run.tried.values() if one.level < run.top and one.choice is not None]
        frozen = sorted(frozen, key=lambda one: one.standing, reverse=True)[:_FROZEN]
        new, x = _untried(run)
        if not run.reported_at or not (frozen or new):
            return None
        for i in np.argsort(-curves.promise(frozen, x), kind="stable").tolist():
            if i < len(frozen):
                return frozen[i].choice, next(rung for rung in ladder if rung > frozen[i].level)
            choice = run.take(new[i - len(frozen)])
            if choice is not None:
                return choice, ladder[0]
        return None


class _Curves:
    """The model of a run: its trials, and the hyperparameters learned last."""

    def __init__(self, run: FidelityRun) -> None:
        self.run, self._shape, self._learned = run, Shape(), 0
        rows = run.space.sample(run.rng, _PROBE) if run.pool is None else run.pool.x
        probe = one_hot(run.space, rows[:: max(1, len(rows) // _PROBE)])
        far = np.sqrt(np.square(probe[:, None] - probe).sum(2))
        self._unit = float(far[far > 0].mean()) if far.any() else 1.0  # so that one length scale suits all spaces

    def promise(self, frozen: Sequence[Tried], x: Points) -> Floats:
        """Log expected improvement in full of stopped configurations, then of new points ``(c, d)``."""
        run = self.run
        number = {id(one): i for i, one in enumerate(run.tried.values())}
        trials = _trials(run)
        z = scaled(np.array([one.scores[level] for one, level in trials]))
        seen = self._points([one.x for one, _ in trials], [lv for _, lv in trials], [number[id(o)] for o, _ in trials])
        process = self._process(seen, z)
        of = [number[id(one)] for one in frozen] + [-1 - i for i in range(len(x))]
        mean, sd = process.predict(self._points([*(one.x for one in frozen), *x], [run.top] * len(of), of))
        full = z[[level == run.top for _, level in trials]]
        best = full if full.size else mean[: len(frozen)]
        return log_expected_improvement(mean, sd, float(best.max()) if best.size else 0.0)

    def _points(self, x: Sequence[Points], levels: Sequence[int], of: Sequence[int]) -> CurvePoints:
        features = one_hot(self.run.space, np.array(x)) / self._unit
        return CurvePoints(features, np.array(self.run.levels)[levels], np.array(of, np.int64))

    def _process(self, seen: CurvePoints, z: Floats) -> CurveProcess:
        if len(z) < _AGAIN * self._learned:
            return CurveProcess(seen, z, self._shape)
        process = CurveProcess.fit(seen, z, self._shape, LATER if self._learned else FIRST)
        self._shape, self._learned = process.shape, len(z)
        return process


def _trials(run: FidelityRun) -> list[tuple[Tried, int]]:
    """Return configurations, each with a reported level; of too many, the last of each curve come first, by score."""
    trials = [(one, level) for one in run.tried.values() for level in one.scores]
    if len(trials) > _MOST:
        trials.sort(key=lambda trial: (trial[1] == trial[0].standing[0], trial[0].standing), reverse=True)
    return trials[:_MOST]


def _untried(run: FidelityRun) -> tuple[Sequence[Choice], Points]:
    """Return some new configurations, not claimed yet, and their points ``(c, d)``."""
    if run.pool is None:
        x = run.space.sample(run.rng, _NEW)
        return list(x), x
    rows = np.flatnonzero(run.open)
    if len(rows) > _NEW:
        rows = np.sort(run.rng.choice(rows, _NEW, replace=False))
    return rows.tolist(), run.pool.x[rows]


def scaled(score: Floats) -> Floats:
    """Scores by median and interquartile range, cut off at -3 and 10: a failure says that it is bad, not how bad."""
    top = np.abs(score).max()
    u = score / top if top > 0 else score  # a span of 2e308 would be infinite
    low, middle, high = np.percentile(u, [25, 50, 75])
    spread = max(high - low, 0.5 * u.std())
    return np.clip((u - middle) / spread, -3.0, 10.0) if spread > 1e-12 else np.zeros_like(u)
