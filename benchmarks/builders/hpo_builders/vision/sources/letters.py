"""Letters in the fonts that matplotlib brings: DejaVu, STIX and Computer Modern."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from hpo_builders.vision.canvas import warped
from hpo_builders.vision.nuisances import cluttered, contrasted, noisy
from hpo_gym.base import Floats, Ints

CAPITALS = "ABEGKMRSXZ"
SMALL = "aceghnsu"
FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSerif",
    "DejaVuSerif-Bold", "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10",
    "cmtt10", "cmb10", "cmti10",
)  # fmt: skip
STYLES = (("DejaVuSans", "cmss10"), ("DejaVuSansMono-Bold", "DejaVuSans-Bold"), ("DejaVuSerif", "cmr10"),
          ("DejaVuSerif-Italic", "STIXGeneralItalic"))  # fmt: skip
"""Plain, bold, with serifs, in italics."""

DOTS = 32
"""A glyph is drawn on so many by so many dots first."""


def capitals(archives: Path, rng: np.random.Generator, n: int) -> tuple[Floats, Ints]:
    """Ten capitals, in any font, turned by up to 40 degrees."""
    return _set(CAPITALS, FONTS, rng, n, turn=40.0, strokes=2)


def small(archives: Path, rng: np.random.Generator, n: int) -> tuple[Floats, Ints]:
    """Eight small letters, in any font, among strokes."""
    return _set(SMALL, FONTS, rng, n, turn=15.0, strokes=5)


def styles(archives: Path, rng: np.random.Generator, n: int) -> tuple[Floats, Ints]:
    """In which of four styles a letter is, any of eighteen."""
    y = _classes(rng, n, len(STYLES))
    letters = CAPITALS + SMALL
    font = [STYLES[c][i] for c, i in zip(y, rng.integers(0, 2, n), strict=True)]
    glyphs = np.stack([glyph(f, letters[i]) for f, i in zip(font, rng.integers(0, len(letters), n), strict=True)])
    return _shown(glyphs, rng, turn=5.0, strokes=0), y


def _set(
    letters: str, fonts: tuple[str, ...], rng: np.random.Generator, n: int, turn: float, strokes: int
) -> tuple[Floats, Ints]:
    y = _classes(rng, n, len(letters))
    glyphs = np.stack([glyph(fonts[f], letters[c]) for f, c in zip(rng.integers(0, len(fonts), n), y, strict=True)])
    return _shown(glyphs, rng, turn=turn, strokes=strokes), y


def _classes(rng: np.random.Generator, n: int, classes: int) -> Ints:
    return rng.permutation(np.arange(n) % classes)


def _shown(glyphs: Floats, rng: np.random.Generator, turn: float, strokes: int) -> Floats:
    n = len(glyphs)
    angle, size = np.radians(rng.uniform(-turn, turn, n)), rng.uniform(0.8, 1.1, n)
    images = warped(glyphs, angle, size, rng.uniform(-0.15, 0.15, (n, 2)))
    if strokes:
        images = cluttered(images, rng, strokes)
    return noisy(contrasted(images, rng, 0.6), rng, 0.15)[:, None]


@functools.cache
def glyph(font: str, letter: str) -> Floats:
    """Return a letter in the middle of a square, as large as it can be, values in [0, 1], ``(DOTS, DOTS)``."""
    from matplotlib import get_data_path
    from matplotlib.ft2font import FT2Font

    face = FT2Font(str(Path(get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"))
    face.set_size(DOTS, 72)
    face.set_text(letter, 0.0)
    face.draw_glyphs_to_bitmap(antialiased=True)
    drawn = np.asarray(face.get_image(), np.float64) / 255
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    out = np.zeros((DOTS, DOTS))
    high, wide = min(drawn.shape[0], DOTS), min(drawn.shape[1], DOTS)
    top, left = (DOTS - high) // 2, (DOTS - wide) // 2
    out[top : top + high, left : left + wide] = drawn[:high, :wide]
    return out
