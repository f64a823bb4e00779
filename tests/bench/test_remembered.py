"""The memory of a comparison: which earlier tasks all optimizers may read, what is refused, what results say of it.

Four tasks of three rows at two fidelities; `t` and `u` are of train, `v` of val, `w` of test.

    row of t    score   test    lower   cost        u: no row 2; v and w: as t
    0           .1      .2      .3      1, 4
    1           .4      .5      .6      2, 8
    2           fails   fails   .9      1, 4
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys
from ConfigSpace import ConfigurationSpace

import hpo_gym
from hpo_gym.base.errors import SplitError, UnknownNameError
from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.memory import measurements
from hpo_gym.bench.protocol import Protocol
from hpo_gym.optimize.forms import form_of
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Query, Trial
from hpo_gym.suites.mixed import held_out
from hpo_gym.suites.own.suite import TableSuite, table_suite

SPLITS = {"train": ["t", "u"], "val": ["v"], "test": ["w"]}
SMALL: dict[str, Any] = {"budget": 2, "seeds": 1, "engine": "serial"}
FAMILIES = ["t", "t", "v", "w"]


def four(*, costs: bool = True, test: bool = True, name: str = "Four") -> TableSuite:
    space = SearchSpace(ConfigurationSpace(space={"a": (0.0, 1.0)}))
    x = space.snap(np.array([[0.1], [0.5], [0.9]]))
    scores = np.tile(np.array([[0.3, 0.1], [0.6, 0.4], [0.9, -np.inf]]), (4, 1, 1))
    scores[1, 2] = np.nan
    tests = np.full((4, 3, 2), np.nan)
    tests[:, :, 1] = [0.2, 0.5, -np.inf]
    paid = np.tile(np.array([[1.0, 4.0], [2.0, 8.0], [1.0, 4.0]]), (4, 1, 1))
    return table_suite(
        name, space, x, scores, tasks=list("tuvw"), fidelities=[0.5, 1.0], splits=SPLITS, families=FAMILIES,
        costs=paid if costs else None, test_scores=tests if test else None,
    )  # fmt: skip


class Listens:
    """Tries one row, and notes what it could know."""

    version = 1
    remembers = ("cost", "test")

    def __init__(self, file: str = "") -> None:
        self.file = file

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        if self.file:
            with Path(self.file).open("a") as out:
                out.write(json.dumps([e.name for e in context.prior]) + "\n")

    def ask(self) -> Query:
        return Query({"a": 0.5})

    def tell(self, trial: Trial) -> None:
        """Nothing is learned."""


def heard(path: Path) -> list[list[str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# ---------------------------------------------------------------------- what may be known
def test_earlier_tasks_are_those_of_train_or_of_train_and_val() -> None:
    suite = four()
    assert [e.name for e in suite.prior()] == ["t", "u"]
    assert [e.name for e in suite.prior(memory="train+val")] == ["t", "u", "v"]
    assert suite.prior(None, "train+val")[:2] == suite.prior()  # the same objects: what is made of them is kept
    assert suite.prior() is suite.prior(None, "train")
    with pytest.raises(UnknownNameError, match=r"No memory 'train\+vla'. Did you mean 'train\+val'"):
        suite.prior(memory="train+vla")


@pytest.mark.long
def test_all_optimizers_of_a_comparison_get_the_same_memory(undrawn: None, tmp_path: Path) -> None:
    for memory, expected in (("train", ["t", "u"]), ("train+val", ["t", "u", "v"])):
        file = tmp_path / memory
        two = {"a": Listens(str(file)), "b": Listens(str(file))}
        results = hpo_gym.benchmark(two, four(), memory=memory, out=tmp_path / f"of {memory}", **SMALL)
        assert results.failed_cells == 0
        assert heard(file) == [expected, expected]


@pytest.mark.long
def test_the_portfolio_of_more_tasks_is_another_one(undrawn: None, tmp_path: Path) -> None:
    """Row 0 is the best in train; over a task of train and two of val, row 2 has the lowest mean regret, 1 / 3."""
    space = four().space
    x, scores = space.snap(np.array([[0.1], [0.5], [0.9]])), np.array([[1, 0.5, 0], [0, 0.25, 1], [0, 0.25, 1]])
    splits = {"train": ["a"], "val": ["b", "c"], "test": ["d"]}
    suite = table_suite("Opposed", space, x, [*scores, scores[0]], tasks=list("abcd"), splits=splits)
    firsts = {}
    for memory in ("train", "train+val"):
        trials = hpo_gym.benchmark("portfolio", suite, memory=memory, out=tmp_path / memory, **SMALL).trials()
        firsts[memory] = trials[trials["optimizer"] == "portfolio"].iloc[0]["config"]["a"]
    assert firsts == {"train": pytest.approx(0.1), "train+val": pytest.approx(0.9)}


def test_whoever_remembers_validation_tasks_is_not_judged_on_them(tmp_path: Path) -> None:
    said = r"`memory` must hold no task that is judged, got memory='train\+val' with split='val'; the nearest is"
    with pytest.raises(SplitError, match=said):
        hpo_gym.benchmark("random", four(), split="val", memory="train+val", out=tmp_path / "a", **SMALL)
    with pytest.raises(SplitError, match=said):
        Protocol("val", fold="all", memory="train+val")
    with pytest.raises(UnknownNameError, match=r"No memory 'val'. Known|No memory 'val'. Did you mean"):
        hpo_gym.benchmark("random", four(), memory="val", out=tmp_path / "a", **SMALL)
    assert not (tmp_path / "a").exists()


@pytest.mark.long
def test_who_was_tuned_on_validation_tasks_is_not_judged_on_them(undrawn: None, tmp_path: Path) -> None:
    suite = toys.gappy()
    hpo_gym.train("q-learning", suite, steps=20, out=tmp_path / "trained")  # the validation tasks choose
    seen = hpo_gym.benchmark({"mine": str(tmp_path / "trained")}, suite, split="val", out=tmp_path / "val", **SMALL)
    cells = seen.data["suites"]["Gappy"]["optimizers"]["mine"]
    assert cells["failed_cells"] == cells["cells"] == 2
    assert all("was trained on its family" in error for error in seen.errors)
    fine = hpo_gym.benchmark({"mine": str(tmp_path / "trained")}, suite, out=tmp_path / "test", **SMALL)
    assert fine.failed_cells == 0


def test_a_suite_that_is_held_out_is_not_remembered() -> None:
    space = four().space
    left = held_out(four(name="Judge"), [toys_of(space)])
    assert [e.name for e in left.prior()] == ["Other/p"]
    assert [e.name for e in left.prior(memory="train+val")] == ["Other/p", "Other/q"]


def toys_of(space: SearchSpace) -> TableSuite:
    """Another suite in the same space, of other families; `r` is a relative of the judge's test task."""
    x, scores = space.snap(np.array([[0.2], [0.8]])), np.array([[0.0, 1.0]] * 3)
    splits = {"train": ["p"], "val": ["q", "r"]}
    return table_suite("Other", space, x, scores, tasks=["p", "q", "r"], splits=splits, families=["p", "q", "w"])


