"""A figure for a narrow screen: its points are pixels of a phone, and its title and legend stand beside it as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo_gym.bench.metrics import Curves
from hpo_gym.bench.report.figures import draw_difference
from hpo_gym.bench.report.grid import FigureGrid
from hpo_gym.bench.report.style import theme
from hpo_gym.bench.report.words import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hpo_gym.bench.report.style import Style

_INCHES, _TEXT = (4.8, 4.0), 12.0  # 346 x 288 points, and the size of text in points
_TOP = 0.65  # inches above the line of the ranks
_AXES = (0.165, 0.15, 0.815, 0.835)  # left, bottom, width, height


@dataclass(frozen=True)
class OnPhone:
    """A figure for a narrow screen.

    Attributes:
        svg, frame: As in `Drawn`.
        legend: Key, name and last value of each highlighted line, in the order of the values.
    """

    svg: str
    frame: tuple[float, float, float, float]
    title: str
    about: str
    legend: tuple[tuple[str, str, str], ...]


def narrowed(figure: Figure) -> tuple[Figure, str, str]:
    """Make a drawn figure narrow, without the names at its lines; return it, its title and the line below."""
    (axes,), (title, about) = figure.axes, (text.get_text() for text in figure.texts)
    beside = [line for line in axes.lines if line.get_transform() == axes.transAxes]
    for artist in [*figure.texts, *axes.texts, *beside]:
        artist.remove()
    figure.set_size_inches(*_INCHES)
    axes.set_position(_AXES)
    axes.tick_params(which="both", labelsize=_TEXT)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_fontsize(_TEXT)
    return figure, title, about


def narrow_difference(curves: Sequence[Curves], styles: Mapping[str, Style]) -> tuple[Figure, str, str]:
    """Draw the critical difference with its names at the right; return it, its title and the line below."""
    with theme(math=False):
        figure = draw_difference(curves, styles, sides=1)
    (axes,), (title, about) = figure.axes, (text.get_text() for text in figure.texts)
    low = axes.get_ylim()[0]
    for artist in [*figure.texts]:
        artist.remove()
    figure.set_size_inches(_INCHES[0], _TOP - low)
    axes.set(position=(0.04, 0.0, 0.46, 1.0), ylim=(low, _TOP))  # a unit of y is an inch
    for text in axes.texts:
        text.set_fontsize(_TEXT - 1.0)
    return figure, title, about


def legend(
    curves: Sequence[Curves], styles: Mapping[str, Style], values: FigureGrid | None
) -> tuple[tuple[str, str, str], ...]:
    """Return the entries of `OnPhone.legend`; without values in the order of the curves."""
    last = {row.cells[0].text: row.cells[-1].text for row in values.rows} if values else {}
    named = [c.optimizer for c in curves if styles[c.optimizer].highlighted]
    found = [(styles[name].key, name, last.get(name, "")) for name in named]
    grey = [("", f"{counted(len(curves) - len(named), 'other')} in grey", "")] if len(named) < len(curves) else []
    return (*sorted(found, key=lambda entry: float(entry[2] or 0.0)), *grey)
