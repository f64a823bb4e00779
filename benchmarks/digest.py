"""Digests of what agents see, do and get: equal before and after a change that must change nothing.

    python benchmarks/digest.py --out before.json
    python benchmarks/digest.py --against before.json

Each case is one set-up of an env, single and vector, over suites, codecs, rewards, observers, scales, duplicates, given
points and autoreset modes: observations, rewards, ends, infos, masks and histories are hashed with their types. Others
hash the rows, snapped points and activity of proposals. Digests hold for one machine and one NumPy: `exp` and `log` may
differ in the last bit elsewhere.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import gymnasium as gym
import numpy as np
from ConfigSpace import (
    AndConjunction,
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    GreaterThanCondition,
    InCondition,
    Integer,
    OrConjunction,
    OrdinalHyperparameter,
)

import hpo_gym
from hpo_gym.env import CODECS, OBSERVERS, REWARDS, SCORES
from hpo_gym.problem import SUITES, PoolBatch, SearchSpace, TableTask, batch_of
from hpo_gym.suites import TableSuite

BUDGET = 6
STEPS = 23
RUNS = 9
PROPOSALS = 2000
Case = Callable[[], str]


# ---------------------------------------------------------------------- hashing
class Digest:
    """A hash of values with their types and shapes."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, value: Any) -> None:
        """Hash one value; of containers, what they hold."""
        put = self._hash.update
        if isinstance(value, dict):
            put(b"{")
            for key in sorted(value):
                put(key.encode())
                if key == "t" and "r" in value and "l" in value:
                    continue  # seconds of an episode
                self.add(value[key])
        elif isinstance(value, np.ndarray) and value.dtype == object:
            put(b"o")
            for one in value:
                self.add(one)
        elif isinstance(value, (np.ndarray, np.generic)):
            put(f"{value.dtype}{value.shape}".encode())
            put(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, (list, tuple)):
            put(f"[{len(value)}".encode())
            for one in value:
                self.add(one)
        else:
            put(f"{type(value).__name__}{value!r}".encode())

    def text(self) -> str:
        """The first 16 digits."""
        return self._hash.hexdigest()[:16]


# ---------------------------------------------------------------------- suites
def odd_space() -> SearchSpace:
    """Conditions on numbers, on choices, on both, and on children; forbidden clauses; constants and tight ranges."""
    space = ConfigurationSpace(seed=0)
    kind = Categorical("kind", ["a", "b", "c"])
    size, rate = Integer("size", (1, 40), log=True), Float("rate", (1e-5, 1e-1), log=True)
    width = Integer("width", (3, 9))
    grade = OrdinalHyperparameter("grade", ["low", "mid", "high"])
    flag, fixed = Categorical("flag", [True, False]), Categorical("fixed", ["only"])
    deep, deeper, late = Float("deep", (-1.0, 3.0)), Integer("deeper", (0, 1)), Float("late", (0.5, 0.5000001))
    space.add([kind, size, rate, width, grade, flag, fixed, deep, deeper, late])
    space.add(InCondition(rate, kind, ["a", "b"]))
    space.add(OrConjunction(EqualsCondition(deep, flag, True), GreaterThanCondition(deep, size, 7)))
    space.add(AndConjunction(EqualsCondition(deeper, flag, True), EqualsCondition(deeper, kind, "a")))
    space.add(GreaterThanCondition(late, deep, 0.0))
    space.add(
        ForbiddenAndConjunction(ForbiddenEqualsClause(kind, "c"), ForbiddenEqualsClause(grade, "high")),
    )
    return SearchSpace(space)


def made_suites() -> dict[str, hpo_gym.Suite]:
    """Tables of shapes that no shipped suite has: gaps, failures, twins, pools of single tasks, many rows, levels."""
    rng, names = np.random.default_rng(11), ["a", "b", "c", "d"]
    keep: dict[str, Any] = {"tasks": names, "splits": {"train": names[:3], "test": names[3:]}}
    odd, flat = odd_space(), ConfigurationSpace({f"x{j}": (0.0, 1.0) for j in range(4)})
    x = odd.sample(rng, 400)
    x[300:] = x[rng.integers(0, 300, 100)]
    score = rng.normal(size=(4, len(np.unique(x, axis=0))))
    gaps = np.where(rng.random(score.shape) < 0.4, np.nan, score)
    gaps[:, 1] = -np.inf
    pools = [SearchSpace(flat).sample(rng, m) for m in (50, 70, 30, 60)]
    apart = [np.where(rng.random((len(p), 2)) < 0.2, np.nan, rng.normal(size=(len(p), 2))) for p in pools]
    for one in apart:
        one[0] = 1.0
    many = SearchSpace(flat).sample(rng, 25_000).astype(np.float32)
    many_scores = rng.normal(size=(4, len(many))).astype(np.float32)
    return {
        "Odd": hpo_gym.table_suite("Odd", odd, np.unique(x, axis=0), gaps, **keep),
        "Apart": hpo_gym.table_suite("Apart", flat, pools, apart, fidelities=[0.5, 1.0], **keep),
        "Many": hpo_gym.table_suite("Many", flat, many, many_scores, **keep),
        "ManyGaps": hpo_gym.table_suite(
            "ManyGaps", flat, many, np.where(rng.random(many_scores.shape) < 0.3, np.nan, many_scores), **keep
        ),
    }


