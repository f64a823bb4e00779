"""A race in front of a person: its numbers, its plot, its lines and its picture, by hand where numbers appear."""

from __future__ import annotations

import io
import re
import signal
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys
from rich.console import Console

import hpo_gym
from hpo_gym import Query, app
from hpo_gym.app.play import screen
from hpo_gym.app.play.picture import HOLD, SLOT, svg, write
from hpo_gym.app.play.race import Race
from hpo_gym.app.play.scale import Scale, shown_score
from hpo_gym.base.errors import InvalidValueError, UnknownNameError
from hpo_gym.env.render import brief

DRAWING = Path(__file__).resolve().parents[2] / "docs" / "figures" / "demo.svg"
SPACE = {"rate": (0.0, 4.0), "kind": ["a", "b"]}
RATES = [0.0, 1.0, 2.0, 3.0, 4.0]
SCORES = [0.0, 0.9, 0.5, 0.99, 1.0]
"""Best 1, worst 0: the regret is 1 less the score."""


class InOrder:
    """Tries the rows of the table from the first to the last."""

    def reset(self, context: Any, rng: Any) -> None:
        self.rates = iter(RATES)

    def ask(self) -> Query | None:
        rate = next(self.rates, None)
        return None if rate is None else Query({"rate": rate, "kind": "a"})

    def tell(self, trial: Any) -> None:
        pass


def hand() -> Any:
    tried = [{"rate": rate, "kind": "a"} for rate in RATES]
    return hpo_gym.table_suite(
        "Hand", SPACE, tried, [SCORES] * 3, tasks=["a", "b", "c"], splits={"train": ["a"], "val": ["b"], "test": ["c"]}
    )


def race(budget: int = 5, steps: int | None = None) -> Race:
    made = Race.of(InOrder, hand(), budget=budget)
    for _ in range(budget if steps is None else steps):
        made.step()
    return made


# ---------------------------------------------------------------------- numbers
def test_the_values_are_the_regret_of_the_best_so_far_by_hand() -> None:
    assert race().lanes[0].values == pytest.approx([1.0, 0.1, 0.1, 0.01, 0.0])


@pytest.mark.parametrize("suite", [toys.plain, toys.gappy, toys.noisy], ids=lambda s: s.__name__)
@pytest.mark.parametrize("seed", [0, 3])
def test_each_lane_is_a_rollout_of_the_same_seed(suite: Any, seed: int) -> None:
    made = Race.of("transfer-mix", suite(), "e", budget=4, seed=seed)
    while not made.over:
        made.step()
    task, prior = suite().task("e"), suite().prior()
    assert [lane.name for lane in made.lanes] == ["transfer-mix", "portfolio", "random"]
    for lane in made.lanes:
        alone = hpo_gym.rollout(hpo_gym.make_optimizer(lane.name), task, 4, seed=seed, prior=prior)
        assert lane.history == alone
        assert lane.values == pytest.approx(hpo_gym.regret_of(alone, task, 4))


def test_lower_fidelities_share_an_evaluation() -> None:
    class Cheap(InOrder):
        def ask(self) -> Query:
            return Query(toys.gappy().space.default, 1 / 3)

    made = Race.of(Cheap, toys.gappy(), budget=2)
    made.step()
    assert len(made.lanes[0].history) == 3 and made.lanes[0].counts == [3]


def test_a_run_that_ends_keeps_its_last_value() -> None:
    assert race(budget=7).lanes[0].values == pytest.approx([1.0, 0.1, 0.1, 0.01, 0.0, 0.0, 0.0])


def test_a_control_runs_once() -> None:
    assert [lane.name for lane in Race.of("random", hand(), budget=2).lanes] == ["random", "portfolio"]


@pytest.mark.long
def test_the_task_is_the_first_of_a_comparison_on_validation(tmp_path: Path, undrawn: None) -> None:
    found = hpo_gym.benchmark("random", toys.plain(), split="val", tasks=1, budget=1, seeds=1, out=tmp_path / "out")
    assert Race.of("random", toys.plain(), budget=1).task.name == found.curves["Plain"][0].tasks[0]


def test_a_task_of_training_is_told_of_no_relative_and_says_so() -> None:
    made = Race.of("portfolio", toys.plain(), "a", budget=2)
    made.step()
    assert made.notes == ["A meta-train task: the controls are not told of it, what was trained may have been."]
    assert made.lanes[0].values == pytest.approx(
        hpo_gym.regret_of(
            hpo_gym.rollout(
                hpo_gym.make_optimizer("portfolio"), toys.plain().task("a"), 2,
                prior=[e for e in toys.plain().prior() if e.family != "a"],
            ),
            toys.plain().task("a"), 2,
        )[:1]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (("q-learning", "SVM"), InvalidValueError, "`hpo-gym train q-learning --out mine`"),
        (("SVM", "SVM"), InvalidValueError, "'SVM' is a suite: `hpo-gym demo transfer-mix SVM`"),
        (("randon", "SVM"), UnknownNameError, "Did you mean 'random'"),
        (("random", "SVM", "strok"), UnknownNameError, "Did you mean 'stroke'"),
        (("random", "NASBench201"), InvalidValueError, "must have a validation task.*name a task"),
        (("transfer-mix", "Schedules"), InvalidValueError, "go on from each other"),
    ],
)
def test_what_cannot_race_is_refused(arguments: tuple[str, ...], error: type[Exception], match: str) -> None:
    agent, suite, *task = arguments
    with pytest.raises(error, match=match):
        Race.of(agent, hpo_gym.load_suite(suite), *task).step()


