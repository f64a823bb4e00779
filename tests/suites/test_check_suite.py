"""`check_suite` finds what is wrong with the tasks of a suite, and nothing in the registered ones."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import toys

from hpo_gym import check_suite
from hpo_gym.base.errors import CheckFailed
from hpo_gym.problem.suite import SUITES, Suite, split_of
from hpo_gym.problem.table import TableTask
from hpo_gym.problem.task import Evaluated

LARGE = {"Trainings", "FCNet", "Pipelines", "MLPGrid"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.long) if n in LARGE else n for n in SUITES.names()])
def test_a_registered_suite_has_no_fault(name):
    check_suite(name, tasks=6)


def tasks_of(kind: type[TableTask], suite: Suite, **changed: Any) -> tuple[TableTask, ...]:
    """The tasks of a suite as another class, or with other values."""
    values = [{f.name: getattr(t, f.name) for f in dataclasses.fields(t)} for t in suite.members]
    return tuple(kind(**{**v, **changed}) for v in values)


def suite_of(kind: type[TableTask] = TableTask, **changed: Any) -> Suite:
    base = toys.gappy()
    return Suite("Broken", base.space, tasks_of(kind, base, **changed), "table", splits=base.splits, data_hash="x")


def one_family() -> Suite:
    held_out = next(name for name in map(str, range(99)) if split_of(name) == "test")
    tasks = tasks_of(TableTask, toys.plain(), family=held_out)
    return Suite("Broken", toys.plain().space, tasks, "table", data_hash="x")


class Lies(TableTask):
    def evaluate(self, x: Any, fidelity: Any, key: Any) -> Evaluated:
        return self.lie(super().evaluate(x, fidelity, key), x)

    def lie(self, out: Evaluated, x: Any) -> Evaluated:
        raise NotImplementedError


class ScoresNaN(Lies):
    def lie(self, out, x):
        return out._replace(score=np.where(x[:, 0] > 0.5, np.nan, out.score))


class CostsNegative(Lies):
    def lie(self, out, x):
        return out._replace(cost=-1.0 - out.cost)


class HasAnotherStatus(Lies):
    def lie(self, out, x):
        return out._replace(status=out.status + np.int8(60))


class DependsOnTheBatch(Lies):
    def lie(self, out, x):
        return out._replace(score=out.score + len(x))


class ServesTheUnmeasured(TableTask):
    def row_of(self, config: Any) -> int:
        x = self.space.to_unit(config)[None]
        return int(self.table.pool(self.index).nearest(x, np.ones(self.table.m, bool))[0])


class RefusesItsDefault(TableTask):
    def run(self, config: Any, fidelity: float = 1.0, seed: int = 0) -> Any:
        self.space.to_unit({})


FAULTS = {
    "above best": (suite_of(best=0.1), "`best` is 0.1"),
    "never reached": (suite_of(best=99.0), "`best` is 99.0"),
    "upside down": (suite_of(worst=1e9), "is below `worst`"),
    "no finite best": (suite_of(best=float("inf")), "is not finite"),
    "one family": (one_family(), "No task is in the training split"),
    "NaN": (suite_of(ScoresNaN), "the score of a success is not finite"),
    "cost": (suite_of(CostsNegative), "a cost is negative"),
    "status": (suite_of(HasAnotherStatus), "a status is unknown"),
    "batch": (suite_of(DependsOnTheBatch), "depends on what else is evaluated"),
    "unmeasured": (suite_of(ServesTheUnmeasured), "is answered by one never measured"),
    "default": (suite_of(RefusesItsDefault), "the default configuration cannot be evaluated"),
    "fidelities": (suite_of(fidelities=(1.0, 0.5, 1.0)), "do not ascend to 1"),
    "no hash": (dataclasses.replace(toys.formulas(), data_hash=""), "`data_hash` is empty"),
}


@pytest.mark.parametrize(("suite", "words"), FAULTS.values(), ids=list(FAULTS))
def test_a_planted_fault_is_found_and_named(suite, words):
    with pytest.raises(CheckFailed) as caught:
        check_suite(suite, tasks=3)
    assert any(words in fault for fault in caught.value.faults), caught.value.faults


def test_a_family_on_two_sides_is_found():
    class TwoSided(Suite):
        def split(self, task: Any, fold: int | None = None) -> str | None:
            return "train" if task.name in "abc" else "test"

    base = toys.plain()
    members = tasks_of(TableTask, base, family="one")
    with pytest.raises(CheckFailed, match="Family 'one' is in 'train' and in 'test' of the published split"):
        check_suite(TwoSided("Broken", base.space, members, "table", data_hash="x"), tasks=2)


def test_a_hash_that_changes_is_found():
    made = iter(range(100))

    @SUITES.register("Restless")
    def _restless() -> Suite:
        return dataclasses.replace(toys.formulas(), name="Restless", data_hash=str(next(made)))

    try:
        with pytest.raises(CheckFailed, match="`data_hash` is another"):
            check_suite(_restless(), tasks=1)
    finally:
        SUITES._here.pop("Restless")
