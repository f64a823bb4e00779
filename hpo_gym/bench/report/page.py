"""The report as one HTML page that needs nothing else: no font, no address, and no script but the one that it holds.

All numbers are in plain tables. The script sorts and filters them and points at the values of the curves; the page's
policy lets the browser run that text and no other, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import math
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_gym.base import as_html, printable
from hpo_gym.bench.groups import pooled_leaders
from hpo_gym.bench.memory import parts_of
from hpo_gym.bench.metrics import CONTROLS, TEST, Curves
from hpo_gym.bench.report.finding import Results, finding, shows_pooled
from hpo_gym.bench.report.grid import FigureGrid, Td, Tr, grid, td
from hpo_gym.bench.report.run_figure import draw_run, ends
from hpo_gym.bench.report.suite_page import suite_parts
from hpo_gym.bench.report.svg import svg_text
from hpo_gym.bench.report.tables import OUTDATED, cost_of, outdated_cells, pooled_cells, pooled_said
from hpo_gym.bench.report.words import MISSING, counted, joined, number, plain, short
from hpo_gym.bench.single_runs import SHOWN, SingleRun, SuiteRuns, Tried
from hpo_gym.problem import AMOUNTS, KEPT, Hyperparameter

if TYPE_CHECKING:
    from markupsafe import Markup

_HERE = Path(__file__).parent
_DRAWN = 27  # runs of all suites that are drawn; the others are tables, which `Results.plot_run` draws
_SCRIPTS = tuple(f"script/{name}.js" for name in ("elements", "tables", "figures", "page"))
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


@dataclass(frozen=True)
class Drawn:
    """A figure on the page.

    Attributes:
        svg: Safe text.
        frame: The edges of the axes, in shares; None where the script has nothing to point at.
    """

    svg: str
    values: FigureGrid | None = None
    frame: tuple[float, ...] | None = None


def page(
    results: Results,
    curves: Mapping[str, Sequence[Curves]],
    drawn: Mapping[str, Mapping[str, Drawn]],
    by_task: Mapping[str, FigureGrid],
    beside: Beside,
) -> str:
    """Render the page; every name is escaped by the template engine.

    Args:
        drawn: By suite, the figures by name.
        by_task: By suite, the AUC of each task.
    """
    suites = [suite_parts(results, name, curves[name], timings=beside.timings) for name in results["suites"]]
    for i, suite in enumerate(suites):
        name = suite["name"]
        suite.update(slug=f"s{i}", drawn=drawn[name], by_task=by_task[name], runs=beside.runs.get(name))
    return rendered_page(
        _HERE / "template.html",
        _script(),
        version=results.get("version", ""),
        finding=finding(results),
        suites=suites,
        pooled=_pooled(results, curves) if shows_pooled(results) else None,
        outdated=_outdated(results) if results.get("stale") else None,
        on_test=any(part["score"] == TEST for part in results["suites"].values()),
        protocol=[*_protocol(results["protocol"]), *parts_of(results.get("memory"))],
        cost=cost_of(results),
        counted=counted,
        joined=joined,
        plain=plain,
        brief=_brief(results),
        made=beside.made if beside.timings else {},
        command=results.get("command") or command(results, beside.words, beside.trainings),
        unnamed=sorted(name for name, word in beside.words.items() if not word),
        failures=failure_grids({name: curves[name] for name in results["suites"]}, beside.failed_trials),
        most_runs=SHOWN,
        number=number,
        ends=ends,
        trials_table=trials_table,
        run_svg=_run_svg,
        drawn_runs=max(1, _DRAWN // max(1, len(suites))),
    )


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
    return rendered_page(_HERE / "board.html", _script(), **said)


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


def _script() -> Markup:
    """Return the page's script: its files, in a scope of their own."""
    from markupsafe import Markup

    return Markup('"use strict";\n(() => {\n') + Markup("\n").join(map(_text, _SCRIPTS)) + Markup("})();\n")


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
    by_optimizer = [line for suite in curves for line in _by_optimizer(suite, curves[suite], trials.get(suite, {}))]
    by_task = [line for suite in curves for line in _by_task(suite, curves[suite], trials.get(suite, {}))]
    if not by_optimizer:
        return []
    counts = ["failed cells", "failed trials"]
    return [
        grid("Failures by optimizer", ["optimizer", "suite", *counts, "tasks"], by_optimizer, (0, 1, 4)),
        grid("Failures by task", ["task", "suite", "family", *counts, "optimizers"], by_task, (0, 1, 2, 5)),
    ]


