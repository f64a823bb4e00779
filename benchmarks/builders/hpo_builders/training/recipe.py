"""Recipes of suites of our own training: space, fidelities, and the training of one configuration.

A recipe trains one configuration on one problem, at all fidelities, and is a function of its arguments alone: no clock,
no global generator, one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_builders.training.material import Material
from hpo_gym.base import Floats
from hpo_gym.problem import Objective, Points, SearchSpace, Sizes

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


CHUNK = 25
"""Configurations of a shard."""


class TrainingFailed(Exception):
    """A configuration that does not give a model: it did not converge, diverged, or is refused by its library."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Result of training one configuration, at each of `f` fidelities.

    Attributes:
        score, test_score: What chooses, and what no choice has seen, ``(f,)``, higher is better; -inf = failed. The
            test score is measured at full fidelity only: below it is NaN.
        cost: Processor seconds to train and to validate, ``(f,)``; of a failure, those until it was known.
        repeats: Scores of single seeds ``(f, r)``, whose mean `score` is; NaN where it failed. None: of one only.
        objectives: At full fidelity, in the order of `Recipe.objectives`, ``(o,)``, finite; None where there are none.
    """

    score: Floats
    test_score: Floats
    cost: Floats
    repeats: Floats | None = None
    objectives: Floats | None = None


def unmeasured(f: int, test: float) -> Floats:
    """Test scores of `f` fidelities, ``(f,)``: `test` at the last of them, and none below."""
    return np.append(np.full(f - 1, np.nan), test)


Train = Callable[[Any, Mapping[str, Any], int], Measured]
Propose = Callable[[SearchSpace, Points, Floats, int, int], Points]
"""From a space, canonical points ``(n, d)`` that were tried and their scores ``(n,)`` (-inf = failed), a number and a
seed to so many other canonical points. Fewer are the first of more."""


@dataclass(frozen=True, eq=False)
class Search:
    """Search for configurations of each task's own.

    Attributes:
        drawn: So many are drawn by key, the default first; a multiple of `CHUNK`.
        propose: Proposes the others, a chunk at a time, by what was found before.
    """

    drawn: int
    propose: Propose


@dataclass(frozen=True, eq=False)
class Recipe:
    """Recipe of a suite's table.

    Attributes:
        suite: The suite's name.
        title, description: What is tuned.
        space: The search space; its default is the libraries' own default.
        material: What is trained on: the tasks, and how each becomes a problem.
        fidelities: Shares of a full evaluation, ascending, the last is 1.
        fidelity: What a fidelity is: "share of the training rows", "trees", "epochs".
        train: Trains one configuration: problem, configuration, seed of whatever is random. It may raise
            `TrainingFailed` where all fidelities fail, and raises `MemoryError` where there is too little; what else it
            raises ends the build.
        configurations: Rows of the table.
        libraries: Packages whose versions are recorded.
        version: Raised whenever `train` gives other scores; shards of two versions never make one table.
        cumulative: Whether one training passes through all fidelities, so that the cost of one holds that of those
            below it; else each is trained by itself.
        modules: What `train` and `search` import when they are called: imported once, before the first of them.
        search: Where each task has configurations of its own: how it comes to them. None: all have the same.
        repeats: How many scores of single seeds `train` gives; 0: only their mean.
        objectives: What `train` measures besides score and cost.
        sizes: What the fidelities are, where they are sizes of the model.
        study: On so many first tasks, some configurations are trained under other seeds as well.
    """

    suite: str
    title: str
    description: str
    space: Callable[[], ConfigurationSpace]
    material: Material
    fidelities: tuple[float, ...]
    fidelity: str
    train: Train
    configurations: int
    libraries: tuple[str, ...]
    version: int = 1
    cumulative: bool = False
    modules: tuple[str, ...] = ()
    search: Search | None = None
    repeats: int = 0
    objectives: tuple[Objective, ...] = ()
    sizes: Sizes | None = None
    study: int = 24
