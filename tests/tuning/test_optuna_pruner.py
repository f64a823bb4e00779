"""`HPOGymPruner`: which trials of Optuna stop, and that it is the rule of successive halving that Optuna has too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hpo_gym
from hpo_gym.base.errors import InvalidValueError, UnknownNameError

optuna = pytest.importorskip("optuna", reason="needs Optuna")


pytestmark = pytest.mark.usefixtures("quiet")


def ends(pruner: Any, curves: list[list[float]], direction: str = "minimize") -> list[int]:
    """The number of steps of each trial, which reports its curve from step 1 on, one trial after the other."""
    study = optuna.create_study(direction=direction, pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))
    out = []
    for curve in curves:
        trial, step = study.ask(), 0
        for step, value in enumerate(curve, 1):
            trial.report(value, step)
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, curve[-1])
        out.append(step)
    return out


def test_trials_stop_where_the_rule_says() -> None:
    curves = [[3.0] * 10, [2.0] * 10, [4.0] * 10, [1.0, 1.0, 9.0, *[0.0] * 7], [2.0] * 10]
    # rung 1: 3 is the only one; 2 is the best; 4 is not among the best of 3 (one goes on); 1 is; the last 2 is second
    # rung 3: 3; 2; then 9 is the worst of three
    # with rung 3 alone, 4 and 9 are worse than 2, and the last 2 is as good as the best
    assert ends(hpo_gym.HPOGymPruner("asha"), curves) == [10, 10, 1, 3, 1]
    assert ends(hpo_gym.HPOGymPruner("asha", min_steps=3), curves) == [10, 10, 3, 3, 10]


@pytest.mark.long
@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(-9, 9).map(float), min_size=9, max_size=9), min_size=1, max_size=8), st.booleans())
def test_it_is_the_successive_halving_of_optuna(curves: list[list[float]], up: bool) -> None:
    direction = "maximize" if up else "minimize"
    theirs = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    assert ends(hpo_gym.HPOGymPruner("asha", eta=2), curves, direction) == ends(theirs, curves, direction)


def test_it_may_be_asked_seldom_and_twice() -> None:
    study = optuna.create_study(direction="maximize", pruner=hpo_gym.HPOGymPruner())
    good, bad = study.ask(), study.ask()
    for step in range(1, 13):
        good.report(1.0, step)
        bad.report(0.0 if step == 9 else 1.0, step)  # worse at the rung of 9 steps alone
    assert not good.should_prune()
    assert [bad.should_prune(), bad.should_prune()] == [True, True], "rung 9 was passed since"
    bad.report(9.0, 13)
    assert not bad.should_prune(), "there is no rung at 13"


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"name": "ashaa"}, UnknownNameError, "Did you mean 'asha'"),
        ({"name": "hyperband"}, InvalidValueError, "`max_steps` must be given"),
        ({"name": "hyperband", "max_steps": 9, "eta": 1}, InvalidValueError, "`eta` .* >= 2"),
        ({"name": "asha", "max_steps": 9}, InvalidValueError, "must go with 'hyperband'"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        hpo_gym.HPOGymPruner(**arguments)
