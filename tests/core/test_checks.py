"""The public checkers find each of many planted faults, one tiny class a fault, and none in what is good."""

import copy
import random
from collections.abc import Callable
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest
import toys  # noqa: F401 - registers the suites
from planted import found_in as faults_of

from hpo_gym import check_env
from hpo_gym.base.errors import HPOGymError
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.problem.trial import History

FAULTS: list[tuple[type[HPOEnv], str]] = []


def planted(words: str) -> Callable[[type[HPOEnv]], type[HPOEnv]]:
    """Register an env with a fault, and words that the checker must say of it."""

    def decorate(kind: type[HPOEnv]) -> type[HPOEnv]:
        FAULTS.append((kind, words))
        return kind

    return decorate


# ---------------------------------------------------------------------- actions
@planted("NaN in an action: is accepted")
class TakesNaN(HPOEnv):
    def step(self, action: Any) -> Any:
        return super().step(np.nan_to_num(action) if np.asarray(action).dtype.kind == "f" else action)


@planted("1.5 times the bound in an action: is accepted")
class ClipsActions(HPOEnv):
    def step(self, action: Any) -> Any:
        good = np.shape(action) == self.action_space.shape and np.asarray(action).dtype.kind == "f"
        return super().step(np.clip(action, -1, 1) if good else action)


@planted("a hair above the bound in an action: is accepted")
class IsTolerant(HPOEnv):
    def step(self, action: Any) -> Any:
        good = np.asarray(action).dtype.kind == "f" and np.all(np.abs(action) < 1.001)
        return super().step(np.clip(action, -1, 1) if good else action)


@planted("An action with a number too many: is accepted")
class TakesLongActions(HPOEnv):
    def step(self, action: Any) -> Any:
        long = np.ndim(action) == 1 and len(action) > self.action_space.shape[0]
        return super().step(action[: self.action_space.shape[0]] if long else action)


@planted("An action of strings: is accepted")
class TakesText(HPOEnv):
    def step(self, action: Any) -> Any:
        return super().step(action.astype(float) if getattr(action, "dtype", np.dtype(float)).kind == "U" else action)


@planted("The action None: raises TypeError")
class RaisesWhatComes(HPOEnv):
    def step(self, action: Any) -> Any:
        if action is None:
            raise TypeError("no action")
        return super().step(action)


@planted("the refusal has no message")
class SaysNothing(HPOEnv):
    def step(self, action: Any) -> Any:
        if action is None:
            raise HPOGymError
        return super().step(action)


@planted("changes the state though refused")
class CountsRefusals(HPOEnv):
    refused = 0

    def step(self, action: Any) -> Any:
        try:
            obs, *rest = super().step(action)
        except HPOGymError:
            self.refused += 1
            raise
        obs[-2] += self.refused
        return obs, *rest


@planted("To overwrite what was handed out changes later steps")
class KeepsTheAction(HPOEnv):
    kept: Any = None

    def step(self, action: Any) -> Any:
        obs, *rest = super().step(action)
        if self.kept is not None:
            obs[0] = np.clip(obs[0] + self.kept[0], -1, 1)
        self.kept = action
        return obs, *rest


# ---------------------------------------------------------------------- order
@planted("A step before the first reset: is accepted")
class ResetsItself(HPOEnv):
    def step(self, action: Any) -> Any:
        if not self._seeded:
            self.reset(seed=0)
        return super().step(action)


@planted("A step after the end of an episode: is accepted")
class GoesOn(HPOEnv):
    def step(self, action: Any) -> Any:
        if self._seeded and self.kernel.over[0]:
            return self.last
        self.last = super().step(action)
        return self.last


@planted("A step after the end changes the next episode")
class CountsLateSteps(HPOEnv):
    late = 0

    def reset(self, **keywords: Any) -> Any:
        obs, info = super().reset(**keywords)
        obs[0] = min(self.late / 9, 1)
        return obs, info

    def step(self, action: Any) -> Any:
        self.late += self._seeded and bool(self.kernel.over[0])
        return super().step(action)


