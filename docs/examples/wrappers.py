"""Gymnasium's wrappers around the envs: what each does here, checked by numbers, and those that do not fit.

    python docs/examples/wrappers.py
    python docs/examples/wrappers.py --smoke

Every function takes the id of an env, looks at one wrapper, and returns what it found. `--smoke` looks at one suite.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces, wrappers
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import vector

import hpo_gym  # noqa: F401 - registers the env ids

BUDGET, RUNS = 6, 8
Case = Callable[[str], str]
CASES: dict[str, Case] = {}


def case(name: str) -> Callable[[Case], Case]:
    """Put a function into the table under this name."""

    def keep(function: Case) -> Case:
        CASES[name] = function
        return function

    return keep


def _single(env_id: str, **keywords: Any) -> gym.Env[Any, Any]:
    return gym.make(env_id, budget=BUDGET, **{"codec": "box", **keywords})


def _many(env_id: str, **keywords: Any) -> Any:
    return gym.make_vec(env_id, num_envs=RUNS, budget=BUDGET, **{"codec": "box", **keywords})


def play(env: Any, steps: int = BUDGET) -> list[tuple[Any, ...]]:
    """What `reset` and `steps` random actions give; the same actions for every env of equal spaces."""
    observation, info = env.reset(seed=0)
    env.action_space.seed(0)
    return [(observation, 0.0, False, False, info), *(env.step(env.action_space.sample()) for _ in range(steps))]


def _check(fact: Any, *values: Any) -> None:
    if not fact:
        raise SystemExit(f"This does not hold: {values}")


# ---------------------------------------------------------------------- one env
@case("RecordEpisodeStatistics")
def _statistics(env_id: str) -> str:
    steps = play(wrappers.RecordEpisodeStatistics(_single(env_id)))
    total, reported = sum(step[1] for step in steps), steps[-1][4]["episode"]
    _check(np.isclose(total, reported["r"]) and reported["l"] == BUDGET, total, reported)
    return f"works: info['episode'] has the return and {BUDGET} trials"


@case("TimeLimit")
def _time_limit(env_id: str) -> str:
    ended, limited = play(_single(env_id))[-1], play(wrappers.TimeLimit(_single(env_id), 4), 4)[-1]
    _check((ended[2], ended[3], limited[2], limited[3]) == (True, False, False, True), ended, limited)
    return "works: `truncated` after 4 steps; a spent budget is `terminated`, so prefer `budget=4`"


@case("FlattenObservation")
def _flatten(env_id: str) -> str:
    dictionary = _single(env_id, observer="tokens")
    flat = wrappers.FlattenObservation(dictionary)
    _check(flat.observation_space.contains(play(flat)[-1][0]))
    (size,) = flat.observation_space.shape or ()
    _check(size == spaces.flatdim(dictionary.observation_space), size)
    return f"works: the dictionary of `tokens` becomes a vector of {size}; `observer='history'` is one from the start"


@case("TransformObservation")
def _transform(env_id: str) -> str:
    plain, space = _single(env_id), _single(env_id).observation_space
    doubled = wrappers.TransformObservation(_single(env_id), lambda seen: 2 * seen, space)
    _check(all(np.array_equal(2 * a[0], b[0]) for a, b in zip(play(plain), play(doubled), strict=True)))
    return "works; for an agent that is to be compared write an observer, which `PolicyOptimizer` can use as well"


@case("TransformReward")
def _transform_reward(env_id: str) -> str:
    plain, scaled = play(_single(env_id)), play(wrappers.TransformReward(_single(env_id), lambda reward: 10 * reward))
    _check(all(np.isclose(10 * a[1], b[1]) for a, b in zip(plain, scaled, strict=True)))
    return "works: what is reported comes from trials, never from rewards"


@case("NormalizeReward")
def _normalize_reward(env_id: str) -> str:
    plain, scaled = play(_single(env_id)), play(wrappers.NormalizeReward(_single(env_id)))
    ratios = [b[1] / a[1] for a, b in zip(plain, scaled, strict=True) if a[1]]
    _check(min(ratios) > 0 and len({round(float(ratio), 6) for ratio in ratios}) > 1, ratios)
    return "works, with a scale that drifts: `reward='normalized_improvement'` has a fixed one, of meta-train"


@case("RescaleAction")
def _rescale_action(env_id: str) -> str:
    scaled = wrappers.RescaleAction(_single(env_id), np.float32(0), np.float32(1))
    plain = _single(env_id)
    scaled.reset(seed=0)
    plain.reset(seed=0)
    point = np.linspace(0, 1, plain.action_space.shape[0], dtype=np.float32)  # type: ignore[index]
    _check(scaled.step(point)[4]["config"] == plain.step(2 * point - 1)[4]["config"])
    return "works: [0, 1] in place of the codec's [-1, 1]"


@case("FrameStackObservation")
def _stack(env_id: str) -> str:
    stacked = wrappers.FrameStackObservation(_single(env_id), 3)
    steps = play(_single(env_id))
    _check(np.array_equal(play(stacked)[-1][0], np.stack([step[0] for step in steps[-3:]])))
    return "works: the last 3 trials; `observer='history'` shows all"


@case("RescaleObservation")
def _rescale_observation(env_id: str) -> str:
    env = wrappers.RescaleObservation(_single(env_id), np.float32(0), np.float32(1))
    scores = {float(step[0][-3]) for step in play(env)[1:]}
    _check(len(scores) == 1, scores)
    return f"USELESS: scores have no bounds, so each becomes {scores.pop():g}; take `scores='global'` or `'rank'`"


@case("MaxAndSkipObservation")
def _skip(env_id: str) -> str:
    env = wrappers.MaxAndSkipObservation(_single(env_id), skip=2)
    _check(play(env, 3)[-1][2])
    return "USELESS: the same configuration is paid for twice; StickyAction does the same by chance"


@case("action masks")
def _masks(env_id: str) -> str:
    env = wrappers.RecordEpisodeStatistics(_single(env_id, codec="pool", duplicates="mask"))
    env.reset(seed=0)
    env.step(5)
    mask = env.get_wrapper_attr("action_masks")()
    _check(not mask[5] and mask.sum() == mask.size - 1, mask)
    return "stay: `env.get_wrapper_attr('action_masks')()`"


# ---------------------------------------------------------------------- many at once
@case("vector.RecordEpisodeStatistics")
def _many_statistics(env_id: str) -> str:
    theirs, ours = play(vector.RecordEpisodeStatistics(_many(env_id))), play(_many(env_id, statistics=True))
    reported = [steps[-1][4]["episode"] for steps in (theirs, ours)]
    _check(np.allclose(reported[0]["r"], reported[1]["r"]) and (reported[0]["l"] == reported[1]["l"]).all(), reported)
    return "works; `statistics=True` gives the same and is faster"


@case("vector.FlattenObservation")
def _many_flat(env_id: str) -> str:
    env = vector.FlattenObservation(_many(env_id, observer="tokens"))
    seen = play(env)[-1][0]
    _check(env.observation_space.contains(seen))
    return f"works: an array {seen.shape}" + _refused(
        env_id, lambda _: vector.FlattenObservation(_many(env_id, observer="tokens", autoreset_mode="SAME_STEP"))
    )


@case("vector.TransformObservation")
def _many_transformed(env_id: str) -> str:
    doubled = play(vector.TransformObservation(_many(env_id), lambda seen: 2 * seen))
    _check(all(np.array_equal(2 * a[0], b[0]) for a, b in zip(play(_many(env_id)), doubled, strict=True)))
    return "works" + _refused(env_id, lambda envs: vector.TransformObservation(envs, lambda seen: seen))


@case("vector.NormalizeReward")
def _many_rewards(env_id: str) -> str:
    for mode in AutoresetMode:
        env = vector.NormalizeReward(_many(env_id, autoreset_mode=mode))
        _check(np.isfinite(play(env)[-1][1]).all())
    return "works in each autoreset mode"


@case("vector.NormalizeObservation")
def _many_observations(env_id: str) -> str:
    _check(np.isfinite(play(vector.NormalizeObservation(_many(env_id)))[-1][0]).all())
    return "works" + _refused(env_id, vector.NormalizeObservation)


def _refused(env_id: str, wrap: Callable[[Any], Any]) -> str:
    """Gymnasium's wrappers of observations leave `final_obs` as it is, so they refuse the mode that has it."""
    try:
        wrap(_many(env_id, autoreset_mode="SAME_STEP"))
    except ValueError as fault:
        _check("SAME_STEP" in str(fault), fault)
        return ", but NOT with `autoreset_mode='SAME_STEP'`: so not before the bridge to SB3"
    raise SystemExit("Gymnasium's wrappers take SAME_STEP now: say so here.")


