"""A race in front of a person: its numbers, its lines and its picture, by hand where numbers appear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import toys

import hpo_gym
from hpo_gym import Query
from hpo_gym.app._race import Race
from hpo_gym.app.demo import demo
from hpo_gym.base.errors import InvalidValueError, UnknownNameError

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


@pytest.mark.long
def test_the_picture_of_the_docs_is_what_its_command_makes(tmp_path: Path) -> None:
    demo(quiet=True, picture=tmp_path / "demo.svg")
    made, there = (tmp_path / "demo.svg").read_bytes(), DRAWING.read_bytes()
    assert made == there, "run `hpo-gym demo --quiet --picture docs/figures/demo.svg`, and say what changed"
    assert len(there) < 100_000
    with pytest.raises(InvalidValueError, match=r"must be an \.svg file"):
        demo(picture=Path("a.gif"))
