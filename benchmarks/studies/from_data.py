"""Agents from stored episodes on validation tasks, beside the behaviour that played them.

    python benchmarks/studies from_data

Mean normalised regret over 33 trials on whole pools, from a cold start, on a task of each validation family.
Episodes are of meta-train tasks, without their own families as earlier tasks; `mixed` is a third of
each. An agent is trained once on each set, for 40,000 states (the decision transformer 120,000), without validation:
its last weights play, greedily; `bc, drawn` draws from its policy. `untrained` is the policy that all begin with.
`dagger` has its own episodes, as many as the set has. `started` is `ppo-pool` after 6,000 trials, from its own start
and from the weights of `bc` on 100 episodes of `transfer-mix`.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from matplotlib.figure import Figure
from ratios import UNKNOWN, bare
from regrets import mean_regret
from runs import of_families

from hpo_gym.bench import VIBRANT, save
from hpo_gym.optimize import Episodes, make_optimizer
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
SUITES = ("Linear",)
MIXED, BEST = "mixed", "transfer-mix"
PLAIN = ("random", "portfolio", BEST)
AGENTS = ("bc", "iql", "cql", "decision-transformer")
DRAWN = "bc, drawn"
"""`bc` that draws its choices from its policy."""
SIZES = {"random": (100, 1000, 10_000), "portfolio": (100, 1000), MIXED: (100, 1000, 10_000), BEST: (100, 1000)}
SMALL = 100
STEPS = {"decision-transformer": 120_000}
PPO_SEEDS, PPO_STEPS = ("0", "1"), 6000
CHEAP = {("Linear", "behaviour", "random"): (), ("Linear", "behaviour", "portfolio"): ()}


def cells() -> Iterator[frame.Address]:
    """Yield behaviours and the first policy, agents by quality and size of the data, and what begins from them."""
    yield from ((suite, "behaviour", name) for suite in SUITES for name in (*PLAIN, "untrained"))
    sets = [(quality, size) for quality, sizes in SIZES.items() for size in sizes]
    for most in sorted({size for _, size in sets}):
        for quality in (q for q, size in sets if size == most):
            yield from (("Linear", quality, str(most), agent) for agent in (*AGENTS, DRAWN))
        if most == SMALL:
            yield ("Linear", BEST, str(SMALL), "dagger")
            yield from (("Linear", "started", start, seed) for seed in PPO_SEEDS for start in ("untrained", "bc"))


def cell(suite: str, part: str, which: str, agent: str = "") -> float:
    """Return a mean regret on the validation tasks."""
    if part == "started":
        return judged(ppo(suite, which, int(agent)), suite)
    if part == "behaviour":
        return judged(make_optimizer(which), suite)
    loaded, rng = load_suite(suite), np.random.default_rng(0)
    steps = STEPS.get(agent, 40_000)
    if agent == "dagger":  # five rounds
        found: Any = make_optimizer(agent, episodes=int(which) // 5, steps=steps)
        found.train(loaded.tasks("train"), rng)
    else:
        found = make_optimizer("bc" if agent == DRAWN else agent, steps=steps, greedy=agent != DRAWN)
        found.train_on(collected(suite, part, int(which)), rng)
    return judged(found, suite)


def judged(optimizer: Any, suite: str) -> float:
    """Return the mean regret on the validation tasks."""
    tasks = of_families(suite)
    return round(mean_regret(optimizer, tasks, 33, prior=load_suite(suite).prior()), 4)


def collected(suite: str, quality: str, size: int) -> Episodes:
    """Return the first episodes of a quality."""
    if quality != MIXED:
        return part_of(played(suite, quality, size), size)
    parts = [collected(suite, name, -(-size // len(PLAIN))) for name in PLAIN]
    return part_of(joined(parts), size)


@functools.cache
def played(suite: str, name: str, size: int) -> Episodes:
    """Play episodes of an optimizer on the meta-train tasks in turn."""
    from hpo_agents._offline.rolling import rolled

    loaded = load_suite(suite)
    tasks, h = loaded.tasks("train"), 33
    found = rolled(make_optimizer(name), tasks, (np.arange(size) % len(tasks)).tolist(), h, 0)
    names = tuple(t.name for t in tasks)
    unknown = np.full((size, h), np.nan)
    return Episodes(
        loaded, {"suite": suite, "budget": h}, names, found.task, np.zeros(size, np.uint64), np.full(size, name),
        found.count, found.at, np.ones((size, h)), found.score, unknown, np.zeros((size, h), np.int8),
        found.drop.sum(1),
    )  # fmt: skip


ARRAYS = ("task", "seed", "behaviour", "count", "at", "fidelity", "score", "cost", "status", "returns")


def part_of(episodes: Episodes, size: int) -> Episodes:
    """Return the first episodes."""
    arrays = {name: getattr(episodes, name)[:size] for name in ARRAYS}
    return Episodes(episodes.suite, episodes.spec, episodes.tasks, **arrays)


def joined(parts: list[Episodes]) -> Episodes:
    """Return the episodes of several sets on the same tasks."""
    first = parts[0]
    arrays = {name: np.concatenate([getattr(p, name) for p in parts]) for name in ARRAYS}
    return Episodes(first.suite, first.spec, first.tasks, **arrays)


def ppo(suite: str, start: str, seed: int) -> Any:
    """Return `ppo-pool` after a short training, perhaps from the weights of `bc`."""
    tasks = load_suite(suite).tasks("train")
    with tempfile.TemporaryDirectory() as folder:
        if start != "untrained":
            cloned: Any = make_optimizer(start, steps=40_000)
            cloned.train_on(collected(suite, BEST, SMALL), np.random.default_rng(0))
            cloned.save(Path(folder))
        agent: Any = make_optimizer("ppo-pool", **({} if start == "untrained" else {"start": folder}))
        agent.train(tasks, np.random.default_rng(seed), steps=PPO_STEPS)
    return agent


def behaved(part: Mapping[str, Any], quality: str) -> float:
    """Return the regret of the behaviour of a set."""
    own = part["behaviour"]
    return float(np.mean([own[name] for name in PLAIN])) if quality == MIXED else float(own[quality])


def played_by(part: Mapping[str, Any], quality: str) -> tuple[float, float]:
    """Return the mean regret of the behaviours of a set, and that of the best of them."""
    mixed = [float(part["behaviour"][name]) for name in PLAIN]
    return behaved(part, quality), min(mixed) if quality == MIXED else behaved(part, quality)


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each set of episodes, and one for the starts of PPO."""
    rows = []
    for part in found.values():
        for quality in (q for q in SIZES if q in part):
            for size, by in part[quality].items():
                if not set(AGENTS) <= by.keys():
                    continue
                cells = (bare(by[a]) if a in by else UNKNOWN for a in (*AGENTS, DRAWN))
                rows.append((f"{quality}, {int(size):,}", *map(bare, played_by(part, quality)), *cells))
    heads = ("behaviour, episodes", "its regret", "the best in it", *(f"`{a}`" for a in AGENTS), "`bc`, drawn")
    note = ", ".join(f"{suite} {bare(part['behaviour']['untrained'])}" for suite, part in found.items())
    return {"regret": Table.of(heads, rows, f"Before any training: {note}."), "start": starts(found)}


