"""Tables of the statistics of suites, and the page of them that `hpo-gym validity` prints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from frame import Table

from hpo_gym.base import as_markdown as plain
from hpo_gym.base import printable
from validity.choice import FEW
from validity.examine import Validity
from validity.importance import MATTERS, Importance
from validity.order import HIGH, LOW
from validity.resolution import Resolution
from validity.signs import Sign
from validity.transfer import Transfer

AGREES = 0.8
"""Kendall's tau from which on validation ranks optimizers as test does."""
_MISSING = (math.nan, math.nan, math.nan)
_SHOWN = 12
"""Hyperparameters of a suite that have a line of their own."""
_SOME = f"{MATTERS:.0%}".replace("%", " %")
_FIDELITIES = 10
"""Rows of a table of fidelities."""

Rows = Iterator[tuple[str, str]]


def tables_of(found: Sequence[Validity]) -> dict[str, Table]:
    """Return a table of all suites, and of each its statistics and what else it has."""
    out = {"summary": summary(found), "orders": orders(found)}
    for v in found:
        name = plain(v.suite)
        out[name] = Table.of(("statistic", "value"), _statistics(v))
        if v.importance is not None:
            out[f"{name}-hyperparameters"] = _importance(v.importance)
        if v.transfer is not None:
            out[f"{name}-transfer"] = _transfer(v.transfer)
        if v.fidelities:
            step = -(-len(v.fidelities) // _FIDELITIES)  # of a long curve, one in so many
            rows = [(_number(f), _number(s)) for f, s in v.fidelities[::step]]
            out[f"{name}-fidelities"] = Table.of(("fidelity", "rank correlation"), rows)
        if v.signs:
            heads = ("crippled", "configurations", "tasks", "lower by", "share of tasks", "")
            out[f"{name}-signs"] = Table.of(heads, map(_check, v.signs))
    return out


def page(found: Sequence[Validity], left_out: Sequence[str] = ()) -> str:
    """Return all tables as Markdown, with the names of suites that were left out."""
    lines = list[str]()
    for name, table in tables_of(found).items():
        title = f"# {name}" if name == "summary" else f"### {name}" if "-" in name else f"## {name}"
        lines += [title, "", *table.lines(), ""]
    if left_out:
        lines.append(f"Not examined: {', '.join(map(plain, left_out))}. Scores there are measured while tuning.")
    return "\n".join(lines).rstrip("\n") + "\n"


def write(path: Path, found: Sequence[Validity], left_out: Sequence[str] = ()) -> None:
    """Write the page, in a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(page(found, left_out).encode())  # bytes: no line ends of the platform


def failures(found: Sequence[Validity]) -> list[str]:
    """Return a line for each sign check that failed, and each order of rows that tells their scores."""
    signs = [
        f"{v.suite}: `{s.what}` must score below the others on the median task, got a difference of {_number(s.loss)} "
        f"on {s.tasks} tasks"
        for v in found
        for s in v.signs
        if not s.passed
    ]
    return signs + [
        f"{v.suite}: rows {name} must have {LOW} to {HIGH} of the AUC of random search, got {ratio:.2f}"
        for v in found
        if v.order is not None
        for name, ratio in v.order.judged.items()
        if not LOW <= ratio <= HIGH
    ]


# ---------------------------------------------------------------------------------------------- all suites
def summary(found: Sequence[Validity]) -> Table:
    """Return a row for each suite."""
    heads = (
        "suite", "tasks", "configurations", "fidelities", "measured", "failed", "signal to noise", "flat", "left out",
        "ties", "validation - test", "of the best tenth", "test regret", "told apart", "ranks alike",
        "portfolio / random", "signs", "order",
    )  # fmt: skip
    return Table.of(heads, map(_line, found))


def orders(found: Sequence[Validity]) -> Table:
    """Return the AUC of counting from either end, by that of random search: as agents are offered rows, by keys that
    nobody chose, as stored."""
    heads = (
        "suite", "offered", "keys tried", "first to last", "last to first", "other keys: 5 to 95 %",
        "stored: first to last", "last to first",
    )  # fmt: skip
    how = {(True, False): "as stored, each task its own", (False, True): "by key"}
    rows = [
        (plain(v.suite), how.get((o.own, o.keyed), "as stored"), str(o.tried or "-"), f"{o.first:.2f}", f"{o.last:.2f}",
         "-" if o.others is None else "{:.2f} to {:.2f}".format(*o.others),
         f"{o.stored_first:.2f}", f"{o.stored_last:.2f}")
        for v in found if (o := v.order) is not None
    ]  # fmt: skip
    return Table.of(heads, rows)


def _line(v: Validity) -> tuple[str, ...]:
    table, t, r = v.ties is not None, v.transfer, v.resolution
    ratios = [] if t is None else [_ratio(a, b) for a, b in zip(t.portfolio_share, t.random_share, strict=True)]
    chosen = _MISSING if v.choice is None else (v.choice.spearman, v.choice.spearman_top, v.choice.regret)
    told = (None, None) if r is None else (r.difference, r.tau)
    return (
        plain(v.suite),
        f"{v.size.tasks:,}",
        _rows(v),
        str(v.size.fidelities),
        _share(v.size.measured) if table else "-",
        _share(v.size.failed) if table else "-",
        "-" if v.noise is None else _number(v.noise.ratio, 2),
        str(v.flat.tasks),
        str(v.flat.left_out),
        "-" if v.ties is None else _share(v.ties[0]),
        *(_number(n, 2) for n in chosen),
        *("-" if n is None else _number(n, 2) for n in told),
        ", ".join(ratios) or "-",
        f"{sum(s.passed for s in v.signs)} of {len(v.signs)}" if v.signs else "-",
        "-" if v.order is None or not v.order.judged else "passed" if v.order.passed else "FAILED",
    )


def _rows(v: Validity) -> str:
    low, high = v.size.rows
    return "no end" if not high else f"{high:,}" if low == high else f"{low:,} to {high:,}"


# ---------------------------------------------------------------------------------------------- one suite
def _statistics(v: Validity) -> Rows:
    yield "title", plain(v.title or v.suite)
    yield "score", plain(v.score)
    yield "tasks", f"{v.size.tasks:,}"
    yield "configurations", _rows(v)
    if v.ties is not None:
        yield "fidelities", str(v.size.fidelities)
        yield "cells measured", _share(v.size.measured)
        yield "of these failed", _share(v.size.failed)
    yield "flat tasks", f"{v.flat.tasks:,} ({_share(v.flat.tasks / v.size.tasks)})"
    yield "tasks in no split", f"{v.flat.left_out:,}"
    if v.ties is not None:
        yield "configurations at the optimum of a task", f"{_share(v.ties[0])} (median), {_share(v.ties[1])} (maximum)"
        yield from _noise(v)
        if v.importance is not None and not math.isnan(v.importance.together):
            yield "variance that all main effects explain", _share(v.importance.together, 2)
        yield from _choice(v)
        yield from _order(v)
    yield from _resolution(v.resolution)
    yield from _surrogates(v)


def _noise(v: Validity) -> Rows:
    if (n := v.noise) is None:
        yield "noise between seeds", "no scores of single seeds"
        return
    low, high = n.range
    seeds = f"{high} seeds" if low == high else f"{low} to {high} seeds"
    where = f"a separate study: {plain(n.study)}" if n.study else f"{n.cells:,} cells with {seeds}"
    yield "standard deviation between seeds", f"{_number(n.seeds)} (median over {where})"
    yield "between the configurations of a task", f"{_number(n.configurations)} (median over tasks)"
    yield "signal to noise", _number(n.ratio, 2)


def _choice(v: Validity) -> Rows:
    if (c := v.choice) is None:
        yield "validation and test", "no test scores"
        return
    yield "rank correlation of validation and test", f"{_number(c.spearman)} (Spearman, median over {c.tasks:,} tasks)"
    yield "over the best tenth", _number(c.spearman_top)
    yield "loss of choosing by validation", f"{_number(c.loss)} of test score, {_share(c.regret)} of its range"
    yield f"among {FEW} random configurations", f"{_number(c.loss_few)} of test score"


def _order(v: Validity) -> Rows:
    if (o := v.order) is None:
        return
    served, stored = f"first to last {o.first:.2f}, last to first {o.last:.2f}", "as they are stored"
    if o.keyed:
        yield "AUC by random search's, rows as agents are offered them", served
        served = f"first to last {o.stored_first:.2f}, last to first {o.stored_last:.2f} (not judged)"
    yield f"AUC by random search's, rows {stored}", served if o.own or o.keyed else f"{served} (not judged)"
    yield (
        "densest and sparsest rows first",
        f"{o.dense:.2f}, {o.sparse:.2f}{'' if o.own else ' (of the space; not judged)'}",
    )


def _resolution(r: Resolution | None) -> Rows:
    if r is None:
        yield "reference runs", "none"
        return
    where = f"{r.tasks:,} test task{'' if r.tasks == 1 else 's'} of {r.families} "
    yield "reference runs", f"{len(r.optimizers)} optimizers ({', '.join(map(plain, r.optimizers))})"
    yield "on", f"{where}{'family' if r.families == 1 else 'families'}"
    yield f"AUC of the portfolio, {r.score} regret", _number(r.portfolio)
    if r.difference is None or r.told is None:
        yield "smallest difference told at 95 %", "none: too few families for intervals"
    else:
        yield "smallest difference told at 95 %", f"{_number(r.difference, 2)} (median over pairs)"
        yield "pairs that differ", _share(r.told, 2)
    if r.tau is not None:
        below = "" if r.tau >= AGREES else f", below {AGREES}"
        yield "ranks on validation and on test", f"{_number(r.tau, 2)} (Kendall's tau{below})"


def _surrogates(v: Validity) -> Rows:
    if (s := v.surrogates) is None:
        return
    yield (
        "surrogates, tau of scores",
        f"{s.tau:.2f}, without failures {s.successes:.2f}"
        + ("" if s.served else ", below the floor: the suite stays tabular"),
    )
    yield "R² without failures", f"{s.r2:.2f}"
    if s.cost is not None:
        yield "tau of costs", f"{s.cost:.2f}"
    yield "predicted best in the top 5 % of the table", f"{100 * s.top:.0f} % of the tasks"
    if s.failures or s.foretold:
        yield "failures predicted", f"{s.both:,} of {s.failures:,}, and {s.foretold - s.both:,} that are none"


def _importance(found: Importance) -> Table:
    """The strongest hyperparameters, and the others in one line."""
    heads = ("hyperparameter", "alone", "where active", f"tasks above {_SOME}")
    return Table.of(heads, _effects(found), f"Mean over {found.tasks:,} tasks.")


def _effects(found: Importance) -> Iterator[tuple[str, ...]]:
    order = sorted(range(len(found.names)), key=lambda j: (-round(found.shares[j], 9), found.names[j]))
    for j in order[:_SHOWN]:
        yield _code(found.names[j]), _share(found.shares[j], 2), _share(found.active[j], 2), f"{found.matters[j]:,}"
    rest = order[_SHOWN:]
    if rest:
        active = max((found.active[j] for j in rest if not math.isnan(found.active[j])), default=math.nan)
        matters = max(found.matters[j] for j in rest)
        yield f"{len(rest)} others, at most", _share(found.shares[rest[0]], 2), _share(active, 2), f"{matters:,}"


def _transfer(t: Transfer) -> Table:
    held = f"{t.tasks:,} {'test' if t.split == 'test' else 'validation'} task{'' if t.tasks == 1 else 's'}"
    note = f"On {held}; portfolio of {t.earlier:,} training task{'' if t.earlier == 1 else 's'}, {t.rows:,} candidates."
    raw, share = ("portfolio", "random", "ratio"), ("portfolio, normalised", "random, normalised", "normalised ratio")
    parts = zip(t.trials, t.portfolio, t.random, t.portfolio_share, t.random_share, strict=True)
    rows = [
        (str(n), _number(p), _number(r), _ratio(p, r), _number(ps), _number(rs), _ratio(ps, rs))
        for n, p, r, ps, rs in parts
    ]
    return Table.of(("trials", *raw, *share), rows, note)


def _check(s: Sign) -> tuple[str, ...]:
    rows = f"{s.rows:,}" if s.rows else "all"
    return s.what, rows, f"{s.tasks:,}", _number(s.loss), _share(s.worse), "passed" if s.passed else "FAILED"


# ---------------------------------------------------------------------------------------------- words
def _code(name: str) -> str:
    """Return a name as code in a cell of a table."""
    return "`" + printable(name).replace("`", "'").replace("|", "\\|") + "`"


def _number(value: float, digits: int = 3) -> str:
    """Show so many significant digits, written out between .00001 and ten million."""
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
    """Show a share in per cent; estimates below 0 are shown as 0."""
    if math.isnan(value):
        return "-"
    if value <= 0 or value == 1:
        return "0 %" if value <= 0 else "100 %"
    return f"{_number(100 * value, digits)} %" if value >= 1e-4 else "< .01 %"


def _ratio(a: float, b: float) -> str:
    return _number(a / b, 2) if b > 0 else "-"