def suites() -> dict[str, hpo_gym.Suite]:
    """All suites by name."""
    return {name: hpo_gym.load_suite(name) for name in SUITES.names()} | MADE


# ---------------------------------------------------------------------- envs
def single(settings: dict[str, Any]) -> str:
    """A single env, from `gym.make`, through several episodes."""
    settings = {**settings, "suite": suites()[settings["suite"]]}
    out, env = Digest(), gym.make("hpo_gym/HPO-v0", budget=BUDGET, **settings)
    env.action_space.seed(1)
    out.add(env.reset(seed=3))
    ended = False
    for _ in range(STEPS):
        if ended:
            out.add(env.unwrapped.history())  # type: ignore[attr-defined]
            out.add(env.reset())
        _masks(out, env.unwrapped)
        *rest, ended, _, info = env.step(env.action_space.sample())
        out.add([*rest, ended, info])
    out.add(env.unwrapped.history())  # type: ignore[attr-defined]
    return out.text()


def vector(settings: dict[str, Any], mode: str) -> str:
    """A vector env, infos read whole at some steps, by key at others, and not at all at the rest."""
    settings = {**settings, "suite": suites()[settings["suite"]]}
    limit = 4 if "late" in settings else None
    settings = {k: v for k, v in settings.items() if k != "late"}
    env = hpo_gym.HPOVectorEnv(RUNS, budget=BUDGET, autoreset_mode=mode, max_episode_steps=limit, **settings)
    env.action_space.seed(2)
    out = Digest()
    out.add(env.reset(seed=5))
    kept: list[Any] = []
    for i in range(STEPS):
        _masks(out, env)
        step = env.step(env.action_space.sample())
        kept.append(step[:4])
        out.add(step[:4])
        if i % 3 == 0:
            out.add(dict(step[4]))
            out.add(dict(step[4]))
        elif i % 3 == 1:
            kept.append(step[4])  # read late: what was handed out does not change
        if mode == "DISABLED" and (step[2] | step[3]).any():
            out.add(env.reset(options={"reset_mask": step[2] | step[3]}))
    for i in range(RUNS):
        out.add(env.history(i))
    out.add([dict(k) if isinstance(k, dict) else k for k in kept])
    return out.text()


def _masks(out: Digest, env: Any) -> None:
    if env.kernel.parts.codec.pool:
        out.add(env.action_masks() > 0)


def setups() -> Iterator[dict[str, Any]]:
    """Keywords of envs: each suite with each part, and on four suites of different kinds parts in pairs."""
    observers = [{"name": n, **({"candidates": 9} if n == "pool" else {})} for n in OBSERVERS.names()]
    rewards, scores = list(REWARDS.names()), list(SCORES.names())
    plain = [{"name": n} for n in CODECS.names()]
    more = [{"name": n, "stop": True} for n in CODECS.names()] + [{"name": n, "fidelity": True} for n in CODECS.names()]
    more += [{"name": n, "stop": True, "fidelity": True} for n in CODECS.names()]
    for suite, loaded in suites().items():
        tabular = loaded.members[0].pool is not None
        codecs = [c for c in [*plain, *more] if tabular or c["name"] != "pool"]
        base = {"suite": suite}
        pool = {**base, "codec": "pool"} if tabular else base
        for codec in codecs:
            yield {**base, "codec": codec}
            yield {**base, "codec": codec, "n_init": 2, "observer": "history", "reward": "improvement"}
            yield {**base, "codec": codec, "late": True, "duplicates": "penalize"}
        for observer in observers if tabular else observers[:-1]:
            if observer["name"] == "pool":
                if tabular:
                    yield {**base, "observer": observer, "codec": {"name": "pool", "candidates": 9}}
                continue
            yield {**pool, "observer": observer}
            yield {**pool, "observer": {**observer, "context": True}, "scores": "rank", "n_init": 1}
        for reward in rewards:
            yield {**pool, "reward": reward}
            yield {**base, "reward": reward, "split": "train", "n_init": 1}
        for scale in scores:
            yield {**pool, "scores": scale}
        if tabular:
            yield {**pool, "duplicates": "mask"}
            yield {**pool, "duplicates": "mask", "n_init": 3}
        if suite in ("AutoML", "FCNet", "Functions", "Curves", "Odd", "Apart"):
            for codec in codecs:
                for observer in observers:
                    if observer["name"] == "pool":
                        continue
                    yield {**base, "codec": codec, "observer": observer, "scores": "rank", "reward": "improvement"}
                for reward in rewards:
                    yield {**base, "codec": codec, "reward": reward, "n_init": 1}


