"""What learning adds on `Schedules` and `Drift`: trains agents, and compares them with the rules tuned on meta-train.

    python benchmarks/studies/schedule_agents.py OUT --train --suite Drift       # what OUT lacks of the trainings
    python benchmarks/studies/schedule_agents.py OUT --compare --split val       # while one still chooses
    python benchmarks/studies/schedule_agents.py OUT --compare --split test      # once for each table that is published
    python benchmarks/studies/schedule_agents.py OUT --write                     # the tables of docs/schedules.md
    python benchmarks/studies/schedule_agents.py OUT --check                     # whether they are those stored

Trained are PPO with discount 1 and 0, and PPO that is blind (it sees only the epoch and its own learning rates), five
seeds each and for as long; other agents once. Rules have the settings of schedule_rules.json. Everything is compared by
the package's own protocol: five worlds of each task, the same for all; intervals are bootstraps over families.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import looks
import numpy as np
from marks import renewed
from schedule_rules import FOUND as RULES
from schedule_rules import SUITES

import hpo_gym
from hpo_baselines.population_based import population_based
from hpo_gym.bench import Curves, Resamples, auc
from hpo_gym.env import HPOVectorEnv
from hpo_gym.problem import Suite
from hpo_gym.system import write_files

HERE = Path(__file__).resolve().parent
FOUND = HERE / "schedule_agents.json"
PAGE = HERE.parents[1] / "docs" / "schedules.md"
SEEDS = 5
MEMBERS = 8
"""Of population-based training."""
VARIANTS: Mapping[str, tuple[str, dict[str, Any], int]] = {
    "ppo": ("ppo", {}, SEEDS),
    "ppo blind": ("ppo", {"observer": "blind"}, SEEDS),
    "ppo discount 0": ("ppo", {"algorithm": {"gamma": 0.0}}, SEEDS),
    "recurrent-ppo": ("recurrent-ppo", {}, 1),
    "ppo-bare": ("ppo-bare", {}, 1),
    "dqn": ("dqn", {}, 1),
    "sac": ("sac", {}, 1),
}
"""Agent, settings, and how often it is trained."""
OPEN = ("constant", "cosine", "step", "exponential", "one-cycle")
FEEDBACK = ("plateau", "cosine-sharpness", "jump", "alignment", "hypergradient")


def trained(out: Path, suite: str, variant: str, seed: int) -> Path:
    """Folder of a trained agent."""
    return out / "trained" / suite / f"{variant.replace(' ', '-')}-{seed}"


def train(out: Path, name: str, variants: Sequence[str], steps: int | None) -> None:
    """Train what is missing."""
    suite = hpo_gym.load_suite(name)
    for seed in range(SEEDS):
        for variant in variants:
            agent_name, settings, seeds = VARIANTS[variant]
            folder = trained(out, name, variant, seed)
            if seed >= seeds or folder.exists():
                continue
            agent: Any = hpo_gym.make_optimizer(agent_name, **settings)
            most = steps if seeds > 1 else None  # the others have steps of their own
            agent.train(suite.tasks("train"), np.random.default_rng(seed), validation=suite.tasks("val"), steps=most)
            agent.save(folder)
            print(f"{name} {variant} {seed}: trained", flush=True)


def entrants(out: Path, name: str) -> dict[str, Any]:
    """Everything that is compared, by the name that it has in the results."""
    chosen = json.loads(RULES.read_text("utf-8"))[name]
    rules = {rule: {"name": rule, **found["chosen"]} for rule, found in chosen.items()}
    agents = {
        f"{variant} {seed}": str(trained(out, name, variant, seed))
        for variant, (_, _, seeds) in VARIANTS.items()
        for seed in range(seeds)
        if trained(out, name, variant, seed).exists()
    }
    return {**rules, **agents}


def compare(out: Path, name: str, split: str) -> dict[str, Any]:
    """Regret and loss of each entrant on each task, means over worlds and seeds of training, by name of the variant."""
    folder = out / f"{name}-{split}"
    results = hpo_gym.benchmark(entrants(out, name), name, split=split, out=folder, resume=True, workers=2)
    trials, suite = results.trials(), hpo_gym.load_suite(name)
    counted = trials.groupby(["optimizer", "task", "replicate"])["score"]
    scores = counted.mean() if suite.members[0].counts == "mean" else counted.last()
    parts: dict[str, Any] = {}
    for curves in results.curves[name]:
        variant, _, seed = curves.optimizer.rpartition(" ")
        label = variant if variant in VARIANTS and seed.isdigit() else curves.optimizer
        loss = [-float(scores[curves.optimizer, task].mean()) for task in curves.tasks]
        part = parts.setdefault(label, {"regret": [], "loss": []})
        part["regret"].append(auc(curves).tolist())
        part["loss"].append(loss)
    first: Curves = results.curves[name][0]
    bred = population(suite, first.tasks, split)
    return {"tasks": list(first.tasks), "families": list(first.families), "found": parts, "population": bred}


def population(suite: Suite, tasks: Sequence[str], split: str) -> dict[str, Any]:
    """Loss of population-based training on each task, a mean over worlds of its own, and how many runs it takes."""
    envs = HPOVectorEnv(MEMBERS, suite, split=split, codec="box", statistics=False)
    loss = [-float(np.mean([population_based(envs, t, seed=r).score for r in range(SEEDS)])) for t in tasks]
    return {"members": MEMBERS, "loss": loss}


def ratio(found: Mapping[str, Any], families: Sequence[str], what: str, a: str, b: str) -> list[float]:
    """Mean of one over that of another, with its interval over families."""
    x, y = (np.mean(found[name][what], axis=0) for name in (a, b))
    return [float(v) for v in Resamples.of(tuple(families)).ratio(x, y)]


def pairs(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is held against what."""
    rules = [name for name in FEEDBACK if name in found]
    hand = [min(rules, key=lambda n: float(np.mean(found[n][what]))) for what in ("regret", "loss")]
    others = ["constant", "cosine", "one-cycle", *hand, "ppo blind", "ppo discount 0"]
    return [("ppo", other) for other in dict.fromkeys(others) if other in found and "ppo" in found]


