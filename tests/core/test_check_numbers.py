"""`check_env` finds wrong numbers and wrong manners of single envs: one planted fault a class, all of them found.

Every class that an independent check named has at least one: episodes without end, actions that are written, corners,
`close`, masks, `options={"task"}`, keywords after the first reset, rewards, noise, other actions, drawing, splits and
oracles, live history, shares of budget, repeats, and faults of few tasks.
"""

import itertools
import time
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest
import toys  # noqa: F401 - registers the suites
from planted import Case, planting
from planted import found_in as faults_of

from hpo_gym import check_env
from hpo_gym.env.codecs import Proposal
from hpo_gym.env.codecs.box import Box
from hpo_gym.env.codecs.pool import Pool
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.observers.last import Last
from hpo_gym.env.observers.tokens import Tokens
from hpo_gym.env.rewards.improvement import Improvement
from hpo_gym.env.rewards.regret import LogRegret, Regret, RegretDrop
from hpo_gym.env.runs.which import ALL_RUNS
from hpo_gym.problem.trial import History

FAULTS: list[Case] = []
planted = planting(FAULTS)


class Changes(HPOEnv):
    """Changes parts of each step."""

    def step(self, action: Any) -> Any:
        obs, reward, terminated, truncated, info = super().step(action)
        return self.changed(obs, reward, terminated, truncated, info, action)

    def changed(self, obs: Any, reward: Any, terminated: Any, truncated: Any, info: Any, action: Any) -> Any:
        raise NotImplementedError


# ---------------------------------------------------------------------- ends
@planted("does not end within")
class NeverEnds(HPOEnv):
    def step(self, action: Any) -> Any:
        obs, reward, _, truncated, info = super().step(action)
        if self.kernel.over[0]:
            self.kernel.begin(ALL_RUNS)
        return obs, reward, False, truncated, info


@planted("does not end within")
class EndsNothingAndRepeatsItsLastStep(HPOEnv):
    last: Any = None

    def step(self, action: Any) -> Any:
        if self._seeded and self.kernel.over[0]:
            return self.last
        obs, reward, _, truncated, info = super().step(action)
        self.last = obs, reward, False, truncated, info
        return self.last