def env_case(settings: dict[str, Any], way: str) -> str:
    """One set-up; a refusal is an answer too."""
    try:
        if way != "single":
            return vector(settings, way)
        return "-" if "late" in settings else single(settings)
    except hpo_gym.HPOGymError as fault:
        return f"refused: {type(fault).__name__}"


# ---------------------------------------------------------------------- points
def proposals(space: SearchSpace, x: np.ndarray[Any, Any] | None) -> np.ndarray[Any, Any]:
    """Points of the cube: uniform, on edges, canonical, near those, and a pool's own."""
    rng = np.random.default_rng(7)
    u = rng.random((PROPOSALS, space.d))
    edges = rng.integers(0, 3, (200, space.d)) / 2.0
    snapped = space.snap(u[:200])
    near = np.clip(snapped + rng.normal(0.0, 1e-9, snapped.shape), 0.0, 1.0)
    own = [] if x is None else [np.asarray(x, np.float64)[rng.integers(0, len(x), 300)]]
    return np.concatenate([u, edges, snapped, near, *own])


def points_case(space: SearchSpace) -> str:
    """Snapped points, activity, legality and configurations of proposals."""
    out, x = Digest(), proposals(space, None)
    snapped = space.snap(x)
    out.add([snapped, space.active(x), space.active(snapped), space.legal(snapped), space.default_x])
    out.add([space.snap(one[None]) for one in x[:50]])
    out.add(
        [space.decode(x[:60]), space.from_unit(x[0]), space.encode(space.decode(snapped[space.legal(snapped)][:40]))]
    )
    out.add(space.neighbours(snapped[0]))
    return out.text()


def rows_case(suite: hpo_gym.Suite, split: str) -> str:
    """What answers proposals on the tasks of a split, in batches and one by one."""
    tasks = suite.tasks(split)
    batch = batch_of(tasks, suite.space.d)
    out, x = Digest(), proposals(suite.space, tasks[0].pool)
    task = np.random.default_rng(8).integers(0, len(tasks), len(x))
    out.add(batch.place(task, x))
    out.add([batch.place(task[i : i + 1], x[i : i + 1]) for i in range(0, len(x), 40)])
    if isinstance(batch, PoolBatch):
        snapped = suite.space.snap(x)
        out.add(batch.nearest(task, snapped))
        assert isinstance(suite, TableSuite) and isinstance(tasks[0], TableTask)
        pool = suite.table.pool(tasks[0].index)
        out.add([pool.exact(snapped), pool.exact(snapped[:50]), pool.group, pool.distances(snapped[:40])])
        out.add([pool.row(one) for one in snapped[-60:]])
        rows = np.random.default_rng(9).integers(0, batch.m, len(x))
        out.add(batch.measured_rows(task, rows))
        out.add(batch.points(task[:50], rows[:50]))
        out.add([batch.config(int(task[i]), rows[i]) for i in range(60)])
        out.add([t.rows(snapped[:200]) for t in tasks[:4] if isinstance(t, TableTask)])
    return out.text()


# ---------------------------------------------------------------------- all
def cases() -> Iterator[tuple[str, Case]]:
    """Every case by its name."""
    for name, suite in suites().items():
        yield f"points {name}", lambda suite=suite: points_case(suite.space)
        for split in ("train", "test"):
            yield f"rows {name} {split}", lambda suite=suite, split=split: rows_case(suite, split)
    modes = ("NEXT_STEP", "SAME_STEP", "DISABLED")
    count = Counter[str]()
    for settings in setups():
        count[settings["suite"]] += 1
        for way in ("single", modes[count[settings["suite"]] % 3]):
            yield (
                f"{way} {json.dumps(settings, sort_keys=True)}",
                lambda settings=settings, way=way: env_case(settings, way),
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the digests here")
    parser.add_argument("--against", type=Path, help="fail where a digest differs from those written here")
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    given = parser.parse_args()
    np.seterr(all="ignore")
    found = {name: case() for name, case in cases() if given.only in name}
    refused = sum(one.startswith("refused") for one in found.values())
    whole = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]
    print(f"{len(found)} cases, of them {refused} refused; all together {whole}")
    if given.out is not None:
        given.out.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n")
    if given.against is not None:
        before = json.loads(given.against.read_text())
        other = [name for name in found if before.get(name, found[name]) != found[name]]
        print("\n".join([f"{len(found.keys() - before)} cases are new", *other[:40]]))
        if other:
            raise SystemExit(f"{len(other)} of {len(found)} digests differ")


MADE = made_suites()

if __name__ == "__main__":
    main()
