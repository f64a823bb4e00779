"""Of the guide: the heat map of what disturbs, in two colours that colour-blind readers tell apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from guide_limits import COLUMNS, LABELS
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from stress import OF_MEMORY

from hpo_gym.bench import INK, MUTED, PAPER, VIBRANT, save, theme

Ratios = Mapping[str, Mapping[str, Sequence[float | None]]]
_MOST = 2.0  # doublings at which a colour is full
_DARK = 1.8  # doublings from which numbers are light


@theme()
def draw(found: Ratios, path: Path) -> None:
    """A row for each optimizer, a column for each disturbance; what was not measured is left grey."""
    value = np.array([[_log(row.get(c)) for c in COLUMNS] for row in found.values()])
    colours = LinearSegmentedColormap.from_list("ratios", [VIBRANT[0], PAPER, VIBRANT[1]])
    colours.set_bad("#e6e8ec")
    figure = Figure(figsize=(9.0, 3.6), dpi=110)
    axes = figure.subplots()
    axes.imshow(np.ma.masked_invalid(value), cmap=colours, vmin=-_MOST, vmax=_MOST, aspect="auto")
    for i, row in enumerate(found.values()):
        for j, column in enumerate(COLUMNS):
            ratio = row.get(column)
            text = "not\nmeasured" if ratio is None else f"{ratio[0]:.2f}"
            light = abs(value[i, j]) > _DARK and value[i, j] < 0
            axes.text(
                j, i, text, ha="center", va="center", color=PAPER if light else INK, fontsize=7 if ratio is None else 11
            )
    axes.set_xticks(range(len(COLUMNS)), [LABELS[c] for c in COLUMNS])
    axes.set_yticks(range(len(found)), list(found))
    axes.tick_params(length=0, labelcolor=INK)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.axvline(len(OF_MEMORY) - 0.5, color=INK, linewidth=1.5)
    for x, text in (((len(OF_MEMORY) - 1) / 2, "the earlier tasks"), (len(OF_MEMORY) + 0.5, "the run itself")):
        axes.text(x, -0.62, text, ha="center", va="bottom", color=MUTED)
    figure.text(
        0.99,
        0.015,
        "AUC as a ratio to gp-ei: blue is better than knowing nothing, orange is worse",
        ha="right",
        color=MUTED,
    )
    figure.tight_layout(rect=(0.0, 0.05, 1.0, 1.0))
    save(figure, path)


def _log(ratio: Sequence[float | None] | None) -> float:
    return np.nan if ratio is None or ratio[0] is None else float(np.log2(ratio[0]))


def words(found: Ratios) -> str:
    """What the picture shows, for those who do not see it."""
    sides = {"below 1": lambda low, high: high < 1, "above 1": lambda low, high: low > 1}
    columns = {c: [row[c][0] for row in found.values() if c in row] for c in COLUMNS}
    told = "; ".join(f"all {side}: {_names(columns, holds)}" for side, holds in sides.items())
    return f"Heat map of AUC as a ratio to gp-ei, {len(found)} optimizers under {len(COLUMNS)} disturbances; {told}"


def _names(columns: Mapping[str, Sequence[float]], holds: Callable[[float, float], bool]) -> str:
    names = [f"{LABELS[c]} ({min(v):.2f} to {max(v):.2f})" for c, v in columns.items() if holds(min(v), max(v))]
    return ", ".join(names).replace("\n", " ") or "none"
