"""The value of each part of `transfer-time` in seconds, and the gain that is left.

On a validation task of each family of four suites, one run whose budget is 33 mean costs of a full evaluation, cold
start. A variant lacks a part, or knows a share of the earlier tasks (whole families, drawn three times). Headroom: of
the k untried configurations that `transfer-time` values most, the one is taken that improves the true score most per
cost; it has seen the answers. With all in the place of k, it chooses in the whole pool. Beside them, other optimizers
with earlier tasks. AUC over spent cost of validation and test scores, and the ratio to `transfer-time` of the mean over
suites, with an interval over families.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import frame
import numpy as np
from frame import Table
from ratios import bare
from runs import of_families

from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.ensemble import EXPONENT, NOISE, Ensemble, members_of
from hpo_baselines._transfer.memory import memory_of
from hpo_baselines._transfer.order_weights import TEMPERATURE
from hpo_gym.base import Floats, seeding
from hpo_gym.bench import OF_RATIOS, edges, incumbents, incumbents_on_test, spent_of, subsets, waiting
from hpo_gym.optimize import Context, Optimizer, make_optimizer, rollout
from hpo_gym.problem import (
    Budget,
    Evaluations,
    Query,
    Task,
    Trial,
    pool_of,
    random_regret,
    random_test_regret,
    relative_regret,
)
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
SUITES, COST, DRAWS = ("SVM", "Linear", "Boosting", "MLP"), 33.0, 3
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "transfer-time": {},
    "without costs": {"cost_exponent": 0.0},
    "cost exponent .75": {"cost_exponent": 0.75},
    "cost exponent 3": {"cost_exponent": 3.0},
    "without test scores": {"test_weight": 0.0},
    "without lower fidelities": {"fidelity_weight": 0.0},
    "without either memory": {"test_weight": 0.0, "fidelity_weight": 0.0},
    "process `matern` alone": {"processes": ("matern",)},
    "process `trees` alone": {"processes": ("trees",)},
    "process `exp` alone": {"processes": ("exp",)},
    "all three processes": {"processes": ("matern", "trees", "exp")},
}
SHARES = {"25% of the families": 0.25, "50% of the families": 0.5}
BEST_OF = {"true best of 2": 2, "true best of 4": 4, "true best of 16": 16, "true best of all": sys.maxsize}
OTHERS = ("`transfer-mix`", "`transfer-mix-per-cost`", "`portfolio-per-cost`", "`portfolio`")
WHOLE = "transfer-time"
CHEAP = {("SVM", "auc", "true best of 2"): ()}


def cells() -> Iterator[frame.Address]:
    """Yield for each suite the families, and the AUC of each variant."""
    for suite in SUITES:
        yield suite, "families"
        yield from ((suite, "auc", variant) for variant in (*VARIANTS, *SHARES, *BEST_OF, *OTHERS))


def cell(suite: str, part: str, variant: str = "") -> list[Any]:
    """Return the families of a suite, or AUC by validation and test score on each task, the mean over draws."""
    tasks, prior = of_families(suite), load_suite(suite).prior()
    if part == "families":
        return [t.family for t in tasks]
    pairs: list[Any] = np.round([_auc(variant, t, prior) for t in tasks], 5).tolist()
    return pairs


def _auc(variant: str, task: Task, prior: Sequence[Evaluations]) -> Any:
    if variant in SHARES:
        draws = (share_of(prior, SHARES[variant], draw) for draw in range(DRAWS))
        return np.mean([auc(make_optimizer(WHOLE), task, part) for part in draws], 0)
    if variant in BEST_OF:
        return auc(BestOf(task, BEST_OF[variant]), task, prior)
    if variant in OTHERS:
        return auc(make_optimizer(variant.strip("`")), task, prior)
    return auc(make_optimizer({"name": WHOLE, **VARIANTS[variant]}), task, prior)


class BestOf(Optimizer):
    """An oracle: of the `k` configurations that the ensemble values most, the one that improves most per cost."""

    def __init__(self, task: Task, k: int, *, priced: bool = True) -> None:
        self._true, self._k, self._priced = task.evaluations(), k, priced

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        assert context.pool is not None
        self._context, self._pool = context, pool_of(context.space, context.pool)
        memory = memory_of(context.space, tuple(context.prior), self._pool)
        assert memory is not None
        self._ensemble = Ensemble(memory, members_of(memory, None, NOISE), TEMPERATURE)
        self._open = self._pool.first(context.available)
        self._best = -np.inf

    def ask(self) -> Query | None:
        rows = np.flatnonzero(self._open)
        if not rows.size:
            return None
        value = self._ensemble.value(Place(self._pool.x, slice(None)), EXPONENT)[rows]
        first = rows[np.argsort(-value, kind="stable")[: self._k]]
        true, cost = self._true.score[first], self._true.cost[first] if self._priced else 1.0
        floor = self._best if np.isfinite(self._best) else float(self._true.score[np.isfinite(self._true.score)].min())
        gain = np.maximum(true - floor, 0.0) / cost
        row = int(first[gain.argmax()])
        return Query(self._context.space.from_unit(self._pool.x[row]))

    def tell(self, trial: Trial) -> None:
        row = self._pool.row(self._context.space.to_unit(trial.config))
        self._open[row] = False
        self._best = max(self._best, trial.score)
        self._ensemble.learn(self._pool.x[row], row, trial.score)


def share_of(prior: Sequence[Evaluations], share: float, draw: int) -> tuple[Evaluations, ...]:
    """Return the tasks of a share of the families, drawn."""
    families = sorted({e.family for e in prior}, key=lambda f: int(seeding.key("share", draw, f)))
    kept = set(families[: max(1, round(share * len(families)))])
    return tuple(e for e in prior if e.family in kept)


def courses(
    optimizer: Optimizer, task: Task, prior: Sequence[Evaluations], *, n_init: int = 0, cost: float | None = COST
) -> tuple[Floats, Floats]:
    """Return the regret by the validation and by the test score, ``(33,)`` each.

    At the points of the budget in cost, or, where there is none, after each of 33 trials.
    """
    budget = Budget.of(None, cost)
    most = None if budget.in_cost else budget.points
    history = rollout(optimizer, task, most, prior=prior, n_init=n_init, budget_cost=cost)
    paid = np.array(history.costs, np.float64)
    arrays = {
        "x": np.stack([task.space.to_unit(t.config) for t in history.trials]),
        "score": np.array(history.scores, np.float64), "cost": paid,
        "status": np.array([t.status for t in history.trials], np.int8),
        "fidelity": np.array(history.fidelities, np.float64),
    }  # fmt: skip
    if cost is not None:
        arrays["spent"] = spent_of(paid, task.cost_unit, n_init)
    own = relative_regret(incumbents(task, arrays, budget, n_init), task.best, task.worst)
    tested, bounds = incumbents_on_test(task, arrays, budget, n_init), task.test_range
    assert tested is not None
    assert bounds is not None
    test = relative_regret(tested, *bounds)
    if cost is not None:
        wait = waiting(arrays, cost)
        own[:wait], test[:wait] = random_regret(task), random_test_regret(task)
    return own, test


def auc(optimizer: Optimizer, task: Task, prior: Sequence[Evaluations]) -> tuple[float, float]:
    """Return the mean over the points of the budget of the regret by the validation and by the test score."""
    own, test = courses(optimizer, task, prior)
    return float(own.mean()), float(test.mean())


# ---------------------------------------------------------------------- the table
def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each variant."""
    suites = list(found)
    rows = []
    for name in found[suites[0]]["auc"]:
        means = [bare(np.mean(found[s]["auc"][name], 0)[0]) for s in suites]
        rows.append((name, *means, *("1" if name == WHOLE else ratio_of(found, name, WHOLE, i) for i in (0, 1))))
    heads = ("", *(f"`{s}`" for s in suites), "ratio, validation score", "ratio, test score")
    return {"parts": Table.of(heads, rows)}


def ratio_of(found: Mapping[str, Any], a: str, b: str, score: int) -> str:
    """Return the ratio of the means over suites, and its interval: a family is in a subset in all suites at once."""
    parts = [(part["families"], *(np.array(part["auc"][name])[:, score] for name in (a, b))) for part in found.values()]
    names, place = np.unique(np.concatenate([families for families, *_ in parts]), return_inverse=True)
    held = np.split(subsets(len(names))[:, place], np.cumsum([len(own) for _, own, _ in parts])[:-1], axis=1)
    some = np.all([in_it.any(axis=1) & ~in_it.all(axis=1) for in_it in held], axis=0)
    tops, bottoms = (
        sum(h[some] @ part[i] / h[some].sum(axis=1) for h, part in zip(held, parts, strict=True)) for i in (1, 2)
    )
    low, high = edges(tops / bottoms, len(names), OF_RATIOS)
    whole = sum(own.mean() for _, own, _ in parts) / sum(other.mean() for *_, other in parts)
    return f"{whole:.2f} [{low:.2f}, {high:.2f}]"
