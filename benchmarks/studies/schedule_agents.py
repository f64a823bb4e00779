"""The gain of learning on `Schedules` and `Drift`: trained agents against the rules tuned on meta-train.

Trained are PPO with discount 1 and 0, and PPO that is blind (it sees only the epoch and its own learning rates), five
seeds each and for as long; other agents once. Rules have the settings of `schedule_rules.py`, tuned with as many
epochs. All are compared by the package's own protocol: five instances of each task, the same for all; intervals are
over families. The best open loop, and the best rule with feedback, are those that did best on the training tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from schedule_rules import SUITES

import hpo_gym
from hpo_gym.bench import Resamples, auc, interval
from hpo_gym.env import HPOVectorEnv
from hpo_gym.problem import Suite

LOOKS = Look("regret of agents and rules", "what learning adds on schedules", SUITES, "test")
SEEDS = 5
MEMBERS = 8
"""Runs of population-based training."""
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
FEEDBACK = ("plateau", "cosine-sharpness", "jump", "alignment", "hypergradient")
OPEN = ("constant", "step", "cosine", "one-cycle", "exponential", "random-schedule")
"""Rules by the epoch alone."""
SPLITS = ("test", "val")
PARTS = ("rules", "agents")


cells = frame.grid(SUITES, SPLITS[::-1], PARTS)


def cell(suite: str, split: str, part: str, out: Path) -> dict[str, Any]:
    """Return regret and loss of rules, or of agents, on each task; agents that are missing are trained."""
    of = rules(suite) if part == "rules" else agents(out, suite)
    found = compare(of, suite, split, out / f"{suite}-{split}-{part}")
    if part == "agents":
        return {**found, "found": {name: found["found"][name] for name in VARIANTS}}
    train = {rule: row["train"] for rule, row in frame.stored("schedule_rules")[suite].items()}
    return {**found, "train": train, "population": population(hpo_gym.load_suite(suite), found["tasks"], split)}


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Play two rules on the test tasks of `Drift` anew."""
    names = ("cosine", "plateau")
    with TemporaryDirectory() as folder:
        now = compare({n: rules("Drift")[n] for n in names}, "Drift", "test", Path(folder) / "runs")["found"]
    reported = found["Drift"]["test"]["rules"]["found"]
    return [np.round(now[n]["loss"], 9).tolist() for n in names], [
        np.round(reported[n]["loss"], 9).tolist() for n in names
    ]


def train(out: Path, suite: str, variant: str, seed: int) -> None:
    """Train an agent that is missing."""
    agent_name, settings, _ = VARIANTS[variant]
    folder, loaded = trained(out, suite, variant, seed), hpo_gym.load_suite(suite)
    if folder.exists():
        return
    agent: Any = hpo_gym.make_optimizer(agent_name, **settings)
    agent.train(loaded.tasks("train"), np.random.default_rng(seed), validation=loaded.tasks("val"))
    agent.save(folder)
    print(f"{suite} {variant} {seed}: trained", flush=True)


def trained(out: Path, suite: str, variant: str, seed: int) -> Path:
    """Return the folder of a trained agent."""
    return out / "trained" / suite / f"{variant.replace(' ', '-')}-{seed}"


def rules(suite: str) -> dict[str, Any]:
    """Return the tuned rules, by their names in the results."""
    return {rule: {"name": rule, **row["chosen"]} for rule, row in frame.stored("schedule_rules")[suite].items()}


def agents(out: Path, suite: str) -> dict[str, Any]:
    """Return the trained agents, by their names in the results; those that are missing are trained first."""
    all_ = [(variant, seed) for seed in range(SEEDS) for variant, (_, _, seeds) in VARIANTS.items() if seed < seeds]
    for variant, seed in all_:
        train(out, suite, variant, seed)
    return {f"{variant} {seed}": str(trained(out, suite, variant, seed)) for variant, seed in all_}


def compare(of: Mapping[str, Any], name: str, split: str, folder: Path) -> dict[str, Any]:
    """Return regret and loss on each task, means over instances and seeds of training, by name of the variant."""
    results = hpo_gym.benchmark(of, name, split=split, out=folder, resume=True, workers=2)
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
    first = results.curves[name][0]
    return {"tasks": list(first.tasks), "families": list(first.families), "found": parts}


