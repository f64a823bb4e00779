"""The kernel of extra trees: who meets whom in a leaf."""

from __future__ import annotations

import numpy as np
import pytest

from hpo_baselines._transfer.trees import ExtraTrees


def test_the_only_division_that_leaves_three_on_each_side_is_found_by_every_tree() -> None:
    x = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]])
    kernel = ExtraTrees(x, np.array([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]]), trees=5)
    block = np.kron(np.eye(2), np.ones((3, 3)))
    assert kernel(x, x).tolist() == block.tolist()
    assert kernel.to_all(np.array([[0.0]])).tolist() == [[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]]


@pytest.mark.parametrize("x", [np.arange(5.0)[:, None], np.zeros((9, 2))])
def test_what_cannot_be_divided_is_one_leaf(x: np.ndarray) -> None:
    assert ExtraTrees(x, np.arange(float(len(x)))[None], trees=3)(x, x).min() == 1.0


def test_leaves_hold_three_points_and_scores_decide_where_trees_divide() -> None:
    x = np.random.default_rng(0).random((200, 2))
    kernel = ExtraTrees(x, (x[:, 0] > 0.5)[None].astype(float))
    met = kernel(x, x)
    assert (np.round(met * 60) == met * 60).all()
    assert np.array_equal(met, met.T)
    assert (np.diag(met) == 1.0).all()
    for tree in kernel.leaves(x).T:
        assert np.bincount(tree)[np.unique(tree)].min() >= 3
    above = x > 0.5
    across = above[:, None] != above  # (n, n, d)
    other = ExtraTrees(x, above[:, 1][None].astype(float))(x, x)
    assert met[across[..., 0]].mean() < 0.5 * other[across[..., 0]].mean()  # few leaves lie on both sides of the step
