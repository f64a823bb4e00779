"""The cases of `ab.py` and the process that times them: it imports the tree that is first on its path.

Only the public API is used, so one file measures trees whose folders differ. Each line of standard input names a case
and a number of iterations, and is answered with CPU seconds, or with the error of a case that this tree does not have.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

import hpo_gym

Run = Callable[[int], object]
RING = 64
CASES: dict[str, Callable[[], Run]] = {}


def case(name: str) -> Callable[[Callable[[], Run]], Callable[[], Run]]:
    """Register what prepares a case and returns the function that runs `count` iterations of it."""

    def keep(prepare: Callable[[], Run]) -> Callable[[], Run]:
        CASES[name] = prepare
        return prepare

    return keep


# ---------------------------------------------------------------------- one env
def stepping(suite: str, **settings: Any) -> Run:
    """Step the single env of a suite with actions drawn beforehand; episodes begin anew."""
    env = gym.make(f"hpo_gym/{suite}-v0", **settings)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(1024)]
    env.reset(seed=0)

    def run(count: int) -> None:
        for i in range(count):
            _, _, ended, truncated, _ = env.step(actions[i % 1024])
            if ended or truncated:
                env.reset()

    return run


for _suite in ("SVM", "AutoML", "Pipelines"):
    case(f"single env, {_suite}, pool")(functools.partial(stepping, _suite, codec="pool"))
case("single env, SVM, box")(functools.partial(stepping, "SVM", codec="box"))


@case("single env, SVM, reset")
def resetting() -> Run:
    """Begin episodes of the single env."""
    env = gym.make("hpo_gym/SVM-v0", codec="pool")
    env.reset(seed=0)

    def run(count: int) -> None:
        for _ in range(count):
            env.reset()

    return run


# ---------------------------------------------------------------------- many envs
def vector(n: int, suite: str, **settings: Any) -> Run:
    """Step the vector env with actions drawn beforehand."""
    env = hpo_gym.HPOVectorEnv(n, suite, autoreset_mode="SAME_STEP", **settings)
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(RING)]

    def run(count: int) -> None:
        for i in range(count):
            env.step(actions[i % RING])

    return run


for _suite in ("SVM", "AutoML"):
    case(f"64 envs, {_suite}, pool")(functools.partial(vector, 64, _suite, codec="pool"))
case("1,024 envs, SVM, pool")(functools.partial(vector, 1024, "SVM", codec="pool"))
case("64 envs, Trainings")(functools.partial(vector, 64, "Trainings"))


@case("64 envs, surrogate of SVM, box")
def surrogate() -> Run:
    """Step the vector env whose scores a network predicts."""
    (suite,) = (part for part in (gym.spec("hpo_gym/SVMSurrogate-v0").kwargs or {}).values() if isinstance(part, str))
    return vector(64, suite, codec="box")


# ---------------------------------------------------------------------- optimizers
@case("rollouts of random and gp-ei, AutoML")
def rollouts() -> Run:
    """Run optimizers by ask and tell, on all test tasks in turn."""
    tasks = hpo_gym.load_suite("AutoML").tasks("test")

    def run(count: int) -> None:
        for i in range(count):
            for _ in range(4):
                hpo_gym.rollout("random", tasks[i % len(tasks)], 33, seed=i)
            hpo_gym.rollout("gp-ei", tasks[i % len(tasks)], 5, seed=i)

    return run


@case("cells of the benchmark, AutoML")
def cells() -> Run:
    """Compare two optimizers on eight tasks: choose, evaluate, store and count; no report is written."""

    def run(count: int) -> None:
        for _ in range(count):
            with tempfile.TemporaryDirectory() as folder:
                settings: dict[str, Any] = {"tasks": 8, "seeds": 2, "budget": 33, "engine": "serial", "report": False}
                hpo_gym.benchmark(("random", "default"), "AutoML", out=f"{folder}/out", progress=False, **settings)

    return run


# ---------------------------------------------------------------------- the process that is asked
def answer(request: dict[str, Any], ready: dict[str, Run]) -> dict[str, Any]:
    """Return the CPU seconds of so many iterations, or the error that the case raises."""
    name = request["case"]
    try:
        if name not in ready:
            ready[name] = CASES[name]()
        start = time.process_time()
        ready[name](request["count"])
        return {"seconds": max(time.process_time() - start, 1e-9)}
    except Exception as fault:
        return {"error": f"{type(fault).__name__}: {fault}"}


def serve() -> None:
    """Answer requests until there are no more; what the package prints goes to standard error."""
    out, ready = sys.stdout, dict[str, Run]()
    np.seterr(all="ignore")
    with contextlib.redirect_stdout(sys.stderr):
        print(json.dumps({"package": hpo_gym.__file__, "cases": list(CASES)}), file=out, flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line), ready)), file=out, flush=True)


if __name__ == "__main__":
    serve()
