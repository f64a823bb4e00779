"""The suite `Schedules`: the learning rate of a network while it trains; the last loss counts.

`docs/schedules.md` describes the network, its rows and the draws of an episode.
"""

from __future__ import annotations

from collections.abc import Sequence

from hpo_gym.problem import LAST, SUITES, Suite
from hpo_gym.suites.tasks.training.named import Course, training_suite
from hpo_gym.suites.tasks.training.recipe import Recipe

EPOCHS = 25


@SUITES.register("Schedules", kind="training")
def schedules_with(controls: Sequence[str] = (), *, recipe: Recipe | None = None) -> Suite:
    """Set the learning rate of a small network anew before each epoch, so that its loss at the end is low.

    Args:
        controls: "momentum", "batch", or both, beside the learning rate.
        recipe: Network, optimizer and epoch.

    Raises:
        UnknownNameError: There is no such control.
    """
    about = {
        "title": "Schedules of the learning rate",
        "description": "Small networks on streams of fresh rows; the learning rate is set before each epoch.",
        "score": "minus the validation loss after the epoch, in losses of a guess; the last one counts",
    }
    return training_suite("Schedules", 1, Course(recipe or Recipe(), EPOCHS, LAST, sd=0.43), about, controls)
