"""What each part of `transfer-time` is worth in seconds, and what is left: `time_parts.py [--check]`.

On a validation task of each family of four suites, one run whose budget is 33 mean costs of a full evaluation, cold
start. A variant lacks a part, or knows a share of the earlier tasks (whole families, drawn three times). Headroom: of
the k untried configurations that `transfer-time` values most, the one is taken that improves the true score most per
cost; it has seen the answers. With all in the place of k, it chooses in the whole pool. Beside them, who else remembers
earlier tasks. AUC over spent cost of validation and test scores, and the ratio to `transfer-time` of the mean over
suites, with an interval over families. The table goes into docs/seconds.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from marks import renew

from hpo_gym.base import Floats, seeding
from hpo_gym.bench import POINTS, incumbents, incumbents_on_test, spent_of, waiting
from hpo_gym.optimize import (
    EXPONENT,
    NOISE,
    TEMPERATURE,
    Context,
    Ensemble,
    Optimizer,
    make_optimizer,
    members_of,
    memory_of,
    rollout,
)
from hpo_gym.problem import (
    Evaluations,
    Place,
    Query,
    Task,
    Trial,
    pool_of,
    random_regret,
    random_test_regret,
    relative_regret,
)
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "seconds.md"
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
SHARES, BEST_OF = (0.25, 0.5), {"2": 2, "4": 4, "16": 16, "all": sys.maxsize}
OTHERS = ("transfer-mix", "transfer-mix-per-cost", "portfolio-per-cost", "portfolio")


class BestOf(Optimizer):
    """Of the `k` configurations that the ensemble values most, that which improves most per cost: it knows the task."""

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
    """The tasks of so many of the families, drawn."""
    families = sorted({e.family for e in prior}, key=lambda f: int(seeding.key("share", draw, f)))
    kept = set(families[: max(1, round(share * len(families)))])
    return tuple(e for e in prior if e.family in kept)


def courses(
    optimizer: Optimizer, task: Task, prior: Sequence[Evaluations], *, n_init: int = 0, cost: float | None = COST
) -> tuple[Floats, Floats]:
    """Regret by the validation and by the test score, ``(33,)`` each: at the points of the budget in cost, or, where
    there is none, after each of 33 trials.
    """
    budget = POINTS if cost is None else None
    history = rollout(optimizer, task, budget, prior=prior, n_init=n_init, budget_cost=cost)
    paid = np.array(history.costs, np.float64)
    arrays = {
        "x": np.stack([task.space.to_unit(t.config) for t in history.trials]),
        "score": np.array(history.scores, np.float64), "cost": paid,
        "status": np.array([t.status for t in history.trials], np.int8),
        "fidelity": np.array(history.fidelities, np.float64),
    }  # fmt: skip
    if cost is not None:
        arrays["spent"] = spent_of(paid, task.cost_unit, n_init)
    own = relative_regret(incumbents(task, arrays, POINTS, n_init, cost), task.best, task.worst)
    tested, bounds = incumbents_on_test(task, arrays, POINTS, n_init, cost), task.test_range
    assert tested is not None
    assert bounds is not None
    test = relative_regret(tested, *bounds)
    if cost is not None:
        wait = waiting(arrays, cost)
        own[:wait], test[:wait] = random_regret(task), random_test_regret(task)
    return own, test


def auc(optimizer: Optimizer, task: Task, prior: Sequence[Evaluations]) -> tuple[float, float]:
    """Mean over the points of the budget of the regret by the validation and by the test score."""
    own, test = courses(optimizer, task, prior)
    return float(own.mean()), float(test.mean())


def carry_out() -> dict[str, Any]:
    """By suite: the families, and AUC by validation and test score of each variant, the mean over draws."""
    found: dict[str, Any] = {}
    for name in SUITES:
        suite = load_suite(name)
        tasks, prior = list({t.family: t for t in suite.tasks("val")}.values()), suite.prior()
        rows: dict[str, list[tuple[float, float]]] = {
            variant: [auc(make_optimizer({"name": "transfer-time", **options}), t, prior) for t in tasks]
            for variant, options in VARIANTS.items()
        }
        for share in SHARES:
            draws = [share_of(prior, share, draw) for draw in range(DRAWS)]
            rows[f"{share:.0%} of the families"] = [
                tuple(np.mean([auc(make_optimizer("transfer-time"), t, part) for part in draws], 0)) for t in tasks
            ]
        for words, k in BEST_OF.items():
            rows[f"true best of {words}"] = [auc(BestOf(t, k), t, prior) for t in tasks]
        for other in OTHERS:
            rows[f"`{other}`"] = [auc(make_optimizer(other), t, prior) for t in tasks]
        found[name] = {"families": [t.family for t in tasks]} | {
            "auc": {variant: np.round(values, 5).tolist() for variant, values in rows.items()}
        }
        print(name, {v: np.round(np.mean(a, 0), 4).tolist() for v, a in found[name]["auc"].items()}, flush=True)
    return found


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A row for each variant."""
    suites = list(found)
    yield f"| | {' | '.join(f'`{s}`' for s in suites)} | ratio, validation score | ratio, test score |"
    yield "|---|" + "---:|" * (len(suites) + 2)
    names = list(found[suites[0]]["auc"])
    for name in names:
        means = [f"{np.mean(found[s]['auc'][name], 0)[0]:.4f}".removeprefix("0") for s in suites]
        cells = ["1" if name == names[0] else ratio_of(found, name, names[0], score) for score in (0, 1)]
        yield f"| {name} | {' | '.join([*means, *cells])} |"


def ratio_of(found: Mapping[str, Any], a: str, b: str, score: int) -> str:
    """The ratio of the means over suites, and a 95 % interval over families, drawn in each suite."""
    rng, tops, bottoms = np.random.default_rng(0), [], []
    for part in found.values():
        own, other = (np.array(part["auc"][name])[:, score] for name in (a, b))
        drawn = rng.integers(0, len(own), (10_000, len(own)))
        drawn[0] = np.arange(len(own))
        tops.append(own[drawn].mean(1))
        bottoms.append(other[drawn].mean(1))
    ratio = np.sum(tops, 0) / np.sum(bottoms, 0)
    low, high = np.quantile(ratio[1:], [0.025, 0.975])
    return f"{ratio[0]:.2f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    if "--check" not in sys.argv:
        FOUND.write_text(json.dumps(carry_out(), indent=1) + "\n", encoding="utf-8")
    parts = [("time-parts", lines(json.loads(FOUND.read_text(encoding="utf-8"))))]
    renew(PAGE, parts, "time_parts.py", check="--check" in sys.argv)
