"""Leaders: the best of a comparison, and all that cannot be told apart from it.

The lowest number alone makes no winner. The best is held against each of the others by the test of the gain
(`significance`: exchanges family by family, Holm's correction for the number of others).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_gym.bench.metrics import Curves, auc, by_auc, by_name
from hpo_gym.bench.pooling import pooled
from hpo_gym.bench.significance import LEVEL, holm, mean_p


@dataclass(frozen=True)
class Leaders:
    """The best and its distance to the others.

    Attributes:
        best: Has the lowest AUC, or ratio; of equals, the first by name.
        p_holm: Of each other one, the corrected p that it is as good as the best; None where there is no test.
    """

    best: str
    p_holm: Mapping[str, float | None]

    def leads(self, name: str) -> bool:
        """Return whether it is the best, or cannot be told apart from it."""
        p = self.p_holm.get(name)
        return name == self.best or p is None or p > LEVEL


def leaders(curves: Sequence[Curves]) -> Leaders:
    """Return the leaders of one suite, by mean AUC."""
    aligned = [by_name(c) for c in curves]
    areas = {c.optimizer: auc(c) for c in aligned}
    best = by_auc(aligned)[0].optimizer
    others = sorted(areas.keys() - {best})
    return Leaders(best, holm({n: mean_p(areas[n] - areas[best], aligned[0].families) for n in others}))


def pooled_leaders(curves: Mapping[str, Sequence[Curves]], ratios: Mapping[str, Mapping[str, Any]]) -> Leaders:
    """Return the leaders of several suites, by the pooled ratio to an anchor; an optimizer without a suite is never the
    best.

    Args:
        curves: By pooled suite, those of each optimizer.
        ratios: Results of `pooled` for an anchor, by optimizer.
    """
    most = max(row["n_suites"] for row in ratios.values())
    whole = {n: row["ratio"][0] for n, row in ratios.items() if row["n_suites"] == most}
    best = min(whole, key=lambda n: (whole[n], n))
    against = pooled(curves, anchors=(best,), least=2)["anchors"][best]["optimizers"]
    return Leaders(best, {name: row["p_holm"] for name, row in against.items() if name != best})
