"""Style of figures: colours that colour-blind readers tell apart, highlights, and reproducible bytes."""

from __future__ import annotations

import base64
import functools
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hpo_gym.base import InvalidValueError, printable, unknown
from hpo_gym.base import shown as shown_of
from hpo_gym.bench.metrics import PORTFOLIO, Curves, auc, ranks
from hpo_gym.bench.report.words import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, FAINT, GRID, PAPER = "#1f2328", "#667085", "#b4bac4", "#e6e8ec", "#ffffff"
VIBRANT = ("#0077bb", "#ee7733", "#009988", "#cc3311", "#33bbee", "#ee3377")  # Paul Tol, "Colour schemes", 2021
FIFTHS = ("#c3cad6", "#8fbbe0", "#4a97d3", "#1767b3", "#0a2f66")  # scores of a run, the worst fifth first
BAD = "#b42318"
WIDTH, _SHARP = 9.0, 160.0  # inches; dots per inch in a notebook, two for each of a screen
_SAVED: dict[str, tuple[str, ...]] = {  # kinds of files, and what of their metadata is left out
    "png": ("Software",),
    "svg": ("Date", "Creator", "Format", "Type"),
    "pdf": ("CreationDate", "Creator", "Producer"),
}
_SHEET = Path(__file__).with_name("hpo.mplstyle")


@dataclass(frozen=True)
class Style:
    """Style of one optimizer's lines; highlighted ones have a band and always a label."""

    colour: str
    dash: str | tuple[int, tuple[float, ...]] = "-"
    width: float = 1.9
    highlighted: bool = True

    @property
    def line(self) -> dict[str, Any]:
        """Keywords of `Axes.plot`."""
        return {"color": self.colour, "linestyle": self.dash, "linewidth": self.width}


_CONTROLS = {
    PORTFOLIO: Style(INK, (0, (5.0, 1.6)), 2.0),
    "default": Style(MUTED, (0, (1.2, 1.4)), 1.7),
    "random": Style(MUTED, (0, (5.0, 1.4, 1.0, 1.4)), 1.5),
}
_OTHER = Style(FAINT, "-", 1.1, highlighted=False)
_COLOURED = (
    *map(Style, VIBRANT),
    *(Style(colour, (0, (3.0, 1.2))) for colour in VIBRANT),
)


def styles(curves: Mapping[str, Sequence[Curves]], highlight: Sequence[str] | None = None) -> dict[str, Style]:
    """Give each optimizer one style for all suites: the controls theirs, the six best (by mean place) a colour.

    Args:
        highlight: Highlighted instead, from `highlighted`: controls as usual, the others each with a colour.
    """
    places: dict[str, list[float]] = {}
    for group in curves.values():
        standing = ranks(np.array([auc(c).mean() for c in group]))
        for c, place in zip(group, standing, strict=True):
            places.setdefault(c.optimizer, []).append(float(place))
    if highlight is None:
        by_place = sorted(places, key=lambda n: (sum(places[n]) / len(places[n]), n))
        highlight = [*_CONTROLS, *[n for n in by_place if n not in _CONTROLS][: len(VIBRANT)]]
    own = styles_of(highlight)
    return {name: own.get(name, _OTHER) for name in sorted(places)}


def styles_of(names: Sequence[str]) -> dict[str, Style]:
    """Give each of a few optimizers a style that stands out: the controls theirs, the others a colour in this order."""
    coloured = zip((n for n in names if n not in _CONTROLS), _COLOURED, strict=False)
    return {**{n: _CONTROLS[n] for n in names if n in _CONTROLS}, **dict(coloured)}


def highlighted(names: str | Sequence[str], curves: Sequence[Curves]) -> list[str]:
    """Return the optimizers that a user wants to highlight, each once.

    Raises:
        UnknownNameError: One of them is not among the curves.
        InvalidValueError: There is none, or there are more than can be told apart.
    """
    known = [c.optimizer for c in curves]
    if not isinstance(names, (str, list, tuple)) or not names:
        raise InvalidValueError(f"`highlight` must be names of optimizers, such as {known[:2]}, got {shown_of(names)}.")
    given = [names] if isinstance(names, str) else list(names)
    for name in given:
        if name not in known:
            raise unknown(f"optimizer in the results of {curves[0].suite}", name, known)
    most, chosen = len(_COLOURED), list(dict.fromkeys(given))
    if sum(n not in _CONTROLS for n in chosen) > most:
        raise InvalidValueError(f"`highlight` must name at most {most} optimizers beside the controls, got {chosen}.")
    return chosen


