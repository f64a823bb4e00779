"""Whether an order by key of a shared pool's rows tells scores: the served key of each suite, and drawn keys.

The key that a suite serves was chosen by the scores of all its tasks (`validity/order.py`), so it is no evidence. The
rule draws others without a look at any: numbers 1000 to 1099 of the key, in this order, on every suite. A cell has the
AUC over 33 trials of counting first to last, and last to first, by that of random search, on the test tasks and by the
validation score, which agents see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from numpy.typing import NDArray
from validity.order import HIGH, LOW, auc_of, random_auc

import hpo_gym

FIRST, KEYS = 1000, 100
SUITES = (
    "AutoML", "Boosting", "Control", "Curves", "FCNet", "FineTune", "LM", "Linear", "MLP", "MLPGrid", "NAS",
    "NASBench201", "Pipelines", "SVM", "Text", "Vision",
)  # fmt: skip
LOOKS = Look(
    "AUC of counting through the rows, by the served key and by a hundred drawn ones, by that of random search",
    "whether the place of a row tells its score",
    SUITES,
)
CHEAP = {("Control",): ()}


def cells() -> Iterator[frame.Address]:
    """Yield the suites whose rows are offered by key."""
    yield from ((suite,) for suite in SUITES)


def cell(suite: str) -> dict[str, Any]:
    """Return both ratios of the served key and of each drawn one."""
    loaded: Any = hpo_gym.load_suite(suite)
    tasks, table = loaded.tasks("test"), loaded.table
    told = [score for task in tasks if np.ptp((score := task.evaluations().score)[np.isfinite(score)]) > 0.0]
    random = float(np.mean([random_auc(score[np.isfinite(score)]) for score in told]))

    def ratios(number: int) -> list[float]:
        order = replace(table, order=(table.order[0], number)).offered
        ways = ([auc_of(score[order][::step]) for score in told] for step in (1, -1))
        return [round(float(np.mean(way)) / random, 4) for way in ways]

    return {
        "tasks": len(told),
        "served": ratios(table.order[1]),
        "drawn": [ratios(FIRST + number) for number in range(KEYS)],
    }


def within(ratios: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which keys have both ratios within the bounds of `validity/order.py`, ``(keys,)``."""
    return np.asarray(((ratios >= LOW) & (ratios <= HIGH)).all(-1))


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return both ratios of the served and of the first drawn key; of all drawn ones the spread, and how many pass."""
    rows = []
    for suite, known in found.items():
        drawn = np.array(known["drawn"])
        low, high = np.quantile(drawn, [0.05, 0.95])
        pairs = [_pair(known["served"]), _pair(known["drawn"][0])]
        rows.append((suite, str(known["tasks"]), *pairs, f"{low:.2f} to {high:.2f}", f"{within(drawn).mean():.0%}"))
    return {"keys": Table.of(("suite", "test tasks", "served key", "key 1000", "100 keys: 5 to 95 %", "within"), rows)}


def _pair(ratios: Sequence[float]) -> str:
    """Return both ratios, bold where one is outside."""
    said = " / ".join(f"{ratio:.2f}" for ratio in ratios)
    return said if within(np.array(ratios)) else f"**{said}**"


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many suites there are, and on how many the served key, and the first drawn one, is outside."""
    return {
        "suites": len(found),
        "served-outside": sum(not within(np.array(known["served"])) for known in found.values()),
        "drawn-outside": sum(not within(np.array(known["drawn"][0])) for known in found.values()),
    }
