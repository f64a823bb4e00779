"""What training gives docs/examples/cleanrl_ppo.py on each suite that comparisons pool, with its default settings.

A cell trains it once, and has the AUC of one run on each test task, trained and untrained; a cell of `controls` has the
same of random search, the default and its neighbours, and the portfolio of the training tasks.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import frame
import gymnasium as gym
import numpy as np
from frame import Table
from judged import SAYS, auc_of, score_of
from looks import Look
from ratios import against
from runs import about

import hpo_gym
from hpo_gym.bench import interval

POOLED = ("AutoML", "SVM", "Linear", "MLP", "Studies", "Curves", "Pipelines")
SUITES = (*POOLED, "Boosting")
METHODS = ("random", "default", "portfolio")
RIVALS, SEEDS = ("untrained", *METHODS), 3
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
sys.path.insert(0, str(EXAMPLES))
LOOKS = Look(
    "AUC of the example in one file, trained and untrained, random search, the default and the portfolio",
    "what training gives on each pooled suite, on families that it never saw",
    SUITES,
)


def cells() -> Iterator[frame.Address]:
    """Yield the controls of each suite, then the trainings, first seeds first."""
    yield from (("controls", suite) for suite in SUITES)
    yield from (("trained", suite, str(seed)) for seed in range(SEEDS) for suite in SUITES)


def cell(what: str, suite: str, seed: str = "0") -> dict[str, Any]:
    """Return the AUCs of the controls of a suite, or of a training."""
    return controls(suite) if what == "controls" else trained(suite, int(seed))


def controls(suite: str) -> dict[str, Any]:
    """Return the AUC of each method on each test task; of random search, the mean of four runs."""
    loaded = hpo_gym.load_suite(suite)
    tasks, prior = loaded.tasks("test"), loaded.prior()
    score = score_of(tasks)
    found = {
        name: np.mean([
            [auc_of(score, hpo_gym.make_optimizer(name), task, prior, seed) for task in tasks]
            for seed in range(4 if name == "random" else 1)
        ], 0).round(6).tolist()
        for name in METHODS
    }  # fmt: skip
    return {**about(tasks), "score": score, "auc": found}


def trained(suite: str, seed: int) -> dict[str, Any]:
    """Return the AUCs of a training on test tasks, before and after, and its CPU seconds."""
    import cleanrl_ppo as example
    import torch

    args = example.Args(env_id=f"hpo_gym/{suite}-v0", seed=seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    loaded, began = hpo_gym.load_suite(suite), time.process_time()
    envs: Any = gym.make_vec(args.env_id, args.num_envs, autoreset_mode="SAME_STEP", statistics=True).unwrapped
    agent = example.Agent(envs.single_observation_space.shape[0], int(envs.single_action_space.n))
    agents = {"untrained": copy.deepcopy(agent), "trained": agent}
    example.train(args, envs, agent, loaded)
    seconds = time.process_time() - began
    tasks = loaded.tasks("test")
    score = score_of(tasks)
    with torch.no_grad():
        found = {
            name: [round(auc_of(score, example.optimizer_of(one, envs, loaded), task), 6) for task in tasks]
            for name, one in agents.items()
        }
    return {"auc": found, "seconds": round(seconds, 1)}


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the AUCs, means of three trainings, and ratios with intervals over families, a suite a row and pooled."""
    parts = {}
    for suite, known in found["controls"].items():
        runs = found["trained"][suite].values()
        mean = {name: np.mean([run["auc"][name] for run in runs], 0).tolist() for name in ("trained", "untrained")}
        parts[suite] = {**known, "auc": {**known["auc"], **mean}}
    names = (*RIVALS, "trained")
    auc = [
        (suite, *(f"{np.mean(part['auc'][name]):.3f}" for name in names), SAYS[part["score"]])
        for suite, part in parts.items()
    ]
    rows = [(suite, *_ratios({suite: part})) for suite, part in parts.items()]
    pooled = {suite: part for suite, part in parts.items() if suite in POOLED}
    return {
        "auc": Table.of(("suite", *names, "judged by"), auc),
        "ratios": Table.of(
            ("suite", *(f"/ {rival}" for rival in RIVALS)),
            [*rows, ("all", *_ratios(pooled))],
        ),
    }


def _ratios(parts: Mapping[str, Any]) -> list[str]:
    """Return the trained agent's ratios to its rivals."""
    return [interval(against(parts, rival, ("trained",))["trained"]["ratio"], 2) for rival in RIVALS]
