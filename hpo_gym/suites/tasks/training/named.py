"""From the name of a training task to the task: `<family>-s<seed>`, such as `moons-s17`, without end; and suites."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hpo_gym.base import DATA, seeding
from hpo_gym.problem import SearchSpace, Suite
from hpo_gym.suites.tasks.onward.named import family_and_seed
from hpo_gym.suites.tasks.training.controls import RATE, control_space
from hpo_gym.suites.tasks.training.generators import FAMILIES, GENERATORS
from hpo_gym.suites.tasks.training.recipe import Recipe
from hpo_gym.suites.tasks.training.stream import StreamSource
from hpo_gym.suites.tasks.training.task import GUESS, TrainingTask

PUBLISHED: Mapping[str, tuple[int, ...]] = {
    "prototypes": (0, 1, 6), "rings": (1, 7, 8), "quantiles": (6, 10, 13), "wedges": (0, 1, 3),
    "checker": (17, 20, 23), "xor": (4, 10, 11), "linear": (0, 1, 4), "quadratic": (2, 4, 5), "stripes": (12, 20, 60),
    "teacher": (0, 1, 3), "tree": (0, 2, 3), "ladder": (1, 3, 5), "ellipsoids": (14, 18, 22), "boxes": (24, 34, 55),
    "friedman": (3, 8, 14), "largest": (0, 3, 7), "gates": (0, 3, 7), "waveform": (0, 2, 3, 4),
    "frequency": (0, 2, 3, 4), "runs": (0, 2, 3, 4), "segments": (2, 5, 10, 11), "distances": (3, 4, 6, 9),
}  # fmt: skip
"""Seeds of the published tasks of a family, where they are not the first ones: the others are flat, that is, in the
mean over 4 instances no constant learning rate comes to .6 of a guess in the 25 epochs of `Schedules`. That is all that
has been looked at to choose them, in the test families too.
"""

FILE = "found.json"
"""Name of the file of best scores found, in the suite's folder of data: `schedules`, how many were tried in each
instance; `data_hash` of the suite; and `found`, of each task the best score in the instances of a comparison's first
replicates."""

_EACH = {"train": 3, "val": 3, "test": 4}


def published() -> dict[str, tuple[str, ...]]:
    """Names of the published tasks by split."""
    return {
        split: tuple(f"{f}-s{seed}" for f in families for seed in PUBLISHED.get(f, tuple(range(_EACH[split]))))
        for split, families in FAMILIES.items()
    }


def family_of(generator: str) -> str:
    """Return the family of a generator's tasks, apart from those of data sets."""
    return f"stream-{generator}"


@dataclass(frozen=True)
class Course:
    """The training of a suite's tasks; see `TrainingTask`.

    Attributes:
        epochs: Of an episode.
        counts: Result of a run, "last" or "mean".
        sd: Standard deviation of the result over trainings at learning rates of [.001, .3], even in the logarithm.
    """

    recipe: Recipe
    epochs: int
    counts: str
    sd: float = 1.0


def training_task(
    name: str, suite: str, space: SearchSpace, course: Course, found: Mapping[str, Sequence[float]]
) -> TrainingTask:
    """Make the task of a name.

    Args:
        found: By task, the best results in the instances of a comparison's first replicates, in their order.

    Raises:
        UnknownNameError: No such family, or a name of another form.
        InvalidValueError: The seed is out of range.
    """
    family, seed = family_and_seed(name, GENERATORS, "training task")
    best, instances = found_by_instance(suite, name, found.get(name, ()))
    return TrainingTask(
        name, family_of(family), suite, space, best=0.0 if best is None else best, worst=GUESS,
        source=StreamSource(family, seed), recipe=course.recipe, epochs=course.epochs, counts=course.counts,
        sd=course.sd, found=instances,
    )  # fmt: skip


def training_suite(
    name: str, version: int, course: Course, about: Mapping[str, Any], controls: Sequence[str] = (RATE,)
) -> Suite:
    """Return a suite of the published streams.

    Args:
        controls: Controlled hyperparameters; others are the recipe's.
    """
    recipe, epochs, counts = course.recipe, course.epochs, course.counts
    space, splits = control_space(recipe, tuple(controls)), published()
    digest = f"{seeding.key(name, version, splits, asdict(recipe), epochs, counts, space.to_json()):016x}"
    common = {"unit": "log(number of classes)", "cost": "epochs", "licence": "MIT", "source": "our own generators"}
    make = functools.partial(
        training_task, suite=name, space=space, course=course, found=found_in(DATA / name / FILE, digest)
    )
    members = tuple(make(task) for names in splits.values() for task in names)
    return Suite(name, space, members, "training", version, splits, {**about, **common}, digest, make)


# ------------------------------------------------------------------ the best that was found
def found_in(path: Path, data_hash: str) -> Mapping[str, tuple[float, ...]]:
    """Return the best scores by task; empty without such a file, or if its suite has another hash."""
    if not path.is_file():
        return {}
    kept = json.loads(path.read_text("utf-8"))
    return {task: tuple(scores) for task, scores in kept["found"].items()} if kept["data_hash"] == data_hash else {}


def found_by_instance(suite: str, task: str, found: Sequence[float]) -> tuple[float | None, Mapping[int, float]]:
    """Return the mean of the best scores found in a comparison's first instances, and each by its instance seed."""
    instances = {seeding.instance_seed(suite, task, "bench", r): score for r, score in enumerate(found)}
    return (sum(found) / len(found) if found else None), instances
