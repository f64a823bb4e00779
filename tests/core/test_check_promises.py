"""`check_env` finds broken promises of the page on environments that other tests plant nowhere: one class a fault.

Seeds and tasks beside a mask, ends that are not all at once, objectives, masks that change later, what `spec` makes,
and files that stay open.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys  # noqa: F401 - registers the suites
from gymnasium.envs.registration import EnvSpec
from planted import Case, Changes, ChangesMany, faults_of, made, planting

from hpo_gym import check_env
from hpo_gym.base.errors import HPOGymError
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.runs.which import Which
from hpo_gym.env.vector import HPOVectorEnv

FAULTS: list[Case] = []
planted = planting(FAULTS)
BEGINNING = "A beginning of a vector env is not that of a single env"
OBJECTIVES = {"suite": "NASBench201", "codec": "pool", "objectives": ["score", "cost", "size"]}
WEIGHTED = {**OBJECTIVES, "weights": {"score": 1.0, "cost": 0.5, "size": 1e-7}}


# ---------------------------------------------------------------------- seeds and tasks of some runs
def are_good(seeds: Any) -> bool:
    return isinstance(seeds, list) and all(s is None or (type(s) is int and s >= 0) for s in seeds)


@planted(BEGINNING)
class ReseedsRunsWhoseSeedIsNone(HPOVectorEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        if are_good(seed) and self._seeded:
            seed = [17 if s is None else s for s in seed]
        return super().reset(seed=seed, options=options)


class OfSome(HPOVectorEnv):
    """Does otherwise where a mask says which runs begin."""

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        mask = options.get("reset_mask") if isinstance(options, dict) else None
        some = isinstance(mask, np.ndarray) and mask.dtype == bool and mask.shape == (self.num_envs,) and mask.any()
        if some and self._seeded:
            seed, options = self.otherwise(seed, dict(options))
        return super().reset(seed=seed, options=options)

    def otherwise(self, seed: Any, options: Any) -> Any:
        raise NotImplementedError


@planted(BEGINNING)
class SeedsTheFirstRunsInsteadOfThoseThatBegin(OfSome):
    def otherwise(self, seed: Any, options: Any) -> Any:
        if are_good(seed) and len(seed) == options["reset_mask"].sum():
            self._seed(seed, Which.of(np.arange(len(seed))))
            seed = None
        return seed, options


@planted("is not the task of the episodes that it begins")
class DealsTasksFromTheLastRunOn(OfSome):
    def otherwise(self, seed: Any, options: Any) -> Any:
        if isinstance(options.get("task"), list):
            options["task"] = options["task"][::-1]
        return seed, options


# ---------------------------------------------------------------------- ends
@planted("`_final_obs` is not who has ended", autoreset_mode="SAME_STEP")
class SaysThatAllHaveEndedWhereSomeHave(ChangesMany):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        if "_final_obs" in infos:
            infos["_final_obs"] = infos["_final_info"] = np.ones(self.num_envs, bool)
        return *rest, infos


# ---------------------------------------------------------------------- objectives
@planted("`info['objectives']` is not", **WEIGHTED)
class TellsObjectivesInTheWrongOrder(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, info = parts
        return *rest, {**info, "objectives": info["objectives"][::-1]} if "objectives" in info else info


@planted("`info['objectives']` differs", **WEIGHTED)
class TellsObjectivesOfManyInTheWrongOrder(ChangesMany):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        infos["objectives"] = infos["objectives"][:, ::-1].copy()
        return *rest, infos


@planted("is not the weighted sum of the objectives", **WEIGHTED)
class WeighsTheCostAsAGain(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, *rest, info = parts
        return obs, reward + 2 * 0.5 * float(info["objectives"][1]), *rest, info


@planted("lacks ['objectives']", **WEIGHTED)
class TellsNoObjectives(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, info = parts
        return *rest, {k: v for k, v in info.items() if k != "objectives"}


# ---------------------------------------------------------------------- masks
class Live:
    """Hands out one array of masks, which it writes again."""

    kept: Any = None

    def action_masks(self) -> Any:
        now = super().action_masks()  # type: ignore[misc]
        if self.kept is None:
            self.kept = now.copy()
        self.kept[...] = now
        return self.kept


@planted("Masks that were handed out change with later steps", codec="pool", duplicates="mask")
class HandsOutLiveMasks(Live, HPOEnv):
    pass


@planted("Masks that were handed out change with later steps", codec="pool", duplicates="mask")
class HandsOutLiveMasksOfMany(Live, HPOVectorEnv):
    pass


# ---------------------------------------------------------------------- what `spec` makes
def with_spec(env: Any, vector: bool, **keywords: Any) -> Any:
    """An env whose `spec` says that it was made with keywords."""
    env.spec = EnvSpec(
        "hpo_gym/HPO-v0", "hpo_gym.env:HPOEnv", kwargs=keywords, vector_entry_point="hpo_gym.env:HPOVectorEnv"
    )
    if vector:
        env.spec.kwargs |= {"num_envs": env.num_envs, "vectorization_mode": "vector_entry_point"}
    return env


@planted("`gym.make(env.spec)` makes another env")
class LosesItsKeywords(HPOEnv):
    def __new__(cls, **keywords: Any) -> Any:
        return with_spec(HPOEnv(**keywords), False, suite=keywords["suite"])


@planted("`gym.make(env.spec)` makes another env")
class IsOfAnotherSuiteThanItsId(HPOEnv):
    def __new__(cls, **keywords: Any) -> Any:
        env = with_spec(HPOEnv(**keywords), False, **{**keywords, "suite": "SVM"})
        env.spec.id = "hpo_gym/SVM-v0"
        return env


@planted("`env.spec` does not come back from its JSON")
class ForgetsItsJSON(HPOEnv):
    def __new__(cls, **keywords: Any) -> Any:
        env = with_spec(HPOEnv(**keywords), False, **keywords)
        env.spec.__class__ = Forgetful
        return env


class Forgetful(EnvSpec):
    """A spec whose JSON lacks the keywords."""

    def to_json(self) -> str:
        return EnvSpec(self.id, self.entry_point).to_json()


@planted("The keywords of `env.spec` make another env", n_init=2)
class IgnoresTheInitialDesign(HPOEnv):
    def __init__(self, **keywords: Any) -> None:
        HPOEnv.__init__(self, **{**keywords, "n_init": 0})
        self.spec = EnvSpec("hpo_gym/HPO-v0", type(self), kwargs=keywords)


@planted("`gym.make_vec(env.spec)` makes another env")
class LosesItsKeywordsOfMany(HPOVectorEnv):
    def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
        return with_spec(HPOVectorEnv(*arguments, **keywords), True, suite=keywords["suite"])


# ---------------------------------------------------------------------- statistics
@planted("The statistics of meta-train that are shown are not those", scores="global")
class HasStatisticsOfItsOwnTasks(HPOEnv):
    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        contexts = self.kernel.contexts
        object.__setattr__(contexts, "scale", replace(contexts.scale, mean=contexts.scale.mean + 0.1))


# ---------------------------------------------------------------------- files
class Leaks:
    """Opens a file at each reset, and closes none."""

    def reset(self, **keywords: Any) -> Any:
        os.open(Path(__file__), os.O_RDONLY)
        return super().reset(**keywords)  # type: ignore[misc]


@planted("files open")
class LeavesAFileOpenAtEachReset(Leaks, HPOEnv):
    pass


@planted("files open")
class LeavesAFileOpenAtEachResetOfMany(Leaks, HPOVectorEnv):
    pass


# ---------------------------------------------------------------------- infos
@planted("The info of `reset` tells ['score']")
class TellsAScoreBeforeTheFirstTrial(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        obs, info = super().reset(**keywords)
        return obs, info | {"score": 0.0}


@planted("To overwrite what was handed out changes later steps", suite="ToyFormulas")
class HandsOutScoresThatItGoesOnWith(ChangesMany):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        self.kernel.runs.best = infos["incumbent_score"] = infos["incumbent_score"].copy()
        return *rest, infos


# ---------------------------------------------------------------------- keywords
class Takes:
    """Takes what it should refuse."""

    def __init__(
        self, suite: Any = "ToyPlain", *, split: Any = "train", task: Any = None, fold: Any = None, reward: Any = None,
        **keywords: Any,
    ) -> None:  # fmt: skip
        given = {"split": split, "task": task, "fold": fold, "reward": reward, **keywords}
        super().__init__(suite, **self.good(given))  # type: ignore[call-arg]

    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError


@planted("The keyword 'bugdet': is accepted")
class TakesAnyKeyword(Takes, HPOEnv):
    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name != "bugdet"}


@planted("The refusal of the observer 'lasst' does not offer 'last'")
class OffersNoName(Takes, HPOEnv):
    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("observer") == "lasst":
            raise HPOGymError("No such observer.")
        return given


@planted("A budget of 0: is accepted")
class TakesNoBudget(Takes, HPOEnv):
    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        return {**given, "budget": given.get("budget") or 5}


@planted("A budget in cost of 0: is accepted")
class TakesNoBudgetInCost(Takes, HPOEnv):
    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name != "budget_cost" or value}


@planted("Two budgets: is accepted")
class TakesTwoBudgets(Takes, HPOEnv):
    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name != "budget_cost" or "budget" not in given}


@planted("`objectives` beside a budget in cost: is accepted")
class TakesObjectivesBesideABudgetInCost(Takes, HPOEnv):
    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name != "budget_cost" or "objectives" not in given}


@planted("`checkpoints` without a budget in cost: is accepted")
class TakesCheckpointsWithoutABudgetInCost(Takes, HPOEnv):
    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name != "checkpoints"}


@planted("A constraint that nothing keeps: is accepted")
class TakesConstraintsThatNothingKeeps(Takes, HPOEnv):
    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name != "constraints"}


@planted("The codec 'pool' on tasks without a pool: is accepted", suite="ToyFormulas")
class TakesAPoolWhereThereIsNone(Takes, HPOEnv):
    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        return {**given, "codec": "box" if given.get("codec") == "pool" else given.get("codec")}


@planted("A budget in cost where none was measured: is accepted", suite="ToyFormulas")
class TakesABudgetInCostWhereThereIsNone(Takes, HPOEnv):
    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name != "budget_cost" or not value}


# ---------------------------------------------------------------------- all are found
@pytest.mark.parametrize(("kind", "words", "keywords"), FAULTS, ids=[kind.__name__ for kind, *_ in FAULTS])
@pytest.mark.long
def test_a_planted_fault_is_found_and_named(kind, words, keywords):
    faults = faults_of(made(kind, keywords))
    assert any(words in fault for fault in faults), faults


@pytest.mark.long
@pytest.mark.parametrize("base", [HPOEnv, HPOVectorEnv])
def test_the_env_without_a_fault_passes_where_the_others_do_not(base):
    for keywords in {repr(k): k for kind, _, k in FAULTS if issubclass(kind, base)}.values():
        check_env(made(base, keywords), processes=False, render=False)
