"""Policies for control in training by a compiled kernel, for studies that play millions of stages.

`ActorCritics` are trained by a policy gradient with a learned critic; `Strategies` by the evolution strategy of the
suite `Policies`, some ten times as fast as there but with other random numbers. It needs a C compiler.
"""

from __future__ import annotations

import ctypes
import functools
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from hpo_gym.base import Floats, Ints, Keys, Singles, seeding
from hpo_gym.suites.tasks.policies.families import FAMILIES, Family
from hpo_gym.suites.tasks.policies.physics import PHYSICS

SOURCE = Path(__file__).with_suffix(".c")
COMPILER = "cc"
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi")
KINDS = tuple(PHYSICS)
WEIGHTS, STATE, EPISODES_OF, CONSTANTS, SEEN = 176, 6, 16, 6, 12
"""Sizes of arrays of the kernel."""
EPISODE = 100
LENGTH = 20
"""Stages, or generations, of a training."""
GIVEN, EPISODES, JUDGED, NOISE, AGES, GAIN = range(6)
"""Purposes of numbers drawn by key."""

UNSEEN: Mapping[str, Family] = MappingProxyType(
    {
        "cartpole-light": Family("cartpole", {"cart": (0.25, 0.45)}),
        "cartpole-jupiter": Family("cartpole", {"gravity": (20, 26)}),
        "cartpole-weak": Family("cartpole", {"force": (3, 4.5)}),
        "cartpole-strong": Family("cartpole", {"force": (20, 40)}),
        "pendulum-long": Family("pendulum", {"length": (2, 3.5)}),
        "pendulum-jupiter": Family("pendulum", {"gravity": (20, 26)}),
        "pendulum-free": Family("pendulum", {"damping": (0.002, 0.006)}),
        "pendulum-able": Family("pendulum", {"strength": (0.85, 1.05)}),
        "reacher-long": Family("reacher", {"upper": (1.6, 2.2), "fore": (1.6, 2.2)}),
        "reacher-short": Family("reacher", {"upper": (0.4, 0.6), "fore": (0.4, 0.6)}),
        "reacher-weak": Family("reacher", {"torque": (1, 1.8)}),
        "reacher-light": Family("reacher", {"upper_mass": (0.3, 0.5), "fore_mass": (0.3, 0.5)}),
    }
)
"""Families that are in no split of the suite."""
TUNED: Mapping[str, Family] = {**FAMILIES["train"], **FAMILIES["val"]}
TESTED: Mapping[str, Family] = {**FAMILIES["test"], **UNSEEN}


