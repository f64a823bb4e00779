"""Odd but legal, and illegal, calls of the public API, drawn by a fixed seed: no traceback of another package.

`python tests/core/test_odd_calls.py 1000` prints how each call ended, and every foreign traceback.
"""

from __future__ import annotations

import collections
import inspect
import math
import os
import random
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import HPOGymError

CALLS, SEED = 1000, 7
SPACE = {"x": (0.0, 1.0), "k": ["a", "b"]}


def score(config: dict[str, Any]) -> float:
    """An objective."""
    return float(config["x"])


def _suite() -> hpo_gym.Suite:
    return hpo_gym.table_suite(
        "Odd", {"x": (0.0, 1.0)}, [[0.0], [0.5], [1.0]], np.arange(12.0).reshape(4, 3), tasks=list("abcd"),
        splits={"train": ["a", "b"], "val": ["c"], "test": ["d"]},
    )  # fmt: skip


SUITE = _suite()
TASK = SUITE.tasks("test")[0]
HISTORY = hpo_gym.rollout("random", TASK, 2)
QUERY = hpo_gym.Query({"x": 0.5})
ODD: list[Any] = [
    None, True, False, 0, 1, 2, -1, 3, 2**70, 10**400, 0.5, 1.0, 2.5, -0.0, 1e308, math.nan, math.inf, -math.inf,
    np.int64(2), np.float32(0.5), np.bool_(True), np.array(3), np.array([1, 2]), np.array([]), "", "random", "SVM", "a",
    "3", "nope", "SVM,Boosting", "test", "x\0y", "\ud800", "os:getcwd", "json:loads", "nope.py:f", b"x", [], [1],
    ["SVM"], [None], (), (0, 1), (1, 0), {}, {"name": "random"}, {"name": 5}, {"x": 0.5}, {"x": (0, 1)},
    {"x": math.nan}, {1: 2}, set(), frozenset("a"), range(3), object(), Exception("e"), int, dict, len,
    lambda *a, **k: 1, score, Path("nowhere"),
    SUITE, TASK, HISTORY, QUERY, hpo_gym.Trial(QUERY, 1.0), 3j, slice(2), iter([1]), memoryview(b"x"), NotImplemented,
]  # fmt: skip
GOOD: dict[str, list[Any]] = {
    "suite": ["SVM", SUITE], "suites": ["SVM", SUITE, [SUITE]], "optimizer": ["random", "ga", "gp-ei"],
    "optimizers": ["random", ["random"]], "task": [TASK, "a", "d"],
    "budget": [1, 2, np.int64(2)], "budget_cost": [None],
    "split": ["train", "test"], "space": [SPACE], "objective": [score], "seed": [0, 3], "history": [HISTORY],
    "out": [None], "progress": [False], "config_space": [hpo_gym.load_suite("SVM").space.config_space],
    "query": [QUERY], "score": [0.5], "env": [hpo_gym.HPOEnv(SUITE, codec="pool")],
    "policy": [lambda obs, rng: 0],
}  # fmt: skip
"""Values that most calls take, by the name of the argument; all others are left at their defaults, or are odd."""
SLOW = {"train", "check_env", "check_suite", "check_optimizer"}
"""Calls that work for seconds where their arguments are right; they get an odd first argument."""
CAPPED: dict[str, dict[str, Any]] = {
    "tune": {"budget": 1, "optimizer": "random", "progress": False, "timeout": 20.0},
    "benchmark": {"budget": 1, "seeds": 1, "tasks": 1, "progress": False, "report": False, "engine": "serial"},
    "rollout": {"budget": 2},
}
"""Arguments that keep what runs small, unless an odd value takes their place."""


def _doors() -> dict[str, Callable[..., Any]]:
    """Every public name that can be called, and the methods of what they make."""
    abstract = {"Callback", "Codec", "Observer", "Reward", "Task", "Optimizer", "BatchOptimizer", "Trainable", "Status"}
    names = [
        n for n in hpo_gym.__all__ if n not in abstract and not n.endswith(("Error", "Failed")) and not n.isupper()
    ]
    doors: dict[str, Callable[..., Any]] = {name: getattr(hpo_gym, name) for name in names}
    doors |= {
        "gym.make": lambda suite="SVM", **k: gym.make("hpo_gym/HPO-v0", suite=suite, disable_env_checker=True, **k),
        "gym.make_vec": lambda suite="SVM", **k: gym.make_vec("hpo_gym/HPO-v0", suite=suite, **k),
        "HPOEnv.reset": lambda seed=0, options=None: hpo_gym.HPOEnv(SUITE).reset(seed=seed, options=options),
        "HPOEnv.step": lambda action=0: _begun(hpo_gym.HPOEnv(SUITE, codec="pool")).step(action),
        "HPOVectorEnv.reset": lambda seed=0, options=None: hpo_gym.HPOVectorEnv(2, SUITE).reset(
            seed=seed, options=options
        ),
        "HPOVectorEnv.step": lambda actions=(0, 1): _begun(hpo_gym.HPOVectorEnv(2, SUITE, codec="pool")).step(actions),
        "HPOVectorEnv.history": lambda i=0: _begun(hpo_gym.HPOVectorEnv(2, SUITE)).history(i),
        "Suite.task": lambda name="a": SUITE.task(name),
        "Suite.tasks": lambda split="test", fold=None: SUITE.tasks(split, fold),
        "Suite.prior": lambda fold=None, memory="train": SUITE.prior(fold, memory),
        "Task.run": lambda config=None, fidelity=1.0, seed=0: TASK.run(config or {"x": 0.5}, fidelity, seed),
        "SearchSpace.to_unit": lambda config=None: SUITE.space.to_unit(config),
        "SearchSpace.sample": lambda n=1: SUITE.space.sample(np.random.default_rng(0), n),
        "Optimizer.tell": lambda score=0.5: _asked().tell(hpo_gym.Trial(QUERY, score)),
    }
    return doors


