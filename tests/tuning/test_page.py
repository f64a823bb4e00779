"""The page of a tuning: all trials, nothing from outside, every text escaped."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.space.forms import read_space
from hpo_gym.problem.trial import Status
from hpo_gym.system.jobs.measured import Measured, verdict
from hpo_gym.tuning import page as pages
from hpo_gym.tuning.study import Ended, Study, StudyPlan
from hpo_gym.tuning.tuned import Tuned

SPACE = ConfigurationSpace()
SPACE.add(Float("C", (0.01, 100.0), log=True), Integer("degree", (2, 5)), Categorical("kernel", ["<rbf>", "poly"]))


def study(*scores: float, direction: str = "maximize", constraint: float = 0.0) -> Study:
    space = SearchSpace(SPACE)
    plan = StudyPlan(space.to_json(), "gp-ei", {}, direction, 0, "")
    ended = []
    for i, score in enumerate(scores):
        good = math.isfinite(score)
        constraints = (constraint,) if i == 0 else ()
        measured = (
            verdict(Measured(Status.OK, "", score, constraints=constraints))
            if good
            else Measured(Status.FAILED, "ValueError: <script>alert(1)</script>")
        )
        config = {"C": 0.5 * (i + 1), "degree": 2 + i % 3, "kernel": ("<rbf>", "poly")[i % 2]}
        ended.append(Ended(i, i, config, measured, seconds=0.25))
    return Study(plan, ended)


class Cells(HTMLParser):
    """The texts of the rows of the last table, and all tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "table":
            self.rows = []
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.rows and self.rows[-1] and self.tags[-1][0] in ("td", "th", "i"):
            self.rows[-1][-1] += data.strip()


@pytest.mark.parametrize(
    ("direction", "order"), [("maximize", ["3", "1", "4", "2"]), ("minimize", ["4", "1", "3", "2"])]
)
def test_the_table_has_all_trials_best_first_and_failures_last(direction, order):
    text = pages.page(study(0.5, math.nan, 0.75, 0.25, direction=direction))
    rows = Cells(text).rows
    assert rows[0] == ["trial", "score", "seconds", "C", "degree", "kernel"]
    assert [row[0] for row in rows[1:]] == order
    assert rows[2] == ["1", "0.5", "0.25", "0.5", "2", "<rbf>"]
    assert rows[-1][1] == "failed"
    assert f"<h1>{'0.75' if direction == 'maximize' else '0.25'} after 4 trials</h1>" in text


def test_nothing_comes_from_outside_and_texts_are_escaped():
    text = pages.page(study(0.5, math.nan))
    assert "<script" not in text and "&lt;script&gt;alert(1)" in text
    addresses = [v for _, a in Cells(text).tags for k, v in a.items() if k in ("href", "src") and not v.startswith("#")]
    assert addresses == []
    assert not re.search(r"url\((?!#)", text)
    assert "default-src 'none'" in text


def test_a_trial_that_breaks_a_constraint_does_not_lead():
    rows = Cells(pages.page(study(0.9, 0.5, constraint=1.0))).rows
    assert [row[:2] for row in rows[1:]] == [["2", "0.5"], ["1", "infeasible (0.9)"]]


def test_without_a_success_the_page_says_so():
    text = pages.page(study(math.nan, math.nan))
    assert "No trial succeeded" in text and text.count("<figure") == 1
    assert "successes" not in text, "there are no figures of values that could lack the importances"
    assert pages.page(study()).count("<figure") == 1, "an empty one has no values to show"


def test_a_panel_has_the_values_of_its_hyperparameter():
    figure = pages.by_hyperparameter(study(0.5, math.nan, 0.75))
    panels = {axes.get_title(): axes for axes in figure.axes}
    assert sorted(panels) == ["C", "degree", "kernel"]
    assert panels["C"].get_xscale() == "log"
    assert panels["C"].lines[0].get_xydata().tolist() == [[0.5, 0.5], [1.5, 0.75]]
    assert panels["C"].lines[1].get_xydata().tolist() == [[1.5, 0.75]]
    assert [t.get_text() for t in panels["kernel"].get_xticklabels()] == ["<rbf>", "poly"]


def test_it_is_written_whole_to_a_file_that_says_what_it_is(tmp_path):
    found = Tuned.of(study(0.5)).report(tmp_path / "deep" / "mine.html")
    assert found.read_text("utf-8").startswith("<!doctype html>")
    with pytest.raises(InvalidValueError, match=r"must end in '\.html', got 'mine\.pdf'"):
        Tuned.of(study(0.5)).report(tmp_path / "mine.pdf")


@pytest.mark.parametrize("scores", [(1.7e308, -1.7e308), (-1.7e308, 1.7e308, 0.0), (1.7e308, 1.7e308)])
def test_scores_at_the_ends_of_floating_point_are_drawn(scores):
    text = pages.page(study(*scores))
    assert text.count("<figure") == 3
    assert f"{scores[0]:.6g}" in text


def wide(d: int, n: int) -> Study:
    """A tuning whose score is the last hyperparameter alone."""
    space = read_space({"kind": ["a", "b", "c"]} | {f"x{i}": (0.0, 1.0) for i in range(d - 1)})
    rng = np.random.default_rng(0)
    ended = []
    for i in range(n):
        config = {"kind": "abc"[i % 3]} | dict(zip(space.names[1:], rng.random(d - 1).tolist(), strict=True))
        ended.append(Ended(i, i, config, Measured(Status.OK, "", 9.0 * config[f"x{d - 2}"] + 5.0 * (i % 3))))
    return Study(StudyPlan(space.to_json(), "random", {}, "maximize", 0, ""), ended)


def test_of_many_hyperparameters_those_that_explain_the_most_have_a_panel():
    figure = pages.by_hyperparameter(wide(200, 30))
    titles = [axes.get_title() for axes in figure.axes]
    assert len(titles) == 24
    assert titles[0] == "kind" and titles[-1] == "x198", "in the order of the space"
    assert "the 24 that explain the most, of 200" in " ".join(t.get_text() for t in figure.texts)


@pytest.mark.long
def test_the_table_of_many_hyperparameters_has_the_first_of_them_and_says_so():
    text = pages.page(wide(2000, 12))
    rows = Cells(text).rows
    assert len(rows[0]) == 3 + 40 and "1960 more hyperparameters are in" in text
    assert text.count("<dt>") == 2000, "the best configuration is whole"


def test_lone_surrogates_are_spaces_on_the_page(tmp_path):
    space = read_space({"k": ["a", "b"]})
    ended = [
        Ended(0, 0, {"k": "a"}, Measured(Status.OK, "", 1.0)),
        Ended(1, 1, {"k": "b"}, Measured(Status.FAILED, "No such file: \udcff")),
    ]
    found = Tuned(StudyPlan(space.to_json(), "rand\ud800om", {}, "maximize", 0, ""), tuple(ended))
    assert "No such file:" in found.report(tmp_path / "h.html").read_text("utf-8")


def test_the_best_so_far_is_drawn_until_the_last_trial():
    (axes,) = pages.progress(study(0.25, 0.5, math.nan, math.nan)).axes
    best = next(line for line in axes.lines if line.get_label() == "best so far")
    assert list(zip(best.get_xdata(), best.get_ydata(), strict=True)) == [(1, 0.25), (2, 0.5), (4, 0.5)]
