"""What each observer shows in two episodes, worked out by hand from the table in `toy_suite`.

Task a tries rows 0 4 0 1: it repeats row 0 in the third trial, and row 4, the second, stays the incumbent.
Task b tries rows 2 3 0 3: each of the first three is a new incumbent, and the last repeats row 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from toy_suite import (
    WAYS,
    Episode,
    alone,
    anywhere,
    assert_shown,
    assert_walked,
    gaps,
    levels,
    part,
    plain,
    single_env,
    vector_env,
)

import hpo_gym
from hpo_gym.space import SearchSpace

A = Episode("a", (0, 4, 0, 1))  # scores .5 .75 .5 .625
B = Episode("b", (2, 3, 0, 3))  # scores .375 .75 1.25 .75
GIVEN_A = Episode("a", (0, 1), seed=6, given=(0, 4))
GIVEN_B = Episode("b", (0, 3), seed=0, given=(2, 3))

R0 = (-0.75, -0.75, -1.0, 0.0)
R1 = (-0.25, -0.25, 0.0, -0.5)
R2 = (0.75, 0.25, 1.0, 1.0)
R3 = (0.25, 0.75, -0.5, 0.0)
R4 = (-0.25, -0.25, 0.5, 0.5)
NO = (0.0, 0.0, 0.0, 0.0)
MOST = 3.4028234663852886e38  # of float32

# configuration, its score, the incumbent's score, budget left
LAST = (
    [
        (*NO, 0, 0, 1),
        (*R0, 0.5, 0.5, 0.75),
        (*R4, 0.75, 0.75, 0.5),
        (*R0, 0.5, 0.75, 0.25),
        (*R1, 0.625, 0.75, 0),
    ],
    [
        (*NO, 0, 0, 1),
        (*R2, 0.375, 0.375, 0.75),
        (*R3, 0.75, 0.75, 0.5),
        (*R0, 1.25, 1.25, 0.25),
        (*R3, 0.75, 1.25, 0),
    ],
)
# incumbent, last configuration, their scores, budget left, trials of 4, trials since the incumbent of all
SUMMARY = (
    [
        (*NO, *NO, 0, 0, 1, 0, 0),
        (*R0, *R0, 0.5, 0.5, 0.75, 0.25, 0),
        (*R4, *R4, 0.75, 0.75, 0.5, 0.5, 0),
        (*R4, *R0, 0.75, 0.5, 0.25, 0.75, 1 / 3),  # one trial of three came after it
        (*R4, *R1, 0.75, 0.625, 0, 1, 0.5),  # two of four
    ],
    [
        (*NO, *NO, 0, 0, 1, 0, 0),
        (*R2, *R2, 0.375, 0.375, 0.75, 0.25, 0),
        (*R3, *R3, 0.75, 0.75, 0.5, 0.5, 0),
        (*R0, *R0, 1.25, 1.25, 0.25, 0.75, 0),
        (*R0, *R3, 1.25, 0.75, 0, 1, 0.25),
    ],
)
# share of the budget spent, nothing tried, the last configuration (at first the default), its change
BLIND = (
    [
        (0, 1, *R1, *NO),
        (0.25, 0, *R0, -0.5, -0.5, -1, 0.5),
        (0.5, 0, *R4, 0.5, 0.5, 1.5, 0.5),
        (0.75, 0, *R0, -0.5, -0.5, -1.5, -0.5),
        (1, 0, *R1, 0.5, 0.5, 1, -0.5),
    ],
    [
        (0, 1, *R1, *NO),
        (0.25, 0, *R2, 1, 0.5, 1, 1.5),
        (0.5, 0, *R3, -0.5, 0.5, -1.5, -1),
        (0.75, 0, *R0, -1, -1.5, -0.5, 0),
        (1, 0, *R3, 1, 1.5, 0.5, 0),
    ],
)
NONE = (*NO, 0, 0)  # a trial that is not there yet
# four times configuration, score, fidelity
HISTORY = (
    [
        (*NONE, *NONE, *NONE, *NONE),
        (*R0, 0.5, 1, *NONE, *NONE, *NONE),
        (*R0, 0.5, 1, *R4, 0.75, 1, *NONE, *NONE),
        (*R0, 0.5, 1, *R4, 0.75, 1, *R0, 0.5, 1, *NONE),
        (*R0, 0.5, 1, *R4, 0.75, 1, *R0, 0.5, 1, *R1, 0.625, 1),
    ],
    [
        (*NONE, *NONE, *NONE, *NONE),
        (*R2, 0.375, 1, *NONE, *NONE, *NONE),
        (*R2, 0.375, 1, *R3, 0.75, 1, *NONE, *NONE),
        (*R2, 0.375, 1, *R3, 0.75, 1, *R0, 1.25, 1, *NONE),
        (*R2, 0.375, 1, *R3, 0.75, 1, *R0, 1.25, 1, *R3, 0.75, 1),
    ],
)


def _tokens(x: Any, y: Any, f: Any, mask: Any, left: float, **more: Any) -> dict[str, Any]:
    return {"history_x": x, "history_y": y, "history_f": f, "mask": mask, "left": (left,), **more}


TOKENS = (
    [
        _tokens((NO, NO, NO, NO), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0), 1),
        _tokens((R0, NO, NO, NO), (0.5, 0, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0), 0.75),
        _tokens((R0, R4, NO, NO), (0.5, 0.75, 0, 0), (1, 1, 0, 0), (1, 1, 0, 0), 0.5),
        _tokens((R0, R4, R0, NO), (0.5, 0.75, 0.5, 0), (1, 1, 1, 0), (1, 1, 1, 0), 0.25),
        _tokens((R0, R4, R0, R1), (0.5, 0.75, 0.5, 0.625), (1, 1, 1, 1), (1, 1, 1, 1), 0),
    ],
    [
        _tokens((NO, NO, NO, NO), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0), 1),
        _tokens((R2, NO, NO, NO), (0.375, 0, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0), 0.75),
        _tokens((R2, R3, NO, NO), (0.375, 0.75, 0, 0), (1, 1, 0, 0), (1, 1, 0, 0), 0.5),
        _tokens((R2, R3, R0, NO), (0.375, 0.75, 1.25, 0), (1, 1, 1, 0), (1, 1, 1, 0), 0.25),
        _tokens((R2, R3, R0, R3), (0.375, 0.75, 1.25, 0.75), (1, 1, 1, 1), (1, 1, 1, 1), 0),
    ],
)
# float, int, ordinal, categorical, constant; logarithmic; 1 / number of values
COLUMNS = ((0, 1, 0, 0, 0, 0, 0.25), (0, 0, 0, 1, 0, 0, 0.25), (1, 0, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, 0, 0))
ALL, BUT_SHAPE, NOT_YET = (1, 1, 1, 1), (1, 1, 1, 0), (0, 0, 0, 0)
ACTIVE = (
    [
        (NOT_YET, NOT_YET, NOT_YET, NOT_YET),
        (BUT_SHAPE, NOT_YET, NOT_YET, NOT_YET),
        (BUT_SHAPE, ALL, NOT_YET, NOT_YET),
        (BUT_SHAPE, ALL, BUT_SHAPE, NOT_YET),
        (BUT_SHAPE, ALL, BUT_SHAPE, ALL),
    ],
    [
        (NOT_YET, NOT_YET, NOT_YET, NOT_YET),
        (ALL, NOT_YET, NOT_YET, NOT_YET),
        (ALL, BUT_SHAPE, NOT_YET, NOT_YET),
        (ALL, BUT_SHAPE, BUT_SHAPE, NOT_YET),
        (ALL, BUT_SHAPE, BUT_SHAPE, BUT_SHAPE),
    ],
)
WIDE_TOKENS = tuple(
    [{**seen, "hyperparameters": COLUMNS, "active": on} for seen, on in zip(tokens, active, strict=True)]
    for tokens, active in zip(TOKENS, ACTIVE, strict=True)
)
# before the first trial the default configuration, row 1
CELLS = (
    [(1, 1, 2, 1), (0, 0, 0, 2), (1, 1, 3, 3), (0, 0, 0, 2), (1, 1, 2, 1)],
    [(1, 1, 2, 1), (3, 2, 4, 4), (2, 3, 1, 2), (0, 0, 0, 2), (2, 3, 1, 2)],
)
# the same cell as one number: ((4 depth + kernel) 5 + rate) 5 + shape
FLAT_CELLS = ([136, 2, 143, 2, 136], [136, 374, 282, 2, 282])
# of depth three levels are left (1, 2, 4; 3 is at .625, half-way: to the lower), of rate and shape 0, .5 and 1
COARSE_CELLS = (
    [(1, 1, 1, 0), (0, 0, 0, 1), (1, 1, 1, 1), (0, 0, 0, 1), (1, 1, 1, 0)],
    [(1, 1, 1, 0), (2, 2, 2, 2), (1, 3, 0, 1), (0, 0, 0, 1), (1, 3, 0, 1)],
)


def _pool(features: Any, mask: Any, best: float, left: float) -> dict[str, Any]:
    rows = (R0, R1, R2, R3, R4)
    return {"candidates": rows, "candidate_features": features, "action_mask": mask, "state": (best, left)}


# of each row: tried, its score, distance to the incumbent, distance to the nearest trial
UNSEEN = ((0, 0, 1, 1),) * 5
POOL = (
    [
        _pool(UNSEEN, (1, 1, 1, 1, 1), 0, 1),
        _pool(  # row 0 is all there is
            (
                (1, 0.5, 0, 0),
                (0, 0, 0.3125, 0.3125),
                (0, 0, 0.6875, 0.6875),
                (0, 0, 0.375, 0.375),
                (0, 0, 0.375, 0.375),
            ),
            (0, 1, 1, 1, 1), 0.5, 0.75,
        ),
        _pool(  # incumbent 4, tried 0 and 4
            (
                (1, 0.5, 0.375, 0),
                (0, 0, 0.1875, 0.1875),
                (0, 0, 0.3125, 0.3125),
                (0, 0, 0.375, 0.375),
                (1, 0.75, 0, 0),
            ),
            (0, 1, 1, 1, 0), 0.75, 0.5,
        ),
        _pool(  # the repeat of row 0 changes nothing but the budget
            (
                (1, 0.5, 0.375, 0),
                (0, 0, 0.1875, 0.1875),
                (0, 0, 0.3125, 0.3125),
                (0, 0, 0.375, 0.375),
                (1, 0.75, 0, 0),
            ),
            (0, 1, 1, 1, 0), 0.75, 0.25,
        ),
        _pool(  # and 1: row 3 is nearer to it (.3125) than to 0 and 4 (.375), row 2 nearer to 4
            (
                (1, 0.5, 0.375, 0),
                (1, 0.625, 0.1875, 0),
                (0, 0, 0.3125, 0.3125),
                (0, 0, 0.375, 0.3125),
                (1, 0.75, 0, 0),
            ),
            (0, 0, 1, 1, 0), 0.75, 0,
        ),
    ],
    [
        _pool(UNSEEN, (1, 1, 1, 1, 1), 0, 1),
        _pool(
            (
                (0, 0, 0.6875, 0.6875),
                (0, 0, 0.5, 0.5),
                (1, 0.375, 0, 0),
                (0, 0, 0.4375, 0.4375),
                (0, 0, 0.3125, 0.3125),
            ),
            (1, 1, 0, 1, 1), 0.375, 0.75,
        ),
        _pool(  # incumbent 3, tried 2 and 3
            (
                (0, 0, 0.375, 0.375),
                (0, 0, 0.3125, 0.3125),
                (1, 0.375, 0.4375, 0),
                (1, 0.75, 0, 0),
                (0, 0, 0.375, 0.3125),
            ),
            (1, 1, 0, 0, 1), 0.75, 0.5,
        ),
        _pool(  # incumbent 0, tried 0, 2 and 3
            (
                (1, 1.25, 0, 0),
                (0, 0, 0.3125, 0.3125),
                (1, 0.375, 0.6875, 0),
                (1, 0.75, 0.375, 0),
                (0, 0, 0.375, 0.3125),
            ),
            (0, 1, 0, 0, 1), 1.25, 0.25,
        ),
        _pool(
            (
                (1, 1.25, 0, 0),
                (0, 0, 0.3125, 0.3125),
                (1, 0.375, 0.6875, 0),
                (1, 0.75, 0.375, 0),
                (0, 0, 0.375, 0.3125),
            ),
            (0, 1, 0, 0, 1), 1.25, 0,
        ),
    ],
)  # fmt: skip

KNOWN: dict[str, tuple[Any, Any]] = {
    "last": ("last", LAST),
    "summary": ("summary", SUMMARY),
    "blind": ("blind", BLIND),
    "history": ("history", HISTORY),
    "tokens": ("tokens", TOKENS),
    "tokens-hyperparameters": ({"name": "tokens", "hyperparameters": True}, WIDE_TOKENS),
    "levels": ("levels", CELLS),
    "levels-flat": ({"name": "levels", "flat": True}, FLAT_CELLS),
    "levels-3": ({"name": "levels", "levels": 3}, COARSE_CELLS),
    "pool": ("pool", POOL),
}
EACH_WAY = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@EACH_WAY
@pytest.mark.parametrize("name", KNOWN)
def test_an_episode(name: str, way: Any) -> None:
    observer, wanted = KNOWN[name]
    for walk, literals in zip(way([A, B], observer=observer, codec="pool"), wanted, strict=True):
        assert_walked(walk, literals)


@pytest.mark.parametrize("name", KNOWN)
def test_an_observation_is_in_its_space_and_of_its_type(name: str) -> None:
    observer, _ = KNOWN[name]
    env = single_env(observer=observer, codec="pool")
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    for key, space in getattr(env.observation_space, "spaces", {}).items():
        assert observation[key].dtype == space.dtype


# ---------------------------------------------------------------------------------------------- context
CONTEXT = {"a": (1, -1, 1, 1), "b": (-1, 1, 1, 1), "c": (-2, 3, 1, 1), "d": (2, 0, 1, 0)}
FLAT = {"last": LAST, "summary": SUMMARY, "history": HISTORY}
DICTS = {"tokens": TOKENS, "pool": POOL}


@EACH_WAY
@pytest.mark.parametrize("name", FLAT)
def test_context_follows_a_flat_observation(name: str, way: Any) -> None:
    walks = way([A, B], observer={"name": name, "context": True}, codec="pool")
    for walk, literals, context in zip(walks, FLAT[name], ("a", "b"), strict=True):
        assert_walked(walk, [(*seen, *CONTEXT[context]) for seen in literals])


@EACH_WAY
@pytest.mark.parametrize("name", DICTS)
def test_context_is_one_more_entry_of_a_dict(name: str, way: Any) -> None:
    walks = way([A, B], observer={"name": name, "context": True}, codec="pool")
    for walk, literals, context in zip(walks, DICTS[name], ("a", "b"), strict=True):
        assert_walked(walk, [{**seen, "context": CONTEXT[context]} for seen in literals])


@EACH_WAY
@pytest.mark.parametrize(("split", "task", "score"), [("val", "c", 1.0), ("test", "d", 0.25)])
def test_context_of_other_splits_is_standardised_by_meta_train(way: Any, split: str, task: str, score: float) -> None:
    episode = Episode(task, (3,))
    (walk,) = way([episode], observer={"name": "last", "context": True}, codec="pool", split=split, budget=1)
    assert_walked(walk, [(*NO, 0, 0, 1, *CONTEXT[task]), (*R3, score, score, 0, *CONTEXT[task])])


# ---------------------------------------------------------------------------------------------- given points
# As the episodes above from the second trial on, but nothing was paid for the first two, of then four trials at most.
GIVEN: dict[str, tuple[Any, Any]] = {
    "last": (
        [(*R4, 0.75, 0.75, 1), (*R0, 0.5, 0.75, 0.5), (*R1, 0.625, 0.75, 0)],
        [(*R3, 0.75, 0.75, 1), (*R0, 1.25, 1.25, 0.5), (*R3, 0.75, 1.25, 0)],
    ),
    "summary": (
        [
            (*R4, *R4, 0.75, 0.75, 1, 0.5, 0),
            (*R4, *R0, 0.75, 0.5, 0.5, 0.75, 1 / 3),
            (*R4, *R1, 0.75, 0.625, 0, 1, 0.5),
        ],
        [
            (*R3, *R3, 0.75, 0.75, 1, 0.5, 0),
            (*R0, *R0, 1.25, 1.25, 0.5, 0.75, 0),
            (*R0, *R3, 1.25, 0.75, 0, 1, 0.25),
        ],
    ),
    "history": (HISTORY[0][2:], HISTORY[1][2:]),
    "tokens": tuple(
        [{**seen, "left": (left,)} for seen, left in zip(TOKENS[i][2:], (1, 0.5, 0), strict=True)] for i in (0, 1)
    ),
    "levels": (CELLS[0][2:], CELLS[1][2:]),
    "pool": (
        [{**seen, "state": (0.75, left)} for seen, left in zip(POOL[0][2:], (1, 0.5, 0), strict=True)],
        [
            {**POOL[1][2], "state": (0.75, 1)},
            {**POOL[1][3], "state": (1.25, 0.5)},
            {**POOL[1][4], "state": (1.25, 0)},
        ],
    ),
}


@EACH_WAY
@pytest.mark.parametrize("observer", GIVEN)
def test_given_points_are_seen_and_not_charged(observer: str, way: Any) -> None:
    walks = way([GIVEN_A, GIVEN_B], observer=observer, codec="pool", budget=2, n_init=2)
    assert [trial.score for trial in walks[0].history] == [0.5, 0.75, 0.5, 0.625]  # the seeds give these rows
    assert [trial.score for trial in walks[1].history] == [0.375, 0.75, 1.25, 0.75]
    for walk, literals in zip(walks, GIVEN[observer], strict=True):
        assert_walked(walk, literals)


@EACH_WAY
def test_the_best_given_point_is_the_incumbent_though_it_is_not_the_last(way: Any) -> None:
    episodes = [Episode("a", (1,), seed=21, given=(4, 0)), Episode("b", (0,), seed=11, given=(3, 2))]
    a, b = way(episodes, observer="summary", codec="pool", budget=1, n_init=2)
    assert_walked(a, [(*R4, *R0, 0.75, 0.5, 1, 2 / 3, 0.5), (*R4, *R1, 0.75, 0.625, 0, 1, 2 / 3)])
    assert_walked(b, [(*R3, *R2, 0.75, 0.375, 1, 2 / 3, 0.5), (*R0, *R0, 1.25, 1.25, 0, 1, 0)])


# ---------------------------------------------------------------------------------------------- fidelities
# At 1/4 a score is .25 higher, at 1/2 .125 lower; the incumbent is the best at the highest fidelity tried. Budget 2.
# a: row 2 at 1/4, row 0 at 1/2, row 4 in full, row 1 in full, of which 1/4 is left. Scores 1.125 .375 .75 .875.
# b: row 0 at 1/4, row 1 in full, row 3 at 1/2, row 3 at 1/2, of which 1/4 is left. Scores 1.5 -.75 .625 1.
PARTS_A = Episode("a", ((2, 0), (0, 1), (4, 2), (1, 2)))
PARTS_B = Episode("b", ((0, 0), (1, 2), (3, 1), (3, 1)))
PARTS: dict[str, tuple[Any, Any]] = {
    "last": (
        [
            (*NO, 0, 0, 1),
            (*R2, 1.125, 1.125, 0.875),  # 1/4 of 2 is spent
            (*R0, 0.375, 0.375, 0.625),  # the higher fidelity is the incumbent, though it scores less
            (*R4, 0.75, 0.75, 0.125),
            (*R1, 0.875, 0.75, 0),  # more, but at 1/4 only
        ],
        [
            (*NO, 0, 0, 1),
            (*R0, 1.5, 1.5, 0.875),
            (*R1, -0.75, -0.75, 0.375),
            (*R3, 0.625, -0.75, 0.125),
            (*R3, 1, -0.75, 0),
        ],
    ),
    "summary": (
        [
            (*NO, *NO, 0, 0, 1, 0, 0),  # eight trials at most
            (*R2, *R2, 1.125, 1.125, 0.875, 0.125, 0),
            (*R0, *R0, 0.375, 0.375, 0.625, 0.25, 0),
            (*R4, *R4, 0.75, 0.75, 0.125, 0.375, 0),
            (*R4, *R1, 0.75, 0.875, 0, 0.5, 0.25),
        ],
        [
            (*NO, *NO, 0, 0, 1, 0, 0),
            (*R0, *R0, 1.5, 1.5, 0.875, 0.125, 0),
            (*R1, *R1, -0.75, -0.75, 0.375, 0.25, 0),
            (*R1, *R3, -0.75, 0.625, 0.125, 0.375, 1 / 3),
            (*R1, *R3, -0.75, 1, 0, 0.5, 0.5),
        ],
    ),
    "history": (
        [
            NONE * 8,
            (*R2, 1.125, 0.25, *NONE * 7),
            (*R2, 1.125, 0.25, *R0, 0.375, 0.5, *NONE * 6),
            (*R2, 1.125, 0.25, *R0, 0.375, 0.5, *R4, 0.75, 1, *NONE * 5),
            (*R2, 1.125, 0.25, *R0, 0.375, 0.5, *R4, 0.75, 1, *R1, 0.875, 0.25, *NONE * 4),
        ],
        [
            NONE * 8,
            (*R0, 1.5, 0.25, *NONE * 7),
            (*R0, 1.5, 0.25, *R1, -0.75, 1, *NONE * 6),
            (*R0, 1.5, 0.25, *R1, -0.75, 1, *R3, 0.625, 0.5, *NONE * 5),
            (*R0, 1.5, 0.25, *R1, -0.75, 1, *R3, 0.625, 0.5, *R3, 1, 0.25, *NONE * 4),
        ],
    ),
}


@EACH_WAY
@pytest.mark.parametrize("observer", PARTS)
def test_fidelities(observer: str, way: Any) -> None:
    codec = {"name": "pool", "fidelity": True}
    walks = way([PARTS_A, PARTS_B], levels(), observer=observer, codec=codec, budget=2)
    for walk, literals in zip(walks, PARTS[observer], strict=True):
        assert_walked(walk, literals)


@EACH_WAY
def test_tokens_tell_fidelities(way: Any) -> None:
    codec = {"name": "pool", "fidelity": True}
    a, b = way([PARTS_A, PARTS_B], levels(), observer="tokens", codec=codec, budget=2)
    rest, zeros = [NO] * 5, [0] * 5
    wanted = _tokens(
        [R2, R0, R4, *rest], [1.125, 0.375, 0.75, *zeros], [0.25, 0.5, 1, *zeros], [1, 1, 1, *zeros], 0.125
    )
    assert_shown(a.seen[3], wanted)
    wanted = _tokens([R0, R1, R3, *rest], [1.5, -0.75, 0.625, *zeros], [0.25, 1, 0.5, *zeros], [1, 1, 1, *zeros], 0.125)
    assert_shown(b.seen[3], wanted)


# ---------------------------------------------------------------------------------------------- candidates, gaps
@pytest.mark.parametrize("way", [WAYS["alone"], WAYS["together"]], ids=["alone", "together"])
def test_candidates_are_shown_in_the_order_of_their_actions(way: Any) -> None:
    """Seed 4 draws rows 0 4 2, seed 1 draws rows 4 0 3."""
    part = {"name": "pool", "candidates": 3}
    episodes = [Episode("a", (1, 0), seed=4), Episode("b", (2, 1), seed=1)]
    a, b = way(episodes, observer=part, codec=part, budget=2)
    for walk, rows in ((a, (R0, R4, R2)), (b, (R4, R0, R3))):
        for seen in walk.seen:
            assert_shown(seen["candidates"], rows)
    assert_shown(a.seen[0]["candidate_features"], ((0, 0, 1, 1),) * 3)
    assert_shown(a.seen[1]["candidate_features"], ((0, 0, 0.375, 0.375), (1, 0.75, 0, 0), (0, 0, 0.3125, 0.3125)))
    assert_shown(a.seen[2]["candidate_features"], ((1, 0.5, 0.375, 0), (1, 0.75, 0, 0), (0, 0, 0.3125, 0.3125)))
    assert_shown(b.seen[1]["candidate_features"], ((0, 0, 0.375, 0.375), (0, 0, 0.375, 0.375), (1, 0.75, 0, 0)))
    assert_shown(b.seen[2]["candidate_features"], ((0, 0, 0.375, 0.375), (1, 1.25, 0, 0), (1, 0.75, 0.375, 0)))
    assert_shown([seen["action_mask"] for seen in a.seen], [(1, 1, 1), (1, 0, 1), (0, 0, 1)])
    assert_shown([seen["action_mask"] for seen in b.seen], [(1, 1, 1), (1, 1, 0), (1, 0, 0)])
    assert_shown([seen["state"] for seen in b.seen], [(0, 1), (0.75, 0.5), (1.25, 0)])


def test_more_candidates_than_rows_repeat_and_are_masked() -> None:
    """Task b has four measured rows: seed 0 draws 2 3 0 1, then 2 again."""
    part = {"name": "pool", "candidates": 5}
    (walk,) = alone([Episode("b", (0,))], gaps(), observer=part, codec=part, budget=1)
    assert_shown(walk.seen[0]["candidates"], (R2, R3, R0, R1, R2))
    assert_shown(walk.seen[0]["action_mask"], (1, 1, 1, 1, 0))
    assert_shown(walk.seen[1]["action_mask"], (0, 1, 1, 1, 0))
    assert_shown(walk.seen[1]["candidate_features"][:, 0], (1, 0, 0, 0, 1))


@EACH_WAY
def test_a_row_that_was_not_measured_is_masked_in_the_pool(way: Any) -> None:
    """Row 4 failed on a, where it scores -.1875; on b it was not measured, and row 1 answers for it."""
    episodes = [Episode("a", (4, 3)), Episode("b", (4, 3))]
    a, b = way(episodes, gaps(), observer="pool", codec="pool", budget=2)
    assert_shown(a.seen[0]["action_mask"], (1, 1, 1, 1, 1))
    assert_shown(b.seen[0]["action_mask"], (1, 1, 1, 1, 0))
    assert_shown(a.seen[1]["action_mask"], (1, 1, 1, 1, 0))
    assert_shown(b.seen[1]["action_mask"], (1, 0, 1, 1, 0))
    assert_shown(a.seen[1]["candidate_features"][4], (1, -0.1875, 0, 0))
    assert_shown(b.seen[1]["candidate_features"][1], (1, -0.75, 0, 0))
    assert_shown(b.seen[1]["candidate_features"][4], (0, 0, 0.1875, 0.1875))
    assert_shown(a.seen[1]["state"], (-0.1875, 0.5))
    assert_shown(b.seen[1]["state"], (-0.75, 0.5))


@EACH_WAY
def test_once_all_rows_are_tried_none_is_masked(way: Any) -> None:
    episode = Episode("a", (0, 1, 2, 3, 4, 0))
    (walk,) = way([episode], observer="pool", codec="pool", budget=6)
    assert_shown(walk.seen[4]["action_mask"], (0, 0, 0, 0, 1))
    assert_shown(walk.seen[5]["action_mask"], (1, 1, 1, 1, 1))


# ---------------------------------------------------------------------------------------------- staggered runs
# Task a. Run 0 goes on for four trials, run 1 stops after its first, begins anew in the third step and tries row 3,
# run 2 goes on for three trials and stops.
STAGGERED: dict[str, Any] = {
    "last": (
        LAST[0],
        [(*NO, 0, 0, 1), (*R2, 0.875, 0.875, 0.75), (*R2, 0.875, 0.875, 0.75), (*NO, 0, 0, 1),
         (*R3, 0.375, 0.375, 0.75)],
        [(*NO, 0, 0, 1), (*R4, 0.75, 0.75, 0.75), (*R1, 0.625, 0.75, 0.5), (*R3, 0.375, 0.75, 0.25),
         (*R3, 0.375, 0.75, 0.25)],
    ),
    "summary": (
        SUMMARY[0],
        [
            (*NO, *NO, 0, 0, 1, 0, 0),
            (*R2, *R2, 0.875, 0.875, 0.75, 0.25, 0),
            (*R2, *R2, 0.875, 0.875, 0.75, 0.25, 0),
            (*NO, *NO, 0, 0, 1, 0, 0),
            (*R3, *R3, 0.375, 0.375, 0.75, 0.25, 0),
        ],
        [
            (*NO, *NO, 0, 0, 1, 0, 0),
            (*R4, *R4, 0.75, 0.75, 0.75, 0.25, 0),
            (*R4, *R1, 0.75, 0.625, 0.5, 0.5, 0.5),
            (*R4, *R3, 0.75, 0.375, 0.25, 0.75, 2 / 3),
            (*R4, *R3, 0.75, 0.375, 0.25, 0.75, 2 / 3),
        ],
    ),
    "history": (
        HISTORY[0],
        [
            NONE * 4,
            (*R2, 0.875, 1, *NONE * 3),
            (*R2, 0.875, 1, *NONE * 3),
            NONE * 4,
            (*R3, 0.375, 1, *NONE * 3),
        ],
        [
            NONE * 4,
            (*R4, 0.75, 1, *NONE * 3),
            (*R4, 0.75, 1, *R1, 0.625, 1, *NONE * 2),
            (*R4, 0.75, 1, *R1, 0.625, 1, *R3, 0.375, 1, *NONE),
            (*R4, 0.75, 1, *R1, 0.625, 1, *R3, 0.375, 1, *NONE),
        ],
    ),
    "levels": (
        CELLS[0],
        [(1, 1, 2, 1), (3, 2, 4, 4), (3, 2, 4, 4), (1, 1, 2, 1), (2, 3, 1, 2)],
        [(1, 1, 2, 1), (1, 1, 3, 3), (1, 1, 2, 1), (2, 3, 1, 2), (2, 3, 1, 2)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("observer", STAGGERED)
def test_runs_that_stop_and_begin_anew_beside_others(observer: str) -> None:
    envs = vector_env(3, task="a", observer=observer, codec={"name": "pool", "stop": True})
    batch, _ = envs.reset(seed=0)
    seen, stop = [batch], 5
    for actions in ((0, 2, 4), (4, stop, 1), (0, 0, 3), (1, 3, stop)):
        batch, _, terminated, _, _ = envs.step(np.array(actions))
        seen.append(batch)
    assert terminated.tolist() == [True, False, True]
    for i, literals in enumerate(STAGGERED[observer]):
        for observation, wanted in zip(seen, literals, strict=True):
            assert_shown(part(observation, i), wanted)


# ---------------------------------------------------------------------------------------------- spaces
UNIT = [-1.0] * 4, [1.0] * 4
SPACES: dict[str, Any] = {
    "last": (UNIT[0] + [-MOST, -MOST, 0], UNIT[1] + [MOST, MOST, 1]),
    "summary": (UNIT[0] * 2 + [-MOST, -MOST, 0, 0, 0], UNIT[1] * 2 + [MOST, MOST, 1, 1, 1]),
    "history": ((UNIT[0] + [-MOST, 0]) * 4, (UNIT[1] + [MOST, 1]) * 4),
}


def _spaces(observer: Any, **keywords: Any) -> list[Any]:
    env = single_env(observer=observer, codec="pool", **keywords)
    envs = vector_env(2, observer=observer, codec="pool", **keywords)
    return [env.observation_space, envs.single_observation_space]


def _assert_box(space: Any, low: Any, high: Any) -> None:
    assert space.dtype == np.float32
    assert_shown(space.low, low)
    assert_shown(space.high, high)


@pytest.mark.parametrize("observer", SPACES)
def test_space_of_a_flat_observer(observer: str) -> None:
    low, high = SPACES[observer]
    for space in _spaces(observer):
        _assert_box(space, low, high)
    for space in _spaces({"name": observer, "context": True}):
        _assert_box(space, low + [-MOST] * 4, high + [MOST] * 4)


def test_space_of_tokens() -> None:
    for space in _spaces({"name": "tokens", "hyperparameters": True, "context": True}):
        _assert_box(space["history_x"], [[-1.0] * 4] * 4, [[1.0] * 4] * 4)
        _assert_box(space["history_y"], [-MOST] * 4, [MOST] * 4)
        _assert_box(space["history_f"], [0.0] * 4, [1.0] * 4)
        _assert_box(space["left"], [0.0], [1.0])
        _assert_box(space["hyperparameters"], [[0.0] * 7] * 4, [[1.0] * 7] * 4)
        _assert_box(space["context"], [-MOST] * 4, [MOST] * 4)
        assert space["mask"].shape == (4,)
        assert space["active"].shape == (4, 4)
    for space in _spaces("tokens"):
        assert set(space) == {"history_x", "history_y", "history_f", "mask", "left"}


def test_space_of_levels() -> None:
    for space in _spaces("levels"):
        assert space.nvec.tolist() == [4, 4, 5, 5]
    for space in _spaces({"name": "levels", "levels": 3}):
        assert space.nvec.tolist() == [3, 4, 3, 3]
    for space in _spaces({"name": "levels", "flat": True}):
        assert space.n == 400


def test_space_of_a_pool() -> None:
    for space in _spaces({"name": "pool", "context": True}):
        _assert_box(space["candidates"], [[-1.0] * 4] * 5, [[1.0] * 4] * 5)
        _assert_box(space["candidate_features"], [[-MOST] * 4] * 5, [[MOST] * 4] * 5)
        _assert_box(space["state"], [-MOST] * 2, [MOST] * 2)
        _assert_box(space["context"], [-MOST] * 4, [MOST] * 4)
        assert space["action_mask"].shape == (5,)


def test_given_points_and_fidelities_lengthen_a_history() -> None:
    """h = 4 + 2 given; with fidelities from 1/4, 4 / (1/4) = 16."""
    for space in _spaces("history", n_init=2):
        assert space.shape == (36,)
    env = single_env(levels(), observer="history", codec={"name": "pool", "fidelity": True})
    assert env.observation_space.shape == (96,)


# ---------------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("observer", "error", "words"),
    [
        ("sumary", hpo_gym.UnknownNameError, "Did you mean 'summary'"),
        ({"name": "last", "contxt": True}, hpo_gym.UnknownNameError, "Did you mean 'context'"),
        ({"name": "last", "context": 1}, hpo_gym.InvalidValueError, "`context` of observer 'last' must be bool"),
        ({"name": "levels", "levels": 1}, hpo_gym.InvalidValueError, "`2 <= levels <= 10000` must hold, got 1"),
        ({"name": "levels", "context": True}, hpo_gym.InvalidValueError, "`context` must be false"),
        ({"name": "pool", "candidates": 1}, hpo_gym.InvalidValueError, "`2 <= candidates <= 1024` must hold, got 1"),
        ({"name": "pool", "candidates": 3}, hpo_gym.InvalidValueError, "same `candidates`, got 3 and None"),
    ],
    ids=str,
)
def test_refused(observer: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        single_env(plain(), observer=observer, codec="pool")
    with pytest.raises(error, match=words):
        vector_env(2, plain(), observer=observer, codec="pool")


def test_a_pool_is_needed_to_show_one() -> None:
    with pytest.raises(hpo_gym.InvalidValueError, match="needs tasks with a pool"):
        single_env(anywhere(), observer="pool")


# ---------------------------------------------------------------------- what a part asks the kernel to keep
@pytest.mark.parametrize(
    ("name", "fused", "history", "incumbent", "blank"),
    [
        ("last", True, False, False, True),
        ("summary", False, False, True, True),
        ("history", True, True, False, True),
        ("tokens", False, True, False, False),
        ("levels", False, False, False, False),
        ("pool", False, False, True, False),
    ],
)
def test_an_observer_asks_for_no_more_than_it_reads(
    name: str, fused: bool, history: bool, incumbent: bool, blank: bool
) -> None:
    seen = hpo_gym.OBSERVERS.get(name)()
    found = (seen.fused, seen.needs_history, seen.needs_incumbent, seen.blank)
    assert found == (fused, history, incumbent, blank)


@pytest.mark.parametrize(
    ("name", "incumbent", "pool"),
    [("box", False, False), ("grid", False, False), ("move", True, False), ("pool", False, True)],
)
def test_a_codec_asks_for_no_more_than_it_reads(name: str, incumbent: bool, pool: bool) -> None:
    chosen = hpo_gym.CODECS.get(name)()
    assert (chosen.needs_incumbent, chosen.pool, chosen.fidelity, chosen.stop) == (incumbent, pool, False, False)


def test_a_large_pool_is_shown_by_candidates_only() -> None:
    rows = np.linspace(0.0, 1.0, 1025)[:, None]
    space = SearchSpace({"hyperparameters": [{"type": "uniform_float", "name": "u", "lower": 0.0, "upper": 1.0,
                                              "default_value": 0.5, "log": False}], "conditions": [],
                         "forbiddens": []})  # fmt: skip
    large = hpo_gym.table_suite("Large", space, rows, rows.T, tasks=["a"], splits={"train": ["a"]})
    two = {"name": "pool", "candidates": 2}
    assert single_env(large, observer=two, codec=two).reset(seed=0)[0]["candidates"].shape == (2, 1)
    with pytest.raises(hpo_gym.InvalidValueError, match="shows at most 1024 rows, this pool has 1025"):
        single_env(large, observer="pool", codec="pool")


@pytest.mark.parametrize("observer", ["last", "history", "summary"])
def test_a_score_beyond_float32_is_shown_as_the_largest(observer: str) -> None:
    space = SearchSpace({"hyperparameters": [{"type": "uniform_float", "name": "u", "lower": 0.0, "upper": 1.0,
                                              "default_value": 0.5, "log": False}], "conditions": [],
                         "forbiddens": []})  # fmt: skip
    huge = hpo_gym.table_suite("Huge", space, [[0.0], [1.0]], [[1e300, -1e300]], tasks=["a"], splits={"train": ["a"]})
    env = single_env(huge, observer=observer, codec="pool", budget=2)
    env.reset(seed=0)
    for row, sign in ((1, -1), (0, 1)):
        seen = env.step(row)[0]
        assert np.isfinite(seen).all() and sign * MOST in seen.tolist()
