"""Regret against seconds: runs whose budget is 33 mean costs of a full evaluation.

Two seeds, cold start, on a task of each family of the split (12 families at most; all tasks where there are fewer than
four). Checkpoints are kept where one training passes through all fidelities. All know the same earlier tasks. The
regret is of the test score. The split `test` is a look at test data, and is counted. The figure is
`docs/figures/seconds.png`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from matplotlib.figure import Figure
from ratios import Parts, against, bare, code, starred
from runs import compared

from hpo_gym.bench import POOLED, Curves, Results, auc, end_labels, save, styles_of, theme
from hpo_gym.suites import load_suite

SUITES = ("SVM", "Linear", "Boosting", "MLP", "Control", "Text", "NAS", "Vision", "AutoML")
SLOW = {"val": ("AutoML",), "test": ()}
"""Suites that are left out for time."""
COST, SEEDS, FAMILIES, FEW = 33, 2, 12, 4
BASELINES = ("default", "random", "portfolio", "gp-ei", "asha", "transfer-mix", "transfer-time")
OPTIMIZERS = (
    *BASELINES, "random-cheapest", "portfolio-per-cost", "gp-ei-per-cost", "transfer-mix-per-cost", "bohb",
)  # fmt: skip
OURS, CONTROLS = "transfer-time", ("portfolio", "transfer-mix", "portfolio-per-cost", "transfer-mix-per-cost")
ANCHORS = (*CONTROLS[:2], OURS, *CONTROLS[2:])
CARRY = ("AutoML", "MLP")
"""Suites that carry the ratios to methods that ignore costs: their first trials cost several units there."""
LEAST = {"val": 2, "test": POOLED}
"""Families of a pooled suite."""
KEPT = {"val": "tasks", "test": "auc"}
"""The numbers of tasks, or the AUC of each."""
CHEAP = {("val", "course", "Linear"): ("portfolio", "random-cheapest")}
LOOKS = Look("regret against cost of all optimizers of the script", "the headline figure and its table", SUITES, "test")


def cells() -> Iterator[frame.Address]:
    """Yield for each split the courses of suites and their tasks; of test tasks, the AUC of each."""
    for split in SLOW:
        yield from ((split, part, suite) for suite in of_split(split) for part in ("course", KEPT[split]))


def cell(split: str, part: str, suite: str = "", out: Path = Path(), names: tuple[str, ...] = ()) -> Any:
    """Return a part of the results of a split."""
    group = curves(out, suite, split, names)
    return {"course": course, "auc": areas, "tasks": counted}[part](group)


def of_split(split: str) -> list[str]:
    """Return the suites of a split."""
    return [suite for suite in SUITES if suite not in SLOW[split]]


@functools.cache
def curves(out: Path, suite: str, split: str, names: tuple[str, ...] = ()) -> list[Curves]:
    """Return the curves of all optimizers on a suite, or of some."""
    return list(in_cost(names or OPTIMIZERS, suite, out / f"{suite}-{split}", split=split).curves[suite])


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


def counted(group: list[Curves]) -> list[int]:
    """Return the numbers of tasks and families."""
    return [len(group[0].tasks), len(set(group[0].families))]


def areas(group: list[Curves]) -> dict[str, Any]:
    """Return the AUC of each task by optimizer."""
    return {
        "tasks": list(group[0].tasks), "families": list(group[0].families),
        "auc": {c.optimizer: np.round(auc(c), 6).tolist() for c in group},
    }  # fmt: skip


# ---------------------------------------------------------------------- tables
def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return for each split ratios to others and AUC by suite, the best first; and what the ratios rest on.

    A ratio of test AUCs has an interval where the AUC of each task is kept, on all pooled suites.
    """
    out = {}
    for split, part in found.items():
        course, parts = part["course"], part.get("auc", {})
        tasks = part.get("tasks") or {s: (len(p["tasks"]), len(set(p["families"]))) for s, p in parts.items()}
        together = [s for s, (_, families) in tasks.items() if families >= LEAST[split]]
        kept = {anchor: against(parts, anchor, least=LEAST[split]) for anchor in ANCHORS}
        means = {n: {s: float(np.mean(of[n])) for s, of in course.items()} for n in next(iter(course.values()))}
        rows = []
        for name in sorted(means, key=lambda n: _ratio(means, n, ANCHORS[0], together)):
            whole = all(name in parts.get(suite, {}).get("auc", ()) for suite in together)
            ratios = (starred(kept[a][name]) if whole else f"{_ratio(means, name, a, together):.3f}" for a in ANCHORS)
            rows.append((f"`{name}`", *ratios))
        about = ", ".join(f"`{s}` {k} ({f})" for s, (k, f) in tasks.items())
        note = f"Pooled: {code(together)}. Tasks (families): {about}; {SEEDS} seeds."
        out[split] = Table.of(("optimizer", *(f"to `{a}`" for a in ANCHORS)), rows, note)
        aucs = [(name, *map(bare, means[name.strip("`")].values())) for name, *_ in rows]
        out[f"{split}-suites"] = Table.of(("optimizer, AUC", *(f"`{s}`" for s in course)), aucs)
    return out | {"ratios": _by_suite(found["test"]["auc"])}


def _ratio(means: Mapping[str, Mapping[str, float]], name: str, anchor: str, suites: Iterable[str]) -> float:
    """Return the geometric mean over suites of the ratio of an optimizer's AUC to an anchor's."""
    return float(np.exp(np.mean([np.log(means[name][s] / means[anchor][s]) for s in suites])))


def _by_suite(parts: Parts) -> Table:
    """The ratios of `transfer-time` to some: pooled, pooled without the suites that carry them, and by suite."""
    large = {s: p for s, p in parts.items() if len(set(p["families"])) >= POOLED}
    rest = {s: p for s, p in large.items() if s not in CARRY}
    groups = {"pooled": large, f"pooled without {', '.join(CARRY)}": rest}
    rows = []
    for name, some in (groups | {f"`{s}`": {s: p} for s, p in parts.items()}).items():
        families = len({f for part in some.values() for f in part["families"]})
        rows.append((name, str(families), *(starred(against(some, anchor)[OURS]) for anchor in CONTROLS)))
    return Table.of(("suites", "families", *(f"to `{anchor}`" for anchor in CONTROLS)), rows)


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of pooled suites, and of comparisons with each method."""
    parts = found["test"]["auc"].values()
    pooled = [p for p in parts if len(set(p["families"])) >= POOLED]
    return {"suites": len(pooled), "comparisons": len(pooled[0]["auc"]) - 1}


def draw(found: Mapping[str, Any]) -> None:
    """Draw the headline figure: mean over suites of the test regret against the spent cost."""
    part = found["test"]
    names = [n for n in BASELINES if all(n in of for of in part["course"].values())]
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
