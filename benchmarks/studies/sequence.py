"""The value of sequence: trainings of `ppo` at three discounts and blind.

Each training has the settings of `ppo` but for the discount, or for the observer `blind`. Its result is the lowest mean
normalised regret on the validation tasks over the segments of the training, as the agent itself chooses its policy.
No test task is touched. A variant is compared with discount 1 on the same suite. The figure is
`docs/figures/sequence.png`.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import frame
import numpy as np
from frame import Table
from matplotlib.figure import Figure
from numpy.typing import NDArray

import hpo_gym
from hpo_agents._policy.settings import tuned
from hpo_gym.base import seeding
from hpo_gym.bench import FAINT, GRID, INK, MUTED, VIBRANT, regret_of, save, theme
from hpo_gym.optimize import rollout
from hpo_gym.problem import BEST, SUITES

LOOKS = "validation tasks"
SEEDS = 3
STEPS = 60_000
"""Trials of a training."""
FIRST = (
    "SVM", "AutoML", "Boosting", "MLP", "Linear", "Studies", "Pipelines", "FineTune", "Curves",
    "Functions", "FCNet", "MLPGrid",
)  # fmt: skip
"""The suites of the first trainings; then any other suite that is registered and has validation tasks."""
ANCHOR = "discount 1"
VARIANTS: dict[str, dict[str, Any]] = {
    ANCHOR: {"algorithm": {"gamma": 1.0}},
    "discount .9": {"algorithm": {"gamma": 0.9}},
    "discount 0": {"algorithm": {"gamma": 0.0}},
    "blind": {"algorithm": {"gamma": 1.0}, "observer": "blind"},
}
OTHERS = tuple(VARIANTS)[1:]
COLOURS = dict(zip(VARIANTS, (FAINT, *VIBRANT), strict=False))
FEW = 5
"""Validation tasks below which a suite's figures stand apart."""

Result = Mapping[str, Any]
Found = Mapping[str, Mapping[str, Mapping[str, Result]]]
"""By suite, variant and seed: `steps`, `of`, `regrets`, perhaps `end`, `seconds`."""
Values = NDArray[np.float64]


def cells() -> Iterator[frame.Address]:
    """Yield suites and variants with one seed, then with the next."""
    for seed in range(SEEDS):
        yield from ((suite, variant, str(seed)) for suite in suites() for variant in VARIANTS)


def cell(suite: str, variant: str, seed: str) -> dict[str, Any]:
    """Train once."""
    found = train(suite, variant, int(seed), STEPS)
    return {"steps": STEPS, "of": identity(suite, variant), **found}


def train(name: str, variant: str, seed: int, steps: int) -> dict[str, Any]:
    """Return the regret at each segment of a training, that of its last trials, and seconds of the processor."""
    suite, start = hpo_gym.load_suite(name), time.process_time()
    agent: Any = hpo_gym.make_optimizer("ppo", **VARIANTS[variant])
    tasks, validation = suite.tasks("train"), suite.tasks("val")
    curve = agent.train_in(None, tasks, np.random.default_rng(seed), validation=validation, steps=steps)
    result: dict[str, Any] = {"regrets": [round(regret, 5) for _, regret in curve]}
    ends = [regret_of(rollout(agent, task, agent.budget), task, agent.budget)[-1] for task in validation]
    result["end"] = round(float(np.mean(ends)), 5)
    return {**result, "seconds": round(time.process_time() - start)}


def again(found: Found) -> tuple[Any, Any]:
    """Judge the first policies of two suites anew, and hash the tasks and settings of all suites."""
    now = [train(suite, ANCHOR, 0, 1)["regrets"][0] for suite in ("MLP", "FCNet")]
    then = [found[suite][ANCHOR]["0"]["regrets"][0] for suite in ("MLP", "FCNet")]
    pairs = [(suite, variant) for suite, part in found.items() for variant in part]
    return [now, *(identity(*p) for p in pairs)], [then, *(found[s][v]["0"]["of"] for s, v in pairs)]


@functools.cache
def suites() -> tuple[str, ...]:
    """Return all suites with validation tasks in which configurations are searched."""
    rest = [hpo_gym.load_suite(name).tasks("val") for name in sorted(set(SUITES.names()) - set(FIRST))]
    return *FIRST, *(tasks[0].suite for tasks in rest if tasks and tasks[0].counts == BEST)


def identity(name: str, variant: str) -> str:
    """Return a hash of the tasks, their best scores and the settings: of all that decides a result."""
    suite = hpo_gym.load_suite(name)
    settings = tuned("ppo", suite.tasks("train")[0].env)
    ends = [(task.name, round(task.best, 6), round(task.worst, 6)) for task in suite.tasks("val")]
    return f"{seeding.key(suite.data_hash, suite.version, ends, settings, VARIANTS[variant], STEPS):016x}"


# ---------------------------------------------------------------------- tables
def lowest(result: Result) -> float:
    """Return the regret that the policy was chosen by."""
    return float(min(result["regrets"]))


def end(result: Result) -> float:
    """Return the regret after the last trial of a run."""
    return float(result.get("end", lowest(result)))


