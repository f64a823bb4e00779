"""Does sequence matter? Trains `ppo` at three discounts and blind, for `docs/sequence.md` and its figure.

    python benchmarks/studies/sequence.py           # train what `benchmarks/studies/sequence.json` lacks, then draw
    python benchmarks/studies/sequence.py --draw    # write the page's table and the figure from what is stored
    python benchmarks/studies/sequence.py --check   # name what is out of date: page, tasks, settings

Each training has the settings of `ppo` but for the discount, or for the observer `blind`. Its figure is the lowest mean
normalised regret on the validation tasks over the segments of the training, as the agent itself chooses its policy.
No test task is touched. A variant is held against discount 1 on the same suite.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from marks import renewed
from matplotlib.figure import Figure
from numpy.typing import NDArray

import hpo_gym
from hpo_agents._policy.settings import tuned
from hpo_gym.base import seeding
from hpo_gym.bench import FAINT, GRID, INK, MUTED, VIBRANT, regret_of, save, theme
from hpo_gym.optimize import rollout
from hpo_gym.problem import BEST, SUITES

HERE = Path(__file__).resolve()
DOCS = HERE.parents[2] / "docs"
FOUND, PAGE, FIGURE = HERE.with_suffix(".json"), DOCS / "sequence.md", DOCS / "figures" / "sequence.png"
SEEDS = 3
STEPS = {"training": 300_000}
"""Trials of a training on a suite of a kind; on one of any other kind 60,000."""
LONGER = {"Drift": 400_000}
FIRST = (
    "Schedules", "Drift", "SVM", "AutoML", "Boosting", "MLP", "Linear", "Studies", "Pipelines", "FineTune", "Curves",
    "Functions", "FCNet", "MLPGrid",
)  # fmt: skip
"""What is trained on first; then on any other suite that is registered and has validation tasks."""
ANCHOR = "discount 1"
VARIANTS: dict[str, dict[str, Any]] = {
    ANCHOR: {"algorithm": {"gamma": 1.0}},
    "discount .9": {"algorithm": {"gamma": 0.9}},
    "discount 0": {"algorithm": {"gamma": 0.0}},
    "blind": {"algorithm": {"gamma": 1.0}, "observer": "blind"},
}
COLOURS = dict(zip(VARIANTS, (FAINT, *VIBRANT), strict=False))
FEW = 5
"""Validation tasks below which a suite's figures stand apart."""

Result = dict[str, Any]
Values = NDArray[np.float64]


@functools.cache
def suites() -> tuple[str, ...]:
    """All that have validation tasks."""
    rest = sorted(set(SUITES.names()) - set(FIRST))
    return *FIRST, *(name for name in rest if hpo_gym.load_suite(name).tasks("val"))


def steps_of(name: str) -> int:
    """Trials of a training on a suite."""
    return LONGER.get(name) or STEPS.get(hpo_gym.load_suite(name).kind, 60_000)


def searched(name: str) -> bool:
    """Whether a run looks for one good configuration, so that its best trial counts."""
    return hpo_gym.load_suite(name).tasks("val")[0].counts == BEST


def stored() -> list[Result]:
    """What was trained so far."""
    return json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.is_file() else []


def store(found: list[Result]) -> None:
    """Write all results, a line each; a kill leaves the old file or the new one."""
    part = FOUND.with_suffix(".part")
    part.write_text("[\n" + ",\n".join(json.dumps(result) for result in found) + "\n]\n", encoding="utf-8")
    part.replace(FOUND)


def identity(name: str, variant: str) -> str:
    """A hash of the tasks, their best scores and the settings: of what decides a result."""
    suite = hpo_gym.load_suite(name)
    settings = tuned("ppo", suite.tasks("train")[0].env)
    ends = [(task.name, round(task.best, 6), round(task.worst, 6)) for task in suite.tasks("val")]
    return f"{seeding.key(suite.data_hash, suite.version, ends, settings, VARIANTS[variant], steps_of(name)):016x}"


def one(name: str, variant: str, seed: int) -> Result:
    """Train once."""
    suite, start = hpo_gym.load_suite(name), time.process_time()
    agent: Any = hpo_gym.make_optimizer("ppo", **VARIANTS[variant])
    tasks, validation = suite.tasks("train"), suite.tasks("val")
    steps = steps_of(name)
    curve = agent.train_in(None, tasks, np.random.default_rng(seed), validation=validation, steps=steps)
    result = {
        "suite": name, "variant": variant, "seed": seed, "steps": steps, "of": identity(name, variant),
        "regrets": [round(regret, 5) for _, regret in curve],
    }  # fmt: skip
    if searched(name):  # where the last trial or the mean of all counts, that is the regret
        budget = agent.budget
        ends = [regret_of(rollout(agent, task, budget), task, budget)[-1] for task in validation]
        result["end"] = round(float(np.mean(ends)), 5)
    return result | {"seconds": round(time.process_time() - start)}


def current(found: list[Result]) -> list[Result]:
    """Those whose tasks and settings are those of today."""
    now = {(r["suite"], r["variant"]) for r in found}
    of = {pair: identity(*pair) for pair in now}
    return [r for r in found if r["of"] == of[r["suite"], r["variant"]]]


