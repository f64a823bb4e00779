"""Renews the tables of `docs/baselines.md`, and a picture, by the shipped reference runs.

    python benchmarks/studies/baselines.py [--check]

With `--check` nothing is written, and a page that is out of date is named. The text between the tables is written by
hand.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from marks import interval, renewed

from hpo_gym.bench.metrics import Curves, summarise
from hpo_gym.bench.protocol import STARTS
from hpo_gym.bench.reference.reference import FOLDER, reference_of
from hpo_gym.bench.results import Results
from hpo_gym.bench.runner import benchmark

TOP = Path(__file__).resolve().parents[2]
PAGE, FIGURE = TOP / "docs" / "baselines.md", TOP / "docs" / "figures" / "baselines-regret.png"
SHOWN = ("random", "portfolio", "ga", "tpe", "gp-ei", "rgpe", "transfer-mix", "maml", "q-learning")
"""Whose curves are drawn: one or two of each family."""
LEARNED = ("AutoML", "Boosting", "MLP", "SVM")
"""The suites on which those ran as well that are trained on a suite."""


def found(start: str, folder: Path) -> Results:
    """The reference runs of all suites from one start, as a comparison that ran nothing."""
    suites = sorted(p.stem for p in FOLDER.glob("*.json"))
    parts = [benchmark([], [s], start=start, with_reference=True, out=folder / s) for s in suites]
    data = {**parts[0].data, "suites": {}, "timings": {}}
    for part in parts:
        data["suites"].update(part.data["suites"])
        data["timings"].update(part.data["timings"])
    curves = {s: c for part in parts for s, c in part.curves.items()}
    weights = {s: w for part in parts for s, w in part.weights.items()}
    return Results(data, curves, weights, folder)


def pooled(results: Results, suites: Sequence[str]) -> tuple[list[Curves], np.ndarray[Any, Any]]:
    """All tasks of some suites as one, of those who ran on each; and weights of the tasks: all suites weigh alike."""
    by_name: dict[str, list[Curves]] = {}
    for suite in suites:
        for c in results.curves[suite]:
            by_name.setdefault(c.optimizer, []).append(c)
    every = [group for group in by_name.values() if len(group) == len(suites)]
    weights = np.concatenate([w / w.sum() for w in (results.weights[s] for s in suites)])
    title = f"{len(suites)} suites" if len(suites) < len(results.curves) else "all suites"
    return [
        Curves(
            title, g[0].optimizer, tuple(f"{c.suite}/{t}" for c in g for t in c.tasks),
            np.concatenate([c.regret for c in g]),
        )
        for g in every
    ], weights  # fmt: skip


def tables(results: Mapping[str, Results]) -> Iterator[tuple[str, Iterator[str]]]:
    """The parts of the page, by their marks."""
    for start, one in results.items():
        for mark, suites in (("pooled", list(one.curves)), ("four", LEARNED)):
            curves, weights = pooled(one, suites)
            yield f"{mark} {start}", _full(summarise(curves, weights=weights), _overall(one, suites))
    yield "matrix", _matrix(results["cold"])
    for start, one in results.items():
        yield f"suites {start}", _suites(one)


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


def _full(summary: Mapping[str, Any], times: Mapping[str, Any]) -> Iterator[str]:
    yield "| optimizer | AUC | log AUC | rank | regret at 33 | failed | ms p50 | ms p95 | training s |"
    yield "|---|---|---|---|---|---:|---:|---:|---:|"
    for name in sorted(summary, key=lambda n: summary[n]["rank"][0]):
        s, t = summary[name], times[name]
        ms = t["ms_per_suggestion"]
        cells = [
            f"`{name}`", interval(s["auc"], 4), interval(s["log_auc"], 2), interval(s["rank"], 1),
            interval(s["regret"]["33"], 4), str(s["failed_cells"]), f"{ms['p50']:.2f}", f"{ms['p95']:.2f}",
            f"{t['train_seconds']:,.0f}" if t["train_seconds"] else "",
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def _matrix(results: Results) -> Iterator[str]:
    suites = results.data["suites"]
    names = {name for part in suites.values() for name in part["optimizers"]}
    means = {n: {s: p["optimizers"][n]["auc"][0] for s, p in suites.items() if n in p["optimizers"]} for n in names}
    best = {s: min(m[s] for m in means.values() if s in m) for s in suites}
    yield "| optimizer | " + " | ".join(f"{s} ({p['n_tasks']})" for s, p in suites.items()) + " |"
    yield "|---|" + "---:|" * len(suites)
    for name in sorted(
        names, key=lambda n: float(np.mean([means[n].get(s, 1.0) / max(best[s], 1e-9) for s in suites]))
    ):
        cells = [_cell(means[name].get(s), best[s]) for s in suites]
        yield f"| `{name}` | {' | '.join(cells)} |"


def _cell(value: float | None, best: float) -> str:
    if value is None:
        return ""
    text = f"{value:.4f}"
    return f"**{text}**" if value == best else text


def _suites(results: Results) -> Iterator[str]:
    for suite, part in results.data["suites"].items():
        yield f"### {suite}, {part['n_tasks']} task{'' if part['n_tasks'] == 1 else 's'}"
        yield ""
        yield from _full(part["optimizers"], results.data["timings"][suite])
        yield ""


def _draw(results: Results) -> bytes:
    from hpo_gym.bench.report.figures import draw
    from hpo_gym.bench.report.style import png_bytes, styles

    curves, weights = pooled(results, LEARNED)
    shown = [c for c in curves if c.optimizer in SHOWN]
    return png_bytes(draw(shown, styles({"all": shown}), weights)["regret"])


def main(*, check: bool) -> None:
    """Write the page and the picture, or end with a word that they are out of date."""
    with tempfile.TemporaryDirectory() as folder:
        results = {start: found(start, Path(folder) / start) for start in STARTS}
    before = PAGE.read_text(encoding="utf-8")
    text = renewed(before, tables(results))
    if check:
        sys.exit(f"out of date: {PAGE.name}; run `python benchmarks/studies/baselines.py`" if text != before else 0)
    PAGE.write_text(text, encoding="utf-8")
    FIGURE.write_bytes(_draw(results["cold"]))
    print({s: len(reference_of(s).entrants) for s in sorted(p.stem for p in FOLDER.glob("*.json"))})


if __name__ == "__main__":
    main(check="--check" in sys.argv[1:])
