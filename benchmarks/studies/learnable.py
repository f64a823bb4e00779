"""A standard agent on the env as `gym.make` gives it: PPO of Stable-Baselines3, all settings at their defaults.

A cell of `ppo` trains on one suite for 300 seconds of one processor and keeps its curve on the validation tasks: the
mean area under the curve of normalised regret over 33 trials, four runs a task if sampled, one if greedy. At its end,
the agent and its untrained self play one run on each test task as comparisons play them. A cell of `controls` has the
same of methods without a network: random search, the default and its neighbours, the portfolio of the training tasks;
and of the best order of the env's own candidates that their scores on training tasks tell, blind to the run's scores.
A cell of `signal` says how much of what a trial is paid is the candidate's. `judged` has the score that judges; the
rewards are of the validation score.

    python benchmarks/studies/learnable.py    # a check on validation tasks: SVM and Boosting, and the one file on all
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import frame
import gymnasium as gym
import numpy as np
import one_file
from frame import Table
from judged import SAYS, auc_by, auc_of, score_of
from looks import Look
from numpy.typing import NDArray
from ratios import against
from runs import about

import hpo_gym
from hpo_gym.bench import interval
from hpo_gym.env.codecs.candidates import CandidatesCodec
from hpo_gym.env.listed import draw_listed
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.problem import Task, batch_of, relative_regret

SUITES = ("AutoML", "SVM", "Boosting")
LEARNS = ("SVM", "Boosting")
"""Those of which the pages say that PPO learns there, and the check sees to it."""
METHODS = one_file.METHODS
ORDER = "best order"
ARMS = ("untrained, sampled", "untrained", "ppo")
FILE = "one file"
BEFORE = {"ppo": "untrained", FILE: "one file, untrained"}
"""By trained agent its own untrained self."""
BUDGET, SEEDS, SECONDS, POINTS, SAMPLED = 33, 3, 300.0, 10, 4
WAYS = (("sampled", SAMPLED), ("greedy", 1))
"""Of play, and how many runs a task; those sampled before and after a training alone."""
LOOKS = Look(
    "AUC of PPO, its untrained self, random search, the default and its neighbours, the portfolio, and the best order",
    "whether plain PPO learns on the env as it is made, on families that it never saw",
    SUITES,
)
TRIED = (0, 1, 3, 8)
DQN_STEPS = 200_000  # its exploration ends after a tenth of the steps that it is told
FIGURE = "learnable.svg"


def cells() -> Iterator[frame.Address]:
    """Yield the controls of each suite, then the trainings, first seeds first."""
    yield from (("controls", suite) for suite in SUITES)
    yield from (("signal", suite) for suite in SUITES)
    yield from (("ppo", suite, str(seed)) for seed in range(SEEDS) for suite in SUITES)


def cell(what: str, suite: str, seed: str = "0") -> Any:
    """Return what a function below has of a suite, or a training with its curve and its AUCs on test tasks."""
    if what in ("controls", "signal"):
        return controls(suite) if what == "controls" else signal(suite)
    arms, curve = trained(suite, int(seed))
    tasks = hpo_gym.load_suite(suite).tasks("test")
    score = score_of(tasks)
    found = {name: [round(auc_of(score, arm, task), 6) for task in tasks] for name, arm in arms.items()}
    return {**curve, "auc": found}


def controls(suite: str) -> dict[str, Any]:
    """Return the AUC of each method on each validation task in the mean, and on each test task."""
    loaded = hpo_gym.load_suite(suite)
    prior, found = loaded.prior(), dict[str, list[list[float]]]()
    score = score_of(loaded.tasks("test"))
    for split in ("val", "test"):
        for name in METHODS:
            runs = [
                [auc_of(score, hpo_gym.make_optimizer(name), task, prior, seed) for task in loaded.tasks(split)]
                for seed in range(SAMPLED if name == "random" else 1)
            ]
            found.setdefault(name, []).append(np.mean(runs, 0).round(6).tolist())
        order = iter(best_order(suite))
        found.setdefault(ORDER, []).append(
            judged(suite, lambda seen, order=order: np.full(len(seen), next(order)), 1, split=split)[:, 0]
            .round(6)
            .tolist()
        )
    return {
        **about(loaded.tasks("test")),
        "score": score,
        "validation": {name: round(float(np.mean(val)), 6) for name, (val, _) in found.items()},
        "auc": {name: test for name, (_, test) in found.items()},
    }


def best_order(suite: str, most: int = BUDGET) -> list[int]:
    """Return the numbers of candidates of the env, each lowers the mean regret of training tasks most."""
    tasks, scores = listed_scores(suite)
    regret = regrets(tasks, scores)
    reached, order = np.ones((len(tasks), 1)), list[int]()
    for _ in range(most):
        mean = np.minimum(reached, regret).mean(0)
        mean[order] = np.inf
        order.append(int(mean.argmin()))
        reached = np.minimum(reached, regret[:, order[-1:]])
    return order


def listed_scores(suite: str) -> tuple[Sequence[Task], NDArray[np.float64]]:
    """Return the training tasks of a suite, and the score of each of the env's candidates there; -inf of failures."""
    loaded = hpo_gym.load_suite(suite)
    tasks = loaded.tasks("train")
    batch = batch_of(tasks, loaded.space.d)
    at = draw_listed(loaded, None, CandidatesCodec().length).at(batch)
    scores = np.take_along_axis(np.asarray(batch.scores), at, 1)
    return tasks, np.where(np.isfinite(scores), scores, -np.inf)


