"""SMAC: Bayesian optimization with a random forest, by the library `smac`."""

from __future__ import annotations

import contextlib
import logging
import math
import random
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpo_baselines._runs.baseline import Baseline, Choice, Run
from hpo_baselines._runs.guided import Plan, anywhere, evaluated
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points, SearchSpace, keys

_MISSES = 10  # proposals in a row that were tried before, until a random configuration
_PER_COLUMN = 10  # configurations of the design, at most
_PLAIN = 1000.0  # a score beyond it goes by its logarithm


@OPTIMIZERS.register("smac", family="no-transfer", extra="smac", trainable=False)
class SMAC(Baseline):
    """SMAC3's random forest and expected improvement: its `HyperparameterOptimizationFacade`, by ask and tell.

    Each run is a facade of its own with the library's defaults: a design of a quarter of the budget, then a random
    forest of the logarithms of scaled costs, expected improvement and local search; one choice in five is random. A
    configuration is evaluated once. The design is random configurations; given points are known to the forest, and the
    design has its full size all the same. In a pool, a proposal stands for the nearest row that is left, and the forest
    learns that row; the proposal stays pending. A failure has the worst score so far.

    **Reference**: Hutter, Hoos and Leyton-Brown, "Sequential model-based optimization for general algorithm
    configuration", LION 2011; Lindauer et al., "SMAC3: a versatile Bayesian optimization package for hyperparameter
    optimization", JMLR 23, 2022, https://jmlr.org/papers/v23/21-0888.html, the library (https://github.com/automl/SMAC3).

    **Differs from the paper**: as the library does; the design is random, as that of all baselines that begin so, where
    the library has Sobol's sequence; scores beyond a thousand go by their logarithm, for the library's
    own logarithm fails on costs so large that a difference of 1e-10 is lost; where ten proposals in a row were tried
    before, a random configuration is; local searches start in one order in every process.

    Args:
        retrain: Choices from one forest.
    """

    version = 4

    def __init__(self, retrain: int = 8) -> None:
        self.retrain = retrain

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the next proposal of each run's facade."""
        if self.retrain < 1:
            raise InvalidValueError(f"`retrain >= 1` must hold, got ({self.retrain=}); the nearest is 1.")
        return [run.follow(self._plan) if run.pool is None or run.open.any() else None for run in runs]

    def _plan(self, run: Run) -> Plan[None]:
        if all(h.size == 1 for h in run.space.hyperparameters):
            return  # SMAC's design needs something to tune
        facade = Facade(run.space, run.context.budget, int(run.rng.integers(2**31)), self.retrain)
        yield from self._design(run)
        reported, misses = 0, 0
        while True:
            for x, score in zip(run.x[reported:], run.score[reported:], strict=True):
                facade.tell(x, score)
            reported = len(run.score)
            asked = facade.ask()
            if asked is None:
                return  # it finds nothing new
            there = yield from evaluated(run, asked if run.pool is None else run.nearest(asked))
            misses = 0 if there is not None else misses + 1
            if misses >= _MISSES:
                yield from evaluated(run, anywhere(run))

    @staticmethod
    def _design(run: Run) -> Plan[None]:
        """Return as many random configurations as the library's design has."""
        size, given = min(_PER_COLUMN * run.space.d, int(run.context.budget / 4)), len(run.score)
        while len(run.score) - given < max(1, size):
            yield from evaluated(run, anywhere(run))


class Facade:
    """SMAC's facade of one run, without a file or a word.

    Args:
        budget: Trials.
        retrain: Choices from one forest.
    """

    def __init__(self, space: SearchSpace, budget: float, seed: int, retrain: int) -> None:
        with untouched():
            from smac import HyperparameterOptimizationFacade, Scenario

        self._space, self._config_space = space, space.config_space
        with tempfile.TemporaryDirectory() as folder, quiet():  # it writes when it is made, and never if told not to
            scenario = Scenario(
                self._config_space,
                output_directory=Path(folder),
                deterministic=True,
                n_trials=max(1, math.ceil(budget)),
                seed=seed,
            )
            selector = HyperparameterOptimizationFacade.get_config_selector(scenario, retrain_after=retrain)
            design = HyperparameterOptimizationFacade.get_initial_design(scenario, n_configs=0)  # it was told by then
            maximizer = ordered(HyperparameterOptimizationFacade.get_acquisition_maximizer(scenario))
            self._facade = HyperparameterOptimizationFacade(
                scenario, initial_design=design, acquisition_maximizer=maximizer, config_selector=selector,
                logging_level=False, overwrite=True,
            )  # fmt: skip
        self._asked: tuple[bytes, Any] = (b"", None)
        self._seed = 0  # of an evaluation: a deterministic one has the seed of the first that SMAC hears of

    def ask(self) -> Points | None:
        """Return the canonical point of the next proposal ``(d,)``, None if SMAC finds no new one."""
        from smac.main.exceptions import ConfigurationSpaceExhaustedException

        try:
            with quiet():
                info = self._facade.ask()
        except (StopIteration, ConfigurationSpaceExhaustedException):
            return None
        self._seed = int(info.seed or 0)
        x = point(self._space, info.config)
        self._asked = keys(x[None])[0], info.config
        return x

    def tell(self, x: Points, score: float) -> None:
        """Learn a trial, of the last proposal or of any other canonical point ``(d,)``."""
        from ConfigSpace import Configuration
        from smac.runhistory import TrialInfo, TrialValue

        key, config = self._asked
        if key != keys(x[None])[0]:
            config = Configuration(self._config_space, values=self._space.from_unit(x))
        with quiet():
            self._facade.tell(TrialInfo(config, seed=self._seed), TrialValue(cost=cost_of(score)), save=False)


def point(space: SearchSpace, config: Mapping[str, Any]) -> Points:
    """Return the canonical point ``(d,)`` of a configuration of ConfigSpace; its numbers are rounded, also over a
    bound."""
    values = dict(config)
    for h in space.hyperparameters:
        if h.name in values and not h.choices:
            values[h.name] = min(max(values[h.name], h.low), h.high)
    return space.to_unit(values)


def ordered(maximizer: Any) -> Any:
    """Return SMAC's maximizer whose local searches start in the order of their points.

    The library keeps the starts in a set, whose order is another in each process.
    """
    local, search = maximizer._local_search, maximizer._local_search._search
    local._search = lambda starts: search(sorted(starts, key=lambda config: config.get_array().tobytes()))
    return maximizer


def cost_of(score: float) -> float:
    """Return the cost of a score: its negative, of a size that the library can scale, and in the same order."""
    size = abs(score)
    return -math.copysign(size if size <= _PLAIN else _PLAIN * (1.0 + math.log(size / _PLAIN)), score)


@contextlib.contextmanager
def untouched() -> Iterator[None]:
    """With the global generator of `random` put back: the first import of the library draws from it."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without messages of SMAC's loggers and warnings, whatever NumPy is told to do about overflow."""
    logger = logging.getLogger("smac")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
