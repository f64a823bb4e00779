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
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray
from regrets import mean_regret

import hpo_gym
from hpo_gym.bench import MUTED, lines, save, styles_of, theme
from hpo_gym.optimize import make_optimizer
from hpo_gym.problem import SUITES as REGISTERED

LOOKS = "validation tasks"
SHOWN = ("ppo", "recurrent-ppo", "dqn", "td3", "ppo-pool")
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
    """Draw a panel for each suite; of each agent the median of its trainings, and the range. The last panel is the key.

    A line ends with a dot where the training has ended.
    """
    columns = 3
    rows = len(found) // columns + 1
    figure = Figure(figsize=(9.0, 1.75 * rows + 0.9))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    looks = styles_of((*CONTROLS, *SHOWN))
    for axes, (suite, part) in zip(panels, found.items(), strict=False):
        for control, (_, dash) in CONTROLS.items():
            axes.axhline(part[control], color=looks[control].colour, ls=dash, lw=1.2)
        for agent in (name for name in SHOWN if name in part["curves"]):
            done, best = kept(part["curves"][agent])
            thousands, middle, colour = done / 1000, np.median(best, 0), looks[agent].colour
            axes.fill_between(thousands, best.min(0), best.max(0), color=colour, alpha=0.12, lw=0)
            axes.plot(thousands, middle, color=colour, lw=1.6)
            axes.plot(thousands[-1:], middle[-1:], "o", color=colour, ms=3.5)
        axes.set_title(suite, fontsize=9, weight="bold", loc="left", pad=3)
        axes.set_yscale("log")
        _label_few(axes)
        axes.tick_params(length=0)
    for axes in panels[len(found) - columns : len(found)]:
        axes.set_xlabel("thousand trials of training")
    for axes in panels[len(found) :]:
        axes.set_axis_off()
    keys: list[Artist] = [Line2D([], [], color=looks[name].colour, lw=1.6) for name in SHOWN]
    keys += [Line2D([], [], color=looks[name].colour, ls=dash, lw=1.2) for name, (_, dash) in CONTROLS.items()]
    keys.append(Patch(color=MUTED, alpha=0.25, lw=0))
    names = (*SHOWN, *(f"{name}, without training" for name in CONTROLS), "range of the trainings")
    panels[-1].legend(keys, names, loc="upper left", fontsize=9, frameon=False, borderaxespad=0.0)
    lines(figure, "Learning curves", "mean normalised regret of the best policy so far on validation tasks; medians")
    figure.tight_layout(rect=(0.0, 0.0, 1.0, 1.0 - 0.55 / figure.get_figheight()), h_pad=1.2, w_pad=1.5)
    save(figure, frame.FIGURES / "learning.png")


def _label_few(axes: Axes) -> None:
    """Label at least three round numbers of a logarithmic axis, as few as that takes: .02, .05, .1."""
    low, high = axes.get_ylim()
    for digits in ((1.0,), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)):
        at = [d * 10.0**e for e in range(-6, 1) for d in digits if low <= d * 10.0**e <= high]
        if len(at) >= 3:
            break
    axes.set_yticks(at, [f"{value:g}".removeprefix("0") for value in at])
    axes.set_yticks([], minor=True)
