"""The finding in words, for each outcome: the tests behind it are worked out by hand.

Of ``f`` families whose differences all have one sign, the p of a difference is 2 / 2**f: 0.0039 for nine, 0.0078 for
eight, 0.25 for three. Holm multiplies the least of n by n.
"""

from __future__ import annotations

import numpy as np
import pytest
from test_report import make

from hpo_gym.base import as_markdown
from hpo_gym.bench.groups import with_groups
from hpo_gym.bench.metrics import Curves
from hpo_gym.bench.pooling import pooled
from hpo_gym.bench.report.finding import finding, pooled_finding
from hpo_gym.bench.report.tables import markdown_text, pooled_said
from hpo_gym.bench.summaries import summaries

AWAY = [0.2, -0.2] * 4 + [0.0]  # a mean of 0 over nine families that no test tells from 0


def compared(areas, suites=("Toy",), families=9):
    """Results of optimizers whose regret stays at one level on each task: a number, or one for each."""
    curves = {
        suite: [
            Curves(suite, name, tuple(f"t{i}" for i in range(families)), _flat(level, families), ())
            for name, level in areas.items()
        ]
        for suite in suites
    }
    results, _ = make(tuple(areas), suites)
    results["suites"] = {suite: summaries(group, group, 0) for suite, group in curves.items()}
    results["pooled"] = with_groups(pooled(curves), curves)
    return results


def _flat(level, families):
    return np.repeat(np.broadcast_to(np.array(level, float), families)[:, None, None], 2, axis=2)


def test_a_leader_that_survives_and_is_alone_in_its_group():
    found = finding(compared({"portfolio": 0.4, "low": 0.1, "far": 0.5}))
    assert found == (
        "low has the lowest AUC: 0.1000, a gain of +0.3000 [+0.3000, +0.3000] over the portfolio that survives "
        "Holm's correction. Worse than the portfolio: far. No other one is in group a (corrected for 3 pairs). "
        "Means over 9 tasks of 9 families, 1 run each."
    )


def test_a_leader_that_does_not_survive_and_one_group_of_all():
    """Its mean gain is 0.01, and half of the exchanges of its families part the two further."""
    found = finding(compared({"portfolio": 0.4, "low": [0.39 + v for v in AWAY]}))
    assert found.startswith("low has the lowest AUC: 0.3900, a gain of +0.0100 [")
    assert found.endswith(
        "] over the portfolio that does not survive Holm's correction. None is told apart from the portfolio. "
        "All 2 are in group a: corrected for 1 pair, no two can be told apart. "
        "Means over 9 tasks of 9 families, 1 run each."
    )


def test_two_with_the_same_auc_share_it():
    found = finding(compared({"portfolio": 0.4, "b": 0.1, "a": 0.1, "c": 0.3}))
    assert found.startswith(
        "a and b share the lowest AUC: 0.1000. Better than the portfolio: a, b and c. "
        "No other one is in group a (corrected for 6 pairs)."
    )


@pytest.mark.parametrize(
    ("families", "middle"),
    [
        (1, " over the portfolio. No groups: 1 family is too few to tell any two apart (1 pair, Holm, 5 %)."),
        (
            3,
            " that does not survive Holm's correction. None is told apart from the portfolio. No groups: 3 families",
        ),
    ],
)
def test_few_families_find_nothing(families, middle):
    found = finding(compared({"portfolio": 0.4, "low": 0.1}, families=families))
    assert found.startswith("low has the lowest AUC: 0.1000, a gain of +0.3000 over the portfolio") and middle in found


def test_pooled_suites_have_one_finding():
    """Both suites have a ratio of 0.1 / 0.4, and the same nine families."""
    results = compared({"portfolio": 0.4, "low": 0.1, "far": 0.5}, ("Toy", "Other"))
    text = (
        "low has the lowest AUC over 2 suites of 9 families, 0.250 [0.250, 0.250] times that of the portfolio, a "
        "difference that survives Holm's correction. Worse than the portfolio: far. "
        "No other one is in group a (corrected for 3 pairs)."
    )
    assert finding(results) == pooled_finding(results) == text
    assert pooled_said(results).startswith(text) and f"## All suites\n\n{as_markdown(text)} " in markdown_text(results)


def test_suites_that_are_not_pooled_say_who_leads_where():
    results = compared({"portfolio": 0.4, "low": 0.1}, ("Toy", "Other"), families=3)
    assert finding(results) == (
        "Lowest regret: low on Toy and low on Other. None is found to be better than the portfolio."
    )
    for name, survives in (("Toy", 0.01), ("Other", 0.2)):
        results["suites"][name]["optimizers"]["low"]["p_holm"] = survives
    assert finding(results).endswith("low on Other. Better than the portfolio: low on Toy.")
