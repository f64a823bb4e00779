"""Renews the tables of `docs/baselines.md` and `docs/agents.md`, and a picture, by the shipped reference runs.

    python benchmarks/studies/standings.py [--check]

With `--check` nothing is written, and a page that is out of date is named. The text between the tables is written by
hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from marks import ratio, renewed, standing
from runs import ratios, reference_runs

from hpo_gym.bench import FOLDER, TEST, Curves, Results, interval, reference_of, said
from hpo_gym.optimize import OPTIMIZERS

TOP = Path(__file__).resolve().parents[2]
PAGE, AGENTS = TOP / "docs" / "baselines.md", TOP / "docs" / "agents.md"
FIGURE = TOP / "docs" / "figures" / "baselines-regret.png"
BESIDE = ("random", "default", "portfolio", "gp-ei", "transfer-mix")
"""Who stands beside the agents on their page."""
SHOWN = ("random", "portfolio", "ga", "tpe", "gp-ei", "rgpe", "transfer-mix", "maml", "q-learning")
"""Whose curves are drawn: one or two of each family."""
LEARNED = ("AutoML", "Boosting", "MLP", "SVM")
"""The suites on which those ran as well that are trained on a suite."""
TRANSFER_ANCHORS = ("portfolio", "transfer-mix")
TRANSFER = ("portfolio", "transfer-time", "transfer-mix", "ebgp", "task-mixture", "meta-knn", "meta-predict")
"""Who is held against both."""
DRAWN = ("Boosting", "MLP", "SVM")
"""Those of them with test scores."""


def tables(results: Mapping[str, Results]) -> Iterator[tuple[str, Iterator[str]]]:
    """The parts of the page, by their marks."""
    for start, one in results.items():
        for mark, suites in (("pooled", list(one.curves)), ("four", LEARNED)):
            yield f"{mark} {start}", _pooled(one, suites)
    yield "transfer", _transfer(results)
    yield "matrix", _matrix(results["cold"])
    for start, one in results.items():
        yield f"suites {start}", _suites(one)


def _pooled(results: Results, suites: Sequence[str]) -> Iterator[str]:
    """Pooled ratios of some suites, and times over these."""
    found, times = ratios(results, suites), _overall(results, suites)
    by = {anchor: part["optimizers"] for anchor, part in found["anchors"].items()}
    failed: dict[str, int] = {}
    for part in (results.data["suites"][s]["optimizers"] for s in suites):
        for name, summary in part.items():
            failed[name] = failed.get(name, 0) + summary["failed_cells"]
    heads = [
        "optimizer",
        *(f"ratio to `{anchor}`" for anchor in by),
        "suites",
        "failed",
        "ms p50",
        "ms p95",
        "training s",
    ]
    yield f"| {' | '.join(heads)} |"
    yield "|---|" + "---|" * len(by) + "---:|" * 5
    for name in standing(by["portfolio"]):
        cells = [f"`{name}`", *(ratio(rows[name]) for rows in by.values()), str(by["portfolio"][name]["n_suites"])]
        yield f"| {' | '.join([*cells, str(failed[name]), *_times(times[name])])} |"


def _transfer(results: Mapping[str, Results]) -> Iterator[str]:
    """Of what knows the meta-train tasks, pooled ratios to the two that are held against most, from each start."""
    held = {
        (start, anchor): rows["optimizers"]
        for start, one in results.items()
        for anchor, rows in ratios(one, list(one.curves), TRANSFER_ANCHORS)["anchors"].items()
    }
    yield f"| optimizer | {' | '.join(f'{start}, to `{anchor}`' for start, anchor in held)} |"
    yield "|---|" + "---|" * len(held)
    first = held["cold", TRANSFER_ANCHORS[0]]
    for name in standing({n: first[n] for n in TRANSFER}):
        yield f"| `{name}` | {' | '.join(ratio(rows[name]) for rows in held.values())} |"


def _overall(results: Results, suites: Sequence[str]) -> dict[str, Any]:
    """Times over suites: the median of medians, the largest 95th percentile, the sum of training seconds."""
    out: dict[str, Any] = {}
    for suite in suites:
        for name, t in results.data["timings"][suite].items():
            out.setdefault(name, []).append(t)
    return {
        name: {
            "ms_per_suggestion": {
                "p50": float(np.median([t["ms_per_suggestion"]["p50"] for t in ts])),
                "p95": max(t["ms_per_suggestion"]["p95"] for t in ts),
            },
            "train_seconds": sum(t["train_seconds"] for t in ts),
        }
        for name, ts in out.items()
    }


def _full(part: Mapping[str, Any], times: Mapping[str, Any]) -> Iterator[str]:
    """The table of one suite, by its headline."""
    on_test = part["score"] == TEST
    heads = ["test AUC", "validation AUC", "overtuned"] if on_test else ["AUC"]
    heads = ["optimizer", *heads, "log AUC", "rank", "regret at 33", "failed", "ms p50", "ms p95", "training s"]
    yield f"| {' | '.join(heads)} |"
    yield "|---|" + "---|" * (len(heads) - 5) + "---:|" * 4
    summary = part["optimizers"]
    for name in sorted(summary, key=lambda n: summary[n]["rank"][0]):
        s = summary[name]
        beside = [interval(s["validation"]["auc"], 4), f"{100 * s['overtuned'][0]:.0f} %"] if on_test else []
        cells = [
            f"`{name}`", interval(s["auc"], 4), *beside, interval(s["log_auc"], 2), interval(s["rank"], 1),
            interval(s["regret"]["33"], 4), str(s["failed_cells"]), *_times(times[name]),
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def _times(t: Mapping[str, Any]) -> list[str]:
    ms = t["ms_per_suggestion"]
    return [f"{ms['p50']:.2f}", f"{ms['p95']:.2f}", f"{t['train_seconds']:,.0f}" if t["train_seconds"] else ""]


def _matrix(results: Results) -> Iterator[str]:
    """The AUC of each suite's headline, by the pooled ratio to the portfolio; the best of a suite is bold."""
    suites = results.data["suites"]
    rows = ratios(results, list(suites))["anchors"]["portfolio"]["optimizers"]
    means = {n: {s: p["optimizers"][n]["auc"][0] for s, p in suites.items() if n in p["optimizers"]} for n in rows}
    best = {s: min(m[s] for m in means.values() if s in m) for s in suites}
    yield "| optimizer | " + " | ".join(f"{s} ({p['n_tasks']})" for s, p in suites.items()) + " |"
    yield "|---|" + "---:|" * len(suites)
    for name in standing(rows):
        cells = [_cell(means[name].get(s), best[s]) for s in suites]
        yield f"| `{name}` | {' | '.join(cells)} |"


