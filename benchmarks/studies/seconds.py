"""Regret against seconds: runs whose budget is 33 mean costs of a full evaluation.

Two seeds, cold start, on a task of each family of the split (12 families at most; all tasks where there are fewer than
four). Checkpoints are kept where one training passes through all fidelities. All know the same earlier tasks. The
regret is of the test score. The split `test` is a look at test data, and is counted; `FOLDER/ppo-time` of
`hpo-gym train`, where FOLDER is that of `--out`, runs there too, which on the tasks that chose its checkpoint would
tell nothing. The figure is `docs/figures/seconds.png`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from matplotlib.figure import Figure
from ratios import bare, standing, without_interval
from runs import compared

from hpo_gym.bench import Curves, Results, end_labels, pooled, save, styles_of, theme
from hpo_gym.suites import load_suite

SUITES = ("SVM", "Linear", "Boosting", "MLP", "Control", "Text", "NAS", "Vision", "AutoML")
SLOW = {"val": ("AutoML",), "test": ()}
"""Suites that are left out for time."""
COST, SEEDS, FAMILIES, FEW = 33, 2, 12, 4
BASELINES = ("default", "random", "portfolio", "gp-ei", "asha", "transfer-mix", "transfer-time")
AGENT = "ppo-time"
SHOWN = (*BASELINES, AGENT)
OPTIMIZERS = (
    *BASELINES, "random-cheapest", "portfolio-per-cost", "gp-ei-per-cost", "transfer-mix-per-cost", "bohb",
)  # fmt: skip
ANCHORS = ("portfolio", "transfer-mix", "transfer-time", "portfolio-per-cost", "transfer-mix-per-cost")
CHEAP = {("val", "course", "Linear"): ("portfolio", "random-cheapest")}
LOOKS = Look("regret against cost of all optimizers of the script", "the headline figure and its table", SUITES, "test")


def cells() -> Iterator[frame.Address]:
    """Yield for each split the courses and tasks of suites, and the pooled ratios."""
    for split in SLOW:
        yield from ((split, part, suite) for suite in of_split(split) for part in ("course", "tasks"))
        yield from ((split, part) for part in ("seeds", "pooled"))


def cell(split: str, part: str, suite: str = "", out: Path = Path(), names: tuple[str, ...] = ()) -> Any:
    """Return a part of the results of a split."""
    if part == "seeds":
        return SEEDS
    if part == "pooled":
        return pooled({suite: curves(out, suite, split) for suite in of_split(split)}, anchors=ANCHORS, least=2)
    group = curves(out, suite, split, names)
    return course(group) if part == "course" else [len(group[0].tasks), len(set(group[0].families))]


def of_split(split: str) -> list[str]:
    """Return the suites of a split."""
    return [suite for suite in SUITES if suite not in SLOW[split]]


@functools.cache
def curves(out: Path, suite: str, split: str, names: tuple[str, ...] = ()) -> list[Curves]:
    """Return the curves of all optimizers on a suite, or of some."""
    agent = [str(out / AGENT)] if split == "test" else []
    return list(in_cost(names or [*OPTIMIZERS, *agent], suite, out / f"{suite}-{split}", split=split).curves[suite])


def in_cost(optimizers: Any, suite: str, folder: Path, split: str, **options: Any) -> Results:
    """Compare optimizers on a task of each family of a split, on a budget in cost."""
    tasks = load_suite(suite).tasks(split)
    families = len({t.family for t in tasks})
    return compared(
        optimizers, suite, split=split, budget_cost=COST, seeds=SEEDS, start="cold",
        tasks=len(tasks) if families < FEW else min(FAMILIES, families),
        checkpoints=any(t.cumulative for t in tasks), out=folder, **options,
    )  # fmt: skip


def course(group: list[Curves]) -> dict[str, list[float]]:
    """Return the mean regret at each point of the budget by optimizer."""
    return {c.optimizer: np.round(c.regret.mean((0, 1)), 5).tolist() for c in group}


# ---------------------------------------------------------------------- tables
def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return for each split ratios to others, the best first; then, the same rows, AUC by suite."""
    out = {}
    for split, part in found.items():
        held = [a for a in ANCHORS if a in part["pooled"]["anchors"]]
        rows = {a: part["pooled"]["anchors"][a]["optimizers"] for a in held}
        suites, names = list(part["course"]), standing(rows[held[0]])
        tasks = ", ".join(f"`{s}` {k} ({f})" for s, (k, f) in part["tasks"].items())
        ratios = [(f"`{n}`", *(without_interval(rows[a][n]) for a in held)) for n in names]
        aucs = [(f"`{n}`", *(bare(float(np.mean(part["course"][s][n]))) for s in suites)) for n in names]
        note = f"Tasks (families): {tasks}; {part['seeds']} seeds."
        out[split] = Table.of(("optimizer", *(f"to `{a}`" for a in held)), ratios, note)
        out[f"{split}-suites"] = Table.of(("optimizer, AUC", *(f"`{s}`" for s in suites)), aucs)
    return out


def draw(found: Mapping[str, Any]) -> None:
    """Draw the headline figure: mean over suites of the test regret against the spent cost."""
    part = found["test"]
    names = [n for n in SHOWN if all(n in of for of in part["course"].values())]
    means = {n: np.mean([of[n] for of in part["course"].values()], axis=0) for n in names}
    look = styles_of(names)
    with theme(math=False):
        figure = Figure(figsize=(7.5, 4.2), dpi=110)
        axes = figure.add_axes((0.1, 0.12, 0.67, 0.85))
        for name, line in means.items():
            style = look[name]
            width = 2.6 if name == "transfer-time" else style.width
            axes.plot(np.arange(1, len(line) + 1), line, color=style.colour, ls=style.dash, lw=width)
        axes.set(xlabel="spent, in mean costs of a full evaluation", ylabel="mean normalised test regret", yscale="log")
        axes.set_xlim(1, COST)
        axes.set_xticks([1, *range(5, COST, 5)])
        axes.set_yticks([0.03, 0.05, 0.1, 0.2, 0.4], ["0.03", "0.05", "0.1", "0.2", "0.4"])
        axes.minorticks_off()
        end_labels(axes, {n: float(line[-1]) for n, line in means.items()}, look, ".3f")
        save(figure, frame.FIGURES / "seconds.png")
