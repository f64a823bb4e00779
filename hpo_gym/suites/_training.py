"""What suites of trainings have in common: from a recipe to a suite."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from hpo_gym import seeding
from hpo_gym.suite import Suite
from hpo_gym.tasks.training.controls import RATE, control_space
from hpo_gym.tasks.training.named import published, training_task
from hpo_gym.tasks.training.recipe import Recipe
from hpo_gym.transfer.prior import Scale

GUESS = -1.0
"""The score of a guess."""


def training_suite(
    name: str, version: int, recipe: Recipe, epochs: int, counts: str, about: Mapping[str, Any], *, reward: str,
    spread: float, controls: Sequence[str] = (RATE,),
) -> Suite:  # fmt: skip
    """A suite of the published streams.

    Args:
        name: Of the suite.
        version: Raised when a task changes.
        recipe: Network, optimizer and epoch.
        epochs: Of an episode.
        counts: What of a run counts, "last" or "mean".
        about: The card.
        reward: By default.
        spread: Standard deviation of the scores of trainings at one configuration, over the training tasks.
        controls: Hyperparameters that are controlled; others are the recipe's.
    """
    space, splits = control_space(recipe, tuple(controls)), published()
    make = functools.partial(training_task, suite=name, space=space, recipe=recipe, epochs=epochs, counts=counts)
    members = tuple(make(task) for names in splits.values() for task in names)
    digest = f"{seeding.key(name, version, splits, recipe.to_json(), epochs, counts, space.to_json()):016x}"
    return Suite(
        name, space, members, "training", version, splits, about, digest, make,
        env={"budget": epochs, "observer": "training", "codec": "move", "reward": reward},
        known_scale=Scale(GUESS, spread, 1.0, floor=-recipe.cap),
    )  # fmt: skip
