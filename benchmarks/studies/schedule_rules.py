"""Tunes the baselines of schedules by random search: `python benchmarks/studies/schedule_rules.py [OPTIONS]`.

    python benchmarks/studies/schedule_rules.py                          # 60 settings of each rule, 4 worlds a task
    python benchmarks/studies/schedule_rules.py --settings 3 --worlds 1  # to try it
    python benchmarks/studies/schedule_rules.py --check                  # whether the rules' defaults are those stored

Each rule is tried on all meta-train tasks of `Schedules` and of `Drift`; the best mean of what counts there (the last
score, or the mean) is chosen and judged on the validation tasks. Test tasks are not looked at. What was found of a rule
is written at once into schedule_rules.json, and found again when the script is started anew with the same tasks, ranges
and options. The defaults of the rules are what was chosen on `Schedules`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np

from hpo_gym.base import seeding
from hpo_gym.optimize import Context, make_optimizer, run_batch
from hpo_gym.problem import Suite, Task
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
SUITES = ("Schedules", "Drift")
LOG, LINEAR, WHOLE = "log", "linear", "whole"

Range = tuple[str, float, float]
RATE: Range = (LOG, 3e-3, 1.0)
POWER: Range = (LINEAR, 0.0, 1.5)
END: Range = (LOG, 1e-3, 0.5)
RANGES: Mapping[str, Mapping[str, Range]] = {
    "constant": {"rate": RATE},
    "step": {"rate": RATE, "factor": (LOG, 0.05, 0.8), "drops": (WHOLE, 1, 6)},
    "cosine": {"rate": RATE, "warmup": (LINEAR, 0.0, 0.4), "end": END},
    "one-cycle": {"rate": RATE, "rise": (LINEAR, 0.05, 0.7), "start": (LOG, 0.01, 1.0), "end": END},
    "exponential": {"rate": RATE, "end": END},
    "plateau": {
        "rate": RATE, "factor": (LOG, 0.1, 0.9), "patience": (WHOLE, 0, 5), "threshold": (LOG, 1e-3, 0.1),
    },
    "cosine-sharpness": {"rate": RATE, "power": POWER, "warmup": (LINEAR, 0.0, 0.4), "end": END},
    "jump": {"rate": RATE, "power": POWER, "decay": (LINEAR, 0.75, 1.0), "jump": (LOG, 0.05, 2.0)},
    "alignment": {"rate": RATE, "power": POWER, "gain": (LOG, 0.03, 3.0), "target": (LINEAR, -0.2, 0.5)},
    "hypergradient": {"rate": RATE, "beta": (LOG, 0.01, 0.99)},
    "random-schedule": {"low": (LOG, 1e-5, 1e-2), "high": (LOG, 3e-2, 1.0)},
}  # fmt: skip
"""The range of each setting of each rule: how it is drawn, and its ends."""


# ---------------------------------------------------------------------- settings
def drawn(rule: str, count: int) -> Iterator[dict[str, Any]]:
    """The settings that are tried: the same at each start, and of more the first are those of fewer."""
    for i in range(count):
        rng = seeding.generator(seeding.key("settings of a schedule", rule, i))
        yield {name: value(range_, float(rng.random())) for name, range_ in RANGES[rule].items()}


def value(range_: Range, u: float) -> float | int:
    """A value of a range at `u` in [0, 1), of three digits."""
    how, low, high = range_
    if how == WHOLE:
        return int(low + u * (high - low + 1))
    v = low * (high / low) ** u if how == LOG else low + u * (high - low)
    return float(f"{v:.3g}")


# ---------------------------------------------------------------------- scores
def score(rule: str, settings: Mapping[str, Any], suite: Suite, tasks: Sequence[Task], worlds: int) -> float:
    """The mean of what counts over tasks and worlds, all runs at once."""
    budget = int(suite.env["budget"])
    cells = [
        (task, seeding.world_seed(suite.name, task.name, "schedule rules", w)) for task in tasks for w in range(worlds)
    ]
    rngs = [seeding.generator(seeding.optimizer_seed(world, rule, {})) for _, world in cells]
    contexts = {task: Context.of(task, budget) for task in tasks}
    runs = run_batch(
        make_optimizer(rule, **settings), [task for task, _ in cells], [world for _, world in cells],
        [contexts[task] for task, _ in cells], rngs, budget=budget, n_init=0,
    )  # fmt: skip
    scores = runs.scores()
    last = np.array([task.counts == "last" for task, _ in cells])
    return float(np.where(last, scores[:, -1], scores.mean(1)).mean())


def tuned(rule: str, suite: Suite, settings: int, worlds: int) -> dict[str, Any]:
    """The best setting of a rule on a suite, and its scores."""
    train, val = suite.tasks("train"), suite.tasks("val")
    tried = [(score(rule, s, suite, train, worlds), s) for s in drawn(rule, settings)]
    best, chosen = max(tried, key=lambda found: found[0])
    validation = score(rule, chosen, suite, val, worlds)
    return {"chosen": chosen, "train": round(best, 5), "validation": round(validation, 5)}


def asked(rule: str, suite: Suite, settings: int, worlds: int) -> str:
    """A hash of all that decides what is found, the rule's code apart, of which its version speaks."""
    made: Any = make_optimizer(rule)
    return seeding.digest([
        suite.data_hash, [t.name for s in ("train", "val") for t in suite.tasks(s)], settings, worlds, made.version,
        {name: list(range_) for name, range_ in RANGES[rule].items()},
    ])  # fmt: skip


