"""Policies for control in training by a compiled kernel, for studies that play millions of stages.

`Strategies` are trained by the evolution strategy of the suite `Policies`, some ten times as fast as there but with
other random numbers. It needs a C compiler.
"""

from __future__ import annotations

import ctypes
import functools
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import Floats, Ints, Keys, Singles, seeding
from hpo_gym.suites.tasks.learners.families import FAMILIES
from hpo_gym.suites.tasks.policies.families import Family
from hpo_gym.suites.tasks.policies.physics import PHYSICS

SOURCE = Path(__file__).with_suffix(".c")
COMPILER = "cc"
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi")
KINDS = tuple(PHYSICS)
WEIGHTS, STATE, EPISODES_OF, CONSTANTS = 176, 6, 16, 6
"""Sizes of arrays of the kernel."""
LENGTH = 20
"""Stages, or generations, of a training."""
GIVEN, JUDGED, NOISE, GAIN = 0, 2, 3, 5
"""Purposes of numbers drawn by key."""

TUNED: Mapping[str, Family] = {**FAMILIES["train"], **FAMILIES["val"]}
TESTED: Mapping[str, Family] = FAMILIES["test"]
"""Those of `Learners`: twelve of them are in no split of `Policies`."""


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
        gain: Factor of all inputs, ``(m,)``.
    """

    def __init__(self, of: Batch, gain: Singles | None = None) -> None:
        self.of, self.m, self.stage = of, len(of.key), 0
        self.gain = np.ones(self.m, np.float32) if gain is None else gain
        self.weights = np.zeros((self.m, WEIGHTS), np.float32)
        call("first_weights", self.m, of.kind, self._keys(GIVEN), self.weights)
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


class Strategies(Policies):
    """Evolution strategies in training, as in `Policies`.

    Args:
        of: The runs.
        decades: Of the hidden unit of the sensors.
    """

    def __init__(self, of: Batch, decades: float) -> None:
        u = seeding.uniform(seeding.mix(of.key, GAIN))
        super().__init__(of, np.asarray(10.0 ** (decades * (2 * u - 1)), np.float32))

    def train(self, rate: Floats, sigma: Floats) -> None:
        """Move the means by one generation at learning rates and sigmas, ``(m,)`` each."""
        of, given = self.of, [np.ascontiguousarray(v, np.float32) for v in (rate, sigma)]
        arrays = (of.kind, of.constants, self.gain, self.noise, self.weights)
        call("generations", self.m, self.stage, *arrays, *given)
        self.stage += 1
