"""Brackets of successive halving over the fidelities that there are: rungs, sizes, costs, and the halving itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from hpo_baselines._runs.baseline import Choice
from hpo_baselines._runs.multi_fidelity import Ask, FidelityRun
from hpo_gym.base import whole
from hpo_gym.problem import horizon, pays

Draw = Callable[[FidelityRun], Choice | None]
"""Claims a new configuration; None where none is left."""

Starts = Callable[[int], Sequence[tuple[int, int]]]
"""For each of ``s_max``, the brackets of a round: `s`, and its initial number of configurations."""


def bracket(s: int, s_max: int, eta: int) -> int:
    """Return the initial number of configurations in bracket `s` of Hyperband.

    ``floor((s_max + 1) / (s + 1)) eta^s``, as in the paper's table (R = 81: 81, 27, 9, 6, 5) and the authors' code; the
    paper's Algorithm 1 rounds otherwise, and has 81, 34, 15, 8, 5.
    """
    return int((s_max + 1) // (s + 1) * eta**s)


def sizes(n: int, count: int, eta: int) -> list[int]:
    """Return the number of configurations at each of `count` rungs, of `n` at the first."""
    return [max(1, n // eta**i) for i in range(count)]


def cost(n: int, levels: Sequence[float], eta: int) -> float:
    """Return the cost of a bracket of `n` configurations; `levels` is the cost of a trial at each of its rungs."""
    return sum(size * level for size, level in zip(sizes(n, len(levels), eta), levels, strict=True))


def affordable(n: int, levels: Sequence[float], eta: int, left: float) -> int:
    """Return the most configurations, up to `n`, of a bracket that `left` pays for; 0 if it pays for less than `eta`.

    A bracket of one rung is not cut: as many full evaluations are better spent on stopped configurations.
    """
    least = n if len(levels) == 1 else min(n, eta)
    n = min(n, max(0, horizon(left, levels)))  # what the first rung costs
    while n >= least and not pays(left, cost(n, levels, eta)):
        n -= 1
    return n if n >= least else 0


def halving(run: FidelityRun, n: int, at: Sequence[int], eta: int, draw: Draw) -> Iterator[Ask]:
    """Yield one bracket: `n` new configurations at the first of the rungs `at`, the best ``n / eta^i`` of them at the
    i-th.

    Fewer if no more are left. Of equals the earliest continues. Configurations without a score are dropped. With a
    budget in cost, cheap ones begin further up, and are not evaluated again at the rungs below.
    """
    members: list[Choice] = []
    while len(members) < n and (choice := draw(run)) is not None:
        members.append(choice)
        yield choice, run.start(choice, at)
    for size, below, level in zip(sizes(n, len(at), eta)[1:], at[:-1], at[1:], strict=True):
        members = run.best(members, below)[:size]
        for choice in members:
            yield choice, level


def brackets(run: FidelityRun, eta: int, draw: Draw, starts: Starts) -> Iterator[Ask]:
    """Bracket after bracket, until the budget left pays for none or no configuration is new.

    Args:
        starts: The brackets of a round.
    """
    ladder = run.ladder(eta)
    while True:
        for s, n in starts(len(ladder) - 1):
            at, before = ladder[-(s + 1) :], len(run.tried)
            left = run.context.budget - run.spent
            n = affordable(n, [run.mean[i] for i in at], eta, left)
            if not n:
                return
            yield from halving(run, n, at, eta, draw)
            if len(run.tried) == before:
                return


def check_eta(eta: int) -> None:
    """Refuse a factor that keeps all, or is no whole number."""
    whole("eta", eta, 2)
