"""`check_env` finds what an env has in addition to the plain one: one class a fault."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import toys  # noqa: F401 - registers the suites
from planted import Case, Changes, ChangesMany, faults_of, planting

from hpo_gym import check_env
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.vector import HPOVectorEnv

FAULTS: list[Case] = []
planted = planting(FAULTS)
KEPT: list[Any] = []


@planted("The info of `step` has a key that is none of ours: 'test_score'")
class TellsATestScore(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, info = parts
        return *rest, {**info, "test_score": 0.5}


@planted("The info of `step` has a key that is none of ours: 'test_score'")
class TellsATestScoreOfMany(ChangesMany):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        return *rest, {**infos, "test_score": np.zeros(self.num_envs)}


@planted("The info of `reset` has a key that is none of ours: 'optimum'")
class TellsTheOptimumAtFirst(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        obs, info = super().reset(**keywords)
        return obs, {**info, "optimum": 1.0}


@planted("The info of `final_info` has a key that is none of ours: 'test_score'", autoreset_mode="SAME_STEP")
class TellsATestScoreAtTheEnd(ChangesMany):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        if "final_info" in infos:
            infos["final_info"]["test_score"] = np.zeros(self.num_envs)
        return *rest, infos


@planted("`observation_space` is not that of a plain env of the same parts")
class HasAnotherObservationSpace(HPOEnv):
    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        space: Any = self.observation_space
        self.observation_space = gym.spaces.Box(space.low - 1, space.high + 1, dtype=space.dtype)


@planted("`single_action_space` is not that of a plain env of the same parts")
class HasAnotherActionSpace(HPOVectorEnv):
    def __init__(self, num_envs: int, **keywords: Any) -> None:
        super().__init__(num_envs, **keywords)
        space: Any = self.single_action_space
        self.single_action_space = gym.spaces.Box(space.low / 2, space.high / 2, dtype=space.dtype)


@planted("`action_space` is not that of a plain env of the same parts")
class ReplacesItsActionSpaceLater(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        space: Any = self.action_space
        self.action_space = gym.spaces.Box(space.low, space.high / 2, dtype=space.dtype)
        return super().reset(**keywords)


@planted("Each episode writes into the working directory: ['episode-")
class WritesAFileInEachEpisode(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        self.episodes = getattr(self, "episodes", 0) + 1
        Path(f"episode-{id(self)}-{self.episodes}.txt").write_text("over")
        return super().reset(**keywords)


@planted("An episode prints: tried")
class Prints(Changes):
    def changed(self, *parts: Any) -> Any:
        print("tried")
        return parts


@planted("Memory grows with episodes, by ")
class KeepsEachEpisode(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        outcome = super().reset(**keywords)
        KEPT.append(outcome[0])
        return outcome


class _OneByOne(HPOVectorEnv):
    """Looks at the mask of a reset."""

    masked = False

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        self.before = [super(_OneByOne, self).history(i) for i in range(self.num_envs)] if self._seeded else []
        outcome = super().reset(seed=seed, options=options)
        self.masked = bool(self.before) and isinstance(options, dict) and "reset_mask" in options
        return outcome

    def step(self, actions: Any) -> Any:
        self.masked = False
        return super().step(actions)


@planted("`history(i)` is not that of a single env of the same seed")
class TellsTheLastEpisodeAfterAMaskedReset(_OneByOne):
    def history(self, i: int) -> Any:
        return self.before[i] if self.masked else super().history(i)


@planted("A run is not that of a plain vector env of the same parts and seed", num_envs=16)
class RewardsSomeOfManyRuns(ChangesMany):
    def changed(self, obs: Any, rewards: Any, *rest: Any) -> Any:
        rewards[8:15] += 0.25
        return obs, rewards, *rest


# ---------------------------------------------------------------------- all are found
def made(kind: type, keywords: dict[str, Any]) -> Any:
    options = {"suite": "ToyPlain", "budget": 4, **keywords}
    return kind(**({"num_envs": 3} if issubclass(kind, HPOVectorEnv) else {}) | options)


@pytest.mark.parametrize(("kind", "words", "keywords"), FAULTS, ids=[kind.__name__ for kind, *_ in FAULTS])
@pytest.mark.long
def test_a_planted_fault_is_found_and_named(kind, words, keywords, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    faults = faults_of(made(kind, keywords))
    KEPT.clear()
    assert any(words in fault for fault in faults), faults


@pytest.mark.long
@pytest.mark.parametrize("base", [HPOEnv, HPOVectorEnv])
def test_the_env_without_a_fault_passes_where_the_others_do_not(base):
    for keywords in {repr(k): k for kind, _, k in FAULTS if issubclass(kind, base)}.values():
        check_env(made(base, keywords), processes=False, render=False)
