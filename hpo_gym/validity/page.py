"""The page of the statistics of suites: Markdown that is the same for the same suites."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hpo_gym.tables.flat import LEAST
from hpo_gym.tables.flat import TRIALS as FLAT_TRIALS
from hpo_gym.validity.choice import FEW, Choice
from hpo_gym.validity.examine import Noise, Validity
from hpo_gym.validity.importance import BINS, MATTERS, Importance
from hpo_gym.validity.signs import Sign
from hpo_gym.validity.transfer import Transfer

_SHOWN = 12
"""Hyperparameters of a suite that have a line of their own."""

_SOME = f"{MATTERS:.0%}".replace("%", " %")

_HEAD = """\
# Are the suites worth anything?

This page is made by `hpo-gym validity --out docs/validity.md` out of the tables that are shipped. Higher scores are
better. Each statistic is made for each task, then averaged (or its median taken) over tasks, so that a task counts as
one. A failed configuration has the worst score of its task; one that was not measured is left out. Raw regret is the
best score of a task less the score reached; normalised regret is that by the range of the task's scores.

## All suites

"""

_READ = f"""
- **measured**, **failed**: share of the cells (task and configuration) that are measured, and of these that failed.
- **signal to noise**: standard deviation of scores between configurations by the standard deviation of one
  configuration between seeds. Near 1, the order of configurations is luck. From few seeds the median understates
  normal noise: by 33 % for 2 seeds, 17 % for 3, 11 % for 4.
- **flat**: tasks on which the best of {FLAT_TRIALS} random configurations is expected to be less than {LEAST} short of
  the best one, in units of the score: there is little to gain on them. **Left out**: tasks that no split holds.
- **ties**: share of a task's configurations that are at its optimum, median over tasks.
- **validation - test**: rank correlation of the score that chooses and the score on data that no choice has seen.
- **portfolio / random**: mean normalised regret of the greedy portfolio of the training tasks by that of random search,
  after 1, 5 and 25 trials on held-out tasks. Below 1, what is known of some tasks helps on others.
- **signs**: checks passed, of those made, that configurations known to be crippled score worse.
- "-": the suite has not what it takes; its section says what.

In the sections, the table of hyperparameters shows the share of the variance of scores that each explains by itself:
its main effect, in {BINS} bins of a number or one a choice, corrected for their number so that noise gives 0 (omega
squared), and "-" where a bin has less than two configurations in the mean. "Alone" counts to be inactive as a value, so
that a hyperparameter of one branch gets credit for the branch, too. "Where active" looks at the configurations that
have the hyperparameter; the last column counts the tasks on which that is above {_SOME}. The table of signs compares
crippled configurations with the others in which the same hyperparameters are active: how much lower their median score
is (median over tasks), and on which share of the tasks it is lower at all.

"""

_FIDELITIES = 10  # rows of a table of fidelities


def page(found: Sequence[Validity], left_out: Sequence[str] = ()) -> str:
    """The whole page: a table of all suites, a section for each, and the names of suites that were left out."""
    sections = [f"{block}\n\n" for v in found for block in _section(v)]
    if left_out:
        sections.append(f"Not examined: {', '.join(left_out)}. Their scores are measured while they are tuned.\n")
    return (_HEAD + _summary(found) + "\n" + _READ + "".join(sections)).rstrip("\n") + "\n"


def failures(found: Sequence[Validity]) -> list[str]:
    """A line for each sign check that failed."""
    return [
        f"{v.suite}: `{s.what}` must score below the others on the median task, got a difference of {_number(s.loss)} "
        f"on {s.tasks} tasks"
        for v in found
        for s in v.signs
        if not s.passed
    ]


def write(path: Path, found: Sequence[Validity], left_out: Sequence[str] = ()) -> None:
    """Write the page, in a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(page(found, left_out).encode())  # bytes: no line ends of the platform


# ---------------------------------------------------------------------------------------------- all suites
def _summary(found: Sequence[Validity]) -> str:
    head = ("suite", "tasks", "configurations", "fidelities", "measured", "failed", "signal to noise", "flat",
            "left out", "ties", "validation - test", "portfolio / random", "signs")  # fmt: skip
    return _table(head, map(_line, found))


