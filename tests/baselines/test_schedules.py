"""Schedules of the learning rate, by hand: each rule's rates at a few epochs, from signals that are made up."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Float

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Query, Status, Trial

SPACE = SearchSpace(
    ConfigurationSpace(space={"learning_rate": Float("learning_rate", (1e-5, 10.0), default=0.01, log=True)})
)

Signals = Mapping[str, float]


def rates(name: str, epochs: int, seen: Sequence[Signals] | Signals = {}, *, more: int = 0, **settings: Any) -> Any:  # noqa: B006
    """The learning rates of a run; `seen` before each epoch, or the same always; `more` epochs beyond the budget."""
    count = epochs + more
    signals = [dict(seen)] * (count + 1) if isinstance(seen, Mapping) else [*map(dict, seen), {}]
    optimizer, out = make_optimizer(name, **settings), []
    optimizer.reset(Context(SPACE, float(epochs), signals=signals[0]), np.random.default_rng(5))
    for t in range(count):
        query = optimizer.ask()
        assert query is not None
        out.append(query.config["learning_rate"])
        if t + 1 < count:
            optimizer.tell(Trial(query, -1.0, 1.0, Status.OK, signals=signals[t + 1]))
    return pytest.approx(out, rel=1e-6)


# ---------------------------------------------------------------------- by the clock
def test_a_constant_is_one_and_kept_within_the_space() -> None:
    assert rates("constant", 3, rate=0.3) == [0.3] * 3
    assert rates("constant", 2, rate=100.0) == [10.0] * 2
    assert rates("constant", 1, rate=1e-9) == [1e-5]


def test_steps_are_at_equal_distances() -> None:
    found = rates("step", 8, more=2, rate=1.0, factor=0.1, drops=3)
    assert found == [1.0, 1.0, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001, 0.001, 0.001]
    assert rates("step", 3, rate=0.5, factor=0.1, drops=0) == [0.5] * 3


def test_a_cosine_falls_to_its_end_and_may_rise_before() -> None:
    half = 0.5 + math.sqrt(0.125)  # (1 + cos 45 degrees) / 2
    expected = [0.8, 0.8 * (0.25 + 0.75 * half), 0.5, 0.8 * (0.25 + 0.75 * (1 - half)), 0.2]
    assert rates("cosine", 5, more=1, rate=0.8, warmup=0.0, end=0.25) == [*expected, 0.2]
    assert rates("cosine", 5, rate=0.3, warmup=0.4, end=0.0) == [0.1, 0.2, 0.3, 0.15, 1e-5]
    assert rates("cosine", 2, rate=0.3, warmup=1.0, end=0.0) == [0.1, 0.2]
    assert rates("cosine", 1, rate=0.3, warmup=0.0, end=0.5) == [0.3]


def test_a_cycle_rises_in_a_line_and_falls_by_a_cosine() -> None:
    found = rates("one-cycle", 5, more=1, rate=1.0, rise=0.5, start=0.2, end=0.1)
    assert found == [0.2, 0.6, 1.0, 0.55, 0.1, 0.1]
    assert rates("one-cycle", 1, rate=1.0, rise=0.5, start=0.2, end=0.1) == [0.2]


def test_exponential_decay_ends_where_it_says() -> None:
    found = rates("exponential", 5, more=1, rate=1.0, end=0.01)
    assert found == [1.0, 10**-0.5, 0.1, 10**-1.5, 0.01, 0.01]


def test_a_random_schedule_goes_through_four_rates_that_the_seed_draws() -> None:
    found = rates("random-schedule", 7, more=1, low=0.01, high=1.0).expected
    knots = [0.01 * 100**u for u in np.random.default_rng(5).random(4).tolist()]
    assert found[::2] == pytest.approx(knots) and found[7] == found[6]
    assert found[1:6:2] == pytest.approx([math.sqrt(a * b) for a, b in itertools.pairwise(knots)])
    assert rates("random-schedule", 3, low=0.1, high=0.1) == [0.1] * 3


# ---------------------------------------------------------------------- by what is seen
def test_a_plateau_lowers_the_rate_after_its_patience() -> None:
    losses = [1.0, 0.95, 0.92, 0.5, 0.46, 0.44, 0.44, 0.41, 0.44, 0.44]
    #  the best 1.0: two are not below .9; .5 is; .46 is not below .45, .44 is; .44, .41 are not below .396; two more
    seen = [{"validation_loss": loss} for loss in losses]
    found = rates("plateau", 10, seen, rate=1.0, factor=0.1, patience=1, threshold=0.1)
    assert found == [1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.001]
    found = rates("plateau", 4, {"validation_loss": 1.0}, rate=1.0, factor=0.5, patience=0, threshold=0.0)
    assert found == [1.0, 0.5, 0.25, 0.125]


# ---------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("name", "settings", "match"),
    [
        ("constant", {"rate": 0.0}, r"`1e-12 <= rate <= 1e\+06` must hold, got 0\.0; the nearest is 1e-12"),
        ("constant", {"rate": math.nan}, "must hold, got nan"),
        ("step", {"factor": 2.0}, r"`1e-12 <= factor <= 1` must hold, got 2\.0; the nearest is 1"),
        ("step", {"drops": -1}, "`drops` must be an integer >= 0, got -1"),
        ("cosine", {"warmup": 1.5}, "`0 <= warmup <= 1` must hold"),
        ("cosine", {"end": -0.1}, "`0 <= end <= 1` must hold"),
        ("one-cycle", {"rise": 0.0}, r"`0\.01 <= rise <= 0\.99` must hold"),
        ("exponential", {"end": 0.0}, "`1e-12 <= end <= 1` must hold"),
        ("plateau", {"patience": 1.5}, "`patience` must be an integer >= 0"),
        ("random-schedule", {"low": 1.0, "high": 0.1}, "`low <= high` must hold"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(name: str, settings: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidValueError, match=match):
        rates(name, 3, **settings)


def test_what_is_told_before_the_first_epoch_is_none() -> None:
    optimizer = make_optimizer("step", rate=1.0, factor=0.1, drops=1)
    optimizer.reset(Context(SPACE, 2.0), np.random.default_rng(0))
    given = Trial(Query({"learning_rate": 0.5}), -1.0)
    optimizer.tell(given)
    first = optimizer.ask()
    assert first is not None and first == optimizer.ask()
    optimizer.tell(given)
    second = optimizer.ask()
    assert second is not None
    assert [first.config["learning_rate"], second.config["learning_rate"]] == pytest.approx([1.0, 0.1])


@pytest.mark.parametrize("at", [0, 2])
def test_a_signal_that_is_missing_or_no_number_is_refused(at: int) -> None:
    of = "trial" if at else "context"
    for bad, match in (
        ({}, r"hold 'validation_loss', which Plateau reads, got \[\]"),
        ({"validation_loss": math.nan}, "be finite, got 'validation_loss' nan"),
    ):
        seen: list[Signals] = [{"validation_loss": 1.0}] * 4
        seen[at] = bad
        with pytest.raises(InvalidValueError, match=rf"`{of}\.signals` must {match}"):
            rates("plateau", 4, seen)
