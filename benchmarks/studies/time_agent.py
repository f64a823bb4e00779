"""Variants of `ppo-time` in training.

Each is trained on the training tasks of ten suites with costs (without `AutoML`, whose runs are the longest) and judged
on their validation tasks, in which suites weigh alike: the mean over the budget of the regret by the validation score,
of runs among 64 candidates, the same for all, at least 24 on each suite. The first point of a variant that starts at
`transfer-time` is the base.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import frame
import numpy as np
from frame import Table
from ratios import bare

from hpo_gym.optimize import train

LOOKS = "validation tasks"
SUITES = ("SVM", "Linear", "Boosting", "MLP", "Control", "Text", "LM", "NAS", "Vision", "Curves")
"""The suites of `ppo-time` but AutoML, whose runs take longest."""
LENGTH = {"steps": 120_000, "segments": 6, "patience": 6}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "from `transfer-time`": {"start": "transfer-time"},
    "from nothing": {"start": "nothing"},
    "from nothing, discount 0": {"start": "nothing", "algorithm": {"gamma": 0.0}},
    "from nothing, full fidelity alone": {"start": "nothing", "lower": False},
    "imitation of `transfer-time`": {
        "start": "imitation", "algorithm": {"ent_coef": 1.0}, "steps": 40_000, "segments": 2,
    },
}  # fmt: skip
BASE = "from `transfer-time`"


def cells() -> Iterator[frame.Address]:
    """Yield variants with a seed."""
    yield from ((variant, str(seed)) for variant in VARIANTS for seed in range(3 if variant == "from nothing" else 1))


def cell(variant: str, seed: str, out: Path) -> dict[str, Any]:
    """Train once, and return the curve and the processor seconds."""
    place = out / f"{'-'.join(re.findall('[a-z0-9]+', variant))}-{seed}"
    settings = {**LENGTH, **VARIANTS[variant]}
    curve = train("ppo-time", SUITES, settings=settings, seed=int(seed), out=place, resume=True, progress=False)
    training = json.loads((place / "training.json").read_text(encoding="utf-8"))
    return {"curve": [[int(steps), round(regret, 6)] for steps, regret in curve], "cpu": training["cpu_seconds"]}


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Judge the base anew, the first point of its curve."""
    with TemporaryDirectory() as folder:
        settings = {**LENGTH, **VARIANTS[BASE], "steps": 1, "segments": 1}
        curve = train("ppo-time", SUITES, settings=settings, seed=0, out=Path(folder) / "base", progress=False)
    return round(curve[0][1], 6), found[BASE]["0"]["curve"][0][1]


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each variant: regret at first, at the end and at best, and the best over the base."""
    base, rows = next(iter(found[BASE].values()))["curve"][0][1], []
    for name in VARIANTS:
        runs = list(found.get(name, {}).values())
        if not runs:
            continue
        curves = [[regret for _, regret in run["curve"]] for run in runs]
        best = [min(curve) for curve in curves]
        points = [np.mean([curve[0] for curve in curves]), np.mean([curve[-1] for curve in curves]), np.mean(best)]
        spread = f" ({min(best) / base:.2f} to {max(best) / base:.2f})" if len(best) > 1 else ""
        cpu = np.mean([run["cpu"] for run in runs if "cpu" in run]) / 60  # of one that was killed, it was not measured
        over = f"{np.mean(best) / base:.2f}{spread}"
        rows.append((name, str(len(runs)), *(bare(float(p)) for p in points), over, f"{cpu:.0f}"))
    heads = ("variant", "seeds", "at first", "at the end", "at best", "best over the base", "CPU min")
    return {"agents": Table.of(heads, rows)}
