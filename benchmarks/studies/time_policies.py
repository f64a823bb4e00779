"""Trainings of `ppo-time` on whole pools.

    hpo-gym train ppo-time --out results/time_policies/trained/0     # and others of other seeds
    python benchmarks/studies time_policies

All trainings, the geometric mean of their policies, and that of these and `transfer-time`, half of each, run on
validation tasks as in `seconds.py`: AUC is of the regret by the test score, of which no training saw anything; but
these tasks chose the checkpoint of each training, by their validation scores. Ratios are to `transfer-time`, by both
scores, over suites with two families or more.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from ratios import bare, starred
from runs import mean_auc
from seconds import SLOW, in_cost
from seconds import SUITES as ALL

from hpo_gym.base import Floats
from hpo_gym.bench import Results, pooled
from hpo_gym.optimize import Context, load
from hpo_gym.problem import Query, Trial

LOOKS = "validation tasks"
SUITES = tuple(name for name in ALL if name not in SLOW["val"])
BASE, TOGETHER, HALF = "transfer-time", "their mean", "their mean and `transfer-time`"
SHARE = 0.5
CHEAP = {("auc", "NAS"): (BASE,)}


def cells() -> Iterator[frame.Address]:
    """Yield the regret of trainings, suites and the pooled ratios."""
    yield from (("trained",), *(("auc", suite) for suite in SUITES), ("pooled",))


def cell(part: str, suite: str = "", out: Path = Path(), names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the best regret of each training, the AUC on a suite, or the pooled ratios by both scores."""
    if part == "trained":
        return {name: min(regret for _, regret in reported["curve"]) for name, reported in trained(out).items()}
    if part == "auc":
        return mean_auc(list(compared(out, suite, names).curves[suite]))
    found = {s: compared(out, s) for s in SUITES}
    curves = {s: r.curves[s] for s, r in found.items()}, {s: r.validation[s] for s, r in found.items()}
    test, own = (pooled(by, anchors=(BASE,), least=2)["anchors"][BASE]["optimizers"] for by in curves)
    return {name: [own[name], test[name]] for name in entrants(out)}


@functools.cache
def compared(out: Path, suite: str, names: tuple[str, ...] = ()) -> Results:
    """Run all on a suite, or some."""
    return in_cost(names or entrants(out), suite, out / suite, split="val", engine="serial")


def trained(out: Path) -> dict[str, Any]:
    """Return the trainings by their seed."""
    paths = sorted(out.glob("trained/*/training.json"))
    found = [json.loads(path.read_text(encoding="utf-8")) | {"folder": str(path.parent)} for path in paths]
    return {f"seed {t['seed']}": t for t in found}


def entrants(out: Path) -> dict[str, Any]:
    """Return the base, each training, and both mixtures."""
    mixture, folders = f"{Path(__file__)}:Mixture", [t["folder"] for t in trained(out).values()]
    every = ",".join(folders)
    own = {name: {"name": mixture, "folders": f} for name, f in zip(trained(out), folders, strict=True)}
    both = {
        TOGETHER: {"name": mixture, "folders": every}, HALF: {"name": mixture, "folders": every, "share": SHARE}
    }  # fmt: skip
    return {BASE: BASE, **own, **both}


class Mixture:
    """The best action by the geometric mean of trained policies, and of the softmax of `transfer-time`'s values.

    Args:
        folders: Where they are, with commas between.
        share: Of `transfer-time`.
    """

    def __init__(self, folders: str, share: float = 0.0) -> None:
        self._agents: list[Any] = [load(folder) for folder in folders.split(",")]
        self._share = share

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self._agents[0].reset(context, rng)

    def ask(self) -> Query | None:
        import torch

        from hpo_baselines._models.networks import one_thread

        first = self._agents[0]
        run = first._begun()
        seen = run.features()
        if seen is None:
            return None
        features, open_ = seen.at(run.rows), seen.open(run.rows)
        actors = [agent._actor for agent in self._agents]
        with torch.no_grad(), one_thread():
            own = np.mean([log_softmax(actor.logits(features, open_)[open_]) for actor in actors], axis=0)
        base = log_softmax(first.sharpness * features[open_, 0].astype(np.float64))
        best = np.argmax((1.0 - self._share) * own + self._share * base)
        query: Query = run.query(int(np.flatnonzero(open_)[best]))
        return query

    def tell(self, trial: Trial) -> None:
        self._agents[0].tell(trial)


def log_softmax(logits: Floats) -> Floats:
    """Return logarithms of probabilities, ``(a,)``."""
    above = logits - logits.max()
    return np.asarray(above - np.log(np.exp(above).sum()))


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each: regret in its training, AUC by suite, and the pooled ratios."""
    rows = []
    for name, pair in found["pooled"].items():
        own = found["trained"].get(name)
        cells = ["" if own is None else bare(own), *(bare(found["auc"][s][name]) for s in SUITES)]
        rows.append((f"`{name}`" if name == BASE else name, *cells, *map(starred, pair)))
    ratios = (f"to `{BASE}`, validation score", "test score")
    return {"policies": Table.of(("", "in training", *(f"`{s}`" for s in SUITES), *ratios), rows)}
