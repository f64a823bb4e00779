"""What optimizers that are trained share: whose tasks go together, what is remembered, and what stands in the file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toys import gappy

from hpo_agents._policy.validate import mean_regret
from hpo_baselines._runs.trained import Trained, check_like
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.runs.which import ALL_RUNS
from hpo_gym.optimize.learning.folders import ABOUT, ARRAYS
from hpo_gym.optimize.learning.saved import Arrays
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.task import Task


class Mean(Trained):
    """Learns the mean of the best scores, and draws a number besides."""

    name = "mean"
    version = 4
    mean: float | None = None
    running = False

    def __init__(self, times: int = 1, fails: bool = False) -> None:
        self.times, self.fails = times, fails

    def learn(
        self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator, steps: int | None
    ) -> None:
        if self.fails:
            raise ZeroDivisionError
        self.mean = self.times * float(np.mean([t.best for t in tasks]))
        self.drawn = rng.random(2)
        self._space = tasks[0].space

    def arrays(self) -> Arrays:
        return {"drawn": self.drawn}

    def about(self) -> dict[str, Any]:
        return {**super().about(), "mean": self._needed(self.mean, "told of")}

    def restore(self, about: Mapping[str, Any], arrays: Arrays) -> None:
        self.mean, self.drawn = about["mean"] / about["settings"]["times"] * self.times, arrays["drawn"]


def learned(**settings: Any) -> Mean:
    out = Mean(**settings)
    out.train(gappy().tasks("train"), np.random.default_rng(0), validation=gappy().tasks("val"))
    return out


def test_a_training_that_fails_is_not_remembered() -> None:
    one = Mean(fails=True)
    with pytest.raises(ZeroDivisionError):
        one.train(gappy().tasks("train"), np.random.default_rng(0))
    assert one.seen == frozenset()


def test_the_file_says_what_it_is_and_is_loaded_into_another(tmp_path: Path) -> None:
    one = learned(times=2)
    one.save(tmp_path)
    said = json.loads((tmp_path / ABOUT).read_text())
    assert list(said)[:8] == ["format", "optimizer", "version", "settings", "suites", "seen", "space", "mean"]
    assert (said["optimizer"], said["version"]) == ("mean", 4)
    assert said["settings"] == {"times": 2, "fails": False}
    assert said["suites"] == [gappy().name] and said["seen"] == sorted(one.seen)
    other = Mean(fails=True)
    other.running = True
    other.load(tmp_path)
    assert (other.settings, other.seen, other.mean) == (one.settings, one.seen, one.mean)
    assert np.array_equal(other.drawn, one.drawn)
    assert not other.running, "a run in the making ends"
    other.save(tmp_path / "again")
    for file in (ABOUT, ARRAYS):
        assert (tmp_path / "again" / file).read_bytes() == (tmp_path / file).read_bytes()


def test_arrays_of_another_name_shape_or_type_are_refused() -> None:
    wanted = {"a": np.zeros((2, 3)), "b": np.zeros(2, np.int64)}
    check_like({"b": np.ones(2, np.int64), "a": np.ones((2, 3))}, wanted)
    for other, message in (
        ({"a": wanted["a"]}, r"must be \['a', 'b'\], got \['a'\]"),
        ({**wanted, "c": np.zeros(1)}, r"got \['a', 'b', 'c'\]"),
        ({**wanted, "a": np.zeros((3, 2))}, r"`a` must be finite float64 \(2, 3\), got float64 \(3, 2\)"),
        ({**wanted, "b": np.zeros(2, np.int32)}, "`b` must be finite int64 .* got int32"),
        ({**wanted, "a": np.full((2, 3), np.inf)}, "`a` must be finite"),
    ):
        with pytest.raises(InvalidValueError, match=message):
            check_like(other, wanted)


def test_mean_regret_is_that_of_the_incumbents_after_each_trial() -> None:
    tasks = gappy().tasks("val")[:2]
    batch: Any = batch_of(tasks)
    runs = Runs(batch, 2, 3, budget=3.0)
    runs.begin(ALL_RUNS, np.arange(2), np.zeros(2, np.uint64))
    scores = np.array(
        [[t.noise_free(t.pool[[row]])[0] for row in rows] for t, rows in zip(tasks, measured(batch), strict=True)]
    )
    trials = iter(measured(batch).T)
    found = mean_regret(tasks, runs, lambda: runs.submit(next(trials)))
    best = np.array([[t.best, t.best - t.worst] for t in tasks])
    regret = (best[:, :1] - np.maximum.accumulate(scores, 1)) / best[:, 1:]
    assert found == pytest.approx(np.clip(regret, 0.0, 1.0).mean(), abs=1e-6)
    assert 0 < found < 1


def measured(batch: Any) -> np.ndarray[Any, Any]:
    """The first three measured rows of each task."""
    return np.stack([np.flatnonzero(row)[:3] for row in batch.measured])
