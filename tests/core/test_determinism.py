"""One seed, one trajectory, bit for bit: fresh, used, copied, unpickled, in another process, and in any vector env."""

import copy
import hashlib
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import toys  # noqa: F401 - registers the suites
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from hpo_gym.env.env import HPOEnv
from hpo_gym.env.vector import HPOVectorEnv

VARIANTS = {
    "plain pool": {"suite": "ToyPlain", "codec": "pool", "budget": 4},
    "plain pool, masked, given": {"suite": "ToyPlain", "codec": "pool", "budget": 4, "duplicates": "mask", "n_init": 2},
    "gappy box": {"suite": "ToyGappy", "budget": 3},
    "gappy, stop": {"suite": "ToyGappy", "budget": 6, "codec": {"name": "pool", "stop": True}, "observer": "summary"},
    "gappy, given, stop": {"suite": "ToyGappy", "budget": 4, "codec": {"name": "box", "stop": True}, "n_init": 3},
    "gappy, fidelity": {
        "suite": "ToyGappy", "budget": 2, "codec": {"name": "move", "fidelity": True}, "scores": "global",
    },
    "plain, stop at once": {
        "suite": "ToyPlain", "budget": 4, "codec": {"name": "box", "stop": True}, "observer": "summary",
        "scores": "rank", "reward": "normalized_improvement",
    },
    "gappy, all": {
        "suite": "ToyGappy", "budget": 2, "n_init": 2, "codec": {"name": "move", "fidelity": True, "stop": True},
        "observer": {"name": "tokens", "hyperparameters": True, "context": True}, "scores": "rank",
        "duplicates": "penalize", "reward": "regret_rate",
    },
    "ragged candidates": {
        "suite": "ToyRagged", "budget": 4, "codec": {"name": "pool", "candidates": 6, "stop": True},
        "observer": {"name": "pool", "candidates": 6, "context": True}, "scores": "rank", "reward": "log_regret",
    },
    "formulas, noise, stop": {
        "suite": "ToyFormulas", "budget": 5, "codec": {"name": "box", "stop": True}, "observer": "history",
        "scores": "rank", "reward": "improvement", "duplicates": "penalize", "n_init": 1,
    },
    "formulas, moves": {
        "suite": "ToyFormulas", "budget": 3, "codec": "move", "observer": "last", "reward": "regret",
    },
}  # fmt: skip
STEPS, N = 14, 5
SEEDS = [3, 0, 2**63, 17, 3]


@pytest.fixture(params=VARIANTS.values(), ids=list(VARIANTS))
def variant(request):
    return request.param


def actions_of(space: gym.Space, steps: int = STEPS, n: int = N) -> list[list]:
    """`steps` actions of each of `n` runs; a stop is rare, so that episodes are staggered and some are whole."""
    space = copy.deepcopy(space)
    space.seed(8)
    out = [[space.sample() for _ in range(n)] for _ in range(steps)]
    if isinstance(space, gym.spaces.Box):
        for row in out:
            for a in row:
                a[-1] = a[-1] - 0.7 if a[-1] > -0.3 else a[-1]
    return out


def unpickled(env):
    return pickle.loads(pickle.dumps(env))  # noqa: S301 - our own bytes


def flat(tree: object) -> object:
    """What can be compared and put into JSON: arrays as type, shape and hash of their bytes."""
    if isinstance(tree, dict):
        return {str(k): flat(v) for k, v in sorted(tree.items())}
    if isinstance(tree, (list, tuple)):
        return [flat(v) for v in tree]
    if isinstance(tree, np.ndarray) and tree.dtype != object:
        return [str(tree.dtype), list(tree.shape), hashlib.sha256(np.ascontiguousarray(tree).tobytes()).hexdigest()]
    if isinstance(tree, np.ndarray):
        return [flat(v) for v in tree.tolist()]
    return repr(tree)


def play(env: HPOEnv, seed: int | None = 7, episodes: int = 3) -> object:
    """Episodes after one seed, as JSON."""
    out, actions = [], actions_of(env.action_space, 60, 1)
    for episode in range(episodes):
        out.append(flat(env.reset(seed=seed if episode == 0 else None)))
        over = False
        while not over:
            step = env.step(actions.pop()[0])
            out.append(flat(step))
            over = step[2]
    return out


# ---------------------------------------------------------------------------------------------- one env
def test_used_copied_and_unpickled_envs_go_the_way_of_a_fresh_one(variant):
    fresh, used = HPOEnv(**variant), HPOEnv(**variant)
    expected = play(fresh)
    play(used, seed=99, episodes=1)
    used.reset(seed=5)
    used.step(actions_of(used.action_space, 1, 1)[0][0])  # left in the middle
    for env in (copy.deepcopy(used), unpickled(used), used, fresh):
        assert play(env) == expected


def test_a_copy_made_in_the_middle_goes_on_alike_and_leaves_the_original_alone(variant):
    env, twin = HPOEnv(**variant), HPOEnv(**variant)
    action = actions_of(env.action_space, 40, 1)
    env.reset(seed=1), twin.reset(seed=1)
    first = action.pop()[0]
    env.step(first), twin.step(first)
    copies = [copy.deepcopy(env), unpickled(env)]
    for one in copies:
        play(one)  # a copy that is used must not move the original
    copies = [copy.deepcopy(env), unpickled(env)]
    over = env.kernel.over[0]
    for _ in range(20):
        if over:
            assert len({json.dumps(flat(e.reset())) for e in (env, twin, *copies)}) == 1
        step = action.pop()[0]
        results = [flat(e.step(step)) for e in (env, twin, *copies)]
        assert results.count(results[0]) == len(results)
        over = env.kernel.over[0]
        assert flat(env.history().scores) == flat(copies[0].history().scores)