@planted("An episode ends with", n_init=2)
class ChargesForGivenPoints(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info, _ = parts
        return obs, reward, terminated or info["t"] >= int(self.kernel.contexts.budget), truncated, info


@planted("A step is not that of a plain vector env", codec={"name": "box", "stop": True})
class RewardsAStop(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info, _ = parts
        return obs, reward if "score" in info else 1.0, terminated, truncated, info


@planted("An action that stops does not end the episode", codec={"name": "move", "stop": True})
class GoesOnAfterAStop(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info, _ = parts
        return obs, reward, terminated and "score" in info, truncated, info


# ---------------------------------------------------------------------- actions
@planted("The action that is handed over is written")
class WritesIntoTheAction(HPOEnv):
    def step(self, action: Any) -> Any:
        outcome = super().step(action)
        action *= 0.5
        return outcome


@planted("The action that is handed over is written", codec="move")
class WritesIntoTheActionOfTheLastStep(HPOEnv):
    kept: Any = None

    def step(self, action: Any) -> Any:
        outcome = super().step(action)
        if self.kept is not None:
            self.kept[0] = 0
        self.kept = action
        return outcome


@planted("The options that is handed over is written")
class WritesIntoTheOptions(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        outcome = super().reset(seed=seed, options=options)
        if options:
            options.clear()
        return outcome


@planted("A step is not that of a plain vector env")
class TurnsActionsRound(HPOEnv):
    def step(self, action: Any) -> Any:
        fine = isinstance(action, np.ndarray) and action.dtype == np.float32
        return super().step(-action if fine else action)


@planted("The action 15 evaluates", codec="pool")
class TakesTheRowBefore(HPOEnv):
    def step(self, action: Any) -> Any:
        return super().step(action - 1 if isinstance(action, np.integer) and 0 < action < 16 else action)


@planted("the observation is outside its space")
class LeavesItsSpaceAtTheHighestCorner(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, *rest, action = parts
        return obs * np.float32(1 + (np.asarray(action) == 1).all()), *rest


@planted("the observation is outside its space")
class LeavesItsSpaceAtOneCornerOf64(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, *rest, action = parts
        corner = np.array([1, -1, -1, 1, -1, 1])
        return obs * np.float32(1 + (np.asarray(action) == corner).all()), *rest


# ---------------------------------------------------------------------- close
@planted("A second `close()` raises RuntimeError")
class ClosesOnce(HPOEnv):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise RuntimeError("closed")
        self.closed = True


@planted("The first `close()` raises AttributeError")
class ClosesWhatWasNotOpened(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        self.window = 1
        return super().reset(**keywords)

    def close(self) -> None:
        self.window += 1


# ---------------------------------------------------------------------- masks
@planted("`action_masks` are not what was measured", suite="ToyGappy", codec="pool")
class MasksNothing(HPOEnv):
    def action_masks(self) -> Any:
        return np.ones_like(super().action_masks())


@planted("`action_masks` are not what was measured", suite="ToyRagged", codec=Pool(6))
class MasksOneMeasuredRow(HPOEnv):
    def action_masks(self) -> Any:
        masks = super().action_masks()
        masks[0] = False
        return masks


class ForgetfulPool(Pool):
    """Masks what was not measured, and nothing that was tried."""

    def good(self, contexts: Any, runs: Any, *, untried: bool) -> Any:
        return super().good(contexts, runs, untried=False)


@planted("`action_masks` are not what was measured and not tried", codec=ForgetfulPool(), duplicates="mask")
class MasksNothingTried(HPOEnv):
    pass


@planted("`action_masks` are not what was measured and not tried", codec="pool", duplicates="mask")
class MasksAStepLate(HPOEnv):
    before: Any = None

    def reset(self, **keywords: Any) -> Any:
        outcome = super().reset(**keywords)
        self.before = super().action_masks()
        return outcome

    def step(self, action: Any) -> Any:
        self.before = super().action_masks()
        return super().step(action)

    def action_masks(self) -> Any:
        return self.before.copy()


# ---------------------------------------------------------------------- reset
@planted("is not the task of the episode that it begins")
class ReadsOptionsAtTheFirstResetOnly(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        known = isinstance(options, dict) and options.get("task") in list("abcd")
        return super().reset(seed=seed, options=None if self._seeded and known else options)


@planted("An episode does not begin as that of a plain vector env")
class KeepsTheTaskThatWasAskedFor(HPOEnv):
    asked: Any = None

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        outcome = super().reset(seed=seed, options=options or self.asked)
        if isinstance(options, dict) and "task" in options:
            self.asked = {"task": options["task"]}
        return outcome


@planted("An episode does not begin as that of a plain vector env")
class DrawsAnewAfterATaskWasAskedFor(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        outcome = super().reset(seed=seed, options=options)
        if options:
            self.kernel.episode += 1
        return outcome


@planted("One seed gives two episodes of one env")
class ReadsTheSeedAtTheFirstResetOnly(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        good = isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0
        return super().reset(seed=None if self._seeded and good else seed, options=options)


@planted("An episode does not begin as that of a plain vector env")
class SpoilsTheSeedWhereATaskIsAskedFor(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        known = isinstance(options, dict) and options.get("task") in list("abcd")
        return super().reset(seed=seed // 2 if known and seed else seed, options=options)


@planted("The observation shows")
class BeginsWithTheLastObservation(HPOEnv):
    last: Any = None

    def reset(self, **keywords: Any) -> Any:
        obs, info = super().reset(**keywords)
        return (obs if self.last is None else self.last.copy()), info

    def step(self, action: Any) -> Any:
        obs, *rest = super().step(action)
        self.last = obs.copy()
        return obs, *rest


@planted("The incumbent is not the best given point", n_init=3)
class TellsTheFirstGivenPoint(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        obs, info = super().reset(**keywords)
        first = self.history()[0]
        return obs, info | {"incumbent": dict(first.config), "incumbent_score": first.score}


# ---------------------------------------------------------------------- rewards
class Rough(Improvement):
    """Rounds to three digits."""

    def __call__(self, contexts: Any, runs: Any) -> Any:
        return np.round(super().__call__(contexts, runs), 3) + 1e-4

    def one(self, contexts: Any, runs: Any) -> float:
        return float(np.round(super().one(contexts, runs), 3) + 1e-4)


class Untouched(Improvement):
    """Counts from 0, not from the mean of meta-train."""

    def __call__(self, contexts: Any, runs: Any) -> Any:
        return np.asarray(np.maximum(runs.reached, 0) - np.maximum(runs.reached_before, 0), np.float64)

    def one(self, contexts: Any, runs: Any) -> float:
        return float(self(contexts, runs).item())


class Remembers(Improvement):
    """A reward that counts its own calls."""

    calls = 0

    def __call__(self, contexts: Any, runs: Any) -> Any:
        self.calls += 1
        return super().__call__(contexts, runs) + (0.5 if self.calls % 5 == 4 else 0)

    def one(self, contexts: Any, runs: Any) -> float:
        return float(self(contexts, runs).item())


class Scaled(Regret):
    def judge(self, contexts: Any, runs: Any, oracle: Any) -> Any:
        return super().judge(contexts, runs, oracle) * 0.999

    def judge_one(self, contexts: Any, runs: Any, oracle: Any) -> float:
        return super().judge_one(contexts, runs, oracle) * 0.999


class DropOfTheTrial(RegretDrop):
    """Drops to the trial, not to the incumbent."""

    def judge(self, contexts: Any, runs: Any, oracle: Any) -> Any:
        return oracle.regret(runs.task, runs.reached_before) - oracle.regret(runs.task, runs.last)

    def judge_one(self, contexts: Any, runs: Any, oracle: Any) -> float:
        return float(self.judge(contexts, runs, oracle).item())


class NaturalLog(LogRegret):
    def judge(self, contexts: Any, runs: Any, oracle: Any) -> Any:
        return super().judge(contexts, runs, oracle) * np.log(10)

    def judge_one(self, contexts: Any, runs: Any, oracle: Any) -> float:
        return super().judge_one(contexts, runs, oracle) * float(np.log(10))


for _reward, _words in (
    (Rough(), "is not the improvement"),
    (Untouched(), "is not the improvement"),
    (Remembers(), "is not the improvement"),
    (Scaled(), "is not the negative regret"),
    (DropOfTheTrial(), "is not the drop of the regret"),
    (NaturalLog(), "is not the negative logarithm of the regret"),
):
    _name = f"With{type(_reward).__name__}"
    globals()[_name] = type(_name, (HPOEnv,), {"__module__": __name__})
    planted(_words, suite="ToyGappy", reward=_reward)(globals()[_name])


@planted("less a standard deviation of meta-train for a repeat", duplicates="penalize", reward="improvement")
class ForgivesRepeats(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, *rest, _ = parts
        repeated = self.kernel.runs["repeated"].item()
        return obs, reward + repeated * self.kernel.contexts.scale.sd, *rest


@planted("is not the score", duplicates="penalize")
class PunishesTheFirstTrial(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info, _ = parts
        return obs, reward - (info["t"] == 1) * self.kernel.contexts.scale.sd, terminated, truncated, info


# ---------------------------------------------------------------------- noise
@planted("not what the task gives in this instance", suite="ToyNoisy")
class AddsNoise(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info, _ = parts
        shift = 0.25 if self.suite.task(info["task"]).noisy and info["t"] == 2 else 0.0
        score = info["score"] + shift
        best = max(info["incumbent_score"], score)
        return obs, reward + shift, terminated, truncated, info | {"score": score, "incumbent_score": best}


@planted("not what the task gives in this instance", suite="ToyFormulas")
class DrawsNoiseByTheOrderOfCalls(HPOEnv):
    def step(self, action: Any) -> Any:
        if not self._seeded:
            return super().step(action)
        instance = self.kernel.runs.instance
        self.kernel.runs.instance = instance + np.uint64(self.kernel.runs.count(0))
        try:
            return super().step(action)
        finally:
            self.kernel.runs.instance = instance


@planted("An episode does not begin as that of a plain vector env", suite="ToyNoisy", n_init=2)
class HasOneWorldForAllEpisodes(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        if self._seeded and keywords.get("seed") is None:
            self.kernel.episode[:] = 0
        return super().reset(**keywords)


# ---------------------------------------------------------------------- other actions
@planted("One seed under other actions gives other tasks or first observations")
class DrawsTheTaskByTheTrials(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        if keywords.get("seed") is None and self._seeded:
            self.kernel.episode += int(self.kernel.runs.best.item() * 64) % 7
        return super().reset(**keywords)


@planted("One seed under other actions gives other tasks or first observations", n_init=2)
class DrawsTheDesignByTheNumberOfSteps(HPOEnv):
    steps = 0

    def step(self, action: Any) -> Any:
        outcome = super().step(action)
        self.steps += 1
        return outcome

    def reset(self, **keywords: Any) -> Any:
        if isinstance(keywords.get("seed"), int):
            self.steps = 0
        if self._seeded:
            self.kernel.episode += self.steps // 100 + self.steps % 2
        return super().reset(**keywords)


# ---------------------------------------------------------------------- drawing
@planted("To render as 'ansi' changes the episode")
class DrawsTheNextTaskWhileDrawing(HPOEnv):
    def render(self) -> Any:
        out = super().render()
        if self.render_mode is not None and self.kernel.over[0]:
            self.kernel.episode += 1
        return out


@planted("To render as 'ansi' changes the history")
class ForgetsWhatWasDrawn(HPOEnv):
    cut = False

    def reset(self, **keywords: Any) -> Any:
        self.cut = False
        return super().reset(**keywords)

    def render(self) -> Any:
        out = super().render()
        self.cut = self.render_mode is not None
        return out

    def history(self) -> History:
        return History(super().history()[1:] if self.cut else super().history().trials)


@planted("To render as None changes the episode")
class DrawsWithoutAMode(HPOEnv):
    def render(self) -> Any:
        if self.render_mode is None:
            self.kernel.episode += 1
        return super().render()


@planted("gives 1 lines after")
class DrawsTheHeadOnly(HPOEnv):
    def render(self) -> Any:
        out = super().render()
        return out.splitlines()[0] if self.render_mode == "ansi" else out


# ---------------------------------------------------------------------- splits and oracles
@planted("The env of split 'train' has the task")
class HasTestTasks(HPOEnv):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **{**keywords, "split": "test"})
        self.split = "train"


@planted("A reward reads the oracle on split 'test'")
class ReadsTheOracleOfTestTasks(HPOEnv):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **{**keywords, "split": "test"})
        object.__setattr__(self.kernel.parts, "reward", Regret())


@planted("The reward 'regret' on split 'test': is accepted")
class TakesOracleRewardsAnywhere(HPOEnv):
    def __init__(
        self, suite: Any = "ToyPlain", *, split: str = "train", task: Any = None, fold: Any = None,
        reward: Any = "score", **keywords: Any,
    ) -> None:  # fmt: skip
        split = "train" if reward == "regret" else split
        super().__init__(suite, split=split, task=task, fold=fold, reward=reward, **keywords)


@planted("The task 'g' of another split: is accepted")
class TakesTasksOfOtherSplits(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        known = isinstance(options, dict) and options.get("task") in list("efgh")
        return super().reset(seed=seed, options=None if known else options)


# ---------------------------------------------------------------------- history
class Live(History):
    """Trials of a list that grows."""


@planted("A history that was handed out changes with later steps")
class HandsOutOneHistory(HPOEnv):
    trials: ClassVar[list[Any]] = []

    def history(self) -> History:
        self.kept = getattr(self, "kept", [])
        self.kept[:] = super().history().trials
        return Live(self.kept)  # type: ignore[arg-type]


@planted("`history` has")
class LosesTheFirstTrial(HPOEnv):
    def history(self) -> History:
        return History(super().history()[-3:])


# ---------------------------------------------------------------------- shares of budget
@planted("as the share of the budget left")
class LagsByAStep(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info, _ = parts
        obs[-1] = 1 - (info["t"] - 1) / self.kernel.contexts.budget
        return obs, reward, terminated, truncated, info


class LaggingLast(Last):
    """An observer that lags."""

    def __call__(self, contexts: Any, runs: Any) -> Any:
        out = super().__call__(contexts, runs)
        if not runs.fresh:
            out[:, contexts.space.d + 2] += np.float32(1 / contexts.budget)
        return out

    def one(self, contexts: Any, runs: Any) -> Any:
        return self(contexts, runs)[0]


@planted("as the share of the budget left", observer=LaggingLast())
class HasAnObserverThatLags(HPOEnv):
    pass


class LaggingTokens(Tokens):
    """Tokens whose score is that of the incumbent."""

    def __call__(self, contexts: Any, runs: Any) -> Any:
        out = super().__call__(contexts, runs)
        if not runs.fresh:
            out["history_y"][:, int(np.max(runs.t)) - 1] = runs.best
        return out


@planted("as the last score", observer=LaggingTokens())
class HasAnObserverOfIncumbents(HPOEnv):
    pass


@planted("as the share of the budget left", suite="ToyGappy", codec={"name": "box", "fidelity": True}, budget=3)
class CountsTrialsAsTheBudget(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info, _ = parts
        obs[-1] = max(0.0, 1 - info["t"] / self.kernel.contexts.horizon)
        return obs, reward, terminated, truncated, info


# ---------------------------------------------------------------------- repeats
@planted("`t` is")
class RepeatsAreFree(HPOEnv):
    last: Any = None
    outcome: Any = None

    def reset(self, **keywords: Any) -> Any:
        self.last = None
        return super().reset(**keywords)

    def step(self, action: Any) -> Any:
        if self.last is not None and isinstance(action, np.ndarray) and np.array_equal(action, self.last):
            return self.outcome
        self.outcome = super().step(action)
        self.last = np.array(action)
        return self.outcome


@planted("not what the task gives")
class RepeatsScoreBetter(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info, _ = parts
        configs = self.history().configs
        more = (configs[-1] in configs[:-1]) / 64
        return obs, reward + more, terminated, truncated, info | {"score": info["score"] + more}


@planted("goes on after its budget", codec="pool")
class RepeatsAreRefunded(HPOEnv):
    def step(self, action: Any) -> Any:
        obs, reward, terminated, truncated, info = super().step(action)
        configs = self.history().configs
        if configs[-1] in configs[:-1]:
            terminated = False
            self.kernel.over[:], self.kernel.waiting = False, False
        return obs, reward, terminated, truncated, info


# ---------------------------------------------------------------------- few tasks
@planted("not what the task gives")
class IsWrongOnOneTask(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, reward, terminated, truncated, info, _ = parts
        more = (info["task"] == "d") / 64
        return obs, reward + more, terminated, truncated, info | {"score": info["score"] + more}


@planted("A step is not that of a plain vector env", suite="Functions", budget=3)
class IsWrongOnOneTaskOf132(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, *rest, info, _ = parts
        wrong = info["task"] == self.kernel.batch.tasks[77].name
        obs[-1] = obs[-1] / 2 if wrong else obs[-1]
        return obs, *rest, info


@planted("An episode does not begin as that of a plain vector env")
class IsWrongInItsSixthEpisode(HPOEnv):
    count = 0

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        self.count = 0 if isinstance(seed, int) and seed in (0, 1, 6) else self.count + 1
        obs, info = super().reset(seed=seed, options=options)
        return obs * (1 if self.count != 5 else 0), info


# ---------------------------------------------------------------------- scales, kernels and wrappers
@planted("A step is not that of a plain vector env", scores="global")
class ShowsScoresByTheTaskItself(Changes):
    def changed(self, *parts: Any) -> Any:
        obs, *rest, info, _ = parts
        task = self.suite.task(info["task"])
        obs[-3] = (info["score"] - task.worst) / (task.best - task.worst)
        return obs, *rest, info


class Wrong(gym.Wrapper):
    """A wrapper that says nothing of what it changes."""

    def step(self, action: Any) -> Any:
        obs, reward, *rest = self.env.step(action)
        return obs, float(reward) + 1e-6, *rest


@planted("is not the score")
class Wrapped(HPOEnv):
    def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
        return Wrong(HPOEnv(*arguments, **keywords))


class OtherBox(Box):
    """A box that evaluates what is opposite, in many only."""

    def decode(self, contexts: Any, runs: Any, actions: Any) -> Proposal:
        proposal = super().decode(contexts, runs, actions)
        return proposal if runs.n == 1 else super().decode(contexts, runs, -np.asarray(actions))


@planted("A step is not that of a plain vector env", codec=OtherBox())
class DiffersFromMany(HPOEnv):
    pass


# ---------------------------------------------------------------------- all are found
@pytest.mark.parametrize(("kind", "words", "keywords"), FAULTS, ids=[kind.__name__ for kind, *_ in FAULTS])
@pytest.mark.long
def test_a_planted_fault_is_found_and_named(kind, words, keywords):
    start = time.process_time()
    env = kind(**{"suite": "ToyPlain", "budget": 5, **keywords})
    faults = faults_of(env, processes=False, render=getattr(kind, "render", None) is not HPOEnv.render)
    assert any(words in fault for fault in faults), faults
    assert time.process_time() - start < 20


def test_each_class_of_faults_is_planted():
    assert len(FAULTS) >= 55


@pytest.mark.long
def test_the_env_without_a_fault_passes_where_the_others_do_not():
    for keywords in {
        repr(k): k for _, _, k in FAULTS if not any(hasattr(v, "space") or hasattr(v, "one") for v in k.values())
    }.values():
        check_env(HPOEnv(**{"suite": "ToyPlain", "budget": 5, **keywords}), processes=False, render=False)


@pytest.mark.long
def test_an_env_without_an_end_is_named_soon():
    start = time.process_time()
    faults = faults_of(NeverEnds("AutoML"), processes=True)
    assert any("does not end within 34 steps" in f for f in faults), faults
    assert time.process_time() - start < 20


def test_corners_are_all_taken_or_the_ends_of_each_part():
    from hpo_gym.checks.choices import corners

    box = corners(gym.spaces.Box(-1, 1, (3,), np.float32))
    assert {tuple(c.tolist()) for c in box} == set(itertools.product((-1.0, 1.0), repeat=3))
    wide = corners(gym.spaces.Box(-1, 1, (9,), np.float32))
    for j in range(9):
        assert any(c[j] == 1 and (np.delete(c, j) == -1).all() for c in wide)
        assert any(c[j] == -1 and (np.delete(c, j) == 1).all() for c in wide)
    assert [int(c) for c in corners(gym.spaces.Discrete(7))] == [6, 0]
    grid = corners(gym.spaces.MultiDiscrete([3, 2]))
    assert {tuple(c.tolist()) for c in grid} == {(0, 0), (2, 1), (2, 0), (0, 1)}
