"""Tree-structured Parzen estimators, by Optuna."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_baselines._runs.baseline import Baseline, Choice, Run
from hpo_baselines._runs.guided import Plan, anywhere, evaluated
from hpo_gym.errors import InvalidValueError
from hpo_gym.nearest.pool import keys
from hpo_gym.optimizer import OPTIMIZERS
from hpo_gym.space import Hyperparameter, Points, SearchSpace

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

        study, told, misses = self._study(int(run.rng.integers(2**31))), 0, 0
        while True:
            for x, score in zip(run.x[told:], run.score[told:], strict=True):
                study.add_trial(finished(run.space, x, score))
            told = len(run.score)
            if told < self.startup:
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
                told += 1
            else:
                study.tell(trial, state=TrialState.FAIL)
            misses = 0 if there is not None else misses + 1
            if misses >= _MISSES:
                yield from evaluated(run, anywhere(run))

    def _study(self, seed: int) -> optuna.Study:
        """A study in memory, made without a word."""
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


def suggested(trial: optuna.Trial, space: SearchSpace) -> Points:
    """The canonical point ``(d,)`` that a trial suggests; parents before what depends on them."""
    x = np.full(space.d, 0.5)
    for level in levels(space):
        active = space.active(x[None])[0]
        for j in level:
            h = space.hyperparameters[j]
            if active[j] and h.size > 1:
                x[j] = h.units(np.array([_suggest(trial, h)]))[0]
    return np.asarray(space.snap(x[None])[0])


def _suggest(trial: optuna.Trial, h: Hyperparameter) -> float:
    """The number that stands for the suggested value."""
    if h.kind == "float":
        return trial.suggest_float(h.name, h.low, h.high, log=h.log)
    if h.kind == "categorical":
        return float(trial.suggest_categorical(h.name, range(len(h.choices))))
    return trial.suggest_int(h.name, int(h.low), int(h.high), log=h.log)


def finished(space: SearchSpace, x: Points, score: float) -> optuna.trial.FrozenTrial:
    """A trial of a study that is over: a canonical point ``(d,)`` and its score."""
    from optuna.trial import create_trial

    known, active = distributions(space), space.active(x[None])[0]
    here = [(j, h) for j, h in enumerate(space.hyperparameters) if active[j] and h.size > 1]
    numbers = {h.name: h.numbers(x[j : j + 1]).item() for j, h in here}
    return create_trial(
        params={h.name: numbers[h.name] if h.kind == "float" else int(numbers[h.name]) for _, h in here},
        distributions={h.name: known[h.name] for _, h in here},
        value=score,
    )


@functools.lru_cache(maxsize=32)
def distributions(space: SearchSpace) -> Mapping[str, optuna.distributions.BaseDistribution]:
    """Optuna's distribution of each hyperparameter, as `suggested` asks for it."""
    from optuna import distributions as known

    out: dict[str, known.BaseDistribution] = {}
    for h in space.hyperparameters:
        if h.kind == "float":
            out[h.name] = known.FloatDistribution(h.low, h.high, log=h.log)
        elif h.kind == "categorical":
            out[h.name] = known.CategoricalDistribution(range(len(h.choices)))
        else:
            out[h.name] = known.IntDistribution(int(h.low), int(h.high), log=h.log)
    return out


@functools.lru_cache(maxsize=32)
def levels(space: SearchSpace) -> list[list[int]]:
    """Columns by how many conditions stand above them: each after all that it depends on."""
    above: dict[str, set[str]] = {name: set() for name in space.names}
    for condition in space.to_json().get("conditions", []):
        above[condition["child"]] |= set(_parents(condition))

    def depth(name: str) -> int:
        return 1 + max((depth(parent) for parent in above[name]), default=-1)

    out: list[list[int]] = [[] for _ in space.names]
    for j, name in enumerate(space.names):
        out[depth(name)].append(j)
    return [level for level in out if level]


def _parents(condition: Mapping[str, Any]) -> Iterator[str]:
    """Names of the hyperparameters that a condition of ConfigSpace's JSON looks at."""
    for part in condition.get("conditions", []):
        yield from _parents(part)
    if "parent" in condition:
        yield condition["parent"]
