"""Pack our own entries from finished comparisons, and measure what their protocols can tell apart.

python benchmarks/leaderboard/ours.py FOLDER ..   # pack: an entry for each optimizer of `OURS` in each folder
python benchmarks/leaderboard/ours.py --measure   # print the smallest detectable differences, for the protocols' files
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.bench import Curves, Entry, Resamples, auc, named_protocol, opened, pack, shipped_protocols
from hpo_gym.bench.board.leaderboard import section
from hpo_gym.bench.board.replay import records_of
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.suites import load_suite

HERE = Path(__file__).resolve().parent
ENTRIES = HERE / "entries"
LOOKS = HERE.parent / "studies" / "test_looks.json"
OURS = {
    "quick-v1": ("random", "default", "portfolio", "sobol", "grid", "ga", "gp-ei", "tpe", "q-learning", "maml", "rgpe",
                 "transfer-mix"),
    "tables-v1": ("random", "default", "portfolio", "ga", "tpe", "gp-ei", "bohb", "q-learning", "maml", "rgpe",
                  "transfer-mix", "ppo-pool-tables", "untrained"),
    "seconds-v1": ("random", "default", "portfolio", "random-cheapest", "portfolio-per-cost", "asha", "bohb", "tpe",
                   "ga", "transfer-mix", "transfer-mix-per-cost", "transfer-time"),
    "training-v1": ("random", "default", "constant", "step", "exponential", "one-cycle", "cosine", "polynomial",
                    "plateau", "random-schedule", "gap", "autopilot"),
    "unseen-v1": ("random", "default", "portfolio", "grid", "sobol", "lhs", "ga", "de", "local-search", "cma-es", "tpe",
                  "ppo-pool-tables", "untrained"),
}  # fmt: skip
"""Twelve of each protocol, the controls, the simplest, and the strongest that we have; beside a policy its control."""
TUNED = {"autopilot": "evolved", "gap": "tuned", "plateau": "tuned", "polynomial": "tuned"}
"""Rules that have learned on the training and validation tables of `Trainings` (docs/trainings.md)."""


def about(name: str) -> str:
    """Return the first paragraph of an optimizer's docstring."""
    maker = OPTIMIZERS.get("ppo-pool" if name == "ppo-pool-tables" else name)
    return " ".join((inspect.getdoc(maker) or "").partition("\n\n")[0].split())


def learned(name: str) -> dict[str, Any]:
    """Return what the files of an optimizer do not tell of its training: six minutes of the policy (docs/agents.md)."""
    if name == "ppo-pool-tables":
        return {"train_seconds": 360.0}
    if name not in TUNED:
        return {}
    suite = load_suite("Trainings")
    families = sorted({task.family for split in ("train", "val") for task in suite.tasks(split)})
    return {"training": f"{TUNED[name]} on training tables of Trainings", "families": families, "train_seconds": None}


def packed(folder: Path) -> Iterable[Path]:
    """Yield the files of the entries that a finished comparison gives."""
    with opened(folder) as (plan, _):
        there = {e.name for e in plan.entrants}
        protocol = next(name for name in OURS if named_protocol(name).hash == plan.hash)
        suites = {suite.name for suite in plan.suites.values()}
    looks = json.loads(LOOKS.read_text())
    apart = {part for name in suites for part in name.replace("->", ",").split(",")}
    count = 1 + sum(one["split"] == "test" and bool({*one["suites"]} & apart) for one in looks)
    for name in [n for n in OURS[protocol] if n in there]:
        card = {"authors": ["hpo-gym"], "code": "hpo-gym", "about": about(name),
                "test_evaluations": count, **learned(name)}  # fmt: skip
        entry = pack(folder, card, optimizer=name)
        path = ENTRIES / entry.protocol / f"{name}.json"
        entry.write(path)
        yield path


def difference(protocol: str) -> tuple[float, float]:
    """Return the smallest difference of the mean AUC that a comparison of two entries detects four times in five.

    It is 2.8 standard errors (5 %, two-sided, power .8) of the difference of two entries, the median over pairs of our
    entries; a standard error is that over families, by subsets, of the mean over suites. Second the mean AUC of all.
    """
    named = named_protocol(protocol)
    entries = [Entry.read(path) for path in sorted((ENTRIES / protocol).glob("*.json"))]
    records = {key: record for entry in entries for key, record in records_of(entry, named).items()}
    return smallest(section(named, entries, records).findings.curves, len(entries))


def smallest(curves: Mapping[str, Sequence[Curves]], count: int) -> tuple[float, float]:
    """Return `difference` of the curves of so many entries, by suite."""
    ordered = [sorted(group, key=lambda c: c.optimizer) for group in curves.values()]
    errors = []
    for a, b in combinations(range(count), 2):
        each = []
        for group in ordered:
            _, low, high = Resamples.of(group[a].families).mean(auc(group[a]) - auc(group[b]))
            assert low is not None and high is not None  # families are nine or more
            each.append((high - low) / 3.92)
        errors.append(np.sqrt(np.square(each).sum()) / len(each))
    means = [np.mean([auc(c).mean() for c in group]) for group in ordered]
    return 2.8 * float(np.median(errors)), float(np.mean(means))


def main(words: Sequence[str]) -> None:
    """Pack, or measure."""
    if words == ["--measure"]:
        for protocol in shipped_protocols():
            if (ENTRIES / protocol).is_dir():
                least, mean = difference(protocol)
                print(f"{protocol}: {least:.4f} ({least / mean:.0%} of the mean AUC of our entries, {mean:.4f})")
        return
    for folder in words:
        for path in packed(Path(folder)):
            print(path, f"{path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
