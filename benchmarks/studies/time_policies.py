"""Trainings of `ppo-time` on whole pools: `time_policies.py FOLDER TRAINED [TRAINED ..] [--show]`, or `--check`.

Each TRAINED is a folder that `hpo-gym train ppo-time` made. All of them, the geometric mean of their policies, and that
of these and `transfer-time`, half of each, run on validation tasks as in `seconds.py`: AUC is of the regret by the test
score, of which no training saw anything; but these tasks chose the checkpoint of each training, by their validation
scores. Ratios are to `transfer-time`, by both scores, over suites with two families or more. Runs go into FOLDER and
are gone on with; the table goes into docs/seconds.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from marks import ratio, renew
from seconds import COST, FAMILIES, FEW, PAGE, SEEDS, SLOW
from seconds import SUITES as ALL

from hpo_agents.ppo_time import PPOTime, TimeActor
from hpo_gym.base import Floats
from hpo_gym.bench import benchmark, pooled
from hpo_gym.optimize import Context, load, one_thread
from hpo_gym.problem import Query, Trial
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
SUITES = tuple(name for name in ALL if name not in SLOW["val"])
BASE, TOGETHER, HALF = "transfer-time", "their mean", "their mean and `transfer-time`"
SHARE = 0.5


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
        first: PPOTime = self._agents[0]
        run = first._begun()
        seen = run.features()
        if seen is None:
            return None
        features, open_ = seen.at(run.rows), seen.open(run.rows)
        actors: list[TimeActor] = [agent._actor for agent in self._agents]
        with torch.no_grad(), one_thread():
            own = np.mean([log_softmax(actor.logits(features, open_)[open_]) for actor in actors], axis=0)
        base = log_softmax(first.sharpness * features[open_, 0].astype(np.float64))
        best = np.argmax((1.0 - self._share) * own + self._share * base)
        return run.query(int(np.flatnonzero(open_)[best]))

    def tell(self, trial: Trial) -> None:
        self._agents[0].tell(trial)


def log_softmax(logits: Floats) -> Floats:
    """Logarithms of probabilities, ``(a,)``."""
    above = logits - logits.max()
    return np.asarray(above - np.log(np.exp(above).sum()))


def study(folder: Path, trained: Sequence[Path]) -> dict[str, Any]:
    """AUC by suite and pooled ratios, and the curve of each training."""
    told = [json.loads((path / "training.json").read_text(encoding="utf-8")) for path in trained]
    mixture, every = f"{Path(__file__)}:Mixture", ",".join(map(str, trained))
    given: dict[str, Any] = {BASE: BASE}
    given |= {f"seed {t['seed']}": {"name": mixture, "folders": str(p)} for t, p in zip(told, trained, strict=True)}
    given |= {
        TOGETHER: {"name": mixture, "folders": every}, HALF: {"name": mixture, "folders": every, "share": SHARE}
    }  # fmt: skip
    curves, seen = {}, {}
    for suite in SUITES:
        tasks = load_suite(suite).tasks("val")
        families = len({t.family for t in tasks})
        found = benchmark(
            given, suite, split="val", budget_cost=COST, seeds=SEEDS, engine="serial",
            tasks=len(tasks) if families < FEW else min(FAMILIES, families),
            checkpoints=any(t.cumulative for t in tasks), out=folder / suite, resume=True,
        )  # fmt: skip
        if found.failed_cells:
            sys.exit(f"{suite} must be whole, {found.failed_cells} cells failed")
        curves[suite], seen[suite] = found.curves[suite], found.validation[suite]
    test, own = (pooled(by, anchors=(BASE,))["anchors"][BASE]["optimizers"] for by in (curves, seen))
    best = {f"seed {t['seed']}": min(regret for _, regret in t["curve"]) for t in told}
    return {
        "trained": best,
        "auc": {s: {c.optimizer: round(float(c.regret.mean()), 5) for c in group} for s, group in curves.items()},
        "pooled": {name: [own[name], test[name]] for name in given},
    }


def table(found: Mapping[str, Any]) -> Iterator[str]:
    """A row for each: regret in its training, AUC by suite, and the pooled ratios."""
    ratios = f"to `{BASE}`, validation score | test score"
    yield f"| | in training | {' | '.join(f'`{s}`' for s in SUITES)} | {ratios} |"
    yield "|---|" + "---:|" * (len(SUITES) + 3)
    for name, pair in found["pooled"].items():
        own = found["trained"].get(name)
        cells = ["" if own is None else f"{own:.4f}", *(f"{found['auc'][s][name]:.4f}" for s in SUITES)]
        shown = f"`{name}`" if name == BASE else name
        yield f"| {shown} | {' | '.join(c.removeprefix('0') for c in cells)} | {' | '.join(map(ratio, pair))} |"


def main() -> None:
    """Run what is missing, and write the page; or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("trained", nargs="*", type=Path)
    parser.add_argument("--show", action="store_true", help="print the table, and store nothing")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    if bool(asked.trained) is asked.check:
        parser.error("give a FOLDER and what was TRAINED, or --check alone")
    if asked.show:
        print(*table(study(asked.folder, asked.trained)), sep="\n")
        return
    if not asked.check:
        FOUND.write_text(json.dumps(study(asked.folder, asked.trained), indent=1) + "\n", encoding="utf-8")
    parts = [("time-policies", table(json.loads(FOUND.read_text(encoding="utf-8"))))]
    renew(PAGE, parts, "time_policies.py FOLDER TRAINED", check=asked.check)


if __name__ == "__main__":
    main()