def label(name: str, width: int = 21) -> str:
    """Shorten a name for a figure, and remove unprintable characters."""
    text = printable(name)
    return text if len(text) <= width else text[: width - 1] + "…"


@contextmanager
def theme(*, math: bool = True) -> Iterator[None]:
    """Draw in our style, whatever the caller's settings are.

    Args:
        math: Whether text between dollars is mathematics, as on Matplotlib's logarithmic axes; a name is none.
    """
    from matplotlib.style import context

    with context(["default", _SHEET, {"text.parse_math": math}]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name may use any script
        yield


def heading(figure: Figure, curves: Sequence[Curves], title: str, subtitle: str) -> None:
    """Write the title of a suite's figure, with its numbers of tasks and seeds."""
    tasks, runs = curves[0].regret.shape[:2]
    families = len(set(curves[0].families))
    about = f"{subtitle} · {counted(tasks, 'task')}"
    about += f" of {counted(families, 'family')}" if families < tasks else ""
    about += f" × {runs} seeds" if runs > 1 else ""
    lines(figure, f"{label(curves[0].suite)}: {title}", about)


def lines(figure: Figure, title: str, about: str) -> None:
    """Write a title and a line below it, both from the left edge."""
    height = float(figure.get_figheight())
    figure.text(0.02, 1 - 0.14 / height, title, fontsize=12, weight="bold", va="top")
    figure.text(0.02, 1 - 0.39 / height, about, fontsize=9, color=MUTED, va="top")


def ticks(n: int) -> list[int]:
    """Choose 1 and about ten round numbers up to n."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, n) if n / s <= 12)
    return sorted({1, *range(step, n + 1, step)})


def save(figure: Figure, path: str | Path) -> None:
    """Save a figure as .png, .svg or .pdf, the same bytes every time; refuse another end of the name."""
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in _SAVED:
        nearest = get_close_matches(kind, _SAVED, 1, 0.0)[0]
        raise InvalidValueError(f"`path` must end in .png, .svg or .pdf, got {str(path)!r}; the nearest is .{nearest}.")
    Path(path).write_bytes(rendered(figure, kind))


def shown(figure: Figure, path: str | Path | None = None) -> Figure:
    """Return a figure, saved to `path` if given; a notebook shows it, with or without a backend of Matplotlib."""
    if path is not None:
        save(figure, path)
    vars(figure)["_ipython_display_"] = functools.partial(_display, figure)  # goes before what backends register
    return figure


def _display(figure: Figure) -> None:
    """Show a PNG of at most 256 colours, a third of the bytes, half as wide on a screen as it has pixels."""
    from IPython.display import display
    from PIL import Image

    show, out = cast(Any, display), io.BytesIO()  # untyped
    with Image.open(io.BytesIO(rendered(figure, "png", dpi=_SHARP))) as image:
        image.convert("RGB").quantize(256).save(out, "PNG", optimize=True)
        width = image.width // 2
    kinds = {"image/png": base64.b64encode(out.getvalue()).decode(), "text/plain": repr(figure)}
    show(kinds, raw=True, metadata={"image/png": {"width": width}})


def rendered(figure: Figure, kind: str, salt: str = "hpo-gym", dpi: float | str = "figure") -> bytes:
    """Render a figure in our look, the same in each run; ids of an SVG are unique to its salt."""
    from matplotlib import rc_context

    out = io.BytesIO()
    with theme(math=figure.canvas.manager is not None), rc_context({"svg.hashsalt": salt}):  # pyplot's own write 10^-3
        figure.savefig(out, format=kind, dpi=dpi, metadata=dict.fromkeys(_SAVED[kind]))
    return out.getvalue()
