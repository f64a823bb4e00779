"""The greedy portfolio of a table of three tasks by hand, and what its options change."""

from __future__ import annotations

import numpy as np

from hpo_baselines._transfer.portfolio import Portfolio

# The means are 1/3, 5/12 and 1/2. After the last, either of the others lifts the mean to 2/3.
WORTH = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.25, 0.5]])
NAMES = np.array(["one", "two", "all"])


def test_each_next_candidate_helps_most_and_ties_go_by_the_mean_or_to_the_lowest() -> None:
    assert Portfolio(NAMES, WORTH).first(3).tolist() == ["all", "two", "one"]
    assert Portfolio(NAMES, WORTH, ties="lowest").first(3).tolist() == ["all", "one", "two"]


def test_only_what_is_above_the_start_helps() -> None:
    """From .6, the last candidate lifts nothing, the others .4 on one task each; then the other does."""
    assert Portfolio(NAMES, WORTH, start=0.6).first(3).tolist() == ["two", "one", "all"]
    assert Portfolio(NAMES, -WORTH, start=-1.0).first(1).tolist() == ["one"]  # least lost on the mean


def test_a_task_counts_as_much_as_its_weight() -> None:
    """Means are .2, .65, .5, so `two` comes first; then `one` lifts it by .2, the last by .15."""
    weight = np.array([0.2, 0.6, 0.2])
    assert Portfolio(NAMES, WORTH, weight=weight).first(3).tolist() == ["two", "one", "all"]
    assert (
        Portfolio(NAMES, WORTH, weight=np.full(3, 1 / 3)).first(3).tolist() == Portfolio(NAMES, WORTH).first(3).tolist()
    )
    price = np.array([1.0, 1.0, 0.5])  # at half its price, .5 / .5 is more than .65
    assert Portfolio(NAMES, WORTH, weight=weight, price=price).first(3).tolist() == ["all", "two", "one"]


def test_what_begins_comes_first_and_what_follows_helps_beside_it() -> None:
    """After `one`, `two` lifts the mean from 1/3 to 3/4, the last to 2/3."""
    assert Portfolio(NAMES, WORTH, begin=[0]).first(3).tolist() == ["one", "two", "all"]
    assert Portfolio(NAMES, WORTH, begin=[1, 0, 1]).first(3).tolist() == ["two", "one", "all"]


def test_means_are_rounded_where_ties_go_by_the_mean() -> None:
    """The first lifts the mean by a trifle more, and is much worse on the second task."""
    worth = np.array([[0.5, 0.5 - 1e-12], [-1.0, 0.0]])
    assert Portfolio(np.arange(2), worth).entry(0) == 1
    assert Portfolio(np.arange(2), worth, ties="lowest").entry(0) == 0


def test_many_tasks_are_summed_in_parts() -> None:
    """More than are summed at once; the last of them alone would have the other candidate first."""
    worth = np.repeat([[1.0, 0.0], [0.0, 0.75]], 40_000, 0)
    assert Portfolio(np.arange(2), worth).first(2).tolist() == [0, 1]
