"""A recipe that trains nothing real in no time, and whose cells can be told to misbehave."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ConfigSpace as cs
import numpy as np
from numpy.typing import NDArray

from hpo_builders.data_sets.folds import Problem
from hpo_builders.data_sets.material import DataSets
from hpo_builders.training.recipe import Measured, Recipe, TrainingFailed, unmeasured
from hpo_gym.base import Floats


def space() -> cs.ConfigurationSpace:
    out = cs.ConfigurationSpace()
    out.add(cs.UniformFloatHyperparameter("shift", -1.0, 1.0, default_value=0.0))
    out.add(cs.CategoricalHyperparameter("way", ["nearest", "mean"], default_value="nearest"))
    return out


def train(problem: Problem, config: Mapping[str, Any], seed: int) -> Measured:
    """A nearest-mean rule, its border moved, on the first fold; the seed shows in the test score."""
    fold = problem.folds[0]
    scores, test = [], 0.0
    for share in (0.5, 1.0):
        x, y = fold.first(share)
        means = np.array([x[y == c].mean(0) for c in range(problem.classes)])
        scores.append(problem.score(fold.y_val, _nearest(fold.x_val, means, config)))
        test = problem.score(fold.y_test, _nearest(fold.x_test, means, config))
    time.sleep(float(os.environ.get("TINY_SLEEP", "0")))
    return Measured(np.array(scores), unmeasured(2, test + seed % 7), np.full(2, 0.01))


def _nearest(x: Floats, means: Floats, config: Mapping[str, Any]) -> NDArray[np.int64]:
    found = (((x[:, None] - means) ** 2).sum(2) + config["shift"] * np.arange(len(means))).argmin(1)
    return found if config["way"] == "nearest" else np.zeros_like(found)


def misbehave(problem: Problem, config: Mapping[str, Any], seed: int) -> Measured:
    """Raises for positive shifts, dies above .8, hangs below -.8; `mean` wants too much memory for negative ones."""
    shift = config["shift"]
    if shift > 0.8:
        os._exit(3)
    if shift < -0.8:
        time.sleep(3600)
    if shift < 0 and config["way"] == "mean":
        np.ones(12 << 30, np.uint8)
    if shift > 0:
        raise TrainingFailed("positive")
    return train(problem, config, seed)


def forget(problem: Problem, config: Mapping[str, Any], seed: int) -> Any:
    """A fault of the recipe itself: it measures nothing."""
    return None


def mistake(problem: Problem, config: Mapping[str, Any], seed: int) -> Any:
    """A fault of the recipe itself: there is no such hyperparameter."""
    return config["shifft"]


def wait(problem: Problem, config: Mapping[str, Any], seed: int) -> Any:
    """A fault of the recipe itself: a limit of its own, and no guard's."""
    raise TimeoutError("nobody answered")


def leave(problem: Problem, config: Mapping[str, Any], seed: int) -> Any:
    """A fault of the recipe itself: it would end the process in good order."""
    raise SystemExit(5)


def die(problem: Problem, config: Mapping[str, Any], seed: int) -> Measured:
    """Dies where a shift is above .6."""
    if config["shift"] > 0.6:
        os._exit(3)
    return train(problem, config, seed)


def material(**changes: Any) -> DataSets:
    return DataSets(**{"kinds": ("classification",), "rows": 150, "training_rows": 60, "limit": 2, **changes})


def recipe(train: Any = train, **changes: Any) -> Recipe:
    options: dict[str, Any] = {
        "suite": "Tiny",
        "title": "Tiny",
        "description": "Nearest means.",
        "space": space,
        "material": material(),
        "fidelities": (0.5, 1.0),
        "fidelity": "share of the training rows",
        "train": train,
        "configurations": 60,
        "libraries": ("numpy",),
    }
    return Recipe(**{**options, **changes})


def build(archives: str, out: str, work: str, lossy: str) -> None:
    """Build in a process that a test can kill; `lossy`: some cells kill their workers."""
    from hpo_builders.order import Order
    from hpo_builders.training.build import build as start

    order = Order(Path(archives), Path(out), Path(work), "process", 2, resume=True, tasks=("iris", "wine"))
    start(recipe(die if lossy else train), order)
