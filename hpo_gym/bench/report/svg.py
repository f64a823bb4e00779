"""A figure as SVG inside a page: Matplotlib's own, with the theme's colours as variables of the style sheet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hpo_gym.bench.report.style import BAD, FAINT, FIFTHS, GRID, INK, MUTED, PAPER, rendered

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_VARIABLES = {INK: "ink", MUTED: "muted", FAINT: "faint", GRID: "line", PAPER: "card", BAD: "bad"} | {
    colour: f"f{i}" for i, colour in enumerate(FIFTHS)
}  # of the page's style sheet: the figure follows dark mode


def svg_text(figure: Figure, salt: str, name: str) -> str:
    """Render an SVG to put into a page.

    Args:
        figure: Drawn in our style.
        salt: Keeps its ids apart from those of other figures.
        name: Its content, for screen readers; escaped already.
    """
    svg = rendered(figure, "svg", f"hpo-gym-{salt}").decode()
    box = re.search(r'viewBox="[0-9. ]*"', svg)
    assert box is not None, "matplotlib gives every SVG a viewBox"
    body = svg[svg.index("</defs>") + len("</defs>") : svg.rindex("</svg>")]  # before: a style that rules the page
    body = re.sub(r'<g id="[^"]*"', "<g", body)  # such as axes_1: the same in every figure, used by nobody
    body = re.sub(r"\n *", " ", body)
    body = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d)\d+", r"\1", path[0]), body)  # a tenth of a point
    for colour, variable in _VARIABLES.items():
        body = body.replace(f": {colour}", f": var(--{variable})")
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {box[0]} {spaces} role="img" aria-label="{name}" stroke-linejoin="round">{body}</svg>'


def frame(figure: Figure) -> tuple[float, float, float, float]:
    """Left, right, top and bottom edge of the figure's first axes, in shares of the figure from its top left."""
    box = figure.axes[0].get_position()
    left, right, top, bottom = (round(float(v), 4) for v in (box.x0, box.x1, 1 - box.y1, 1 - box.y0))
    return left, right, top, bottom
