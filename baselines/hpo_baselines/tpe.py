"""Tree-structured Parzen estimators, by Optuna."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpo_baselines._runs.baseline import Baseline, Choice, Run
from hpo_baselines._runs.guided import Plan, anywhere, evaluated
from hpo_baselines._runs.suggest import finished, suggested
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import keys

if TYPE_CHECKING:
    import optuna

_MISSES = 10  # proposals in a row that were tried before, until a random configuration


@OPTIMIZERS.register("tpe", family="no-transfer", extra="optuna", trainable=False)
class TreeParzen(Baseline):
    """Optuna's TPE, multivariate and by groups of hyperparameters that are active together.

    Each run is a study of its own with Optuna's defaults; the space is defined by run, so that only active
    hyperparameters are suggested. An ordinal is the integer of its place. Given points are trials of the study. In a
    pool, a proposal stands for the nearest row that is left, and the study learns that row instead of the proposal.

    **Reference**: Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011; multivariate as
    Falkner, Klein and Hutter, "BOHB", ICML 2018; Watanabe, "Tree-structured Parzen estimator", 2023,
    https://arxiv.org/abs/2304.11127; as `optuna.samplers.TPESampler` (Akiba et al., "Optuna", KDD 2019).

    **Differs from the paper**: as Optuna does; and no configuration is tried twice: where ten proposals in a row were,
    a random one is tried.

    Args:
        startup: Random trials, given points among them, before the estimators are used.
        candidates: Samples of which the best is proposed.
    """

    version = 3

    def __init__(self, startup: int = 10, candidates: int = 24) -> None:
        self.startup, self.candidates = startup, candidates

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the next proposal of each run's study."""
        if self.startup < 1 or self.candidates < 1:
            raise InvalidValueError(
                f"`startup >= 1` and `candidates >= 1` must hold, got ({self.startup=}, {self.candidates=}); the "
                f"nearest are ({max(self.startup, 1)}, {max(self.candidates, 1)})."
            )
        return [run.follow(self._plan) if run.pool is None or run.open.any() else None for run in runs]

    def _plan(self, run: Run) -> Plan[None]:
        from optuna.trial import TrialState

        study, reported, misses = self._study(int(run.rng.integers(2**31))), 0, 0
        while True:
            for x, score in zip(run.x[reported:], run.score[reported:], strict=True):
                study.add_trial(finished(run.space, x, score))
            reported = len(run.score)
            if reported < self.startup:
                yield from evaluated(run, anywhere(run))
                continue
            with np.errstate(all="ignore"):
                trial = study.ask()
                x = suggested(trial, run.space)
            fine = bool(run.space.legal(x[None])[0])
            choice: Choice = x if run.pool is None else run.nearest(x)
            there = (yield from evaluated(run, choice)) if fine or run.pool is not None else None
            if there is not None and keys(there[0][None]) == keys(x[None]):
                study.tell(trial, there[1])
                reported += 1
            else:
                study.tell(trial, state=TrialState.FAIL)
            misses = 0 if there is not None else misses + 1
            if misses >= _MISSES:
                yield from evaluated(run, anywhere(run))

    def _study(self, seed: int) -> optuna.Study:
        """Return a silent study in memory."""
        import optuna

        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                sampler = optuna.samplers.TPESampler(
                    n_startup_trials=self.startup,
                    n_ei_candidates=self.candidates,
                    seed=seed,
                    multivariate=True,
                    group=True,
                    constant_liar=False,  # no trial runs beside another
                )
            return optuna.create_study(direction="maximize", sampler=sampler)
        finally:
            optuna.logging.set_verbosity(verbosity)
