"""A race in front of a person: its numbers, its lines and its picture, by hand where numbers appear."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys

import hpo_gym
from hpo_gym import Query
from hpo_gym.app._picture import HOLD, SLOT, shown_score, svg
from hpo_gym.app._race import Race
from hpo_gym.app.demo import demo
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


def race(budget: int = 5) -> Race:
    return Race.of(InOrder, hand(), budget=budget)


# ---------------------------------------------------------------------- numbers
def test_the_values_are_the_regret_of_the_best_so_far_by_hand() -> None:
    assert race().lanes[0].values == pytest.approx([1.0, 0.1, 0.1, 0.01, 0.0])
    assert race(budget=7).lanes[0].values == pytest.approx([1.0, 0.1, 0.1, 0.01, 0.0, 0.0, 0.0])  # it ends by itself


@pytest.mark.parametrize("suite", [toys.plain, toys.gappy, toys.noisy], ids=lambda s: s.__name__)
def test_each_lane_is_a_rollout_of_the_same_seed(suite: Any) -> None:
    made = Race.of("transfer-mix", suite(), "e", budget=4, seed=3)
    task, prior = suite().task("e"), suite().prior()
    assert [lane.name for lane in made.lanes] == ["transfer-mix", "portfolio", "random"]
    for lane in made.lanes:
        alone = hpo_gym.rollout(hpo_gym.make_optimizer(lane.name), task, 4, seed=3, prior=prior)
        assert lane.history == alone and lane.values == pytest.approx(hpo_gym.regret_of(alone, task, 4))


def test_lower_fidelities_share_an_evaluation() -> None:
    class Cheap(InOrder):
        def ask(self) -> Query:
            return Query(toys.gappy().space.default, 1 / 3)

    lane = Race.of(Cheap, toys.gappy(), budget=2).lanes[0]
    assert len(lane.history) == 6 and lane.tried == [(lane.history[2], False), (lane.history[5], False)]


def test_a_control_runs_once() -> None:
    assert [lane.name for lane in Race.of("random", hand(), budget=2).lanes] == ["random", "portfolio"]


@pytest.mark.long
def test_the_task_is_the_first_of_a_comparison_on_validation(tmp_path: Path, undrawn: None) -> None:
    found = hpo_gym.benchmark("random", toys.plain(), split="val", tasks=1, budget=1, seeds=1, out=tmp_path / "out")
    assert Race.of("random", toys.plain(), budget=1).task.name == found.curves["Plain"][0].tasks[0]


def test_a_task_of_training_is_told_of_no_relative_and_says_so() -> None:
    made, suite = Race.of("portfolio", toys.plain(), "a", budget=2), toys.plain()
    assert made.notes == ["A meta-train task: the controls are not told of it, what was trained may have been."]
    others = [e for e in suite.prior() if e.family != "a"]
    assert made.lanes[0].history == hpo_gym.rollout("portfolio", suite.task("a"), 2, prior=others)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (("q-learning", "SVM"), InvalidValueError, "must be trained"),
        (("SVM", "SVM"), InvalidValueError, "An agent must come first"),
        (("randon", "SVM"), UnknownNameError, "Did you mean 'random'"),
        (("random", "SVM", "strok"), UnknownNameError, "Did you mean 'stroke'"),
    ],
)
def test_what_cannot_race_is_refused(arguments: tuple[str, ...], error: type[Exception], match: str) -> None:
    agent, suite, *task = arguments
    with pytest.raises(error, match=match):
        Race.of(agent, hpo_gym.load_suite(suite), *task)


def test_values_in_few_characters() -> None:
    assert [shown_score(v) for v in (0.5, 12.3456, float("nan"), -0.25)] == ["0.5000", "12.35", "-", "-0.2500"]
    assert [brief("abcdefgh", 5), brief("abcde", 5)] == ["ab…gh", "abcde"]


def test_it_is_a_line_for_each_evaluation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hand().save(tmp_path / "hand")
    demo("random", str(tmp_path / "hand"), budget=3)
    title, said, head, *lines, end = capsys.readouterr().out.splitlines()
    assert title == "random on Hand, validation task b" and said.startswith("regret of the best score so far")
    assert head.split()[:4] == ["random", "portfolio", "random", "tries"]
    first = Race.of("random", hand(), budget=3).lanes[0]
    for k, line in enumerate(lines):
        config = first.history[k].config
        assert line.split()[:2] == [str(k + 1), f"{first.values[k]:.4f}"]
        assert f"rate={config['rate']:g} kind={config['kind']}" in line
    assert len(lines) == 3 and lines[0].endswith(" *")
    assert end.startswith(f"regret after 3 evaluations: random {first.values[-1]:.4f}, portfolio ")


# ---------------------------------------------------------------------- the picture
def test_the_picture_is_whole_and_the_same_each_time() -> None:
    text = svg(race())
    assert text == svg(race())
    top = ElementTree.fromstring(text)
    name = "{http://www.w3.org/2000/svg}"
    assert top.attrib["viewBox"] == "0 0 800 420" and top.attrib["role"] == "img"
    assert top.findtext(f"{name}title") == "InOrder on Hand, validation task b"
    assert (top.findtext(f"{name}desc") or "").startswith("regret after 5 evaluations: InOrder 0.0000")


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
    mine = replace(made.lanes[0], values=[float("nan")] * 2 + [*made.lanes[0].values[2:]])
    text = svg(replace(made, lanes=[mine, *made.lanes[1:]]))
    assert "nan" not in text
    assert re.findall(r'<path class="l0" d="(M[^"]*h.1|M[^"]*V[^"]*)"', text)[:2] == [
        "M263.0 188.8h.1", "M263.0 188.8H345.0V265.6",
    ]  # fmt: skip


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
def test_the_picture_of_the_docs_is_what_its_command_makes(tmp_path: Path) -> None:
    demo(quiet=True, picture=tmp_path / "demo.svg")
    made, there = (tmp_path / "demo.svg").read_bytes(), DRAWING.read_bytes()
    assert made == there, "run `hpo-gym demo --quiet --picture docs/figures/demo.svg`, and say what changed"
    assert len(there) < 100_000
    with pytest.raises(InvalidValueError, match=r"must be an \.svg file"):
        demo(picture=Path("a.gif"))


def test_spaces_of_many_hyperparameters_name_how_many_are_left_out() -> None:
    space = {f"h{j:02}": (0.0, 1.0) for j in range(30)}
    tried = [{name: float(v) for name in space} for v in np.linspace(0, 1, 4)]
    suite = hpo_gym.table_suite("Wide", space, tried, [[0.1, 0.2, 0.3, 0.4]], tasks=["a"], splits={"val": ["a"]})
    text = svg(Race.of("random", suite, budget=2))
    assert "and 4 more" in text and "h25" in text and "h26" not in text
