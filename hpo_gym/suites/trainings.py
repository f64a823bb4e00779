"""The suite `Trainings`: learning rate, weight decay and dropout of networks on real tables; the last epoch counts."""

from __future__ import annotations

from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.problem import SPLITS, SUITES, Suite
from hpo_gym.suites.tasks.fits.controls import control_space
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.tasks.fits.tables import built, index, names
from hpo_gym.suites.tasks.fits.task import BEST, GUESS, SD, FitTask

EPOCHS = 24


@SUITES.register("Trainings", kind="training")
def trainings_with(recipe: Recipes | None = None) -> Suite:
    """Set learning rate, weight decay and dropout of a network anew before each epoch, so that its test loss is low.

    An episode draws rows of a real table and a recipe: width, depth, activation, batch norm, SGD or AdamW, batch, rows
    and wrong labels.

    Args:
        recipe: The ranges that recipes are drawn from.
    """
    if not isinstance(recipe, Recipes | None):
        raise InvalidValueError(f"`recipe` must be a `Recipes` or None, got {recipe!r:.80}.")
    about = {
        "title": "Trainings on real tables",
        "description": "Networks of many kinds on rows of real data sets; learning rate, weight decay and dropout are "
        "set before each epoch.",
        "score": "minus log(loss + .01) of the checkpoint, in losses of a guess; the last one, on test rows, counts",
        "unit": "log(number of classes)",
        "cost": "epochs",
        "licence": "MIT; the data sets are of others, see NOTICE",
        "source": "data sets of Python packages",
        "built": built(),
    }
    name, version, chosen, space = "Trainings", 1, recipe or Recipes(), control_space()
    splits = {split: names(split) for split in SPLITS}
    members = tuple(
        FitTask(task, index()[task].family, name, space, BEST, GUESS, epochs=EPOCHS, sd=SD, recipes=chosen)
        for split in SPLITS
        for task in splits[split]
    )
    tables = {task: listed.sha256 for task, listed in index().items()}
    decides = (name, version, splits, tables, chosen.decides(), EPOCHS, space.to_json())
    return Suite(name, space, members, "training", version, splits, about, f"{seeding.key(*decides):016x}")
