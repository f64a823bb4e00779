"""Learning curves of agents, from trainings of `hpo-gym bench`.

    python benchmarks/studies learning --out results    # take the trainings of the comparisons in results/*-cold

A training's curve is the mean normalised regret over 33 trials on the validation data sets, which it asks at its start
and after each segment. Beside them stand the greedy portfolio and random search on the same data sets; the figure is
`docs/figures/learning.png`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator
from numpy.typing import NDArray
from regrets import mean_regret

import hpo_gym
from hpo_gym.bench import save, theme
from hpo_gym.optimize import make_optimizer
from hpo_gym.problem import SUITES as REGISTERED

LOOKS = "validation tasks"
SHOWN = {"ppo": "C0", "recurrent-ppo": "C1", "dqn": "C2", "td3": "C3", "ppo-pool": "C4"}
"""The agents whose curves are drawn, one of each kind."""
CONTROLS = {"random": (10, ":"), "portfolio": (1, "--")}
"""Runs of each data set, and how the line is drawn."""
CHEAP = {("SVM", "portfolio"): ()}


def cells() -> Iterator[frame.Address]:
    """Yield suites with validation tasks: the controls and the curves."""
    for name in REGISTERED.names():
        if hpo_gym.load_suite(name).tasks("val"):
            yield from ((name, part) for part in (*CONTROLS, "curves"))


def cell(suite: str, part: str, out: Path = Path("results")) -> Any:
    """Return the mean regret of a control on the validation data sets, or the curves of trainings by agent."""
    if part == "curves":
        return curves(out, suite)
    loaded = hpo_gym.load_suite(suite)
    runs = CONTROLS[part][0]
    return round(mean_regret(make_optimizer(part), loaded.tasks("val"), seeds=runs, prior=loaded.prior()), 5)


def curves(out: Path, suite: str) -> dict[str, list[Any]]:
    """Return the curves of the trainings of a suite, by agent."""
    found: dict[str, list[Any]] = {}
    for folder in sorted(out.glob("*-cold")):
        if list(json.loads((folder / "results.json").read_text(encoding="utf-8"))["suites"]) != [suite]:
            continue
        for path in sorted(folder.glob("trained/*/training.json")):
            training = json.loads(path.read_text(encoding="utf-8"))
            if training["curve"]:
                rounded = [[int(done), round(regret, 5)] for done, regret in training["curve"]]
                found.setdefault(training["optimizer"], []).append(rounded)
    return found


def kept(curves: list[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return trials done ``(n,)``, and by then the regret of the policy that each training keeps ``(trainings, n)``."""
    done = np.array(sorted({point for curve in curves for point, _ in curve}))
    best = [
        np.minimum.accumulate(regret)[np.searchsorted(points, done, side="right") - 1]
        for points, regret in (zip(*curve, strict=True) for curve in curves)
    ]
    return done, np.array(best)


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the regret of the kept policy by suite and agent: the best and the worst training."""
    agents = sorted({agent for part in found.values() for agent in part["curves"]})
    rows = []
    for suite, part in found.items():
        best = [[min(regret for _, regret in c) for c in part["curves"].get(agent, ())] for agent in agents]
        cells = [f"{min(b):.4f} to {max(b):.4f}" if b else "" for b in best]
        rows.append((f"`{suite}`", *(f"{part[c]:.4f}" for c in CONTROLS), *cells))
    return {"learning": Table.of(("suite", *(f"`{n}`" for n in (*CONTROLS, *agents))), rows)}


@theme()
def draw(found: Mapping[str, Any]) -> None:
    """Draw a panel for each suite; of each agent the median of its trainings, and the range."""
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
    save(figure, frame.FIGURES / "learning.png")
