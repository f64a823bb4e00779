"""Shared parts of training suites: from a recipe to a suite."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from hpo_gym.base import DATA, seeding
from hpo_gym.problem import SearchSpace, Suite
from hpo_gym.suites.tasks.onward.found import FILE, found_in
from hpo_gym.suites.tasks.training.controls import RATE, control_space
from hpo_gym.suites.tasks.training.named import Course, published, training_task
from hpo_gym.suites.tasks.training.task import TrainingTask


def training_suite(
    name: str, version: int, course: Course, about: Mapping[str, Any], controls: Sequence[str] = (RATE,)
) -> Suite:
    """Return a suite of the published streams.

    Args:
        name: Of the suite.
        version: Raised when a task changes.
        course: The training of its tasks.
        about: Title, description and score of the card.
        controls: Controlled hyperparameters; others are the recipe's.
    """
    recipe, epochs, counts = course.recipe, course.epochs, course.counts
    space, splits = control_space(recipe, tuple(controls)), published()
    digest = f"{seeding.key(name, version, splits, recipe.to_json(), epochs, counts, space.to_json()):016x}"
    common = {"unit": "log(number of classes)", "cost": "epochs", "licence": "MIT", "source": "our own generators"}
    make = functools.partial(_made, suite=name, space=space, course=course, found=found_in(DATA / name / FILE, digest))
    members = tuple(make(task) for names in splits.values() for task in names)
    return Suite(name, space, members, "training", version, splits, {**about, **common}, digest, make)


def _made(
    name: str, suite: str, space: SearchSpace, course: Course, found: Mapping[str, Sequence[float]]
) -> TrainingTask:
    """Return the task of a name, with its best known result."""
    return training_task(name, suite, space, course, found.get(name, ()))
