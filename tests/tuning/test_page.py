"""The page of a tuning: all trials, nothing from outside, every text escaped."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

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


@pytest.mark.parametrize(
    ("direction", "order"), [("maximize", ["3", "1", "4", "2"]), ("minimize", ["4", "1", "3", "2"])]
)
def test_the_table_has_all_trials_best_first_and_failures_last(direction, order):
    text = pages.page(study(0.5, math.nan, 0.75, 0.25, direction=direction))
    assert re.findall(r'<th scope="row">(\d+)</th>', text) == order


@pytest.mark.parametrize(
    ("scores", "default", "direction", "sentence"),
    [
        ((0.5, 0.75, 0.25), 0, "maximize", "After 3 trials: 0.75, the default had 0.5; the best came at trial 2."),
        ((0.5, 0.75, 0.25), 0, "minimize", "After 3 trials: 0.25, the default had 0.5; the best came at trial 3."),
        ((0.5, 0.75, 0.25), 1, "maximize", "After 3 trials: 0.75, that of the default; none was better."),
        ((0.5, math.nan), 1, "maximize", "After 2 trials: 0.5, the default had no success; the best came at trial 1."),
        ((math.nan, 0.5, 0.75), None, "maximize", "After 3 trials: 0.75, the first success had 0.5; "
                                                  "the best came at trial 3."),
        ((0.5,), None, "maximize", "After 1 trial: 0.5, that of the first success; none was better."),
        ((math.nan,), None, "maximize", "No success in 1 trial."),
        ((), None, "maximize", "No trial has ended."),
    ],
)  # fmt: skip
def test_the_first_line_says_what_was_gained(scores, default, direction, sentence):
    found = study(*scores, direction=direction)
    if default is not None:
        found.ended[default] = replace(found.ended[default], config=found.space.default)
    assert f"<h1>{sentence}</h1>" in pages.page(found)
    assert Tuned.of(found).summary().startswith(sentence)


def test_nothing_comes_from_outside_and_texts_are_escaped():
    text = pages.page(study(0.5, math.nan))
    assert "<script" not in text and "&lt;script&gt;alert(1)" in text
    assert not re.search(r"""(?:href|src)=["']?(?!["'#])""", text)
    assert not re.search(r"url\((?!#)", text)
    assert "default-src 'none'" in text


@pytest.mark.parametrize("scores", [(1.7e308, -1.7e308), (-1.7e308, 1.7e308, 0.0), (1.7e308, 1.7e308)])
def test_scores_at_the_ends_of_floating_point_are_drawn(scores):
    text = pages.page(study(*scores))
    assert text.count("<figure") == 3
    assert f"{scores[0]:.6g}" in text


def test_lone_surrogates_are_spaces_on_the_page(tmp_path):
    space = read_space({"k": ["a", "b"]})
    ended = [
        Ended(0, 0, {"k": "a"}, Measured(Status.OK, "", 1.0)),
        Ended(1, 1, {"k": "b"}, Measured(Status.FAILED, "No such file: \udcff")),
    ]
    found = Tuned(StudyPlan(space.to_json(), "rand\ud800om", {}, "maximize", 0, ""), tuple(ended))
    assert "No such file:" in found.report(tmp_path / "h.html").read_text("utf-8")
