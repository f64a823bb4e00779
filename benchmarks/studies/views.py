"""Which view of a tuning env a standard agent learns on: what it does, sees and gets; all else is left at its default.

A cell trains an agent of Stable-Baselines3 with its default settings on one env of the training split, and judges its
policy on all validation tasks: the mean area under the curve of normalised regret over 33 trials, four runs a task if
sampled, one if greedy. Test tasks are not read. A cell of `controls` has the same of methods that see no score: random
rows, the default and its neighbours, the portfolio, random numbers of the list of `candidates`, and the best order of
that list on the training tasks, chosen greedily. `share` is the part of the variance of a random run's return that lies
between tasks, which no action changes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import frame
import gymnasium as gym
import numpy as np
from frame import Table
from numpy.typing import NDArray

import hpo_gym

SUITES = ("AutoML", "SVM", "Boosting")
BUDGET, SEEDS, SECONDS, SAMPLED = 33, 3, 300.0, 4
CANDIDATES = {"codec": "candidates", "observer": "candidates"}
VIEWS: Mapping[str, Mapping[str, Any]] = {
    "box": {"codec": "box", "observer": "last", "reward": "score"},
    "box, auc": {"codec": "box", "observer": "summary", "reward": "auc"},
    "candidates, score": {**CANDIDATES, "reward": "score"},
    "candidates, anytime": {**CANDIDATES, "reward": "anytime"},
    "candidates, auc": {**CANDIDATES, "reward": "auc"},
    "64 candidates, auc": {
        "codec": {"name": "candidates", "count": 64}, "observer": {"name": "candidates", "count": 64}, "reward": "auc",
    },
    "candidates, blind": {"codec": "candidates", "observer": "blind", "reward": "auc"},
}  # fmt: skip
LOOKS = "validation tasks; no test task is read"
CHEAP = {("controls", "Boosting"): ()}


def cells() -> Iterator[frame.Address]:
    """Yield the controls of each suite, then the trainings, first seeds first."""
    yield from (("controls", suite) for suite in SUITES)
    yield from (("ppo", view, suite, str(s)) for s in range(SEEDS) for view in VIEWS for suite in SUITES)


def cell(what: str, *path: str) -> Any:
    """Return the AUCs of the controls of a suite, or the curve of a training."""
    return controls(*path) if what == "controls" else trained(*path)


# ---------------------------------------------------------------------------------------------- judging
def judged(view: Mapping[str, Any], suite: str, act: Any, reps: int) -> NDArray[np.float64]:
    """Return the AUC of each run of a policy over the validation tasks, ``(tasks, reps)``."""
    tasks = hpo_gym.load_suite(suite).tasks("val")
    names = [t.name for t in tasks for _ in range(reps)]
    best, worst = (np.array([getattr(t, end) for t in tasks for _ in range(reps)]) for end in ("best", "worst"))
    parts = {**view, "reward": "score"}  # a reward that reads the oracle is refused here, and nobody reads any
    envs: Any = gym.make_vec(f"hpo_gym/{suite}-v0", num_envs=len(names), split="val", budget=BUDGET, **parts)
    seen, _ = envs.reset(seed=0, options={"task": names})
    reached, area = np.full(len(names), -np.inf), np.zeros(len(names))
    for _ in range(BUDGET):
        seen, scores, _, _, _ = envs.step(act(seen))
        reached = np.fmax(reached, scores)
        area += np.clip((best - reached) / (best - worst), 0.0, 1.0)
    return (area / BUDGET).reshape(len(tasks), reps)


def controls(suite: str) -> dict[str, float]:
    """Return the mean AUC of what sees no score, and the share of the variance between tasks by reward."""
    rng = np.random.default_rng(0)
    out = {name: _rolled(name, suite) for name in ("random", "default", "portfolio")}
    view = VIEWS["candidates, auc"]
    count = gym.make(f"hpo_gym/{suite}-v0", **view).action_space.n  # type: ignore[attr-defined]
    out["random candidates"] = float(
        judged(view, suite, lambda seen: rng.integers(count, size=len(seen)), SAMPLED).mean()
    )
    order = _ordered(suite)
    step = iter(range(BUDGET))
    out["best order of the candidates"] = float(
        judged(view, suite, lambda seen: np.full(len(seen), order[next(step)]), 1).mean()
    )
    for reward in ("score", "anytime", "auc"):
        out[f"share of {reward}"] = _share(suite, {**CANDIDATES, "reward": reward})
    return {name: round(value, 6) for name, value in out.items()}


def _rolled(name: str, suite: str) -> float:
    loaded, areas = hpo_gym.load_suite(suite), []
    prior = loaded.prior()
    for task in loaded.tasks("val"):
        for seed in range(SAMPLED if name == "random" else 1):
            run = hpo_gym.rollout(hpo_gym.make_optimizer(name), task, budget=BUDGET, seed=seed, prior=prior)
            reached = np.maximum.accumulate(run.scores)
            areas.append(np.clip((task.best - reached) / (task.best - task.worst), 0.0, 1.0).mean())
    return float(np.mean(areas))


def _ordered(suite: str) -> list[int]:
    """Return the candidates in the order that lowers the mean regret over the training tasks most, step by step."""
    tasks = hpo_gym.load_suite(suite).tasks("train")
    env: Any = gym.make(f"hpo_gym/{suite}-v0", **VIEWS["candidates, auc"]).unwrapped
    places = env.kernel.parts.codec.listed.at(env.kernel.contexts.batch)
    regret = np.ones(places.shape[:2])
    for j, task in enumerate(tasks):
        scores = np.asarray(env.kernel.batch.scores[j], float)[places[j]]
        scores = np.where(np.isfinite(scores), scores, task.worst)
        regret[j] = np.clip((task.best - scores) / (task.best - task.worst), 0.0, 1.0)
    left, order = np.ones(len(tasks)), list[int]()
    for _ in range(min(BUDGET, places.shape[1])):
        mean = np.minimum(left[:, None], regret).mean(0)
        mean[order] = np.inf
        order.append(int(mean.argmin()))
        left = np.minimum(left, regret[:, order[-1]])
    return order + [0] * (BUDGET - len(order))


def _share(suite: str, view: Mapping[str, Any]) -> float:
    """Return the variance of the mean return of a task over that of all returns, of random runs, by 16 runs a task."""
    names = [t.name for t in hpo_gym.load_suite(suite).tasks("train")][:100]
    envs: Any = gym.make_vec(f"hpo_gym/{suite}-v0", num_envs=16 * len(names), budget=BUDGET, **view)
    envs.reset(seed=0, options={"task": [name for name in names for _ in range(16)]})
    rng, total = np.random.default_rng(0), np.zeros(16 * len(names))
    for _ in range(BUDGET):
        total += envs.step(rng.integers(envs.single_action_space.n, size=len(total)))[1]
    runs = total.reshape(len(names), 16)
    inside = runs.var(1, ddof=1).mean()
    between = max(runs.mean(1).var(ddof=1) - inside / 16, 0.0)
    return float(between / (between + inside))


# ---------------------------------------------------------------------------------------------- training
def trained(view: str, suite: str, seed: str) -> dict[str, list[float]]:
    """Return `steps`, CPU `seconds`, and the AUC `sampled` and `greedy`, before, during and after a training."""
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback

    torch.set_num_threads(1)
    out: dict[str, list[float]] = {"steps": [], "seconds": [], "sampled": [], "greedy": []}

    class Watch(BaseCallback):
        """Judge six times, and end the training; the seconds of judging do not count."""

        spent = 0.0
        began = time.process_time()

        def judge(self) -> None:
            began = time.process_time()
            for way, reps in (("sampled", SAMPLED), ("greedy", 1)):
                act = lambda seen, way=way: self.model.predict(seen, deterministic=way == "greedy")[0]  # noqa: E731
                torch.manual_seed(0)
                with torch.random.fork_rng():
                    out[way].append(round(float(judged(VIEWS[view], suite, act, reps).mean()), 6))
            out["steps"].append(self.num_timesteps)
            out["seconds"].append(round(began - self.began - self.spent, 1))
            self.spent += time.process_time() - began

        def _on_rollout_start(self) -> None:
            if time.process_time() - self.began - self.spent >= len(out["steps"]) * SECONDS / 6:
                self.judge()

        def _on_step(self) -> bool:
            return time.process_time() - self.began - self.spent < SECONDS

    model = PPO("MlpPolicy", gym.make(f"hpo_gym/{suite}-v0", **VIEWS[view]), seed=int(seed))
    watch = Watch()
    watch.began = time.process_time()
    model.learn(10**9, callback=watch)
    watch.judge()
    return out


# ---------------------------------------------------------------------------------------------- what pages show
def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the AUC by view and suite, untrained and after the training, beside the controls."""
    rows = []
    for view, suites in found.get("ppo", {}).items():
        for suite, seeds in suites.items():
            ends = {way: [c[way][-1] for c in seeds.values()] for way in ("sampled", "greedy")}
            first = np.mean([c["sampled"][0] for c in seeds.values()])
            steps = np.mean([c["steps"][-1] for c in seeds.values()])
            rows.append(
                (view, suite, f"{first:.3f}", *(" ".join(f"{v:.3f}" for v in ends[way]) for way in ends),
                 f"{steps / 1000:,.0f} k")
            )  # fmt: skip
    names = ("random", "default", "portfolio", "random candidates", "best order of the candidates")
    beside = [(suite, *(f"{c[name]:.3f}" for name in names)) for suite, c in found.get("controls", {}).items()]
    shares = ("score", "anytime", "auc")
    between = [
        (suite, *(f"{c[f'share of {name}']:.2f}" for name in shares)) for suite, c in found.get("controls", {}).items()
    ]
    return {
        "views": Table.of(("view", "suite", "untrained", "sampled", "greedy", "steps"), rows),
        "controls": Table.of(("suite", *names), beside),
        "shares": Table.of(("suite", *(f"`{name}`" for name in shares)), between),
    }
