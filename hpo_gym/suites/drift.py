"""The suite `Drift`: the learning rate of a network on a stream that changes; the mean loss counts."""

from __future__ import annotations

from collections.abc import Sequence

from hpo_gym.problem import MEAN, SUITES, Suite
from hpo_gym.suites.tasks.training.named import Course, training_suite
from hpo_gym.suites.tasks.training.recipe import Recipe

EPOCHS = 40


@SUITES.register("Drift", kind="training")
def drift_with(controls: Sequence[str] = (), *, recipe: Recipe | None = None) -> Suite:
    """Set the learning rate of a small network while its stream changes, so that its loss is low all along.

    Args:
        controls: "momentum", "batch", or both, beside the learning rate.
        recipe: Network, optimizer and epoch; with `drift`.

    Raises:
        UnknownNameError: There is no such control.
    """
    about = {
        "title": "Learning rates on streams that change",
        "description": "Small networks on streams whose inputs jump in scale; the learning rate is set each epoch.",
        "score": "minus the validation loss after the epoch, in losses of a guess; the mean counts",
    }
    course = Course(recipe or Recipe(drift=True, chunks=1024), EPOCHS, MEAN, sd=0.36)
    return training_suite("Drift", 1, course, about, controls)
