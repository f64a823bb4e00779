"""The suite `Trainings` against trainings in torch: whether controllers have the same order on both sides.

Controllers with the same settings train networks of the suite on its test tables, and networks of torch on data sets
that no table holds: the results of `torch_control`. Like is held against like: the network's width, depth and batch
norm, the optimizer, 512 rows with clean labels, batches of 32. All pairs of the six serious controllers count; a
constant rate and the usual cosine, with which AdamW hardly trains in 24 epochs, are measured, and count nowhere. The
suite has no convolutions, so CNN have no like there.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from torch_control import CONTROLLERS, EPOCHS, Trained, controllers, trained
from torch_fits import BATCH, OPTIMIZERS

from hpo_gym.base import Floats, seeding
from hpo_gym.bench import instance_of
from hpo_gym.optimize import BatchOptimizer, Context, Optimizer, run_batch
from hpo_gym.problem import Status, Suite, Trial
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.trainings import trainings_with

SUITES = ("Trainings",)
LOOKS = Look("test losses of eight controllers", "whether the suite agrees with torch", SUITES, only="suite")
INSTANCES = 10
"""Episodes of each test table of the suite."""
ROWS_OF_BOTH = "512"
ALIKE: Mapping[str, Mapping[str, Any]] = {
    "MLP": {"width": (128,), "depth": (1,), "normalised": (False,)},
    "deep": {"width": (64,), "depth": (3,), "normalised": (False,)},
    "batch norm": {"width": (128,), "depth": (2,), "normalised": (True,)},
}
"""By kind of torch's networks, the recipe of the suite's."""
SIDES = tuple(f"{kind}, {optimizer}" for kind in ALIKE for optimizer in OPTIMIZERS)
FIRST, STRAW = "constant", ("constant", "usual cosine")
"""The controller that was trained wherever one of the rules was; those that are no serious ones."""
CHEAP = {("suite", SIDES[0]): (FIRST,)}

Found = Mapping[str, Any]


cells = frame.grid(("suite",), SIDES)


class Together:
    """An optimizer in a batch of runs, side by side: a copy of it for each."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin new runs."""
        self.contexts, self.rngs, self.each = contexts, rngs, list[Any]()

    def ask_batch(self, runs: Any) -> tuple[Floats, None]:
        """Return the next point of each run, after it was told how the last one went."""
        seen = [dict(zip(runs.batch.signals, map(float, row), strict=True)) for row in runs.signals]
        if self.each:
            for one, query, score, signals in zip(self.each, self.queries, runs.last, seen, strict=True):
                status = Status.DIVERGED if signals["diverged"] else Status.OK
                one.tell(Trial(query, float(score), 1.0, status, signals=signals))
        else:
            self.each = [copy.copy(self.optimizer) for _ in seen]
            for one, context, rng, signals in zip(self.each, self.contexts, self.rngs, seen, strict=True):
                one.reset(replace(context, signals=signals), rng)
        self.queries = [one.ask() for one in self.each]
        space = self.contexts[0].space
        return np.array([space.to_unit(query.config) for query in self.queries]), None


def cell(_: str, side: str, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the mean test scores of controllers on the test tables, with the network and optimizer of a side."""
    kind, optimizer = side.split(", ")
    suite = alike(kind, optimizer)
    tasks = suite.tasks("test")
    them = controllers(optimizer, names or tuple(CONTROLLERS))
    scores = {name: last_scores(one, suite, EPOCHS).round(5).tolist() for name, one in them.items()}
    return {"tasks": [t.name for t in tasks], "families": [t.family for t in tasks], "score": scores}


def alike(kind: str, optimizer: str) -> Suite:
    """Return the suite with the recipe of one kind of torch's networks."""
    rows = int(ROWS_OF_BOTH)
    same = Recipes(
        **ALIKE[kind], optimizer=(optimizer,), activation=("relu",), batch=(BATCH,), rows=(rows, rows), noise=0.0
    )
    return trainings_with(recipe=same)


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
def in_the_suite(found: Found, side: str) -> dict[str, float]:
    """Return the mean log loss of each controller over families of the suite."""
    part = found["suite"][side]
    return {name: -by_family(scores, part["families"]) for name, scores in part["score"].items()}


def torch_places(sides: Collection[str]) -> list[Trained]:
    """Return the places in torch of the kinds that the suite was trained at, with the seeds of the rules."""
    found = []
    for side, data_set, rows, seeds in trained(frame.stored("torch_control")):
        own = {seed: {n: scores[n] for n in CONTROLLERS if n in scores} for seed, scores in seeds.items()}
        own = {seed: scores for seed, scores in own.items() if FIRST in scores}
        found += [Trained(side, data_set, rows, own)] * bool(own and side in sides and rows == ROWS_OF_BOTH)
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


@dataclass(frozen=True)
class Both:
    """Mean log losses of the serious controllers on both sides."""

    side: str
    suite: Floats
    torch: Floats

    @classmethod
    def of(cls, side: str, suite: Mapping[str, float], torch: Mapping[str, float]) -> Both:
        """Leave out those that are no serious ones."""
        names = [name for name in torch if name in suite and name not in STRAW]
        return cls(side, *(np.array([of[name] for name in names]) for of in (suite, torch)))

    def same(self) -> list[bool]:
        """Return whether the two sides have the same order, for each pair."""
        pairs = itertools.combinations(range(len(self.suite)), 2)
        return [bool((self.suite[a] < self.suite[b]) == (self.torch[a] < self.torch[b])) for a, b in pairs]

    def tau(self) -> float:
        """Return Kendall's tau of the two orders."""
        from scipy.stats import kendalltau

        return float(kendalltau(self.suite, self.torch).statistic)


def places(found: Found) -> list[Both]:
    """Return both sides of each kind of network with each optimizer."""
    known = torch_places(found["suite"])
    return [Both.of(side, in_the_suite(found, side), in_torch(known, side)) for side in found["suite"]]


# ---------------------------------------------------------------------- tables
def tables(found: Found) -> dict[str, Table]:
    """Return the agreement of each kind of network."""
    known, rows = places(found), []
    for both in known:
        spread = (f"{np.exp(np.ptp(of)):.2f}" for of in (both.suite, both.torch))
        rows.append((both.side, str(len(s := both.same())), f"{np.mean(s):.0%}", f"{both.tau():.2f}", *spread))
    same = [one for both in known for one in both.same()]
    rows.append(("all", str(len(same)), f"{np.mean(same):.0%}", f"{np.mean([b.tau() for b in known]):.2f}", "", ""))
    heads = ("network", "pairs", "same order", "Kendall's tau", "worst / best in the suite", "in torch")
    note = (
        "All pairs of cosine, plateau, one-cycle, `polynomial`, `gap` and `autopilot`, with the same kind of network, "
        "optimizer, rows and batch. Geometric mean losses over families of the suite, and over data sets and seeds in "
        "torch."
    )
    return {"agreement": Table.of(heads, rows, note)}


def values(found: Found) -> dict[str, Any]:
    """Return the share of pairs in the same order, tau, and how much was trained in torch."""
    known, there = places(found), torch_places(found["suite"])
    taus = [both.tau() for both in known]
    return {
        "same": float(np.mean([one for both in known for one in both.same()])),
        "tau": float(np.mean(taus)),
        "least": min(taus),
        "most": max(taus),
        "data-sets": len({place.data_set for place in there}),
        "seeds": len({seed for place in there for seed in place.seeds}),
        "trainings": sum(len(scores) for place in there for scores in place.seeds.values()),
    }
