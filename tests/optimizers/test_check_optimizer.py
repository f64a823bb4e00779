"""`check_optimizer` finds what breaks the protocol, and nothing in a plain random search or a plain trained agent."""

import json
import random
from typing import Any

import numpy as np
import pytest
import toys

from hpo_gym import check_optimizer
from hpo_gym.base.errors import CheckFailed, InvalidValueError
from hpo_gym.problem.trial import Query

TASK = toys.gappy().task("g")
PLAIN = toys.plain().task("g")


class Good:
    """Random rows, none that it was told; fidelities in turn."""

    def reset(self, context: Any, rng: Any) -> None:
        self.context, self.rng = context, rng
        available = np.ones(len(context.pool), bool) if context.available is None else context.available
        self.rows = list(rng.permutation(np.flatnonzero(available)))
        self.configs = context.space.decode(context.space.snap(context.pool))
        self.reported: list[Any] = []

    def ask(self) -> Query | None:
        if not self.rows:
            return None
        levels = self.context.fidelities
        return Query(self.configs[self.rows.pop()], levels[len(self.rows) % len(levels)])

    def tell(self, trial: Any) -> None:
        self.reported.append(trial)
        self.rows = [row for row in self.rows if self.configs[row] != trial.config]


class GoodBatch(Good):
    def reset_batch(self, contexts: Any, rngs: Any) -> None:
        self.order = []
        for context, rng in zip(contexts, rngs, strict=True):
            one = Good()
            one.reset(context, rng)
            self.order.append(one.rows)

    def ask_batch(self, runs: Any) -> Any:
        return np.array([rows.pop() for rows in self.order]), None


class GoodTrainable(Good):
    seen: frozenset[str] = frozenset()

    def train(self, tasks: Any, rng: Any, *, validation: Any = (), steps: int | None = None) -> None:
        self.seen = frozenset(t.family for t in tasks)

    def save(self, folder: Any) -> None:
        (folder / "seen.txt").write_text("\n".join(sorted(self.seen)))

    def load(self, folder: Any) -> None:
        self.seen = frozenset((folder / "seen.txt").read_text().split("\n"))


class GoodAgent(GoodTrainable):
    """Rows by their mean score on what it was trained on; it has no batched form."""

    def __init__(self) -> None:
        self.worth: dict[str, float] = {}

    def train(self, tasks: Any, rng: Any, *, validation: Any = (), steps: int | None = None) -> None:
        super().train(tasks, rng)
        configs = tasks[0].space.decode(tasks[0].pool)
        self.worth = {str(c): float(np.mean([t.run(c).score for t in tasks])) for c in configs}

    def save(self, folder: Any) -> None:
        super().save(folder)
        (folder / "worth.json").write_text(json.dumps(self.worth))

    def load(self, folder: Any) -> None:
        super().load(folder)
        self.worth = json.loads((folder / "worth.json").read_text())

    def reset(self, context: Any, rng: Any) -> None:
        super().reset(context, rng)
        self.rows.sort(key=lambda row: (self.worth.get(str(self.configs[row]), 0.0), row))


class Outside(Good):
    def ask(self):
        return Query({**super().ask().config, "C": 1e9})


class AnotherFidelity(Good):
    def ask(self):
        return Query(super().ask().config, 0.77)


class NoQuery(Good):
    def ask(self):
        return super().ask().config


class OwnEntropy(Good):
    def reset(self, context, rng):
        super().reset(context, np.random.default_rng())


class Remembers(Good):
    runs = 0

    def reset(self, context, rng):
        super().reset(context, rng)
        self.runs += 1
        self.rows = self.rows[self.runs :]


class GlobalNumPy(Good):
    def ask(self):
        np.random.rand()  # noqa: NPY002
        return super().ask()


class GlobalRandom(Good):
    def ask(self):
        random.random()
        return super().ask()


class GoesByTheOrderOfASet(Good):
    def reset(self, context, rng):
        super().reset(context, rng)
        names = {json.dumps(dict(config), sort_keys=True): row for row, config in enumerate(self.configs)}
        self.rows = [names[name] for name in set(names)]


class FailsAfterNone(Good):
    said = False

    def reset(self, context, rng):
        super().reset(context, rng)
        self.rows, self.said = self.rows[:2], False

    def ask(self):
        if self.said:
            raise IndexError("no rows")
        query = super().ask()
        self.said = query is None
        return query


class NoGiven(Good):
    asked = False

    def reset(self, context, rng):
        super().reset(context, rng)
        self.asked = False

    def ask(self):
        self.asked = True
        return super().ask()

    def tell(self, trial):
        if not self.asked:
            raise RuntimeError("ask first")


class Standardises(Good):
    def tell(self, trial):
        super().tell(trial)
        if len(self.reported) > 2:
            scores = [t.score for t in self.reported[-3:]]
            1 / (max(scores) - min(scores))


class Repeats(Good):
    def ask(self):
        return Query(self.context.space.from_unit(self.context.space.snap(self.context.pool[:1])[0]))


