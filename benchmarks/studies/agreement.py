"""The suite `Trainings` against trainings in torch: whether controllers have the same order on both sides.

Eight controllers with the same settings train networks of the suite on its test tables, and networks of torch on data
sets that no table holds: the results of `torch_control`. Networks, batches and rows of the suite are mixed, as in its
episodes; only the optimizer is set. Of two controllers whose losses differ by 5 % in the suite, the same should be
ahead in torch.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from schedule_elsewhere import Together
from torch_control import AUTOPILOT, CONTROLLERS, EPOCHS, Trained, controllers, trained
from torch_fits import MAKERS, OPTIMIZERS

from hpo_gym.base import Floats, seeding
from hpo_gym.bench import instance_of
from hpo_gym.optimize import BatchOptimizer, Context, Optimizer, run_batch
from hpo_gym.problem import Suite
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.trainings import trainings_with

SUITES = ("Trainings",)
LOOKS = Look("test losses of eight controllers", "whether the suite agrees with torch", SUITES, only="suite")
INSTANCES = 10
"""Episodes of each test table of the suite."""
FIRST = "constant"
"""The controller that was trained wherever one of the rules was."""
APART = math.log(1.05)
"""Difference of two log losses that counts."""
CHEAP = {("suite", "sgd"): ("constant",)}

Found = Mapping[str, Any]


cells = frame.grid(("suite",), OPTIMIZERS)


def cell(side: str, optimizer: str, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the test scores of controllers in the suite on each table."""
    return in_suite(optimizer, names or tuple(CONTROLLERS))


def in_suite(optimizer: str, names: Sequence[str], epochs: int = EPOCHS) -> dict[str, Any]:
    """Return the mean test scores of controllers on the test tables, with one optimizer of the networks."""
    suite = suite_of(optimizer)
    tasks = suite.tasks("test")
    scores = {
        name: last_scores(one, suite, epochs).round(5).tolist() for name, one in controllers(optimizer, names).items()
    }
    return {"tasks": [t.name for t in tasks], "families": [t.family for t in tasks], "score": scores}


def suite_of(optimizer: str) -> Suite:
    """Return the suite with one optimizer of its networks."""
    return trainings_with(recipe=Recipes(optimizer=(optimizer,)))


def last_scores(controller: Optimizer, suite: Suite, epochs: int) -> Floats:
    """Return the mean last score on each test table."""
    tasks = suite.tasks("test")
    places = [(task, instance_of(suite.name, task.name, r)) for task in tasks for r in range(INSTANCES)]
    contexts = {task: Context.of(task, epochs) for task in tasks}
    rngs = [seeding.generator(seeding.optimizer_seed(instance, "agreement", {})) for _, instance in places]
    them = [t for t, _ in places], [i for _, i in places], [contexts[t] for t, _ in places]
    batched = controller if isinstance(controller, BatchOptimizer) else Together(controller)
    runs = run_batch(batched, *them, rngs, budget=epochs, n_init=0)
    return np.asarray(runs.scores()[:, -1].reshape(len(tasks), INSTANCES).mean(1))


# ---------------------------------------------------------------------- both sides
def in_the_suite(found: Found, optimizer: str) -> dict[str, float]:
    """Return the mean log loss of each controller over families of the suite."""
    part = found["suite"][optimizer]
    return {name: -by_family(scores, part["families"]) for name, scores in part["score"].items()}


def torch_places() -> list[Trained]:
    """Return the places in torch with the seeds of the rules; with CNN another rule takes the place of `autopilot`."""
    found = []
    for side, data_set, rows, seeds in trained(frame.stored("torch_control")):
        names = [n for n in CONTROLLERS if n != AUTOPILOT or not side.startswith("CNN")]
        own = {seed: {n: scores[n] for n in names if n in scores} for seed, scores in seeds.items() if FIRST in scores}
        found += [Trained(side, data_set, rows, own)] * bool(own)
    return found


def in_torch(known: Sequence[Trained], side: str) -> dict[str, float]:
    """Return the mean log loss of each controller over data sets of torch, of those that were trained everywhere."""
    of: dict[str, list[Mapping[str, float]]] = {}
    for place in known:
        if place.side == side:
            of.setdefault(place.data_set, []).extend(place.seeds.values())
    everywhere = [scores.keys() for some in of.values() for scores in some]
    own = [name for name in CONTROLLERS if everywhere and all(name in names for names in everywhere)]
    return {name: -float(np.mean([np.mean([scores[name] for scores in some]) for some in of.values()])) for name in own}


def by_family(scores: Sequence[float], families: Sequence[str]) -> float:
    """Return the mean of the means of families."""
    of = {f: [s for s, g in zip(scores, families, strict=True) if f == g] for f in families}
    return float(np.mean([np.mean(part) for part in of.values()]))


def pairs(suite: Mapping[str, float], torch: Mapping[str, float]) -> list[bool]:
    """Return whether the two sides have the same order, for each pair of torch's that is apart in the suite."""
    return [
        (suite[a] < suite[b]) == (torch[a] < torch[b])
        for a, b in itertools.combinations(torch, 2)
        if abs(suite[a] - suite[b]) >= APART
    ]


def tau(suite: Mapping[str, float], torch: Mapping[str, float]) -> float:
    """Return Kendall's tau of the two orders."""
    from scipy.stats import kendalltau

    return float(kendalltau([suite[n] for n in torch], [torch[n] for n in torch]).statistic)


def places(found: Found) -> Iterator[tuple[str, dict[str, float], dict[str, float]]]:
    """Yield each kind of network with each optimizer, and the log losses of both sides."""
    known = torch_places()
    for optimizer, kind in itertools.product(OPTIMIZERS, MAKERS):
        torch = in_torch(known, f"{kind}, {optimizer}")
        if torch:
            yield f"{kind}, {optimizer}", in_the_suite(found, optimizer), torch


# ---------------------------------------------------------------------- tables
def tables(found: Found) -> dict[str, Table]:
    """Return the agreement of each kind of network."""
    known = list(places(found))
    rows = [
        (place, str(len(same := pairs(suite, torch))), f"{np.mean(same):.0%}", f"{tau(suite, torch):.2f}")
        for place, suite, torch in known
    ]
    same = [one for _, suite, torch in known for one in pairs(suite, torch)]
    mean = np.mean([tau(suite, torch) for _, suite, torch in known])
    rows.append(("all", str(len(same)), f"{np.mean(same):.0%}", f"{mean:.2f}"))
    heads = ("network in torch", "pairs 5 % apart in the suite", "same order in torch", "Kendall's tau")
    note = "Pairs of eight controllers; tau is of all pairs. In torch, geometric means over data sets, rows and seeds."
    return {"agreement": Table.of(heads, rows, note)}


def values(found: Found) -> dict[str, Any]:
    """Return the share of pairs in the same order and the mean tau, and how much was trained in torch."""
    known = list(places(found))
    same = [one for _, suite, torch in known for one in pairs(suite, torch)]
    there = torch_places()
    return {
        "same": float(np.mean(same)),
        "tau": float(np.mean([tau(suite, torch) for _, suite, torch in known])),
        "data-sets": len({place.data_set for place in there}),
        "seeds": len({seed for place in there for seed in place.seeds}),
        "trainings": sum(len(scores) for place in there for scores in place.seeds.values()),
    }
