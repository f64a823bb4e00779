"""The page: who leads, ranks, values of curves, single runs, failures by task, its policy, its provenance, its size."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from reports import chosen, ranged
from test_report import HOSTILE, PLAIN, Tags, make

from hpo_gym.bench.groups import Leaders, leaders, pooled_leaders, with_groups
from hpo_gym.bench.intervals import equal_families
from hpo_gym.bench.metrics import Curves, by_auc, critical_difference, ranks
from hpo_gym.bench.pooling import pooled
from hpo_gym.bench.report import Beside, style, write_report
from hpo_gym.bench.report.figures import mean_ranks
from hpo_gym.bench.report.page import failure_grids
from hpo_gym.bench.report.suite_page import task_values
from hpo_gym.bench.report.tables import rows
from hpo_gym.bench.single_runs import SHOWN, TRIALS, SingleRun, SuiteRuns, Tried, shown, typical, within
from hpo_gym.bench.summaries import summaries

MOST = 6_000_000  # bytes


def constant(name, by_task, families=(), suite="Toy", trials=2):
    """Curves that stay at one regret on each task."""
    regret = np.repeat(np.array(by_task, float)[:, None, None], trials, axis=2)
    return Curves(suite, name, tuple(f"t{i}" for i in range(len(by_task))), regret, families)


def written(folder, results, curves, **keywords):
    write_report(folder, results, curves, **keywords)
    return (folder / "report.html").read_text()


# ---------------------------------------------------------------------- who leads
def test_a_lead_that_all_six_families_share_is_told_and_another_is_not():
    """p of an equal difference in six families is 2 / 2**6; Holm doubles the lower of two."""
    low, far = constant("low", [0.1] * 6), constant("far", [0.5] * 6)
    mixed = constant("mixed", [0.0, 0.0, 0.0, 0.3, 0.3, 0.3])
    found = leaders([far, mixed, low])
    assert found.best == "low"
    assert found.p_holm == {"far": 0.0625, "mixed": 0.625}  # 2 * 2/64; 40 of 64 exchanges part them by 0.3 or more
    assert found.leads("low") and found.leads("mixed") and found.leads("far")
    seven = leaders([constant("low", [0.1] * 7), constant("far", [0.5] * 7)])
    assert seven.p_holm == {"far": 2 / 2**7} and not seven.leads("far")


def test_of_equals_the_first_by_name_is_the_best_and_both_lead():
    found = leaders([constant("b", [0.1, 0.2]), constant("a", [0.2, 0.1])])
    assert found == Leaders("a", {"b": 1.0}) and found.leads("b")


def test_one_family_tells_nobody_apart():
    found = leaders([constant(n, [v] * 4, ("x",) * 4) for n, v in (("a", 0.1), ("b", 0.9))])
    assert found.p_holm == {"b": None} and found.leads("b")


def test_what_lacks_a_suite_is_never_the_pooled_best():
    both = [constant(n, [v] * 7, suite="S") for n, v in (("portfolio", 0.4), ("a", 0.2), ("b", 0.1))]
    curves = {"S": both, "T": [constant(n, [v] * 7, suite="T") for n, v in (("portfolio", 0.4), ("a", 0.2))]}
    ratios = {"portfolio": {"ratio": [1.0], "n_suites": 2}, "a": {"ratio": [0.5], "n_suites": 2},
              "b": {"ratio": [0.25], "n_suites": 1}}  # fmt: skip
    found = pooled_leaders(curves, ratios)
    assert found.best == "a" and found.p_holm == {"portfolio": 0.03125, "b": 0.03125}  # two comparisons of 2 / 2**7


@pytest.mark.long
def test_the_page_crowns_nobody_who_is_not_told_apart(tmp_path):
    results, curves = make(k=8)
    html = written(tmp_path, results, curves)
    found = leaders(curves["Toy"])
    leading = [n for n in PLAIN if found.leads(n)]
    assert len(leading) > 1, "random curves of eight tasks"
    marked = re.findall(r'<tr class="[^"]*leads"><th scope=row>([^<]*)', html)
    assert sorted(marked) == sorted(leading)


@pytest.mark.long
def test_letters_stand_beside_the_names(tmp_path):
    areas = {"portfolio": 0.4, "low": 0.1, "far": 0.5}  # each pair differs alike in nine families: 3 * 2 / 2**9
    curves = {suite: [constant(n, [v] * 9, suite=suite) for n, v in areas.items()] for suite in ("Toy", "Other")}
    results, _ = make(suites=("Toy", "Other"))
    results["suites"] = {suite: summaries(group, group, 0) for suite, group in curves.items()}
    results["timings"] = {}
    results["pooled"] = with_groups(pooled(curves), curves)
    page = written(tmp_path, results, curves, timings=False)
    for name in ("Results, Toy", "All suites"):
        table = page[page.index(f'aria-label="{name}') :].split("</table>")[0]
        lines = [re.split(r"<t[hd]\b[^>]*>", row)[1:3] for row in table.split("<tr")[1:]]
        plain = [tuple(re.sub("<[^>]*>", " ", text).split()[0] for text in line) for line in lines]
        assert plain == [("optimizer", "group"), ("low", "a"), ("portfolio", "b"), ("far", "c")]


# ---------------------------------------------------------------------- ranks
@pytest.mark.long
@pytest.mark.parametrize("families", [(), ("a", "a", "a", "b", "b", "c", "d", "e")])
def test_ranks_of_the_diagram_are_those_of_the_table(tmp_path, families):
    results, curves = make(k=8, families=families)
    html = written(tmp_path, results, curves)
    table = {row.optimizer: row.summary["rank"][0] for row in rows(results, "Toy")}
    assert dict(zip(PLAIN, mean_ranks(curves["Toy"]), strict=True)) == table
    title = html.index("Toy: Critical difference")
    diagram = html[html.rindex("<svg", 0, title) : html.index("</svg>", title)]
    for name, rank in table.items():
        assert f">{name}\u2002{rank:.2f}<" in diagram


@pytest.mark.parametrize("sizes", [(1,) * 10, (10, 3, 3, 1, 1, 1, 1, 1)])
def test_six_equal_optimizers_are_seldom_told_apart(sizes):
    """Where the tasks of a family are all alike: the worst case for means over tasks."""
    rng, share = np.random.default_rng(0), np.array(sizes) / sum(sizes)
    by_family = ranks(rng.random((4000, len(sizes), 6)))
    mean = np.einsum("f,sfk->sk", share, by_family)
    span = mean.max(axis=1) - mean.min(axis=1)
    families = [str(i) for i, n in enumerate(sizes) for _ in range(n)]
    assert (span > critical_difference(6, equal_families(families))).mean() < 0.06
    if len(set(sizes)) > 1:
        each = critical_difference(6, len(sizes))  # as if each family weighed the same
        assert (span > each).mean() == pytest.approx(0.42, abs=0.03)


# ---------------------------------------------------------------------- tasks
def test_the_hardest_task_is_on_top_and_families_are_told_where_they_differ():
    a, b = (constant(n, v, ("f", "f", "g")) for n, v in (("a", [0.1, 0.9, 0.2]), ("b", [0.5, 0.5, 0.5])))
    table = task_values(by_auc([b, a]))
    assert table.head == ("task", "family", "a", "b")
    assert [row.cells[0].text for row in table.rows] == ["t1", "t2", "t0"]
    assert [c.text for c in table.rows[0].cells] == ["t1", "f", "0.9000", "0.5000"]
    alone = task_values([constant("a", [0.1])])
    assert alone.head == ("task", "a")


# ---------------------------------------------------------------------- failures
def test_failures_are_counted_by_optimizer_and_by_task():
    regret = np.full((2, 2, 3), 0.5)
    lost = regret.copy()
    lost[1, 0] = np.nan
    curves = {"S": [Curves("S", "a", ("t", "u"), regret), Curves("S", "b", ("t", "u"), lost)]}
    by_optimizer, by_task = failure_grids(curves, {"S": {"a": {"t": 2}, "b": {"t": 1}}})
    assert [[c.text for c in row.cells] for row in by_optimizer.rows] == [
        ["b", "S", "1", "1", "u and t"], ["a", "S", "0", "2", "t"],
    ]  # fmt: skip
    assert [[c.text for c in row.cells] for row in by_task.rows] == [
        ["u", "S", "1", "0", "b"], ["t", "S", "0", "3", "a and b"],
    ]  # fmt: skip
    assert failure_grids({"S": curves["S"][:1]}, {}) == []


# ---------------------------------------------------------------------- single runs
def test_the_run_that_is_shown_is_the_median_task_and_seed_of_all():
    tasks = ("t", "u", "v")
    areas = np.array([[0.1, 0.2, 0.3], [0.9, 0.4, 0.5], [0.7, 0.8, 0.6]])  # mean 0.2, 0.6, 0.7: u; of u 0.5 is third
    group = [Curves("S", n, tasks, np.repeat((areas + d)[:, :, None], 2, axis=2)) for n, d in (("a", 0.0), ("b", 0.1))]
    assert typical(group) == ("u", 2)


def test_whose_runs_are_shown_are_the_controls_and_the_lowest():
    group = [constant(f"m{i:02}", [0.1 + i / 100]) for i in range(20)] + [constant("random", [0.9])]
    assert shown(group) == [*(f"m{i:02}" for i in range(8)), "random"]


def test_runs_are_shown_while_there_is_room_for_their_trials():
    runs = [SingleRun(n, 0.1, 0.1, 0, (tried(1.0, {}),) * k) for n, k in (("a", 3), ("b", 9), ("c", 2), ("d", 1))]
    assert [run.optimizer for run in within(runs, 5)] == ["a", "c"]
    assert [run.optimizer for run in within(runs, 15)] == ["a", "b", "c", "d"]


def tried(score, config, status="ok", test=None):
    return Tried(score, test, 1.0, status, config)


AXES = (
    ranged("lr", 0.001, 1.0, True), ranged("depth", 1.0, 9.0, False),
    chosen("kind", ("tree", "a [b]")), ranged("never", 0.0, 1.0, False),
)  # fmt: skip
THREE = (
    tried(0.5, {"lr": 0.03162277, "kind": "tree"}, test=0.4),
    tried(None, {"lr": 1.0, "depth": 3, "kind": "a [b]"}, "failed"),
    tried(0.75, {"lr": 0.001, "kind": "a [b]"}, test=0.8),
)  # fmt: skip
RUN = SingleRun("gp-ei", 0.25, 0.125, 1, THREE)


@pytest.mark.long
def test_a_run_is_a_plain_table_of_its_trials(tmp_path):
    results, curves = make()
    html = written(tmp_path, results, curves, beside=Beside({"Toy": SuiteRuns("t1", "f", 0, AXES, (RUN,), 3)}))
    Tags(html)
    run = html[html.index('<details class="card run"') :]
    run = run[: run.index("</details>")]
    heads = re.findall(r"<th scope=\"col\"[^>]*>([^<]*)<", run)
    assert heads == ["trial", "score", "test score", "status", "lr", "depth", "kind"]  # `never` is active in no trial
    cells = [[c.strip() for c in re.findall(r"<t[hd][^>]*>([^<]*)", row)] for row in run.split("<tr>")[2:]]
    assert cells == [
        ["1", "0.5", "0.4", "ok", "0.03162", "", "tree"], ["2", "–", "–", "failed", "1", "3", "a [b]"],
        ["3", "0.75", "0.8", "ok", "0.001", "", "a [b]"],
    ]  # fmt: skip
    assert run.count("<svg") == 1 and "Not shown: 3 optimizers" in html


@pytest.mark.long
def test_hostile_names_of_hyperparameters_and_choices_are_escaped(tmp_path):
    results, curves = make((*HOSTILE, "portfolio"))
    axes = tuple(chosen(name, (*HOSTILE, "'\"")) for name in HOSTILE)
    trials = (tried(1.0, dict.fromkeys(HOSTILE, HOSTILE[0]), status="<b>"),)
    run = SingleRun(HOSTILE[0], 0.1, 0.1, 0, trials)
    failed = {"Toy": {HOSTILE[0]: {"t1": 3}}}
    shown = SuiteRuns(HOSTILE[0], HOSTILE[3], 0, axes, (run,), 0)
    plain = Tags(written(tmp_path / "a", results, curves))
    html = written(tmp_path / "b", results, curves, beside=Beside({"Toy": shown}, failed, {HOSTILE[0]: HOSTILE[0]}))
    tags = Tags(html)
    assert tags.seen.count("script") == 1 and tags.seen.count("b") == plain.seen.count("b") + 1  # the run's name


# ---------------------------------------------------------------------- policy and provenance
@pytest.mark.long
def test_the_policy_allows_this_script_alone(tmp_path):
    results, curves = make()
    beside = Beside({"Toy": SuiteRuns("t1", "f", 0, AXES, (RUN,), 0)})
    html = written(tmp_path, results, curves, beside=beside)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == "'none'"
    (text,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert rules["script-src"] == f"'sha256-{digest}'"
    markup = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"<[^>]*\son\w+=", markup), "no inline handlers"
    assert "javascript:" not in html and not re.search(r"<(link|img|iframe|object|form|base)\b", markup)


def test_the_style_sheet_and_the_figures_have_the_same_colours():
    css = (Path(style.__file__).parent / "page.css").read_text()
    light = css[: css.index("@media")]
    assert re.findall(r"--f\d: (#\w+);", light) == list(style.FIFTHS) and f"--bad: {style.BAD};" in light
    for name in ("ink", "faint", "line", "card"):
        value = {"line": style.GRID, "card": style.PAPER}.get(name) or getattr(style, name.upper())
        assert value.startswith(re.search(rf"--{name}: (#\w+);", light)[1])


# ---------------------------------------------------------------------- size
@pytest.mark.slow
def test_sixty_optimizers_on_twelve_suites_fit_into_six_megabytes(tmp_path: Path):
    """Forty tasks of a suite; runs of as many trials as there may be, with 24 hyperparameters, half of them active."""
    names = ("portfolio", "default", "random", *(f"method-{i:02}" for i in range(57)))
    suites = tuple(f"Suite-{i}" for i in range(12))
    families = tuple(f"family-{i // 2}" for i in range(40))
    results, curves = make(names, suites, k=40, r=2, h=33, families=families, on_test=suites[:6])
    rng = np.random.default_rng(0)
    axes = tuple(ranged(f"method:parameter-{i}", 1e-5, 10.0, True) for i in range(24))

    def run(name):
        trials = (tried(*rng.random(1), {a.name: rng.random() for a in axes if rng.random() < 0.5}, test=0.123456)
                  for _ in range(TRIALS // len(suites) // SHOWN))  # fmt: skip
        return SingleRun(name, 0.1, 0.1, 0, tuple(trials))

    runs = {s: SuiteRuns("t1", "f", 0, axes, tuple(map(run, shown(curves[s]))), 48) for s in suites}
    failed = {s: {n: {f"t{i}": 3 for i in range(40)} for n in names} for s in suites}
    html = written(tmp_path, results, curves, beside=Beside(runs, failed))
    assert html.count('<details class="card run"') == 12 * SHOWN
    size = len(html.encode())
    assert 2_000_000 < size <= MOST, f"{size:,} bytes"
