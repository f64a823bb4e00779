"""What figures show: where the axis of regret ends, whose band is drawn how, and words that do not overlap."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from reports import chosen, ranged

from hpo_gym.base.errors import InvalidValueError, UnknownNameError
from hpo_gym.bench.metrics import Curves
from hpo_gym.bench.report.figures import draw
from hpo_gym.bench.report.run_figure import ROWS, draw_run
from hpo_gym.bench.report.style import FAINT, INK, VIBRANT, highlighted, styles
from hpo_gym.bench.single_runs import SingleRun, Tried
from hpo_gym.problem.space import Hyperparameter

MANY = [f"method-{i:02}" for i in range(30)]


def curve(name: str, *tasks: list[float]) -> Curves:
    """Of one replicate, with the regret of each task."""
    return Curves("Toy", name, tuple(f"t{i}" for i in range(len(tasks))), np.array(tasks)[:, None, :])


def regret(*curves: Curves, highlight: list[str] | None = None) -> Any:
    return draw(curves, styles({"Toy": curves}, highlight), ("regret",))["regret"]


# ---------------------------------------------------------------------- the axis of regret
def test_a_band_that_goes_far_below_all_means_is_cut_at_half_the_lowest() -> None:
    axes = regret(curve("a", *4 * [[0.2, 0.2], [0.0, 0.0]])).axes[0]
    low, high = 0.05, 0.2  # half of the mean 0.1, and the upper end: eight families give a band from 0.0 to 0.2
    assert axes.get_ylim() == pytest.approx((low / (high / low) ** 0.05, high * (high / low) ** 0.05))
    (band,) = axes.collections
    bottom = band.get_paths()[0].vertices[:, 1].min()
    assert 0 < bottom < axes.get_ylim()[0]  # it goes on beyond the axis


def test_a_band_that_does_not_is_shown_whole() -> None:
    axes = regret(curve("a", *4 * [[0.12, 0.12], [0.08, 0.08]])).axes[0]
    assert axes.get_ylim() == pytest.approx((0.08 / 1.05, 0.12 * 1.05))


def test_a_mean_of_zero_is_drawn_at_the_end_of_the_axis_and_told_as_it_is() -> None:
    figure = regret(curve("a", [0.2, 0.0], [0.2, 0.0]), curve("b", [0.4, 0.4], [0.4, 0.4]))
    axes = figure.axes[0]
    line = next(line for line in axes.lines if line.get_linewidth() > 1 and len(line.get_ydata()) == 2)
    assert line.get_ydata().tolist() == [0.2, 0.1]  # half of 0.2, the lowest that is above 0
    assert "a\u20020.0000" in [t.get_text() for t in axes.texts]
    assert any("a mean below 0.1 is drawn there" in t.get_text() for t in figure.texts)
    assert not any("is drawn there" in t.get_text() for t in regret(curve("b", [0.4], [0.4])).texts)


def test_regret_that_is_zero_everywhere_can_be_drawn() -> None:
    assert regret(curve("a", [0.0, 0.0], [0.0, 0.0])).axes[0].get_ylim()[0] == pytest.approx(1e-4 / 1.05)


# ---------------------------------------------------------------------- who stands out
def test_bands_of_many_are_fainter_so_that_all_together_stay_light() -> None:
    curves = [curve(n, *4 * [[0.2, 0.2], [0.1, 0.1]]) for n in MANY]
    for count, opacity in ((1, 0.12), (2, 1 - 0.78 ** (1 / 2)), (12, 1 - 0.78 ** (1 / 12))):
        bands = regret(*curves, highlight=MANY[:count]).axes[0].collections
        assert [b.get_alpha() for b in bands] == pytest.approx([opacity] * count)


def test_the_chosen_have_colours_in_their_order_and_controls_their_own() -> None:
    curves = [curve(n, *4 * [[0.2], [0.1]]) for n in (*MANY, "portfolio", "random")]
    look = styles({"Toy": curves}, ["method-07", "portfolio", "method-03"])
    assert (look["method-07"].colour, look["method-03"].colour) == VIBRANT[:2] and look["portfolio"].colour == INK
    assert {n for n, style in look.items() if style.highlighted} == {"method-07", "method-03", "portfolio"}
    assert look["random"].colour == look["method-00"].colour == FAINT
    axes = regret(*curves, highlight=["method-07", "portfolio"]).axes[0]
    assert [to_hex(b.get_facecolor()[0]) for b in axes.collections] == [VIBRANT[0], INK]
    assert {t.get_text().split("\u2002")[0] for t in axes.texts} == {"method-07", "portfolio", "grey: 30 others"}


def test_twelve_beside_the_controls_can_be_told_apart_and_no_more() -> None:
    curves = [curve(n, *4 * [[0.2], [0.1]]) for n in (*MANY, "portfolio")]
    chosen = highlighted(["portfolio", *MANY[:12], "portfolio"], curves)
    assert chosen == ["portfolio", *MANY[:12]]
    assert (
        len({(styles({"Toy": curves}, chosen)[n].colour, styles({"Toy": curves}, chosen)[n].dash) for n in chosen})
        == 13
    )
    assert highlighted("method-03", curves) == ["method-03"]
    with pytest.raises(InvalidValueError, match="at most 12 optimizers beside the controls"):
        highlighted(MANY[:13], curves)
    with pytest.raises(UnknownNameError, match=r"'portfolo'\. Did you mean 'portfolio'"):
        highlighted(["portfolo"], curves)


# ---------------------------------------------------------------------- words of a run
def run_over(axes: list[Hyperparameter]) -> SingleRun:
    config = {a.name: a.choices[0] if a.choices else a.high for a in axes}
    return SingleRun("a", 0.1, 0.1, 0, tuple(Tried(s, None, 1.0, "ok", config) for s in (0.1, 0.2)))


@pytest.mark.long
@pytest.mark.parametrize("columns", [1, 12, 45])
def test_words_at_the_axes_of_a_run_do_not_overlap_and_are_on_the_page(columns: int) -> None:
    axes = [
        ranged(f"long-estimator:parameter-{j:03}" if columns > 12 else f"column-{j:03}", 0.0001, 1000.0, True)
        if j % 2
        else chosen(f"choice-{j:03}", ("a-very-long-choice", "another-long-one"))
        for j in range(columns)
    ]
    figure = draw_run(run_over(axes), axes, "Toy, t0: a")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    order, parallel, key = figure.axes
    words = [*parallel.texts, *key.texts]
    assert {t.get_text() for t in words} >= {a.name for a in axes[:ROWS]}  # no name is cut
    boxes = [t.get_window_extent(renderer) for t in words if t.get_text()]
    boxes.append(order.xaxis.label.get_window_extent(renderer))
    assert not any(one.overlaps(two) for one, two in combinations(boxes, 2))
    width, height = figure.bbox.width, figure.bbox.height
    assert all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= width and b.y1 <= height for b in boxes)


def test_failed_trials_lie_on_the_lower_edge_of_the_scores() -> None:
    axes = [ranged("u", 0.0, 1.0, False)]
    trials = tuple(Tried(s, None, 1.0, "ok" if s else "failed", {"u": 0.5}) for s in (0.3, None, 0.8))
    order = draw_run(SingleRun("a", 0.1, 0.1, 0, trials), axes, "Toy, t0: a").axes[0]
    crosses = order.lines[1]
    assert crosses.get_xdata().tolist() == [2] and crosses.get_ydata().tolist() == [0]
    assert crosses.get_transform() == order.get_xaxis_transform()  # 0: the edge
