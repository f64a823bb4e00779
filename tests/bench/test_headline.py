"""The first line of terminal and page; each answer is worked out by hand from the curves.

Of nine families whose differences have one sign, p is 2 / 2**9, so that Holm's correction keeps it; of three, 2 / 8.
"""

from __future__ import annotations

import numpy as np
import pytest

from hpo_gym.bench.groups import with_groups
from hpo_gym.bench.metrics import Curves
from hpo_gym.bench.pooling import pooled
from hpo_gym.bench.report.headline import headline
from hpo_gym.bench.summaries import summaries

SEARCH = [0.8, 0.6, 0.4, 0.4]  # AUC .55
FAST = [0.6, 0.4, 0.2, 0.2]  # AUC .35, and from trial 2 on at most .4
APART = [0.1, -0.1] * 4 + [0.0]  # a mean of 0 over nine families


def said(means, shifts=(), suites=("Toy",), families=9, end=False, longer=(), **more):
    """The headline of optimizers by their mean regret after each trial, and what some have beside it by family.

    A longer suite has every trial twice.
    """
    tasks, level = tuple(f"t{i}" for i in range(families)), [0.0] * families
    regret = {name: np.add.outer(dict(shifts).get(name, level), mean)[:, None] for name, mean in means.items()}
    curves = {
        suite: [Curves(suite, n, tasks, r.repeat(1 + (suite in longer), 2), end=end) for n, r in regret.items()]
        for suite in suites
    }
    results = {"suites": {suite: summaries(group, group, 0) for suite, group in curves.items()}, "protocol": {}, **more}
    return headline(results | {"pooled": with_groups(pooled(curves), curves)}, curves)


TWO = {"random": SEARCH, "fast": FAST}
THREE = {"portfolio": SEARCH, "random": SEARCH, "fast": FAST}
TRAINED = {"slow": [0.9] * 4, "old": SEARCH, "fast": FAST}
BOTH = ("Toy", "Other")
FEW = "fast finds in 2 trials what random search finds in 4 (too few families to test it)."


@pytest.mark.parametrize(
    ("means", "more", "sentence"),
    [
        (TWO, {}, "fast finds in 2 trials what random search finds in 4."),
        (
            {"random": SEARCH, "back": [0.4, 0.5, 0.3, 0.3], "slow": [0.9] * 4},
            {},
            "back finds in 3 trials what random search finds in 4.",
        ),
        (
            {"random": SEARCH, "late": [0.5, 0.5, 0.5, 0.4]},
            {},
            "late leads with an AUC of 0.475, random search has 0.550.",
        ),
        (
            {"random": SEARCH, "early": [0.1, 0.5, 0.5, 0.5]},
            {},
            "early leads with an AUC of 0.400, random search has 0.550 and ends ahead.",
        ),
        (
            {"random": SEARCH, "slow": [0.6] * 4},
            {},
            "random search leads with an AUC of 0.550: no optimizer is better, slow has 0.600.",
        ),
        (
            {"random": SEARCH, "as-good": SEARCH[::-1]},
            {},
            "random search leads with an AUC of 0.550: no optimizer is better, as-good has 0.550.",
        ),
        (TRAINED, {}, "fast finds in 1 trial what slow finds in 4."),
        (TRAINED, {"before": {"fast": "old"}}, "fast finds in 2 trials what old finds in 4."),
        ({"alone": FAST}, {}, "alone leads with an AUC of 0.350: there is nobody to compare it with."),
        (TWO, {"end": True}, "fast leads with a last regret of 0.200, random search has 0.400."),
        (TWO, {"protocol": {"budget_cost": 66.0}}, "fast finds in 4 mean costs what random search finds in 8."),
        (TWO, {"families": 3}, FEW),
        (
            {"random": SEARCH, "near": [0.7, 0.6, 0.4, 0.4]},
            {"shifts": {"near": APART}},
            "near finds in 3 trials what random search finds in 4 (they cannot be told apart).",
        ),
        (THREE, {"suites": BOTH}, "Over 2 suites, fast finds in 2 trials what random search finds in 4."),
        (
            THREE,
            {"suites": BOTH, "longer": ("Other",)},
            "Over 2 suites, fast leads with 0.636 times the AUC of portfolio, random search has 1.000.",
        ),
        (TWO, {"suites": BOTH, "families": 3}, f"Toy: {FEW} Other: {FEW}"),
    ],
)
def test_the_first_line(means, more, sentence):
    assert said(means, **more) == sentence
