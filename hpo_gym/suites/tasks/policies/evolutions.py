"""`Evolutions`: policies in training by an evolution strategy, one for each run, all state as arrays by run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, Mask, Singles, seeding
from hpo_gym.problem import Evaluated, Points, SearchSpace, Status, TaskProgress
from hpo_gym.suites.tasks.policies.families import Family
from hpo_gym.suites.tasks.policies.physics import Physics
from hpo_gym.suites.tasks.policies.policy import Policies, initial, returns, size
from hpo_gym.suites.tasks.policies.setup import RATE, SIGMA, Setup
from hpo_gym.suites.tasks.policies.signals import AT, SIGNALS, after, at_start, of_returns, of_weights, scaled
from hpo_gym.suites.tasks.policies.strategy import GAIN, JUDGED, NOISE, STARTS, noise, step
from hpo_gym.suites.tasks.training.keyed import uniforms

BLOCK = 512
"""Runs of one kind that are simulated together: enough that a call costs little, few enough for the cache."""
HEAVIEST = np.float32(1000)  # the largest weight


class EvolutionState(NamedTuple):
    """State of the runs: a row for each, everything that a snapshot must hold.

    Attributes:
        task: Position in the batch, ``(n,)``.
        key: Of all that is random in the run, ``(n,)``.
        generation: Generations so far, ``(n,)``.
        nothing: Return of the first policy, without any action, ``(n,)``.
        weights: Of the mean policy, ``(n, p)``; surplus columns of a kind are 0.
        direction: That of the last generation, ``(n, p)``.
    """

    task: Ints
    key: Keys
    generation: Ints
    nothing: Floats
    weights: Singles
    direction: Singles


class Evolutions(TaskProgress):
    """`n` policies in training.

    Args:
        salts: Distinguish the tasks' random numbers, ``(k,)``.
    """

    def __init__(
        self, families: Sequence[tuple[Family, int]], salts: Keys, space: SearchSpace, setup: Setup, n: int
    ) -> None:
        self.setup, self._salts = setup, salts
        names = [h.name for h in space.hyperparameters]
        self._rate, self._sigma = ((names.index(c), space.hyperparameters[names.index(c)]) for c in (RATE, SIGMA))
        kinds = sorted({family.kind for family, _ in families})
        physics = {family.kind: family.physics for family, _ in families}
        self._physics = [physics[kind] for kind in kinds]
        self._kind = np.array([kinds.index(family.kind) for family, _ in families])
        self._constants = np.zeros((len(families), max(len(p.constants) for p in self._physics)), np.float32)
        for row, (family, seed) in zip(self._constants, families, strict=True):
            drawn = family.constants(seed)
            row[: len(drawn)] = drawn
        p = max(map(size, self._physics))
        self.state = EvolutionState(
            np.zeros(n, np.int64), np.zeros(n, np.uint64), np.zeros(n, np.int64), np.zeros(n),
            np.zeros((n, p), np.float32), np.zeros((n, p), np.float32),
        )  # fmt: skip
        self.signals = np.zeros((n, len(SIGNALS)), np.float32)
        self._everyone = np.arange(n)

    # ------------------------------------------------------------------ episodes
    def begin(self, which: Ints | None, task: Ints, instance: Keys) -> None:
        who, state = self._everyone if which is None else which, self.state
        state.task[who], state.key[who] = task, seeding.mix(instance, self._salts[task])
        state.generation[who] = 0
        state.weights[who] = state.direction[who] = 0
        self.signals = self.signals.copy()
        for physics, some in self._blocks(who):
            p = size(physics)
            weights = initial(state.key[some], physics)
            state.weights[some, :p] = weights
            state.nothing[some] = self._judged(physics, some)
            self.signals[some] = at_start(weights, p)

    def _blocks(self, who: Ints) -> Iterator[tuple[Physics, Ints]]:
        """Yield runs of one kind of physics, at most `BLOCK` at once."""
        kind = self._kind[self.state.task[who]]
        for number, physics in enumerate(self._physics):
            some = who[kind == number]
            yield from ((physics, some[i : i + BLOCK]) for i in range(0, len(some), BLOCK))

    # ------------------------------------------------------------------ a generation
    def advance(self, at: Points, idle: Mask | None) -> Evaluated:
        who = self._everyone if idle is None else (~idle).nonzero()[0]
        signals = self.signals.copy()
        for physics, some in self._blocks(who):
            signals[some] = self._evolved(physics, some, at[some])
        self.state.generation[who] += 1
        self.signals = signals
        score = signals[:, AT["score"]].astype(np.float64)
        return Evaluated(score, np.ones(len(score)), np.full(len(score), np.int8(Status.OK)))

    def _evolved(self, physics: Physics, who: Ints, at: Points) -> Singles:
        """One generation of runs of one kind; their signals, ``(m, 12)``."""
        state, pairs, m, p = self.state, self.setup.pairs, len(who), size(physics)
        rate, sigma = (h.numbers(at[:, j]).astype(np.float32) for j, h in (self._rate, self._sigma))
        key = seeding.mix(seeding.mix(state.key[who], NOISE), state.generation[who].astype(np.uint64))
        drawn, mean = noise(key, pairs, p), state.weights[who, :p]
        away = drawn * sigma[:, None, None]
        both = np.concatenate([mean[:, None] + away, mean[:, None] - away], 1)  # (m, 2 pairs, p)
        starts = self._starts(physics, seeding.mix(key, STARTS), who, pairs)  # a pair begins in one state
        starts = np.tile(starts.reshape(-1, m, pairs), (1, 1, 2)).reshape(len(starts), -1)
        got = self._returns(physics, who, both, starts)
        found = step(drawn, got[:, :pairs], got[:, pairs:])
        moved = rate[:, None] * found.direction
        weights = np.clip(mean + moved, -HEAVIEST, HEAVIEST)
        old = state.direction[who, :p]
        state.weights[who, :p], state.direction[who, :p] = weights, found.direction
        nothing = state.nothing[who]
        score = scaled(self._judged(physics, who), nothing)
        signals = of_returns(found, nothing) | of_weights(found.direction, old, weights - mean, weights)
        return after(self.signals[who], score, signals)

    def _judged(self, physics: Physics, who: Ints) -> Floats:
        """Return returns of the mean policies of runs from their own fixed starts, ``(m,)``."""
        count = self.setup.starts
        starts = self._starts(physics, seeding.mix(self.state.key[who], JUDGED), who, count)
        weights = np.repeat(self.state.weights[who, None, : size(physics)], count, 1)
        return np.asarray(self._returns(physics, who, weights, starts).astype(np.float64).mean(1))

    def _starts(self, physics: Physics, key: Keys, who: Ints, count: int) -> Singles:
        """Start states of runs by key, run after run, ``(s, m count)``."""
        u = uniforms(key, STARTS, count * physics.drawn).astype(np.float32)
        columns = np.ascontiguousarray(u.reshape(-1, physics.drawn).T)
        return np.asarray(physics.start(columns, self._constants_of(physics, who, count)), np.float32)

    def _constants_of(self, physics: Physics, who: Ints, count: int) -> Singles:
        """Constants ``(c, m count)``."""
        rows = self._constants[self.state.task[who], : len(physics.constants)]
        return np.repeat(rows.T, count, 1)

    def _returns(self, physics: Physics, who: Ints, weights: Singles, starts: Singles) -> Singles:
        """Return returns ``(m, count)`` of policies ``(m, count, p)`` from starts ``(s, m count)``."""
        m, count, p = weights.shape
        constants = self._constants_of(physics, who, count)
        gain = np.repeat(self._gain(who), count)
        policies = Policies(physics, np.ascontiguousarray(weights.reshape(-1, p).T), gain)
        steps, effort = self.setup.steps, self.setup.effort
        return returns(policies, starts, constants, steps=steps, effort=effort).reshape(m, count)

    def _gain(self, who: Ints) -> Singles:
        """Return the factor of all inputs of runs, ``(m,)``."""
        u = uniforms(self.state.key[who], GAIN, 1)[:, 0]
        return np.asarray(10.0 ** (self.setup.decades * (2 * u - 1)), np.float32)

    # ------------------------------------------------------------------ one run
    def save(self, i: int) -> dict[str, NDArray[Any]]:
        named = {**self.state._asdict(), "signals": self.signals}
        return {name: array[i].copy() for name, array in named.items() if name != "task"}

    def load(self, i: int, saved: Mapping[str, NDArray[Any]]) -> None:
        for name, array in self.state._asdict().items():
            if name != "task":
                array[i] = saved[name]
        self.signals = self.signals.copy()
        self.signals[i] = saved["signals"]
