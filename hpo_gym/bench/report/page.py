"""The report as one HTML page that needs nothing else: no font, no address, and no script but the one that it holds.

All numbers are in plain tables. The script sorts and filters them; the page's policy lets the browser run that text and
no other, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import math
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_gym.base import printable
from hpo_gym.bench.groups import pooled_leaders
from hpo_gym.bench.memory import parts_of
from hpo_gym.bench.metrics import CONTROLS, TEST, Curves, by_auc
from hpo_gym.bench.report.finding import Results, finding, shows_pooled
from hpo_gym.bench.report.grid import FigureGrid, Td, Tr, grid, td
from hpo_gym.bench.report.headline import headline
from hpo_gym.bench.report.run_figure import draw_run
from hpo_gym.bench.report.style import styles
from hpo_gym.bench.report.suite_page import suite_parts, task_values
from hpo_gym.bench.report.svg import svg_text
from hpo_gym.bench.report.tables import OUTDATED, cost_of, outdated_cells, pooled_cells, pooled_said
from hpo_gym.bench.report.words import MISSING, counted, joined, number, plain, short
from hpo_gym.bench.single_runs import SHOWN, SingleRun, SuiteRuns, Tried
from hpo_gym.problem import AMOUNTS, KEPT, Hyperparameter

if TYPE_CHECKING:
    from markupsafe import Markup

_HERE = Path(__file__).parent
_DRAWN = 12  # runs of all suites that are drawn; the others are tables, which `Results.plot_run` draws
_PARTS = ("suite", "split", "fold", "start", *AMOUNTS, "memory", "in_flight", "seeds", "tasks", "optimizers")


@dataclass(frozen=True)
class Beside:
    """Content of the page beside results and curves; all optional.

    Attributes:
        runs: By suite, the single runs.
        failed_trials: By suite, optimizer and task.
        words: By optimizer, its word for `hpo-gym bench`; "" if it has none, and else its name.
        trainings: Of each optimizer that learns.
        timings: Whether the page may say what differs from run to run.
        times: By suite, curves over simulated time.
    """

    runs: Mapping[str, SuiteRuns] = field(default_factory=dict)
    failed_trials: Failed = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    trainings: int = 1
    timings: bool = True
    times: Mapping[str, Sequence[Curves]] = field(default_factory=dict)


def page(results: Results, curves: Mapping[str, Sequence[Curves]], beside: Beside) -> str:
    """Render the page; every name is escaped by the template engine."""
    suites = [suite_parts(results, name, curves[name], timings=beside.timings) for name in results["suites"]]
    for i, suite in enumerate(suites):
        name = suite["name"]
        by_task, drawn = task_values(by_auc(curves[name])), _figures(name, curves, beside.times, f"s{i}")
        suite.update(slug=f"s{i}", drawn=drawn, by_task=by_task, runs=beside.runs.get(name))
    return rendered_page(
        _HERE / "template.html",
        _text("page.js"),
        version=results.get("version", ""),
        headline=headline(results, curves),
        finding=finding(results),
        suites=suites,
        pooled=_pooled(results, curves) if shows_pooled(results) else None,
        outdated=_outdated(results) if results.get("stale") else None,
        on_test=any(part["score"] == TEST for part in results["suites"].values()),
        protocol=[*_protocol(results["protocol"]), *parts_of(results.get("memory"))],
        cost=cost_of(results),
        counted=counted,
        joined=joined,
        brief=_brief(results),
        made=beside.made if beside.timings else {},
        command=results.get("command") or command(results, beside.words, beside.trainings),
        unnamed=sorted(name for name, word in beside.words.items() if not word),
        failures=failure_grids({name: curves[name] for name in results["suites"]}, beside.failed_trials),
        most_runs=SHOWN,
        number=number,
        space_table=space_table,
        trials_table=trials_table,
        run_svg=_run_svg,
        drawn_runs=max(1, _DRAWN // max(1, len(suites))),
    )


def _figures(
    suite: str, curves: Mapping[str, Sequence[Curves]], times: Mapping[str, Sequence[Curves]], slug: str
) -> dict[str, Markup]:
    """Draw the figures of a suite, by name."""
    from hpo_gym.bench.report.figures import draw

    look = styles(curves)
    made = draw(curves[suite], look)
    if suite in times:
        made["time"] = draw(times[suite], look, ("regret",))["regret"]
    return {name: svg_text(figure, f"{slug}-{name}", f"{name}, {suite}") for name, figure in made.items()}


def board_page(
    shown: Sequence[tuple[Any, Sequence[str], Sequence[Sequence[str]]]], refused: Mapping[str, str], version: str
) -> str:
    """Render a leaderboard: of each section its protocol, the titles of its table, and the rows; the refused files."""
    parts = []
    for one, head, lines in shown:
        names = {i for i, title in enumerate(head) if title in _FACTS}
        links = [(row.entry.name, row.entry.card.code) for row in one.rows]
        suites = [(name, part["n_tasks"], part["n_families"]) for name, part in one.findings.data["suites"].items()]
        settings = _protocol({k: v for k, v in one.findings.data["protocol"].items() if k not in _SAID})
        table = grid(one.named.name, head, lines, names)
        parts.append({"named": one.named, "table": table, "wrapped": sorted(names)[2:], "links": links,
                      "suites": suites, "settings": settings})  # fmt: skip
    said = {"sections": parts, "refused": refused, "counted": counted, "version": version}
    return rendered_page(_HERE / "board.html", _text("page.js"), **said)


_FACTS, _SAID = ("entry", "group", "learned from", "authors"), ("optimizers", "suites", "data", "hash_with_optimizers")


def rendered(template: Path, **values: object) -> str:
    """Fill in a template; texts are escaped, and a value that it lacks is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    env = Environment(
        loader=FileSystemLoader([template.parent, _HERE]), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_visible,
    )  # fmt: skip
    return env.get_template(template.name).render(values)


