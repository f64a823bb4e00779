"""A standard agent on the env as `gym.make` gives it: PPO of Stable-Baselines3, all settings at their defaults.

A cell of `ppo` trains on one suite for 300 seconds of one processor and keeps its curve on the validation tasks: the
mean area under the curve of normalised regret over 33 trials, four runs a task if sampled, one if greedy. At its end,
the agent and its untrained self play one run on each test task as comparisons play them. A cell of `controls` has the
same of methods without a network: random search, the default and its neighbours, the portfolio of the training tasks.

    python benchmarks/studies/learnable.py    # a check: one training of SVM and of Boosting, on validation tasks
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import frame
import gymnasium as gym
import numpy as np
from frame import Table
from looks import Look
from numpy.typing import NDArray
from ratios import against
from runs import about, auc_of

import hpo_gym
from hpo_gym.bench import interval

SUITES = ("AutoML", "SVM", "Boosting")
LEARNS = ("SVM", "Boosting")
"""Those of which the pages say that PPO learns there, and the check sees to it."""
METHODS = ("random", "default", "portfolio")
ARMS = ("untrained, sampled", "untrained", "ppo")
BUDGET, SEEDS, SECONDS, POINTS, SAMPLED = 33, 3, 300.0, 10, 4
LOOKS = Look(
    "AUC of PPO, its untrained self, random search, the default and its neighbours, and the portfolio",
    "whether plain PPO learns on the env as it is made, on families that it never saw",
    SUITES,
)
FIGURE = "learnable.svg"


def cells() -> Iterator[frame.Address]:
    """Yield the controls of each suite, then the trainings, first seeds first."""
    yield from (("controls", suite) for suite in SUITES)
    yield from (("ppo", suite, str(seed)) for seed in range(SEEDS) for suite in SUITES)


def cell(what: str, suite: str, seed: str = "0") -> Any:
    """Return the AUCs of the controls of a suite, or a training with its curve and its AUCs on test tasks."""
    if what == "controls":
        return controls(suite)
    arms, curve = trained(suite, int(seed))
    tasks = hpo_gym.load_suite(suite).tasks("test")
    return {**curve, "auc": {name: [round(auc_of(arm, task), 6) for task in tasks] for name, arm in arms.items()}}


def controls(suite: str) -> dict[str, Any]:
    """Return the AUC of each method on each validation task in the mean, and on each test task."""
    loaded = hpo_gym.load_suite(suite)
    prior, found = loaded.prior(), dict[str, list[list[float]]]()
    for split in ("val", "test"):
        for name in METHODS:
            runs = SAMPLED if name == "random" else 1
            found.setdefault(name, []).append([
                round(float(np.mean([auc_of(hpo_gym.make_optimizer(name), t, prior, seed) for seed in range(runs)])), 6)
                for t in loaded.tasks(split)
            ])  # fmt: skip
    return {
        **about(loaded.tasks("test")),
        "validation": {name: round(float(np.mean(val)), 6) for name, (val, _) in found.items()},
        "auc": {name: test for name, (_, test) in found.items()},
    }


# ---------------------------------------------------------------------------------------------- one training
def judged(suite: str, act: Any, reps: int, view: Mapping[str, Any] | None = None) -> NDArray[np.float64]:
    """Return the AUC of each run of a policy over the validation tasks, ``(tasks, reps)``."""
    tasks = hpo_gym.load_suite(suite).tasks("val")
    names = [t.name for t in tasks for _ in range(reps)]
    best, worst = (np.array([getattr(t, end) for t in tasks for _ in range(reps)]) for end in ("best", "worst"))
    parts = {**(view or {}), "reward": "score"}
    envs: Any = gym.make_vec(f"hpo_gym/{suite}-v0", num_envs=len(names), split="val", budget=BUDGET, **parts)
    seen, _ = envs.reset(seed=0, options={"task": names})
    reached, area = np.full(len(names), -np.inf), np.zeros(len(names))
    for _ in range(BUDGET):
        seen, scores, _, _, _ = envs.step(act(seen))
        reached = np.fmax(reached, scores)
        area += np.clip((best - reached) / (best - worst), 0.0, 1.0)
    return (area / BUDGET).reshape(len(tasks), reps)


def trained(suite: str, seed: int, algorithm: str = "PPO", view: Mapping[str, Any] | None = None) -> tuple[Any, Any]:
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

        def judge(self) -> None:
            began = time.process_time()
            curve["steps"].append(self.num_timesteps)
            curve["seconds"].append(round(self.spent(), 1))
            with torch.random.fork_rng():
                for way, reps in (("sampled", SAMPLED), ("greedy", 1)):
                    torch.manual_seed(0)
                    act = lambda seen, way=way: self.model.predict(seen, deterministic=way == "greedy")[0]  # noqa: E731
                    curve[way].append(round(float(judged(suite, act, reps, view).mean()), 6))
            self.judging += time.process_time() - began

        def _on_rollout_start(self) -> None:
            if self.spent() >= len(curve["steps"]) * SECONDS / POINTS:
                self.judge()

        def _on_step(self) -> bool:
            return self.spent() < SECONDS

    watch = Watch()
    watch.began = time.process_time()
    model.learn(10**9, callback=watch)
    watch.judge()
    return {**arms, "ppo": SB3Policy(model, env)}, curve


# ---------------------------------------------------------------------------------------------- what pages show
def parts(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the AUCs of a suite's test tasks as `ratios` takes them; those of trainings are means over seeds."""
    out = {}
    for suite, seeds in found.get("ppo", {}).items():
        known = found["controls"][suite]
        mean = {name: np.mean([run["auc"][name] for run in seeds.values()], 0).tolist() for name in ARMS}
        out[suite] = {"tasks": known["tasks"], "families": known["families"], "auc": {**known["auc"], **mean}}
    return out


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the AUC on test tasks, and the ratios of PPO to each other method with intervals over families."""
    of = parts(found)
    names = (*METHODS, *ARMS)
    rows = [(suite, *(f"{np.mean(part['auc'][name]):.3f}" for name in names)) for suite, part in of.items()]
    rivals = [name for name in names if name != "ppo"]
    ratios = [(suite, *(_ratio(suite, part, name) for name in rivals)) for suite, part in of.items()]
    seeds = [
        (suite, seed, *(f"{run[way][end]:.3f}" for end in (0, -1) for way in ("sampled", "greedy")),
         f"{run['steps'][-1] / 1000:,.0f} k")
        for suite, runs in found.get("ppo", {}).items() for seed, run in runs.items()
    ]  # fmt: skip
    return {
        "auc": Table.of(("suite", *names), rows),
        "ratios": Table.of(("suite", *(f"PPO / {name}" for name in rivals)), ratios),
        "validation": Table.of(
            ("suite", "seed", "untrained, sampled", "greedy", "trained, sampled", "greedy", "steps"), seeds
        ),
    }


def _ratio(suite: str, part: Mapping[str, Any], rival: str) -> str:
    """Return the ratio of the AUCs with its interval over families."""
    return interval(against({suite: part}, rival, ("ppo",))["ppo"]["ratio"], 2)


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
    colours = {"random": "#8a8a8a", "default": "#b8860b", "portfolio": "#4a6fa5"}
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
        axis.set(title=suite, xlabel="steps of the env, thousands", ylim=(0, None))
    axes[0].set_ylabel("AUC of regret, validation tasks")
    axes[-1].legend(frameon=False, loc="upper right")
    figure.savefig(frame.FIGURES / FIGURE, metadata={"Date": None})


# ---------------------------------------------------------------------------------------------- the check
def checked(suite: str) -> tuple[str, dict[str, float], list[str]]:
    """Return the validation AUCs of one fresh training and of its rivals, and which rivals it is not ahead of."""
    _, curve = trained(suite, 0)
    loaded = hpo_gym.load_suite(suite)
    prior = loaded.prior()
    found = {"ppo": curve["greedy"][-1], "untrained, sampled": curve["sampled"][0], "untrained": curve["greedy"][0]}
    for name in METHODS:
        found[name] = float(
            np.mean([auc_of(hpo_gym.make_optimizer(name), task, prior) for task in loaded.tasks("val")])
        )
    behind = [name for name in found if name not in ("ppo", "portfolio") and found["ppo"] >= found[name]]
    return suite, found, behind


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on suites, and fail where PPO is not ahead of its untrained self, random search and the default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", default=list(LEARNS))
    bad = []
    with ProcessPoolExecutor(2) as pool:
        for suite, found, behind in pool.map(checked, parser.parse_args(arguments).suites):
            print(suite, *(f"{name} {value:.3f}" for name, value in found.items()), sep="  ", flush=True)
            bad += [f"{suite}: PPO is not ahead of {name}" for name in behind]
    sys.exit("\n".join(bad) or None)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    main()
