"""Importances of hyperparameters and parallel coordinates: known answers, and what the page shows without them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

from hpo_gym.base import MissingExtraError
from hpo_gym.bench import BAD, FIFTHS, INK
from hpo_gym.problem import SearchSpace, Status
from hpo_gym.system import Measured
from hpo_gym.tuning.importances import importances
from hpo_gym.tuning.page import page
from hpo_gym.tuning.parallel import parallel
from hpo_gym.tuning.study import Ended, Study, StudyPlan
from hpo_gym.tuning.tuned import Tuned

SPACE = ConfigurationSpace()
SPACE.add(
    Float("rate", (1e-4, 1.0), log=True), Integer("depth", (1, 9)), Categorical("kind", ["plain", "<deep>"]),
    Float("drop", (0.0, 0.5)), Categorical("one", ["only"]),
)  # fmt: skip
SPACE.add(EqualsCondition(SPACE["drop"], SPACE["kind"], "<deep>"))


def study(n: int, direction: str = "maximize", lost: int = 0) -> Study:
    """A study of random trials whose score depends on `rate` alone, the last ones without success."""
    space, rng = SearchSpace(SPACE), np.random.default_rng(0)
    sign = -1.0 if direction == "minimize" else 1.0
    ended = []
    for i in range(n):
        config = space.from_unit(space.sample(rng, 1)[0])
        good = Measured(Status.OK, "", -sign * (np.log10(config["rate"]) + 2.0) ** 2)
        ended.append(Ended(i, i, config, Measured(Status.FAILED, "boom") if i >= n - lost else good))
    return Study(StudyPlan(space.to_json(), "random", {}, direction, 0, ""), ended)


def by_name(s: Study) -> dict[str, Any]:
    return {h.name: h for h in s.space.hyperparameters}


# ---------------------------------------------------------------------- importances
@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_what_alone_decides_is_the_most_important(direction: str) -> None:
    pytest.importorskip("optuna", reason="needs Optuna")
    found = Tuned.of(study(60, direction)).importances()
    assert next(iter(found)) == "rate" and found["rate"] > 0.5
    assert sum(found.values()) == pytest.approx(1.0) and list(found.values()) == sorted(found.values(), reverse=True)
    assert set(found) <= {"rate", "depth", "kind", "drop"}, "one with a single value is no matter"


def test_few_successes_or_equal_scores_say_nothing() -> None:
    pytest.importorskip("optuna", reason="needs Optuna")
    assert importances(study(20, lost=6)) == {} and importances(study(15)) != {}
    equal = study(20)
    equal.ended[:] = [Ended(e.number, e.order, e.config, Measured(Status.OK, "", 1.0)) for e in equal.ended]
    assert importances(equal) == {}
    assert "15 successes with different scores show importances." in page(equal)


def test_without_optuna_the_page_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hpo_gym.base.registry._importable", lambda package: package != "optuna")
    with pytest.raises(MissingExtraError, match=r"hpo-gym\[optuna\]"):
        Tuned.of(study(20)).importances()
    text = page(study(20))
    assert "hpo-gym[optuna]" in text and text.count("<figure") == 3 and "Importance" not in text


# ---------------------------------------------------------------------- parallel coordinates
def trials(*told: tuple[dict[str, Any], float | None]) -> Study:
    ended = [
        Ended(i, i, {"one": "only", **c}, Measured(Status.FAILED, "boom") if s is None else Measured(Status.OK, "", s))
        for i, (c, s) in enumerate(told)
    ]
    return Study(StudyPlan(SearchSpace(SPACE).to_json(), "random", {}, "minimize", 0, ""), ended)


def test_a_trial_is_a_line_through_its_values_in_the_colour_of_its_score() -> None:
    known = trials(
        ({"rate": 0.01, "depth": 5, "kind": "plain"}, 2.0), ({"rate": 1.0, "depth": 1, "kind": "plain"}, 3.0),
        ({"rate": 1e-4, "depth": 9, "kind": "plain"}, None),
    )  # fmt: skip
    h = by_name(known)
    figure = parallel(known, [h["rate"], h["depth"], h["kind"]], "about")
    drawn = {line.get_color(): line.get_xdata() for line in figure.axes[0].lines if len(line.get_xdata()) == 4}
    assert drawn[BAD].tolist()[:3] == [0.0, 1.0, 0.25], "logarithmic; choices in the middle of their share"
    assert drawn[FIFTHS[0]].tolist()[:3] == [1.0, 0.0, 0.25], "the worst of a loss"
    assert drawn[FIFTHS[4]].tolist()[:3] == drawn[INK].tolist()[:3] == [0.5, 0.5, 0.25]
    texts = [t.get_text() for t in figure.axes[0].texts]
    assert [t for t in ("0.0001", "0.001", "0.1", "1", "5", "plain", "<deep>") if t not in texts] == []
    assert {"2", "3", "without success"} <= {t.get_text() for t in figure.axes[1].texts}


def test_a_trial_without_a_hyperparameter_passes_left_of_its_axis() -> None:
    known = trials(
        ({"rate": 1.0, "depth": 5, "kind": "plain"}, 2.0),
        ({"rate": 1.0, "depth": 5, "kind": "<deep>", "drop": 0.5}, 3.0),
        ({"rate": 1.0, "depth": 5, "kind": "<deep>", "drop": 0.0}, 4.0),
    )  # fmt: skip
    figure = parallel(known, [by_name(known)["drop"]], "about")
    axes = figure.axes[0]
    drawn = [float(x) for line in axes.lines if line.get_color() in (*FIFTHS, INK) for x in line.get_xdata()[:-1:2]]
    assert sorted(drawn) == [0.0, 0.0, pytest.approx(0.07), 1.0], "off is the best, drawn twice"
    texts = [t.get_text() for t in figure.axes[0].texts]
    assert texts.count("off") == 2, "at the axis, and as the value of the best"
