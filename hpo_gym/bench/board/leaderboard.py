"""The board: entries replayed and compared as `bench` compares, by protocol, as a page, CSV and Markdown.

A protocol of several pooled suites is sorted by the ratio of the AUC to that of the portfolio, any other by its first
metric. Numbers are rounded to four decimals, since the last bits of means differ between processors.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import HPOGymError, InvalidValueError, __version__, as_cell, as_markdown, beside, unknown
from hpo_gym.bench.board.entry import Entry
from hpo_gym.bench.board.named import NamedProtocol, named_protocol, shipped_protocols
from hpo_gym.bench.board.replay import check_anchor, entrant_of, records_of
from hpo_gym.bench.metrics import PORTFOLIO
from hpo_gym.bench.origin import other_than_here
from hpo_gym.bench.report import FILES
from hpo_gym.bench.report.tables import csv_of, with_controls
from hpo_gym.bench.report.words import interval, number, ranged
from hpo_gym.bench.summaries import Findings
from hpo_gym.system import Progress, Record, own_files, text_of

INDEX, TABLE, TEXT = "index.html", "leaderboard.csv", "leaderboard.md"
_NOTHING = (None, None, None)
_TITLES = {
    "ratio": "AUC to portfolio", "auc": "AUC", "regret": "last regret", "rank": "rank", "win_rate": "win rate",
}  # fmt: skip
_FACTS = ("authors", "code", "about", "training", "train_seconds", "test_evaluations", "hardware")
_ENDS = [f"{metric}{end}" for metric in _TITLES for end in ("", "_low", "_high")]
_HEAD = ["protocol", "hash", "entry", "group", *_ENDS, *_FACTS]
_DIGITS = {"ratio": 3, "rank": 2, "win_rate": 3}


@dataclass(frozen=True)
class Row:
    """An entry on the board: its metrics ``(mean, low, high)``, and its letters among those of its table."""

    entry: Entry
    metrics: Mapping[str, Sequence[float | None]]
    group: str | None


@dataclass(frozen=True)
class Section:
    """The entries of one protocol, the best first.

    Attributes:
        metrics: Shown metrics; the first sorts.
    """

    named: NamedProtocol
    findings: Findings
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Board:
    """A leaderboard: its sections, and why each refused file stands in none, by its path."""

    sections: tuple[Section, ...]
    refused: Mapping[str, str]

    def __iter__(self) -> Iterator[Section]:
        return iter(self.sections)


def leaderboard(
    files: Sequence[str | Path], out: str | Path, *, protocols: Sequence[str | Path | NamedProtocol] = (),
    report: bool = True, progress: Progress = lambda done, total, what: None,
) -> Board:  # fmt: skip
    """Replay entries and write `index.html`, `leaderboard.csv`, `leaderboard.md`, and a report for each protocol.

    A refused entry stands on the page with the reason; the others are compared.

    Args:
        files: Of `hpo-gym pack`; a folder stands for the entries in it.
        out: A new folder, or that of an earlier board: its files are replaced, and no others.
        protocols: Files of protocols that are not shipped.
        report: Whether to write the reports, a matter of seconds each.

    Raises:
        InvalidValueError: Every entry is refused, or `out` holds something else; nothing is written.
    """
    target = Path(out).resolve()
    before, refused = _written(target), dict[str, str]()
    found = _read(files, refused)
    known = {named.name: named for named in map(named_protocol, protocols)}
    records: dict[str, dict[str, Record]] = {}
    for done, (path, entry) in enumerate(found.items()):
        progress(done, len(found), f"{entry.protocol}: {entry.name}")
        with _refused(path, refused):  # an entry may come from a stranger: it names no file
            if entry.protocol not in known:
                if entry.protocol not in shipped_protocols():
                    raise unknown("protocol", entry.protocol, [*known, *shipped_protocols()])
                known[entry.protocol] = named_protocol(entry.protocol)
            records[str(path)] = records_of(entry, known[entry.protocol])
            check_anchor(entry, known[entry.protocol])
    kept = {path: entry for path, entry in found.items() if str(path) not in refused}
    if not kept:
        raise InvalidValueError(" ".join(f"{path} is refused: {why}" for path, why in refused.items()))
    progress(len(found), len(found), "page")
    sections = []
    for protocol in sorted({entry.protocol for entry in kept.values()}):
        some = {path: entry for path, entry in kept.items() if entry.protocol == protocol}
        moves = other_than_here({e.name: e.card.hardware for e in some.values()}, known[protocol].loaded.values())
        if moves:
            warnings.warn(moves, stacklevel=2)
        played = {key: record for path in some for key, record in records[str(path)].items()}
        sections.append(section(known[protocol], [*some.values()], played))
    with own_files(target, before) as unfinished:
        for name, content in texts(sections, refused).items():
            (unfinished / name).write_text(content, encoding="utf-8")
        for one in sections if report else ():
            _report(unfinished / one.named.name, one)
    return Board(tuple(sections), refused)


def _written(folder: Path) -> list[Path]:
    """Return the files of an earlier board in a folder; raise `InvalidValueError` if it holds files and no board."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return []
    try:
        (head, *rows) = csv.reader(io.StringIO(text_of(folder / TABLE)))
    except (OSError, InvalidValueError, ValueError, csv.Error):
        head, rows = [], []
    if head != _HEAD:
        raise InvalidValueError(f"`out` must be a new folder or a board, {folder} holds something else.")
    reports = {row[0] for row in rows if row} & {path.name for path in folder.iterdir() if path.is_dir()}
    ours = [path for name in reports for file in FILES if (path := folder / name / file).is_file()]
    return ours + [path for name in (INDEX, TABLE, TEXT) if (path := folder / name).is_file()]


