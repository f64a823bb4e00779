"""The standings: all that pages show of the reference runs of the newest set.

python benchmarks/studies standings           # what is missing of the newest set
python benchmarks/studies standings --draw    # docs/figures/baselines-regret.png
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import frame
import numpy as np
import runs
from frame import Table
from ratios import standing, starred

from hpo_gym.bench import STARTS, TEST, Curves, Results, auc, interval, newest_set, said
from hpo_gym.optimize import OPTIMIZERS, stale
from hpo_gym.system import MADE_OF

LOOKS = "shows what reference.py looked at"
BESIDE = ("random", "default", "portfolio", "gp-ei", "transfer-mix")
"""The optimizers beside the agents on their page."""
SHOWN = ("random", "portfolio", "ga", "tpe", "gp-ei", "rgpe", "transfer-mix", "maml", "q-learning")
"""The curves of the figure: one or two of each family."""
LEARNED = ("AutoML", "Boosting", "MLP", "SVM")
"""The suites on which those ran as well that are trained on a suite."""
TRANSFER_ANCHORS = ("portfolio", "transfer-mix")
TRANSFER = ("portfolio", "transfer-time", "transfer-mix", "ebgp", "task-mixture", "meta-knn", "meta-predict")
"""Optimizers that are compared with both."""
DRAWN = ("Boosting", "MLP", "SVM")
"""Those of the suites with test scores."""

Row = tuple[str, ...]


def cells() -> Iterator[frame.Address]:
    """Yield each start and suite of the newest set."""
    yield from product(STARTS, newest_set().suites)


def cell(start: str, suite: str) -> dict[str, Any]:
    """Return what the tables show of the reference runs on a suite, and the AUC of each task."""
    found = runs.reference_run(suite, start)
    part, curves, times = found.data["suites"][suite], found.curves[suite], found.data["timings"][suite]
    return {
        "score": part["score"],
        "end": part["end"],
        "said": said(found.data, suite),
        "tasks": list(curves[0].tasks),
        "families": list(curves[0].families),
        "auc": {c.optimizer: np.round(auc(c), 9).tolist() for c in curves},
        "summary": {name: _kept(s) for name, s in part["optimizers"].items()},
        "times": times,
    }


def _kept(s: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a summary that tables show."""
    own = {key: s[key] for key in ("auc", "log_auc", "rank", "failed_cells")} | {"regret": {"33": s["regret"]["33"]}}
    on_test = {"overtuned": s["overtuned"], "validation": {"auc": s["validation"]["auc"]}} if "overtuned" in s else {}
    return {**own, **on_test}


def read(found: Mapping[str, Any]) -> dict[str, Results]:
    """Return the stored runs by start, with the AUC of each task in place of its curves."""
    return {start: _results(by_suite) for start, by_suite in found.items()}


def _results(by_suite: Mapping[str, Any]) -> Results:
    suites = {
        name: {"score": s["score"], "n_tasks": len(s["tasks"]), "said": s["said"], "optimizers": s["summary"]}
        for name, s in by_suite.items()
    }
    curves = {
        name: [
            Curves(name, n, tuple(s["tasks"]), np.reshape(a, (-1, 1, 1)), tuple(s["families"]), s["score"], s["end"])
            for n, a in s["auc"].items()
        ]
        for name, s in by_suite.items()
    }
    timings = {name: s["times"] for name, s in by_suite.items()}
    return Results({"suites": suites, "timings": timings}, curves, {}, folder=Path())