class ChangesTheContext(Good):
    def reset(self, context, rng):
        super().reset(context, rng)
        context.meta_features.clear()


class OtherBatch(GoodBatch):
    def ask_batch(self, runs):
        rows, _ = super().ask_batch(runs)
        return rows[::-1].copy(), None


class ForgetsWhatItSaw(GoodTrainable):
    def load(self, folder):
        self.seen = frozenset()


class StaysInItsFirstWorld(GoodAgent):
    instance: Any = None

    def reset(self, context, rng):
        self.instance = self.instance or context
        super().reset(self.instance, rng)


class LearnsFromValidation(GoodAgent):
    """Names the families that it did not learn from."""

    def train(self, tasks, rng, *, validation=(), steps=None):
        super().train(validation or tasks, rng)
        self.seen = frozenset(t.family for t in tasks)


class LearnsFromValidationInSilence(GoodAgent):
    def train(self, tasks, rng, *, validation=(), steps=None):
        super().train(validation or tasks, rng)
        self.seen = frozenset()


class LearnsNothingFromTell(GoodAgent):
    def tell(self, trial):
        pass


class LeavesTheSpaceOnceLoaded(GoodAgent):
    loaded = False

    def load(self, folder):
        super().load(folder)
        self.loaded = True

    def ask(self):
        query = super().ask()
        return Query({**query.config, "C": 1e9}) if query and self.loaded else query


class TrainsByItsOwnEntropy(GoodAgent):
    def train(self, tasks, rng, *, validation=(), steps=None):
        super().train(tasks, rng)
        noise = np.random.default_rng()
        self.worth = {config: worth + noise.normal() for config, worth in self.worth.items()}


class LoadsHalf(GoodAgent):
    def load(self, folder):
        super().load(folder)
        self.worth = dict(list(self.worth.items())[::2])


FAULTS = [
    (Outside, "A proposal is not in the search space: `C` must be"),
    (AnotherFidelity, "A proposal has fidelity 0.77"),
    (NoQuery, "`ask` gives no Query"),
    (OwnEntropy, "One seed gives other trials"),
    (GoesByTheOrderOfASet, "Another process (PYTHONHASHSEED=1) gives other trials for one seed"),
    (Remembers, "A used one goes another way"),
    (GlobalNumPy, "global generator of `numpy.random`"),
    (GlobalRandom, "global generator of `random`"),
    (FailsAfterNone, "raises IndexError"),
    (NoGiven, "What `given` does raises RuntimeError"),
    (Standardises, "A run of equal scores raises ZeroDivisionError"),
    (Repeats, "It repeats 7 of 8 configurations"),
    (ChangesTheContext, "It changes the context"),
    (OtherBatch, "of a batch chooses otherwise than alone"),
    (ForgetsWhatItSaw, "has seen other families"),
    (StaysInItsFirstWorld, "A used one goes another way"),
    (LearnsFromValidation, "Validation tasks change what it chooses, and `seen` lacks ['d']"),
    (LearnsFromValidationInSilence, "`seen` lacks ['a', 'b', 'c']"),
    (LearnsNothingFromTell, "given configurations though others are left"),
    (LeavesTheSpaceOnceLoaded, "A proposal is not in the search space: `C` must be"),
    (TrainsByItsOwnEntropy, "What is trained again from one seed chooses otherwise"),
    (LoadsHalf, "What is loaded chooses otherwise"),
]


@pytest.mark.parametrize(("kind", "words"), FAULTS, ids=[k.__name__ for k, _ in FAULTS])
def test_a_planted_fault_is_found_and_named(kind, words):
    task = toys.gappy().task("g")
    meta = dict(task.meta_features)
    with pytest.raises(CheckFailed) as caught:
        check_optimizer(
            kind, task, train=toys.gappy().tasks("train"), processes=kind is GoesByTheOrderOfASet
        )  # fmt: skip
    task.meta_features.update(meta)
    assert any(words in fault for fault in caught.value.faults), caught.value.faults


@pytest.mark.parametrize(
    ("kind", "task"),
    [
        pytest.param(kind, task, marks=() if (kind, task) == (Good, TASK) else pytest.mark.long)
        for kind in (Good, GoodBatch, GoodTrainable, GoodAgent)
        for task in (TASK, PLAIN)
    ],
)
def test_a_good_optimizer_has_no_fault(kind, task):
    check_optimizer(kind, task, train=toys.gappy().tasks("train"))
    check_optimizer(kind, task, budget=6, prior=toys.gappy().prior(), processes=False)


def test_what_is_no_optimizer_is_refused_before_it_is_checked():
    with pytest.raises(InvalidValueError, match=r"'object' must make an optimizer with `reset`, `ask` and `tell`, got"):
        check_optimizer(object, TASK)


@pytest.mark.long
def test_what_may_repeat_is_not_blamed_for_it():
    check_optimizer(Repeats, TASK, may_repeat=True)
