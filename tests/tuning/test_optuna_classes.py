"""The tests that Optuna has for samplers, of its own and of others: all that are for one objective."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import hpo_gym

optuna = pytest.importorskip("optuna", reason="needs Optuna")
known = pytest.importorskip("optuna.testing.pytest_samplers", reason="Optuna has them since version 5")

OPTIMIZERS = ("gp-ei", "random", "de", "rgpe")  # of a model, of none, evolutionary, of transfer


@pytest.fixture(params=OPTIMIZERS)
def sampler(request: Any) -> Callable[[], Any]:
    return lambda: hpo_gym.HPOGymSampler(request.param, seed=0)


pytestmark = pytest.mark.usefixtures("quiet")


class TestOfAnySampler(known.BasicSamplerTestCase):  # type: ignore[misc, name-defined]
    @pytest.fixture
    def sampler(self, sampler: Callable[[], Any]) -> Callable[[], Any]:
        return sampler


class TestOfRelativeSamplers(known.RelativeSamplerTestCase):  # type: ignore[misc, name-defined]
    @pytest.fixture
    def sampler(self, sampler: Callable[[], Any]) -> Callable[[], Any]:
        return sampler


class TestOfSamplersOfOneObjective(known.SingleOnlySamplerTestCase):  # type: ignore[misc, name-defined]
    @pytest.fixture
    def sampler(self, sampler: Callable[[], Any]) -> Callable[[], Any]:
        return sampler
