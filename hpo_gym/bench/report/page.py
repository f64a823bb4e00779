"""The report as one HTML page that needs nothing else: no script, no font, no address."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.bench.bootstrap import Floats
from hpo_gym.bench.metrics import PORTFOLIO, TEST, Curves, auc, by_family, critical_difference, friedman, iqm
from hpo_gym.bench.report.tables import Results, Row, cells, pooled_cells, pooled_said, rows, said, shows_pooled
from hpo_gym.bench.report.words import MISSING, interval, number, printable

_HARD = 8  # how many of the hardest tasks are listed
_NAMED = 6  # how many failed tasks are named
_CONTROLS = (PORTFOLIO, "default", "random")
_PARTS = ("suite", "split", "fold", "start", "budget", "seeds", "tasks", "optimizers")


def page(
    results: Results, curves: Mapping[str, Sequence[Curves]], svgs: Mapping[str, Mapping[str, str]], *, timings: bool
) -> str:
    """Render the page; `svgs` holds each suite's figures as safe SVG text, by name.

    Every name is escaped by the template engine.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    loader = FileSystemLoader(Path(__file__).parent)
    env = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    safe = {suite: {name: Markup(svg) for name, svg in found.items()} for suite, found in svgs.items()}
    return env.get_template("template.html").render(
        version=results.get("version", ""),
        suites=[_suite(results, name, curves[name], safe[name], timings) for name in results["suites"]],
        pooled=_pooled(results) if shows_pooled(results) else None,
        on_test=any(part["score"] == TEST for part in results["suites"].values()),
        protocol=_protocol(results["protocol"]),
        command=results.get("command") or command(results),
        failures=[row for name in results["suites"] for row in _failures(name, curves[name])],
        number=number,
        interval=interval,
        portfolio=PORTFOLIO,
    )


def command(results: Results) -> str:
    """Make the command line of the comparison from its protocol, quoted for a shell."""
    protocol = results["protocol"]
    optimizers = sorted({name for suite in results["suites"].values() for name in suite["optimizers"]})
    words = ["hpo-gym", "bench"]
    for name in _PARTS:
        value = {"suite": list(results["suites"]), "optimizers": optimizers}.get(name, protocol.get(name))
        listed = value if isinstance(value, list | tuple) else [value]
        if value is not None and listed:
            words += [f"--{name}", ",".join(str(v) for v in listed)]
    return " ".join(shlex.quote(printable(word)) for word in words)


def _suite(
    results: Results, name: str, curves: Sequence[Curves], svgs: Mapping[str, str], timings: bool
) -> dict[str, Any]:
    """Gather what the page says of a suite."""
    table = rows(results, name, timings=timings)
    head, *body = cells(results, name, timings=timings)
    own = {c.optimizer: auc(c) for c in sorted(curves, key=lambda c: c.optimizer)}
    return {
        "name": name,
        "said": said(results, name),
        "n_tasks": results["suites"][name]["n_tasks"],
        "n_families": results["suites"][name]["n_families"],
        "score": "test regret" if results["suites"][name]["score"] == TEST else "validation regret",
        "head": head,
        "lines": [
            {
                "cells": line,
                "row": row,
                "bar": _bar(row, table),
                "control": row.optimizer in _CONTROLS,
            }
            for row, line in zip(table, body, strict=True)
        ],
        "best": next((row for row in table if row.optimizer != PORTFOLIO), table[0]),
        "svgs": svgs,
        "test": _test(by_family(np.stack(list(own.values()), axis=1), curves[0].families)),
        "robust": [_robust(row, own[row.optimizer]) for row in table],
        "hard": _hardest(curves[0].tasks, own, [row.optimizer for row in table]),
    }


def _pooled(results: Results) -> dict[str, Any]:
    """Gather what the page says of several suites at once."""
    head, *body = pooled_cells(results)
    anchor, part = next(iter(results["pooled"]["anchors"].items()))
    best = next((line[0] for line in body if line[0] != anchor), body[0][0])
    return {
        "said": pooled_said(results),
        "head": head,
        "body": body,
        "anchor": anchor,
        "best": {"optimizer": best, **part["optimizers"][best]},
        "n_suites": len(results["pooled"]["suites"]),
        "n_families": results["pooled"]["families"],
    }


