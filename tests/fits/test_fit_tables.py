"""The tables of `Trainings`: what the index says of them, and that no family is on two sides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest

from hpo_builders.data_sets.relatives import family
from hpo_builders.trained.trainings import RESERVED
from hpo_gym.base import UnknownNameError
from hpo_gym.problem import SPLITS, split_of
from hpo_gym.suites import little
from hpo_gym.suites.tasks.fits import tables


def test_a_family_is_on_the_side_that_it_has_in_every_suite() -> None:
    listed = tables.index()
    assert all(one.split == split_of(one.family) and one.family == family(name) for name, one in listed.items())
    assert sorted(name for split in SPLITS for name in tables.names(split)) == sorted(listed)
    assert {split: len(tables.names(split)) for split in SPLITS} == {"train": 82, "val": 21, "test": 39}


def test_no_relative_of_a_reserved_data_set_has_a_table() -> None:
    assert not {family(name) for name in RESERVED} & {one.family for one in tables.index().values()}


def test_arrays_are_those_of_the_index() -> None:
    for name, one in _arrays():
        listed, (x, y) = tables.index()[name], one
        assert x.shape == (listed.rows, listed.columns)
        assert (x.dtype.name, y.dtype.name) == ("float16", "int8")
        assert hashlib.sha256(little(x).tobytes() + little(y).tobytes()).hexdigest() == listed.sha256


def _arrays() -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    with np.load(tables.ARRAYS, allow_pickle=False) as arrays:
        assert {key.rpartition("/")[0] for key in arrays.files} == set(tables.index())
        yield from ((name, (arrays[f"{name}/x"], arrays[f"{name}/y"])) for name in tables.index())


def test_tables_have_the_sizes_and_the_scale_that_networks_expect() -> None:
    for name, listed in tables.index().items():
        assert 450 <= listed.rows <= 4900, name
        assert 1 <= listed.columns <= 15, name
        assert 2 <= listed.classes <= 10, name
        found = tables.table(name)
        assert np.array_equal(np.unique(found.y), np.arange(found.classes)), name
        assert np.isfinite(found.x).all(), name
        assert (found.x**2).mean() == pytest.approx(1.0, abs=1e-3), name
        assert np.abs(found.x.mean(0)).max() < 0.2, name  # values beyond 5 standard deviations were cut


def test_an_unknown_name_or_split_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"No table 'bananas'\. Did you mean 'banana'"):
        tables.table("bananas")
    with pytest.raises(UnknownNameError, match="No split 'tests'"):
        tables.names("tests")
