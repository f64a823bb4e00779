"""`ppo-time` on suites outside its training.

Three policies, each trained on the training tasks of what is left of ten suites without two or three of them, and
chosen by the validation tasks of the suites it knows. Each is judged on the test tasks of the suites that it lacks
(validation tasks share families with those that chose it), 33 mean costs of a full evaluation, two seeds, cold start,
a task of each family (12 at most; all where there are fewer than four families). All read the earlier tasks of the
suite they are on. The regret is of the test score. This is a look at test data, and is counted.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import frame
from frame import Table
from looks import Look
from ratios import bare, standing, without_interval
from runs import mean_auc
from seconds import in_cost
from time_agent import SUITES as ALL

from hpo_gym.bench import Curves, pooled
from hpo_gym.optimize import train

AGENT = "ppo-time"
LACKS = (("SVM", "NAS", "Text"), ("Linear", "Control"), ("Boosting", "MLP", "Vision"))
"""The suites that each policy lacks; `LM` and `Curves` are known to all."""
SUITES = tuple(suite for lacks in LACKS for suite in lacks)
SETTINGS = {"candidates": 256, "lower": False, "steps": 60_000, "segments": 3, "patience": 3}
OTHERS = ("portfolio", "gp-ei", "transfer-mix", "transfer-time")
ANCHORS = ("gp-ei", "transfer-mix", "transfer-time")
CHEAP = {("auc", "Linear"): ("portfolio",)}
LOOKS = Look("regret against cost of `ppo-time` on suites it was not trained on", "a table of docs/seconds.md", SUITES)


def cells() -> Iterator[frame.Address]:
    """Yield suites and the pooled ratios."""
    yield from (("auc", suite) for suite in SUITES)
    yield ("pooled",)


def cell(part: str, suite: str = "", out: Path = Path(), names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the AUC by optimizer on a suite, or the pooled ratios."""
    if part == "auc":
        return mean_auc(curves(out, suite, names))
    return pooled({suite: curves(out, suite) for suite in SUITES}, anchors=ANCHORS, least=2)


@functools.cache
def curves(out: Path, suite: str, names: tuple[str, ...] = ()) -> list[Curves]:
    """Return the runs of all optimizers on the test tasks of a suite, or of some."""
    (lacks,) = (group for group in LACKS if suite in group)
    entrants = names or [*OTHERS, str(policy(out, lacks))]
    return list(in_cost(entrants, suite, out / suite, split="test").curves[suite])


def policy(out: Path, lacks: tuple[str, ...]) -> Path:
    """Return the folder of the policy that lacks suites, trained if it is not."""
    place = out / "-".join(lacks) / AGENT
    known = [name for name in ALL if name not in lacks]
    place.parent.mkdir(parents=True, exist_ok=True)
    train(AGENT, known, settings=SETTINGS, out=place, resume=True, progress=False)
    return place


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each optimizer, the best first: AUC by suite, and pooled ratios."""
    of = {a: found["pooled"]["anchors"][a]["optimizers"] for a in ANCHORS}
    rows = [
        (f"`{name}`", *(bare(found["auc"][s][name]) for s in SUITES), *(without_interval(of[a][name]) for a in ANCHORS))
        for name in standing(of[ANCHORS[0]])
        if name in (*OTHERS, AGENT)
    ]
    heads = ("optimizer, AUC", *(f"`{s}`" for s in SUITES), *(f"to `{a}`" for a in ANCHORS))
    return {"unseen": Table.of(heads, rows)}
