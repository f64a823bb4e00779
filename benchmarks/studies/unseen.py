"""`ppo-time` on suites that it has never seen: `unseen.py FOLDER`, or `--check` alone.

Three policies, each trained on the training tasks of what is left of ten suites without two or three of them, and
chosen by the validation tasks of the suites it knows. Each is judged on the test tasks of the suites that it lacks
(validation tasks share families with those that chose it), 33 mean costs of a full evaluation, two seeds, cold start,
a task of each family (12 at most; all where there are fewer than four families). All read the earlier tasks of the
suite they are on. The regret is of the test score. This is a look at test data, and is counted. Trainings and runs go
into FOLDER and are gone on with; the table goes into docs/seconds.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import looks
import numpy as np
from marks import ratio, renew, standing
from seconds import COST, FAMILIES, FEW, PAGE, SEEDS
from time_agent import SUITES as ALL

from hpo_gym.bench import Curves, benchmark, pooled
from hpo_gym.optimize import train
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
AGENT = "ppo-time"
LACKS = (("SVM", "NAS", "Text"), ("Linear", "Control"), ("Boosting", "MLP", "Vision"))
"""What each policy has never seen; `LM` and `Curves` are known to all."""
SETTINGS = {"candidates": 256, "lower": False, "steps": 60_000, "segments": 3, "patience": 3}
OTHERS = ("portfolio", "gp-ei", "transfer-mix", "transfer-time")
ANCHORS = ("gp-ei", "transfer-mix", "transfer-time")


def policy(folder: Path, lacks: tuple[str, ...]) -> Path:
    """The folder of the policy that lacks suites, trained if it is not."""
    place = folder / "-".join(lacks) / AGENT
    known = [name for name in ALL if name not in lacks]
    place.parent.mkdir(parents=True, exist_ok=True)
    train(AGENT, known, settings=SETTINGS, out=place, resume=True, progress=False)
    return place


def curves_of(folder: Path, suite: str, agent: Path) -> list[Curves]:
    """The runs of all on the test tasks of a suite."""
    tasks = load_suite(suite).tasks("test")
    families = len({t.family for t in tasks})
    found = benchmark(
        [*OTHERS, str(agent)], suite, split="test", budget_cost=COST, seeds=SEEDS,
        tasks=len(tasks) if families < FEW else min(FAMILIES, families),
        checkpoints=any(t.cumulative for t in tasks), out=folder / suite, resume=True, progress=False,
    )  # fmt: skip
    if found.failed_cells:
        sys.exit(f"{suite} must be whole, {found.failed_cells} cells failed")
    return list(found.curves[suite])


def study(folder: Path) -> dict[str, Any]:
    """AUC by suite and optimizer, and pooled ratios."""
    curves: dict[str, list[Curves]] = {}
    for lacks in LACKS:
        agent = policy(folder, lacks)
        for suite in lacks:
            curves[suite] = curves_of(folder, suite, agent)
            print(suite, {c.optimizer: round(float(c.regret.mean()), 4) for c in curves[suite]}, flush=True)
    auc = {s: {c.optimizer: round(float(np.mean(c.regret)), 5) for c in group} for s, group in curves.items()}
    return {"auc": auc, "pooled": pooled(curves, anchors=ANCHORS)}


def table(found: Mapping[str, Any]) -> Iterator[str]:
    """A row for each optimizer, the best first: AUC by suite, and pooled ratios."""
    rows = {a: found["pooled"]["anchors"][a]["optimizers"] for a in ANCHORS}
    suites = [suite for lacks in LACKS for suite in lacks]
    yield f"| optimizer, AUC | {' | '.join(f'`{s}`' for s in suites)} | {' | '.join(f'to `{a}`' for a in ANCHORS)} |"
    yield "|---|" + "---:|" * (len(suites) + len(ANCHORS))
    for name in standing(rows[ANCHORS[0]]):
        if name not in (*OTHERS, AGENT):
            continue
        cells = [f"{found['auc'][s][name]:.4f}".removeprefix("0") for s in suites]
        yield f"| `{name}` | {' | '.join(cells)} | {' | '.join(ratio(rows[a][name]) for a in ANCHORS)} |"


def main() -> None:
    """Train and run what is missing, and write the page; or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    if (asked.folder is None) is not asked.check:
        parser.error("give a FOLDER, or --check alone")
    if not asked.check:
        looks.count(
            "python benchmarks/studies/unseen.py FOLDER", [suite for lacks in LACKS for suite in lacks],
            "regret against cost of `ppo-time` on suites it was not trained on", "a table of docs/seconds.md",
        )  # fmt: skip
        FOUND.write_text(json.dumps(study(asked.folder), indent=1) + "\n", encoding="utf-8")
    parts = [("unseen", table(json.loads(FOUND.read_text(encoding="utf-8"))))]
    renew(PAGE, parts, "unseen.py FOLDER", check=asked.check)


if __name__ == "__main__":
    main()
