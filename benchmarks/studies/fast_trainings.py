"""The trainings of `Schedules` by a compiled kernel, for studies that play millions of epochs.

It does what `hpo_gym/suites/tasks/training` does, several times as fast, for networks of 16 ReLU units and one learning
rate. Sums are in another order, so the last bits differ, and trainings amplify them: search with it, and report what
the package's own kernel gives. Without a C compiler the package's own kernel is used.
"""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import Ints, Singles, seeding
from hpo_gym.problem import Points
from hpo_gym.suites.tasks.training.keyed import FRESH, chunk_order, flipped
from hpo_gym.suites.tasks.training.network import dots
from hpo_gym.suites.tasks.training.recipe import Recipe
from hpo_gym.suites.tasks.training.signals import after, bounded
from hpo_gym.suites.tasks.training.trainings import Trainings

SOURCE = Path(__file__).with_suffix(".c")
COMPILER = "cc"
FLAGS = (
    "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fassociative-math", "-fno-signed-zeros",
    "-Wno-psabi",
)  # fmt: skip
SEEN = 8
"""Numbers of an epoch that the kernel returns."""
HUGE = 1e12


only: list[bool] = []
"""Whether the last epoch alone is validated, of the contexts that are open."""


@contextmanager
def compiled(*, last_only: bool = False) -> Iterator[bool]:
    """Train by the compiled kernel within the context; yield whether it is there.

    Args:
        last_only: Validate after the last epoch alone, for rules that do not read the validation loss.
    """
    known = Trainings._trained
    only.append(last_only)
    there = shutil.which(COMPILER) is not None
    if there:
        Trainings._trained = trained  # type: ignore[method-assign]
    try:
        yield there
    finally:
        Trainings._trained = known  # type: ignore[method-assign]
        only.pop()


@functools.cache
def kernel() -> Any:
    """Return the compiled function."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.so")
        subprocess.run([COMPILER, *FLAGS, "-shared", "-fPIC", str(SOURCE), "-o", str(path), "-lm"], check=True)
        function = ctypes.CDLL(str(path)).epochs
    function.restype = None
    return function


def fits(recipe: Recipe) -> bool:
    """Tell whether the kernel has the networks of a recipe."""
    return (recipe.hidden, recipe.activation, recipe.slot) == (16, "relu", 16)


def trained(self: Trainings, who: Ints, at: Points) -> Singles:
    """Train runs for an epoch as `Trainings` does; their signals, ``(m, 18)``."""
    recipe, state, stream, controls = self.recipe, self.state, self._stream, self._controls(at)
    assert fits(recipe) and (controls.every == 1).all()
    task, m = state.task[who], len(who)
    chunk, labels = rows_of(self, who)
    weights = self.weights.part(who)  # copies, as `who` is an array
    decay = {float(d) for d in controls.momentum}
    assert len(decay) == 1
    adam = recipe.optimizer == "adam"
    seen, maps = np.empty((m, SEEN), np.float32), self._transform(who) if recipe.drift else scales(state.scale[who])
    arrays = [
        stream.x, task, chunk, labels, maps, stream.valid_x, self._labels[who],
        stream.classes[task], np.ascontiguousarray(controls.rate),
    ]  # fmt: skip
    moments = [weights.first, weights.second, weights.times] if adam else [None] * 3
    early = only[-1] and int(state.epoch[who[0]]) + 1 < self._epochs
    sizes = recipe.slots, recipe.chunks, 0 if early else recipe.validation, int(recipe.drift)
    call(m, sizes, arrays, decay.pop(), [*weights[:2], *moments, seen])
    squares = dots(weights.value, weights.value)
    dead = ~(squares < HUGE)
    for whole, part in zip(self.weights, weights, strict=True):
        part[dead] = 0
        np.asarray(whole)[who] = part
    self.state.dead[who] = dead
    losses = seen[:, [6, 0, 1, 2]].T / np.log(stream.classes[task])
    shown = bounded(np.where(dead, np.inf, losses), recipe.cap)
    norms = np.stack([seen[:, 3], seen[:, 5], np.sqrt(squares)])
    return after(self.signals[who], shown, norms, np.stack([seen[:, 7], seen[:, 4]]), dead)


ROWS: dict[tuple[int, bytes], tuple[Ints, Any]] = {}
"""Chunks and labels of an epoch of many runs: they do not depend on a rule, so all settings share them."""
MANY = 600


def rows_of(self: Trainings, who: Ints) -> tuple[Ints, Any]:
    """Return the chunks ``(m, slots)`` and the labels ``(m, rows)`` of the next epoch of runs."""
    state, stream, recipe = self.state, self._stream, self.recipe
    task, key, epoch = state.task[who], state.key[who], state.epoch[who]
    place = (int(epoch[0]), key.tobytes())
    if place not in ROWS:
        chunk = chunk_order(key, epoch, recipe.slots, recipe.chunks)
        labels = stream.y[task[:, None], chunk].reshape(len(who), -1)
        if recipe.drift:
            labels = np.take_along_axis(state.names[who], labels.astype(np.int64), 1)
        noise = seeding.mix(seeding.mix(key, FRESH), epoch.astype(np.uint64))
        if len(ROWS) >= MANY:
            ROWS.clear()
        ROWS[place] = chunk, np.ascontiguousarray(flipped(labels, noise, state.noise[who], stream.classes[task]))
    return ROWS[place]


def scales(scale: Any) -> Singles:
    """Return the maps that multiply all columns but the last, ``(m, 16, 16)``."""
    maps = np.zeros((len(scale), 16, 16), np.float32)
    maps[:, range(15), range(15)] = scale.astype(np.float32)[:, None]
    maps[:, 15, 15] = 1
    return maps


def call(m: int, sizes: tuple[int, ...], inputs: list[Any], decay: float, outputs: list[Any]) -> None:
    """Call the kernel; arrays are contiguous, and outputs are written."""
    places = [None if a is None else ctypes.c_void_p(a.ctypes.data) for a in (*inputs, *outputs)]
    counts = [ctypes.c_long(n) for n in (m, *sizes)]
    kernel()(*counts, *places[: len(inputs)], ctypes.c_float(decay), *places[len(inputs) :])
