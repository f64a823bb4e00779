"""The first line of the terminal and the page: a sentence on who leads, and how far, computed from the curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.bench.metrics import Curves, mean_auc
from hpo_gym.bench.report.finding import Results, overall, shows_pooled
from hpo_gym.bench.report.tables import cost_of
from hpo_gym.bench.report.words import counted, number
from hpo_gym.bench.significance import DIGITS
from hpo_gym.problem import POINTS

_RANDOM = "random"


class _Compared(NamedTuple):
    """What is compared, of each optimizer by its name.

    Attributes:
        values: What the table sorts by; the lowest leads.
        said: A value in words, with a place for its number.
        regret: The mean after each trial, or at each point of a budget in cost, ``(h,)``; empty if only the end counts.
        letters: Of the groups that cannot be told apart; empty for want of families.
    """

    values: Mapping[str, float]
    said: str
    regret: Mapping[str, Floats]
    letters: Mapping[str, str | None]


def headline(results: Results, curves: Mapping[str, Sequence[Curves]]) -> str:
    """Return a sentence on the pooled suites, or one on each suite.

    The first of the table is held against random search; where that is missing, against its own control before
    training, else against the last of the table. It is ahead from the trial on after which its mean regret is and stays
    at or below the other's last one.
    """
    if shows_pooled(results):
        pool = results["pooled"]
        return f"Over {len(pool['suites'])} suites, {_sentence(_of_pool(pool, curves), results)}"
    said = {suite: _sentence(_of_suite(part, curves[suite]), results) for suite, part in results["suites"].items()}
    return " ".join(said.values() if len(said) == 1 else (f"{suite}: {text}" for suite, text in said.items()))


def _of_suite(part: Mapping[str, Any], curves: Sequence[Curves]) -> _Compared:
    values = {c.optimizer: mean_auc(c) for c in curves}
    letters = {name: s.get("group") for name, s in part["optimizers"].items()}
    return _Compared(values, f"{'a' if part.get('end') else 'an'} {overall(part)} of {{}}", _regret([curves]), letters)


def _of_pool(pool: Mapping[str, Any], curves: Mapping[str, Sequence[Curves]]) -> _Compared:
    """Return what the table of the pooled suites compares, of the optimizers that ran on all of them."""
    anchor, part = next(iter(pool["anchors"].items()))
    whole = {n: s["ratio"][0] for n, s in part["optimizers"].items() if s["n_suites"] == len(pool["suites"])}
    suites = [[c for c in curves[suite] if c.optimizer in whole] for suite in pool["suites"]]
    return _Compared(whole, f"{{}} times the AUC of {anchor}", _regret(suites), pool.get("groups", {}))


def _regret(suites: Sequence[Sequence[Curves]]) -> dict[str, Floats]:
    """Return the mean regret of each optimizer over tasks, then over suites; none of suites unlike in length."""
    found: dict[str, list[Floats]] = {}
    every = [c for curves in suites for c in curves]
    if any(c.end for c in every) or len({c.regret.shape[2] for c in every}) > 1:
        return {}
    for c in every:
        found.setdefault(c.optimizer, []).append(c.mean.mean(axis=0))
    return {name: np.asarray(np.mean(each, axis=0)).round(DIGITS) for name, each in found.items()}


def _sentence(found: _Compared, results: Results) -> str:
    order = sorted(found.values, key=lambda name: (found.values[name], name != _RANDOM, name))
    lead, control = order[0], results.get("before", {}).get(order[0])
    leads = f"{_named(lead)} leads with {found.said.format(number(found.values[lead], 3))}"
    if len(order) == 1:
        return f"{leads}: there is nobody to compare it with."
    if lead == _RANDOM:
        return f"{leads}: no optimizer is better, {order[1]} has {number(found.values[order[1]], 3)}."
    other = next(name for name in (_RANDOM, control, order[-1]) if name in found.values)
    trials = _trials(found.regret, lead, other)
    if 0 < trials < len(found.regret[other]):
        said = f"{lead} finds in {_amount(trials, results)} what {_named(other)} finds in "
        said += _amount(len(found.regret[other]), results).split()[0]
    else:
        said = f"{leads}, {_named(other)} has {number(found.values[other], 3)}"
        said += " and ends ahead" if trials < 0 else ""
    mine, theirs = (set(found.letters.get(name) or "") for name in (lead, other))
    untold = "too few families to test it" if not mine else "they cannot be told apart" if mine & theirs else ""
    return f"{said} ({untold})." if untold else f"{said}."


def _named(optimizer: str) -> str:
    return "random search" if optimizer == _RANDOM else optimizer


def _trials(regret: Mapping[str, Floats], lead: str, other: str) -> int:
    """Return the trials after which one has and keeps the other's last regret; -1: it does not; 0: no curves."""
    if not regret:
        return 0
    above = np.flatnonzero(regret[lead] > regret[other][-1])
    first = int(above[-1]) + 2 if len(above) else 1
    return first if first <= len(regret[lead]) else -1


def _amount(trials: int, results: Results) -> str:
    """Return trials, or as much of a budget in cost, in words."""
    cost = cost_of(results)
    return counted(trials, "trial") if cost is None else counted(float(f"{cost * trials / POINTS:.3g}"), "mean cost")
