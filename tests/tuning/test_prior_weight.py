"""The weight of earlier tasks that an optimizer tells: kept with each trial, and shown wherever a tuning is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hpo_gym import Context, Evaluations, Query, Trial
from hpo_gym.optimize import form_of
from hpo_gym.problem import Status, read_space
from hpo_gym.system import Measured, Verdict
from hpo_gym.tuning.allowance import Allowance
from hpo_gym.tuning.proposals import Proposer
from hpo_gym.tuning.stored_study import opened, read
from hpo_gym.tuning.study import Study, StudyPlan
from hpo_gym.tuning.tuned import Tuned

SPACE = {"x": (0.0, 1.0), "prior_weight": (0.0, 1.0)}
EARLIER = Evaluations("a", "a", np.eye(2), np.arange(2.0), np.ones(2), np.zeros(2, np.int8))


class Fades:
    """Proposes at random; its weight of earlier tasks is 1 / (1 + trials), and unknown for the first proposal."""

    prior_weight: float | None = None

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.space, self.rng, self.reported = context.space, rng, 0

    def ask(self) -> Query:
        self.prior_weight = 1 / (1 + self.reported) if self.reported else None
        return Query(self.space.from_unit(self.rng.random(2)))

    def tell(self, trial: Trial) -> None:
        self.reported += 1


def score(config: dict[str, Any]) -> float:
    return float(config["x"])


def plan() -> StudyPlan:
    return StudyPlan(read_space(SPACE).to_json(), "fades", {}, "maximize", 0, "", matched="1 of 2 matched")


def run(study: Study, trials: int, prior: tuple[Evaluations, ...] = (EARLIER,)) -> None:
    proposer = Proposer(form_of(Fades), study, Allowance(9), prior)
    for _ in range(trials):
        number = proposer.begin()
        assert number is not None
        study.end(number, Verdict(Measured(Status.OK, "", score(dict(study.begun[number])))), ())


def test_the_weight_of_each_proposal_is_kept_and_said() -> None:
    study = Study(plan())
    run(study, 3)
    assert [e.prior_weight for e in study.ended] == [None, 1 / 2, 1 / 3]
    assert study.said("why") == "why, prior weight 0.33 at trial 3"
    tuned = Tuned.of(study)
    assert "\nfades: 1 of 2 matched, prior weight 0.33 at trial 3" in tuned.summary()
    frame = tuned.trials()
    assert list(frame)[-3:] == ["prior_weight", "x", "params_prior_weight"]
    assert frame["prior_weight"].tolist()[1:] == [1 / 2, 1 / 3] and pd.isna(frame["prior_weight"][0])


def test_a_stored_study_keeps_the_weights_of_ended_and_begun_trials(tmp_path: Path) -> None:
    with opened(tmp_path, plan(), resume=False) as study:
        run(study, 2)
        assert Proposer(form_of(Fades), study, Allowance(9), (EARLIER,)).begin() == 2
    found = read(tmp_path)
    assert [e.prior_weight for e in found.ended] == [None, 1 / 2] and found.weights == {2: 1 / 3}
    with opened(tmp_path, plan(), resume=True) as study:
        study.end(2, Verdict(Measured(Status.OK, "", 1.0)), ())
    assert read(tmp_path).ended[2].prior_weight == 1 / 3 and read(tmp_path).weights == {}


def test_a_sampler_stores_it_with_optunas_trial(quiet: None) -> None:
    optuna = pytest.importorskip("optuna", reason="needs Optuna")
    from hpo_gym import HPOGymSampler

    sampler = HPOGymSampler(Fades, space=read_space(SPACE), prior=EARLIER, seed=0)
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda t: t.suggest_float("x", 0, 1) + t.suggest_float("prior_weight", 0, 1), n_trials=3)
    told = [t.system_attrs.get("hpo_gym:prior_weight") for t in study.trials]
    assert told == [None, 1 / 2, 1 / 3] and sampler.prior_weight == 1 / 3
    assert study.trials_dataframe()["system_attrs_hpo_gym:prior_weight"][1] == 0.5
