"""Every registered observer, codec, reward and scale of scores gives the answers worked out for it by hand."""

from __future__ import annotations

from typing import Any

import pytest
from answers import HERE, KINDS, Case, cases, shipped, unanswered
from toy_suite import WAYS, Walk, assert_shown, assert_walked, gaps, losses, single_env

ALL = [(kind, name) for kind, registry in KINDS.items() for name in shipped(registry)]
EACH_PART = pytest.mark.parametrize(("kind", "name"), ALL)


def walks_of(kind: str, case: Case, way: str) -> list[Walk]:
    """Walk the episodes of a case with its part as the observer, codec, reward or scale."""
    usual: dict[str, dict[str, Any]] = {
        "observers": {"observer": case.part, "codec": "pool"},
        "codecs": {"codec": case.part},
        "rewards": {"reward": case.part, "codec": "pool"},
        "scores": {"scores": case.part, "observer": "history", "codec": "pool"},
    }
    return WAYS[way](case.episodes, case.suite(), **{**usual[kind], **case.options})


def assert_answer(kind: str, walk: Walk, wanted: Any) -> None:
    """Compare what became of an episode with what is wanted of its part."""
    if kind == "observers":
        assert_walked(walk, wanted)
    elif kind == "codecs":
        assert len(walk.history) == len(wanted)
        for trial, (values, fidelity) in zip(walk.history, wanted, strict=True):
            config = dict(zip(("depth", "kernel", "rate", "shape"), values, strict=False))
            assert dict(trial.config) == pytest.approx(config)
            assert trial.fidelity == fidelity
    elif kind == "rewards":
        assert walk.rewards == pytest.approx(wanted, rel=0, abs=1e-8)
        assert walk.ends == [False] * (len(wanted) - 1) + [True]
    else:
        for seen, scores in zip(walk.seen[1:], wanted, strict=False):  # who is told does not see the last
            assert_shown(seen[4::6], [*scores, *[0.0] * (4 - len(scores))])


EACH_CASE = [
    pytest.param(kind, case, way, id=f"{kind}-{name}-{what}-{way}")
    for kind, name in ALL
    if not unanswered([name], HERE / kind)
    for what, case in cases(kind, name).items()
    for way in case.ways
]


@EACH_PART
def test_every_part_has_an_answer(kind: str, name: str) -> None:
    assert not unanswered([name], HERE / kind), f"work out a case by hand: tests/parts/answers/{kind}/{name}.py"
    assert cases(kind, name)


@pytest.mark.parametrize(("kind", "case", "way"), EACH_CASE)
def test_it_gives_its_answer(kind: str, case: Case, way: str) -> None:
    found = walks_of(kind, case, way)
    for walk, wanted in zip(found, case.wanted, strict=True):
        assert_answer(kind, walk, wanted)


@pytest.mark.parametrize("name", shipped(KINDS["observers"]))
def test_an_observation_is_in_its_space_and_of_its_type(name: str) -> None:
    for case in cases("observers", name).values():
        env = single_env(case.suite(), **{"observer": case.part, "codec": "pool", **case.options})
        observation, _ = env.reset(seed=0)
        assert env.observation_space.contains(observation)
        for key, space in getattr(env.observation_space, "spaces", {}).items():
            assert observation[key].dtype == space.dtype


@pytest.mark.parametrize("name", shipped(KINDS["rewards"]))
def test_every_reward_has_a_case_with_a_failure_and_one_of_losses(name: str) -> None:
    suites = [case.suite for case in cases("rewards", name).values()]
    assert gaps in suites and losses in suites
