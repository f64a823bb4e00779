"""`check_env` finds each kind of fault that its page names, by planted faults, and none in good envs."""

import copy
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest
import toys  # noqa: F401 - registers the suites
from gymnasium.envs.registration import EnvSpec

from hpo_gym import check_env
from hpo_gym.base.errors import CheckFailed, HPOGymError
from hpo_gym.env.codecs.box import Box
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.observers.last import Last
from hpo_gym.env.rewards import Reward
from hpo_gym.env.rewards.improvement import Improvement
from hpo_gym.env.rewards.score import Score
from hpo_gym.env.scales import Raw
from hpo_gym.env.vector import HPOVectorEnv

FAULTS: dict[str, tuple[str, type, dict[str, Any]]] = {}
"""By name: words that the checker must say, the class of the env, and keywords."""
KEPT: list[Any] = []
STEP, RESET = "`step` is not that of a plain env", "`reset` is not that of a plain env"
GAPPY: dict[str, Any] = {"suite": "ToyGappy", "budget": 6, "codec": "pool"}
FIDELITY: dict[str, Any] = {"suite": "ToyGappy", "codec": {"name": "box", "fidelity": True}, "budget": 3}
COST: dict[str, Any] = {"suite": "ToyGappy", "budget": None, "budget_cost": 3}
MASK: dict[str, Any] = {"codec": "pool", "duplicates": "mask"}
SAME, DISABLED = ({"autoreset_mode": mode} for mode in ("SAME_STEP", "DISABLED"))


def planted(words: str, **keywords: Any) -> Callable[[type], type]:
    """Put a class with a fault into the table."""

    def decorate(kind: type) -> type:
        FAULTS[kind.__name__] = (words, kind, keywords)
        return kind

    return decorate


def told(name: str, words: str, change: Callable[..., Any], base: type = HPOEnv, **keywords: Any) -> None:
    """Plant an env whose steps are changed, by ``change(env, [obs, reward, terminated, truncated, info])`` in place."""

    def step(self: Any, action: Any) -> Any:
        parts = list(base.step(self, action))
        change(self, parts)
        return tuple(parts)

    FAULTS[name] = (words, type(name, (base,), {"step": step}), keywords)


def info(name: str, words: str, change: Callable[[Any, dict[str, Any]], Any], base: type = HPOEnv, **kw: Any) -> None:
    """Plant an env whose infos of steps get the items that ``change(env, info)`` gives."""

    def changed(env: Any, parts: list[Any]) -> None:
        parts[4] = {**parts[4], **change(env, parts[4])}

    told(name, words, changed, base, **kw)


def setting(i: int, value: Callable[[Any, list[Any]], Any]) -> Callable[[Any, list[Any]], None]:
    """Return a change of one part of an outcome."""

    def change(env: Any, parts: list[Any]) -> None:
        parts[i] = value(env, parts)

    return change


# ---------------------------------------------------------------------- numbers of one run
told("another dtype", "observation: array", setting(0, lambda e, p: p[0].astype(float)))
told("outside its space", "outside its space", setting(0, lambda e, p: np.append(p[0][:-1], np.float32(2))))
told("an infinite reward", "is not finite", setting(1, lambda e, p: float("inf")))
told("truncates", "at truncated", setting(3, lambda e, p: True))
told("ends early", "at terminated", setting(2, lambda e, p: p[2] or p[4]["t"] == 3))
told("lacks the score", "lacks", setting(4, lambda e, p: {k: v for k, v in p[4].items() if k != "score"}))
told(
    "tells a test score", "none of ours: [\"info['test_score']\"]", setting(4, lambda e, p: p[4] | {"test_score": 0.5})
)
told("goes on after a stop", "at terminated", setting(2, lambda e, p: p[2] and "score" in p[4]),
     codec={"name": "box", "stop": True})  # fmt: skip
info("another score", "info['score']", lambda e, i: {"score": i["score"] + 0.25})
info("another incumbent", "info['incumbent']", lambda e, i: {"incumbent": dict(i["config"])})
info("a code as status", "info['status']", lambda e, i: {"status": 0})
info("noise", "info['score']", lambda e, i: {"score": i["score"] + (i["t"] == 2) / 64}, suite="ToyNoisy")
info("a failure's score", "info['score']", lambda e, i: {"score": -1.0} if i["status"] == "failed" else {}, **GAPPY)
info("a cut trial as a success", "info['status']", lambda e, i: {"status": "ok"} if i["status"] == "timeout" else {},
     **COST)  # fmt: skip
info("no objectives", "info['objectives']", lambda e, i: {"objectives": i["objectives"][::-1]}, suite="ToyGappy",
     objectives=["score", "cost"], weights=[1.0, 0.5])  # fmt: skip
