"""A figure as SVG inside the page: small, in the colours of its theme, without a `style` attribute, narrow for a phone.

The page's policy forbids styles in attributes, so each property becomes an attribute of its own; colours of the theme
become variables of the style sheet, so that the figure follows dark mode.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hpo_gym.bench.metrics import Curves
from hpo_gym.bench.report.figures import draw_difference
from hpo_gym.bench.report.style import BAD, FAINT, FIFTHS, GRID, INK, MUTED, PAPER, Style, rendered, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_VARIABLES = {INK: "ink", MUTED: "muted", FAINT: "faint", GRID: "line", PAPER: "card", BAD: "bad"} | {
    colour: f"f{i}" for i, colour in enumerate(FIFTHS)
}  # of the page's style sheet
_SPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
_LINE = re.compile(r'<path d="([MLHV\d. -]+)"( (?=[^>]* fill="none")[^>]*)/>')
_COMMAND = re.compile(r"([MLz])\s*(?:(-?[\d.]+) (-?[\d.]+))?\s*")
_INCHES, _TOP, _TEXT = (4.8, 4.0), 0.65, 12.0  # narrow: 346 x 288 points, above the line of ranks; points of text
_AXES, _RANKS = (0.165, 0.15, 0.815, 0.835), (0.04, 0.0, 0.46, 1.0)  # left, bottom, width, height
_LEFT_OUT = ("font-family", "stroke-miterlimit")


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
    body = re.sub(r' style="([^"]*)"', _attributes, body)
    body = re.sub(r' d="([^"]*)"', lambda found: f' d="{short_path(found[1])}"', body)
    body = re.sub(r' transform="rotate\(-?0 [^"]*"', "", body)
    body = re.sub(r'(?<=[ "(])-?\d+\.\d\d+(?=[ ")])', lambda found: _number(float(found[0]), 2), body)
    body = re.sub(r">\s+<", "><", body)
    body = _joined(_flat(body))
    return f'<svg {box[0]} {_SPACES} role="img" aria-label="{name}" stroke-linejoin="round">{body}</svg>'


def short_path(text: str) -> str:
    """Write a path of lines with one decimal, and H and V for lines that run along an axis; others as they are."""
    if re.search(r"[^MLz\d\s.-]", text):
        return " ".join(text.split())
    out, last = [], ("", "")
    for command, x, y in _COMMAND.findall(text):
        if command == "z":
            out.append("z")
            continue
        at = (_number(float(x), 1), _number(float(y), 1))
        if command == "M":
            out.append(f"M{at[0]} {at[1]}")
        elif at != last:
            out.append(f"V{at[1]}" if at[0] == last[0] else f"H{at[0]}" if at[1] == last[1] else f"L{at[0]} {at[1]}")
        last = at
    return "".join(out)


def frame(figure: Figure) -> tuple[float, float, float, float]:
    """Left, right, top and bottom edge of the figure's first axes, in shares of the figure from its top left."""
    box = figure.axes[0].get_position()
    left, right, top, bottom = (round(float(v), 4) for v in (box.x0, box.x1, 1 - box.y1, 1 - box.y0))
    return left, right, top, bottom


def narrowed(figure: Figure, curves: Sequence[Curves], styles: Mapping[str, Style]) -> Figure:
    """Make a drawn figure narrow, without title, names, edges of bands and grey lines; draw ranks anew."""
    (axes,), gone, beside = figure.axes, [], figure.axes[0].transAxes
    if axes.axison:
        lines = (x for x in axes.lines if x.get_color() == FAINT or x.get_alpha() or x.get_transform() == beside)
        gone = [*axes.texts, *lines]
        figure.set_size_inches(*_INCHES)
        axes.set_position(_AXES)
        axes.tick_params(which="both", labelsize=_TEXT)
    else:
        with theme(math=False):
            figure = draw_difference(curves, styles, sides=1)
        (axes,), low = figure.axes, figure.axes[0].get_ylim()[0]
        figure.set_size_inches(_INCHES[0], _TOP - low)  # a unit of y is an inch
        axes.set(position=_RANKS, ylim=(low, _TOP))
    for artist in (*figure.texts, *gone):
        artist.remove()
    for text in (*axes.texts, axes.xaxis.label, axes.yaxis.label):
        text.set_fontsize(_TEXT)
    return figure


def _attributes(found: re.Match[str]) -> str:
    """Return the properties of a `style` as attributes."""
    out = []
    for part in filter(None, map(str.strip, found[1].split(";"))):
        name, _, value = part.partition(":")
        shown = f"var(--{_VARIABLES[value.strip()]})" if value.strip() in _VARIABLES else value.strip()
        if name not in _LEFT_OUT:
            out.append(f' {name}="{shown}"')
    return "".join(out)


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _flat(body: str) -> str:
    """Take out groups without attributes."""
    out, bare = list[str](), list[bool]()
    for part in re.split(r"(<g(?: [^>]*)?>|</g>)", body):
        opens = part.startswith(("<g>", "<g "))
        if opens:
            bare.append(part == "<g>")
        if not ((opens or part == "</g>") and bare[-1]):
            out.append(part)
        if part == "</g>":
            bare.pop()
    return "".join(out)


def _joined(body: str) -> str:
    """Make lines that follow each other and look the same, such as all in grey, one path."""
    out: list[str] = []
    for part in re.split(r"(?=<)", body):
        line, last = (_LINE.fullmatch(p) for p in (part, out[-1] if out else ""))
        if line and last and line[2] == last[2]:
            out[-1] = f'<path d="{last[1]}{line[1]}"{line[2]}/>'
        else:
            out.append(part)
    return "".join(out)
