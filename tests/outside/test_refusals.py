"""A refused proposal costs a trial, is never evaluated, and replays: on tables, points, trainings, budgets in cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest
import toys

import hpo_gym
from hpo_gym import Query, Refusal, Status, load_suite, rollout
from hpo_gym.base import InvalidValueError, ProposalsRefusedError
from hpo_gym.bench import Entry, benchmark, leaderboard, named_protocol, pack, records_of, regret_of
from hpo_gym.problem import History, Trial
from hpo_gym.suites.own.suite import table_suite

NO = Refusal("`a <= 1` must hold, got 7.")
CARD = {
    "authors": ["Ada"], "code": "https://example.org/x", "about": "Draws.", "training": "nothing", "families": [],
    "train_seconds": 0.0, "test_evaluations": 1, "hardware": "a desk",
}  # fmt: skip


class Says:
    """Proposes the queries that it is given, one after the other, and keeps what it is told."""

    def __init__(self, queries: Sequence[Query] = ()) -> None:
        self.queries = queries

    def reset(self, context: Any, rng: Any) -> None:
        self.left, self.told = list(self.queries), list[Trial]()

    def ask(self) -> Query | None:
        return self.left.pop(0) if self.left else None

    def tell(self, trial: Trial) -> None:
        self.told.append(trial)


def at(value: float, fidelity: float = 1.0) -> Query:
    return Query({"a": value}, fidelity)


def by_hand(**more: Any) -> Any:
    """One number; scores 0, 1, .5 and .25 at 0, .3, .6 and .9, test scores the other way round, and costs 1 to 4."""
    space, x = cs.ConfigurationSpace({"a": (0.0, 1.0)}), np.array([[0.0], [0.3], [0.6], [0.9]])
    scores = np.array([[0.0, 1.0, 0.5, 0.25]] * 3)
    splits, costs = {"train": ["c"], "test": ["a", "b"]}, np.array([[1.0, 2.0, 3.0, 4.0]] * 3)
    options: dict[str, Any] = {"tasks": ["a", "b", "c"], "splits": splits, "costs": costs, **more}
    return table_suite("Hand", space, x, scores, test_scores=1.0 - scores, **options)


def task() -> Any:
    return by_hand().tasks("test")[0]


# ---------------------------------------------------------------------- one run
def test_it_has_the_worst_success_so_far_and_takes_a_trial() -> None:
    says = Says([NO, at(0.3), at(0.6), NO, at(0.0), NO])
    history = rollout(says, task(), budget=6)
    assert history.scores == (0.0, 1.0, 0.5, 0.5, 0.0, 0.0)  # the floor of no earlier task is 0
    assert [s.name for s in history.statuses] == ["INVALID", "OK", "OK", "INVALID", "OK", "INVALID"]
    assert history.configs[0] == {}
    assert history.costs == (0.0, 2.0, 3.0, 0.0, 1.0, 0.0)
    assert history.incumbents == (-1, 1, 1, 1, 1, 1)
    told = says.told[3].query
    assert isinstance(told, Refusal)
    assert told.reason == NO.reason


def test_refusals_alone_have_no_incumbent_and_the_worst_regret() -> None:
    history = rollout(Says([NO] * 9), task(), budget=3)
    assert len(history) == 3
    assert history.incumbent is None
    assert History(history.trials, 0).incumbents == (-1, -1, -1)
    assert regret_of(history, task(), 3).tolist() == [1.0, 1.0, 1.0]


def test_a_refusal_counts_as_a_whole_trial_where_trials_have_fidelities() -> None:
    suite = toys.gappy()
    one = suite.tasks("test")[0]
    config = one.space.decode(one.measured_pool[:1])[0]
    low = one.fidelities[0]
    history = rollout(Says([Query(config, low), NO, Query(config, low)]), one, budget=2)
    assert history.fidelities[:2] == (low, 1.0)
    assert history.incumbents[1] == 0  # though its fidelity is higher
    spent = sum(history.fidelities)
    assert spent <= 2.0 + 1e-9
    arrays = hpo_gym.bench.incumbent.arrays_of(history, one)
    assert arrays["refused"].tolist() == [0, 1, *[0] * (len(history) - 2)]


def test_of_a_budget_in_cost_it_takes_a_unit_as_far_as_there_is_one() -> None:
    history = rollout(Says([at(0.3), NO, at(0.0), NO]), task(), budget_cost=2.5)
    unit = task().cost_unit
    assert unit == 2.5  # the mean of 1, 2, 3 and 4
    assert history.costs == pytest.approx((2.0, 2.5, 1.0, 2.5 * 2.5 - 5.5))
    assert [s.name for s in history.statuses] == ["OK", "INVALID", "OK", "INVALID"]


def test_points_are_not_evaluated() -> None:
    seen = []

    def objective(config: dict[str, Any]) -> float:
        seen.append(config["a"])
        return float(config["a"])

    suite = hpo_gym.live_suite("Own", {"a": (0.0, 1.0)}, {"one": objective})
    history = rollout(Says([at(0.5), NO, at(0.25), NO]), suite.tasks("test")[0], budget=4)
    assert history.scores == (0.5, 0.5, 0.25, 0.25)
    assert len(rollout(Says([NO, NO]), suite.tasks("test")[0], budget=2)) == 2
    assert seen == [0.5, 0.25]


@pytest.mark.long
def test_a_training_goes_on_at_its_last_controls() -> None:
    one = load_suite("Trainings").tasks("train")[0]
    first, second = (Query({**one.space.default, "learning_rate": rate}) for rate in (0.1, 0.01))
    refused = rollout(Says([first, NO, second]), one, budget=3)
    held = rollout(Says([first, first, second]), one, budget=3)
    assert refused.scores == held.scores
    assert [t.signals for t in refused] == [t.signals for t in held]
    assert refused.statuses == (Status.OK, Status.INVALID, Status.OK)


@pytest.mark.long
def test_a_training_of_refusals_alone_has_the_worst_result() -> None:
    one = load_suite("Trainings").tasks("train")[0]
    alone = rollout(Says([NO] * 3), one, budget=3)
    default = rollout(Says([Query(one.space.default)] * 3), one, budget=3)
    assert alone.scores == default.scores
    assert regret_of(alone, one, 3).tolist() == [1.0, 1.0, 1.0]


def test_a_surrogate_is_not_asked() -> None:
    one = load_suite("Functions").tasks("test")[0]
    config = one.space.default
    history = rollout(Says([NO, Query(config), NO]), one, budget=3)
    assert history.scores[2] == history.scores[1]
    assert history.incumbents == (-1, 1, 1)


# ---------------------------------------------------------------------- a comparison, and an entry
RUN = [at(0.6), NO, at(0.3), NO]


def entry_of(home: Path, suites: list[Any], runs: dict[str, Any], **settings: Any) -> tuple[Any, Entry, Any]:
    path, words = home / "p.yaml", []
    for i, suite in enumerate(suites):
        if not isinstance(suite, str):
            suite.save(home / f"s{i}")
        words.append(suite if isinstance(suite, str) else str(home / f"s{i}"))
    path.write_text(json.dumps({"name": "p", "about": "A test.", "suites": words, **settings}))
    named = named_protocol(path)
    with pytest.warns(UserWarning, match="were refused, the first: `a <= 1` must hold, got 7"):
        results = benchmark(runs, protocol=named, out=home / "run", engine="serial", progress=False, report=True)
    return named, pack(home / "run", optimizer=next(iter(runs)), protocol=named, card=CARD), results


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Entry, Any]:
    runs = {"half": Says(RUN), "never": Says([NO] * 4)}
    return entry_of(tmp_path_factory.mktemp("hand"), [by_hand()], runs, budget=4, seeds=2)


@pytest.mark.long
def test_an_entry_holds_refusals_and_replays_to_the_bit(hand: tuple[Any, Entry, Any]) -> None:
    named, entry, results = hand
    assert entry.parts["Hand"].choices["refused"].tolist() == [0, 1, 0, 1] * 4
    assert entry.parts["Hand"].choices["at"].tolist() == [2, 0, 1, 0] * 4
    for record in records_of(entry, named).values():
        assert record.arrays["status"].tolist() == [0, Status.INVALID, 0, Status.INVALID]
        assert record.arrays["score"].tolist() == [0.5, 0.5, 1.0, 0.5]
        assert record.arrays["incumbent"].tolist() == [0.5, 0.5, 1.0, 1.0]
    tested, curves = ({c.optimizer: c.regret for c in of["Hand"]} for of in (results.curves, results.validation))
    assert (curves["never"] == 1.0).all()
    assert (tested["never"] == 1.0).all()
    assert curves["half"][0, 0].tolist() == [0.5, 0.5, 0.0, 0.0]
    assert tested["half"][0, 0].tolist() == [0.5, 0.5, 1.0, 1.0]


@pytest.mark.long
def test_a_choice_in_the_place_of_a_refusal_is_another_run(hand: tuple[Any, Entry, Any], tmp_path: Path) -> None:
    named, entry, _ = hand
    part = entry.parts["Hand"]
    choices = {**part.choices, "refused": np.array([0, 1, 0, 0] * 4, np.uint8)}  # row 0 is the last choice now
    for name, run in (
        ("half", entry),
        ("row", replace(entry, name="row", parts={"Hand": replace(part, choices=choices)})),
    ):
        run.write(tmp_path / "entries" / f"{name}.json")
    (one,) = leaderboard([tmp_path / "entries"], tmp_path / "board", protocols=[named], report=False)
    assert [row.metrics["auc"][0] for row in one.rows] == [0.75, 0.75]  # test regret .5, .5, 1, 1
    other = next(iter(records_of(replace(entry, parts={"Hand": replace(part, choices=choices)}), named).values()))
    assert other.arrays["score"].tolist() == [0.5, 0.5, 1.0, 0.0]


@pytest.mark.long
def test_frames_show_no_configuration_and_no_test_score(hand: tuple[Any, Entry, Any]) -> None:
    trials = hand[2].trials().query("optimizer == 'half'").iloc[:4]
    assert trials["status"].tolist() == ["ok", "invalid", "ok", "invalid"]
    assert [sorted(c) for c in trials["config"]] == [["a"], [], ["a"], []]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"refused": [0, 1, 0, 1] * 3}, "`refused` on Hand must have 16 numbers, got 12"),
        ({"refused": [0, 2, 0, 1] * 4}, "`refused` on Hand must be in the form of a run"),
        ({"at": [2, 3, 1, 0] * 4}, "`at` on Hand must be in the form of a run"),
        ({"refused": [0] * 16}, "`refused` on Hand must be in the form of a run"),
        ({"count": [5, 3, 4, 4]}, "the budget ends after 4"),
    ],
)
@pytest.mark.long
def test_a_forged_refusal_is_found(hand: tuple[Any, Entry, Any], change: dict[str, Any], message: str) -> None:
    named, entry, _ = hand
    part = entry.parts["Hand"]
    choices = {**part.choices, **{k: np.array(v, part.choices[k].dtype) for k, v in change.items()}}
    forged = replace(entry, parts={"Hand": replace(part, choices=choices)})
    with pytest.raises(InvalidValueError, match=message):
        records_of(forged, named)


class Odd:
    """Draws at each fidelity in turn, and every third answer, the first among them, is refused."""

    def reset(self, context: Any, rng: np.random.Generator) -> None:
        self.context, self.rng, self.t = context, rng, 0

    def ask(self) -> Query:
        self.t += 1
        if self.t % 3 == 1:
            return NO
        space, levels = self.context.space, self.context.fidelities
        return Query(space.decode(space.sample(self.rng, 1))[0], levels[self.t % len(levels)])

    def tell(self, trial: Trial) -> None: ...


@pytest.mark.long
@pytest.mark.parametrize(
    ("suites", "settings"),
    [
        ([toys.gappy(), "Functions"], {"budget": 4, "tasks": 2}),
        ([toys.gappy()], {"budget": 3, "tasks": 2, "start": "init5"}),
        ([by_hand()], {"budget_cost": 3.3}),
        (["Trainings"], {"budget": 5, "tasks": 1}),
    ],
    ids=["rows and points", "an initial design", "costs", "trainings"],
)
def test_other_tasks_replay_too(tmp_path: Path, suites: list[Any], settings: dict[str, Any]) -> None:
    named, entry, _ = entry_of(tmp_path, suites, {"odd": Odd()}, seeds=2, **settings)
    for record in records_of(entry, named).values():
        assert record.arrays["refused"].any()
        assert (record.arrays["status"][record.arrays["refused"] > 0] == Status.INVALID).all()


# ---------------------------------------------------------------------- tuning
class Fickle(Says):
    """Refuses twice, then proposes a draw."""

    def reset(self, context: Any, rng: np.random.Generator) -> None:
        super().reset(context, rng)
        self.rng, self.t = rng, 0

    def ask(self) -> Query:
        self.t += 1
        return at(float(self.rng.random())) if self.t % 3 == 0 else NO


def _score(config: dict[str, Any]) -> float:
    return float(config["a"])


@pytest.mark.slow
def test_a_tuning_asks_anew_and_resumes_alike(tmp_path: Path) -> None:
    whole = hpo_gym.tune(_score, {"a": (0.0, 1.0)}, optimizer=Fickle, budget=4, seed=1)
    hpo_gym.tune(_score, {"a": (0.0, 1.0)}, optimizer=Fickle, budget=2, seed=1, out=tmp_path / "t")
    again = hpo_gym.tune(_score, {"a": (0.0, 1.0)}, optimizer=Fickle, budget=4, seed=1, out=tmp_path / "t", resume=True)
    assert [e.config for e in whole.ended] == [e.config for e in again.ended]
    assert len(whole.ended) == 4


@pytest.mark.long
def test_a_tuning_of_refusals_ends_with_its_trials() -> None:
    class Once(Fickle):
        def ask(self) -> Query:
            self.t += 1
            return at(0.5) if self.t == 1 else NO

    with pytest.raises(ProposalsRefusedError, match="10 answers in a row are refused; the last: `a <= 1`") as caught:
        hpo_gym.tune(_score, {"a": (0.0, 1.0)}, optimizer=Once, budget=4, seed=1)
    assert [e.config for e in caught.value.tuned.ended] == [{"a": 0.5}]