def population(suite: Suite, tasks: Sequence[str], split: str) -> dict[str, Any]:
    """Return the loss of population-based training on each task, a mean over instances of its own."""
    from hpo_baselines.population_based import population_based

    envs = HPOVectorEnv(MEMBERS, suite, split=split, codec="box", statistics=False)
    loss = [-float(np.mean([population_based(envs, t, seed=r).score for r in range(SEEDS)])) for t in tasks]
    return {"members": MEMBERS, "loss": loss}


# ---------------------------------------------------------------------- tables
def joined(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return regret and loss of rules and agents by name."""
    return {**part["rules"]["found"], **part.get("agents", {"found": {}})["found"]}


def best(part: Mapping[str, Any], of: Sequence[str]) -> str:
    """Return the rule of the highest score on the training tasks."""
    train = part["rules"]["train"]
    return max((rule for rule in of if rule in train), key=lambda rule: float(train[rule]))


def ratio(found: Mapping[str, Any], families: Sequence[str], what: str, a: str, b: str) -> list[float | None]:
    """Return the mean of one over that of another, with its interval over families."""
    x, y = (np.mean(found[name][what], axis=0) for name in (a, b))
    return Resamples.of(tuple(families)).ratio(x, y)


def pairs(part: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the pairs that are compared, by the head of their row."""
    loop, rule, found = best(part, OPEN), best(part, FEEDBACK), joined(part)
    of = {
        "ppo / best open loop": ("ppo", loop),
        "best rule / best open loop": (rule, loop),
        "ppo / best rule": ("ppo", rule),
        "ppo / ppo blind": ("ppo", "ppo blind"),
        "ppo blind / best open loop": ("ppo blind", loop),
        "ppo / ppo discount 0": ("ppo", "ppo discount 0"),
    }
    return {head: pair for head, pair in of.items() if set(pair) <= set(found)}


def tables(stored: Mapping[str, Any]) -> dict[str, Table]:
    """Return for each suite and split all entrants, and ratios of pairs."""
    out = {}
    for suite in SUITES:
        for split in (s for s in SPLITS if s in stored.get(suite, {})):
            part, of = stored[suite][split], "" if split == "test" else f"-{split}"
            out[f"{suite.lower()}{of}"] = _entrants(part)
            out[f"{suite.lower()}{of}-ratios"] = _ratios(part)
    return out


def _entrants(part: Mapping[str, Any]) -> Table:
    found, bred, rows = joined(part), part["rules"]["population"], list[tuple[str, ...]]()
    sample = Resamples.of(tuple(part["rules"]["families"]))
    for name in sorted(found, key=lambda n: float(np.mean(found[n]["regret"]))):
        loss, regret = (np.mean(found[name][what], axis=0) for what in ("loss", "regret"))
        rows.append((name, f"{loss.mean():.3f}", interval(sample.mean(regret), 3)))
    what = f"population-based training, {bred['members']} runs, all of whose epochs are its cost"
    rows.append((what, f"{np.mean(bred['loss']):.3f}", ""))
    return Table.of(("", "loss", "regret"), rows)


def _ratios(part: Mapping[str, Any]) -> Table:
    found, families = joined(part), part["rules"]["families"]
    rows = [
        (head, *(interval(ratio(found, families, what, a, b), 3) for what in ("loss", "regret")))
        for head, (a, b) in pairs(part).items()
    ]
    note = f"Best open loop: `{best(part, OPEN)}`. Best rule with feedback: `{best(part, FEEDBACK)}`."
    return Table.of(("ratio", "of losses", "of regrets"), rows, note)


def values(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the losses of the best open loops, and of the best and the worst blind training."""
    out: dict[str, Any] = {}
    for suite in SUITES:
        part = stored[suite]["test"]
        found, blind = joined(part), np.mean(joined(part)["ppo blind"]["loss"], axis=1)
        loop = float(np.mean(found[best(part, OPEN)]["loss"]))
        out |= {f"{suite}-blind-best": float(blind.min()), f"{suite}-blind-worst": float(blind.max())}
        out |= {f"{suite}-open": loop, f"{suite}-constant": float(np.mean(found["constant"]["loss"]))}
    return out
