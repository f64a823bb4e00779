"""Where observers show the scores of `answers/scores`; fidelities, failures and clipped scores on each scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from answers import KINDS, cases, shipped
from answers.episodes import TWO
from toy_suite import WAYS, Episode, assert_shown, gaps, levels, single_env

from hpo_gym.env.scales import Bounded, Global, Rank, Raw

EACH_WAY = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)

INCUMBENT = ((0, 1, 1, 1), (0, 1, 2, 2))  # its place among the trials
EACH_SCALE = pytest.mark.parametrize("scale", shipped(KINDS["scores"]))


def _assert_scores(observer: str, observation: Any, shown: Any, incumbent: int, rows: Any) -> None:
    """Where an observer puts the scores that are shown for the trials so far, which tried `rows`; 0 before them."""
    last, best = (shown[-1], shown[incumbent]) if shown else (0, 0)
    padded = [*shown, *[0.0] * (4 - len(shown))]
    if observer == "last":
        assert_shown(observation[4:6], (last, best))
    elif observer == "summary":
        assert_shown(observation[8:10], (best, last))
    elif observer == "tokens":
        assert_shown(observation["history_y"], padded)
    else:
        of_row = dict(zip(rows, shown, strict=False))
        assert_shown(observation["candidate_features"][:, 1], [of_row.get(row, 0.0) for row in range(5)])
        assert_shown(observation["state"][:1], [best])


@EACH_WAY
@EACH_SCALE
@pytest.mark.parametrize("observer", ["last", "summary", "tokens", "pool"])
def test_an_episode(observer: str, scale: str, way: Any) -> None:
    case = cases("scores", scale)["two episodes"]
    walks = way(TWO, observer=observer, codec="pool", scores=scale)
    for episode, walk, shown, incumbent in zip(TWO, walks, case.wanted, INCUMBENT, strict=True):
        _assert_scores(observer, walk.seen[0], (), -1, episode.actions)
        for t, observation in enumerate(walk.seen[1:]):
            _assert_scores(observer, observation, shown[t], incumbent[t], episode.actions)


@EACH_WAY
@pytest.mark.parametrize(
    ("scale", "a", "b"),
    [
        # a: 1.125 .375 .75 and then .875 are in the history, the incumbent is .75: the only full evaluation
        # b: 1.5 -.75 .625 and then 1, the incumbent is -.75
        ("raw", [(1.125, 1.125), (0.375, 0.375), (0.75, 0.75), (0.875, 0.75)],
                [(1.5, 1.5), (-0.75, -0.75), (0.625, -0.75), (1, -0.75)]),
        ("global", [(1.25, 1.25), (-0.25, -0.25), (0.5, 0.5), (0.75, 0.5)],
                   [(2, 2), (-2.5, -2.5), (0.25, -2.5), (1, -2.5)]),
        ("rank", [(0, 0), (-0.5, -0.5), (0, 0), (0.25, -0.25)],
                 [(0, 0), (-0.5, -0.5), (0, -2 / 3), (0.25, -0.75)]),
    ],
)  # fmt: skip
def test_trials_of_every_fidelity_count(scale: str, a: Any, b: Any, way: Any) -> None:
    episodes = [Episode("a", ((2, 0), (0, 1), (4, 2), (1, 2))), Episode("b", ((0, 0), (1, 2), (3, 1), (3, 1)))]
    walks = way(episodes, levels(), codec={"name": "pool", "fidelity": True}, scores=scale, budget=2)
    for walk, literals in zip(walks, (a, b), strict=True):
        for observation, scores in zip(walk.seen[1:], literals, strict=False):
            assert_shown(observation[4:6], scores)


@EACH_WAY
def test_the_global_scale_leaves_out_failures_and_what_was_not_measured(way: Any) -> None:
    """Without them one standard deviation is .5448624: row 1 of a shows .125 / .5448624, and so does the failure of
    row 4, which scores the worst so far; on b row 1 answers for row 4, -1.25 / .5448624.
    """
    a, b = way([Episode("a", (1, 4)), Episode("b", (4, 0))], gaps(), codec="pool", scores="global", budget=2)
    assert_shown(a.seen[1][4:6], (0.22941573, 0.22941573))
    assert_shown(b.seen[1][4:6], (-2.29415734, -2.29415734))
    if a.rewards:  # a policy does not see the last trial
        assert_shown(a.seen[2][4:6], (0.22941573, 0.22941573))
        assert_shown(b.seen[2][4:6], (1.37649440, 1.37649440))


# ---------------------------------------------------------------------- by themselves
def test_a_clipped_scale_ends_at_its_bound_on_either_side() -> None:
    env = single_env()
    env.reset(seed=0)
    runs, contexts = env.unwrapped.kernel.runs, env.unwrapped.kernel.contexts  # type: ignore[attr-defined]
    scores = np.array([-3e300, -2.0, 0.5, 2.5, 1e308])
    assert Bounded(Raw(), 2.0).serve(contexts, runs, scores).tolist() == [-2.0, -2.0, 0.5, 2.0, 2.0]
    assert Bounded(Global()).serve(contexts, runs, scores).tolist() == [
        -10.0,
        -5.0,
        0.0,
        4.0,
        10.0,
    ]  # (s - .5) / .5


def test_a_score_that_was_not_tried_has_a_rank_among_those_that_were() -> None:
    env = single_env(codec="pool")
    env.reset(seed=0, options={"task": "a"})
    kernel = env.unwrapped.kernel  # type: ignore[attr-defined]
    rank = Rank()
    assert rank.serve(kernel.contexts, kernel.runs, np.array([3.0])).tolist() == [0.0]
    env.step(0)  # .5
    assert [rank.serve(kernel.contexts, kernel.runs, np.array([s])).tolist() for s in (3.0, 0.5, 0.0)] == [
        [1],
        [0],
        [-1],
    ]
    assert rank.serve(kernel.contexts, kernel.runs, np.array([[3.0, 0.5, 0.0]])).tolist() == [[1, 0, -1]]