def _bar(row: Row, table: Sequence[Row]) -> dict[str, float] | None:
    """Place 0, a gain and its interval on a scale of 0 to 100 that all rows of the suite share; None without one."""
    gains = [v for r in table for v in r.summary["gain"] if v is not None]
    low, high = min([*gains, 0.0]), max([*gains, 0.0])
    if any(v is None for v in row.summary["gain"]):
        return None
    scale = 100.0 / ((high - low) or 1.0)
    places = dict(zip(("mean", "low", "high"), row.summary["gain"], strict=True))
    return {name: round(scale * (v - low), 2) for name, v in {"zero": 0.0, **places}.items()}


def _test(values: Floats) -> dict[str, str]:
    """Friedman's test and Nemenyi's critical difference of values ``(families, optimizers)``, as text."""
    statistic, p = friedman(values)
    k, n = values.shape
    exists = statistic == statistic
    return {
        "statistic": f"{statistic:.2f}" if exists else MISSING,
        "p": MISSING if not exists else "< 0.0001" if p < 1e-4 else f"= {p:.4f}",
        "cd": f"{critical_difference(n, k):.2f}" if n > 1 and k > 1 else MISSING,
    }


def _robust(row: Row, own: Floats) -> dict[str, str]:
    """What the mean hides: the middle of the tasks, and how much of the mean the worst tenth holds."""
    worst = np.sort(own)[::-1][: max(1, round(len(own) / 10))].sum()
    return {
        "optimizer": row.optimizer,
        "median": number(float(np.median(own))),
        "iqm": number(iqm(own)),
        "log_auc": interval(row.summary["log_auc"], 3),
        "ratio": interval(row.summary["ratio"], 3),
        "p_better": interval(row.summary["p_better"], 2),
        "worst": f"{100 * worst / own.sum():.0f} %" if own.sum() > 0 else MISSING,
    }


def _hardest(tasks: Sequence[str], own: Mapping[str, Floats], order: Sequence[str]) -> dict[str, Any]:
    """The tasks with the highest AUC of the best optimizer, beside the two next and the portfolio."""
    shown = [*order[:3], *(n for n in (PORTFOLIO,) if n in order[3:])]
    worst = sorted(range(len(tasks)), key=lambda i: (-round(float(own[order[0]][i]), 12), tasks[i]))[:_HARD]
    lines = [{"task": tasks[i], "values": [number(float(own[name][i])) for name in shown]} for i in worst]
    return {"optimizers": shown, "lines": lines}


def _failures(suite: str, curves: Sequence[Curves]) -> list[dict[str, str]]:
    """Count the failed cells of each optimizer that has some, and name the tasks."""
    failing = [c for c in curves if c.failed.any()]
    return [_failure(suite, c) for c in sorted(failing, key=lambda c: (-int(c.failed.sum()), c.optimizer))]


def _failure(suite: str, curves: Curves) -> dict[str, str]:
    lost = curves.failed.sum(axis=1)
    tasks = sorted(task for task, n in zip(curves.tasks, lost, strict=True) if n)
    more = f" and {len(tasks) - _NAMED} more" if len(tasks) > _NAMED else ""
    return {
        "suite": suite,
        "optimizer": curves.optimizer,
        "cells": f"{int(lost.sum())} of {curves.failed.size}",
        "tasks": ", ".join(tasks[:_NAMED]) + more,
    }


def _protocol(protocol: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the protocol as text; what is not set is left out."""
    return [(key.replace("_", " "), _said(value)) for key, value in protocol.items() if value not in (None, [], {}, "")]


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_said(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        more = f" and {len(value) - 12} more" if len(value) > 12 else ""
        return ", ".join(_said(v) for v in value[:12]) + more
    return str(value)