def table(found: Mapping[str, Any]) -> str:
    """The table of a suite and a split, in Markdown."""
    lines = ["| | loss | regret |", "|---|---:|---:|"]
    parts, families = found["found"], tuple(found["families"])
    sample = Resamples.of(families)
    for name in sorted(parts, key=lambda n: float(np.mean(parts[n]["regret"]))):
        loss, regret = (np.mean(parts[name][what], axis=0) for what in ("loss", "regret"))
        m, low, high = sample.mean(regret)
        lines.append(f"| {name} | {loss.mean():.3f} | {m:.3f} [{low:.3f}, {high:.3f}] |")
    bred = found["population"]
    lines.append(
        f"| population-based training, {bred['members']} runs, all of whose epochs are its cost | "
        f"{np.mean(bred['loss']):.3f} | |"
    )
    lines += ["", "| ratio | of losses | of regrets |", "|---|---:|---:|"]
    for a, b in pairs(parts):
        told = [ratio(parts, families, what, a, b) for what in ("loss", "regret")]
        lines.append(f"| {a} / {b} | " + " | ".join(f"{m:.3f} [{lo:.3f}, {hi:.3f}]" for m, lo, hi in told) + " |")
    return "\n".join(lines)


def page(stored: Mapping[str, Any]) -> str:
    """The page with the tables of what is stored."""
    lines = []
    for name in SUITES:
        for split in ("test", "val"):
            if split in stored.get(name, {}):
                title = {"test": "test tasks", "val": "validation tasks"}[split]
                lines += [f"### {name}, {title}", "", *table(stored[name][split]).splitlines(), ""]
    return renewed(PAGE.read_text("utf-8"), [("results", lines[:-1])])


def main() -> None:
    """Train, compare, or show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "out", type=Path, nargs="?", default=Path("results/schedules"), help="folder of trainings and comparisons"
    )
    parser.add_argument("--suite", choices=SUITES, action="append", help="one suite; repeatable")
    parser.add_argument("--variant", choices=VARIANTS, action="append", help="one variant; repeatable")
    parser.add_argument("--steps", type=int, help="trials of each training, to try it")
    parser.add_argument("--split", choices=("val", "test"), default="val")
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--write", action="store_true", help="renew docs/schedules.md")
    parser.add_argument("--check", action="store_true", help="say whether docs/schedules.md is as stored")
    told = parser.parse_args()
    stored = json.loads(FOUND.read_text("utf-8")) if FOUND.is_file() else {}
    if told.check:
        sys.exit(None if page(stored) == PAGE.read_text("utf-8") else f"{PAGE.name} is not as stored: use --write")
    if told.write:
        write_files(PAGE.parent, {PAGE.name: page(stored).encode()})
    for name in told.suite or SUITES:
        if told.train:
            train(told.out, name, told.variant or list(VARIANTS), told.steps)
        if told.compare:
            if told.split == "test":
                what, why = "regret of agents and rules", "what learning adds on schedules"
                looks.count(looks.typed(__file__, sys.argv[1:]), told.suite or SUITES, what, why)
            stored.setdefault(name, {})[told.split] = compare(told.out, name, told.split)
            write_files(FOUND.parent, {FOUND.name: (json.dumps(stored, indent=1) + "\n").encode()})
        for split, found in stored.get(name, {}).items():
            print(f"\n{name}, {split}\n\n{table(found)}")


if __name__ == "__main__":
    main()
