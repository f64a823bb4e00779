"""What ready tasks cost, and how good their default configurations are.

    python benchmarks/studies/ready.py
    python benchmarks/studies/ready.py digits-mlp cartpole-ppo

Prints the rows of the table of `docs/live.md`: per task a full trial of the default configuration for each seed, its
processor seconds (the median), scores and test scores (the mean over seeds). Trials of one task follow one another.
"""

from __future__ import annotations

import argparse
import sys

import looks
import numpy as np

from hpo_gym.suites import ObjectiveTask, ready_suite


def row(task: ObjectiveTask, seeds: int, split: str | None) -> str:
    """The row of a task."""
    count = seeds if task.noisy else 1
    x = np.repeat(task.space.default_x[None], count, 0)
    verdicts = task.runner.run(task.asked(x, np.ones(count), np.arange(count, dtype=np.uint64)))
    task.close()
    seconds = float(np.median([v.cpu_seconds for v in verdicts]))
    score, test = (
        f"{np.mean([getattr(v.measured, of) for v in verdicts]):.4g}" for of in ("score", "test_score")
    )  # fmt: skip
    levels = ", ".join(f"{f:g}" for f in task.fidelities)
    return f"| `{task.name}` | {split} | {task.space.d} | {levels} | {seconds:.2g} | {score} | {test} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    suite = ready_suite(args.tasks or None)
    if suite.tasks("test"):
        what, why = "test scores of default configurations", "the table of the page on live problems"
        looks.count(looks.typed(__file__, sys.argv[1:]), [suite.name], what, why)
    print("| task | split | d | fidelities | seconds | score | test score |\n|---|---|---|---|---|---|---|")
    for task in suite.members:
        assert isinstance(task, ObjectiveTask)
        print(row(task, args.seeds, suite.split(task)), flush=True)


if __name__ == "__main__":
    main()
