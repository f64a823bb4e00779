"""One verdict of a trial at all doors: the incumbent is feasible and ran to its end, and a prior begins with it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest

import hpo_gym
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.space.forms import read_space
from hpo_gym.problem.trial import Query, Status, Trial
from hpo_gym.system.jobs.measured import Measured, verdict
from hpo_gym.tuning.allowance import Allowance
from hpo_gym.tuning.arguments import ready
from hpo_gym.tuning.earlier import earlier_tasks
from hpo_gym.tuning.proposals import Proposer
from hpo_gym.tuning.study import Ended, Study, StudyPlan
from hpo_gym.tuning.tuned import Tuned

optuna = pytest.importorskip("optuna")
optuna.logging.set_verbosity(optuna.logging.ERROR)

SPACE = {"x": (0.0, 1.0)}
PLACES = (0.25, 0.875, 0.4375, 0.75, 0.5, 0.0)  # the score is x, and more than a half breaks the constraint
BEST = 0.5


class Listener:
    """Proposes the places, and keeps what it is told."""

    reported: ClassVar[list[Trial]] = []

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.reported.clear()
        self.left = list(PLACES)

    def ask(self) -> Query:
        return Query({"x": self.left.pop(0)})

    def tell(self, trial: Trial) -> None:
        self.reported.append(trial)


def bounded(config: Mapping[str, Any]) -> dict[str, Any]:
    return {"score": config["x"], "constraints": [-1.0, config["x"] - 0.5]}


# ---------------------------------------------------------------------- the function
@pytest.mark.parametrize(
    ("constraints", "stopped", "status"),
    [
        ((), False, Status.OK),
        ((0.0, -2.0), False, Status.OK),
        ((-2.0, 1e-9), False, Status.INFEASIBLE),
        ((), True, Status.STOPPED),
        ((0.0,), True, Status.STOPPED),
        ((3.0,), True, Status.INFEASIBLE),
    ],
)
def test_a_success_ran_to_its_end_and_met_each_constraint(
    constraints: tuple[float, ...], stopped: bool, status: Status
) -> None:
    found = verdict(Measured(Status.OK, "", 0.5, constraints=constraints), stopped=stopped)
    assert (found.status, found.score) == (status, 0.5)
    assert bool(found.reason) == (status is not Status.OK)


# ---------------------------------------------------------------------- what optimizers are told
@pytest.mark.parametrize(
    ("scores", "reported"),
    [
        ([None, None], [0.0, 0.0]),
        ([None, 3.0, None], [2.997, 3.0, 2.997]),  # a thousandth of the only success less
        ([None, 0.5, None], [0.499, 0.5, 0.499]),  # at least a thousandth of 1
        ([None, -3.0, -7.0, None, -2.0], [-7.0, -3.0, -7.0, -7.0, -2.0]),
        ([None, 3.0, 5.0, 2.0, None], [3.0, 3.0, 5.0, 2.0, 2.0]),  # 3 is the median of 2, 3 and 5
        ([None, 3.0, 5.0, 2.0, None, 1.0], [1.0, 3.0, 5.0, 2.0, 1.0, 1.0]),  # and above the lower one of 1, 2, 3, 5
    ],
)
def test_scores_of_what_is_no_success_by_hand(scores: list[float | None], reported: list[float]) -> None:
    plan = StudyPlan(read_space(SPACE).to_json(), "random", {}, "maximize", 0, "")
    measured = [Measured(Status.FAILED) if s is None else Measured(Status.OK, score=s) for s in scores]
    study = Study(plan, [Ended(i, i, {"x": 0.5}, m) for i, m in enumerate(measured)])
    form, _ = ready("random")
    assert [t.score for t in Proposer(form, study, Allowance(9)).trials()] == pytest.approx(reported, abs=1e-12)


# ---------------------------------------------------------------------- doors
def of_tune(folder: Path) -> Tuned:
    return hpo_gym.tune(bounded, SPACE, optimizer=Listener, budget=6, seed=0)


def of_file(folder: Path) -> str:
    of_tune(folder).trials().to_csv(folder / "trials.csv", index=False)
    return str(folder / "trials.csv")


def study_of(sampler: Any) -> Any:
    study = optuna.create_study(direction="maximize", sampler=sampler, study_name="bounded")
    for x in PLACES:
        study.enqueue_trial({"x": x})
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=len(PLACES))
    return study


def broken(trial: Any) -> tuple[float, ...]:
    return (-1.0, trial.params["x"] - 0.5)


def of_optuna(folder: Path) -> Any:
    return study_of(optuna.samplers.TPESampler(constraints_func=broken, seed=0))


DOORS: tuple[Callable[[Path], Any], ...] = (of_tune, of_file, of_optuna)


@pytest.mark.long
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_the_best_of_a_prior_is_feasible_and_the_next_tuning_begins_there(
    door: Callable[[Path], Any], tmp_path: Path
) -> None:
    prior = door(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of trials that are left out
        (known,) = earlier_tasks(prior, read_space(SPACE))
        again = hpo_gym.tune(bounded, SPACE, prior=prior, optimizer="gp-warm", budget=1, seed=0)
    good = (known.status == Status.OK) & np.isfinite(known.score)
    assert sorted(known.score[good]) == [0.0, 0.25, 0.4375, BEST]
    assert again.ended[0].config == {"x": BEST}


@pytest.mark.long
def test_the_incumbent_of_a_tuning_is_the_same_everywhere() -> None:
    found = of_tune(Path())
    incumbent = found.history.incumbent
    assert incumbent is not None
    assert found.best_config == dict(incumbent.config) == {"x": BEST}
    assert found.best_score == incumbent.score == found.suite().task("tuned").best == BEST
    assert found.evaluations().status.tolist() == [0, 7, 0, 7, 0, 0]
    assert found.trials()["status"].tolist() == ["ok", "infeasible", "ok", "infeasible", "ok", "ok"]
    assert "4 ok, 2 infeasible" in found.summary()


@pytest.mark.parametrize("guard", [False, pytest.param(True, marks=pytest.mark.long)])
def test_the_incumbent_of_a_live_env_is_feasible(guard: bool) -> None:
    env = gym.make("hpo_gym/Live-v0", objective=bounded, space=SPACE, guard=guard, budget=6, codec="box")
    _, info = env.reset(seed=0)
    seen = []
    for x in PLACES:
        *_, info = env.step(np.array([2 * x - 1], np.float32))
        seen.append(info["status"])
    env.close()
    assert seen == ["ok", "infeasible", "ok", "infeasible", "ok", "ok"]
    assert (info["incumbent"]["x"], info["incumbent_score"]) == (BEST, BEST)
