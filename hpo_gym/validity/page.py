"""The page of the statistics of suites: Markdown that is the same for the same suites."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_gym.bench import markdown_cell as plain
from hpo_gym.bench import printable
from hpo_gym.suites import LEAST
from hpo_gym.suites import TRIALS as FLAT_TRIALS
from hpo_gym.validity.choice import FEW, Choice
from hpo_gym.validity.examine import Noise, Validity
from hpo_gym.validity.faithfulness import ENOUGH, PAIRS, faithfulness
from hpo_gym.validity.importance import BINS, MATTERS, Importance
from hpo_gym.validity.resolution import Resolution
from hpo_gym.validity.signs import Sign
from hpo_gym.validity.transfer import Transfer

_MISSING = (math.nan, math.nan, math.nan)

AGREES = 0.8
"""Kendall's tau from which on validation ranks optimizers as test does."""

_SHOWN = 12
"""Hyperparameters of a suite that have a line of their own."""

_SOME = f"{MATTERS:.0%}".replace("%", " %")

_HEAD = """\
# How informative are the suites?

`hpo-gym validity --out docs/validity.md` generates this page from the shipped tables. Higher scores are better. Each
statistic is computed per task, then averaged over tasks (or their median taken), so all tasks weigh alike. A failed
configuration has the worst score of its task; an unmeasured one is omitted. Raw regret is the task's best score minus
the score reached; normalised regret divides it by the range of the task's scores.

## All suites

"""

_READ = f"""
- **measured**, **failed**: share of cells (task and configuration) that are measured, and of these, that failed.
- **signal to noise**: standard deviation of scores between configurations, divided by that of one configuration
  between seeds. Near 1, the order of configurations is luck. With few seeds, the median understates normal noise: by
  33 % for 2 seeds, 17 % for 3, 11 % for 4.
- **flat**: tasks with little to gain: the best of {FLAT_TRIALS} random configurations is expected to be less than
  {LEAST} short of the best, in units of the score. **Left out**: tasks in no split.
- **ties**: share of a task's configurations at its optimum, median over tasks.
- **validation - test**: rank correlation of validation scores with scores on held-out data, over all configurations
  and **of the best tenth**; **test regret**: what the best configuration by validation lacks of the best test score, as
  a share of the range of the task's test scores.
- **told apart**: the smallest difference in AUC of two optimizers that the suite tells at 95 %: half of the width of
  the interval of a paired difference, the median over pairs, by the reference runs; none of one family.
- **ranks alike**: Kendall's tau of the ranks of the same optimizers by validation and by test.
- **portfolio / random**: mean normalised regret of the greedy portfolio of the training tasks, divided by that of
  random search, after 1, 5 and 25 trials on held-out tasks. Below 1, knowledge of some tasks helps on others.
- **signs**: checks passed, of those made, that configurations known to be crippled score worse.
- "-": not available for this suite; see its section.

In the sections, the table of hyperparameters shows the share of score variance that each explains alone: its main
effect over {BINS} bins of a number, or one bin per category, corrected for their number so that noise gives 0 (omega
squared); "-" marks bins with fewer than two configurations on average. "Alone" treats inactive as a value, so a
hyperparameter of one branch also gets credit for the branch. "Where active" uses only configurations that have the
hyperparameter; the last column counts the tasks where that share exceeds {_SOME}. The table of signs compares crippled
configurations with others that have the same active hyperparameters: how much lower their median score is (median over
tasks), and on which share of the tasks it is lower.

"""

_FIDELITIES = 10  # rows of a table of fidelities


def page(found: Sequence[Validity], left_out: Sequence[str] = ()) -> str:
    """The whole page: a table of all suites, a section for each, and the names of suites that were left out."""
    sections = [f"{block}\n\n" for v in found for block in _section(v)]
    if left_out:
        sections.append(
            f"Not examined: {', '.join(map(plain, left_out))}. Their scores are measured while they are tuned.\n"
        )
    faithful = [f"{block}\n\n" for block in _faithful({v.suite for v in found})]
    return (_HEAD + _summary(found) + "\n" + _READ + "".join(faithful + sections)).rstrip("\n") + "\n"


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
            "left out", "ties", "validation - test", "of the best tenth",
            "test regret", "told apart", "ranks alike", "portfolio / random", "signs")  # fmt: skip
    return _table(head, map(_line, found))


def _line(v: Validity) -> tuple[str, ...]:
    table = v.ties is not None
    t = v.transfer
    ratios = [] if t is None else [_ratio(a, b) for a, b in zip(t.portfolio_share, t.random_share, strict=True)]
    passed = sum(s.passed for s in v.signs)
    return (
        f"[{plain(v.suite)}](#{_anchor(v.suite)})",
        f"{v.size.tasks:,}",
        _rows(v),
        str(v.size.fidelities),
        _share(v.size.measured) if table else "-",
        _share(v.size.failed) if table else "-",
        "-" if v.noise is None else _number(v.noise.ratio, 2),
        str(v.flat.tasks),
        str(v.flat.left_out),
        "-" if v.ties is None else _share(v.ties[0]),
        *(
            _number(n, 2)
            for n in (_MISSING if v.choice is None else (v.choice.spearman, v.choice.spearman_top, v.choice.regret))
        ),
        *_told(v.resolution),
        ", ".join(ratios) or "-",
        f"{passed} of {len(v.signs)}" if v.signs else "-",
    )


