"""Shared parts of training suites: from a recipe to a suite."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from hpo_gym.base import DATA, seeding
from hpo_gym.problem import Suite
from hpo_gym.suites.tasks.onward.found import FILE, found_in
from hpo_gym.suites.tasks.training.controls import RATE, control_space
from hpo_gym.suites.tasks.training.named import published, training_task
from hpo_gym.suites.tasks.training.recipe import Recipe
from hpo_gym.suites.tasks.training.task import TrainingTask


def training_suite(
    name: str, version: int, recipe: Recipe, epochs: int, counts: str, about: Mapping[str, Any], *, sd: float,
    controls: Sequence[str] = (RATE,),
) -> Suite:  # fmt: skip
    """Return a suite of the published streams.

    Args:
        name: Of the suite.
        version: Raised when a task changes.
        recipe: Network, optimizer and epoch.
        epochs: Of an episode.
        counts: Result of a run, "last" or "mean".
        about: The card.
        sd: Standard deviation of the result, over trainings on the training tasks at constant learning rates drawn from
            [.001, .3], as many in each factor of ten.
        controls: Controlled hyperparameters; others are the recipe's.
    """
    space, splits = control_space(recipe, tuple(controls)), published()
    digest = f"{seeding.key(name, version, splits, recipe.to_json(), epochs, counts, space.to_json()):016x}"
    found = found_in(DATA / name / FILE, digest)
    make = functools.partial(
        _made, suite=name, space=space, recipe=recipe, epochs=epochs, counts=counts, sd=sd, found=found
    )
    members = tuple(make(task) for names in splits.values() for task in names)
    return Suite(name, space, members, "training", version, splits, about, digest, make)


def _made(name: str, *, found: Mapping[str, Sequence[float]], **settings: Any) -> TrainingTask:
    """Return the task of a name, with its best known result."""
    return training_task(name, **settings, found=found.get(name, ()))