def _child(pipe, names: list[str]) -> None:
    pipe.send([play(HPOEnv(**VARIANTS[name])) for name in names])


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.long)])
def test_another_process_goes_the_same_way(method):
    context = multiprocessing.get_context(method)
    here, there = context.Pipe()
    child = context.Process(target=_child, args=(there, list(VARIANTS)))
    child.start()
    assert here.recv() == [play(HPOEnv(**options)) for options in VARIANTS.values()]
    child.join()


@pytest.mark.long
def test_the_hash_seed_of_python_changes_nothing():
    code = "import json, test_determinism as t; print(json.dumps([t.play(t.HPOEnv(**v)) for v in t.VARIANTS.values()]))"
    path = os.pathsep.join(map(str, Path(__file__).parents[:3]))
    env = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "4242"}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert json.loads(out.stdout) == [play(HPOEnv(**options)) for options in VARIANTS.values()]


# ---------------------------------------------------------------------------------------------- vector envs
def same(a: object, b: object) -> bool:
    return flat(a) == flat(b)


def numbers(infos: dict, mask: np.ndarray | None = None) -> dict:
    """The numeric infos of Gymnasium's vector envs, and for whom they hold."""
    names = ("score", "incumbent_score", "fidelity", "cost", "t")
    return {k: (np.asarray(infos[k]), infos["_" + k]) for k in names if k in infos}


def check_infos(infos: dict, theirs: dict) -> None:
    for name, (values, who) in numbers(theirs).items():
        ours = np.asarray(infos[name])
        assert ours.shape == (N,)
        np.testing.assert_array_equal(ours[who].astype(float), values[who].astype(float), err_msg=name)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_the_native_vector_env_goes_the_way_of_gymnasiums(variant, mode):
    native = HPOVectorEnv(N, **variant, autoreset_mode=mode)
    sync = SyncVectorEnv([lambda: HPOEnv(**variant)] * N, autoreset_mode=mode)
    walk(native, sync, mode)


def walk(native: HPOVectorEnv, other: gym.vector.VectorEnv, mode: AutoresetMode) -> None:
    """Step two vector envs in the three modes, and compare all that they hand out."""
    assert native.single_observation_space == other.single_observation_space
    assert native.observation_space == other.observation_space and native.action_space == other.action_space
    (a, info), (b, theirs) = native.reset(seed=SEEDS), other.reset(seed=SEEDS)
    assert same(a, b) and native.observation_space.contains(a)
    check_infos(info, theirs)
    ended = 0
    for row in actions_of(native.single_action_space):
        a, b = native.step(np.array(row)), other.step(tuple(row))
        assert [flat(part) for part in a[:4]] == [flat(part) for part in b[:4]]
        assert native.observation_space.contains(a[0])
        over = a[2] | a[3]
        ended += over.sum()
        assert ("final_obs" in a[4]) == (mode is AutoresetMode.SAME_STEP and over.any())
        if "final_obs" in a[4]:
            assert same(a[4]["final_obs"][over], b[4]["final_obs"][over])
            np.testing.assert_array_equal(a[4]["_final_obs"], over)
            check_infos(a[4]["final_info"], b[4]["final_info"])
        check_infos(a[4], b[4])
        if mode is AutoresetMode.DISABLED and over.any():
            (a, info), (b, theirs) = (e.reset(options={"reset_mask": over}) for e in (native, other))
            assert same(a, b)
    assert ended >= N
    other.close()


@pytest.mark.long
def test_gymnasiums_async_vector_env_goes_the_same_way():
    variant = VARIANTS["gappy, all"]
    for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
        there = AsyncVectorEnv([_Make(variant)] * N, autoreset_mode=mode, context="fork")
        walk(HPOVectorEnv(N, **variant, autoreset_mode=mode), there, mode)


class _Make:
    def __init__(self, variant: dict) -> None:
        self.variant = variant

    def __call__(self) -> HPOEnv:
        return HPOEnv(**self.variant)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_used_copied_and_unpickled_vector_envs_go_the_way_of_a_fresh_one(variant, mode):
    env = HPOVectorEnv(N, **variant, autoreset_mode=mode)
    expected = rollout(copy.deepcopy(env), mode)
    rollout(env, mode, steps=3, seed=8)
    for one in (copy.deepcopy(env), unpickled(env), env):
        assert rollout(one, mode) == expected


def rollout(env: HPOVectorEnv, mode: AutoresetMode, steps: int = STEPS, seed: object = 5) -> object:
    out = [flat(env.reset(seed=seed))]
    for row in actions_of(env.single_action_space, steps):
        step = env.step(np.array(row))
        step[4].pop("episode", None)  # holds seconds
        if "final_info" in step[4]:
            step[4]["final_info"].pop("episode", None)
        out.append(flat((*step[:4], dict(step[4].items()))))
        if mode is AutoresetMode.DISABLED and (step[2] | step[3]).any():
            out.append(flat(env.reset(options={"reset_mask": step[2] | step[3]})[0]))
    return out
