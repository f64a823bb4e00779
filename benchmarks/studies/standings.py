"""The standings: all that pages show of the reference runs of the newest set.

python benchmarks/studies standings           # what is missing of the newest set
python benchmarks/studies standings --draw    # docs/figures/baselines-regret.png
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from tempfile import TemporaryDirectory
from typing import Any

import frame
import numpy as np
import runs
from frame import Later, Table
from ratios import against, beside, curves_of, escaped, standing, starred

from hpo_builders.sets import newest_set
from hpo_gym.bench import (
    ANCHORS,
    SKEW,
    STARTS,
    TEST,
    Curves,
    Resamples,
    auc,
    by_family,
    holds,
    interval,
    narrow,
    pooled,
    ranged,
    said,
    suite_groups,
    summarise,
    with_groups,
)
from hpo_gym.optimize import OPTIMIZERS, stale
from hpo_gym.suites import load_suite
from hpo_gym.system import MADE_OF

LOOKS = "shows what reference.py looked at"
BESIDE = ("random", "default", "portfolio", "gp-ei", "transfer-mix")
"""The optimizers beside the agents on their page."""
SHOWN = ("random", "portfolio", "ga", "tpe", "gp-ei", "rgpe", "transfer-mix", "maml", "q-learning")
"""The curves of the figure: one or two of each family."""
LEARNED = ("AutoML", "Boosting", "MLP", "SVM")
"""The suites on which those ran as well that are trained on a suite."""
TRANSFER_ANCHORS = ("portfolio", "transfer-mix")
TRANSFER = ("portfolio", "transfer-time", "transfer-mix", "ebgp", "task-mixture", "meta-knn")
"""Optimizers that are compared with both."""
TRAINED, UNTRAINED = ("ppo-pool-tables", "ppo-pool"), "untrained"
"""Policies, and their network with its initial weights: what their training adds is the ratio of their AUCs."""
DRAWN = ("Boosting", "MLP", "SVM")
"""Those of the suites with test scores."""

Row = tuple[str, ...]
Suites = Mapping[str, Mapping[str, Any]]
"""By suite the parts that a cell has."""


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


def again(_: Any) -> tuple[Any, Any]:
    """Run two optimizers on the test tasks of `Linear` anew, and compare the curves with the reference runs."""
    names, held = ("random", "portfolio"), runs.reference_run("Linear", "cold").curves["Linear"]
    then = {c.optimizer: c for c in held if c.optimizer in names}
    with TemporaryDirectory() as folder:
        found = runs.compared(names, "Linear", seeds=3, tasks=runs.test_families("Linear"), out=f"{folder}/runs")
    now = {c.optimizer: c for c in found.curves["Linear"] if c.optimizer in names}
    return [np.round(now[n].regret, 9).tolist() for n in names], [np.round(then[n].regret, 9).tolist() for n in names]


def tables(found: Mapping[str, Any]) -> Mapping[str, Table]:
    """Return pooled ratios, transfer, the matrix of all suites, agents, and a table for each suite and start."""
    out = {"transfer": partial(_transfer, found), "matrix": partial(_matrix, found["cold"])}
    for start, suites in found.items():
        out[f"pooled-{start}"] = partial(_pooled, suites)
        out[f"four-{start}"] = partial(_pooled, {name: suites[name] for name in LEARNED})
        out[f"agents-{start}"] = partial(_agents, suites)
        out[f"training-{start}"] = partial(_training, suites)
        out |= {f"{name}-{start}": partial(_suite, part) for name, part in suites.items()}
    return Later(out)


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the name of the set, the number of its suites and optimizers, and what has moved on since."""
    names = {name for part in found["cold"].values() for name in part["summary"]}
    old = "; ".join(stale(frame.whole("standings").get(MADE_OF, {})))
    whole = together(found["cold"])
    return {
        "pooled": len(whole["suites"]),
        "families": whole["families"],
        "set": newest_set().name,
        "suites": len(found["cold"]),
        "optimizers": len(names),
        "old": old or "nothing",
        **{f"{suite}-optimizers": len(part["summary"]) for suite, part in found["cold"].items()},
        **{
            f"{name}-to-{UNTRAINED}-{start}": row["ratio"]
            for start, parts in found.items()
            for name, row in _anchored(parts, (UNTRAINED,))[UNTRAINED].items()
            if name in TRAINED
        },
        **{f"{TRAINED[0]}-lowest-{start}": _lowest(TRAINED[0], parts) for start, parts in found.items()},
        f"{TRAINED[0]}-suites": sum(TRAINED[0] in part["auc"] for part in found["cold"].values()),
        **{f"{suite}-families": len(set(part["families"])) for suite, part in found["cold"].items()},
    }


