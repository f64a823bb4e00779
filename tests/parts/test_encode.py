"""Encoding, the inverse of decoding: an action that a codec encodes from a proposal decodes to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import toys  # noqa: F401 - registers its suites

from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.env import CODECS, Codec, HPOVectorEnv, Proposal

CODECS_OF: dict[str, dict[str, Any]] = {
    "ToyPlain": {"pool": {"candidates": 6}, "box": {}, "move": {}, "candidates": {}, "nearest": {}},
    "ToyGappy": {"pool": {"fidelity": True}, "box": {"fidelity": True, "stop": True}},
    "ToyRagged": {
        "pool": {"stop": True},
        "box": {"stop": True},
        "move": {"stop": True, "fidelity": True},
        "candidates": {},
        "nearest": {"stop": True},
    },
    "ToyFormulas": {"box": {}, "move": {}, "nearest": {}},
}


@pytest.mark.parametrize(("suite", "name"), [(suite, name) for suite, names in CODECS_OF.items() for name in names])
def test_what_an_action_means_is_encoded_as_an_action_of_the_same_meaning(suite: str, name: str) -> None:
    env = HPOVectorEnv(16, suite=suite, codec={"name": name, **CODECS_OF[suite][name]}, budget=4)
    env.reset(seed=3)
    env.action_space.seed(4)
    kernel, codec = env.kernel, env.kernel.parts.codec
    for _ in range(3):
        meant = codec.decode(kernel.contexts, kernel.runs, env.action_space.sample())
        again = codec.decode(kernel.contexts, kernel.runs, codec.encode(kernel.contexts, kernel.runs, meant))
        goes = np.ones(16, bool) if meant.stop is None else ~meant.stop
        np.testing.assert_allclose(again.at[goes], meant.at[goes], rtol=0.0, atol=1e-7)
        for one, other in ((again.fidelity, meant.fidelity), (again.stop, meant.stop)):
            assert (one is None) == (other is None)
            if one is not None and other is not None:
                np.testing.assert_array_equal(one, other)
        kernel.step(codec.encode(kernel.contexts, kernel.runs, Proposal(meant.at, meant.fidelity)))


def test_a_box_by_hand() -> None:
    """A point p is the action 2 p - 1; of three levels the second is the middle of its third; no stop is -1."""
    env = HPOVectorEnv(1, suite="ToyGappy", codec={"name": "box", "fidelity": True, "stop": True})
    env.reset(seed=0)
    kernel = env.kernel
    x = kernel.batch.points(kernel.runs.task, np.array([5]))[0]
    wanted = Proposal(np.array([5]), np.array([1 / 3]), np.array([False]))
    action = kernel.parts.codec.encode(kernel.contexts, kernel.runs, wanted)
    np.testing.assert_allclose(action, [[*(2.0 * x - 1.0), 0.0, -1.0]], atol=1e-7)
    assert action.dtype == np.float32


def test_a_codec_without_an_inverse_says_so() -> None:
    class Half(type(CODECS.get("box")())):  # type: ignore[misc]
        encode = Codec.encode

    env = HPOVectorEnv(1, suite="ToyPlain", codec=Half())
    env.reset(seed=0)
    with pytest.raises(InvalidValueError, match="must have `encode`, Half has none; use 'box' or 'pool'"):
        env.kernel.parts.codec.encode(env.kernel.contexts, env.kernel.runs, Proposal(np.array([0])))


def test_each_hash_has_its_seed() -> None:
    drawn = np.random.default_rng(0).integers(0, 2**64, 1000, dtype=np.uint64)
    seeds = np.append(drawn, np.array([0, 1, 2**64 - 1], np.uint64))
    for salt in (0, 1, 2**63 + 5):
        np.testing.assert_array_equal(seeding.unmixed(seeding.mix(seeds, salt), salt), seeds)