# ---------------------------------------------------------------------- what is stored
def stored(path: Path) -> dict[str, Any]:
    """What was found so far, by suite and rule."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def write(path: Path, found: Mapping[str, Any]) -> None:
    """Store all, whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def carry_out(path: Path, suites: Sequence[str], rules: Sequence[str], settings: int, worlds: int) -> None:
    """Tune what is not stored."""
    for name in suites:
        suite = load_suite(name)
        for rule in rules:
            found = stored(path)
            key, known = asked(rule, suite, settings, worlds), found.get(name, {}).get(rule)
            if known is not None and known["asked"] == key:
                continue
            begun = time.process_time()
            row = {"asked": key, "settings": settings, "worlds": worlds, **tuned(rule, suite, settings, worlds)}
            found.setdefault(name, {})[rule] = row
            write(path, found)
            seconds = time.process_time() - begun
            print(f"{name} {rule}: {row['train']:.4f} by {row['chosen']}, {seconds:.0f} s", file=sys.stderr, flush=True)


def table(found: Mapping[str, Any]) -> Iterator[str]:
    """What was found, as Markdown: the best on the validation tasks first."""
    yield "| suite | rule | train | validation | settings |"
    yield "|---|---|---:|---:|---|"
    for suite, rules in found.items():
        for rule, row in sorted(rules.items(), key=lambda item: -float(item[1]["validation"])):
            told = ", ".join(f"`{k}={v:g}`" for k, v in row["chosen"].items())
            yield f"| {suite} | `{rule}` | {row['train']:.3f} | {row['validation']:.3f} | {told} |"


def stale(found: Mapping[str, Any]) -> Iterator[str]:
    """The rules whose defaults are not what was chosen on the first suite."""
    for rule in RANGES:
        own, row = dict(vars(make_optimizer(rule))), found.get(SUITES[0], {}).get(rule)
        if row is None:
            yield f"{rule}: not tuned on {SUITES[0]}"
        elif row["chosen"] != own:
            yield f"{rule}: the defaults are {own}, chosen was {row['chosen']}"


def main() -> None:
    """Tune, store and print; or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", type=int, default=60, help="tried of each rule")
    parser.add_argument("--worlds", type=int, default=4, help="of each task")
    parser.add_argument("--suite", choices=SUITES, action="append", help="only this one")
    parser.add_argument("--rule", choices=list(RANGES), action="append", help="only this one")
    parser.add_argument("--out", type=Path, default=FOUND, help="where it is stored")
    parser.add_argument("--check", action="store_true", help="say which defaults are not those chosen")
    given = parser.parse_args()
    if given.check:
        sys.exit("\n".join(stale(stored(given.out))) or 0)
    if given.settings < 1 or given.worlds < 1:
        parser.error(f"`settings >= 1` and `worlds >= 1` must hold, got {given.settings} and {given.worlds}")
    carry_out(given.out, given.suite or SUITES, given.rule or list(RANGES), given.settings, given.worlds)
    print("\n".join(table(stored(given.out))))


if __name__ == "__main__":
    main()
