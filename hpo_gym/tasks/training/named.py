"""From the name of a training task to the task: `<family>-s<seed>`, such as `moons-s17`, without end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hpo_gym.errors import InvalidValueError, unknown
from hpo_gym.space import SearchSpace
from hpo_gym.tasks.training.generators import FAMILIES, GENERATORS
from hpo_gym.tasks.training.recipe import Recipe
from hpo_gym.tasks.training.stream import Source
from hpo_gym.tasks.training.task import TrainingTask

MAX_SEED = 10**9 - 1
_NAME = re.compile(r"(?P<family>.+)-s(?P<seed>0|[1-9]\d*)")

PUBLISHED: Mapping[str, tuple[int, ...]] = {
    "checker": (4, 5), "stripes": (1, 11),
    "rings": (0, 1, 3), "quantiles": (3, 5, 6), "wedges": (0, 1, 3), "xor": (1, 4, 5), "ellipsoids": (0, 1, 3),
    "boxes": (0, 1, 3), "distances": (0, 2, 3, 4),
}  # fmt: skip
"""Seeds of the published tasks of a family, where they are not the first ones: the others are flat, that is, no
constant learning rate comes below .85 of a guess in 25 epochs, in the mean over 8 worlds."""

_EACH = {"train": 3, "val": 3, "test": 4}


def published() -> dict[str, tuple[str, ...]]:
    """Names of the published tasks by split."""
    return {
        split: tuple(f"{f}-s{seed}" for f in families for seed in PUBLISHED.get(f, tuple(range(_EACH[split]))))
        for split, families in FAMILIES.items()
    }


def family_of(generator: str) -> str:
    """The family that tasks of a generator are of, apart from those of data sets."""
    return f"stream-{generator}"


def training_task(name: str, suite: str, space: SearchSpace, recipe: Recipe, epochs: int, counts: str) -> TrainingTask:
    """Make the task of a name.

    Raises:
        UnknownNameError: No such family, or a name of another form.
        InvalidValueError: The seed is out of range.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise unknown("training task (`<family>-s<seed>`)", name, _examples(GENERATORS))
    family, seed = found["family"], int(found["seed"])
    if family not in GENERATORS:
        raise unknown("family of training tasks", family, GENERATORS)
    if seed > MAX_SEED:
        raise InvalidValueError(f"`seed <= {MAX_SEED}` must hold in a task's name, got {seed}.")
    return TrainingTask(
        name, family_of(family), suite, space, source=Source(family, seed), recipe=recipe, epochs=epochs, goal=counts
    )


def _examples(families: Iterable[str]) -> list[str]:
    return [f"{family}-s0" for family in families]