# ---------------------------------------------------------------------- reset
@planted("The reset options {'tusk': 'a'}: is accepted")
class TakesAnyOption(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        known = {"task": options["task"]} if isinstance(options, dict) and "task" in options else None
        return super().reset(seed=seed, options=known)


@planted("The reset options {'task': 'no such task'}: is accepted")
class TakesAnyTask(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        return super().reset(seed=seed, options=None if options == {"task": "no such task"} else options)


@planted("The seed -1: is accepted")
class TakesAnySeed(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        return super().reset(seed=abs(seed) if isinstance(seed, int) else seed, options=options)


@planted("changes the state though refused")
class SeedsBeforeItRefuses(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        if options is not None:
            super().reset(seed=seed)
        return super().reset(seed=seed, options=options)


@planted("One seed gives two episodes")
class LosesSeedZero(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        return super().reset(seed=seed or None, options=options)


@planted("One seed gives two episodes")
class DrawsFromItsOwnEntropy(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        obs, info = super().reset(seed=seed, options=options)
        obs[0] = np.random.default_rng().uniform(-1, 1)
        return obs, info


@planted("uses the global generator of `numpy.random`")
class DrawsFromNumPy(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        np.random.rand()  # noqa: NPY002
        return super().reset(seed=seed, options=options)


@planted("uses the global generator of `random`")
class SeedsPythonsGenerator(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        random.seed(seed)
        return super().reset(seed=seed, options=options)


@planted("What was done before changes a seeded episode")
class RemembersEpisodes(HPOEnv):
    scores: Any = ()

    def step(self, action: Any) -> Any:
        obs, *rest = super().step(action)
        self.scores = {*self.scores, rest[0]}
        obs[-2] = max(self.scores)
        return obs, *rest


@planted("One seed gives two episodes")
class SharesStateBetweenInstances(HPOEnv):
    count: ClassVar[list[int]] = []

    def reset(self, **keywords: Any) -> Any:
        obs, info = super().reset(**keywords)
        self.count.append(1)
        obs[0] = len(self.count) % 7 / 7
        return obs, info


@planted("gives another episode")
class DependsOnHashes(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        obs, info = super().reset(seed=seed, options=options)
        obs[0] = hash("task") % 1000 / 1000
        return obs, info


# ---------------------------------------------------------------------- what is handed out
@planted("What was handed out is written again by later steps")
class HasOneObservation(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        obs, info = super().reset(**keywords)
        self.buffer = obs
        return obs, info

    def step(self, action: Any) -> Any:
        self.buffer[...], *rest = super().step(action)
        return self.buffer, *rest


@planted("What was handed out is written again by later steps")
class HasOneInfo(HPOEnv):
    def step(self, action: Any) -> Any:
        *rest, info = super().step(action)
        if not hasattr(self, "info"):
            self.info: dict[str, Any] = {}
        self.info.clear()
        self.info.update(info)
        return *rest, self.info


@planted("To overwrite what was handed out changes later steps")
class HandsOutItsIncumbent(HPOEnv):
    def step(self, action: Any) -> Any:
        *rest, info = super().step(action)
        info["incumbent"] = self._incumbent
        return *rest, info


@planted("Two steps hand out one object")
class HandsOutOneList(HPOEnv):
    def step(self, action: Any) -> Any:
        *rest, info = super().step(action)
        self.notes = getattr(self, "notes", [])
        return *rest, info | {"notes": self.notes}


@planted("To overwrite what was handed out changes later steps")
class HandsOutItsState(HPOEnv):
    level: Any = None

    def step(self, action: Any) -> Any:
        obs, *rest = super().step(action)
        if self.level is not None:
            obs[0] = (obs[0] + self.level[0]) / 2 if abs(self.level[0]) <= 1 else 1
        self.level = obs
        return obs, *rest


@planted("To overwrite what was handed out changes later steps")
class HandsOutItsHistory(HPOEnv):
    def history(self) -> History:
        history = super().history()
        self.kept = getattr(self, "kept", history)
        self.kept = history if len(history) < len(self.kept) or not len(self.kept) else self.kept
        return self.kept if len(self.kept) == len(history) else history

    def step(self, action: Any) -> Any:
        obs, *rest, info = super().step(action)
        if hasattr(self, "kept") and len(self.kept):
            obs[0] = 0.0 if self.kept[0].config else 1.0
        else:
            obs[0] = 0.0
        return obs, *rest, info


# ---------------------------------------------------------------------- copies
@planted("A deep copy is the env itself")
class CannotBeCopied(HPOEnv):
    def __deepcopy__(self, memo: Any) -> Any:
        return self


@planted("A pickle raises")
class CannotBePickled(HPOEnv):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.of = lambda: 3


@planted("A pickle in the middle of an episode")
class PicklesAsNew(HPOEnv):
    def __reduce__(self) -> Any:
        return type(self), (self.suite,), {"made": 1}

    def __deepcopy__(self, memo: Any) -> Any:
        new = object.__new__(type(self))
        new.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return new


@planted("To step a copy moves its original")
class CopiesByReference(HPOEnv):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.trace: list[int] = []

    def __deepcopy__(self, memo: Any) -> Any:
        new = object.__new__(type(self))
        trace = self.trace if self._seeded else []
        new.__dict__.update(copy.deepcopy({k: v for k, v in self.__dict__.items() if k != "trace"}, memo), trace=trace)
        return new

    def reset(self, **keywords: Any) -> Any:
        self.trace.clear()
        return super().reset(**keywords)

    def step(self, action: Any) -> Any:
        obs, *rest = super().step(action)
        self.trace.append(1)
        obs[0] = len(self.trace) % 5 / 5
        return obs, *rest


# ---------------------------------------------------------------------- outcomes
class Changes(HPOEnv):
    """Changes one part of each step."""

    def step(self, action: Any) -> Any:
        obs, reward, terminated, truncated, info = super().step(action)
        changed = self.change(obs, reward, terminated, info)
        return changed if len(changed) == 5 else (*changed[:3], truncated, changed[3])

    def change(self, obs: Any, reward: Any, terminated: Any, info: Any) -> Any:
        raise NotImplementedError


def changing(words: str, change: Callable[..., Any]) -> None:
    name = f"Changes{len(FAULTS)}"
    kind = type(name, (Changes,), {"change": lambda self, *parts: change(*parts), "__module__": __name__})
    globals()[name] = kind  # so that it can be pickled
    planted(words)(kind)


def with_(info: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return info | keys


changing("the observation is float64, its space float32", lambda o, r, e, i: (o.astype(float), r, e, i))
changing("the observation is outside its space", lambda o, r, e, i: (np.append(o[:-1], np.float32(2)), r, e, i))
changing("the observation has shape", lambda o, r, e, i: (o[:-1], r, e, i))
changing("the observation is not finite", lambda o, r, e, i: (o * np.float32("nan"), r, e, i))
changing("the observation is a list", lambda o, r, e, i: (o.tolist(), r, e, i))
changing("A reward is not a finite float", lambda o, r, e, i: (o, np.float32(r), e, i))
changing("A reward is not a finite float but nan", lambda o, r, e, i: (o, float("nan"), e, i))
changing("A reward is not a finite float but inf", lambda o, r, e, i: (o, float("inf"), e, i))
changing("is not the score", lambda o, r, e, i: (o, r + 1.0, e, i))
changing("`terminated` is not a bool", lambda o, r, e, i: (o, r, int(e), i))
changing("is truncated though no TimeLimit is set", lambda o, r, e, i: (o, r, False, e, i))
changing("lacks ['score']", lambda o, r, e, i: (o, r, e, {k: v for k, v in i.items() if k != "score"}))
changing(
    "lacks ['config', 'incumbent']",
    lambda o, r, e, i: (o, r, e, {k: v for k, v in i.items() if k not in ("config", "incumbent")}),
)
changing("incumbent's score is", lambda o, r, e, i: (o, r, e, with_(i, incumbent_score=i["score"])))
changing(
    "The incumbent is not the best trial so far", lambda o, r, e, i: (o, r, e, with_(i, incumbent=dict(i["config"])))
)
changing("`info['score']` is not a finite Python float but -inf", lambda o, r, e, i: (o, r, e, with_(i, score=-np.inf)))
changing("`info['score']` is not what the task gives", lambda o, r, e, i: (o, r, e, with_(i, score=i["score"] + 0.25)))
changing(
    "`info['config']` is not what the task gives",
    lambda o, r, e, i: (o, r, e, with_(i, config={**i["config"], "C": 0.5})),
)
changing("A trial cannot be repeated on its task", lambda o, r, e, i: (o, r, e, with_(i, config={})))
changing("`info['cost']` is negative", lambda o, r, e, i: (o, r, e, with_(i, cost=-1.0)))
changing(
    "`info['score']` is not a finite Python float", lambda o, r, e, i: (o, r, e, with_(i, score=np.float64(i["score"])))
)
changing("`info['status']` is not one of", lambda o, r, e, i: (o, r, e, with_(i, status=0)))
changing("`t` is", lambda o, r, e, i: (o, r, e, with_(i, t=i["t"] - 1)))
changing("The task changes within an episode", lambda o, r, e, i: (o, r, e, with_(i, task="abcd"[i["t"] % 4])))
changing("An episode ends with", lambda o, r, e, i: (o, r, e or i["t"] == 3, i))
changing("An episode goes on after its budget", lambda o, r, e, i: (o, r, False, i))


@planted("An episode ends with")
class EndsOnARepeat(HPOEnv):
    def step(self, action: Any) -> Any:
        obs, reward, terminated, truncated, info = super().step(action)
        seen = [tuple(c.items()) for c in self.history().configs]
        return obs, reward, terminated or len(set(seen)) < len(seen), truncated, info


@planted("The last trial of `history` is not that of the info")
class TellsAnotherHistory(HPOEnv):
    def history(self) -> History:
        return History(super().history().trials[::-1])


@planted("`history` changes trials that it told before")
class RewritesItsHistory(HPOEnv):
    def history(self) -> History:
        *early, last = super().history() or [None]
        return History(() if last is None else (*early[-1:] * len(early), last))


@planted("The info of `reset` lacks ['task']")
class NamesNoTask(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        obs, info = super().reset(**keywords)
        return obs, {"task_index": info["task_index"], "t": info["t"]}


@planted("The info of `reset` lacks ['task_index']")
class TellsNoIndex(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        obs, info = super().reset(**keywords)
        return obs, {name: value for name, value in info.items() if name != "task_index"}


@planted("`reset`: the observation is outside its space")
class BeginsOutside(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        obs, info = super().reset(**keywords)
        return obs + 5, info


# ---------------------------------------------------------------------- pictures
@planted("The render mode 'no such mode': is accepted")
class TakesAnyMode(HPOEnv):
    def __init__(self, suite: Any = "ToyPlain", *, render_mode: str | None = None, **keywords: Any) -> None:
        super().__init__(suite, **keywords)
        self.render_mode = render_mode


@planted("Render mode 'rgb_array' gives no uint8 array (h, w, 3)")
class DrawsFloats(HPOEnv):
    def render(self) -> Any:
        return np.zeros((4, 4, 3)) if self.render_mode == "rgb_array" else super().render()


@planted("To render as 'ansi' changes the episode")
class MovesWhenItDraws(HPOEnv):
    def render(self) -> Any:
        if self.render_mode == "ansi" and not self.kernel.over[0]:
            self.step(self.action_space.low)
        return super().render()


@planted("To render as 'ansi' raises NotImplementedError")
class DoesNotDraw(HPOEnv):
    def render(self) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(("kind", "words"), FAULTS, ids=[kind.__name__ for kind, _ in FAULTS])
@pytest.mark.long
def test_a_planted_fault_is_found_and_named(kind, words):
    draws = kind.render is not HPOEnv.render or kind is TakesAnyMode
    faults = faults_of(kind("ToyPlain", budget=4), processes=kind is DependsOnHashes, render=draws)
    assert any(words in fault for fault in faults), faults


def test_more_faults_are_planted_than_the_other_checkers_miss():
    assert len(FAULTS) >= 57


class TwoFaults(TakesNaN):
    def step(self, action: Any) -> Any:
        obs, reward, *rest = super().step(action)
        return obs.astype(float), np.float32(reward), *rest


@pytest.mark.long
def test_every_fault_is_named_not_only_the_first():
    text = "\n".join(faults_of(TwoFaults("ToyPlain", budget=3), processes=False))
    for words in ("NaN in an action", "float64, its space float32", "A reward is not a finite float"):
        assert words in text


OPTIONS: list[dict[str, Any]] = [
    {},
    {"suite": "ToyGappy", "codec": {"name": "box", "fidelity": True}, "n_init": 2, "budget": 3},
    {"suite": "ToyFormulas", "observer": "tokens", "scores": "rank", "codec": {"name": "move", "stop": True}},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.long
def test_a_good_env_has_no_fault(options):
    options = {"suite": "ToyPlain", "budget": 5, **options}
    check_env(HPOEnv(**options))
    check_env(gym.make("hpo_gym/HPO-v0", **options), processes=False, render=False)
    check_env(gym.wrappers.FlattenObservation(HPOEnv(**options)), processes=False, render=False)
    for mode in ("NEXT_STEP", "SAME_STEP", "DISABLED"):
        check_env(HPOVectorEnv(3, **options, autoreset_mode=mode), processes=False, render=False)


@pytest.mark.long
def test_a_time_limit_may_truncate():
    check_env(
        gym.make("hpo_gym/HPO-v0", suite="ToyPlain", budget=9, max_episode_steps=4), processes=False, render=False
    )


class SharedRewards(HPOVectorEnv):
    def step(self, actions: Any) -> Any:
        obs, rewards, *rest = super().step(actions)
        self.rewards = getattr(self, "rewards", rewards)
        self.rewards[:] = rewards
        return obs, self.rewards, *rest


class ClipsRows(HPOVectorEnv):
    def step(self, actions: Any) -> Any:
        fine = isinstance(actions, np.ndarray) and actions.shape == (3,) and actions.dtype.kind == "i"
        return super().step(np.clip(actions, 0, 15) if fine else actions)


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (SharedRewards, "What was handed out is written again by later steps"),
        (ClipsRows, "The action one above the last of one run: is accepted"),
    ],
)
def test_a_fault_in_a_vector_env_is_found(kind, words):
    faults = faults_of(kind(3, "ToyPlain", codec="pool"), processes=False, render=False)
    assert any(words in fault for fault in faults), faults


@pytest.mark.long
def test_the_env_given_is_left_alone():
    env = HPOEnv("ToyPlain")
    check_env(env, processes=False, render=False)
    assert env.kernel.runs.clock == 0 and not env._seeded
