"""The report: what it writes, that names cannot break it, and that its bytes do not change."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from reports import chosen, ranged

from hpo_gym.base.errors import UnknownNameError
from hpo_gym.bench.metrics import Curves
from hpo_gym.bench.pooling import pooled, with_ratings
from hpo_gym.bench.report import Beside, console_table, console_tables, write_report
from hpo_gym.bench.report.figures import draw
from hpo_gym.bench.report.page import command
from hpo_gym.bench.report.run_figure import fifths, place
from hpo_gym.bench.report.style import rendered, styles
from hpo_gym.bench.report.svg import svg_text
from hpo_gym.bench.report.tables import (
    cells,
    csv_text,
    pooled_cells,
    pooled_csv,
    pooled_said,
    rows,
    said,
    shown_trials,
)
from hpo_gym.bench.report.words import counted, interval, number, plain
from hpo_gym.bench.summaries import summaries

HOSTILE = ("<script>alert(1)</script>", "a|b", "=cmd|' /C calc'!A0", '$x_1$ & "q"\n\x1b[31m', "_hidden", "漢字" * 20)
PLAIN = ("portfolio", "default", "random", "gp-ei")


def make(names=PLAIN, suites=("Toy",), k=8, r=2, h=8, budget=None, families=(), on_test=(), formulas=()):
    """Results and curves; those of the suites `on_test` have other validation curves beside them."""
    curves, parts = {}, {}
    for suite in suites:
        rng = np.random.default_rng(3)
        regret = np.minimum.accumulate(rng.random((len(names), k, r, h)), axis=3)
        tasks, validation = tuple(f"t{i}" for i in range(k)), regret / 2
        curves[suite] = [
            Curves(suite, n, tasks, x, families, "test" if suite in on_test else "validation")
            for n, x in zip(names, regret, strict=True)
        ]
        beside = [Curves(suite, n, tasks, x, families) for n, x in zip(names, validation, strict=True)]
        parts[suite] = summaries(curves[suite], beside, k if suite in on_test else 0)
    results = {
        "version": "0.1.0",
        "protocol": {
            "suites": list(suites),
            "split": "test",
            "fold": None,
            "start": "cold",
            "budget": budget or h,
            "seeds": r,
        },
        "suites": parts,
        "pooled": with_ratings(pooled(curves, formulas, least=2), curves),
        "timings": {
            s: {c.optimizer: {"ms_per_suggestion": {"p50": 1.5, "p95": 1234.5}, "train_seconds": None} for c in group}
            for s, group in curves.items()
        },
    }
    return results, curves


class Tags(HTMLParser):
    """Collect a page's tags, ids and addresses, and check that tags close."""

    VOID = ("meta", "line", "circle", "path", "br", "use")
    CLOSED_BY = {"td": ("td", "th"), "th": ("td", "th"), "tr": ("td", "th", "tr")}  # noqa: RUF012

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.ids, self.links = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag in self.CLOSED_BY:
            self.close_up_to(self.CLOSED_BY[tag])
        self.seen.append(tag)
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [v for k, v in attrs if k in ("href", "src", "xlink:href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def close_up_to(self, closed):
        """End tags of cells and rows may be left out."""
        while self.open and self.open[-1] in closed:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in ("thead", "tbody", "table"):
            self.close_up_to(("td", "th", "tr"))
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    results, curves = make(suites=("Toy", "Other"))
    write_report(folder, results, curves)
    return folder


def contents(folder, results, curves, **keywords):
    """The files of a report."""
    write_report(folder, results, curves, **keywords)
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_the_page_is_whole_and_fetches_nothing(written):
    assert {p.name for p in written.iterdir()} == {"pooled.csv", "report.html", "table.csv", "table.md"}
    html = (written / "report.html").read_text()
    tags = Tags(html)
    assert tags.seen.count("svg") == 2 * 4 + 8  # two suites: four figures, and four rows
    assert len(set(tags.ids)) == len(tags.ids) and set(tags.links) <= {f"#{i}" for i in tags.ids}
    assert set(re.findall(r"https?://[^\"' <]*", html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert set(re.findall(r"url\(#([^)]*)\)", html)) <= set(tags.ids) and "@import" not in html
    for name in PLAIN:
        assert name in html


@pytest.mark.long
def test_bytes_are_the_same_without_timings(tmp_path):
    results, curves = make()
    made = Beside(made={"date": "2026-01-02 03:04 UTC", "machine": "Abacus, 2 logical cores"})
    first = contents(tmp_path / "a", results, curves, beside=made, timings=False)
    results["timings"]["Toy"]["random"]["ms_per_suggestion"]["p50"] = 99.0
    turned = {s: list(reversed(c)) for s, c in curves.items()}
    assert contents(tmp_path / "b", results, turned, timings=False) == first
    timed = contents(tmp_path / "c", results, curves, beside=made)
    for told in (b"ms p50", b"2026-01-02 03:04 UTC", b"Abacus, 2 logical cores"):
        assert told in timed["report.html"] and told not in first["report.html"]


@pytest.mark.long
def test_bytes_ignore_the_callers_matplotlib_settings(tmp_path):
    import matplotlib as mpl

    results, curves = make()
    first = contents(tmp_path / "a", results, curves)
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.grid": False, "savefig.dpi": 30}):
        second = contents(tmp_path / "b", results, curves)
        assert mpl.rcParams["font.size"] == 30
    assert first == second


@pytest.mark.long
def test_hostile_names_break_nothing(tmp_path):
    suite = "../../<b>S|</b>"
    results, curves = make((*HOSTILE, "portfolio"), suites=(suite, "x/../y", "x-..-y"))
    write_report(tmp_path / "r", results, curves)
    assert [p.name for p in tmp_path.iterdir()] == ["r"]
    html = (tmp_path / "r" / "report.html").read_text()
    tags = Tags(html)
    assert tags.seen.count("script") == 1 and "&lt;script&gt;" in html
    assert tags.seen.count("b") == 1 + 14  # mark, terms
    table = list(csv.reader(io.StringIO((tmp_path / "r" / "table.csv").read_text())))
    assert not any(cell.startswith(("=", "@", "\t")) for line in table for cell in line[:2])
    assert {len(line) for line in table} == {len(table[0])} and len(table) == 1 + 3 * 7
    markdown = (tmp_path / "r" / "table.md").read_text()
    for part in markdown.split("\n## "):
        lines = [x for x in part.splitlines() if x.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", x)) for x in lines}) == 1 and len(lines) == 2 + 7
    assert "<script>" not in markdown


def test_negative_numbers_are_not_taken_for_formulas():
    results, _ = make()
    table = list(csv.DictReader(io.StringIO(csv_text(results))))
    assert len(table) == 4 and all(float(line["log_auc"]) < 0 for line in table)


def test_rows_are_sorted_by_auc_and_say_what_survives():
    results, _ = make()
    summary = results["suites"]["Toy"]["optimizers"]
    summary["default"].update(gain=[0.1, 0.05, 0.2], p_holm=0.05)
    summary["random"].update(gain=[-0.1, -0.2, -0.05], p_holm=0.001)
    summary["gp-ei"].update(gain=[0.1, 0.05, 0.2], p_holm=0.0501)
    got = rows(results, "Toy")
    assert [r.summary["auc"][0] for r in got] == sorted(r.summary["auc"][0] for r in got)
    verdicts = {r.optimizer: r.verdict for r in got}
    assert verdicts == {"portfolio": "", "default": "better", "random": "worse", "gp-ei": "level"}
    with pytest.raises(UnknownNameError, match="Did you mean 'Toy'"):
        rows(results, "Toi")


@pytest.mark.parametrize(
    ("budget", "want"),
    [
        (33, [1, 5, 10, 15, 33]),
        (50, [1, 5, 10, 15, 33]),
        (20, [1, 5, 10, 15, 20]),
        (10, [1, 5, 10]),
        (1, [1]),
        (3, [1, 3]),
    ],
)
def test_no_column_claims_a_trial_beyond_the_budget(budget, want):
    results, _ = make(h=budget)
    shown = shown_trials(results)
    assert list(shown.values()) == want
    head, first, *_ = cells(results, "Toy")
    assert [t for t in head if t.startswith("regret@")] == [f"regret@{t}" for t in want] and len(first) == len(head)
    last = rows(results, "Toy")[0].summary["regret"][list(shown)[-1]]
    assert last == rows(results, "Toy")[0].summary["regret"]["33"] or budget > 33


def test_numbers_are_formatted():
    assert number(None) == "–" and number(0.12345) == "0.1235" and number(0.5, 1, sign=True) == "+0.5"
    assert interval([None] * 3) == "–" and interval([0.0] * 3, sign=True) == "0.0000"
    assert interval([0.1, 0.0, 0.2], 1, sign=True) == "+0.1 [+0.0, +0.2]"
    assert interval([0.1, 0.0, 0.2], 1, mark=True) == "0.1* [0.0, 0.2]"
    assert interval([0.25, None, None], 2, sign=True) == "+0.25"


def test_counts_are_plain_and_in_the_singular_where_they_are_one():
    assert [plain(v) for v in (33, 33.0, 2.5, 1e6, 1e-3)] == ["33", "33", "2.5", "1000000", "0.001"]
    assert [counted(n, "family") for n in (0, 1, 2)] == ["0 families", "1 family", "2 families"]
    assert [counted(n, "mean cost") for n in (1.0, 33.0, 0.5)] == ["1 mean cost", "33 mean costs", "0.5 mean costs"]


def test_console_table_shows_names_as_they_are():
    from rich.console import Console

    results, _ = make(("[bold]x[/bold]", "a\x1b[31m", "portfolio"))
    out = Console(width=200, file=io.StringIO(), force_terminal=False)
    out.print(console_table(results, "Toy").table())
    text = out.file.getvalue()
    assert "[bold]x[/bold]" in text and "a [31m" in text and "Toy, n = 8 tasks" in text
    assert len(console_table(results, "Toy", timings=False).columns) == len(console_table(results, "Toy").columns) - 1


def test_a_console_table_of_eighty_columns_keeps_what_is_asked_first():
    results, _ = make(on_test=("Toy",))
    sheet = console_table(results, "Toy")
    shown = [c.head for c in sheet.fitting(80)]
    assert shown[:4] == ["optimizer", "test AUC", "group", "gain over portfolio"] and "failed" not in shown
    assert [c.head for c in sheet.fitting(None)] == [c.head for c in sheet.columns]
    results["suites"]["Toy"]["optimizers"]["random"]["failed_cells"] = 2
    assert "failed" in [c.head for c in console_table(results, "Toy").fitting(80)]
    few, _ = make(on_test=("Toy",), k=4)  # too few families for letters
    assert [c.head for c in console_table(few, "Toy").fitting(80)][2:] == ["gain over portfolio", "@8"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("names", "k", "r", "h"), [(("portfolio",), 1, 1, 1), (("a", "b"), 2, 1, 2), (("a",), 1, 1, 130)]
)
def test_small_comparisons_have_a_report(tmp_path, names, k, r, h):
    results, curves = make(names, k=k, r=r, h=h)
    page = contents(tmp_path, results, curves)["report.html"]
    assert (b"difference, Toy" in page) == (len(names) > 1)
    curves = {"Toy": [replace(c, regret=np.zeros_like(c.regret)) for c in curves["Toy"]]}  # solved at once
    results["suites"]["Toy"] = summaries(curves["Toy"], curves["Toy"], 0)
    write_report(tmp_path, results, curves)


@pytest.mark.long
def test_a_figure_in_the_page_is_matplotlibs_in_the_colours_of_the_theme():
    _, curves = make(tuple(f"method-{i:02}" for i in range(30)) + PLAIN)
    drawn = draw(curves["Toy"], styles(curves))
    for name, figure in drawn.items():
        text, before = svg_text(figure, "salt", "a & b"), rendered(figure, "svg", "hpo-gym-salt").decode()
        assert 'aria-label="a &amp; b"' in text and "fill: var(--card)" in text and "<style" not in text, name
        assert all(text.count(tag) == before.count(tag) for tag in ("<text", "<use"))


def test_fifths_and_places_of_a_run():
    assert fifths([0.0, 1.0, 2.0, 3.0, 4.0, None]) == [0, 1, 2, 3, 4, None]
    assert fifths([5.0, 5.0, 7.0]) == [0, 0, 4] and fifths([1.0, 1.0]) == [4, 4] and fifths([None]) == [None]
    assert place(ranged("lr", 0.001, 10.0, True), 0.1) == pytest.approx(0.5)
    assert place(ranged("depth", 1.0, 9.0, False), 3) == 0.25 and place(ranged("c", 2.0, 2.0, False), 2) == 0.5
    choice = chosen("kind", ("a", "True"))
    assert [place(choice, v) for v in ("a", True)] == [0.25, 0.75]


# ---------------------------------------------------------------------- families, test scores, pooling
def texts(folder, results, curves):
    write_report(folder, results, curves)
    return {name: (folder / name).read_text() for name in ("report.html", "table.md", "table.csv")}


@pytest.mark.long
def test_one_family_has_no_interval_no_test_and_says_so(tmp_path):
    results, curves = make(families=("x",) * 8)
    assert "Means over 8 tasks of 1 family, 2 runs each." in said(results, "Toy")
    found = texts(tmp_path, results, curves)
    for name in ("report.html", "table.md"):
        assert "One family: no interval and no test." in found[name]
    assert "No groups: 1 family is too few to tell any two apart" in found["report.html"]  # the front
    assert "no interval: 1 family" in found["report.html"]  # the figure
    assert "One family: ranks are not tested." in found["report.html"] and "χ²" not in found["report.html"]
    assert "difference, Toy" not in found["report.html"]
    table = list(csv.DictReader(io.StringIO(found["table.csv"])))
    assert {line["auc_low"] for line in table} == {line["p"] for line in table} == {""}
    assert all(float(line["auc"]) > 0 for line in table) and {line["n_families"] for line in table} == {"1"}
    assert all("[" not in cell for line in cells(results, "Toy") for cell in line)


def test_few_families_have_their_range_in_the_place_of_an_interval():
    results, curves = make(k=3, families=("x", "x", "y"), on_test=("Toy",))
    summary = results["suites"]["Toy"]["optimizers"]["gp-ei"]
    (own,) = [c.regret.mean(axis=(1, 2)) for c in curves["Toy"] if c.optimizer == "gp-ei"]
    low, high = sorted([(own[0] + own[1]) / 2, own[2]])  # x of two tasks, y
    assert summary["of_families"]["auc"] == pytest.approx([low, high], abs=1e-6) and summary["auc"][1:] == [None, None]
    head, *body = cells(results, "Toy")
    line = dict(zip(head, next(x for x in body if x[0] == "gp-ei"), strict=True))
    assert line["test AUC"] == f"{own.mean():.4f} ({low:.4f} to {high:.4f})"
    assert next(x for x in body if x[0] == "portfolio")[head.index("gain over portfolio")] == "0.0000"
    least, most = summary["of_families"]["gain"]
    assert line["gain over portfolio"].endswith(f"({least:+.4f} to {most:+.4f})")
    assert "2 families, too few for intervals: (lowest to highest family)." in said(results, "Toy")
    assert "(lowest to highest family)" in console_table(results, "Toy").title
    row = next(x for x in csv.DictReader(io.StringIO(csv_text(results))) if x["optimizer"] == "gp-ei")
    assert (row["auc_low"], float(row["auc_family_low"])) == ("", pytest.approx(low, abs=1e-6))
    whole, _ = make()
    assert "of_families" not in whole["suites"]["Toy"]["optimizers"]["gp-ei"]
    assert "auc_family_high" in csv_text(whole).splitlines()[0]


@pytest.mark.long
def test_a_table_says_how_many_comparisons_it_makes_and_stars_what_survives(tmp_path):
    results, curves = make(k=8)
    regret = curves["Toy"][0].regret
    worse = [Curves("Toy", c.optimizer, c.tasks, np.minimum(regret + 0.4 * (i > 0), 1.0)) for i, c in
             enumerate(curves["Toy"])]  # fmt: skip
    results["suites"]["Toy"] = summaries(worse, worse, 0)
    assert said(results, "Toy").endswith(
        "3 comparisons with the portfolio; * survives Holm's correction at 5 %. "
        "Optimizers that share a letter cannot be told apart (6 pairs, Holm, 5 %)."
    )
    ps = {name: s["p_holm"] for name, s in results["suites"]["Toy"]["optimizers"].items()}
    assert ps == {
        "portfolio": None,
        **dict.fromkeys(("default", "gp-ei", "random"), 0.023436),
    }  # 3 * 2 / 2**8, of a p of six decimals
    found = texts(tmp_path, results, {"Toy": worse})
    head, *body = cells(results, "Toy")
    assert [line[head.index("gain over portfolio")].count("*") for line in body] == [0, 1, 1, 1]
    assert [line[head.index("p (Holm)")] for line in body] == ["–", *["0.0234"] * 3]
    assert found["table.md"].count("\\* [") == 3 and found["report.html"].count("class=worse") == 3
    console = console_table(results, "Toy")
    assert "3 comparisons with the portfolio" in str(console.caption)


@pytest.mark.long
def test_a_suite_with_test_scores_shows_both_and_overtuning(tmp_path):
    results, curves = make(on_test=("Toy",))
    found = texts(tmp_path, results, curves)
    head, first, *_ = cells(results, "Toy")
    assert head[4:7] == ["test AUC", "validation AUC", "overtuned"] and len(first) == len(head)
    best = rows(results, "Toy")[0].summary
    assert first[4].startswith(f"{best['auc'][0]:.4f} [") and first[5].startswith(
        f"{best['validation']['auc'][0]:.4f} ["
    )
    assert first[6] == "0 %"  # curves that only fall
    assert "Regret is on the test score, which no optimizer sees" in found["table.md"]
    assert "Overtuned" in found["report.html"] and "normalised test regret" in found["report.html"]
    (line, *_) = csv.DictReader(io.StringIO(found["table.csv"]))
    assert (line["score"], float(line["validation_auc"]), float(line["overtuned"])) == (
        "test", best["validation"]["auc"][0], 0.0,
    )  # fmt: skip
    assert line["overtuned_by"] == ""
    plain = texts(tmp_path / "plain", *make())
    assert "Overtuned" not in plain["report.html"] and "validation AUC" not in plain["table.md"]
    assert next(csv.DictReader(io.StringIO(plain["table.csv"])))["validation_auc"] == ""


@pytest.mark.long
def test_what_is_pooled_has_a_table_everywhere(tmp_path):
    from rich.console import Console

    results, curves = make(suites=("Toy", "Other", "Third"), formulas=("Third",))
    found = texts(tmp_path, results, curves)
    head, *body = pooled_cells(results)
    assert head == [
        "optimizer",
        "ratio to portfolio",
        "p (Holm)",
        "ratio to random",
        "p (Holm)",
        "group",
        "win rate",
        "suites",
        "Third",
    ]
    ratios = [results["pooled"]["anchors"]["portfolio"]["optimizers"][line[0]]["ratio"][0] for line in body]
    assert ratios == sorted(ratios) and {(line[5], line[7]) for line in body} == {("–", "2")}
    rated = results["pooled"]["ratings"][body[0][0]]
    assert body[0][6] == f"{100 * rated['win_rate'][0]:.0f} %"
    note = pooled_said(results)
    assert "over 2 suites (Other, Toy), 8 families" in note and "Apart, not pooled: Third (formulas)." in note
    assert "3 comparisons with portfolio and 3 comparisons with random; * survives Holm's correction" in note
    assert "No groups: 8 families are too few to tell any two apart (6 pairs, Holm, 5 %). Geometric mean" in note
    assert found["table.md"].startswith("## All suites\n\nrandom, a control, has the lowest AUC over 2 suites")
    assert "<h3>All suites</h3>" in found["report.html"]
    lines = list(csv.DictReader(io.StringIO((tmp_path / "pooled.csv").read_text())))
    assert len(lines) == 2 * len(PLAIN) and {x["anchor"] for x in lines} == {"portfolio", "random"}
    assert (tmp_path / "pooled.csv").read_text() == pooled_csv(results)
    own = results["pooled"]["anchors"]["random"]["optimizers"]["gp-ei"]
    line = next(x for x in lines if (x["anchor"], x["optimizer"]) == ("random", "gp-ei"))
    assert [float(line[k]) for k in ("ratio", "ratio_low", "ratio_high", "p", "p_holm")] == [
        *own["ratio"], own["p"], own["p_holm"],
    ]  # fmt: skip
    for key, triple in results["pooled"]["ratings"]["gp-ei"].items():
        assert [line[f"{key}{end}"] for end in ("", "_low", "_high")] == ["" if v is None else str(v) for v in triple]
    out = Console(width=200, file=io.StringIO(), force_terminal=False)
    out.print(*(sheet.table() for sheet in console_tables(results)))
    assert "All suites" in out.file.getvalue() and "ratio to random" in out.file.getvalue()


@pytest.mark.long
def test_one_suite_has_nothing_to_be_pooled_with(tmp_path):
    results, curves = make(suites=("Toy", "Third"), formulas=("Third",))
    found = texts(tmp_path, results, curves)
    assert "All suites" not in found["table.md"] + found["report.html"] and not (tmp_path / "pooled.csv").exists()
    assert len(console_tables(results)) == 2


@pytest.mark.long
def test_importing_the_report_draws_nothing():
    code = (
        "import sys, hpo_gym.bench.report; "
        "print(sorted({'matplotlib', 'jinja2', 'rich', 'pandas', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_is_quoted_for_a_shell():
    results, _ = make(("a; rm -rf x", "portfolio"))
    assert command(results) == (
        "hpo-gym bench --suite Toy --split test --start cold --budget 8 --seeds 2 --optimizers 'a; rm -rf x,portfolio'"
    )
    named = {"a; rm -rf x": "mine.py:Mine", "portfolio": ""}
    assert command(results, named, 3).endswith(" --optimizers mine.py:Mine --trainings 3")