told("forgives repeats", "at reward", setting(1, lambda e, p: e.kernel.runs.last.item()), duplicates="penalize")


class ShownTwice(Raw):
    plain = False

    def serve(self, contexts: Any, runs: Any, scores: Any) -> Any:
        return super().serve(contexts, runs, scores) * 2


class Rough(Improvement):
    def __call__(self, contexts: Any, runs: Any) -> Any:
        return np.round(super().__call__(contexts, runs), 3) + 1e-4

    def one(self, contexts: Any, runs: Any) -> float:
        return float(self(contexts, runs).item())


class Meddles(Reward):
    """Changes what the run is told."""

    def __call__(self, contexts: Any, runs: Any) -> Any:
        runs.last = runs.last + 0.25
        return runs.last.astype(float)


class Opposite(Box):
    def decode(self, contexts: Any, runs: Any, actions: Any) -> Any:
        return super().decode(contexts, runs, -np.asarray(actions))

    def decoder(self, contexts: Any) -> Any:
        return lambda runs, actions: self.decode(contexts, runs, actions)

    def decoder_one(self, contexts: Any) -> Any:
        return lambda runs, action: int(self.decode(contexts, runs, np.asarray(action)[None])[0].item())


FAULTS |= {
    "another scale": (RESET[:0] + STEP, HPOEnv, {"observer": Last(served=ShownTwice())}),
    "another improvement": ("at reward", HPOEnv, {"reward": Rough()}),
    "a reward that meddles": ("What is shown or paid changes trials", HPOEnv, {**GAPPY, "reward": Meddles()}),
    "another codec": ("info['config']", HPOEnv, {"codec": Opposite()}),
}


# ---------------------------------------------------------------------- beginnings, tasks, seeds
class Resets(HPOEnv):
    """Resets with changed arguments."""

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        return super().reset(**self.asked(seed, options))

    def asked(self, seed: Any, options: Any) -> dict[str, Any]:
        raise NotImplementedError


def asking(name: str, words: str, asked: Callable[[Any, Any, Any], tuple[Any, Any]], **keywords: Any) -> None:
    """Plant an env that resets by other arguments."""

    def changed(self: Any, seed: Any, options: Any) -> dict[str, Any]:
        return dict(zip(("seed", "options"), asked(self, seed, options), strict=True))

    FAULTS[name] = (words, type(name, (Resets,), {"asked": changed}), keywords)


asking("takes any seed", "The seed -1: is accepted", lambda e, s, o: (abs(s) if type(s) is int else s, o))
asking("takes any option", "The reset options {'tusk': 'a'}: is accepted",
       lambda e, s, o: (s, None if isinstance(o, dict) and "tusk" in o else o))  # fmt: skip
asking("loses seed 0", "", lambda e, s, o: (s or None, o))
asking("reads seeds once", "One seed gives two episodes",
       lambda e, s, o: (None if e._seeded and type(s) is int and s >= 0 else s, o))  # fmt: skip


