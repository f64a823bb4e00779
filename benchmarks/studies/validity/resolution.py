"""What a suite can tell apart: how small a difference of two optimizers, and whether validation ranks as test does.

Both are answered by the reference runs that ship with the package, of optimizers that take no training on the suite.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from hpo_gym.bench import (
    FOLDER,
    TEST,
    BenchPlan,
    Curves,
    Findings,
    Protocol,
    Resamples,
    auc,
    by_name,
    covered,
    entrants_with,
    reference_of,
    references,
)
from hpo_gym.problem import SUITES, Budget, Suite
from hpo_gym.suites import load_suite
from hpo_gym.system import Store

JUDGED = (
    "random", "default", "portfolio", "gp-ei", "ebgp", "task-mixture", "transfer-mix", "taf-r", "ppo-pool-tables",
)  # fmt: skip
"""The optimizers of which pairs are told apart, as far as they have reference runs: from the weakest to the best."""


@dataclass(frozen=True)
class Resolution:
    """What the reference runs of a suite can tell.

    Attributes:
        optimizers, tasks, families: What they are made of.
        score: "validation", or "test" where the suite has one: that of the headline.
        portfolio: AUC of the portfolio, the mean over tasks.
        difference: The smallest difference of AUC that is told at 95 %: half of the width of the interval of a paired
            difference, the median over pairs of optimizers; None without intervals.
        told: Share of the pairs whose interval does not hold 0; likewise.
        tau: Kendall's tau-b of the mean AUC on validation and on test over the optimizers; None without test scores.
    """

    optimizers: tuple[str, ...]
    tasks: int
    families: int
    score: str
    portfolio: float
    difference: float | None
    told: float | None
    tau: float | None


def resolution(suite: Suite) -> Resolution | None:
    """Read the reference runs of a registered suite; None where it has none, or other data."""
    if not (FOLDER / f"{suite.name}.json").is_file() or suite.name not in SUITES.entries():
        return None
    if reference_of(suite.name).data_hash != suite.data_hash or load_suite(suite.name).data_hash != suite.data_hash:
        return None
    found = _read(suite.name)
    return resolution_of(found.curves[suite.name], found.validation[suite.name])


def resolution_of(curves: Sequence[Curves], validation: Sequence[Curves]) -> Resolution:
    """The same of curves of several optimizers; the portfolio must be one of them."""
    own = {c.optimizer: by_name(c) for c in curves if c.optimizer in JUDGED}
    names = tuple(name for name in JUDGED if name in own)
    first = own[names[0]]
    sample = Resamples.of(first.families)
    aucs = {name: auc(own[name]) for name in names}
    edges = [sample.mean(aucs[a] - aucs[b])[1:] for a, b in itertools.combinations(names, 2)]
    known = np.array([(low, high) for low, high in edges if low is not None and high is not None])
    return Resolution(
        names,
        len(first.tasks),
        sample.families,
        first.score,
        float(aucs["portfolio"].mean()),
        float(np.median(np.diff(known)) / 2) if len(known) else None,
        float((known[:, 0] * known[:, 1] > 0).mean()) if len(known) else None,
        _tau(aucs, {c.optimizer: auc(c) for c in validation}) if first.score == TEST else None,
    )


def _read(name: str) -> Findings:
    """What a comparison with the reference runs would find of the judged optimizers, from a cold start."""
    suites = {name: load_suite(name)}
    known = references(suites)
    of = known[name]
    protocol = covered(known, suites, Protocol(of.split, budget=Budget(of.budget)), seeds=None, tasks=None)
    judged = [e for e in entrants_with(known, "cold") if e.name in JUDGED]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store.sqlite") as store:
        plan = BenchPlan(protocol, judged, suites, Path(folder))
        plan.borrow(store, name, of)
        return plan.findings(store)


def _tau(test: Mapping[str, np.ndarray], validation: Mapping[str, np.ndarray]) -> float:
    """Kendall's tau-b of the mean AUC."""
    pairs = [(float(validation[name].mean()), float(test[name].mean())) for name in test]
    return float(stats.kendalltau(*np.round(np.array(pairs).T, 12)).statistic)