# ---------------------------------------------------------------------- over suites
def _pooled(suites: Suites) -> Table:
    """Pooled ratios of some suites, and times over these."""
    found, times, failed = together(suites), _overall(suites), Counter[str]()
    by = {anchor: part["optimizers"] for anchor, part in found["anchors"].items()}
    letters = with_groups(found, _curves(suites))["groups"]
    for part in suites.values():
        failed.update({name: summary["failed_cells"] for name, summary in part["summary"].items()})
    rows = [
        (
            f"`{name}`",
            *(starred(of[name]) for of in by.values()),
            ranged(letters.get(name)),
            str(by["portfolio"][name]["n_suites"]),
            str(failed[name]),
            *_times(times[name]),
        )
        for name in standing(by["portfolio"])
    ]
    heads = (*(f"ratio to `{anchor}`" for anchor in by), "group", "suites", "failed", "ms p50", "ms p95", "training s")
    return Table.of(("optimizer", *heads), rows)


def _anchored(suites: Suites, anchors: Sequence[str] = ANCHORS) -> dict[str, Any]:
    """Return pooled ratios to some optimizers, formulas apart."""
    return {anchor: part["optimizers"] for anchor, part in together(suites, anchors)["anchors"].items()}


def together(suites: Suites, anchors: Sequence[str] = ANCHORS) -> dict[str, Any]:
    formulas = [name for name in suites if load_suite(name).kind != "table"]
    return pooled(_curves(suites), formulas, anchors)


def pooled_rows(start: str) -> dict[str, Any]:
    """Return the pooled results of the shipped runs from a start, with groups, as `pooled` gives them."""
    suites = frame.stored("standings")[start]
    return with_groups(together(suites), _curves(suites))


def _curves(suites: Suites) -> dict[str, list[Curves]]:
    return {name: curves_of(name, part) for name, part in suites.items()}


def _transfer(found: Mapping[str, Suites]) -> Table:
    """Pooled ratios of optimizers with meta-train tasks to two of them, from each start."""
    held = {
        (start, anchor): rows
        for start, suites in found.items()
        for anchor, rows in _anchored(suites, TRANSFER_ANCHORS).items()
    }
    first = held["cold", TRANSFER_ANCHORS[0]]
    order = standing({n: first[n] for n in TRANSFER})
    rows = [(f"`{name}`", *(starred(of[name]) for of in held.values())) for name in order]
    return Table.of(("optimizer", *(f"{start}, to `{anchor}`" for start, anchor in held)), rows)


def _overall(suites: Suites) -> dict[str, Any]:
    """Times over suites: the median of medians, the largest 95th percentile, the sum of training seconds."""
    by_name: dict[str, list[Any]] = {}
    for part in suites.values():
        for name, t in part["times"].items():
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


def _matrix(suites: Suites) -> Table:
    """The AUC of each suite's headline, by the pooled ratio to the portfolio; the best of a suite is bold."""
    of = _anchored(suites)["portfolio"]
    means = {n: {s: p["summary"][n]["auc"][0] for s, p in suites.items() if n in p["summary"]} for n in of}
    best = {s: min(m[s] for m in means.values() if s in m) for s in suites}
    rows = [(f"`{name}`", *(_cell(means[name].get(s), best[s]) for s in suites)) for name in standing(of)]
    return Table.of(("optimizer", *_counted(suites)), rows)


def _counted(suites: Suites) -> list[str]:
    """Return suites with their numbers of tasks."""
    return [f"{name} ({len(part['tasks'])})" for name, part in suites.items()]


def _cell(value: float | None, best: float) -> str:
    if value is None:
        return ""
    return f"**{value:.4f}**" if value == best else f"{value:.4f}"