def _read(files: Sequence[str | Path], refused: dict[str, str]) -> dict[Path, Entry]:
    """Return the entries by file, in the order of protocols and names; the second of a name is refused."""
    paths = [p for f in map(Path, files) for p in (sorted(f.rglob("*.json")) if f.is_dir() else [f])]
    if not paths:
        raise InvalidValueError("`files` must name an entry at least, got none.")
    found: dict[Path, Entry] = {}
    first: dict[tuple[str, str], Path] = {}
    for path in dict.fromkeys(paths):
        if not path.exists():
            raise InvalidValueError(f"{path} must be an entry: there is no such file.{beside(path)}")
        with _refused(path, refused):
            entry = Entry.read(path)
            other = first.setdefault((entry.protocol, entry.name.casefold()), path)
            if other is not path:
                raise InvalidValueError(f"it must have a name of its own, {entry.name!r} is that of {other}.")
            found[path] = entry
    return dict(sorted(found.items(), key=lambda pair: (pair[1].protocol, pair[1].name)))


@contextmanager
def _refused(path: Path, refused: dict[str, str]) -> Iterator[None]:
    """Note why an entry is refused, so that the others go on."""
    try:
        yield
    except HPOGymError as fault:
        refused[str(path)] = str(fault)
    except Exception as fault:  # foreign content that a check of ours has missed
        refused[str(path)] = f"its replay ended in {type(fault).__name__}: {fault}"


# ---------------------------------------------------------------------- comparing
def section(named: NamedProtocol, entries: Sequence[Entry], records: Mapping[str, Record]) -> Section:
    """Compare replayed entries of one protocol."""
    findings = named.plan([entrant_of(entry) for entry in entries]).findings(records)
    pooled = findings.data["pooled"]
    ratios = pooled["anchors"].get(PORTFOLIO, {}).get("optimizers", {}) if len(pooled["suites"]) > 1 else {}
    metrics = (*(["ratio"] if ratios else []), *named.metrics)
    rows = [_row(entry, findings.data, ratios, metrics) for entry in entries]
    rows.sort(key=lambda row: (_sorted_by(metrics[0], row.metrics[metrics[0]][0]), row.entry.name))
    by_name = {row.entry.name: row for row in rows}
    order = with_controls([*by_name], findings.data.get("before", {}))
    return Section(named, findings, metrics, tuple(by_name[name] for name in order))