def train(found: list[Result], names: Sequence[str]) -> None:
    """Train what is missing: all suites with one seed, then with the next."""
    done = {(r["suite"], r["variant"], r["seed"]) for r in found}
    for seed in range(SEEDS):
        for name in names:
            for variant in VARIANTS:
                if (name, variant, seed) in done:
                    continue
                found.append(one(name, variant, seed))
                store(found)
                last = found[-1]
                print(f"{seed} {name:10s} {variant:12s} {min(last['regrets']):.4f} {last['seconds']} s", flush=True)


# ---------------------------------------------------------------------- the page
def lowest(result: Result) -> float:
    """The regret that the policy was chosen by."""
    return float(min(result["regrets"]))


def end(result: Result) -> float:
    """What is left of it after the last trial of a run."""
    return float(result.get("end", lowest(result)))


def ratios(found: list[Result], of: Callable[[Result], float] = lowest) -> dict[str, dict[str, Values]]:
    """By suite and variant, a value for each seed over the mean at discount 1.

    Of seeds that all variants have which have any; a suite needs discount 1 and one more.
    """
    out: dict[str, dict[str, Values]] = {}
    for name in suites():
        every = {v: {r["seed"]: of(r) for r in found if (r["suite"], r["variant"]) == (name, v)} for v in VARIANTS}
        values = {variant: known for variant, known in every.items() if known}
        seeds = sorted(set.intersection(*(set(known) for known in values.values()))) if values else []
        anchor = np.mean([values[ANCHOR][seed] for seed in seeds]) if seeds and ANCHOR in values else 0.0
        if anchor > 0.0 and len(values) > 1:
            out[name] = {v: np.array([known[seed] for seed in seeds]) / anchor for v, known in values.items()}
    return out


def _cell(values: Values | None) -> str:
    if values is None:
        return "not yet"
    mean = f"{values.mean():.2f}"
    return mean if len(values) == 1 else f"{mean} ({values.min():.2f} to {values.max():.2f})"


def table(found: list[Result], of: Callable[[Result], float] = lowest) -> Iterator[str]:
    """A row for each suite, and the geometric mean over those that are no trainings and have enough tasks."""
    yield "| suite | validation tasks | seeds | regret at discount 1 | " + " | ".join(list(VARIANTS)[1:]) + " |"
    yield "|---|---:|---:|---:|" + "---:|" * (len(VARIANTS) - 1)
    held = ratios(found, of)
    for name, rows in held.items():
        tasks, seeds = len(hpo_gym.load_suite(name).tasks("val")), len(rows[ANCHOR])
        anchor = np.mean([of(r) for r in found if (r["suite"], r["variant"]) == (name, ANCHOR) and r["seed"] < seeds])
        cells = " | ".join(_cell(rows.get(variant)) for variant in list(VARIANTS)[1:])
        yield f"| `{name}` | {tasks} | {seeds} | {anchor:.4f} | {cells} |"
    count, means = pooled(held)
    if count:
        what = f"geometric mean of {count} suites in which configurations are searched"
        yield f"| {what} | | | | " + " | ".join(f"{mean:.2f}" for mean in means.values()) + " |"


def pooled(held: Mapping[str, Mapping[str, Values]]) -> tuple[int, dict[str, float]]:
    """How many suites are no trainings and have enough tasks and all variants; by variant their geometric mean."""
    names = [
        name
        for name, rows in held.items()
        if len(hpo_gym.load_suite(name).tasks("val")) >= FEW and searched(name) and len(rows) == len(VARIANTS)
    ]
    variants = list(VARIANTS)[1:] if names else []
    return len(names), {v: float(np.exp(np.mean([np.log(held[n][v].mean()) for n in names]))) for v in variants}


@theme()
def figure(found: list[Result]) -> Figure:
    """A row for each suite; a dot for each training, a bar at their mean."""
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
    return picture


def write(found: list[Result], *, check: bool) -> None:
    """Write the tables and the figure; or end with a word of what is out of date."""
    before = PAGE.read_text(encoding="utf-8")
    ends = [r for r in found if searched(r["suite"])]
    after = renewed(before, [("ratios", table(found)), ("ends", table(ends, end))])
    if not check:
        PAGE.write_text(after, encoding="utf-8")
        save(figure(found), FIGURE)
        return
    fresh = current(found)
    old = sorted({r["suite"] for r in found if r not in fresh})
    words = [f"trained on other tasks or settings: {', '.join(old)}"] if old else []
    words += (
        [f"out of date: {PAGE.name}; run `python benchmarks/studies/sequence.py --draw`"] if after != before else []
    )
    sys.exit("\n".join(words) or 0)


def main() -> None:
    """Train, write, or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draw", action="store_true", help="write the page's tables and the figure only")
    parser.add_argument("--check", action="store_true", help="name what is out of date")
    parser.add_argument("--only", nargs="+", choices=suites(), metavar="SUITE", help="train on these alone")
    given = parser.parse_args()
    found = stored()
    if not given.draw and not given.check:
        found = current(found)
        train(found, given.only or suites())
    write(found, check=given.check)


if __name__ == "__main__":
    main()
