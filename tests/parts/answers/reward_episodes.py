"""The episodes that the cases of rewards walk, with what each trial comes to.

    task  rows         scores                   incumbents                its normalised regret      costs
    a     0  4  0  1   .5    .75   .5    .625   .5    .75   .75   .75     .75    .25   .25   .25     1  2  1  2
    b     2  3  0  3   .375  .75  1.25   .75    .375  .75  1.25  1.25     .4375  .25   0     0       2  1  4  1
    a     3  3  2  1   .375  .375  .875  .625   .375  .375  .875  .875    1      1     0     0       1  1  4  2

The mean of meta-train is .5 and its standard deviation .5, so a step of .125 is .25 of a deviation; a mean evaluation
costs 2. The third trial of the first episode, the fourth of the second and the second of the third repeat another. A
random configuration has a regret of .5 on a, (.75 + .5 + 0 + 1 + .25) / 5, and of .4375 on b.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toy_suite import Episode, gaps, levels, losses

from answers import Case

THREE = (Episode("a", (0, 4, 0, 1)), Episode("b", (2, 3, 0, 3)), Episode("a", (3, 3, 2, 1)))
# Rows 0 4, rows 2 3 and rows 4 0 come first. The best of them is .75 in each (regret .25); row 0 of b then lifts it to
# 1.25, row 2 of a to .875.
INITIAL = (
    Episode("a", (0, 1), seed=6),
    Episode("b", (0, 3), seed=0),
    Episode("a", (1, 2), seed=21),
)
# a: rows 2 0 4 1 at 1/4, 1/2, 1 and (all that is left) 1/4. Scores 1.125 .375 .75 .875, incumbents 1.125 .375 .75 .75,
#    regret 0 (1.125 is above the best full score) 1 .25 .25, costs 1 .5 2 .5.
# b: rows 0 1 3 3 at 1/4, 1, 1/2 and 1/4. Scores 1.5 -.75 .625 1, incumbents 1.5 and then -.75, regret 0 and then 1,
#    costs 1 1 .5 .25.
PARTIAL = (Episode("a", ((2, 0), (0, 1), (4, 2), (1, 2))), Episode("b", ((0, 0), (1, 2), (3, 1), (3, 1))))
# Row 4 fails on a and scores .375, the worst; its regret is 1 and its cost, 2, is paid. On b row 1 answers for row 4.
# Before any success a failure is shown as -.1875. One standard deviation is sqrt(19) / 8 = .5448624: row 1 of a lifts
# .5 by .125 = 1 / sqrt(19) of it, row 3 of b by .25. Costs are 2 2 1 and 1 1 1.
FAILING = (Episode("a", (4, 1, 0)), Episode("b", (4, 3, 4)))
SQRT_19 = 4.35889894


def rewards(
    part: Any, episodes: Sequence[Any], *, initial: Sequence[Any], fidelities: Sequence[Any], failures: Sequence[Any],
    minimised: Sequence[Any], more: Mapping[str, Case] | None = None,
) -> dict[str, Case]:  # fmt: skip
    """Return the cases of a reward.

    Args:
        part: The reward.
        episodes: What it pays in `THREE`.
        initial, fidelities, failures: What it pays in `INITIAL`, `PARTIAL` and `FAILING`.
        minimised: What it pays in `THREE` where scores are minus the losses of `losses`, twice as far apart.
        more: Further cases.
    """
    partial = {"codec": {"name": "pool", "fidelity": True}, "budget": 2}
    out = {
        "episodes": Case(part, THREE, episodes),
        "initial design": Case(part, INITIAL, initial, options={"budget": 2, "n_init": 2}),
        "fidelities": Case(part, PARTIAL, fidelities, levels, partial),
        "failures": Case(part, FAILING, failures, gaps, {"budget": 3}),
        "losses": Case(part, THREE, minimised, losses),
    }
    return {what: _in_env(case) for what, case in {**out, **(more or {})}.items()}


def repeats_penalised(part: Any, wanted: Sequence[Any]) -> dict[str, Case]:
    """Return the case in which a repeat costs one standard deviation."""
    return {"repeats": Case(part, THREE, wanted, options={"duplicates": "penalize"})}


def _in_env(case: Case) -> Case:
    """A policy that is told its trials is paid nothing."""
    return Case(case.part, case.episodes, case.wanted, case.suite, case.options, ("alone", "together"))
