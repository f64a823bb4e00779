"""Regret against seconds: `seconds.py FOLDER val|test [SUITE,SUITE ..]`, or `--check` or `--draw` alone.

Runs whose budget is 33 mean costs of a full evaluation, two seeds, cold start, on a task of each family of the split
(12 families at most; all tasks where there are fewer than four). Checkpoints are kept where one training passes through
all fidelities. All know the same earlier tasks. The regret is of the test score. Runs go into FOLDER and are gone on
with; with suites that are named, the table is printed and nothing is stored. The split `test` is a look at test data,
and is counted; `FOLDER/ppo-time`, where `hpo-gym train` put it, runs there too, which on the tasks that chose its
checkpoint would tell nothing. `--check` says whether the page holds what is stored; `--draw` draws the figure of it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import looks
import numpy as np
from marks import ratio, renew, standing
from matplotlib.figure import Figure

from hpo_gym.bench import Curves, benchmark, end_labels, pooled, save, styles_of, theme
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
ROOT = Path(__file__).resolve().parents[2]
PAGE, FIGURE = ROOT / "docs" / "seconds.md", ROOT / "docs" / "figures" / "seconds.png"
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


def measured(folder: Path, suite: str, split: str) -> Sequence[Curves]:
    """The curves of all optimizers on a suite."""
    tasks = load_suite(suite).tasks(split)
    families = len({t.family for t in tasks})
    agent = [str(folder / AGENT)] if split == "test" else []
    found = benchmark(
        [*OPTIMIZERS, *agent], suite, split=split, budget_cost=COST, seeds=SEEDS, start="cold",
        tasks=len(tasks) if families < FEW else min(FAMILIES, families),
        checkpoints=any(t.cumulative for t in tasks), out=folder / f"{suite}-{split}", resume=True,
    )  # fmt: skip
    if found.failed_cells:
        sys.exit(f"{suite} must be whole, {found.failed_cells} cells failed")
    return found.curves[suite]


def study(folder: Path, split: str, suites: Sequence[str]) -> dict[str, Any]:
    """Mean regret at each point of the budget by suite and optimizer, and pooled ratios."""
    curves = {suite: measured(folder, suite, split) for suite in suites}
    course = {
        suite: {c.optimizer: np.round(c.regret.mean((0, 1)), 5).tolist() for c in group}
        for suite, group in curves.items()
    }
    tasks = {suite: [len(group[0].tasks), len(set(group[0].families))] for suite, group in curves.items()}
    return {"seeds": SEEDS, "tasks": tasks, "course": course, "pooled": pooled(curves, anchors=ANCHORS)}


def table(found: Mapping[str, Any]) -> Iterator[str]:
    """A row for each optimizer, the best first: ratios to others; then, the same rows, AUC by suite."""
    held = [a for a in ANCHORS if a in found["pooled"]["anchors"]]
    rows = {a: found["pooled"]["anchors"][a]["optimizers"] for a in held}
    suites = list(found["course"])
    names = standing(rows[held[0]])
    yield f"| optimizer | {' | '.join(f'to `{a}`' for a in held)} |"
    yield "|---|" + "---:|" * len(held)
    for name in names:
        yield f"| `{name}` | {' | '.join(ratio(rows[a][name]) for a in held)} |"
    yield ""
    yield f"| optimizer, AUC | {' | '.join(f'`{s}`' for s in suites)} |"
    yield "|---|" + "---:|" * len(suites)
    for name in names:
        cells = [f"{np.mean(found['course'][s][name]):.4f}".removeprefix("0") for s in suites]
        yield f"| `{name}` | {' | '.join(cells)} |"


def counts(found: Mapping[str, Any]) -> Iterator[str]:
    """Tasks and families of each suite."""
    parts = [f"`{s}` {k} ({f})" for s, (k, f) in found["tasks"].items()]
    yield f"Tasks (families): {', '.join(parts)}; {found['seeds']} seeds."


def draw(found: Mapping[str, Any], path: Path) -> None:
    """The headline figure: mean over suites of the regret against what was spent."""
    names = [n for n in SHOWN if all(n in of for of in found["course"].values())]
    means = {n: np.mean([of[n] for of in found["course"].values()], axis=0) for n in names}
    look = styles_of(names)
    with theme(math=False):
        figure = Figure(figsize=(7.5, 4.2), dpi=110)
        axes = figure.add_axes((0.1, 0.12, 0.67, 0.85))
        for name, course in means.items():
            style = look[name]
            width = 2.6 if name == "transfer-time" else style.width
            axes.plot(np.arange(1, len(course) + 1), course, color=style.colour, ls=style.dash, lw=width)
        axes.set(xlabel="spent, in mean costs of a full evaluation", ylabel="mean normalised test regret", yscale="log")
        axes.set_xlim(1, COST)
        axes.set_xticks([1, *range(5, COST, 5)])
        axes.set_yticks([0.03, 0.05, 0.1, 0.2, 0.4], ["0.03", "0.05", "0.1", "0.2", "0.4"])
        axes.minorticks_off()
        end_labels(axes, {n: float(course[-1]) for n, course in means.items()}, look, ".3f")
        save(figure, path)


def main() -> None:
    """Run what is missing, and write the page; or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("split", nargs="?", choices=("val", "test"), default="val")
    parser.add_argument("suites", nargs="?", default=",".join(SUITES))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--draw", action="store_true", help="draw what is stored")
    asked = parser.parse_args()
    if (asked.folder is not None) + asked.check + asked.draw != 1:
        parser.error("give a FOLDER, or --check or --draw alone")
    stored = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.is_file() else {}
    if asked.draw:
        draw(stored["test"], FIGURE)
        return
    if not asked.check:
        if asked.split == "test":
            looks.count(
                "python benchmarks/studies/seconds.py FOLDER test", asked.suites.split(","),
                "regret against cost of all optimizers of the script", "the headline figure and its table",
            )  # fmt: skip
        suites = [name for name in asked.suites.split(",") if name not in SLOW[asked.split]]
        found = study(asked.folder, asked.split, suites)
        if asked.suites != ",".join(SUITES):
            print(*table(found), sep="\n")
            return
        stored[asked.split] = found
        FOUND.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    parts = [(f"seconds-{split}", [*counts(of), "", *table(of)]) for split, of in stored.items()]
    renew(PAGE, parts, "seconds.py FOLDER", check=asked.check)
    if "test" in stored:
        draw(stored["test"], FIGURE)


if __name__ == "__main__":
    main()