def _by_optimizer(suite: str, curves: Sequence[Curves], trials: Mapping[str, Mapping[str, int]]) -> Iterator[list[str]]:
    """Return a line for each optimizer with failures, most failed cells first."""
    counted = []
    for c in curves:
        lost, own = dict(zip(c.tasks, c.failed.sum(axis=1).tolist(), strict=True)), trials.get(c.optimizer, {})
        tasks = sorted((t for t in c.tasks if lost[t] or own.get(t)), key=lambda t: (-lost[t], t))
        if tasks:
            counted.append((sum(lost.values()), sum(own.values()), c.optimizer, joined(tasks), c.failed.size))
    for cells, failed, name, said, of in _most_first(counted):
        yield [name, suite, f"{cells} of {of}", str(failed), said]


def _by_task(suite: str, curves: Sequence[Curves], trials: Mapping[str, Mapping[str, int]]) -> Iterator[list[str]]:
    """Return a line for each task with failures, most failed cells first."""
    counted = []
    families = dict(zip(curves[0].tasks, curves[0].families, strict=True))
    for task in families:
        lost = {c.optimizer: int(c.of_task(task).failed.sum()) for c in curves}
        own = {c.optimizer: trials.get(c.optimizer, {}).get(task, 0) for c in curves}
        who = sorted((n for n in lost if lost[n] or own[n]), key=lambda n: (-lost[n], -own[n], n))
        if who:
            said = joined([f"{n} ({_counts(lost[n], own[n])})" for n in who])
            counted.append((sum(lost.values()), sum(own.values()), task, said, len(curves) * curves[0].failed.shape[1]))
    for cells, failed, task, said, of in _most_first(counted):
        yield [task, suite, families[task], f"{cells} of {of}", str(failed), said]


def _most_first(counted: list[tuple[int, int, str, str, int]]) -> list[tuple[int, int, str, str, int]]:
    return sorted(counted, key=lambda c: (-c[0], -c[1], c[2]))


def _counts(cells: int, trials: int) -> str:
    parts = [counted(n, what) for n, what in ((cells, "cell"), (trials, "trial")) if n]
    return ", ".join(parts)


def _run_svg(suite: str, slug: str, runs: SuiteRuns, run: SingleRun) -> Markup:
    """Draw a run: the score of each trial, and the configurations."""
    from markupsafe import Markup

    title = f"{suite}, {runs.task}: {run.optimizer}"
    return Markup(svg_text(draw_run(run, runs.axes, title), f"{slug}-{run.optimizer}", as_html(title)))


_FIRST = ("trial", "score")


def trials_table(suite: str, run: SingleRun, axes: Sequence[Hyperparameter]) -> tuple[FigureGrid, int]:
    """Return a row for each trial, its results first, then its active hyperparameters; and the count of the former."""
    used = [a.name for a in axes if any(a.name in t.config for t in run.trials)]
    columns: dict[str, tuple[bool, Callable[[Tried], str]]] = {
        "test score": (any(t.test_score is not None for t in run.trials), lambda t: _score(t.test_score)),
        "fidelity": (any(t.fidelity < 1.0 for t in run.trials), lambda t: short(t.fidelity)),
        "status": (any(t.score is None for t in run.trials), lambda t: t.status),
    }
    extra = {name: text for name, (shown, text) in columns.items() if shown}
    lines = [
        [str(i), _score(t.score), *(text(t) for text in extra.values()), *(_value(t, name) for name in used)]
        for i, t in enumerate(run.trials, 1)
    ]
    head = [*_FIRST, *extra, *used]
    texts = {i for i, name in enumerate(head) if name == "status" and i < len(_FIRST) + len(extra)}
    label = f"Trials of {run.optimizer} on {suite}"
    return grid(label, head, lines, texts, intervals=False), len(_FIRST) + len(extra)


def _score(value: float | None) -> str:
    return MISSING if value is None else f"{value:.6g}"


def _value(trial: Tried, name: str) -> str:
    return short(trial.config[name]) if name in trial.config else ""
