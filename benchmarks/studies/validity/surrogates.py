"""How well the surrogates of a suite agree with its table: what was measured when they were fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpo_gym.base import DATA
from hpo_gym.problem import Suite
from hpo_gym.suites import ABOUT, FLOOR, read_about


@dataclass(frozen=True)
class Agreed:
    """Of rows that the surrogates were not fitted to, medians over tasks in a split.

    Attributes:
        served: Whether tau reaches the floor, so that ``NAME:surrogate`` can be loaded.
        tau: Kendall's tau of scores as they are served, a failure below all others.
        successes: The same over rows that did not fail.
        r2: Share of the variance of scores that is explained, over the same rows.
        cost: Kendall's tau of costs; None where the table has none.
        top: Share of tasks on which the row that is taken for the best is in the table's top 5 %.
        failures, foretold, both: Trials that failed, were foretold to, and both.
    """

    served: bool
    tau: float
    successes: float
    r2: float
    cost: float | None
    top: float
    failures: int
    foretold: int
    both: int

    def words(self) -> str:
        """A sentence or two."""
        others = self.foretold - self.both
        failing = f" Of {self.failures:,} failures {self.both:,} are foretold, and {others:,} that are none."
        end = f" Tau is below {FLOOR}: the suite stays tabular."
        costs = "" if self.cost is None else f"; of costs tau {self.cost:.2f}"
        return (
            f"On rows that they were not fitted to (five folds, medians over tasks): Kendall's tau {self.tau:.2f}, a "
            f"failure below all others; without failures tau {self.successes:.2f} and R^2 {self.r2:.2f}"
            f"{costs}. The row taken for the best is in the table's top 5 % on {100 * self.top:.0f} % of the "
            "tasks." + (failing if self.failures or self.foretold else "") + ("" if self.served else end)
        )


def agreed(suite: Suite) -> Agreed | None:
    """What was measured of the surrogates of a registered suite; None where none were fitted to this table."""
    folder = DATA / suite.name
    if not (folder / ABOUT).is_file():
        return None
    said: Mapping[str, Any] = read_about(folder)
    if said["table"] != suite.data_hash:
        return None
    found = said["agreement"]
    names = ("tau", "successes", "r2", "cost", "top")
    tau, successes, r2, cost, top = (float(found[name]) for name in names)
    failures, foretold, both = (int(found[name]) for name in ("failures", "foretold failures", "both"))
    costs = cost if all(math.isfinite(task.cost_unit) for task in suite.members) else None
    return Agreed(bool(said["served"]), tau, successes, r2, costs, top, failures, foretold, both)