@case("wrappers= of make_vec")
def _of_make_vec(env_id: str) -> str:
    try:
        _many(env_id, wrappers=[wrappers.FlattenObservation])
    except gym.error.Error as fault:
        _check("wrappers" in str(fault), fault)
    else:
        raise SystemExit("make_vec takes wrappers for a native vector env now: say so here.")
    slow = _many(env_id, vectorization_mode="sync", wrappers=[wrappers.FlattenObservation])
    play(slow)
    return "NOT on the native vector env, which has no single envs to wrap; `vectorization_mode='sync'` takes them"


@case("SyncVectorEnv")
def _sync(env_id: str) -> str:
    native, slow = (_many(env_id, vectorization_mode=mode) for mode in ("vector_entry_point", "sync"))
    seeds = list(range(RUNS))
    seen = [env.reset(seed=seeds)[0] for env in (native, slow)]
    native.action_space.seed(0)
    for _ in range(BUDGET):
        _check(np.array_equal(seen[0], seen[1]))
        action = native.action_space.sample()
        seen = [env.step(action)[0] for env in (native, slow)]
    return "works, bit for bit as the native one, and slower"


def main() -> None:
    """Go through the table for each suite."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one suite in place of four")
    suites = ("SVM",) if parser.parse_args().smoke else ("SVM", "AutoML", "Boosting", "Curves")
    for suite in suites:
        print(f"{suite}, gymnasium {gym.__version__}")
        for name, look in CASES.items():
            print(f"  {name:32} {look(f'hpo_gym/{suite}-v0')}")


if __name__ == "__main__":
    main()