def ratios(found: Found, of: Callable[[Result], float] = lowest) -> dict[str, dict[str, Values]]:
    """Return by suite and variant, for each seed, a value over the mean at discount 1.

    Of the seeds that all variants have which have any; a suite needs discount 1 and one more.
    """
    out: dict[str, dict[str, Values]] = {}
    for name in (suite for suite in suites() if suite in found):
        known = {v: found[name][v] for v in VARIANTS if found[name].get(v)}
        values = {v: {seed: of(r) for seed, r in results.items()} for v, results in known.items()}
        seeds = sorted(set.intersection(*(set(known) for known in values.values()))) if values else []
        anchor = np.mean([values[ANCHOR][seed] for seed in seeds]) if seeds and ANCHOR in values else 0.0
        if anchor > 0.0 and len(values) > 1:
            out[name] = {v: np.array([known[seed] for seed in seeds]) / anchor for v, known in values.items()}
    return out


def pooled(held: Mapping[str, Mapping[str, Values]]) -> tuple[int, dict[str, float]]:
    """Return the number of searches with enough tasks and all variants, and by variant their geometric mean."""
    names = [
        name
        for name, rows in held.items()
        if len(hpo_gym.load_suite(name).tasks("val")) >= FEW and len(rows) == len(VARIANTS)
    ]
    variants = OTHERS if names else ()
    return len(names), {v: float(np.exp(np.mean([np.log(held[n][v].mean()) for n in names]))) for v in variants}


def table(found: Found, of: Callable[[Result], float] = lowest) -> Table:
    """Return a row for each suite, and the geometric mean over searches with enough tasks."""
    held, rows = ratios(found, of), []
    for name, parts in held.items():
        tasks, seeds = len(hpo_gym.load_suite(name).tasks("val")), len(parts[ANCHOR])
        anchor = np.mean([of(r) for seed, r in found[name][ANCHOR].items() if int(seed) < seeds])
        cells = (_cell(parts.get(variant)) for variant in OTHERS)
        rows.append((f"`{name}`", str(tasks), str(seeds), f"{anchor:.4f}", *cells))
    count, means = pooled(held)
    if count:
        what = f"geometric mean of {count} suites in which configurations are searched"
        rows.append((what, "", "", "", *(f"{mean:.2f}" for mean in means.values())))
    return Table.of(("suite", "validation tasks", "seeds", "regret at discount 1", *OTHERS), rows)


def _cell(values: Values | None) -> str:
    if values is None:
        return "not yet"
    mean = f"{values.mean():.2f}"
    return mean if len(values) == 1 else f"{mean} ({values.min():.2f} to {values.max():.2f})"


def tables(found: Found) -> dict[str, Table]:
    """Return the table of the mean regret, and that of the regret at the end of runs."""
    return {"ratios": table(found), "ends": table(found, end)}


def values(found: Found) -> dict[str, Any]:
    """Return the cells of the tables, and the geometric mean over suites by variant."""
    count, means = pooled(ratios(found))
    return {"suites": count, **{f"mean.{variant}": mean for variant, mean in means.items()}}


@theme()
def draw(found: Found) -> None:
    """Draw a row for each suite; a dot for each training, a bar at their mean."""
    held = ratios(found)
    names = list(held)[::-1]
    picture = Figure(figsize=(7.2, 1.3 + 0.42 * len(names)), dpi=110)
    axes = picture.subplots()
    offsets = np.linspace(0.27, -0.27, len(VARIANTS))
    for (variant, colour), offset in zip(COLOURS.items(), offsets, strict=True):
        for y, name in enumerate(names):
            values = held[name].get(variant, np.empty(0))
            label = variant if y == 0 else None
            axes.plot(values, [y + offset] * len(values), "o", color=colour, markersize=4.5, alpha=0.75, label=label)
            if len(values):
                axes.plot([values.mean()] * 2, [y + offset - 0.1, y + offset + 0.1], color=colour, linewidth=2)
    for y in range(len(names) - 1):
        axes.axhline(y + 0.5, color=GRID, linewidth=0.8)
    axes.axvline(1.0, color=INK, linewidth=1)
    axes.set(xscale="log", xlabel="validation regret over that of discount 1, the lower the better")
    low, high = min(axes.get_xlim()[0], 0.8), max(axes.get_xlim()[1], 1.25)
    axes.set_xlim(low, high)
    wide = high / low > 8
    every = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20) if wide else (0.5, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 3)
    marks = [m for m in every if low <= m <= high]
    axes.set_xticks(marks, [f"{m:g}" for m in marks])
    axes.minorticks_off()
    counts = {name: len(hpo_gym.load_suite(name).tasks("val")) for name in names}
    few = {n: f" ({c} validation task{'s' * (c > 1)})" for n, c in counts.items() if c < FEW}
    axes.set_yticks(range(len(names)), [name + few.get(name, "") for name in names], fontsize=9, color=INK)
    axes.set_ylim(-0.55, len(names) - 0.45)
    axes.grid(axis="y", visible=False)
    picture.legend(loc="upper left", ncols=len(VARIANTS), frameon=False, labelcolor=MUTED)
    picture.tight_layout(rect=(0, 0, 1, 1 - 0.3 / picture.get_figheight()))
    save(picture, frame.FIGURES / "sequence.png")
