"""The suite `Policies`: an evolution strategy while it trains a policy for control; the last score counts."""

from __future__ import annotations

import functools
from dataclasses import asdict

from hpo_gym.base import seeding
from hpo_gym.problem import SUITES, Suite
from hpo_gym.suites.tasks.policies.setup import Setup, policy_space
from hpo_gym.suites.tasks.policies.task import policy_task, published

GENERATIONS = 20


@SUITES.register("Policies", kind="training")
def policies_with(setup: Setup | None = None) -> Suite:
    """Set learning rate and sigma of an evolution strategy before each generation, so that its policy ends well."""
    about = {
        "title": "Evolution strategies of policies for control",
        "description": "Small policies for a cart-pole, a pendulum and an arm; learning rate and sigma are set before "
        "each generation.",
        "score": "mean return of the mean policy, 0 for doing nothing, 1 for the highest reward at each step; the last "
        "one counts",
        "unit": "share of what is conceivable",
        "cost": "generations",
        "licence": "MIT",
        "source": "our own physics",
    }
    name, version, chosen, space, splits = "Policies", 2, setup or Setup(), policy_space(), published()
    make = functools.partial(policy_task, suite=name, space=space, setup=chosen, generations=GENERATIONS)
    members = tuple(make(task) for names in splits.values() for task in names)
    physics = [m.physics.constants(m.seed).tolist() for m in members]
    decides = (name, version, splits, asdict(chosen), GENERATIONS, space.to_json(), physics)
    return Suite(name, space, members, "training", version, splits, about, f"{seeding.key(*decides):016x}", make)