def _visible(value: object) -> object:
    """Return a text without invisible characters; our own markup as it is."""
    return printable(value, lines=True) if type(value) is str else value


def rendered_page(template: Path, script: Markup | None = None, **values: object) -> str:
    """Fill in a page whose policy allows inline styles, the given script, and nothing else."""
    style = _text("page.css")
    scripts = "" if script is None else f" script-src {_source(script)};"
    policy = f"default-src 'none';{scripts} style-src 'unsafe-inline'; base-uri 'none'"
    return rendered(template, style=style, script=script, policy=policy, **values)


def _source(text: str) -> str:
    """Return the source of an inline script for a Content-Security-Policy: the hash of its text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def command(results: Results, named: Mapping[str, str] | None = None, trainings: int = 1) -> str:
    """Make the command line of the comparison from its protocol, quoted for a shell.

    Args:
        named, trainings: As `words` and `trainings` of `Beside`.
    """
    protocol, named = results["protocol"], named or {}
    found = sorted({name for suite in results["suites"].values() for name in suite["optimizers"]})
    optimizers = [named.get(name, name) for name in found if named.get(name, name)]
    words = ["hpo-gym", "bench"]
    for name in _PARTS:
        value = {"suite": list(results["suites"]), "optimizers": optimizers}.get(name, protocol.get(name))
        listed = value if isinstance(value, list | tuple) else [value]
        if value is not None and listed:
            words += [f"--{name.replace('_', '-')}", ",".join(_said(v) for v in listed)]
    words += [f"--{KEPT}"] if protocol.get(KEPT) else []
    words += ["--trainings", str(trainings)] if trainings > 1 else []
    return " ".join(shlex.quote(printable(word)) for word in words)


def _text(name: str) -> Markup:
    """Return a file of this folder, to stand in the page unchanged."""
    from markupsafe import Markup

    return Markup((_HERE / name).read_text(encoding="utf-8"))


def _pooled(results: Results, curves: Mapping[str, Sequence[Curves]]) -> dict[str, Any]:
    """Return the page's content on several suites at once."""
    found = results["pooled"]
    anchor, part = next(iter(found["anchors"].items()))
    lead = pooled_leaders({suite: curves[suite] for suite in found["suites"]}, part["optimizers"])
    head, *body = pooled_cells(results)
    group, rows = head.index("group"), []
    for name, *line in body:
        to_best = "lowest" if name == lead.best else number(lead.p_holm[name])
        marks = {"reference": name == anchor, "control": name in CONTROLS, "leads": lead.leads(name)}
        letters = line.pop(group - 1)
        cells = (Td(name), Td(letters), *map(td, line[:2]), Td(to_best), *map(td, line[2:]))
        rows.append(Tr(cells, " ".join(k for k, is_so in marks.items() if is_so)))
    titles = ("optimizer", "group", *head[1:3], "p to best", *head[3:group], *head[group + 1 :])
    table = FigureGrid("All suites", titles, tuple(rows), texts=frozenset({0, 1}))
    shared = {name: found.get("groups", {}).get(name) or "" for name, *_ in body}
    return {"said": pooled_said(results).removeprefix(finding(results)), "table": table, "letters": shared}


