"""A figure as SVG inside a page: Matplotlib's own, with the theme's colours as variables of the style sheet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hpo_gym.base import as_html
from hpo_gym.bench.report.style import BAD, FAINT, FIFTHS, GRID, INK, MUTED, PAPER, rendered

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

_VARIABLES = {INK: "ink", MUTED: "muted", FAINT: "faint", GRID: "line", PAPER: "card", BAD: "bad"} | {
    colour: f"f{i}" for i, colour in enumerate(FIFTHS)
}  # of the page's style sheet: the figure follows dark mode


def svg_text(figure: Figure, salt: str, name: str) -> Markup:
    """Render an SVG to put into a page.

    Args:
        figure: Drawn in our style.
        salt: Keeps its ids apart from those of other figures.
        name: Its content, for screen readers.
    """
    from markupsafe import Markup

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
    return Markup(
        f'<svg {box[0]} {spaces} role="img" aria-label="{as_html(name)}" stroke-linejoin="round">{body}</svg>'
    )