def _cell(value: float | None, best: float) -> str:
    if value is None:
        return ""
    text = f"{value:.4f}"
    return f"**{text}**" if value == best else text


def _suites(results: Results) -> Iterator[str]:
    for suite, part in results.data["suites"].items():
        yield f"### {suite}"
        yield ""
        yield said(results.data, suite)
        yield ""
        yield from _full(part, results.data["timings"][suite])
        yield ""


def _agents(results: Results) -> Iterator[str]:
    """Of agents and some others, pooled ratios and the AUC of each suite's headline; the best first."""
    suites = results.data["suites"]
    by = {anchor: part["optimizers"] for anchor, part in ratios(results, list(suites))["anchors"].items()}
    heads = [f"{suite} ({part['n_tasks']})" for suite, part in suites.items()]
    yield f"| optimizer | {' | '.join(f'ratio to `{a}`' for a in by)} | suites | {' | '.join(heads)} |"
    yield "|---|" + "---|" * len(by) + "---:|" * (1 + len(heads))
    for name in standing(by["portfolio"]):
        if not (_is_agent(name) or name in BESIDE):
            continue
        cells = [f"{p['optimizers'][name]['auc'][0]:.3f}" if name in p["optimizers"] else "" for p in suites.values()]
        held = [ratio(rows[name]) for rows in by.values()]
        shown = f"**`{name}`**" if _is_agent(name) else f"`{name}`"
        yield f"| {shown} | {' | '.join(held)} | {by['portfolio'][name]['n_suites']} | {' | '.join(cells)} |"


def _is_agent(name: str) -> bool:
    """Those that are shipped trained are agents too."""
    known = OPTIMIZERS.entries().get(name)
    return known is None or known.package == "hpo_agents"


def _draw(results: Results) -> bytes:
    """Test regret over trials on all tasks of the drawn suites at once, which weigh by their tasks."""
    from hpo_gym.bench import draw, png_bytes, styles

    every = [[c for suite in DRAWN for c in results.curves[suite] if c.optimizer == name] for name in SHOWN]
    groups = [group for group in every if len(group) == len(DRAWN)]
    shown = [
        Curves(
            ", ".join(DRAWN), g[0].optimizer, tuple(f"{c.suite}/{t}" for c in g for t in c.tasks),
            np.concatenate([c.regret for c in g]), tuple(f for c in g for f in c.families), TEST,
        )
        for g in groups
    ]  # fmt: skip
    look = styles({"all": shown}, [c.optimizer for c in shown])
    return png_bytes(draw(shown, look, ("regret",))["regret"])


def main(*, check: bool) -> None:
    """Write the pages and the picture, or end with a word that one is out of date."""
    results = reference_runs()
    parts = {PAGE: tables(results), AGENTS: ((f"agents {start}", _agents(one)) for start, one in results.items())}
    for page, renew in parts.items():
        before = page.read_text(encoding="utf-8")
        text = renewed(before, renew)
        if check and text != before:
            sys.exit(f"out of date: {page.name}; run `python benchmarks/studies/standings.py`")
        page.write_text(text, encoding="utf-8")
    if not check:
        FIGURE.write_bytes(_draw(results["cold"]))
        print({s: len(reference_of(s).entrants) for s in sorted(p.stem for p in FOLDER.glob("*.json"))})


if __name__ == "__main__":
    main(check="--check" in sys.argv[1:])
