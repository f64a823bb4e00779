"""`check_env` finds wrong accounts of budgets in cost, checkpoints, constraints, failures, and of special suites."""

from typing import Any

import numpy as np
import pytest
import toys
from gymnasium.envs.registration import EnvSpec
from planted import Case, Changes, ChangesMany, faults_of, made, planting

from hpo_gym import check_env
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.rewards.regret import Regret
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.suites.own.suite import table_suite

FAULTS: list[Case] = []
planted = planting(FAULTS)
GAPPY: dict[str, Any] = {"suite": "ToyGappy", "budget": 6, "codec": "pool"}
COST: dict[str, Any] = {"suite": "ToyGappy", "budget": None, "budget_cost": 3}
CONSTRAINED: dict[str, Any] = {"suite": "NASBench201", "codec": "pool", "constraints": {"size": 4e5}}


def cumulative() -> Any:
    """A table whose trainings pass through all fidelities; its costs rise with them."""
    rng, space = np.random.default_rng(5), toys.conditional_space()
    scores, costs = rng.random((8, 12, 3)), np.array([1.0, 3.0, 9.0]) * rng.uniform(0.5, 1.5, (8, 12, 1))
    return table_suite(
        "Cumulative", space, space.sample(rng, 12), scores, costs=costs, fidelities=toys.LEVELS, tasks=toys.NAMES,
        splits=toys.SPLITS, cumulative=True,
    )  # fmt: skip


def failing() -> Any:
    """A table where every other configuration fails; many successes are below what failures have."""
    rng, space = np.random.default_rng(6), toys.conditional_space()
    scores = rng.random((8, 16)) + 3.0 * (np.arange(8) % 2)[:, None]
    scores[:, ::2] = -np.inf
    return table_suite("Failing", space, space.sample(rng, 16), scores, tasks=toys.NAMES, splits=toys.SPLITS)


KEPT: dict[str, Any] = {
    "suite": cumulative(), "budget": None, "budget_cost": 3, "codec": {"name": "pool", "fidelity": True}
}  # fmt: skip


class Reported(Changes):
    """Tells other things of some trials."""

    def changed(self, *parts: Any) -> Any:
        *rest, info = parts
        return *rest, {**info, **self.otherwise(info)}

    def otherwise(self, info: Any) -> dict[str, Any]:
        raise NotImplementedError


# ---------------------------------------------------------------------- budgets in cost
@planted("`info['status']` is not what the task gives", **COST)
class TellsACutTrialAsASuccess(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"status": "ok"} if info["status"] == "timeout" else {}