# ---------------------------------------------------------------------- the plot
@pytest.mark.parametrize(
    ("value", "place"), [(1.0, 0.0), (0.1, 0.3), (0.01, 0.6), (0.001, 0.9), (0.0009, 1.0), (0.0, 1.0), (3.0, 0.0)]
)
def test_a_decade_of_regret_takes_a_third_of_nine_tenths(value: float, place: float) -> None:
    assert Scale(share=0.9).place(value) == pytest.approx(place)


def test_scores_stand_on_a_linear_axis() -> None:
    scale = Scale(-1.0, 3.0)
    assert [scale.place(v) for v in (3.0, 2.0, -1.0)] == [0.0, 0.25, 1.0]
    assert list(scale.ticks) == [(3.0, "3"), (1.0, "1"), (-1.0, "-1")]


def test_the_plot_by_hand() -> None:
    rows = screen.plot(race(), 15)
    assert [label for label, _ in rows] == ["1", "", "", ".1", "", "", ".01", "", "", ".001", "<.001"]
    mine = {(r, c) for r, (_, row) in enumerate(rows) for c, lane in enumerate(row) if lane == 0}
    assert mine == {(0, 0), (3, 3), (3, 6), (6, 9), (10, 12)}  # three columns an evaluation, three rows a decade


@pytest.mark.parametrize(
    ("budget", "width", "columns"),
    [(3, 12, [0, 3, 6]), (5, 11, [0, 2, 4, 6, 8]), (4, 4, [0, 1, 2, 3]), (6, 3, [0, 0, 1, 1, 2, 2])],
)
def test_evaluations_have_up_to_three_columns_or_share_them(budget: int, width: int, columns: list[int]) -> None:
    assert [screen.column(k, budget, width) for k in range(budget)] == columns


def test_the_axis_by_hand() -> None:
    assert screen.axis(10, 30, "+-") == f"      +{'-' * 28}\n{' ' * 7}1  2     4     6     8     10"
    assert screen.axis(3, 9, "+-") == f"      +{'-' * 7}\n{' ' * 7}1  2  3"


def test_values_in_few_characters() -> None:
    assert [shown_score(v) for v in (0.5, 12.3456, float("nan"), -0.25)] == ["0.5000", "12.35", "-", "-0.2500"]
    assert [brief("abcdefgh", 5), brief("abcde", 5)] == ["ab…gh", "abcde"]


# ---------------------------------------------------------------------- the screen
def watched(width: int, **options: Any) -> str:
    out = io.StringIO()
    console = Console(width=width, height=40, file=out, force_terminal=True, **options)
    screen.show(race(steps=0), console, 0.0)
    return out.getvalue()


def test_in_a_pipe_it_is_a_line_for_each_evaluation(capsys: pytest.CaptureFixture[str]) -> None:
    screen.show(race(steps=0), Console(file=io.StringIO()), 60.0)  # nobody watches: it does not wait
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "InOrder on Hand, validation task b"
    assert lines[2].split() == ["InOrder", "portfolio", "random", "InOrder", "tries", "(*", "its", "best", "so", "far)"]
    tried = [(line.split()[:2], line.split()[4:]) for line in lines[3:]]
    assert tried == [
        (["1", "1.0000"], ["rate=0", "kind=a", "*"]),
        (["2", "0.1000"], ["rate=1", "kind=a", "*"]),
        (["3", "0.1000"], ["rate=2", "kind=a"]),
        (["4", "0.0100"], ["rate=3", "kind=a", "*"]),
        (["5", "0.0000"], ["rate=4", "kind=a", "*"]),
    ]


@pytest.mark.parametrize("width", [40, 80])
def test_in_a_terminal_it_fits(width: int) -> None:
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", watched(width, no_color=True))
    assert max(len(line) for line in re.split(r"[\r\n]", text)) <= width
    assert "● InOrder 0.0000" in text and "tries rate=4 kind=a *" in " ".join(text.split())


def test_no_color_means_no_colour() -> None:
    assert re.search(r"\x1b\[[0-9;]*3[0-9;]*m", watched(80, color_system="256"))
    assert not re.search(r"\x1b\[(3|4|9)[0-9;]*m", watched(80, color_system="256", no_color=True))


