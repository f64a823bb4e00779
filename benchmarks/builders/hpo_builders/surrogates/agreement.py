"""Agreement of a surrogate with its table, on held-out rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.surrogates.fit import Plan, fit
from hpo_builders.surrogates.rows import Material, Rows
from hpo_gym.base import Floats, Mask, seeding

FOLDS = 5
TOP = 0.05
"""Share of a table's rows that the row which a surrogate takes for the best must be among."""


@dataclass(frozen=True, eq=False)
class Foretold:
    """Predictions for held-out rows of one task at full fidelity, each ``(m,)``.

    Attributes:
        score: Scores, also where a failure is foretold.
        cost: Costs.
        failed: Foretold failures.
    """

    score: Floats
    cost: Floats
    failed: Mask


@dataclass(frozen=True)
class Agreement:
    """Agreement on one task, at full fidelity.

    Attributes:
        tau: Kendall's tau-b of scores as they are served: of failures, the same that is below all others.
        successes: The same over rows that did not fail, whatever is foretold of failures.
        r2: Share of the variance of scores that is explained, over the same rows.
        top: Whether the row that is taken for the best is among the best `TOP` of the table.
        cost: Kendall's tau-b of costs.
    """

    tau: float
    successes: float
    r2: float
    top: bool
    cost: float


def agreement(rows: Rows, foretold: Foretold) -> Agreement:
    """Compare what was measured on one task with what was foretold."""
    score, good = rows.score[:, -1], ~rows.failed[:, -1]
    served = np.where(foretold.failed, -np.inf, foretold.score)
    true, said = score[good], foretold.score[good]
    r2 = 1.0 - float(((true - said) ** 2).sum()) / float(((true - true.mean()) ** 2).sum())
    bar = np.sort(score)[::-1][max(1, round(TOP * len(score))) - 1]
    top = bool(score[served.argmax()] >= bar)
    return Agreement(tau(score, served), tau(true, said), r2, top, tau(rows.cost[:, -1], foretold.cost))


def tau(a: Floats, b: Floats) -> float:
    """Kendall's tau-b of numbers ``(m,)``; those of -inf are ties; 0 where all of one are ties."""
    from scipy.stats import kendalltau

    found = float(kendalltau(np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1]).statistic)
    return 0.0 if np.isnan(found) else found


def folds(material: Material) -> list[NDArray[np.int64]]:
    """Return the part of each row of each task, in 0..`FOLDS` - 1: by key of its place, parts alike in size.

    Rows at one place are held out together, so that of a configuration that all tasks share nothing is known.
    """
    longest = max(int(at.max(initial=-1)) + 1 for at in material.places)
    order = np.argsort(seeding.mix(np.arange(longest).astype(np.uint64), seeding.key("surrogate", "folds")))
    part = np.empty(longest, np.int64)
    part[order] = np.arange(longest) % FOLDS
    return [part[at] for at in material.places]


def held_out(material: Material, plan: Plan) -> Iterator[list[Foretold]]:
    """After each fold, what is foretold so far of each task, NaN of rows whose turn has not come."""
    parts = folds(material)
    said = [
        Foretold(np.full(len(rows), np.nan), np.full(len(rows), np.nan), np.zeros(len(rows), bool))
        for rows in material.own
    ]
    for fold in range(FOLDS):
        known = [
            own.take(np.flatnonzero(part != fold)).and_of(more)
            for own, more, part in zip(material.own, material.more, parts, strict=True)
        ]
        model = fit(material.space, known, plan)
        for k, (own, part) in enumerate(zip(material.own, parts, strict=True)):
            who = np.flatnonzero(part == fold)
            out, said[k].failed[who] = model.apart(np.full(len(who), k), own.x[who], np.full(len(who), model.f - 1))
            said[k].score[who], said[k].cost[who] = out.score, out.cost
        yield said


def summary(found: Sequence[Agreement], foretold: Sequence[Foretold], rows: Sequence[Rows]) -> dict[str, Any]:
    """Medians over tasks, and of failures the share that is foretold and the share of the foretold ones that fail."""
    each = [asdict(one) for one in found]
    true = np.concatenate([r.failed[:, -1] for r in rows])
    said = np.concatenate([f.failed for f in foretold])
    hits = int((true & said).sum())
    return {
        "tasks": len(found),
        **{
            name: round(float(np.median([one[name] for one in each])), 4) for name in ("tau", "successes", "r2", "cost")
        },
        "tau of the worst tenth": round(float(np.quantile([one.tau for one in found], 0.1)), 4),
        "top": round(float(np.mean([one.top for one in found])), 4),
        "failures": int(true.sum()),
        "foretold failures": int(said.sum()),
        "both": hits,
    }
