"""A choice whose other hyperparameters have no effect does not hold the search."""

from __future__ import annotations

from typing import Any

import pytest

from hpo_gym.optimize import form_of
from hpo_gym.problem import Status, read_space
from hpo_gym.system import Measured, Verdict
from hpo_gym.tuning.allowance import Allowance
from hpo_gym.tuning.proposals import Proposer
from hpo_gym.tuning.study import Study, StudyPlan

FLAT = {"kind": ["a", "b"], "x": (0.0, 1.0)}


def proposed(scores: list[tuple[str, float]], *, moves: bool, name: str = "gp-ei", step: float = 0.25) -> Any:
    """The proposal after trials of a kind and a score, at x = 0, `step`, ..."""
    space = read_space(FLAT)
    form = form_of(name)
    study = Study(StudyPlan(space.to_json(), form.name, dict(form.settings), "maximize", 0, ""))
    for i, (kind, score) in enumerate(scores):
        study.end(study.begin({"kind": kind, "x": i * step}), Verdict(Measured(Status.OK, "", score)), ())
    return Proposer(form, study, Allowance(9), moves=moves).next()


SITS = [("a", -1.0), *[("b", 0.0)] * 4]


@pytest.mark.parametrize(("scores", "moves"), [
    (SITS, True),
    (SITS[:4], False),  # three of them
    ([("a", -1.0), *[("b", 0.0)] * 3, ("b", -0.5)], False),  # not level
    ([("a", 1.0), *[("b", 0.0)] * 4], False),  # not the best
    ([("a", 0.0), *[("b", 0.0)] * 4], False),  # nor lower elsewhere
    ([*[("b", 0.0)] * 4, ("a", -1.0)], False),  # the last was elsewhere
])  # fmt: skip
def test_it_moves_on_from_four_level_ones_that_are_the_best(scores: list[tuple[str, float]], moves: bool) -> None:
    stays, goes = (proposed(scores, moves=on) for on in (False, True))
    assert (goes != stays) == (moves and stays["kind"] == "b")
    assert goes["kind"] == "a" if moves else goes == stays
    assert proposed(scores, moves=True, name="sobol") == proposed(scores, moves=False, name="sobol")
    assert proposed(scores, moves=True, step=0.2) == proposed(scores, moves=False, step=0.2), "a part of the range"
    if moves:
        assert stays["kind"] == "b", "it would have stayed"
        assert goes == proposed(scores, moves=True), "drawn by key"
