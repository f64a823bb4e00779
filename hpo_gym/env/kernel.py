"""A transition with an agent: decode, evaluate, reward, observe. `HPOEnv` has one run of it, `HPOVectorEnv` `n`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import Floats, Ints, Keys, seeding
from hpo_gym.env.codecs import Codec
from hpo_gym.env.observers import Observation, Observer
from hpo_gym.env.parts import Parts
from hpo_gym.env.rewards import judge_of, rest_of
from hpo_gym.env.rewards._given import is_foreign, not_finite
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.runs.which import Which
from hpo_gym.env.transition import Transition
from hpo_gym.problem import TaskBatch

_AHEAD = 32  # episodes
_NOBODY = np.empty(0, np.int64)
_ONE = np.array(1)  # an array: NumPy takes twice as long to add a Python number


class Kernel(Transition):
    """`n` runs on tasks, with an agent's view of them.

    Args:
        units: Of each task, the cost that is a unit of the budget, ``(k,)``, where that is in cost.

    Attributes:
        stopped: Idle runs whose action stopped the episode, so that nothing was evaluated, ``(n,)``, or None: nobody's.
        seeds: Each run's seed, ``(n,)``; with the number of the episode it makes the instance of an episode.
    """

    def __init__(self, batch: TaskBatch, contexts: Contexts, parts: Parts, n: int, units: Floats | None = None) -> None:
        observer, codec = parts.observer, parts.codec
        runs = make_runs(
            batch, n, contexts, observer, codec, fused=observer.fused, units=units,
            keep=("repeated",) if parts.duplicates == "penalize" else (),
        )  # fmt: skip
        super().__init__(batch, runs, contexts.fidelities, contexts.n_init)
        self.contexts, self.parts = contexts, parts
        self._reward = judge_of(parts.reward, batch.tasks)  # the one hand that gives the oracle
        self._rest = rest_of(parts.reward, batch.tasks)
        self.seeds: Keys = np.zeros(n, np.uint64)
        self.episode = np.zeros(n, np.int64)
        self._foreseen = np.zeros(n, np.int64)  # the first episode of each run that is drawn
        self._instances = np.zeros(_AHEAD * n, np.uint64)  # of these episodes, run by run in each
        self._tasks = np.zeros(_AHEAD * n, np.int64)
        self._width = np.array(n)
        self._blank: Observation | None = None
        self._decode, self._observe = codec.decoder(contexts), observer.__call__
        self.stopped: NDArray[np.bool_] | None = None
        self._blanks = False  # whether some runs, not all, may have no trial
        self._foreign = is_foreign(parts.reward)

    # ------------------------------------------------------------------ episodes
    def begin(self, which: Which, tasks: Ints | None = None) -> None:
        """Start the next episode of runs, on drawn or on given `tasks`."""
        instances, drawn = self._next(which)
        self.start(which, drawn if tasks is None else tasks, instances)
        self._blanks = not which.all

    def resume(self, i: int, kept: Mapping[str, NDArray[Any]]) -> None:
        super().resume(i, kept)
        self.stopped, self.runs.renewed = None, None
        self._blanks = True

    def seed(self, which: Ints, seeds: Keys) -> None:
        """Give runs new seeds; their next episode is the first."""
        self.seeds[which], self.episode[which] = seeds, 0
        self._foresee(which)

    def _next(self, which: Which) -> tuple[Keys, Ints]:
        """Return instance seeds of the next episodes, hashes of a run's seed and its episode's number, and tasks."""
        at = which.at
        self.episode[at] = episode = self.episode[at] + _ONE
        place = episode - self._foreseen[at]
        if place.item(place.argmax()) >= _AHEAD:
            self._foresee(self._everyone)
            place = episode - self._foreseen[at]
        cell = place * self._width + self._everyone[at]
        return self._instances[cell], self._tasks[cell]

    def _foresee(self, which: Ints) -> None:
        """Draw several episodes at once: to hash a few numbers costs as much as to hash many."""
        self._foreseen[which] = self.episode[which]
        episodes = (self.episode[which] + np.arange(_AHEAD)[:, None]).astype(np.uint64)
        instances, tasks = drawn(self.seeds[which], episodes, len(self.contexts.batch.tasks))
        self._instances.reshape(_AHEAD, self.n)[:, which] = instances
        self._tasks.reshape(_AHEAD, self.n)[:, which] = tasks

    def step(self, actions: ArrayLike, renewed: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """Advance all runs by one action each; returns rewards ``(n,)``. `ended` says whose episode is over.

        Args:
            renewed: Idle runs whose action is ignored, ``(n,)``: they begin anew after this step.

        Raises:
            InvalidValueError: An action is outside the space, and nothing has changed; or the reward is not finite.
        """
        contexts, runs = self.contexts, self.runs
        at, fidelity, stop = self._decode(runs, actions)  # raises before anything is changed
        self.stopped, runs.renewed = None, renewed
        idle = renewed
        if stop is not None and np.count_nonzero(stop):  # in a quarter of the time of `any`
            self.stopped = stop if renewed is None else stop & ~renewed
            idle = stop if renewed is None else stop | renewed
        self._blanks = self.stopped is not None or (self._blanks and renewed is not None)
        self.idle = idle
        runs.submit(at, None if fidelity is None else self.affordable(fidelity), idle)
        rewards = self._reward(contexts, runs)
        if "repeated" in runs.kept:
            rewards = rewards - runs.kept["repeated"] * contexts.scale.sd
        if idle is not None:
            rewards[idle] = 0.0
            if self._rest is not None and self.stopped is not None:
                rewards[self.stopped] = self._rest(contexts, runs)[self.stopped]
        if self._foreign and not np.isfinite(rewards).all():
            raise not_finite(self.parts.reward, rewards)
        return rewards

    def reward(self) -> NDArray[np.float64]:
        """Return the rewards of a noted step, ``(n,)``."""
        rewards = self._reward(self.contexts, self.runs)
        if self._foreign and not np.isfinite(rewards).all():
            raise not_finite(self.parts.reward, rewards)
        return rewards

    @property
    def improved(self) -> bool:
        """Return whether the last trial of the only run became its incumbent."""
        return self.runs.improved()

    # ------------------------------------------------------------------ views
    def observe(self) -> Observation:
        """Fresh observations of all runs; one that stopped before its first trial looks as if it had just begun."""
        blank = self.runs.untried().nonzero()[0] if self._blanks else _NOBODY
        if not blank.size:
            return self._observe(self.contexts, self.runs)
        with np.errstate(all="ignore"):  # scores of no trial
            obs = self._observe(self.contexts, self.runs)
        return put(obs, blank, self.observe_some(blank))

    def observe_some(self, which: Ints) -> Observation:
        """Observations of runs that have just begun; where all begin alike, one for all of them."""
        if not self.parts.observer.blank or self.contexts.n_init:
            return self.parts.observer(self.contexts, self.runs.select(which))
        if self._blank is None:
            self._blank = self.parts.observer(self.contexts, self.runs.select(which[:1]))
        return self._blank

    def masks(self) -> NDArray[np.bool_]:
        """Return the sensible actions, ``(n, a)``."""
        return self.parts.codec.masks(self.contexts, self.runs, untried=self.parts.duplicates == "mask")

    def spaces(self) -> tuple[gym.Space[Any], gym.Space[Any]]:
        """Observation and action space of one run."""
        return self.parts.observer.space(self.contexts), self.parts.codec.space(self.contexts)


def drawn(seeds: Keys, episode: Keys | int, tasks: int) -> tuple[Keys, Ints]:
    """Return the instance and the task, a position, of episodes by the seeds of their runs and their numbers from 1."""
    instances = seeding.mix(seeds, episode)
    return instances, seeding.below(instances, tasks)


def make_runs(
    batch: TaskBatch, n: int, contexts: Contexts, observer: Observer, codec: Codec, *, fused: bool = False,
    keep: tuple[str, ...] = (), units: Floats | None = None,
) -> Runs:  # fmt: skip
    """Return runs that keep the columns of an observer and a codec."""
    return Runs(
        batch, n, contexts.horizon, budget=contexts.budget, fidelity=codec.fidelity, fused=fused,
        keep=(*observer.keeps, *codec.keeps, *keep), view=contexts.batch, floor=contexts.scale.floor,
        units=units, continued=contexts.continued,
    )  # fmt: skip


def put(whole: Observation, which: Ints, part: Observation) -> Observation:
    """Write the observations of some runs into those of all."""
    if isinstance(whole, dict):
        assert isinstance(part, dict)
        for name, value in part.items():
            whole[name][which] = value
    elif isinstance(whole, tuple):
        new = dict(zip(which.tolist(), part, strict=True))
        return tuple(new.get(i, old) for i, old in enumerate(whole))
    else:
        whole[which] = part
    return whole


def pick(whole: Observation, which: Which) -> Observation:
    """Return the observations of some runs, copied; of all runs, themselves."""
    if isinstance(whole, tuple):
        return tuple(whole[i] for i in which.positions(len(whole)).tolist())
    return {name: which.take(value) for name, value in whole.items()} if isinstance(whole, dict) else which.take(whole)