def test_a_terminal_that_cannot_go_back_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    screen.show(race(steps=0), Console(file=io.StringIO(), force_terminal=True), 0.0)
    assert len(capsys.readouterr().out.splitlines()) == 3 + 5


def test_it_takes_the_seconds_that_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    console = Console(width=80, height=40, file=io.StringIO(), force_terminal=True)
    screen.show(race(steps=0), console, 20.0)
    assert now[0] == pytest.approx(120.0)


# ---------------------------------------------------------------------- the picture
def test_the_picture_is_whole_and_the_same_each_time(tmp_path: Path) -> None:
    text = svg(race())
    assert text == svg(race())
    top = ElementTree.fromstring(text)
    name = "{http://www.w3.org/2000/svg}"
    assert top.attrib["viewBox"] == "0 0 800 420" and top.attrib["role"] == "img"
    assert top.findtext(f"{name}title") == "InOrder on Hand, validation task b"
    assert (top.findtext(f"{name}desc") or "").startswith("regret after 5 evaluations: InOrder 0.0000")
    write(race(), tmp_path / "deep.svg")
    assert (tmp_path / "deep.svg").read_text(encoding="utf-8") == text


def test_the_curve_of_the_picture_by_hand() -> None:
    """The plot is 410 x 256 at (58, 112), five evaluations: 41 + 82 k; a decade is 76.8 high."""
    text = svg(race())
    steps = re.findall(r'<path class="l0" d="(M[^"]*V[^"]*)"', text)
    assert steps == [
        "M99.0 112.0H181.0V188.8", "M181.0 188.8H263.0V188.8", "M263.0 188.8H345.0V265.6", "M345.0 265.6H427.0V368.0",
    ]  # fmt: skip
    dots = re.findall(r'<circle class="d" cx="([\d.]+)" cy="([\d.]+)"', text)
    assert dots[2] == ("263.0", "135.1")  # a regret of .5: 112 + 76.8 log10(2)


def test_what_has_no_value_yet_is_not_drawn() -> None:
    """Where the best is not known, a run has none before its first success."""
    made = race()
    made.lanes[0].values[:2] = [float("nan")] * 2
    text = svg(made)
    assert "nan" not in text
    assert re.findall(r'<path class="l0" d="(M[^"]*h.1|M[^"]*V[^"]*)"', text)[:2] == [
        "M263.0 188.8h.1", "M263.0 188.8H345.0V265.6",
    ]  # fmt: skip
    assert all(lane != 0 for _, row in screen.plot(made, 15) for lane in row[:6])


def test_the_clock_of_the_picture_by_hand() -> None:
    """Five slots of .45 s and the end: a slot is 7.2 % of 6.25 s."""
    assert (SLOT, HOLD) == (0.45, 4.0)
    text = svg(race())
    assert "@keyframes k1{0%{opacity:0}7.2%{opacity:1}}.k1{animation:k1 6.25s step-end infinite}" in text
    assert "@keyframes t4{0%{opacity:0}28.8%{opacity:1}100%{opacity:1}}" in text
    rate = re.search(r"@keyframes h\d\{(0%\{transform:translateX\(0\.0px\)[^@]*)", text)
    assert rate is not None
    stops = re.findall(r"([\d.]+)%\{transform:translateX\(([\d.]+)px\);opacity:1\}", rate[1])
    assert stops[:3] == [("0", "0.0"), ("7.2", "0.0"), ("9.72", "22.0")]  # .35 of a slot later, a quarter of 88
    assert stops[-1] == ("100", "88.0")


@pytest.mark.long
def test_the_picture_of_the_docs_is_what_its_command_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["hpo-gym", "demo", "--quiet", "--picture", str(tmp_path / "demo.svg")])
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stop:
        app.main()
    signal.signal(signal.SIGTERM, before)
    assert stop.value.code == 0
    made, there = (tmp_path / "demo.svg").read_bytes(), DRAWING.read_bytes()
    assert made == there, "run `hpo-gym demo --quiet --picture docs/figures/demo.svg`, and say what changed"
    assert len(there) < 100_000


def test_a_picture_is_an_svg_file() -> None:
    with pytest.raises(InvalidValueError, match=r"must be an \.svg file, got 'a\.gif'; the nearest is 'a\.svg'"):
        write(race(), Path("a.gif"))


def test_spaces_of_many_hyperparameters_name_how_many_are_left_out() -> None:
    space = {f"h{j:02}": (0.0, 1.0) for j in range(30)}
    tried = [{name: float(v) for name in space} for v in np.linspace(0, 1, 4)]
    suite = hpo_gym.table_suite("Wide", space, tried, [[0.1, 0.2, 0.3, 0.4]], tasks=["a"], splits={"val": ["a"]})
    made = Race.of("random", suite, budget=2)
    while not made.over:
        made.step()
    text = svg(made)
    assert "and 4 more" in text and "h25" in text and "h26" not in text
