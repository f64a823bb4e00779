"""The suite `Learners`: an actor-critic while it learns a task of control; its last score counts."""

from __future__ import annotations

import functools

from hpo_gym.base import seeding
from hpo_gym.problem import SUITES, Suite
from hpo_gym.suites.tasks.learners.task import learner_space, learner_task, published

STAGES = 20


@SUITES.register("Learners", kind="training")
def learners() -> Suite:
    """Set learning rate and action noise of an actor-critic before each stage, so that its policy ends well."""
    about = {
        "title": "Actor-critics in training",
        "description": "Small actor-critics learn to control a cart-pole, a pendulum or an arm; learning rate and "
        "action noise are set before each stage.",
        "score": "mean return of the actor without noise, 0 for doing nothing, 1 for the highest reward at each step; "
        "the last one, in episodes of its own, counts",
        "unit": "share of what is conceivable",
        "cost": "stages",
        "licence": "MIT",
        "source": "our own physics",
    }
    name, version, space, splits = "Learners", 1, learner_space(), published()
    make = functools.partial(learner_task, suite=name, space=space, stages=STAGES)
    members = tuple(make(task) for names in splits.values() for task in names)
    physics = [m.physics.constants(m.seed).tolist() for m in members]
    decides = (name, version, splits, STAGES, space.to_json(), physics)
    return Suite(name, space, members, "training", version, splits, about, f"{seeding.key(*decides):016x}", make)
