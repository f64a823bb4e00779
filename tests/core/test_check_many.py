"""`check_env` finds wrong numbers of vector envs: one planted fault a class, all of them found."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import toys  # noqa: F401 - registers the suites
from planted import Case, planting
from planted import ChangesMany as Changes
from planted import found_in as faults_of

from hpo_gym import check_env
from hpo_gym.env.codecs.pool import Pool
from hpo_gym.env.observers.last import Last
from hpo_gym.env.rewards.improvement import Improvement
from hpo_gym.env.runs.which import ALL_RUNS
from hpo_gym.env.vector import HPOVectorEnv

FAULTS: list[Case] = []
planted = planting(FAULTS)
STEP = "A step of a vector env is not that of a single env"
BEGINNING = "A beginning of a vector env is not that of a single env"
FIDELITY = {"suite": "ToyGappy", "codec": {"name": "box", "fidelity": True}, "budget": 3}
SAME, NEXT, DISABLED = ({"autoreset_mode": mode} for mode in ("SAME_STEP", "NEXT_STEP", "DISABLED"))


# ---------------------------------------------------------------------- numbers
@planted(f"{STEP} of the same parts and seed: `reward` differs")
class GivesRewardsOfNeighbours(Changes):
    def changed(self, obs: Any, rewards: Any, *rest: Any) -> Any:
        return obs, np.roll(rewards, 1), *rest


@planted(f"{STEP} of the same parts and seed: `reward` differs", suite="ToyFormulas")
class RoundsRewards(Changes):
    def changed(self, obs: Any, rewards: Any, *rest: Any) -> Any:
        return obs, rewards.astype(np.float32).astype(np.float64), *rest


@planted(f"{STEP} of the same parts and seed: `observation` differs")
class ShowsTheBestOfAllRuns(Changes):
    def changed(self, obs: Any, *rest: Any) -> Any:
        obs[:, -2] = obs[:, -2].max()
        return obs, *rest


@planted(f"{STEP} of the same parts and seed: `observation` differs")
class ShowsTheMeanOfAllRuns(Changes):
    def changed(self, obs: Any, *rest: Any) -> Any:
        obs[:, 0] = obs[:, 0].mean()
        return obs, *rest


@planted(f"{STEP} of the same parts and seed: `observation` differs")
class LagsInTheLastRun(Changes):
    before: Any = None

    def changed(self, obs: Any, *rest: Any) -> Any:
        now, self.before = obs[-1, -1].copy(), getattr(self, "now", None)
        self.now = now
        if self.before is not None:
            obs[-1, -1] = self.before
        return obs, *rest


@planted("`info['cost']` differs", suite="ToyGappy")
class TellsCostsOfNeighbours(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        infos["cost"] = np.roll(infos["cost"], 1)
        return *rest, infos


@planted("`info['status']` differs", suite="ToyGappy")
class TellsNoFailures(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        infos["status"] = np.zeros_like(infos["status"])
        return *rest, infos


@planted("`info['fidelity']` differs", **FIDELITY)
class TellsFullFidelities(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        infos["fidelity"] = np.ones_like(infos["fidelity"])
        return *rest, infos


@planted("`info['incumbent_score']` differs")
class TellsTheLastScoreAsTheBest(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        infos["incumbent_score"] = np.where(np.isnan(infos["score"]), infos["incumbent_score"], infos["score"])
        return *rest, infos


@planted("`info['t']` differs")
class CountsFromTheFirstEpisode(Changes):
    steps = 0

    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        self.steps += 1
        infos["t"] = np.full(self.num_envs, self.steps)
        return *rest, infos


@planted("`info['task']` differs")
class TellsOneTask(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        infos["task"] = np.full(self.num_envs, infos["task"][0])
        return *rest, infos


@planted("`info['task_index']` differs")
class TellsOneIndex(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        infos["task_index"] = np.full(self.num_envs, infos["task_index"][0])
        return *rest, infos


@planted("`history(i)` is not that of a single env")
class MixesUpHistories(HPOVectorEnv):
    def history(self, i: int) -> Any:
        return super().history((i + 1) % self.num_envs)


@planted("`action_masks` are not those of a single env", codec="pool", duplicates="mask")
class MixesUpMasks(HPOVectorEnv):
    def action_masks(self) -> Any:
        return np.roll(super().action_masks(), 1, 0)


class ManyAreOff(Last):
    """Shows many runs otherwise than one."""

    def __call__(self, contexts: Any, runs: Any) -> Any:
        out = super().__call__(contexts, runs)
        return out if runs.n == 1 else np.clip(out * np.float32(0.999), -1, 1)

    def one(self, contexts: Any, runs: Any) -> Any:
        return self(contexts, runs)[0]


@planted(f"{BEGINNING} of the same parts and seed: `observation` differs", observer=ManyAreOff())
class HasAnObserverThatLooksAround(HPOVectorEnv):
    pass


class Envy(Improvement):
    """What a run gains over the mean of all."""

    def __call__(self, contexts: Any, runs: Any) -> Any:
        gain = super().__call__(contexts, runs)
        return gain - gain.mean() if runs.n > 1 else gain


@planted(f"{STEP} of the same parts and seed: `reward` differs", reward=Envy())
class HasARewardThatLooksAround(HPOVectorEnv):
    pass


# ---------------------------------------------------------------------- ends
@planted("`terminated` differs")
class EndsAStepLate(Changes):
    before: Any = None

    def changed(self, obs: Any, rewards: Any, terminated: Any, *rest: Any) -> Any:
        now = np.zeros_like(terminated) if self.before is None else self.before
        self.before = terminated
        return obs, rewards, now, *rest


@planted("`terminated` differs", **FIDELITY)
class EndsAllTogether(Changes):
    def changed(self, obs: Any, rewards: Any, terminated: Any, *rest: Any) -> Any:
        return obs, rewards, terminated | terminated.any(), *rest


@planted("`truncated` differs", max_episode_steps=3)
class TellsTruncationAsTheEnd(Changes):
    def changed(self, obs: Any, rewards: Any, terminated: Any, truncated: Any, infos: Any) -> Any:
        return obs, rewards, terminated | truncated, np.zeros_like(truncated), infos


@planted("`truncated` differs", max_episode_steps=3)
class TruncatesAStepLate(HPOVectorEnv):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        assert self._watch is not None
        self._watch.limit += 1


@planted("`final_obs` or `final_info` of a vector env is not that of a single env", **SAME)
class ShowsTheNextEpisodeAsTheLast(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, *rest, infos = parts
        if "final_obs" in infos:
            final = infos["final_obs"]
            for i in np.flatnonzero(infos["_final_obs"]):
                final[i] = obs[i].copy()
        return obs, *rest, infos


@planted("`final_obs` or `final_info` of a vector env is not that of a single env", **SAME)
class ShowsTheStepBeforeTheLast(Changes):
    before: Any = None

    def changed(self, *parts: Any) -> Any:
        obs, *rest, infos = parts
        if "final_obs" in infos:
            final = infos["final_obs"]
            for i in np.flatnonzero(infos["_final_obs"]):
                final[i] = self.before[i]
        self.before = obs.copy()
        return obs, *rest, infos


@planted("`final_obs` or `final_info` of a vector env is not that of a single env", **SAME, **FIDELITY)
class TellsFinalInfosOfNeighbours(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        if "final_info" in infos:
            infos["final_info"] = {k: np.roll(v, 1) for k, v in infos["final_info"].items()}
        return *rest, infos


@planted("No `final_obs` or `final_info` at an end", **SAME)
class ForgetsTheLastObservation(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        return *rest, {k: v for k, v in infos.items() if "final_obs" not in k}


@planted("`_final_obs` is not who has ended", **SAME, **FIDELITY)
class SaysThatAllHaveEnded(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        if "_final_obs" in infos:
            infos["_final_obs"] = np.ones(self.num_envs, bool)
        return *rest, infos


@planted("A step of runs that have ended, with autoreset disabled: is accepted", **DISABLED)
class BeginsByItself(HPOVectorEnv):
    def step(self, actions: Any) -> Any:
        if self._seeded and self.kernel.over.any():
            self.reset(options={"reset_mask": self.kernel.over.copy()})
        return super().step(actions)


@planted("What a reset of other runs leaves of a vector env is not that of a single env", **DISABLED)
class BeginsAllForOne(HPOVectorEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        given = dict(options) if isinstance(options, dict) else options
        if isinstance(given, dict) and isinstance(given.get("reset_mask"), np.ndarray) and "task" not in given:
            mask = given["reset_mask"]
            if mask.shape == (self.num_envs,) and mask.dtype == bool and mask.any():
                given["reset_mask"] = np.ones(self.num_envs, bool)
        return super().reset(seed=seed, options=given)


@planted("of a vector env is not that of a single env", **NEXT)
class EvaluatesTheActionOfABeginning(HPOVectorEnv):
    def step(self, actions: Any) -> Any:
        if self._seeded and self.kernel.over.all():
            self.kernel.begin(ALL_RUNS)
        return super().step(actions)


@planted("A run that begins in a step has a reward in it", **NEXT)
class RewardsABeginning(HPOVectorEnv):
    last: Any = None

    def step(self, actions: Any) -> Any:
        over = self.kernel.over.copy() if self._seeded else None
        obs, rewards, *rest = super().step(actions)
        if over is not None and over.any() and self.last is not None:
            rewards = np.where(over, self.last, rewards)
        self.last = rewards.copy()
        return obs, rewards, *rest


@planted("of a run that has just begun is not NaN", **NEXT)
class TellsAScoreOfABeginning(HPOVectorEnv):
    def reset(self, **keywords: Any) -> Any:
        obs, infos = super().reset(**keywords)
        infos["score"] = np.zeros(self.num_envs)
        return obs, infos


# ---------------------------------------------------------------------- seeds and options
@planted(BEGINNING, suite="ToyNoisy", n_init=2)
class ReadsTheFirstSeedOnly(HPOVectorEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        if isinstance(seed, list) and len(seed) > 1 and all(type(s) is int and s >= 0 for s in seed):
            seed = seed[0]
        return super().reset(seed=seed, options=options)


@planted("One integer as seed gives two runs the same seed")
class SeedsAllRunsAlike(HPOVectorEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        good = type(seed) is int and seed >= 0
        return super().reset(seed=[seed] * self.num_envs if good else seed, options=options)


@planted(BEGINNING)
class ReadsSeedsAtTheFirstResetOnly(HPOVectorEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        good = isinstance(seed, list) and self._seeded
        return super().reset(seed=None if good else seed, options=options)


@planted("is not the task of the episodes that it begins")
class GivesAllRunsTheFirstTask(HPOVectorEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        if isinstance(options, dict) and isinstance(options.get("task"), list) and options["task"][0] in list("abcd"):
            options = {**options, "task": options["task"][0]}
        return super().reset(seed=seed, options=options)


@planted("What a reset of other runs leaves of a vector env is not that of a single env")
class MovesTheOthersInAReset(HPOVectorEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        obs, infos = super().reset(seed=seed, options=options)
        if isinstance(options, dict) and "reset_mask" in options:
            obs[~np.asarray(options["reset_mask"]), 0] = 0
        return obs, infos


@planted("The options that is handed over is written", **DISABLED)
class WritesIntoTheMask(HPOVectorEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        outcome = super().reset(seed=seed, options=options)
        if isinstance(options, dict) and "reset_mask" in options:
            options["reset_mask"][:] = False
        return outcome


@planted("The action that is handed over is written")
class WritesIntoTheActions(HPOVectorEnv):
    def step(self, actions: Any) -> Any:
        outcome = super().step(actions)
        actions[0] = 0
        return outcome


# ---------------------------------------------------------------------- statistics, tasks, wrappers
@planted("`infos['episode']['r']` is not the sum of the rewards", statistics=True)
class TellsTheMeanReward(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        if "episode" in infos:
            infos["episode"]["r"] = infos["episode"]["r"] / np.maximum(infos["episode"]["l"], 1)
        return *rest, infos


@planted("`infos['episode']['l']` is not the number of steps", statistics=True)
class CountsTheBeginning(Changes):
    def changed(self, *parts: Any) -> Any:
        *rest, infos = parts
        if "episode" in infos:
            infos["episode"]["l"] = infos["episode"]["l"] + 1
        return *rest, infos


@planted(f"{STEP} of the same parts and seed: `reward` differs")
class IsWrongOnOneTask(Changes):
    def changed(self, obs: Any, rewards: Any, *rest: Any) -> Any:
        return obs, rewards + (rest[-1]["task_index"] == 2) * (rewards != 0) / 64, *rest


@planted("`action_masks` are not those of a single env", suite="ToyGappy", codec=Pool(6), duplicates="mask")
class MasksTheFirstCandidates(HPOVectorEnv):
    def action_masks(self) -> Any:
        masks = super().action_masks()
        masks[:, 0] = ~masks[:, 0]
        return masks


class Wrong(gym.vector.VectorWrapper):
    """A wrapper that says nothing of what it changes."""

    def step(self, actions: Any) -> Any:
        obs, rewards, *rest = self.env.step(actions)
        return obs, rewards + 1e-9 * (np.arange(self.num_envs) == 1), *rest


@planted(f"{STEP} of the same parts and seed: `reward` differs")
class Wrapped(HPOVectorEnv):
    def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
        return Wrong(HPOVectorEnv(*arguments, **keywords))


@planted("A second `close()` raises RuntimeError")
class ClosesOnce(HPOVectorEnv):
    gone = False

    def close(self, **keywords: Any) -> None:
        if self.gone:
            raise RuntimeError("closed")
        self.gone = True


@planted("To render as 'ansi' changes the episode")
class DrawsTheNextTasks(HPOVectorEnv):
    def render(self) -> Any:
        out = super().render()
        if self.render_mode is not None:
            self.kernel.episode[1] += 1
        return out


@planted("The env of split 'val' has the task", split="val")
class HasTrainingTasks(HPOVectorEnv):
    def __init__(self, *arguments: Any, split: str = "train", **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.split = split


@planted("A history that was handed out changes with later steps")
class HandsOutOneHistory(HPOVectorEnv):
    def history(self, i: int) -> Any:
        self.kept = getattr(self, "kept", [])
        self.kept[:] = super().history(i).trials
        return self.kept


@pytest.mark.parametrize(("kind", "words", "keywords"), FAULTS, ids=[kind.__name__ for kind, *_ in FAULTS])
@pytest.mark.long
def test_a_planted_fault_is_found_and_named(kind, words, keywords):
    env = kind(3, **{"suite": "ToyPlain", "budget": 4, **keywords})
    faults = faults_of(env, processes=False, render=getattr(kind, "render", None) is not HPOVectorEnv.render)
    assert any(words in fault for fault in faults), faults


def test_many_faults_are_planted():
    assert len(FAULTS) >= 40


@pytest.mark.long
def test_the_env_without_a_fault_passes_where_the_others_do_not():
    plain = [k for _, _, k in FAULTS if not any(hasattr(v, "space") or hasattr(v, "one") for v in k.values())]
    for keywords in {repr(k): k for k in plain}.values():
        for mode in [keywords["autoreset_mode"]] if "autoreset_mode" in keywords else ["NEXT_STEP", "SAME_STEP"]:
            options = {"suite": "ToyPlain", "budget": 4, **keywords, "autoreset_mode": mode}
            check_env(HPOVectorEnv(3, **options), processes=False, render=False)


@pytest.mark.parametrize("n", [1, 2, 9])
@pytest.mark.long
def test_any_number_of_runs_passes(n):
    check_env(HPOVectorEnv(n, "ToyPlain", budget=3, autoreset_mode="SAME_STEP"), processes=False)


@pytest.mark.long
def test_wrappers_that_say_what_they_change_are_not_blamed():
    env = gym.wrappers.vector.RecordEpisodeStatistics(HPOVectorEnv(2, "ToyPlain", budget=3))
    check_env(env, processes=False, render=False)
    env = gym.wrappers.vector.TransformReward(HPOVectorEnv(2, "ToyPlain", budget=3), np.negative)
    check_env(env, processes=False, render=False)
