"""`HPOGymSampler` where trials lack parameters: they count as proposed, and no two trials get the same proposal."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest
from lacking import conditional, pruned, unused

import hpo_gym
from hpo_gym import Context, Query, Trial

optuna = pytest.importorskip("optuna", reason="needs Optuna")

COMPLETE, PRUNED, FAIL = (getattr(optuna.trial.TrialState, name) for name in ("COMPLETE", "PRUNED", "FAIL"))
UNIT = optuna.distributions.FloatDistribution(0.0, 1.0)
SPACE = {"x": UNIT, "y": UNIT}
PARAMS = "hpo_gym:params"
OPTIMIZERS = ["random", "gp-ei", "ga", "auto"]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    optuna.logging.set_verbosity(before)


class Recorder:
    """Proposes random configurations, and keeps the trials that the last of its kind was told."""

    reported: ClassVar[list[Trial]] = []

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.space, self.rng = context.space, rng
        Recorder.reported = []

    def ask(self) -> Query | None:
        return Query(self.space.from_unit(self.space.sample(self.rng, 1)[0]))

    def tell(self, trial: Trial) -> None:
        Recorder.reported.append(trial)


class Fixed:
    """Proposes one and the same configuration for ever."""

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.default = context.space.default

    def ask(self) -> Query | None:
        return Query(self.default)

    def tell(self, trial: Trial) -> None:
        pass


def tried(optimizer: object, objective: Any, count: int, space: Any = SPACE, jobs: int = 1, **given: Any) -> Any:
    sampler = hpo_gym.HPOGymSampler(optimizer, space=space, seed=0, **given)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(objective, count, n_jobs=jobs, catch=(ValueError,))
    return study


def proposals(study: Any) -> list[dict[str, Any]]:
    """Of the trials that asked for a parameter; from Optuna 5 on, the others are proposed nothing."""
    return [p for t in study.get_trials(deepcopy=False) if (p := t.system_attrs.get(PARAMS))]


def distinct(found: list[dict[str, Any]]) -> int:
    return len({json.dumps(f, sort_keys=True) for f in found})


# ---------------------------------------------------------------------- ordinary objectives
OBJECTIVES: dict[str, tuple[Any, dict[str, Any], int]] = {
    "unused": (unused, SPACE, 20),
    "conditional": (conditional, {"kind": optuna.distributions.CategoricalDistribution(["a", "b"]), "x": UNIT}, 20),
    "pruned": (pruned, SPACE, 30),
}


@pytest.mark.parametrize(("optimizer", "jobs"), [*((o, 1) for o in OPTIMIZERS), ("random", 2), ("gp-ei", 2)])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_each_trial_has_a_proposal_of_its_own(name: str, optimizer: str, jobs: int) -> None:
    objective, space, count = OBJECTIVES[name]
    count = count if jobs == 1 else 12
    study = tried(optimizer, objective, count, space, jobs)
    assert distinct(proposals(study)) == count
    assert all(p[n] == v for t, p in zip(study.trials, proposals(study), strict=True) for n, v in t.params.items())


# ---------------------------------------------------------------------- what is told
@pytest.mark.parametrize("taken", [("x",), ("y",), ("x", "y"), ("other",)])
@pytest.mark.parametrize("state", [COMPLETE, PRUNED, FAIL])
def test_what_a_trial_did_not_ask_for_is_told_as_it_was_proposed(state: Any, taken: tuple[str, ...]) -> None:
    def objective(trial: Any) -> float:
        for name in taken:
            trial.suggest_float(name, 0, 1)
        if state == COMPLETE:
            return 0.5
        if state == PRUNED:
            raise optuna.TrialPruned
        raise ValueError

    study = tried(Recorder, objective, 4)
    assert [t.config for t in Recorder.reported] == proposals(study)[:3]
    assert {t.score for t in Recorder.reported} == {0.5 if state == COMPLETE else 0.0}
    assert {t.state for t in study.trials} == {state}


# ---------------------------------------------------------------------- what is known of no one
def test_trials_of_another_sampler_are_named_once_and_left_out() -> None:
    study = optuna.create_study(direction="maximize")
    study.optimize(unused, 3)
    study.add_trial(optuna.create_trial(params={"x": 0.5, "y": 0.25}, distributions=SPACE, value=1.0))
    study.add_trial(optuna.create_trial(params={"y": 0.25}, distributions={"y": UNIT}, value=1.0))
    study.sampler = hpo_gym.HPOGymSampler(Recorder, space=SPACE, seed=0)
    with pytest.warns(UserWarning, match=r"there is none for `y` \(3 trials\), `x` \(1 trial\)\.") as said:
        study.optimize(unused, 5)
    assert len(said) == 1
    own = [t.system_attrs[PARAMS] for t in study.trials[5:]]
    assert [t.config for t in Recorder.reported] == [{"x": 0.5, "y": 0.25}, *own[:-1]]
    assert distinct(own) == 5


@pytest.mark.parametrize("optimizer", ["auto", Fixed])
def test_where_nothing_can_be_told_proposals_differ_all_the_same(optimizer: Any) -> None:
    with pytest.warns(UserWarning, match=r"there is none for `x` \(1 trial\)\.") as said:
        study = tried(optimizer, lambda t: t.suggest_float("x", 5, 9) + t.suggest_float("y", 0, 1), 8)
    assert len(said) == 1
    assert distinct(proposals(study)) == 8
