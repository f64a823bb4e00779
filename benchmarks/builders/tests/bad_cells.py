"""Recipes whose cells go wrong, each in a way of its own; only the toy that warms a process up goes well."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ConfigSpace as cs
import numpy as np
import tiny_recipe

from hpo_builders.data_sets.folds import Problem
from hpo_builders.training.recipe import Measured, Recipe

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
DIED, LATE, FULL = "its worker died", "out of time", "out of memory"
MEGABYTE = 1 << 20

WAYS: dict[str, tuple[Callable[[], object] | None, str | None]] = {"behaves": (None, None)}
"""What a cell does before it trains, and why it is lost."""


def way(reason: str | None) -> Callable[[Callable[[], object]], Callable[[], object]]:
    def decorate(function: Callable[[], object]) -> Callable[[], object]:
        WAYS[function.__name__.replace("_", " ")] = function, reason
        return function

    return decorate


@way(DIED)
def dies() -> None:
    os._exit(0)


@way(DIED)
def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@way(DIED)
def kills_its_guard() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)


@way(LATE)
def hangs() -> None:
    time.sleep(600)


@way(LATE)
def ignores_signals_and_has_children() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    subprocess.Popen(SLEEP)
    subprocess.Popen(SLEEP, start_new_session=True)
    while True:
        time.sleep(1)


@way(FULL)
def wants_too_much_memory() -> None:
    np.ones(1024 * MEGABYTE, np.uint8)


@way(FULL)
def takes_ever_more_memory() -> None:
    kept = []
    while True:
        kept.append(bytearray(8 * MEGABYTE))


@way(FULL)
def has_children_that_take_memory() -> None:
    for _ in range(2):
        if os.fork() == 0:
            kept = np.ones(240 * MEGABYTE, np.uint8)
            time.sleep(600)
            os._exit(int(kept[0]))
    time.sleep(600)


@way(None)
def leaves_children() -> None:
    subprocess.Popen(SLEEP)
    subprocess.Popen(SLEEP, start_new_session=True)


@way(None)
def prints_much() -> None:
    for _ in range(64):
        os.write(1, b"loss=nan\n" * 4096)


def space(ways: Sequence[str] = tuple(WAYS)) -> cs.ConfigurationSpace:
    out = cs.ConfigurationSpace()
    out.add(cs.CategoricalHyperparameter("way", ways, default_value="behaves"))
    return out


def train(problem: Problem, config: Mapping[str, Any], seed: int) -> Measured:
    """Do what the way is, then train."""
    function = WAYS[config["way"]][0]
    if function is not None and problem.name != "toy":
        function()
    return tiny_recipe.train(problem, {"shift": 0.0, "way": "nearest"}, seed)


def die_twice(problem: Problem, config: Mapping[str, Any], seed: int) -> Measured:
    """The first two processes that get here die; they leave files in the folder of `BAD_CELLS`."""
    if problem.name != "toy" and config["way"] == "dies":
        before = len(list(Path(os.environ["BAD_CELLS"]).iterdir()))
        (Path(os.environ["BAD_CELLS"]) / str(before)).touch()
        if before < 2:
            os._exit(1)
    return tiny_recipe.train(problem, {"shift": 0.0, "way": "nearest"}, seed)


def recipe(train: Any = train, ways: Sequence[str] = tuple(WAYS)) -> Recipe:
    """One with a row for each of these ways, the first of which is "behaves"."""
    made = functools.partial(space, tuple(ways))
    return tiny_recipe.recipe(train, space=made, configurations=len(ways), material=tiny_recipe.material(limit=1))