def _begun(env: Any) -> Any:
    env.reset(seed=0)
    return env


def _asked() -> Any:
    optimizer: Any = hpo_gym.make_optimizer("gp-ei")
    optimizer.reset(hpo_gym.Context.of(TASK, 3), np.random.default_rng(0))
    optimizer.ask()
    return optimizer


def _parameters(door: Callable[..., Any]) -> list[str]:
    try:
        given = inspect.signature(door).parameters.values()
    except (TypeError, ValueError):
        return ["value"]
    env = [n for n in inspect.signature(hpo_gym.HPOEnv).parameters if n not in ("suite", "render_mode")]
    names = [p.name for p in given if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return names + (env if any(p.kind is p.VAR_KEYWORD for p in given) else [])


def drawn(count: int, seed: int) -> Iterator[tuple[str, Callable[..., Any], dict[str, Any]]]:
    """Calls: a door, and its arguments, of which one to three are odd."""
    rng, doors = random.Random(seed), _doors()
    for _ in range(count):
        name = rng.choice(sorted(doors))
        door = doors[name]
        names = _parameters(door)
        odd = {names[0]} if name in SLOW else set(rng.sample(names, min(len(names), rng.choice((1, 1, 1, 2, 3)))))
        arguments: dict[str, Any] = dict(CAPPED.get(name, {}))
        for at, key in enumerate(names):
            if key in odd:
                arguments[key] = rng.choice([v for v in ODD if not (name in SLOW and isinstance(v, type(SUITE)))])
            elif key in GOOD and (at < 3 or rng.random() < 0.2) and key not in arguments:
                arguments[key] = rng.choice(GOOD[key])
        if rng.random() < 0.03:
            arguments[rng.choice(("n_trials", "loss", "nope"))] = 1
        yield name, door, arguments


def ended(name: str, door: Callable[..., Any], arguments: dict[str, Any]) -> tuple[str, str]:
    """How a call ended: "taken", "refused", "signature" or "foreign", with the traceback of the last."""
    if name == "benchmark":
        arguments = {"out": tempfile.mkdtemp(), **{k: v for k, v in arguments.items() if v is not None or k != "out"}}
    try:
        door(**arguments)
    except HPOGymError:
        return "refused", ""
    except Exception as fault:
        trace = traceback.extract_tb(fault.__traceback__)
        if isinstance(fault, TypeError) and Path(trace[-1].filename).name in (Path(__file__).name, "keywords.py"):
            return "signature", ""  # Python itself: a keyword that does not exist, an argument that is missing
        return "foreign", traceback.format_exc()
    return "taken", ""


def run(count: int, seed: int) -> tuple[collections.Counter[str], list[str]]:
    """Make calls in an empty folder; how many ended how, and what foreign tracebacks say."""
    counts, foreign = collections.Counter[str](), list[str]()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.chdir(folder)
        try:
            for name, door, arguments in drawn(count, seed):
                how, said = ended(name, door, arguments)
                counts[how] += 1
                if said:
                    foreign.append(f"{name}({', '.join(f'{k}={v!r:.60}' for k, v in arguments.items())})\n{said}")
        finally:
            os.chdir(before)
    return counts, foreign


@pytest.mark.slow
def test_no_odd_call_ends_in_a_foreign_traceback() -> None:
    counts, foreign = run(CALLS, SEED)
    assert not foreign, f"{len(foreign)} of {CALLS}:\n" + "\n".join(foreign[:5])
    assert counts["taken"] > CALLS // 20 and counts["refused"] > CALLS // 3


if __name__ == "__main__":
    counts, foreign = run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SEED)
    print("\n".join(foreign), dict(counts), sep="\n")