def regrets(tasks: Sequence[Task], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the normalised regrets of scores, a task a row."""
    best, worst = (np.array([[getattr(t, end)] for t in tasks]) for end in ("best", "worst"))
    return relative_regret(scores, best, worst)


def signal(suite: str) -> dict[str, Any]:
    """Return the shares of a reward's variance that lie between candidates and between tasks, by reward and trials.

    The reward is that of a trial of each candidate on each training task, after some trials of `best_order`.
    """
    tasks, scores = listed_scores(suite)
    regret, oracle = regrets(tasks, scores), Oracle.of(tasks, random=True)
    every, found = np.arange(len(tasks)), dict[str, Any]()
    low = np.array([[t.worst] for t in tasks])
    for tried in TRIED:
        order = best_order(suite, tried)
        before = np.where(tried, regret[:, order].min(1, initial=1.0), 1.0)
        after, left = np.minimum(before[:, None], regret), BUDGET - tried
        luck = np.stack([oracle.luck(every, one, np.array(left - 1)) for one in after.T], 1)
        auc = (before[:, None] - after) * left
        rewards = {
            "score": np.maximum(scores, low),
            "auc": auc,
            "ahead": auc + luck - oracle.luck(every, before, np.array(left))[:, None],
        }
        for name, reward in rewards.items():
            found.setdefault(name, {})[str(tried)] = [
                round(float(reward.mean(axis).var() / reward.var()), 4) for axis in (0, 1)
            ]
    return found


# ---------------------------------------------------------------------------------------------- one training
def judged(
    suite: str, act: Any, reps: int, view: Mapping[str, Any] | None = None, split: str = "val", score: str = ""
) -> NDArray[np.float64]:
    """Return the AUC of each run of a policy over the tasks of a split, ``(tasks, reps)``, by that of `score_of`."""
    tasks = hpo_gym.load_suite(suite).tasks(split)
    names = [t.name for t in tasks for _ in range(reps)]
    envs: Any = gym.make_vec(
        f"hpo_gym/{suite}-v0", num_envs=len(names), split=split, budget=BUDGET, **{**(view or {}), "reward": "score"}
    )
    seen, _ = envs.reset(seed=0, options={"task": names})
    for _ in range(BUDGET):
        seen, *_ = envs.step(act(seen))
    score = score or score_of(tasks)
    areas = [auc_by(score, envs.unwrapped.history(i), tasks[i // reps]) for i in range(len(names))]
    return np.reshape(areas, (len(tasks), reps))


def trained(
    suite: str,
    seed: int,
    algorithm: str = "PPO",
    view: Mapping[str, Any] | None = None,
    *,
    seconds: float = SECONDS,
    points: int = POINTS,
    score: str = "",
) -> tuple[Any, Any]:
    """Train an agent of Stable-Baselines3 with its defaults; return it, before and after, and its curve."""
    import stable_baselines3
    import torch
    from stable_baselines3.common.callbacks import BaseCallback

    from hpo_gym.optimize.forms.sb3_policy import SB3Policy

    torch.set_num_threads(1)
    curve: dict[str, list[float]] = {"steps": [], "seconds": [], "sampled": [], "greedy": []}
    env = gym.make(f"hpo_gym/{suite}-v0", **(view or {}))
    policy = "MultiInputPolicy" if isinstance(env.observation_space, gym.spaces.Dict) else "MlpPolicy"
    model = getattr(stable_baselines3, algorithm)(policy, env, seed=seed)
    arms = {"untrained, sampled": SB3Policy(model, env, deterministic=False), "untrained": SB3Policy(model, env)}

    class Watch(BaseCallback):
        """Judge at equal distances, and end the training; the seconds of judging do not count."""

        judging = 0.0
        began = time.process_time()

        def spent(self) -> float:
            return time.process_time() - self.began - self.judging

        def judge(self, *ways: tuple[str, int]) -> None:
            began = time.process_time()
            curve["steps"].append(self.num_timesteps)
            curve["seconds"].append(round(self.spent(), 1))
            with torch.random.fork_rng():
                for way, reps in ways:
                    torch.manual_seed(0)
                    act = lambda seen, way=way: self.model.predict(seen, deterministic=way == "greedy")[0]  # noqa: E731
                    curve[way].append(round(float(judged(suite, act, reps, view, score=score).mean()), 6))
            self.judging += time.process_time() - began

        def _on_rollout_start(self) -> None:
            if self.spent() >= len(curve["steps"]) * seconds / points:
                self.judge(*(WAYS if not curve["steps"] else WAYS[1:]))

        def _on_step(self) -> bool:
            return self.spent() < seconds

    watch = Watch()
    watch.began = time.process_time()
    model.learn(DQN_STEPS if algorithm == "DQN" else 10**9, callback=watch)
    watch.judge(*WAYS)
    return {**arms, "ppo": SB3Policy(model, env)}, curve


# ---------------------------------------------------------------------------------------------- what pages show
def parts(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the AUCs of a suite's test tasks as `ratios` takes them; those of trainings are means over seeds."""
    out = {}
    for suite, seeds in found.get("ppo", {}).items():
        known = found["controls"][suite]
        mean = {name: np.mean([run["auc"][name] for run in seeds.values()], 0).tolist() for name in ARMS}
        example = [run["auc"] for run in frame.stored("one_file")["trained"][suite].values()]
        for name, arm in ((FILE, "trained"), (BEFORE[FILE], "untrained")):
            mean[name] = np.mean([auc[arm] for auc in example], 0).tolist()
        out[suite] = {"tasks": known["tasks"], "families": known["families"], "auc": {**known["auc"], **mean}}
    return out


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the AUC on test tasks, and the ratios of PPO to each other method with intervals over families."""
    of = parts(found)
    names = (*METHODS, ORDER, *ARMS, BEFORE[FILE], FILE)
    by = {suite: SAYS[known["score"]] for suite, known in found["controls"].items()}
    rows = [(suite, *(f"{np.mean(part['auc'][name]):.3f}" for name in names), by[suite]) for suite, part in of.items()]
    rivals = (*METHODS, ORDER, "untrained")
    twins = {(agent, "untrained"): before for agent, before in BEFORE.items()}
    ratios = [
        (suite, agent, *(_ratio(suite, part, agent, twins.get((agent, rival), rival)) for rival in rivals))
        for suite, part in of.items() for agent in BEFORE
    ]  # fmt: skip
    seeds = [
        (suite, seed, *(f"{run[way][end]:.3f}" for end in (0, -1) for way in ("sampled", "greedy")),
         f"{run['steps'][-1] / 1000:,.0f} k", by[suite])
        for suite, runs in found.get("ppo", {}).items() for seed, run in runs.items()
    ]  # fmt: skip
    signals = [
        (suite, f"`{reward}`", *(f"{by[str(t)][0]:.3f}" for t in TRIED), f"{by['0'][1]:.2f}")
        for suite, rewards in found.get("signal", {}).items() for reward, by in rewards.items()
    ]  # fmt: skip
    known = [
        (suite, *(f"{of['validation'][name]:.3f}" for name in (*METHODS, ORDER)), by[suite])
        for suite, of in found["controls"].items()
    ]
    return {
        "controls": Table.of(("suite", *METHODS, ORDER, "judged by"), known),
        "signal": Table.of(
            ("suite", "reward", *(f"trial {t + 1}" for t in TRIED), "of the first, the task's share"), signals
        ),
        "auc": Table.of(("suite", *names, "judged by"), rows),
        "ratios": Table.of(("suite", "agent", *(f"/ {name}" for name in rivals)), ratios),
        "validation": Table.of(
            ("suite", "seed", "untrained, sampled", "greedy", "trained, sampled", "greedy", "steps", "judged by"), seeds
        ),
    }


def _ratio(suite: str, part: Mapping[str, Any], agent: str, rival: str) -> str:
    """Return the ratio of an agent's AUC to a rival's, with its interval over families."""
    return interval(against({suite: part}, rival, (agent,))[agent]["ratio"], 2)


def draw(found: Mapping[str, Any]) -> None:
    """Draw the validation curves over steps, with the controls as lines."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {
        "svg.hashsalt": "learnable",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(SUITES), figsize=(10, 3), constrained_layout=True)
    colours = {"random": "#8a8a8a", "default": "#b8860b", "portfolio": "#4a6fa5", ORDER: "#3a8f5c"}
    for axis, suite in zip(axes, SUITES, strict=True):
        runs = list(found["ppo"][suite].values())
        for run in runs:
            axis.plot(np.array(run["steps"]) / 1000, run["greedy"], color="#c0392b", lw=1, alpha=0.4)
        shortest = min(len(run["steps"]) for run in runs)
        mean = [np.mean([run[key][:shortest] for run in runs], 0) for key in ("steps", "greedy")]
        axis.plot(mean[0] / 1000, mean[1], color="#c0392b", lw=2, label="PPO, mean of 3 seeds")
        axis.axhline(mean[1][0], color="#c0392b", ls=":", lw=1, label="PPO, untrained")
        for name, value in found["controls"][suite]["validation"].items():
            axis.axhline(value, color=colours[name], ls="--", lw=1.2, label=name)
        axis.set(
            title=f"{suite}, {SAYS[found['controls'][suite]['score']]}",
            xlabel="steps of the env, thousands",
            ylim=(0, None),
        )
    axes[0].set_ylabel("AUC of regret, validation tasks")
    figure.legend(*axes[0].get_legend_handles_labels(), frameon=False, ncols=6, loc="outside lower center")
    figure.savefig(frame.FIGURES / FIGURE, metadata={"Date": None})