def again(_: Any) -> tuple[Any, Any]:
    """Run two optimizers on the test tasks of `Linear` anew, and compare the curves with the reference runs."""
    names, held = ("random", "portfolio"), runs.reference_run("Linear", "cold").curves["Linear"]
    then = {c.optimizer: c for c in held if c.optimizer in names}
    with TemporaryDirectory() as folder:
        found = runs.compared(names, "Linear", seeds=3, tasks=runs.test_families("Linear"), out=f"{folder}/runs")
    now = {c.optimizer: c for c in found.curves["Linear"] if c.optimizer in names}
    return [np.round(now[n].regret, 9).tolist() for n in names], [np.round(then[n].regret, 9).tolist() for n in names]


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return pooled ratios, transfer, the matrix of all suites, agents, and a table for each suite and start."""
    results = read(found)
    out = {"transfer": _transfer(results), "matrix": _matrix(results["cold"])}
    for start, one in results.items():
        out[f"pooled-{start}"] = _pooled(one, list(one.curves))
        out[f"four-{start}"] = _pooled(one, LEARNED)
        out[f"agents-{start}"] = _agents(one)
        out |= {f"{suite}-{start}": _suite(one, suite) for suite in one.data["suites"]}
    return out


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the name of the set, the number of its suites and optimizers, and what has moved on since."""
    names = {name for part in found["cold"].values() for name in part["summary"]}
    old = "; ".join(stale(frame.whole("standings").get(MADE_OF, {})))
    return {"set": newest_set().name, "suites": len(found["cold"]), "optimizers": len(names), "old": old or "nothing"}


# ---------------------------------------------------------------------- over suites
def _pooled(results: Results, suites: Sequence[str]) -> Table:
    """Pooled ratios of some suites, and times over these."""
    by = _anchored(results, suites)
    times, failed = _overall(results, suites), dict[str, int]()
    for part in (results.data["suites"][s]["optimizers"] for s in suites):
        for name, summary in part.items():
            failed[name] = failed.get(name, 0) + summary["failed_cells"]
    rows = [
        (
            f"`{name}`",
            *(starred(of[name]) for of in by.values()),
            str(by["portfolio"][name]["n_suites"]),
            str(failed[name]),
            *_times(times[name]),
        )
        for name in standing(by["portfolio"])
    ]
    heads = (*(f"ratio to `{anchor}`" for anchor in by), "suites", "failed", "ms p50", "ms p95", "training s")
    return Table.of(("optimizer", *heads), rows)


def _anchored(results: Results, suites: Sequence[str], *anchors: Sequence[str]) -> dict[str, Any]:
    found = runs.ratios(results, suites, *anchors)["anchors"]
    return {anchor: part["optimizers"] for anchor, part in found.items()}


def _transfer(results: Mapping[str, Results]) -> Table:
    """Pooled ratios of optimizers with meta-train tasks to two of them, from each start."""
    held = {
        (start, anchor): rows
        for start, one in results.items()
        for anchor, rows in _anchored(one, list(one.curves), TRANSFER_ANCHORS).items()
    }
    first = held["cold", TRANSFER_ANCHORS[0]]
    order = standing({n: first[n] for n in TRANSFER})
    rows = [(f"`{name}`", *(starred(of[name]) for of in held.values())) for name in order]
    return Table.of(("optimizer", *(f"{start}, to `{anchor}`" for start, anchor in held)), rows)


def _overall(results: Results, suites: Sequence[str]) -> dict[str, Any]:
    """Times over suites: the median of medians, the largest 95th percentile, the sum of training seconds."""
    by_name: dict[str, list[Any]] = {}
    for suite in suites:
        for name, t in results.data["timings"][suite].items():
            by_name.setdefault(name, []).append(t)
    return {
        name: {
            "ms_per_suggestion": {
                "p50": float(np.median([t["ms_per_suggestion"]["p50"] for t in times])),
                "p95": max(t["ms_per_suggestion"]["p95"] for t in times),
            },
            "train_seconds": sum(t["train_seconds"] for t in times),
        }
        for name, times in by_name.items()
    }


def _times(t: Mapping[str, Any]) -> list[str]:
    ms = t["ms_per_suggestion"]
    return [f"{ms['p50']:.2f}", f"{ms['p95']:.2f}", f"{t['train_seconds']:,.0f}" if t["train_seconds"] else ""]


