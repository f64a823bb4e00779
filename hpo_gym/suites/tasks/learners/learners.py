"""`Learners`: actor-critics in training, one for each run, all state as arrays by run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, Mask, Singles, seeding
from hpo_gym.problem import Evaluated, Points, SearchSpace, Status, TaskProgress
from hpo_gym.suites.tasks.learners.compiled import kernel
from hpo_gym.suites.tasks.learners.kernel import Learning, Plan
from hpo_gym.suites.tasks.learners.network import HIDDEN, INPUTS, NET
from hpo_gym.suites.tasks.learners.physics import EPISODE, LANES, STATE
from hpo_gym.suites.tasks.learners.signals import AT, SIGNALS, after, at_start
from hpo_gym.suites.tasks.policies.families import Family
from hpo_gym.suites.tasks.policies.physics import PHYSICS
from hpo_gym.suites.tasks.policies.policy import size
from hpo_gym.suites.tasks.policies.signals import scaled
from hpo_gym.suites.tasks.training.keyed import WEIGHTS, keys, uniforms

RATE, SIGMA = "learning_rate", "sigma"
NOISE, SHOWN, JUDGED, STARTS, AGES = range(31, 36)
"""Purposes of numbers drawn by key."""
KINDS = tuple(PHYSICS)


class Learners(TaskProgress):
    """`n` actor-critics in training.

    Args:
        families: Of the tasks, with the seeds of their constants.
        salts: Distinguish the tasks' random numbers, ``(k,)``.
        space: The space of the controls.
        n: Runs.
        horizon: Stages of a run: the last one is judged in other episodes than its signals.
    """

    def __init__(
        self, families: Sequence[tuple[Family, int]], salts: Keys, space: SearchSpace, n: int, horizon: int
    ) -> None:
        names = [h.name for h in space.hyperparameters]
        self._controls = [(names.index(c), space.hyperparameters[names.index(c)]) for c in (RATE, SIGMA)]
        self._salts, self._horizon = salts, horizon
        self._kinds = np.array([KINDS.index(family.kind) for family, _ in families])
        self._constants = np.zeros((len(families), max(len(p.constants) for p in PHYSICS.values())), np.float32)
        for row, (family, seed) in zip(self._constants, families, strict=True):
            drawn = family.constants(seed)
            row[: len(drawn)] = drawn
        both, one, states = (np.zeros((n, size), np.float32) for size in (2 * NET, NET, STATE * LANES))
        self.state = Learning(both, both.copy(), both.copy(), one, states, np.zeros((n, LANES), np.int64))
        self._task, self._key = np.zeros(n, np.int64), np.zeros(n, np.uint64)
        self._stage, self._nothing = np.zeros(n, np.int64), np.zeros((n, 2))
        self.signals = np.zeros((n, len(SIGNALS)), np.float32)

    # ------------------------------------------------------------------ episodes
    def begin(self, which: Ints | None, task: Ints, instance: Keys) -> None:
        who = np.arange(len(self._task)) if which is None else which
        self._task[who], self._key[who] = task, seeding.mix(instance, self._salts[task])
        self._stage[who] = 0
        state, key, kinds = self.state, self._key[who], self._kinds[task]
        for array in state:
            array[who] = 0
        state.weights[who] = initial(key, kinds)
        state.states[who] = kernel().begun(kinds, self._constants[task], seeding.mix(key, STARTS))
        state.ages[who] = (keys(key, AGES, LANES) % np.uint64(EPISODE)).astype(np.int64)
        self._nothing[who] = np.stack([self._returns(who, use) for use in (SHOWN, JUDGED)], 1)
        norm = np.sqrt(np.square(state.weights[who, :NET], dtype=np.float64).sum(1))
        self.signals = self.signals.copy()
        self.signals[who] = at_start(norm, np.array([size(p) for p in PHYSICS.values()])[kinds])

    def _returns(self, who: Ints, use: int) -> Floats:
        """Return the returns of runs without noise, from start states of a purpose, ``(m,)``."""
        task, seed = self._task[who], seeding.mix(self._key[who], use)
        weights = self.state.weights[who]
        return kernel().judged(self._kinds[task], self._constants[task], seed, weights).astype(np.float64)

    # ------------------------------------------------------------------ a stage
    def advance(self, at: Points, idle: Mask | None) -> Evaluated:
        who = np.arange(len(at)) if idle is None else (~idle).nonzero()[0]
        signals = self.signals.copy()
        signals[who] = self._trained(who, at[who])
        self._stage[who] += 1
        self.signals = signals
        score = signals[:, AT["score"]].astype(np.float64)
        last = who[self._stage[who] == self._horizon]
        if len(last):
            score[last] = self.judged(last)
        return Evaluated(score, np.ones(len(score)), np.full(len(score), np.int8(Status.OK)))

    def _trained(self, who: Ints, at: Points) -> Singles:
        """Train runs for a stage; return their signals, ``(m, 14)``."""
        task, stage = self._task[who], self._stage[who]
        rate, sigma = (h.numbers(at[:, j]).astype(np.float32) for j, h in self._controls)
        seed = seeding.mix(seeding.mix(self._key[who], NOISE), stage.astype(np.uint64))
        plan = Plan(self._kinds[task], self._constants[task], seed, stage, rate, sigma)
        seen = kernel().stages(who, self.state, plan)
        return after(self.signals[who], self._scores(who, SHOWN), seen)

    def _scores(self, who: Ints, use: int) -> Floats:
        return scaled(self._returns(who, use), self._nothing[who, use - SHOWN])

    def judged(self, who: Ints) -> Floats:
        """Return the scores of runs in other episodes, ``(m,)``: shown to nobody before the last stage."""
        return self._scores(who, JUDGED)

    # ------------------------------------------------------------------ one run
    def save(self, i: int) -> dict[str, NDArray[Any]]:
        return {name: array[i].copy() for name, array in self._arrays().items()}

    def load(self, i: int, saved: Mapping[str, NDArray[Any]]) -> None:
        self.signals = self.signals.copy()
        for name, array in self._arrays().items():
            array[i] = saved[name]

    def _arrays(self) -> dict[str, NDArray[Any]]:
        own = {"key": self._key, "stage": self._stage, "nothing": self._nothing, "signals": self.signals}
        return {**self.state._asdict(), **own}


def initial(key: Keys, kinds: Ints) -> Singles:
    """Weights at the start ``(m, 2 NET)``: hidden layers uniform with variance 1 / inputs, all else 0: do nothing."""
    inputs = np.array([p.inputs for p in PHYSICS.values()])[kinds]
    u = uniforms(key, WEIGHTS, 2 * INPUTS * HIDDEN).reshape(-1, 2, INPUTS, HIDDEN)
    hidden = (2 * u - 1) * np.sqrt(3 / inputs)[:, None, None, None]
    hidden *= (np.arange(INPUTS) < inputs[:, None])[:, None, :, None]
    out = np.zeros((len(key), 2, NET), np.float32)
    out[:, :, : INPUTS * HIDDEN] = hidden.reshape(len(key), 2, -1)
    return out.reshape(len(key), -1)