def _line(v: Validity) -> tuple[str, ...]:
    table = v.ties is not None
    t = v.transfer
    ratios = [] if t is None else [_ratio(a, b) for a, b in zip(t.portfolio_share, t.random_share, strict=True)]
    passed = sum(s.passed for s in v.signs)
    return (
        f"[{v.suite}](#{v.suite.lower()})",
        f"{v.size.tasks:,}",
        _rows(v),
        str(v.size.fidelities),
        _share(v.size.measured) if table else "-",
        _share(v.size.failed) if table else "-",
        "-" if v.noise is None else _number(v.noise.ratio, 2),
        str(v.flat.tasks),
        str(v.flat.left_out),
        "-" if v.ties is None else _share(v.ties[0]),
        "-" if v.choice is None else _number(v.choice.spearman, 2),
        ", ".join(ratios) or "-",
        f"{passed} of {len(v.signs)}" if v.signs else "-",
    )


def _rows(v: Validity) -> str:
    low, high = v.size.rows
    return "no end" if not high else f"{high:,}" if low == high else f"{low:,} to {high:,}"


# ---------------------------------------------------------------------------------------------- one suite
def _section(v: Validity) -> Iterator[str]:
    yield f"## {v.suite}"
    yield f"{v.title}. Score: {v.score}." if v.title else f"Score: {v.score}."
    if v.ties is None:
        yield _without_table(v)
        return
    levels = "1 fidelity" if v.size.fidelities == 1 else f"{v.size.fidelities} fidelities"
    yield (
        f"**Size.** {v.size.tasks:,} tasks, {_rows(v)} configurations, {levels}. "
        f"{_share(v.size.measured)} of the cells are measured, {_share(v.size.failed)} of these failed."
    )
    yield f"**Flat tasks.** {_flat(v)}"
    yield (
        f"**Ties.** {_share(v.ties[0])} of a task's configurations are at its optimum (median over tasks), "
        f"{_share(v.ties[1])} on the task that has most."
    )
    yield _noise(v.noise)
    yield from _importance(v.importance)
    yield _choice(v.choice)
    yield from _transfer(v.transfer, v.size.rows[1])
    yield from _fidelities(v.fidelities)
    yield from _signs(v.signs)


def _without_table(v: Validity) -> str:
    return (
        f"{v.size.tasks:,} tasks. Their scores are computed when asked for: there is no table of which ties, noise "
        "between seeds, test scores, fidelities or signs could be examined. Each task moves and turns its function, so "
        "that a hyperparameter has no effect that is the same on two tasks, and nothing is there to transfer. "
        f"{_flat(v)} For this, each function is evaluated at 1,000 points, and its known best counts."
    )


def _flat(v: Validity) -> str:
    count, out = v.flat.tasks, v.flat.left_out
    rest = f"{out:,} of all tasks are in no split" if out else "every task is in a split"
    own = "" if out == count else " The suite decides by a rule of its own, see its card."
    return f"{count:,} of {v.size.tasks:,} tasks ({_share(count / v.size.tasks)}) are flat; {rest}.{own}"


def _noise(n: Noise | None) -> str:
    if n is None:
        return "**Noise.** There are no scores of single seeds, so nothing can be said of the noise between seeds."
    low, high = n.range
    seeds = f"{high} seeds" if low == high else f"{low} to {high} seeds"
    where = f"cells of a study of its own: {n.study}" if n.study else f"{n.cells:,} cells with {seeds}"
    return (
        f"**Noise.** The score of one configuration has a standard deviation of {_number(n.seeds)} between seeds "
        f"(median over {where}). Between the configurations of a task it is {_number(n.configurations)} (median over "
        f"tasks): a signal to noise of {_number(n.ratio, 2)}."
    )


def _importance(found: Importance | None) -> Iterator[str]:
    if found is None:
        yield "**Hyperparameters.** No task has differences, or configurations enough, to say what explains them."
        return
    yield f"**Hyperparameters.** Share of the variance of scores that each explains, means over {found.tasks:,} tasks."
    yield _table(("hyperparameter", "alone", "where active", f"tasks above {_SOME}"), _effects(found))
    if not math.isnan(found.together):
        rest = "the rest is interaction and noise"
        yield f"The sum of all main effects, fitted by least squares, explains {_share(found.together, 2)}; {rest}."


