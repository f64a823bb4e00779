"""The number of random trials of model-based baselines, and the categoricals in their kernels.

    python benchmarks/studies/starts.py gp-ei n_init 2 3 4 5 8
    python benchmarks/studies/starts.py rgpe one_hot false true --tasks 12 --seeds 1

The AUC of each value of a setting on validation tasks of every suite with a table, as a ratio to that of the first
value, and the geometric mean of the ratios over suites. The tasks are the first of each family by hash; nothing here
looks at a test task.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence

import numpy as np
from regrets import mean_regret

import hpo_gym
from hpo_gym.base import seeding
from hpo_gym.problem import SUITES
from hpo_gym.suites import TableSuite

LOOKS = "validation tasks"


def validation(suite: hpo_gym.Suite, count: int) -> Sequence[hpo_gym.Task]:
    """Return at most `count` validation tasks: one of each family, then a second one of each."""
    by_family: dict[str, list[hpo_gym.Task]] = {}
    for task in suite.tasks("val"):
        by_family.setdefault(task.family, []).append(task)
    order = sorted(by_family, key=lambda family: seeding.key("study", family))
    turns = max(map(len, by_family.values()), default=0)
    return [by_family[f][i] for i in range(turns) for f in order if i < len(by_family[f])][:count]


def auc(suite: hpo_gym.Suite, optimizer: str, settings: Mapping[str, object], tasks: int, seeds: int) -> float:
    """Return the mean regret over validation tasks, seeds and 33 trials."""
    made = hpo_gym.make_optimizer(optimizer, **settings)
    return mean_regret(made, validation(suite, tasks), seeds=seeds, prior=suite.prior())


def main() -> None:
    """Print a row for each suite, and the geometric mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("optimizer")
    parser.add_argument("setting")
    parser.add_argument("values", nargs="+", help="as JSON, or words")
    parser.add_argument("--fixed", default="{}", help="other settings, as JSON")
    parser.add_argument("--suites", nargs="*", help="all with validation tasks in a table, by default")
    parser.add_argument("--tasks", type=int, default=8, help="of each suite, at most")
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    suites = [hpo_gym.load_suite(name) for name in args.suites or SUITES.names()]
    suites = [s for s in suites if isinstance(s, TableSuite) and s.tasks("val")]
    print(f"{args.optimizer:12} {'tasks':>5}" + "".join(f"{value:>10}" for value in args.values), flush=True)
    logs = []
    for suite in suites:
        found = [
            auc(suite, args.optimizer, {**json.loads(args.fixed), args.setting: read(v)}, args.tasks, args.seeds)
            for v in args.values
        ]
        logs.append(np.log(found) - np.log(found[0]))
        count = len(validation(suite, args.tasks))
        print(f"{suite.name:12} {count:5}" + "".join(f"{r:10.3f}" for r in np.exp(logs[-1])), flush=True)
    print(f"{'all':18}" + "".join(f"{r:10.3f}" for r in np.exp(np.mean(logs, 0))))


def read(value: str) -> object:
    """Return a value of a setting: JSON, else the word itself."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


if __name__ == "__main__":
    main()
