"""How figures look: colours that colour-blind readers tell apart, who is highlighted, and bytes that do not change."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.bench.metrics import PORTFOLIO, Curves, auc, ranks
from hpo_gym.bench.report.words import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, FAINT, GRID, PAPER = "#1f2328", "#667085", "#b4bac4", "#e6e8ec", "#ffffff"
_VIBRANT = ("#0077bb", "#ee7733", "#009988", "#cc3311", "#33bbee", "#ee3377")  # Paul Tol, "Colour schemes", 2021
_VARIABLES = {INK: "ink", MUTED: "muted", FAINT: "faint", GRID: "line", PAPER: "card"}  # of the page's style sheet
_THEME: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "lines.solid_capstyle": "round",
    "lines.solid_joinstyle": "round",
    "svg.fonttype": "none",
}


@dataclass(frozen=True)
class Style:
    """How the lines of one optimizer are drawn; the highlighted ones have a band and always a label."""

    colour: str
    dash: str | tuple[int, tuple[float, ...]] = "-"
    width: float = 1.9
    highlighted: bool = True


_CONTROLS = {
    PORTFOLIO: Style(INK, (0, (5.0, 1.6)), 2.0),
    "default": Style(MUTED, (0, (1.2, 1.4)), 1.7),
    "random": Style(MUTED, (0, (5.0, 1.4, 1.0, 1.4)), 1.5),
}
_OTHER = Style(FAINT, "-", 1.1, highlighted=False)


def styles(curves: Mapping[str, Sequence[Curves]]) -> dict[str, Style]:
    """Give each optimizer one style for all suites: the controls theirs, the six best (by mean place) a colour."""
    places: dict[str, list[float]] = {}
    for group in curves.values():
        standing = ranks(np.array([auc(c).mean() for c in group]))
        for c, place in zip(group, standing, strict=True):
            places.setdefault(c.optimizer, []).append(float(place))
    best = sorted((n for n in places if n not in _CONTROLS), key=lambda n: (sum(places[n]) / len(places[n]), n))
    coloured = {name: Style(colour) for name, colour in zip(best, _VIBRANT, strict=False)}
    return {name: _CONTROLS.get(name) or coloured.get(name, _OTHER) for name in sorted(places)}


def label(name: str, width: int = 21) -> str:
    """Shorten a name for a figure, and take out what does not print."""
    text = printable(name)
    return text if len(text) <= width else text[: width - 1] + "…"


@contextmanager
def theme() -> Iterator[None]:
    """Draw in our look, whatever the caller's settings are; names are never read as mathematics."""
    from matplotlib import rc_context, rcParamsDefault

    defaults: dict[Any, Any] = {k: v for k, v in rcParamsDefault.items() if not k.startswith("backend")}
    with rc_context({**defaults, **_THEME}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name may use any script
        yield


def png_bytes(figure: Figure) -> bytes:
    """Render a PNG of 150 dots per inch, without date or software in it."""
    out = io.BytesIO()
    with theme():
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def svg_text(figure: Figure, salt: str) -> str:
    """Render an SVG to put into a page: colours follow the page's theme, text is text, and `salt` keeps ids apart."""
    from matplotlib import rc_context

    out = io.StringIO()
    with theme(), rc_context({"svg.hashsalt": f"hpo-gym-{salt}"}):
        figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    svg = out.getvalue()
    body = svg[svg.index("</defs>") + len("</defs>") :]  # what stands before is a style that would rule the whole page
    body = re.sub(r'<g id="[^"]*"', "<g", body)  # such as axes_1: the same in every figure, used by nobody
    body = re.sub(r"font-family: [^;\"]*; ?", "", body)
    for colour, name in _VARIABLES.items():
        body = re.sub(rf"(fill|stroke): {colour}\b", rf"\1: var(--{name})", body)
    box = re.search(r'viewBox="[0-9. ]*"', svg)
    assert box is not None, "matplotlib gives every SVG a viewBox"
    return (
        f'<svg {box[0]} xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'role="img" stroke-linejoin="round">{body}'
    )
