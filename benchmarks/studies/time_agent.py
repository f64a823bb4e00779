"""Variants of `ppo-time` in training: `time_agent.py FOLDER [VARIANT+VARIANT ..] [--seeds N]`, or `--check` alone.

Each is trained on the training tasks of ten suites with costs (without `AutoML`, whose runs are the longest) and judged
on their validation tasks, in which suites weigh alike: the mean over the budget of the regret by the validation score,
of runs among 64 candidates, the same for all, at least 24 on each suite. The first point of a variant that starts at
`transfer-time` is the base. Trainings go into FOLDER and are gone on with; the table goes into docs/seconds.md.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from marks import renew

from hpo_agents.ppo_time import PPOTime
from hpo_gym.optimize import train

FOUND = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "seconds.md"
SUITES = tuple(name for name in PPOTime.suites if name != "AutoML")
LENGTH = {"steps": 120_000, "segments": 6, "patience": 6}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "from `transfer-time`": {"start": "transfer-time"},
    "from nothing": {"start": "nothing"},
    "from nothing, discount 0": {"start": "nothing", "algorithm": {"gamma": 0.0}},
    "from nothing, full fidelity alone": {"start": "nothing", "lower": False},
    "imitation of `transfer-time`": {
        "start": "imitation",
        "algorithm": {"ent_coef": 1.0},
        "steps": 40_000,
        "segments": 2,
    },
}
BASE = "from `transfer-time`"


def study(folder: Path, names: list[str], seeds: int) -> None:
    """Train what is missing, and store the curves."""
    stored = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.is_file() else {}
    for seed in range(seeds):
        for name in names:
            if str(seed) in stored.get(name, {}):
                continue
            place = folder / f"{'-'.join(re.findall('[a-z0-9]+', name))}-{seed}"
            settings = {**LENGTH, **VARIANTS[name]}
            curve = train("ppo-time", SUITES, settings=settings, seed=seed, out=place, resume=True, progress=False)
            told = json.loads((place / "training.json").read_text(encoding="utf-8"))
            stored.setdefault(name, {})[str(seed)] = {
                "curve": [[int(steps), round(regret, 6)] for steps, regret in curve], "cpu": told["cpu_seconds"],
            }  # fmt: skip
            FOUND.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
            print(name, seed, stored[name][str(seed)], flush=True)


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A row for each variant: regret at first, at the end and at best, and the best over the base."""
    base = next(iter(found[BASE].values()))["curve"][0][1]
    yield "| variant | seeds | at first | at the end | at best | best over the base | CPU min |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name in VARIANTS:
        runs = list(found.get(name, {}).values())
        if not runs:
            continue
        curves = [[regret for _, regret in run["curve"]] for run in runs]
        best = [min(curve) for curve in curves]
        points = [np.mean([curve[0] for curve in curves]), np.mean([curve[-1] for curve in curves]), np.mean(best)]
        cells = [f"{value:.4f}".removeprefix("0") for value in points]
        spread = f" ({min(best) / base:.2f} to {max(best) / base:.2f})" if len(best) > 1 else ""
        cpu = np.mean([run["cpu"] for run in runs if "cpu" in run]) / 60  # of one that was killed, it was not measured
        yield f"| {name} | {len(runs)} | {' | '.join(cells)} | {np.mean(best) / base:.2f}{spread} | {cpu:.0f} |"


def main() -> None:
    """Train what is missing, and write the page; or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("variants", nargs="?", default="")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    if (asked.folder is None) is not asked.check:
        parser.error("give a FOLDER, or --check alone")
    if not asked.check:
        study(asked.folder, asked.variants.split("+") if asked.variants else list(VARIANTS), asked.seeds)
    parts = [("time-agent", lines(json.loads(FOUND.read_text(encoding="utf-8"))))]
    renew(PAGE, parts, "time_agent.py FOLDER", check=asked.check)


if __name__ == "__main__":
    main()