def _protocol(protocol: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the protocol as text, without unset entries."""
    known = {k: v for k, v in protocol.items() if k != "memory"}  # it stands with what was remembered
    return [(key.replace("_", " "), _said(value)) for key, value in known.items() if value not in (None, [], {}, "")]


def _outdated(results: Results) -> dict[str, Any]:
    head, *lines = outdated_cells(results)
    return {"said": OUTDATED, "table": grid("Out of date", head, lines, (0, 1, 3))}


def _brief(results: Results) -> str:
    """Return the protocol in a line."""
    p = results["protocol"]
    counts = sorted({len(part["optimizers"]) for part in results["suites"].values()})
    known = (*zip(AMOUNTS, ("trial", "mean cost"), strict=True), ("seeds", "seed"))
    words = [counted(p[name], unit) for name, unit in known if p.get(name)]
    words += [f"{KEPT} kept"] if p.get(KEPT) else []
    starts = {"cold": "cold start", "init5": "five given configurations"}
    about = [f"split {p['split']}"] if p.get("split") else []
    about += [starts.get(str(p["start"]), str(p["start"]))] if p.get("start") else []
    least = f"{counts[0]} to " if len(counts) > 1 else ""
    return " · ".join([f"{least}{counted(max(counts, default=0), 'optimizer')}", *about, *words])


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_said(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return joined([_said(v) for v in value], 12)
    return plain(value) if isinstance(value, float) and math.isfinite(value) else str(value)


Failed = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Failed trials by suite, optimizer and task."""


def failure_grids(curves: Mapping[str, Sequence[Curves]], trials: Failed) -> list[FigureGrid]:
    """By optimizer and by task, of all suites; nothing where nothing failed."""
    lost = [
        (suite, c.optimizer, task, int(cells), trials.get(suite, {}).get(c.optimizer, {}).get(task, 0))
        for suite, group in curves.items()
        for c in group
        for task, cells in zip(c.tasks, c.failed.sum(axis=1), strict=True)
    ]
    lost = [one for one in lost if one[3] or one[4]]
    return [_failures(lost, "optimizer", "task"), _failures(lost, "task", "optimizer")] if lost else []


def _failures(lost: Iterable[tuple[str, str, str, int, int]], by: str, other: str) -> FigureGrid:
    """Return a line for each optimizer or task of a suite, most failed cells first, with the others that failed."""
    found: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    for suite, optimizer, task, cells, failed in lost:
        name, beside = (optimizer, task) if by == "optimizer" else (task, optimizer)
        found.setdefault((name, suite), []).append((-cells, -failed, beside))
    sums = {key: (sum(c for c, _, _ in each), sum(f for _, f, _ in each)) for key, each in found.items()}
    order = sorted(found, key=lambda key: (*sums[key], key))
    lines = (
        [*key, *(str(-count) for count in sums[key]), joined([name for *_, name in sorted(found[key])])]
        for key in order
    )
    head = [by, "suite", "failed cells", "failed trials", f"{other}s"]
    return grid(f"Failures by {by}", head, lines, (0, 1, 4))


def _run_svg(suite: str, slug: str, runs: SuiteRuns, run: SingleRun) -> Markup:
    """Draw a run: the score of each trial, and the configurations."""
    title = f"{suite}, {runs.task}: {run.optimizer}"
    return svg_text(draw_run(run, runs.axes, title), f"{slug}-{run.optimizer}", title)


def space_table(suite: str, axes: Sequence[Hyperparameter]) -> FigureGrid:
    """Return a row for each hyperparameter."""
    lines = []
    for a in axes:
        low, high = ("", "") if a.choices else (short(float(a.low)), short(float(a.high)))
        scale = "choice" if a.choices else "log" if a.log else "linear"
        lines.append([a.name, scale, low, high, ", ".join(map(str, a.choices))])
    return grid(f"Search space, {suite}", ["hyperparameter", "scale", "low", "high", "choices"], lines, (0, 1, 4))


def trials_table(suite: str, run: SingleRun, axes: Sequence[Hyperparameter]) -> FigureGrid:
    """Return a row for each trial: its results, then its active hyperparameters."""
    used = [a for a in axes if any(a.name in t.config for t in run.trials)]
    columns: dict[str, tuple[bool, Callable[[Tried], str]]] = {
        "test score": (any(t.test_score is not None for t in run.trials), lambda t: _score(t.test_score)),
        "fidelity": (any(t.fidelity < 1.0 for t in run.trials), lambda t: short(t.fidelity)),
        "status": (any(t.score is None for t in run.trials), lambda t: t.status),
    }
    extra = {name: text for name, (shown, text) in columns.items() if shown}
    lines = [
        [str(i), _score(t.score), *(text(t) for text in extra.values()), *(_value(t, a.name) for a in used)]
        for i, t in enumerate(run.trials, 1)
    ]
    head = ["trial", "score", *extra]
    texts = [
        *(i for i, name in enumerate(head) if name == "status"),
        *(len(head) + j for j, a in enumerate(used) if a.choices),
    ]
    return grid(f"Trials of {run.optimizer} on {suite}", [*head, *(a.name for a in used)], lines, texts)


def _score(value: float | None) -> str:
    return MISSING if value is None else f"{value:.6g}"


def _value(trial: Tried, name: str) -> str:
    return short(trial.config[name]) if name in trial.config else ""