def _matrix(results: Results) -> Table:
    """The AUC of each suite's headline, by the pooled ratio to the portfolio; the best of a suite is bold."""
    suites = results.data["suites"]
    of = _anchored(results, list(suites))["portfolio"]
    means = {n: {s: p["optimizers"][n]["auc"][0] for s, p in suites.items() if n in p["optimizers"]} for n in of}
    best = {s: min(m[s] for m in means.values() if s in m) for s in suites}
    rows = [(f"`{name}`", *(_cell(means[name].get(s), best[s]) for s in suites)) for name in standing(of)]
    return Table.of(("optimizer", *(f"{s} ({p['n_tasks']})" for s, p in suites.items())), rows)


def _cell(value: float | None, best: float) -> str:
    if value is None:
        return ""
    return f"**{value:.4f}**" if value == best else f"{value:.4f}"


def _agents(results: Results) -> Table:
    """Pooled ratios and the AUC of each suite's headline, of agents and some others; the best first."""
    suites = results.data["suites"]
    by, rows = _anchored(results, list(suites)), list[Row]()
    for name in standing(by["portfolio"]):
        if not (_is_agent(name) or name in BESIDE):
            continue
        cells = [f"{p['optimizers'][name]['auc'][0]:.3f}" if name in p["optimizers"] else "" for p in suites.values()]
        shown = f"**`{name}`**" if _is_agent(name) else f"`{name}`"
        held = (starred(of[name]) for of in by.values())
        rows.append((shown, *held, str(by["portfolio"][name]["n_suites"]), *cells))
    heads = (*(f"ratio to `{a}`" for a in by), "suites", *(f"{s} ({part['n_tasks']})" for s, part in suites.items()))
    return Table.of(("optimizer", *heads), rows)


def _is_agent(name: str) -> bool:
    """Tell agents; those that are shipped trained are agents too."""
    known = OPTIMIZERS.entries().get(name)
    return known is None or known.package == "hpo_agents"


# ---------------------------------------------------------------------- one suite
def _suite(results: Results, suite: str) -> Table:
    """The table of one suite, by its headline."""
    part, times = results.data["suites"][suite], results.data["timings"][suite]
    on_test, summary = part["score"] == TEST, part["optimizers"]
    heads = ("test AUC", "validation AUC", "overtuned") if on_test else ("AUC",)
    rows = [
        tuple(_summary(name, summary[name], times[name], on_test))
        for name in sorted(summary, key=lambda n: summary[n]["rank"][0])
    ]
    more = ("log AUC", "rank", "regret at 33", "failed", "ms p50", "ms p95", "training s")
    return Table.of(("optimizer", *heads, *more), rows, part["said"])


def _summary(name: str, s: Mapping[str, Any], times: Mapping[str, Any], on_test: bool) -> Iterator[str]:
    yield from (f"`{name}`", interval(s["auc"], 4))
    if on_test:
        yield from (interval(s["validation"]["auc"], 4), f"{100 * s['overtuned'][0]:.0f} %")
    yield from (interval(s["log_auc"], 2), interval(s["rank"], 1), interval(s["regret"]["33"], 4))
    yield from (str(s["failed_cells"]), *_times(times))


def draw(_: Any) -> None:
    """Draw test regret over trials on all tasks of the drawn suites at once, weighted by their tasks."""
    from hpo_gym.bench import draw as figures
    from hpo_gym.bench import png_bytes, styles

    curves = {suite: runs.reference_run(suite, "cold").curves[suite] for suite in DRAWN}
    every = [[c for suite in DRAWN for c in curves[suite] if c.optimizer == name] for name in SHOWN]
    groups = [group for group in every if len(group) == len(DRAWN)]
    shown = [
        Curves(
            ", ".join(DRAWN), g[0].optimizer, tuple(f"{c.suite}/{t}" for c in g for t in c.tasks),
            np.concatenate([c.regret for c in g]), tuple(f for c in g for f in c.families), TEST,
        )
        for g in groups
    ]  # fmt: skip
    look = styles({"all": shown}, [c.optimizer for c in shown])
    picture = png_bytes(figures(shown, look, ("regret",))["regret"])
    (frame.FIGURES / "baselines-regret.png").write_bytes(picture)