# ---------------------------------------------------------------------------------------------- the check
def checked(suite: str) -> tuple[str, dict[str, float], list[str]]:
    """Return the validation AUCs of one fresh training and of its rivals, and which rivals it is not ahead of."""
    _, curve = trained(suite, 0)
    loaded = hpo_gym.load_suite(suite)
    prior, tasks = loaded.prior(), loaded.tasks("val")
    score = score_of(tasks)
    found = {"ppo": curve["greedy"][-1], "untrained, sampled": curve["sampled"][0], "untrained": curve["greedy"][0]}
    for name in METHODS:
        found[name] = float(np.mean([auc_of(score, hpo_gym.make_optimizer(name), task, prior) for task in tasks]))
    behind = [name for name in found if name not in ("ppo", "portfolio") and found["ppo"] >= found[name]]
    return suite, found, behind


def file_checked(suite: str) -> tuple[str, dict[str, float], list[str]]:
    """Return the same of the example in one file, by the table that it prints."""
    command = [sys.executable, str(one_file.EXAMPLES / "cleanrl_ppo.py"), "--env-id", f"hpo_gym/{suite}-v0"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {name: float(value) for name, value in re.findall(r"^(\w+) +(\d\.\d+)$", said, re.M)}
    behind = [name for name in found if name not in ("trained", "portfolio") and found["trained"] >= found[name]]
    return f"{suite}, one file", found, behind


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on suites, and fail where PPO is not ahead of its untrained self, random search and the default.

    The example in one file must be, on all suites.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", default=list(LEARNS))
    bad = []
    with ProcessPoolExecutor(2) as pool:
        files = pool.map(file_checked, SUITES)
        for suite, found, behind in chain(pool.map(checked, parser.parse_args(arguments).suites), files):
            print(suite, *(f"{name} {value:.3f}" for name, value in found.items()), sep="  ", flush=True)
            bad += [f"{suite}: PPO is not ahead of {name}" for name in behind]
    sys.exit("\n".join(bad) or None)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    main()