@planted("uses the global generator of `random`")
class SeedsPythonsGenerator(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        random.seed(seed)
        np.random.rand()  # noqa: NPY002
        return super().reset(seed=seed, options=options)


@planted("gives another episode")
class DependsOnHashes(HPOEnv):
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        obs, told_ = super().reset(seed=seed, options=options)
        obs[0] = hash("task") % 1000 / 1000
        return obs, told_


# ---------------------------------------------------------------------- refusals
class Steps(HPOEnv):
    """Steps by changed actions."""

    change: Any = None

    def step(self, action: Any) -> Any:
        return super().step(type(self).change(self, action))


def stepping(name: str, words: str, change: Callable[[Any, Any], Any], **keywords: Any) -> None:
    """Plant an env that steps by other actions."""
    FAULTS[name] = (words, type(name, (Steps,), {"change": staticmethod(change)}), keywords)


def is_float(action: Any) -> bool:
    return getattr(action, "dtype", None) == np.float32


def refuse(action: Any) -> Any:
    if action is None:
        raise TypeError("no action")
    return action


def raise_bare(action: Any) -> Any:
    if action is None:
        raise HPOGymError
    return action


stepping("clips", "a hair above the bound in an action: is accepted",
         lambda e, a: np.clip(a, -1, 1) if is_float(a) and a.shape == e.action_space.shape else a)  # fmt: skip
stepping("raises what comes", "The action None: raises TypeError", lambda e, a: refuse(a))
stepping("says nothing", "the refusal has no message", lambda e, a: raise_bare(a))


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


@planted("A second `close()` raises RuntimeError")
class ClosesOnce(HPOEnv):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise RuntimeError("closed")
        self.closed = True


class Takes(HPOEnv):
    """Takes or refuses keywords otherwise."""

    def __init__(
        self, suite: Any = "ToyPlain", *, split: Any = "train", task: Any = None, fold: Any = None, reward: Any = None,
        **keywords: Any,
    ) -> None:  # fmt: skip
        super().__init__(suite, split=split, task=task, fold=fold, reward=reward, **self.good(keywords))

    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError


@planted("{'bugdet': 5} as keywords: is accepted")
class TakesAnyKeyword(Takes):
    def good(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name != "bugdet"}


# ---------------------------------------------------------------------- what is handed over and out
@planted("An argument of `step` that is handed over is written")
class WritesIntoTheAction(HPOEnv):
    def step(self, action: Any) -> Any:
        outcome = super().step(action)
        action *= 0.5
        return outcome


@planted("What was handed out is written again by later steps")
class HasOneObservation(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        self.buffer, told_ = super().reset(**keywords)
        return self.buffer, told_

    def step(self, action: Any) -> Any:
        self.buffer[...], *rest = super().step(action)
        return self.buffer, *rest


@planted("after outputs were overwritten")
class HandsOutItsIncumbent(HPOEnv):
    kept: Any = None

    def reset(self, **keywords: Any) -> Any:
        self.kept = None
        return super().reset(**keywords)

    def step(self, action: Any) -> Any:
        *rest, told_ = super().step(action)
        if self.kept is None or told_["incumbent"] == told_["config"]:
            self.kept = told_["incumbent"]
        told_["incumbent"] = self.kept
        return *rest, told_


@planted("Masks that were handed out change with later steps", **MASK)
class HandsOutLiveMasks(HPOEnv):
    kept: Any = None

    def action_masks(self) -> Any:
        now = super().action_masks()
        self.kept = now.copy() if self.kept is None else self.kept
        self.kept[...] = now
        return self.kept


@planted("`action_masks` after `reset` are not", **GAPPY)
class MasksNothing(HPOEnv):
    def action_masks(self) -> Any:
        return np.ones_like(super().action_masks())


# ---------------------------------------------------------------------- copies, specs, snapshots, pictures
@planted("A deep copy is the env itself")
class CannotBeCopied(HPOEnv):
    def __deepcopy__(self, memo: Any) -> Any:
        return self


@planted("To step a copy moves its original")
class CopiesByReference(HPOEnv):
    trace: ClassVar[list[int]] = []

    def step(self, action: Any) -> Any:
        obs, *rest = super().step(action)
        self.trace.append(1)
        obs[0] = len(self.trace) % 5 / 5
        return obs, *rest


@planted("A pickle raises")
class CannotBePickled(HPOEnv):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.of = lambda: 3


def with_spec(env: Any, **keywords: Any) -> Any:
    env.spec = EnvSpec("hpo_gym/HPO-v0", "hpo_gym.env:HPOEnv", kwargs=keywords)
    return env


@planted("`gym.make(env.spec)` makes another env")
class LosesItsKeywords(HPOEnv):
    def __new__(cls, **keywords: Any) -> Any:
        return with_spec(HPOEnv(**keywords), suite=keywords["suite"])


@planted("A snapshot of a run whose trials do not go on from each other: is accepted")
class HasSnapshotsOfATable(HPOEnv):
    def snapshot(self) -> bytes:
        return b"nothing"


@planted("without drawing as 'ansi'")
class MovesWhenItDraws(HPOEnv):
    def render(self) -> Any:
        if self.render_mode == "ansi" and not self.kernel.over[0]:
            self.step(self.action_space.low)
        return super().render()


# ---------------------------------------------------------------------- additions
@planted("`observation_space` is not that of a plain env")
class HasAnotherSpace(HPOEnv):
    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        space: Any = self.observation_space
        self.observation_space = gym.spaces.Box(space.low - 1, space.high + 1, dtype=space.dtype)


@planted("An episode prints: tried")
class Prints(HPOEnv):
    def step(self, action: Any) -> Any:
        print("tried")
        return super().step(action)


@planted("Each episode writes into the working directory")
class WritesAFile(HPOEnv):
    def reset(self, **keywords: Any) -> Any:
        self.episodes = getattr(self, "episodes", 0) + 1
        Path(f"episode-{id(self)}-{self.episodes}.txt").write_text("over")
        return super().reset(**keywords)


@planted("Memory grows with episodes", codec=None)
class KeepsEachEpisode(HPOEnv):
    def reset(self, **kwargs: Any) -> Any:
        KEPT.append(outcome := super().reset(**kwargs))
        return outcome


@planted("files open")
class LeavesAFileOpen(HPOEnv):
    def reset(self, **kwargs: Any) -> Any:
        KEPT.append(os.open(Path(__file__), os.O_RDONLY))
        return super().reset(**kwargs)


# ---------------------------------------------------------------------- many runs
def masked_next(env: Any, parts: list[Any]) -> None:
    if "final_obs" in parts[4]:
        for i in np.flatnonzero(parts[4]["_final_obs"]):
            parts[4]["final_obs"][i] = parts[0][i].copy()


def mean_return(env: Any, parts: list[Any]) -> None:
    if "episode" in parts[4]:
        parts[4]["episode"]["r"] = parts[4]["episode"]["r"] / 2


told("rewards of neighbours", "at reward", setting(1, lambda e, p: np.roll(p[1], 1)), HPOVectorEnv)
told("truncation as the end", "at terminated", setting(2, lambda e, p: p[2] | p[3]), HPOVectorEnv, max_episode_steps=3)
told("the next episode as the last", "info['final_obs']", masked_next, HPOVectorEnv, **SAME)
told("another return", "info['episode']", mean_return, HPOVectorEnv, statistics=True)
info("a score of a beginning", "info['score']", lambda e, i: {"score": np.nan_to_num(i["score"])}, HPOVectorEnv)


@planted("`history` is not that of a plain env")
class MixesUpHistories(HPOVectorEnv):
    def history(self, i: int) -> Any:
        return super().history((i + 1) % self.num_envs)


@planted("A step after the end of an episode: is accepted", **DISABLED)
class BeginsByItself(HPOVectorEnv):
    def step(self, actions: Any) -> Any:
        if self._seeded and self.kernel.over.any():
            self.reset(options={"reset_mask": self.kernel.over.copy()})
        return super().step(actions)


# ---------------------------------------------------------------------- all are found
def made(kind: type, keywords: dict[str, Any]) -> Any:
    options = {"suite": "ToyPlain", "budget": 4, "codec": "box", **keywords}
    return kind(3, **options) if issubclass(kind, HPOVectorEnv) else kind(**options)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.long
def test_a_planted_fault_is_found_and_named(name, tmp_path, monkeypatch):
    words, kind, keywords = FAULTS[name]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hpo_gym.checks.env._SECONDS", 120.0)  # no check is left out on a busy machine
    if kind.__qualname__ not in globals():  # made here, so no pickle knows it
        monkeypatch.setattr("hpo_gym.checks.copies._ways", lambda env: [("A deep copy", copy.deepcopy)])
    with pytest.raises(CheckFailed) as caught:
        check_env(made(kind, keywords), processes=kind is DependsOnHashes, render="raw" in name)
    KEPT.clear()
    assert any(words in fault for fault in caught.value.faults), caught.value.faults


CLEAN: list[dict[str, Any]] = [
    {}, GAPPY, {**FIDELITY, "n_init": 2}, COST, MASK, {"suite": "ToyFormulas", "observer": "tokens"},
    {"suite": "ToyNoisy", "codec": {"name": "box", "stop": True}}, {"reward": Score(), "observer": "pool", **MASK},
]  # fmt: skip


@pytest.mark.parametrize("options", CLEAN)
@pytest.mark.long
def test_a_good_env_has_no_fault(options):
    options = {"suite": "ToyPlain", "budget": 4, **options}
    check_env(HPOEnv(**options), processes=not options, render=False)
    check_env(gym.make("hpo_gym/HPO-v0", **options), processes=False, render=False)
    check_env(gym.wrappers.FlattenObservation(HPOEnv(**options)), processes=False, render=False)
    for mode in ("NEXT_STEP", "SAME_STEP", "DISABLED"):
        check_env(HPOVectorEnv(3, **options, autoreset_mode=mode), processes=False, render=False)


@pytest.mark.long
def test_wrappers_that_say_what_they_change_are_not_blamed():
    many = HPOVectorEnv(2, "ToyPlain", budget=3)
    for env in (
        gym.wrappers.vector.RecordEpisodeStatistics(many),
        gym.wrappers.vector.TransformReward(many, np.negative),
        gym.make("hpo_gym/HPO-v0", suite="ToyPlain", budget=9, max_episode_steps=4),
    ):
        check_env(env, processes=False)


@pytest.mark.long
def test_the_env_given_is_left_alone():
    env = HPOEnv("ToyPlain")
    check_env(env, processes=False, render=False)
    assert env.kernel.runs.clock == 0 and not env._seeded


IDS = sorted(name for name in gym.registry if name.startswith("hpo_gym/"))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore:.*so the check left out")
@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_no_registered_env_is_blamed(name, many):
    # of live tasks the cost is no measured time, which differs from run to run
    live = name == "hpo_gym/Live-v0"
    keywords = {"task": "wine-svm", "budget": 3, "cost": "fidelity"} if live else {"budget": 5}
    env = gym.make_vec(name, num_envs=3, **keywords) if many else gym.make(name, **keywords)
    check_env(env, processes=False, render=False)
