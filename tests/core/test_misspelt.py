"""Whatever name is misspelt by a slip: the right exception, and the nearest name offered."""

from __future__ import annotations

import random
from typing import Any

import pytest
from slips import misspelt, unoffered

from hpo_gym.base.errors import UnknownNameError, nearest
from hpo_gym.env.codecs import CODECS
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.rewards import REWARDS
from hpo_gym.optimize.protocol import OPTIMIZERS
from hpo_gym.problem.suite import SUITES

REGISTRIES = {"optimizer": OPTIMIZERS, "suite": SUITES, "observer": OBSERVERS, "codec": CODECS, "reward": REWARDS}


@pytest.mark.parametrize("kind", REGISTRIES)
def test_a_registered_name(kind: str) -> None:
    registry: Any = REGISTRIES[kind]
    for wrong, right in misspelt(registry.names(), random.Random(kind), each=3):
        with pytest.raises(UnknownNameError) as raised:
            registry.get(wrong)
        assert unoffered([(wrong, right, str(raised.value))]) == []


@pytest.mark.parametrize(
    ("wrong", "known", "right"),
    [
        ("ag", ["ga", "a2c", "taf-r"], "ga"),
        ("gp ei", ["gp-ei", "gp-ei-per-cost"], "gp-ei"),
        ("svm", ["LM", "SVM", "Vision"], "SVM"),
        ("SUCCESSIVE", ["cosine", "successive-halving"], "successive-halving"),
        ("transfr-tmie", ["transfer-mix", "transfer-time"], "transfer-time"),
        ("x", ["y"], None),
        ("", ["a"], None),
        ("suiet", ["--quiet", "--suite"], "--suite"),
        ("quantum", ["random", "ga"], None),
    ],
)
def test_the_nearest_by_hand(wrong: str, known: list[str], right: str | None) -> None:
    assert nearest(wrong, known) == right
