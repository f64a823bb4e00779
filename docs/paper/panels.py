"""Figures of the text, from stored results and reference runs, in the look of the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import stored
from macros import COLD, INIT5, TO

from hpo_gym.bench import FAINT, INK, MUTED, VIBRANT, Curves, save, styles_of, theme

SUITES = ("AutoML", "SVM", "Linear", "Boosting")
SHOWN = ("random", "portfolio", "gp-ei", "tpe", "q-learning", "ppo", "transfer-mix", "ppo-pool-tables", "untrained")
RATIOS = (
    "ppo-pool-tables", "untrained", "ebgp", "transfer-time", "transfer-mix", "gp-warm", "q-learning", "maskable-ppo",
    "ppo", "portfolio", "rgpe", "default", "tpe", "gp-ei", "random",
)  # fmt: skip
WIDTH, COLUMN = 6.88, 3.31  # inches


def curves_of(suite: str) -> dict[str, Curves]:
    """Return the reference runs of a suite from a cold start, by optimizer."""
    import runs

    return {c.optimizer: c for c in runs.reference_run(suite, "cold").curves[suite]}


def over_families(curves: Curves) -> Any:
    """Return the mean regret after each trial, ``(h,)``; each family counts the same."""
    tasks = curves.regret.mean(1)
    families = np.array(curves.families)
    return np.mean([tasks[families == name].mean(0) for name in sorted(set(curves.families))], axis=0)


def regret(found: Mapping[str, Mapping[str, Curves]], path: Path) -> None:
    """Draw mean regret over trials, a panel for each suite."""
    from matplotlib.figure import Figure

    look = styles_of(SHOWN)
    with theme():
        figure = Figure(figsize=(WIDTH, 1.95))
        panels = figure.subplots(1, len(found), squeeze=False)[0]
        for axes, (suite, curves) in zip(panels, found.items(), strict=True):
            for name in SHOWN:
                mean, style = over_families(curves[name]), look[name]
                x = np.arange(1, len(mean) + 1)
                axes.plot(x, mean, color=style.colour, ls=style.dash, lw=1.3, label=name)
            families = len(set(next(iter(curves.values())).families))
            axes.set(xscale="log", yscale="log", xlim=(1, len(mean)))
            axes.set_title(f"{suite}, {families} families", fontsize=8, color=INK)
            axes.set_xticks([1, 3, 10, 33], ["1", "3", "10", "33"])
            axes.yaxis.set_major_formatter(lambda v, _: f"{v:g}")
            axes.yaxis.set_minor_formatter(lambda v, _: f"{v:g}" if f"{v:e}"[0] in "25" else "")
            axes.tick_params(which="both", labelsize=6.5, pad=2)
            axes.minorticks_on()
            axes.xaxis.set_minor_formatter(lambda v, _: "")
        panels[0].set_ylabel("mean regret", fontsize=7.5)
        figure.supxlabel("trials", fontsize=7.5, color=MUTED, y=0.115)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, ncols=len(SHOWN), loc="lower center", fontsize=6.8, frameon=False,
                      handlelength=1.8, columnspacing=1.1)  # fmt: skip
        figure.subplots_adjust(0.065, 0.28, 0.985, 0.91, 0.22)
    save(figure, path)


def ratios(path: Path) -> None:
    """Draw pooled ratios of AUCs to the portfolio with their intervals, from both starts."""
    from matplotlib.figure import Figure

    with theme():
        figure = Figure(figsize=(COLUMN, 2.75))
        axes = figure.add_axes((0.29, 0.13, 0.69, 0.8))
        axes.axvline(1, color=INK, lw=0.8)
        for offset, table, colour, label in (
            (-0.17, COLD, VIBRANT[0], "cold"),
            (0.17, INIT5, VIBRANT[1], "five given"),
        ):
            draw_rows(axes, table, offset, colour, label)
        axes.set_yticks(range(len(RATIOS)), RATIOS, fontsize=7, color=INK)
        axes.set(ylim=(len(RATIOS) - 0.4, -0.6), xscale="log", xlim=(0.5, 3))
        axes.set_xticks([0.5, 0.7, 1, 1.5, 2, 3], [".5", ".7", "1", "1.5", "2", "3"], fontsize=7)
        axes.set_xticks([], minor=True)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("AUC, of the portfolio's; filled: survives Holm", fontsize=7)
        axes.legend(loc="upper right", fontsize=6.8, frameon=False, handlelength=1.2, borderaxespad=0)
    save(figure, path)


def draw_rows(axes: Any, table: str, offset: float, colour: str, label: str) -> None:
    """Draw the ratio of each optimizer from one start; a filled point differs from 1 after Holm's correction."""
    for place, name in enumerate(RATIOS):
        (cell,) = stored.cells(f"{table}[{name}][{TO}]")
        mean, low, high = stored.numbers(cell)
        y, face = place + offset, colour if "*" in cell else "white"
        axes.plot([low, high], [y, y], color=colour, lw=1.1, alpha=0.75, solid_capstyle="butt")
        axes.plot([mean], [y], "o", ms=3.4, mfc=face, mec=colour, mew=0.9, label=label if place == 0 else None)
    axes.axhline(RATIOS.index("portfolio"), color=FAINT, lw=0.4, zorder=0)


def figures(folder: Path, suites: Sequence[str] = SUITES) -> None:
    """Write all figures as PDF."""
    ratios(folder / "ratios.pdf")
    regret({suite: curves_of(suite) for suite in suites}, folder / "regret.pdf")
