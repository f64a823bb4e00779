"""The suite `Trainings` against trainings in torch: whether controllers have the same order on both sides.

Eight controllers with the same settings train networks of the suite on its test tables, and networks of torch on data
sets that no table holds (`torch_fits.py`): four kinds of network, two optimizers, two numbers of rows. Networks,
batches and rows of the suite are mixed, as in its episodes; only the optimizer is set. Of two controllers whose losses
differ by 5 % in the suite, the same should be ahead in torch.
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
from torch_fits import IMAGES, MAKERS, OPTIMIZERS, all_controlled

from hpo_gym.base import Floats, seeding
from hpo_gym.bench import instance_of
from hpo_gym.optimize import BatchOptimizer, Context, Optimizer, make_optimizer, run_batch
from hpo_gym.problem import Suite
from hpo_gym.suites.tasks.fits.controls import control_space
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.trainings import trainings_with

SUITES = ("Trainings",)
LOOKS = Look("test losses of eight controllers", "whether the suite agrees with torch", SUITES, only="suite")
EPOCHS = 24
INSTANCES = 10
"""Episodes of each test table of the suite."""
CONTROLLERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "constant": ("constant", {"rate": (0.01, 0.001)}),
    "usual cosine": ("cosine", {"rate": (0.1, 0.001), "warmup": 0.0, "end": 0.01}),
    "cosine": ("cosine", {"rate": (0.06, 0.013), "warmup": 0.0, "end": 0.01}),
    "plateau": ("plateau", {"rate": (0.06, 0.013), "factor": 0.5, "patience": 2}),
    "one-cycle": ("one-cycle", {"rate": (0.3, 0.04)}),
    "polynomial": ("polynomial", {}),
    "gap": ("gap", {}),
    "autopilot": ("autopilot", {}),
}
"""By name, the optimizer and its settings; of a pair of values, the first is for SGD, the second for AdamW. Where a
rule sets the learning rate alone, weight decay is .001 and there is no dropout, as by default in the suite."""
DATA_SETS = (
    "optdigits", "penbased", "satimage", "letter", "texture", "spambase", "segment", "vowel", "german",
    "contraceptive", "magic", "phoneme", "credit-data",
)  # fmt: skip
ROWS, SEEDS = ("512", "2048"), ("0", "1", "2")
FEWEST: Mapping[str, tuple[str, ...]] = {"2048": ("segment", "vowel", "german", "contraceptive", "digits")}
"""By number of training rows, the data sets with too few."""
APART = math.log(1.05)
"""Difference of two log losses that counts."""
CHEAP = {("MLP, sgd", "vowel", "512", "0"): ()}

Found = Mapping[str, Any]


def cells() -> Iterator[frame.Address]:
    """Yield the suite's side, then the places of torch's, a seed after the other."""
    yield from (("suite", optimizer) for optimizer in OPTIMIZERS)
    everywhere = dict.fromkeys((*DATA_SETS, *IMAGES))
    for seed, rows, data_set, kind, optimizer in itertools.product(SEEDS, ROWS, everywhere, MAKERS, OPTIMIZERS):
        if data_set in (IMAGES if kind == "CNN" else DATA_SETS) and data_set not in FEWEST.get(rows, ()):
            yield f"{kind}, {optimizer}", data_set, rows, seed


def cell(side: str, of: str, rows: str = "", seed: str = "", names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the test scores of controllers: in the suite on each table, or in torch after the last epoch."""
    if side == "suite":
        return in_suite(of, names or tuple(CONTROLLERS))
    kind, optimizer = side.split(", ")
    chosen = controllers(optimizer, names or tuple(CONTROLLERS))
    scores = all_controlled(chosen, (kind, optimizer, of, int(rows), int(seed)), control_space(), EPOCHS)
    return {name: round(of_epochs[-1], 5) for name, of_epochs in scores.items()}


def controllers(optimizer: str, names: Sequence[str]) -> dict[str, Optimizer]:
    """Return controllers by name, with their settings for an optimizer of networks."""
    i = list(OPTIMIZERS).index(optimizer)

    def settled(settings: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v[i] if isinstance(v, tuple) else v for k, v in settings.items()}

    return {name: make_optimizer(CONTROLLERS[name][0], **settled(CONTROLLERS[name][1])) for name in names}


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
def log_losses(found: Found, side: str) -> dict[str, float] | None:
    """Return the mean log loss of each controller: over families, or over data sets; None where nothing is stored."""
    if side in OPTIMIZERS:
        part = found["suite"][side]
        return {name: -by_family(scores, part["families"]) for name, scores in part["score"].items()}
    data_sets = [[cell for rows in of.values() for cell in rows.values()] for of in found.get(side, {}).values()]
    if not data_sets:
        return None
    return {name: -float(np.mean([np.mean([c[name] for c in cells]) for cells in data_sets])) for name in CONTROLLERS}


def by_family(scores: Sequence[float], families: Sequence[str]) -> float:
    """Return the mean of the means of families."""
    of = {f: [s for s, g in zip(scores, families, strict=True) if f == g] for f in families}
    return float(np.mean([np.mean(part) for part in of.values()]))


def pairs(suite: Mapping[str, float], torch: Mapping[str, float]) -> list[bool]:
    """Return whether the two sides have the same order, for each pair that is apart in the suite."""
    return [
        (suite[a] < suite[b]) == (torch[a] < torch[b])
        for a, b in itertools.combinations(suite, 2)
        if abs(suite[a] - suite[b]) >= APART
    ]


def tau(suite: Mapping[str, float], torch: Mapping[str, float]) -> float:
    """Return Kendall's tau of the two orders."""
    from scipy.stats import kendalltau

    return float(kendalltau([suite[n] for n in suite], [torch[n] for n in suite]).statistic)


def places(found: Found) -> Iterator[tuple[str, dict[str, float], dict[str, float]]]:
    """Yield each kind of network with each optimizer, and the log losses of both sides."""
    for optimizer, kind in itertools.product(OPTIMIZERS, MAKERS):
        torch = log_losses(found, f"{kind}, {optimizer}")
        if torch is not None:
            yield f"{kind}, {optimizer}", log_losses(found, optimizer) or {}, torch


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
    rows = [(f"`{n}`", *(f"{math.exp(side[n] - side[first]):.2f}" for side in sides.values())) for n in CONTROLLERS]
    return Table.of(("controller", *sides), rows)


def values(found: Found) -> dict[str, Any]:
    """Return the share of pairs in the same order and the mean tau, and how much was trained in torch."""
    known = list(places(found))
    same = [one for _, suite, torch in known for one in pairs(suite, torch)]
    torch = [of for side, of in found.items() if side != "suite"]
    return {
        "same": float(np.mean(same)),
        "tau": float(np.mean([tau(suite, torch) for _, suite, torch in known])),
        "data-sets": len({name for of in torch for name in of}),
        "seeds": len({seed for of in torch for rows in of.values() for seeds in rows.values() for seed in seeds}),
        "trainings": len(CONTROLLERS) * sum(len(seeds) for of in torch for r in of.values() for seeds in r.values()),
    }