def _agents(suites: Suites) -> Table:
    """Pooled ratios and the AUC of each suite's headline, of agents and some others; the best first."""
    by, rows = _anchored(suites), list[Row]()
    for name in standing(by["portfolio"]):
        if not (_is_agent(name) or name in BESIDE):
            continue
        cells = [f"{p['summary'][name]['auc'][0]:.3f}" if name in p["summary"] else "" for p in suites.values()]
        shown = f"**`{name}`**" if _is_agent(name) else f"`{name}`"
        held = (starred(of[name]) for of in by.values())
        rows.append((shown, *held, str(by["portfolio"][name]["n_suites"]), *cells))
    heads = (*(f"ratio to `{a}`" for a in by), "suites", *_counted(suites))
    return Table.of(("optimizer", *heads), rows)


def _training(suites: Suites) -> Table:
    """What training adds: the AUC of policies as a ratio to that before it, on each suite and pooled, uncorrected."""
    pooled, rows = _anchored(suites, (UNTRAINED,))[UNTRAINED], list[Row]()
    for suite, part in suites.items():
        if UNTRAINED in part["auc"]:
            of = against({suite: part}, UNTRAINED, TRAINED)
            means = (f"{np.mean(part['auc'][name]):.4f}" for name in (TRAINED[0], UNTRAINED))
            cells = (interval(of[name]["ratio"], 3) if name in of else "" for name in TRAINED)
            rows.append((suite, str(len(set(part["families"]))), *means, *cells))
    whole = together(suites)
    rows.append(("pooled", str(whole["families"]), "", "", *(interval(pooled[name]["ratio"], 3) for name in TRAINED)))
    heads = (f"`{TRAINED[0]}`", f"`{UNTRAINED}`", *(f"`{name}`, of `{UNTRAINED}`" for name in TRAINED))
    return Table.of(("suite", "families", *heads), rows)


def _lowest(name: str, suites: Suites) -> int:
    """Return the number of suites on which an optimizer alone has the lowest AUC of all."""
    means = [{n: s["auc"][0] for n, s in part["summary"].items()} for part in suites.values()]
    return sum(
        name in m and sorted(m, key=m.__getitem__)[0] == name and [*m.values()].count(m[name]) == 1 for m in means
    )


def _is_agent(name: str) -> bool:
    """Tell agents; those that are shipped trained are agents too."""
    known = OPTIMIZERS.entries().get(name)
    return known is None or known.package == "hpo_agents"


# ---------------------------------------------------------------------- one suite
def _suite(part: Mapping[str, Any]) -> Table:
    """The table of one suite, by its headline."""
    on_test, summary, times = part["score"] == TEST, part["summary"], part["times"]
    curves = curves_of("", part)
    letters, gains = suite_groups(curves), summarise(curves)
    heads = ("test AUC", "validation AUC", "overtuned") if on_test else ("AUC",)
    rows = [
        (
            f"`{name}`",
            _auc(part, name),
            *(_on_test(summary[name]) if on_test else ()),
            escaped(_gain(gains[name])),
            ranged(letters.get(name)),
            *_end(summary[name], times[name]),
        )
        for name in beside(sorted(summary, key=lambda n: (summary[n]["auc"][0], n)))
    ]
    more = ("gain", "group", "log AUC", "regret at 33", "failed", "ms p50", "ms p95", "training s")
    note = part["said"] if SKEW in part["said"] else f"{part['said']} {narrow(gains)}".rstrip()
    return Table.of(("optimizer", *heads, *more), rows, note)


def _gain(s: Mapping[str, Any]) -> str:
    return interval(s["gain"], sign=True, mark=holds(s["p_holm"]), skewness=s["skewness"])


def _auc(part: Mapping[str, Any], name: str) -> str:
    """Return the mean AUC with its interval, or with the range of the families where these are too few."""
    values, families = np.array(part["auc"][name]), part["families"]
    mean, *ends = Resamples.of(families).mean(values)
    if None not in ends or len(set(families)) == 1:
        return interval([mean, *ends], 4)
    return f"{mean:.4f} ({by_family(values, families).min():.4f} to {by_family(values, families).max():.4f})"


def _on_test(s: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{s['validation']['auc'][0]:.4f}", f"{100 * s['overtuned'][0]:.0f} %")


def _end(s: Mapping[str, Any], times: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{s['log_auc'][0]:.2f}", f"{s['regret']['33'][0]:.4f}", str(s["failed_cells"]), *_times(times))


def draw(_: Any) -> None:
    """Draw test regret over trials on all tasks of the drawn suites at once, weighted by their tasks."""
    from hpo_gym.bench import draw as figures
    from hpo_gym.bench import save, styles

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
    save(figures(shown, look, ("regret",))["regret"], frame.FIGURES / "baselines-regret.png")
