"""The published figures of HPO-B, and the same figure of runs of one's own."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.bench.metrics import FAILED
from hpo_gym.bench.plan import opened
from hpo_gym.bench.protocol import STARTS
from hpo_gym.bench.results import Results
from hpo_gym.problem import Status, Task, relative_regret

HPOB_TRIALS = 100  # of a run, after the five given points
PUBLISHED = {"random": 0.0966, "GP": 0.0609, "DNGO": 0.0548, "BOHAMIANN": 0.0580, "TST-R": 0.0615, "TAF-R": 0.0578,
             "RGPE": 0.0646, "FSBO": 0.0455}  # fmt: skip
"""AUC of HPO-B's baselines on its points: normalised regret after five given points, mean over the 16 meta-test search
spaces. Reported figures, not recomputed from the curves in `results/` of its repository."""


def hpob_curve(scores: Floats, task: Task, trials: int) -> Floats:
    """Return the regret of a run as HPO-B's handler lists it: after the given points, and after each of `trials` more.

    Args:
        scores: Of five given points and at most `trials` more, -inf of a failure; a shorter run keeps its incumbent.
    """
    after = np.minimum(STARTS["init5"] + np.arange(trials + 1), len(scores))
    return relative_regret(np.maximum.accumulate(scores)[after - 1], task.best, task.worst)


def hpob_auc(results: Results) -> dict[str, float]:
    """Return the AUC of each optimizer: mean of `hpob_curve` over entries, seeds, data sets, then search spaces.

    A failed or missing run has regret 1; runs without five given points are refused by `InvalidValueError`.
    """
    found: dict[str, list[float]] = {}
    with opened(results.folder) as (plan, store):
        p = plan.protocol
        if p.start != "init5" or p.budget.in_cost:
            raise InvalidValueError(f"`start` must be 'init5' and `budget` given for HPO-B's AUC, got {p.start!r}.")
        for (spec, suite), entrant in ((of, e) for of in plan.suites.items() for e in plan.entrants):
            areas = dict.fromkeys(plan.cells(spec), FAILED)
            for cell, record in plan.found(store, spec, entrant):
                if record.status == "done":
                    scores = np.where(record.arrays["status"] == Status.OK, record.arrays["score"], -np.inf)
                    curve = hpob_curve(scores, suite.task(cell.task), p.budget.points)
                    areas[cell] = float(curve.mean())
            found.setdefault(entrant.name, []).append(float(np.mean(list(areas.values()))))
    return {name: float(np.mean(areas)) for name, areas in found.items()}


def hpob_text(results: Results) -> str:
    """Return the AUCs of a comparison beside the published ones, the lowest first."""
    rows = [(area, name, "") for name, area in hpob_auc(results).items()]
    rows += [(area, name, f" (published: {HPOB_TRIALS} trials, 16 spaces)") for name, area in PUBLISHED.items()]
    return "\n".join(["HPO-B, AUC of regret:", *(f"{area:8.4f}  {name}{said}" for area, name, said in sorted(rows))])