def _told(r: Resolution | None) -> tuple[str, str]:
    """The smallest difference that is told, and whether validation ranks optimizers as test does."""
    values = (None, None) if r is None else (r.difference, r.tau)
    difference, tau = ("-" if v is None else _number(v, 2) for v in values)
    return difference, tau


def _rows(v: Validity) -> str:
    low, high = v.size.rows
    return "no end" if not high else f"{high:,}" if low == high else f"{low:,} to {high:,}"


# ---------------------------------------------------------------------------------------------- faithfulness
def _faithful(suites: Collection[str]) -> Iterator[str]:
    """Whether tables and surrogates say what training says, of those suites that were looked at."""
    looked = {name: said for name, said in faithfulness().items() if name in suites}
    if not looked:
        return
    yield "## Do tables and surrogates say what training says?"
    yield (
        "The same tasks in three worlds: the table, in which the nearest row answers; its surrogate, where the suite "
        "has one; and training itself, anywhere in the search space. **Configurations**: Kendall's tau of scores of "
        "configurations that are no rows of the table, median over tasks, and the least. **Optimizers**: Kendall's tau "
        "of optimizers by the best score that they find, the mean over tasks and seeds; those that are level change "
        f"places by luck. A world stands for another from a tau of {ENOUGH} on. Where the table is below, its ranks "
        "hold for choosing among its rows, as `pool` does, and not for tuning anywhere in the space. Tasks are of the "
        "validation split. Renewed by `python benchmarks/studies/faithfulness.py FOLDER`."
    )
    head = ("suite", "worlds", "tasks", "configurations each", "tau", "least", "optimizers", "trials", "seeds", "tau")
    yield _table(head, (_pair(name, said, pair) for name, said in looked.items() for pair in PAIRS if pair in said))


def _pair(suite: str, said: Mapping[str, Any], pair: str) -> tuple[str, ...]:
    found = said[pair]
    return (
        plain(suite),
        pair.replace(" - ", " and "),
        f"{said['tasks']}",
        f"{said['points']}",
        f"{found['configurations']:.2f}",
        f"{found['least']:.2f}",
        f"{said['optimizers']}",
        f"{said['budget']}",
        f"{said['seeds']}",
        f"{found['optimizers']:.2f}",
    )


# ---------------------------------------------------------------------------------------------- one suite
def _section(v: Validity) -> Iterator[str]:
    yield f"## {plain(v.suite)}"
    yield f"{plain(v.title)}. Score: {plain(v.score)}." if v.title else f"Score: {plain(v.score)}."
    if v.ties is None:
        yield _without_table(v)
        yield _resolution(v.resolution)
        return
    levels = "1 fidelity" if v.size.fidelities == 1 else f"{v.size.fidelities} fidelities"
    yield (
        f"**Size.** {v.size.tasks:,} tasks, {_rows(v)} configurations, {levels}; "
        f"{_share(v.size.measured)} of cells measured, {_share(v.size.failed)} of these failed."
    )
    yield f"**Flat tasks.** {_flat(v)}"
    yield (
        f"**Ties.** {_share(v.ties[0])} of a task's configurations are at its optimum (median over tasks; "
        f"maximum {_share(v.ties[1])})."
    )
    yield _noise(v.noise)
    yield from _importance(v.importance)
    yield _choice(v.choice)
    yield _resolution(v.resolution)
    yield from _transfer(v.transfer, v.size.rows[1])
    yield from _fidelities(v.fidelities)
    if v.surrogates is not None:
        yield f"**Surrogates.** {v.surrogates.words()}"
    yield from _signs(v.signs)


def _without_table(v: Validity) -> str:
    return (
        f"{v.size.tasks:,} tasks. Scores are computed on demand: there is no table to examine for ties, noise between "
        "seeds, test scores, fidelities or signs. Each task shifts and rotates its function, so no hyperparameter has "
        "the same effect on two tasks, and nothing can transfer. "
        f"Flat tasks: {_flat(v)} This compares the known best with 1,000 points per function."
    )


def _flat(v: Validity) -> str:
    count, out = v.flat.tasks, v.flat.left_out
    rest = f"{out:,} tasks are in no split" if out else "every task is in a split"
    own = "" if out == count else " The suite uses its own rule; see its card."
    return f"{count:,} of {v.size.tasks:,} ({_share(count / v.size.tasks)}); {rest}.{own}"


def _noise(n: Noise | None) -> str:
    if n is None:
        return "**Noise.** Without scores of single seeds, nothing can be said of the noise."
    low, high = n.range
    seeds = f"{high} seeds" if low == high else f"{low} to {high} seeds"
    where = f"cells of a separate study: {plain(n.study)}" if n.study else f"{n.cells:,} cells with {seeds}"
    return (
        f"**Noise.** Standard deviation of the score between seeds: {_number(n.seeds)} (median over {where}); between "
        f"the configurations of a task: {_number(n.configurations)} (median over tasks). Signal to noise: "
        f"{_number(n.ratio, 2)}."
    )