# ---------------------------------------------------------------------- what is stored
# ---------------------------------------------------------------------- what is said
def test_measurements_are_counted_by_hand() -> None:
    """`t`: three scores, tests, lower ones and costs; `u` lacks a row in each; `v` as `t`."""
    t, u, v = four().prior(memory="train+val")
    assert measurements([t], [True]) == {"scores": 3, "test": 3, "fidelity": 3, "cost": 3}
    assert measurements([u], [True]) == {"scores": 2, "test": 2, "fidelity": 2, "cost": 2}
    assert measurements([t, u, v], [True, False, True]) == {"scores": 8, "test": 8, "fidelity": 8, "cost": 6}
    assert measurements([], []) == {"scores": 0, "test": 0, "fidelity": 0, "cost": 0}


@pytest.mark.long
def test_results_say_what_memory_was_used_and_who_read_what(undrawn: None, tmp_path: Path) -> None:
    suites = [four(), four(costs=False, test=False, name="Bare"), "ToyFormulas"]
    results = hpo_gym.benchmark({"mine": "transfer-time", "random": "random"}, suites, memory="train+val",
                                out=tmp_path, **SMALL)  # fmt: skip
    memory = results.data["memory"]
    assert memory["splits"] == ["train", "val"]
    assert memory["suites"] == {
        "Four": [{"fold": None, "tasks": 3, "families": 2, "scores": 8, "test": 8, "fidelity": 8, "cost": 8}],
        "Bare": [{"fold": None, "tasks": 3, "families": 2, "scores": 8, "test": 0, "fidelity": 8, "cost": 0}],
        "Formulas": [{"fold": None, "tasks": 4, "families": 4, "scores": 4000, "test": 0, "fidelity": 0, "cost": 0}],
    }
    assert memory["reads"] == {"mine": ["test", "fidelity", "cost"], "random": [], "default": [], "portfolio": []}
    assert results.data["protocol"]["memory"] == "train+val"
    before, after = results.to_markdown().split("## Bare")[0], results.to_markdown().split("## Bare")[1]
    assert "more than scores is read only by mine (test scores, lower fidelities and costs)." in before
    assert "more than scores is read only by mine (lower fidelities)." in after.split("## Formulas")[0]
    assert "more than scores" not in after.split("## Formulas")[1]


@pytest.mark.long
@pytest.mark.parametrize("n", [0, 3])
@pytest.mark.filterwarnings("ignore:Optimizers knew nothing of 1 earlier task of Mine")
def test_of_live_suites_tasks_alone_are_counted(n: int, undrawn: None, tmp_path: Path) -> None:
    asked = {"splits": {"train": ["one"], "test": ["two"]}, "prior_evaluations": n, "prior_folder": tmp_path / "prior"}
    live = hpo_gym.live_suite("Mine", {"a": (0.0, 1.0)}, {"one": square, "two": square}, **asked)
    held = hpo_gym.benchmark("random", live, out=tmp_path / "out", **SMALL).data["memory"]["suites"]["Mine"]
    none = {"scores": None, "test": None, "fidelity": None, "cost": None}
    assert held == [{"fold": None, "tasks": int(n > 0), "families": int(n > 0), **none}]


def square(config: Any) -> float:
    return -(float(config["a"]) ** 2)


def test_an_entrant_says_what_it_reads() -> None:
    assert Entrant.of(form_of("transfer-time")).remembers == "test,fidelity,cost"
    assert Entrant.of(form_of(Listens)).remembers == "test,cost"
    assert Entrant.of(form_of("random")).remembers == ""
    assert "remembers" not in Entrant("random", "random").to_json()