def _row(entry: Entry, data: Mapping[str, Any], ratios: Mapping[str, Any], metrics: Sequence[str]) -> Row:
    """Return the metrics of an entry: over several suites the mean of each, without interval where it is not pooled."""
    name, parts = entry.name, [part["optimizers"][entry.name] for part in data["suites"].values()]
    last = str(max(map(int, parts[0]["regret"])))
    found: dict[str, Sequence[float | None]] = {}
    for metric in metrics:
        each = [part["regret"][last] if metric == "regret" else part.get(metric, _NOTHING) for part in parts]
        found[metric] = each[0] if len(each) == 1 else _mean([e[0] for e in each])
    if ratios:
        found |= {"ratio": ratios[name]["ratio"], **data["pooled"].get("ratings", {}).get(name, {})}
    alone = {name: parts[0].get("group")} if len(parts) == 1 else {}
    letters = data["pooled"].get("groups", {}) if ratios else alone
    return Row(entry, found, letters.get(name))


def _mean(values: Sequence[float | None]) -> tuple[float | None, None, None]:
    """Return the mean over suites; there is none where a suite has none."""
    known = [v for v in values if v is not None]
    return (float(np.mean(known)) if len(known) == len(values) else None), None, None


def _sorted_by(metric: str, value: float | None) -> float:
    """Return a key by which the best comes first, rounded so that ties are equal."""
    if value is None:
        return np.inf
    return round(-value if metric == "win_rate" else value, 6)


# ---------------------------------------------------------------------- writing
def texts(sections: Sequence[Section], refused: Mapping[str, str]) -> dict[str, str]:
    """Return the page, the CSV and the Markdown of a board, by name of their file."""
    from hpo_gym.bench.report.page import board_page

    shown = [(one, head(one), [*lines(one)]) for one in sections]
    return {INDEX: board_page(shown, refused, __version__), TABLE: _csv(sections), TEXT: _markdown(shown, refused)}


def head(one: Section) -> list[str]:
    """Return the titles of a section's table."""
    return ["entry", "group", *(_TITLES[m] for m in one.metrics), "learned from", "train s", "test looks", "authors"]


def lines(one: Section) -> Iterator[list[str]]:
    """Yield the rows of a section's table as text."""
    for row in one.rows:
        card = row.entry.card
        cells = [interval(row.metrics[m], _DIGITS.get(m, 4)) for m in one.metrics]
        facts = [card.training, number(card.train_seconds, 0), str(card.test_evaluations), ", ".join(card.authors)]
        yield [row.entry.name, ranged(row.group), *cells, *facts]


def _csv(sections: Sequence[Section]) -> str:
    """Return all entries in a table, an interval in three columns."""
    every: list[Sequence[object]] = [_HEAD]
    for one in sections:
        for row in one.rows:
            found = [v for metric in _TITLES for v in row.metrics.get(metric, _NOTHING)]
            card = {**row.entry.card.to_json(), "authors": ", ".join(row.entry.card.authors)}
            cells = ["" if v is None else f"{v:.4f}" for v in found]
            said = [as_cell(card[f]) if isinstance(card[f], str) else card[f] for f in _FACTS]
            every.append([one.named.name, one.named.hash, as_cell(row.entry.name), row.group, *cells, *said])
    return csv_of(every)


def _markdown(shown: Sequence[tuple[Section, list[str], list[list[str]]]], refused: Mapping[str, str]) -> str:
    """Return a table under a heading for each protocol, and the refused entries."""
    parts = []
    for one, titles, body in shown:
        cells = [[as_markdown(cell) for cell in line] for line in (titles, ["---"] * len(titles), *body)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in cells)
        parts.append(f"## {as_markdown(one.named.name)}\n\n{as_markdown(one.named.about)}\n\n{table}\n")
    if refused:
        lines = [f"- {as_markdown(path)}: {as_markdown(why)}\n" for path, why in refused.items()]
        parts.append(f"## Refused\n\n{''.join(lines)}")
    return "\n".join(parts)


def _report(folder: Path, one: Section) -> None:
    """Write the report of a section, as `bench` does, without what differs from run to run."""
    from hpo_gym.bench.report import write_report

    data = {k: v for k, v in one.findings.data.items() if k != "timings"}
    write_report(folder, {**data, "command": f"hpo-gym leaderboard ENTRIES  # {one.named.name}"}, one.findings.curves,
                 timings=False)  # fmt: skip
