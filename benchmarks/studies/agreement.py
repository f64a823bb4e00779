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
from torch_control import AUTOPILOT, CONTROLLERS, EPOCHS, controllers, trained
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


def in_torch(found: Found, side: str) -> dict[str, float]:
    """Return the mean log loss of each controller over data sets of torch, of those that were trained everywhere."""
    apart = {AUTOPILOT} if side.startswith("CNN") else set()  # another rule takes its place there
    data_sets: dict[str, list[Mapping[str, float]]] = {}
    for its_side, data_set, _, seeds in trained(found):
        if side == its_side:
            data_sets.setdefault(data_set, []).extend(seeds.values())
    everywhere = [scores.keys() - apart for some in data_sets.values() for scores in some]
    own = [name for name in CONTROLLERS if everywhere and all(name in names for names in everywhere)]
    return {n: -float(np.mean([np.mean([scores[n] for scores in some]) for some in data_sets.values()])) for n in own}


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
    of_torch = frame.stored("torch_control")
    for optimizer, kind in itertools.product(OPTIMIZERS, MAKERS):
        torch = in_torch(of_torch, f"{kind}, {optimizer}")
        if torch:
            yield f"{kind}, {optimizer}", in_the_suite(found, optimizer), torch


# ---------------------------------------------------------------------- tables
def tables(found: Found) -> dict[str, Table]:
    """Return the agreement of each kind of network, and the losses of each controller in parts of the first one's."""
    known = list(places(found))
    rows = [
        (place, str(len(same := pairs(suite, torch))), f"{np.mean(same):.0%}", f"{tau(suite, torch):.2f}")
        for place, suite, torch in known
    ]
    same = [one for _, suite, torch in known for one in pairs(suite, torch)]
    mean = np.mean([tau(suite, torch) for _, suite, torch in known])
    rows.append(("all", str(len(same)), f"{np.mean(same):.0%}", f"{mean:.2f}"))
    heads = ("network in torch", "pairs 5 % apart in the suite", "same order in torch", "Kendall's tau")
    return {"agreement": Table.of(heads, rows), "losses": losses(found)}


def losses(found: Found) -> Table:
    """Return the losses of each controller, in the suite and in torch, in parts of the first one's."""
    known = list(places(found))
    sides: dict[str, Mapping[str, float]] = {}
    for place, suite, torch in known:
        sides |= {f"suite, {place.split(', ')[1]}": suite, place: torch}
    first = next(iter(CONTROLLERS))
    rows = [
        (f"`{n}`", *(f"{math.exp(side[n] - side[first]):.2f}" if n in side else "-" for side in sides.values()))
        for n in CONTROLLERS
    ]
    return Table.of(("controller", *sides), rows)


def values(found: Found) -> dict[str, Any]:
    """Return the share of pairs in the same order and the mean tau, and how much was trained in torch."""
    known = list(places(found))
    same = [one for _, suite, torch in known for one in pairs(suite, torch)]
    of_torch = frame.stored("torch_control")
    there = [one for one in trained(of_torch) if one[0] in {place for place, _, _ in known}]
    return {
        "same": float(np.mean(same)),
        "tau": float(np.mean([tau(suite, torch) for _, suite, torch in known])),
        "data-sets": len({data_set for _, data_set, _, _ in there}),
        "seeds": len({seed for _, _, _, seeds in there for seed in seeds}),
        "trainings": sum(len(scores.keys() & CONTROLLERS) for _, _, _, seeds in there for scores in seeds.values()),
    }
