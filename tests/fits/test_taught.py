"""Tables taught by a random network: sizes, labels by hand, and the share of episodes that have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.suites.tasks.fits import taught as module
from hpo_gym.suites.tasks.fits.fit import Fit
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.tasks.fits.tables import FitTable, names, table
from hpo_gym.suites.tasks.fits.taught import taught


def key(i: int) -> Any:
    return np.array([i], np.uint64)


@pytest.fixture
def of() -> FitTable:
    return table(names("train")[0])


def test_taught_tables_are_large_and_standardised_and_of_their_key(of: FitTable) -> None:
    made = [taught(key(i), of) for i in range(12)]
    for one in made:
        assert len(one.y) == len(one.x) == 5120 and of.x.shape[1] <= one.x.shape[1] <= 64
        assert 2 <= one.classes <= 10 and set(one.y.tolist()) == set(range(one.classes))
        assert np.abs(one.x.mean(0)).max() < 1e-4 and set(one.x.std(0).round(3).tolist()) <= {0.0, 1.0}
    assert len({one.x.shape[1] for one in made}) > 5 and len({one.classes for one in made}) > 3
    again = taught(key(3), of)
    assert again.y.tolist() == made[3].y.tolist() and again.x.tolist() == made[3].x.tolist()


def test_labels_are_the_teachers_and_the_least_sure_rows_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """One column -2, -1, 1, 2 times 1,280, no further one, a teacher that copies it into two classes, one turned."""
    x = np.repeat([[-2.0], [-1.0], [1.0], [2.0]], 1280, 0).astype(np.float32)
    weights = {1: np.array([[1.0, -1.0]]), 2: np.eye(2)}
    monkeypatch.setattr(module, "uniforms", lambda *_: np.array([[0.0, 0.0, 0.0, 0.0, 1 / 3]]))  # two units, gain 1
    monkeypatch.setattr(module, "_between", lambda x, count, rng: x.astype(np.float64)[:count])
    monkeypatch.setattr(module, "_weights", lambda n, m, rng: weights[n][:, :m])
    made = taught(key(0), FitTable(x, np.zeros(5120, np.int64), 1))
    assert made.classes == 2 and made.x.shape == (5120, 1)
    assert made.y.tolist() == [1] * 2560 + [0] * 2560
    monkeypatch.setattr(module, "ROWS", 2560)
    monkeypatch.setattr(module, "uniforms", lambda *_: np.array([[1 / 1.2, 0.0, 0.0, 0.0, 1 / 3]]))  # half are left out
    made = taught(key(0), FitTable(x, np.zeros(5120, np.int64), 1))
    assert made.x[:, 0].round(3).tolist() == [-1.0] * 1280 + [1.0] * 1280  # the rows at -2 and 2


@pytest.mark.long
def test_a_share_of_episodes_is_taught(of: FitTable) -> None:
    recipes = Recipes(taught=0.3)
    drawn = [recipes.table(key(i), of) is not of for i in range(200)]
    assert np.mean(drawn) == pytest.approx(0.3, abs=0.1)
    assert Recipes().table(key(0), of) is of
    fit = Fit(1, names("train")[0], Recipes(taught=1.0, rows=(512, 512), batch=(32,)))
    before = fit.validated()[0]
    for epoch in range(4):
        fit.epoch(np.array([0.03, 0.0, 0.0], np.float32), np.uint64(epoch), np.uint64(0))
    assert fit.validated()[0] < 0.9 * before
    with pytest.raises(InvalidValueError, match="0 <= taught <= 1"):
        Recipes(taught=1.5)
