"""The suite `ScheduledFits`: the learning rate of a network that sees the same few rows in each epoch."""

from __future__ import annotations

from hpo_gym.problem import LAST, SUITES, Suite
from hpo_gym.suites.schedules import EPOCHS
from hpo_gym.suites.tasks.training.named import Course, training_suite
from hpo_gym.suites.tasks.training.recipe import Recipe


@SUITES.register("ScheduledFits", kind="training")
def scheduled_fits() -> Suite:
    """Set the learning rate of a small network anew before each epoch, on the same 128 rows each time.

    As `Schedules`, but the rows of the first epoch come again, so a network that memorises them has a high validation
    loss. Stopping in time pays here: a suite to report beside `Schedules`, not in its place.

    **Search space**, **score**, **cost**: as in `Schedules`. **Tasks**: the same names and splits; 45 for training, 15
    for validation, 40 for testing. Their rows are generated too, but a task is a small fixed data set.

    **Best score**: not known. **Source**: our own generators, see `hpo_gym/suites/tasks/training/generators/`.
    """
    about = {
        "title": "Schedules on small fixed data",
        "description": "Small networks on the same 128 rows in each epoch; the learning rate is set before each.",
        "score": "minus the validation loss after the epoch, in losses of a guess; the last one counts",
    }
    return training_suite("ScheduledFits", 1, Course(Recipe(slots=8, chunks=8), EPOCHS, LAST, sd=0.39), about)
