"""How agents learn: draws `docs/figures/learning.png` from what `hpo-gym bench` wrote of trainings.

    python benchmarks/studies/learning.py results/*-cold    # take the trainings of finished comparisons, then draw
    python benchmarks/studies/learning.py                   # draw what `benchmarks/studies/learning.json` holds

A training's curve is the mean normalised regret over 33 trials on the validation data sets, which it asks at its start
and after each segment. Beside them stand the greedy portfolio and random search on the same data sets.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator
from numpy.typing import NDArray

import hpo_gym
from hpo_gym.bench import mean_regret, save, theme
from hpo_gym.optimize import make_optimizer

HERE = Path(__file__).resolve().parent
FOUND, FIGURE = HERE / "learning.json", HERE.parents[1] / "docs" / "figures" / "learning.png"
SHOWN = {"ppo": "C0", "recurrent-ppo": "C1", "dqn": "C2", "td3": "C3", "ppo-pool": "C4"}
"""Whose curves are drawn, one of each kind."""
CONTROLS = {"random": (10, ":"), "portfolio": (1, "--")}
"""Runs of each data set, and how the line is drawn."""


def controls(suite: hpo_gym.Suite) -> dict[str, float]:
    """Mean regret of each on the validation data sets."""
    return {
        name: round(mean_regret(make_optimizer(name), suite.tasks("val"), seeds=runs, prior=suite.prior()), 5)
        for name, (runs, _) in CONTROLS.items()
    }


def collect(folders: list[Path]) -> dict[str, Any]:
    """Curves of trainings by suite and agent, and the controls."""
    found: dict[str, Any] = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.is_file() else {}
    for folder in folders:
        (name,) = json.loads((folder / "results.json").read_text(encoding="utf-8"))["suites"]
        suite = hpo_gym.load_suite(name)
        if not suite.tasks("val"):
            continue
        part = found[name] if name in found else {**controls(suite), "curves": {}}
        curves: dict[str, list[Any]] = {}
        for path in sorted(folder.glob("trained/*/training.json")):
            told = json.loads(path.read_text(encoding="utf-8"))
            if told["curve"]:
                rounded = [[int(done), round(regret, 5)] for done, regret in told["curve"]]
                curves.setdefault(told["optimizer"], []).append(rounded)
        found[name] = {**part, "curves": {**part["curves"], **curves}}
    return dict(sorted(found.items()))


def kept(curves: list[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Trials done ``(n,)``, and by then the regret of the policy that each training keeps ``(trainings, n)``."""
    done = np.array(sorted({point for curve in curves for point, _ in curve}))
    best = [
        np.minimum.accumulate(regret)[np.searchsorted(points, done, side="right") - 1]
        for points, regret in (zip(*curve, strict=True) for curve in curves)
    ]
    return done, np.array(best)


@theme()
def draw(found: dict[str, Any]) -> None:
    """A panel for each suite; of each agent the median of its trainings, and the range."""
    columns = 4
    rows = -(-len(found) // columns)
    figure = Figure(figsize=(11, 2.4 * rows + 0.5), dpi=110)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (suite, part) in zip(panels, found.items(), strict=False):
        for agent, color in SHOWN.items():
            if agent in part["curves"]:
                done, best = kept(part["curves"][agent])
                axes.fill_between(done / 1000, best.min(0), best.max(0), color=color, alpha=0.12, linewidth=0)
                axes.plot(done / 1000, np.median(best, 0), color=color, linewidth=1.4, label=agent)
        for control, (_, style) in CONTROLS.items():
            axes.axhline(part[control], color="black", linestyle=style, linewidth=1, label=control)
        axes.set_title(suite, fontsize=10)
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        axes.yaxis.set_minor_locator(LogLocator(subs=range(2, 10) if high < 10 * low else (2, 5)))
        for which in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            which(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.tick_params(labelsize=7, which="both")
        axes.grid(alpha=0.3)
    for axes in panels[len(found) :]:
        axes.set_axis_off()
    figure.supxlabel("thousand trials of training", fontsize=9)
    figure.supylabel("mean normalised regret, validation data sets", fontsize=9)
    handles = {
        label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="upper center", ncols=len(handles), fontsize=9, frameon=False)
    figure.tight_layout(rect=(0.01, 0.0, 1.0, 0.96))
    save(figure, FIGURE)


if __name__ == "__main__":
    learned = collect([Path(folder) for folder in sys.argv[1:]])
    FOUND.write_text(json.dumps(learned, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
    draw(learned)