def starts(found: Mapping[str, Any]) -> Table:
    """Return `dagger` beside `bc` with as many episodes, and PPO from two starts."""
    linear = found["Linear"]
    both = [(f"`{name}`, {SMALL} episodes", bare(linear[BEST][str(SMALL)][name])) for name in ("bc", "dagger")]
    mean = {start: np.mean(list(by.values())) for start, by in linear["started"].items()}
    more = [(f"`ppo-pool` from {'its own start' if s == 'untrained' else '`bc`'}", bare(m)) for s, m in mean.items()]
    return Table.of(("agent", "regret"), (*both, *more))


def draw(found: Mapping[str, Any]) -> None:
    """Draw a panel for each quality on Linear: regret against the number of episodes."""
    linear = found["Linear"]
    figure = Figure(figsize=(11, 3.2), dpi=110)
    panels = figure.subplots(1, len(SIZES), sharey=False)
    for axes, (quality, sizes) in zip(panels, SIZES.items(), strict=True):
        for agent, color in zip(AGENTS, VIBRANT, strict=False):
            known = [n for n in sizes if agent in linear[quality].get(str(n), {})]
            axes.plot(known, [linear[quality][str(n)][agent] for n in known], "o-", color=color, label=agent, ms=4)
        axes.axhline(behaved(linear, quality), color="black", linewidth=1, label="behaviour")
        axes.axhline(linear["behaviour"]["untrained"], color="black", linestyle=":", linewidth=1, label="untrained")
        axes.set(title=quality, xscale="log")
        axes.grid(alpha=0.3)
        axes.tick_params(labelsize=7, which="both")
    figure.supxlabel("episodes", fontsize=9)
    figure.supylabel("mean normalised regret", fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=len(labels), fontsize=9, frameon=False)
    figure.tight_layout(rect=(0.01, 0.0, 1.0, 0.92))
    save(figure, frame.FIGURES / "from_data.png")