def _effects(found: Importance) -> Iterator[tuple[str, ...]]:
    """The strongest hyperparameters, and the others in one line."""
    order = sorted(range(len(found.names)), key=lambda j: (-round(found.shares[j], 9), found.names[j]))
    for j in order[:_SHOWN]:
        yield f"`{found.names[j]}`", _share(found.shares[j], 2), _share(found.active[j], 2), f"{found.matters[j]:,}"
    rest = order[_SHOWN:]
    if rest:
        active = max((found.active[j] for j in rest if not math.isnan(found.active[j])), default=math.nan)
        matters = max(found.matters[j] for j in rest)
        yield f"{len(rest)} others, at most", _share(found.shares[rest[0]], 2), _share(active, 2), f"{matters:,}"


def _choice(c: Choice | None) -> str:
    if c is None:
        return (
            "**Validation and test.** There are no test scores: the score that chooses is the score that is reported."
        )
    return (
        f"**Validation and test.** The rank correlation of validation and test scores over the configurations is "
        f"{_number(c.spearman)} (Spearman, median over {c.tasks:,} tasks). Choosing by validation loses "
        f"{_number(c.loss)} of test score against choosing by test among all configurations, and {_number(c.loss_few)} "
        f"among {FEW} random ones (exact expectation; means over tasks)."
    )


def _transfer(t: Transfer | None, rows: int) -> Iterator[str]:
    if t is None:
        yield "**Transfer.** There is no training task, or no held-out one."
        return
    cut = f" It chooses among {t.rows:,} of the configurations, drawn by key." if t.rows < rows else ""
    yield (
        f"**Transfer.** Mean regret of the greedy portfolio of {_tasks(t.earlier, 'training')} and of random search "
        f"(exact expectation) on {_tasks(t.tasks, 'test' if t.split == 'test' else 'validation')}.{cut}"
    )
    yield _table(
        ("trials", "portfolio", "random", "ratio", "portfolio, normalised", "random, normalised", "ratio"),
        (
            (str(n), _number(p), _number(r), _ratio(p, r), _number(ps), _number(rs), _ratio(ps, rs))
            for n, p, r, ps, rs in zip(t.trials, t.portfolio, t.random, t.portfolio_share, t.random_share, strict=True)
        ),
    )


def _fidelities(found: Sequence[tuple[float, float]]) -> Iterator[str]:
    if found:
        yield "**Fidelities.** Rank correlation with the scores at full fidelity (Spearman, median over tasks)."
        step = -(-len(found) // _FIDELITIES)  # of a long curve, one in so many
        yield _table(("fidelity", "rank correlation"), ((_number(f), _number(s)) for f, s in found[::step]))


def _signs(found: Sequence[Sign]) -> Iterator[str]:
    if not found:
        yield "**Sign check.** No configuration is declared to be crippled."
        return
    yield "**Sign check.** Crippled configurations must score worse on the median task."
    yield _table(("crippled", "configurations", "tasks", "lower by", "share of tasks", ""), map(_check, found))


def _check(s: Sign) -> tuple[str, ...]:
    rows = f"{s.rows:,}" if s.rows else "all"
    return s.what, rows, f"{s.tasks:,}", _number(s.loss), _share(s.worse), "passed" if s.passed else "FAILED"


# ---------------------------------------------------------------------------------------------- words
def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))


def _tasks(count: int, kind: str) -> str:
    return f"{count:,} {kind} task{'' if count == 1 else 's'}"


def _number(value: float, digits: int = 3) -> str:
    """So many significant digits, written out between .00001 and ten million."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "no noise" if value > 0 else "-"
    rounded = float(f"{value:.{digits - 1}e}")
    if rounded == 0:
        return "0"
    power = math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, digits - 1 - power)}f}" if -5 <= power < 7 else f"{rounded:.{digits - 1}e}"


def _share(value: float, digits: int = 3) -> str:
    """A share in per cent; estimates below 0 are shown as 0."""
    if math.isnan(value):
        return "-"
    if value <= 0 or value == 1:
        return "0 %" if value <= 0 else "100 %"
    return f"{_number(100 * value, digits)} %" if value >= 1e-4 else "< .01 %"


def _ratio(a: float, b: float) -> str:
    return _number(a / b, 2) if b > 0 else "-"