@functools.cache
def kernel() -> Any:
    """Return the compiled functions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.so")
        subprocess.run([COMPILER, *FLAGS, "-shared", "-fPIC", str(SOURCE), "-o", str(path), "-lm"], check=True)
        return ctypes.CDLL(str(path))


def call(name: str, *arguments: Any) -> None:
    """Call a function of the kernel; arrays are contiguous, and outputs are written."""
    given = []
    for a in arguments:
        assert isinstance(a, int) or a.flags.c_contiguous
        given.append(ctypes.c_long(a) if isinstance(a, int) else ctypes.c_void_p(a.ctypes.data))
    getattr(kernel(), name)(*given)


# ---------------------------------------------------------------------- the runs
@dataclass(frozen=True)
class Batch:
    """Runs to be trained.

    Attributes:
        kind: Position of the physics in `KINDS`, ``(m,)``.
        constants: Of the physics, ``(m, 6)``.
        key: Of all that is random in a run, ``(m,)``.
        family: Position of the family, ``(m,)``.
    """

    kind: Ints
    constants: Singles
    key: Keys
    family: Ints

    def part(self, who: Any) -> Batch:
        """Return some of the runs, each perhaps several times."""
        return Batch(self.kind[who], self.constants[who], self.key[who], self.family[who])

    def by_family(self, values: Floats) -> Floats:
        """Return means over the runs of each family, ``(f,)``."""
        return np.bincount(self.family, values) / np.bincount(self.family)

    def by_kind(self, values: Floats) -> Floats:
        """Return means over the runs of each kind of physics, ``(3,)``."""
        return np.bincount(self.kind, values) / np.bincount(self.kind)


@functools.cache
def drawn(split: str, tasks: int) -> Singles:
    """Return constants of tasks of all families, ``(f, tasks, 6)``."""
    families = TUNED if split == "tuned" else TESTED
    out = np.zeros((len(families), tasks, CONSTANTS), np.float32)
    for i, family in enumerate(families.values()):
        for seed in range(tasks):
            found = family.constants(seed)
            out[i, seed, : len(found)] = found
    return out


def batch(split: str, each: int, seed: int, tasks: int = 12) -> Batch:
    """Return `each` runs of each family, of its first `tasks` tasks in turn; a seed gives their keys."""
    families = TUNED if split == "tuned" else TESTED
    family = np.repeat(np.arange(len(families)), each)
    task = np.tile(np.arange(each) % tasks, len(families))
    kinds = np.array([KINDS.index(f.kind) for f in families.values()])
    key = seeding.mix(np.arange(len(family)).astype(np.uint64), seeding.key("policies in training", split, seed))
    return Batch(kinds[family], drawn(split, tasks)[family, task], key, family)


class Policies:
    """Policies in training: their first weights, and their scores from 16 start states of a run's own.

    Args:
        of: The runs.
        critic: Whether there is a critic.
        gain: Factor of all inputs, ``(m,)``.
    """

    def __init__(self, of: Batch, *, critic: bool = False, gain: Singles | None = None) -> None:
        self.of, self.m, self.stage = of, len(of.key), 0
        self.gain = np.ones(self.m, np.float32) if gain is None else gain
        self.weights = np.zeros((self.m, WEIGHTS), np.float32)
        call("first_weights", self.m, int(critic), of.kind, self._keys(GIVEN), self.weights)
        self.noise = self._keys(NOISE)
        self.judge_from(self._keys(JUDGED))

    def _keys(self, purpose: int) -> Keys:
        return seeding.mix(self.of.key, purpose)

    def judge_from(self, key: Keys) -> None:
        """Judge from now on from the start states of keys ``(m,)``."""
        self._starts = np.empty((self.m, STATE, EPISODES_OF), np.float32)
        call("starts", self.m, self.of.kind, self.of.constants, key, self._starts)
        self._nothing = self._returns(np.zeros_like(self.weights))

    def _returns(self, weights: Singles) -> Floats:
        out = np.empty(self.m, np.float32)
        call("judge", self.m, self.of.kind, self.of.constants, self._starts, weights, out)
        return out.astype(np.float64)

    def scores(self) -> Floats:
        """Return the scores of all runs, ``(m,)``: 0 is doing nothing, 1 the highest reward at each step."""
        weights = self.weights.copy()
        hidden = 8 * np.array([PHYSICS[k].inputs for k in KINDS])[self.of.kind]
        weights *= np.where(np.arange(WEIGHTS) < hidden[:, None], self.gain[:, None], np.float32(1))
        return np.clip((self._returns(weights) - self._nothing) / (1 - self._nothing), -1, 1)


class ActorCritics(Policies):
    """Actor-critics in training: 20 stages of 4 updates with 16 episodes side by side, 16 steps of each an update."""

    def __init__(self, of: Batch) -> None:
        super().__init__(of, critic=True)
        self.first, self.second, self.path = (np.zeros_like(self.weights) for _ in range(3))
        self.states = np.empty((self.m, STATE, EPISODES_OF), np.float32)
        call("starts", self.m, of.kind, of.constants, self._keys(EPISODES), self.states)
        lanes = seeding.mix(self._keys(AGES)[:, None], np.arange(EPISODES_OF).astype(np.uint64))
        self.ages = (lanes % np.uint64(EPISODE)).astype(np.int64)
        self.seen = np.zeros((self.m, SEEN), np.float32)

    def train(self, rate: Floats, sigma: Floats) -> None:
        """Train for one stage at learning rates and action noises, ``(m,)`` each."""
        of, given = self.of, [np.ascontiguousarray(v, np.float32) for v in (rate, sigma)]
        arrays = (self.weights, self.first, self.second, self.path, self.states, self.ages)
        call("stages", self.m, self.stage, of.kind, of.constants, self.noise, *arrays, *given, self.seen)
        self.stage += 1

    def continued(self, who: Ints, key: Keys) -> Any:
        """Return copies of runs, with noise and start states of new keys ``(len(who),)`` from now on."""
        other: Any = type(self).__new__(type(self))
        other.__dict__ |= {name: value[who] for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        other.of, other.m, other.stage, other.noise = self.of.part(who), len(who), self.stage, key
        other.judge_from(seeding.mix(key, JUDGED))
        return other


class Strategies(Policies):
    """Evolution strategies in training, as in `Policies`.

    Args:
        of: The runs.
        decades: Of the hidden unit of the sensors.
    """

    def __init__(self, of: Batch, decades: float) -> None:
        u = seeding.uniform(seeding.mix(of.key, GAIN))
        super().__init__(of, gain=np.asarray(10.0 ** (decades * (2 * u - 1)), np.float32))

    def train(self, rate: Floats, sigma: Floats) -> None:
        """Move the means by one generation at learning rates and sigmas, ``(m,)`` each."""
        of, given = self.of, [np.ascontiguousarray(v, np.float32) for v in (rate, sigma)]
        arrays = (of.kind, of.constants, self.gain, self.noise, self.weights)
        call("generations", self.m, self.stage, *arrays, *given)
        self.stage += 1