@planted("`info['score']` is not what the task gives", **COST)
class TellsTheScoreOfACutTrial(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        if info["status"] != "timeout":
            return {}
        return {"score": self.suite.task(info["task"]).run(info["config"]).score + 1e-3}


@planted("`info['cost']` is not what the task gives", **COST)
class ChargesACutTrialInFull(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"cost": self.suite.task(info["task"]).run(info["config"]).cost} if info["status"] == "timeout" else {}


@planted("An episode ends with", **COST)
class CountsInHalfUnits(Changes):
    paid = 0.0

    def reset(self, **keywords: Any) -> Any:
        self.paid = 0.0
        return super().reset(**keywords)

    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info = parts
        self.paid += 2 * info["cost"] / self.suite.task(info["task"]).cost_unit
        return obs, reward, terminated or self.paid >= 3, truncated, info


@planted("An episode ends with", **COST)
class EndsAfterFourTrials(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info = parts
        return obs, reward, terminated or info["t"] >= 4, truncated, info


@planted("An episode ends with", n_init=3, **COST)
class ChargesForGivenPointsInCost(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info = parts
        unit = self.suite.task(info["task"]).cost_unit
        return obs, reward, terminated or sum(self.history().costs) / unit >= 3, truncated, info


@planted("is not the negative regret over what is left of the budget", reward="regret_rate",
         codec={"name": "box", "stop": True}, **COST)  # fmt: skip
class PaysNothingForTheRest(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, *rest, info = parts
        return obs, reward if "score" in info else 0.0, *rest, info


@planted("An episode goes on after its budget", **COST)
class GoesOnAfterACutTrial(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, *rest, info = parts
        return obs, reward, terminated and info["status"] != "timeout", *rest, info


# ---------------------------------------------------------------------- checkpoints
@planted("`info['cost']` is not what the task gives", **KEPT, checkpoints=True)
class PaysInFullAboveACheckpoint(HPOEnv):
    def __init__(self, **keywords: Any) -> None:
        super().__init__(**{**keywords, "checkpoints": False})
        object.__setattr__(self.kernel.contexts, "continued", np.ones(len(self.kernel.batch.tasks), bool))


@planted("`info['cost']` is not what the task gives", **KEPT, checkpoints=True)
class SparesTheSameFidelity(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        same = [t for t in self.history() if (dict(t.config), t.fidelity) == (info["config"], info["fidelity"])]
        return {"cost": 0.0} if len(same) > 1 else {}


@planted("`info['cost']` is not what the task gives", **KEPT, checkpoints=True)
class SparesLessThanACheckpoint(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        above = [t for t in self.history()[:-1] if dict(t.config) == info["config"] and t.fidelity > info["fidelity"]]
        return {"cost": 0.0} if above else {}


@planted("`info['cost']` is not what the task gives", **KEPT, checkpoints=True, n_init=3)
class GoesOnFromGivenPoints(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        given = [dict(t.config) for t in self.history()[:3]]
        return {"cost": info["cost"] / 2} if info["config"] in given or info["t"] == 5 else {}


# ---------------------------------------------------------------------- constraints
@planted("`info['status']` is not what the task gives", **CONSTRAINED)
class TellsWhatBreaksAConstraintAsASuccess(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"status": "ok"} if info["status"] == "infeasible" else {}


@planted("`info['score']` is not what the task gives", **CONSTRAINED)
class TellsTheScoreOfWhatBreaksAConstraint(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"score": 99.0} if info["status"] == "infeasible" else {}


@planted("The incumbent is not the best trial so far", **CONSTRAINED)
class KeepsWhatBreaksAConstraint(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"incumbent": dict(info["config"])} if info["status"] == "infeasible" else {}


@planted("`info['cost']` is not what the task gives", **CONSTRAINED)
class DoesNotChargeWhatBreaksAConstraint(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"cost": 0.0} if info["status"] == "infeasible" else {}


@planted("`info['objectives']` is not", **CONSTRAINED)
class TellsNoNumbersOfWhatBreaksAConstraint(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"objectives": info["objectives"] * np.nan} if info["status"] == "infeasible" else {}


@planted("`gym.make(env.spec)` makes another env", **CONSTRAINED)
class HasAnotherBound(HPOEnv):
    def __new__(cls, **keywords: Any) -> Any:
        env = HPOEnv(**{**keywords, "constraints": {"size": 1.2e5}})
        env.spec = EnvSpec("hpo_gym/HPO-v0", "hpo_gym.env:HPOEnv", kwargs=keywords)
        return env


class RegretOfAll(Regret):
    """As if the best of all were the best of what is feasible."""

    def judge(self, contexts: Any, runs: Any, oracle: Any) -> Any:
        return super().judge(contexts, runs, oracle) * 0.5 - 0.5

    def judge_one(self, contexts: Any, runs: Any, oracle: Any) -> float:
        return super().judge_one(contexts, runs, oracle) * 0.5 - 0.5


@planted("is not the negative regret", reward=RegretOfAll(), **CONSTRAINED)
class HasTheRegretOfWhatIsNotFeasible(HPOEnv):
    pass


# ---------------------------------------------------------------------- failures
@planted("`info['score']` is not what the task gives", **GAPPY)
class ServesFailuresAConstant(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"score": -1.0} if info["status"] == "failed" else {}


@planted("`info['score']` is not a finite Python float", **GAPPY)
class ServesFailuresNothing(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"score": float("nan")} if info["status"] == "failed" else {}


@planted("The incumbent is not the best trial so far", **GAPPY)
class KeepsAFailureBesideASuccess(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"incumbent": dict(info["config"])} if info["status"] == "failed" and info["t"] > 1 else {}


@planted("The incumbent's score is", suite=failing(), budget=8)
class NeverLowersTheIncumbent(Reported):
    best = -np.inf

    def reset(self, **keywords: Any) -> Any:
        self.best = -np.inf
        return super().reset(**keywords)

    def otherwise(self, info: Any) -> dict[str, Any]:
        self.best = max(self.best, info["incumbent_score"], info["score"])
        return {"incumbent_score": self.best}


class RegretOfFailures(Regret):
    """Nothing where nothing has succeeded."""

    def judge(self, contexts: Any, runs: Any, oracle: Any) -> Any:
        return np.where(np.isneginf(runs.reached), 0.0, super().judge(contexts, runs, oracle))

    def judge_one(self, contexts: Any, runs: Any, oracle: Any) -> float:
        return float(self.judge(contexts, runs, oracle).item())


@planted("is not the negative regret", reward=RegretOfFailures(), **GAPPY)
class HasNoRegretOfFailures(HPOEnv):
    pass


# ---------------------------------------------------------------------- special suites
@planted("is not one of the env's split", suite="SVM,Linear")
class NamesTasksWithoutTheirSuite(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        obs, info = super().reset(**keywords)
        return obs, info | {"task": info["task"].split("/")[1]}


@planted(" evaluates ", suite="SVM,Linear")
class ReadsTheLastColumns(HPOEnv):
    def step(self, action: Any) -> Any:
        good = isinstance(action, np.ndarray) and action.shape == self.action_space.shape and action.dtype == np.float32
        return super().step(action[::-1].copy() if good else action)


@planted("not what the task gives", suite="SVM:surrogate")
class AddsNoiseToASurrogate(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"score": info["score"] + 1e-6 * info["t"]}


@planted("`info['config']` is not what the task gives", suite="SVM:surrogate")
class TellsTheRowOfATable(Reported):
    def otherwise(self, info: Any) -> dict[str, Any]:
        return {"config": {k: round(v, 3) if isinstance(v, float) else v for k, v in info["config"].items()}}


@planted("An episode that was restored goes on otherwise than before", suite="Trainings", budget=None)
class RestoresNothing(HPOEnv):
    def restore(self, data: bytes) -> Any:
        return self.kernel.observe()[0]


@planted("A snapshot of a run whose trials do not go on from each other: is accepted")
class HasSnapshotsOfATable(HPOEnv):
    def snapshot(self) -> bytes:
        return b"nothing"


@planted("An episode that was restored goes on otherwise than before", suite="Trainings", budget=None)
class RestoresNothingOfMany(HPOVectorEnv):
    def restore(self, i: int, data: bytes) -> None:
        pass


@planted("of a vector env is not that of a single env", **CONSTRAINED)
class TellsObjectivesOfNeighbours(ChangesMany):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        infos["objectives"] = np.roll(infos["objectives"], 1, 0)
        return *rest, infos


# ---------------------------------------------------------------------- all are found
@pytest.mark.parametrize(("kind", "words", "keywords"), FAULTS, ids=[kind.__name__ for kind, *_ in FAULTS])
@pytest.mark.long
def test_a_planted_fault_is_found_and_named(kind, words, keywords):
    faults = faults_of(made(kind, keywords))
    assert any(words in fault for fault in faults), faults


CLEAN = list({repr(k): k for _, _, k in FAULTS if not isinstance(k.get("reward"), Regret)}.values())


@pytest.mark.long
@pytest.mark.parametrize("keywords", CLEAN, ids=[f"{i}" for i in range(len(CLEAN))])
@pytest.mark.parametrize("base", [HPOEnv, HPOVectorEnv])
def test_the_env_without_a_fault_passes_where_the_others_do_not(base, keywords):
    check_env(made(base, keywords), processes=False, render=False)