def _importance(found: Importance | None) -> Iterator[str]:
    if found is None:
        yield "**Hyperparameters.** No task has enough differences or configurations to say what explains them."
        return
    yield f"**Hyperparameters.** Share of score variance explained, mean over {found.tasks:,} tasks."
    yield _table(("hyperparameter", "alone", "where active", f"tasks above {_SOME}"), _effects(found))
    if not math.isnan(found.together):
        rest = "the rest is interaction and noise"
        yield f"All main effects together (least squares) explain {_share(found.together, 2)}; {rest}."


def _effects(found: Importance) -> Iterator[tuple[str, ...]]:
    """The strongest hyperparameters, and the others in one line."""
    order = sorted(range(len(found.names)), key=lambda j: (-round(found.shares[j], 9), found.names[j]))
    for j in order[:_SHOWN]:
        yield _code(found.names[j]), _share(found.shares[j], 2), _share(found.active[j], 2), f"{found.matters[j]:,}"
    rest = order[_SHOWN:]
    if rest:
        active = max((found.active[j] for j in rest if not math.isnan(found.active[j])), default=math.nan)
        matters = max(found.matters[j] for j in rest)
        yield f"{len(rest)} others, at most", _share(found.shares[rest[0]], 2), _share(active, 2), f"{matters:,}"


def _choice(c: Choice | None) -> str:
    if c is None:
        return "**Validation and test.** There are no test scores."
    return (
        f"**Validation and test.** Rank correlation of validation and test scores over configurations: "
        f"{_number(c.spearman)}; over the best tenth: {_number(c.spearman_top)} (Spearman, median over {c.tasks:,} "
        f"tasks). Choosing by validation instead of test score loses {_number(c.loss)} of test score among all "
        f"configurations, {_share(c.regret)} of its range, and {_number(c.loss_few)} among {FEW} random ones (exact "
        "expectation; means over tasks)."
    )


def _resolution(r: Resolution | None) -> str:
    if r is None:
        return "**What can be told.** There are no reference runs."
    names = ", ".join(map(plain, r.optimizers))
    who = (
        f"**What can be told.** By the reference runs of {len(r.optimizers)} optimizers ({names}) on "
        f"{_tasks(r.tasks, 'test')} of {r.families} {'family' if r.families == 1 else 'families'}. AUC is of the "
        f"{r.score} regret: {_number(r.portfolio)} for the portfolio. "
    )
    if r.difference is None or r.told is None:
        return who + "One family gives no interval: no difference can be told."
    said = (
        f"The smallest difference of two optimizers that is told at 95 %: {_number(r.difference, 2)} (median over "
        f"pairs); {_share(r.told, 2)} of the pairs differ."
    )
    return who + said + ("" if r.tau is None else f" {_agreement(r.tau)}")


def _agreement(tau: float) -> str:
    said = f"Kendall's tau of their ranks on validation and on test: {_number(tau, 2)}"
    if tau >= AGREES:
        return f"{said}."
    return f"{said}, below {AGREES}: what is better on validation here need not be so on test."


def _transfer(t: Transfer | None, rows: int) -> Iterator[str]:
    if t is None:
        yield "**Transfer.** Not available: there is no training task, or no held-out one."
        return
    cut = f" The portfolio chooses among {t.rows:,} of the configurations, drawn by key." if t.rows < rows else ""
    yield (
        f"**Transfer.** Mean regret on {_tasks(t.tasks, 'test' if t.split == 'test' else 'validation')}: greedy "
        f"portfolio of {_tasks(t.earlier, 'training')}, and random search (exact expectation).{cut}"
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
        yield "**Fidelities.** Spearman correlation with the scores at full fidelity, median over tasks."
        step = -(-len(found) // _FIDELITIES)  # of a long curve, one in so many
        yield _table(("fidelity", "rank correlation"), ((_number(f), _number(s)) for f, s in found[::step]))


def _signs(found: Sequence[Sign]) -> Iterator[str]:
    if not found:
        yield "**Sign check.** No configuration is declared crippled."
        return
    yield "**Sign check.** Crippled configurations must score worse on the median task."
    yield _table(("crippled", "configurations", "tasks", "lower by", "share of tasks", ""), map(_check, found))


def _check(s: Sign) -> tuple[str, ...]:
    rows = f"{s.rows:,}" if s.rows else "all"
    return s.what, rows, f"{s.tasks:,}", _number(s.loss), _share(s.worse), "passed" if s.passed else "FAILED"


# ---------------------------------------------------------------------------------------------- words
def _anchor(title: str) -> str:
    """Where a heading is."""
    return re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))


def _code(name: str) -> str:
    """A name as code in a cell of a table."""
    return "`" + printable(name).replace("`", "'").replace("|", "\\|") + "`"


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
