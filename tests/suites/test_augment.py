"""Augmented tasks keep what they declare, and change what they do not."""

import numpy as np
import pytest
from ConfigSpace import (
    AndConjunction,
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenEqualsClause,
    GreaterThanCondition,
    Integer,
    OrConjunction,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_gym.base.errors import InvalidValueError, UnknownNameError
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.table import Table, TableTask
from hpo_gym.problem.task import Task, noise_keys
from hpo_gym.suites.tasks.augment import AUGMENTATIONS, augment
from hpo_gym.suites.tasks.augmented import INVARIANTS
from hpo_gym.suites.tasks.function import function_task


def table_task(name="adult", seed=0, m=400) -> TableTask:
    """A pipeline space as AutoML's: conditions, a log range, an integer, categoricals, failures, unmeasured rows."""
    cs = ConfigurationSpace()
    model = Categorical("model", ["svm", "knn", "tree"], default="tree")
    c = Float("svm_c", (1e-3, 1e3), log=True, default=1.0)
    k = Integer("knn_k", (1, 15), default=5)
    depth = Integer("tree_depth", (1, 9), default=3)
    leaf = Float("tree_leaf", (0.0, 0.5), default=0.1)
    scale = Float("pca_share", (0.1, 1.0), default=1.0)
    encode = Categorical("encode", [True, False], default=True)
    cs.add([model, c, k, depth, leaf, scale, encode])
    cs.add([EqualsCondition(c, model, "svm"), EqualsCondition(k, model, "knn"), EqualsCondition(depth, model, "tree")])
    cs.add(AndConjunction(EqualsCondition(leaf, model, "tree"), GreaterThanCondition(leaf, depth, 2)))
    space, rng = SearchSpace(cs), np.random.default_rng(seed)
    x = np.unique(space.sample(rng, m), axis=0)
    rng.shuffle(x)
    score = rng.random((1, len(x), 1))
    score[0, rng.random(len(x)) < 0.05, 0] = -np.inf
    score[0, rng.random(len(x)) < 0.05, 0] = np.nan
    table = Table(space, x, score, rng.random(score.shape))
    served = table.finite[0, table.measured[0], -1]
    return TableTask(name, name, "T", space, float(served.max()), float(served.min()), table=table, index=0)


TABLE = table_task()
TASKS = [TABLE, table_task("wine", 1), function_task("branin-d2-s17"), function_task("hartmann-d6-s2")]
TASKS += [function_task("ackley-d4-s1-n0.1"), function_task("schwefel-d3-s1")]
SPECS = [
    {"name": "permute", "seed": 3},
    {"name": "rescale", "seed": 1},
    {"name": "rescale", "seed": 2, "share": 0.2},
    {"name": "drop", "seed": 5},
    {"name": "drop", "seed": 2, "at": "best"},
    {"name": "distract", "count": 2},
    "hide",
    {"name": "warp", "seed": 4},
    {"name": "noise", "sd": 0.2},
]
CHAINS = [
    ({"name": "permute"}, "hide", {"name": "distract", "count": 3}),
    ({"name": "rescale"}, {"name": "permute", "seed": 1}, {"name": "rescale", "seed": 9, "share": 0.5}),
    ({"name": "distract"}, {"name": "permute", "seed": 8}, {"name": "drop", "seed": 1}, {"name": "warp"}),
    ({"name": "warp", "seed": 1}, {"name": "noise"}, {"name": "warp", "seed": 2}),
]
CASES = [(t, (s,)) for t in TASKS for s in SPECS] + [(t, c) for t in TASKS for c in CHAINS]


def show(value):
    return value.name if isinstance(value, Task) else "+".join(s if isinstance(s, str) else s["name"] for s in value)


def innermost(task):
    return innermost(task.inner) if hasattr(task, "inner") else task


def inward(task, x):
    return inward(task.inner, task.original(x)) if hasattr(task, "inner") else x


def outward(task, x):
    """Points here of points of the innermost original, and which of them correspond."""
    if not hasattr(task, "inner"):
        return x, np.ones(len(x), bool)
    below, good = outward(task.inner, x)
    here, too = task.corresponding(below)
    return here, good & too


def facts(task):
    """Which words of `INVARIANTS` are true of an augmented task, found out by trying."""
    original, rng = innermost(task), np.random.default_rng(0)
    n = 600
    x = original.space.sample(rng, n)
    x[-1] = original.space.default_x
    if original.pool is not None:
        x = np.concatenate([x, original.pool[original.measured]])
    corresponds = outward(task, x)[1]
    here = task.space.sample(rng, n)
    mine, theirs = task.noise_free(here), original.noise_free(inward(task, here))
    order = np.argsort(theirs, kind="stable")
    one, keys = np.ones(n), np.arange(n, dtype=np.uint64)
    a, b = task.evaluate(here, one, keys), original.evaluate(inward(task, here), one, keys)
    mapped, ok = outward(task, original.space.default_x[None])
    known = original.space.names
    checks = {
        "configurations": corresponds.all(),
        "columns": [(h.kind, h.low, h.high, h.choices) for h in task.space.hyperparameters]
        == [(h.kind, h.low, h.high, h.choices) for h in original.space.hyperparameters],
        "names": set(task.space.names) & set(known) == set(known)
        or all(h in known for h in task.space.names if not h.startswith("distractor")),
        "default": ok[0] and np.allclose(mapped[0], task.space.default_x, atol=1e-6),
        "scores": np.allclose(mine, theirs, rtol=0, atol=1e-12),
        "ranks": (np.diff(mine[order]) >= -1e-12).all(),
        "best": task.best == original.best and reached(task),
        "argmax": reached(task) and reached(original, inward(task, task.optimum_x[None])),
        "costs": np.array_equal(a.cost, b.cost) and np.array_equal(a.status, b.status),
        "noise": task.noisy == original.noisy,
    }
    assert set(checks) == set(INVARIANTS)
    return {word for word, true in checks.items() if true}


def reached(task, x=None):
    """Whether the best score is reached at `x` ``(1, d)``, without it at the optimum that the task claims."""
    if x is None and task.optimum_x is None:
        return False
    at = task.optimum_x[None] if x is None else x
    return abs(task.noise_free(at)[0] - task.best) < 1e-6 * max(1.0, task.best - task.worst)


@pytest.mark.parametrize(("task", "specs"), CASES, ids=show)
def test_what_is_declared_invariant_is(task, specs):
    made = augment(task, *specs)
    assert made.kept - facts(made) == set()
    assert (made.suite, made.family, made.fidelities) == (task.suite, task.family, task.fidelities)


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: show((s,)))
def test_what_is_not_declared_invariant_changes_somewhere(spec):
    held = set.intersection(*(facts(augment(t, spec)) for t in TASKS))
    declared = augment(TASKS[0], spec).invariant
    assert held - declared == set(), "declare it"


@pytest.mark.parametrize(("task", "specs"), CASES, ids=show)
def test_no_score_exceeds_best(task, specs):
    made = augment(task, *specs)
    scores = made.noise_free(made.space.sample(np.random.default_rng(5), 2000))
    assert np.isfinite(scores).all()
    assert scores.max() <= made.best + 1e-12


@pytest.mark.parametrize("specs", [(s,) for s in SPECS] + CHAINS, ids=show)
def test_pool_holds_the_measured_rows_that_survive(specs):
    made = augment(TABLE, *specs)
    rows = TABLE.pool[TABLE.measured]
    if made.pool is None:
        assert not outward(made, rows)[1].any()
        return
    pool = made.pool
    assert np.array_equal(made.space.snap(pool), pool)
    back = np.abs(inward(made, pool)[:, None] - rows[None]).max(2)
    assert (back.min(1) < 1e-6).all()  # each is a measured row
    served = TABLE.table.finite[0, TABLE.measured, -1][back.argmin(1)]
    if "scores" in made.kept:
        assert np.allclose(made.noise_free(pool), served)
    if "configurations" in made.kept:
        assert len(pool) == len(rows)


def test_function_tasks_have_no_pool():
    assert augment(TASKS[2], "hide").pool is None


def test_original_is_answered_by_configurations_under_hidden_names():
    made = augment(TABLE, "hide")
    assert made.space.names == tuple(f"h{j}" for j in range(7))
    trial = made.run(made.space.default)
    assert trial.score == TABLE.run(TABLE.space.default).score
    assert not set(made.space.names) & set(TABLE.space.names)
    assert not any(name in str(made.space.to_json()) for name in TABLE.space.names)


def test_rescaled_configurations_mean_the_same_values():
    made = augment(TABLE, {"name": "rescale", "seed": 6, "share": 0.3})
    x = made.space.sample(np.random.default_rng(0), 200)
    for mine, theirs in zip(made.space.decode(x), TABLE.space.decode(made.original(x)), strict=True):
        assert mine.keys() == theirs.keys()
        for name, value in mine.items():
            assert value == (pytest.approx(theirs[name], rel=1e-6) if isinstance(value, float) else theirs[name])


def test_dropped_hyperparameters_are_at_their_defaults():
    made = augment(TASKS[3], {"name": "drop", "count": 4})
    x = made.space.sample(np.random.default_rng(0), 50)
    assert made.space.d == 2
    assert ((made.original(x) == 0.5).sum(1) == 4).all()


def test_dropping_keeps_parents_and_forbidden_hyperparameters():
    cs = ConfigurationSpace()
    a, b = Categorical("a", ["x", "y"], default="x"), Categorical("b", ["x", "y"], default="x")
    c, d, e = Float("c", (0, 1)), Float("d", (0, 1)), Float("e", (0, 1))
    cs.add([a, b, c, d, e])
    cs.add(OrConjunction(EqualsCondition(c, a, "x"), GreaterThanCondition(c, d, 0.5)))
    cs.add(ForbiddenEqualsClause(b, "y"))
    space = SearchSpace(cs)
    x = space.sample(np.random.default_rng(0), 50)
    task = TableTask("t", "t", "T", space, 49.0, 0.0, table=Table(space, x, np.arange(50.0).reshape(1, 50, 1)))
    made = augment(task, {"name": "drop", "count": 2})
    assert set(made.space.names) == {"a", "b", "d"}
    with pytest.raises(InvalidValueError, match=r"`count` must be an integer in \[1, 2\], got 3"):
        augment(task, {"name": "drop", "count": 3})
    hidden = augment(task, "hide", {"name": "permute", "seed": 1})
    assert not hidden.space.legal(outward(hidden, space.snap(np.array([[0.2, 0.8, 0.5, 0.5, 0.5]])))[0])[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(range(len(TASKS))))
def test_warped_scores_keep_their_order(seed, which):
    made = augment(TASKS[which], {"name": "warp", "seed": seed})
    scores = np.linspace(TASKS[which].worst - 3, TASKS[which].best, 500)
    assert (np.diff(made.warped(scores)) > 0).all()
    assert made.warped(np.array([TASKS[which].best]))[0] == made.best > made.worst


def test_added_noise_is_drawn_by_key_and_of_the_stated_size():
    task = function_task("levy-d3-s1")
    made = augment(task, {"name": "noise", "sd": 0.2})
    twice = augment(made, {"name": "noise", "sd": 0.2})
    x, one = made.space.sample(np.random.default_rng(0), 4000), np.ones(4000)

    def draw(t, instance):
        instances = np.full(4000, instance, np.uint64)
        return t.evaluate(x, one, noise_keys(instances, x, one, t)).score

    unit = task.best - task.worst
    first = (draw(made, 1) - task.noise_free(x)) / unit
    assert np.array_equal(draw(made, 1), draw(made, 1))
    assert (draw(made, 1) != draw(made, 2)).all()
    assert abs(first.mean()) < 4 * 0.2 / np.sqrt(4000)
    assert first.std() == pytest.approx(0.2, rel=0.05)
    second = (draw(twice, 1) - task.noise_free(x)) / unit  # independent noises add in the square
    assert second.std() == pytest.approx(0.2 * np.sqrt(2), rel=0.05)
    assert np.array_equal(twice.noise_free(x), task.noise_free(x))


def test_failed_trials_get_no_noise():
    made = augment(TABLE, {"name": "noise", "sd": 1.0})
    x = TABLE.pool[TABLE.table.failed[0, :, 0]]
    out = made.evaluate(x, np.ones(len(x)), np.arange(len(x), dtype=np.uint64))
    assert len(x) and out.status.all()
    assert np.isneginf(out.score).all() and np.isfinite(TABLE.noise_free(x)).all()


def test_augmented_tasks_stand_in_a_bank_with_others():
    tasks = [augment(t, "hide", {"name": "noise"}) for t in TASKS[2:]] + TASKS[2:]
    batch, rng = batch_of(tasks, 6), np.random.default_rng(0)
    task, w = rng.integers(0, len(tasks), 200), rng.integers(0, 2**63, 200).astype(np.uint64)
    x = batch.place(task, rng.random((200, 6)))
    scores = batch.evaluate(task, x, None, w)[0]
    for i in range(20):
        t = tasks[task[i]]
        one = x[i : i + 1, : t.space.d]
        assert t.evaluate(one, np.ones(1), noise_keys(w[i : i + 1], one, np.ones(1), t)).score[0] == scores[i]


def test_names_say_what_was_done_and_differ():
    made = augment(TABLE, {"name": "permute", "seed": 3}, "hide")
    assert made.name == "adult+permute(seed=3)+hide"
    names = [augment(TABLE, s).name for s in SPECS]
    assert len(set(names)) == len(names)


def test_same_spec_same_task():
    for spec in SPECS:
        one, two = augment(TASKS[3], spec), augment(TASKS[3], spec)
        x = one.space.sample(np.random.default_rng(0), 20)
        assert one.space == two.space
        assert np.array_equal(one.noise_free(x), two.noise_free(x))


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("permut", UnknownNameError, "Did you mean 'permute'"),
        ({"seed": 1}, UnknownNameError, "No augmentation None"),
        ({"name": "permute", "sed": 1}, UnknownNameError, "Did you mean 'seed'"),
        ({"name": "hide", "seed": 1}, UnknownNameError, "No option of 'hide'"),
        ({"name": "permute", "seed": -1}, InvalidValueError, "`seed` must be an integer"),
        ({"name": "rescale", "share": 0.0}, InvalidValueError, r"`share` must be a finite number in \[1e-06, 1\]"),
        ({"name": "drop", "count": 7}, InvalidValueError, "`count` must be an integer in"),
        ({"name": "drop", "at": "bst"}, UnknownNameError, "Did you mean 'best'"),
        ({"name": "distract", "count": True}, InvalidValueError, "`count` must be an integer"),
        ({"name": "noise", "sd": float("nan")}, InvalidValueError, "`sd` must be a finite number above 0"),
    ],
)
def test_wrong_spec_is_refused(spec, error, message):
    with pytest.raises(error, match=message):
        augment(TABLE, spec)


def test_rescaling_needs_a_known_optimum():
    unknown = augment(TASKS[2], {"name": "drop"})  # fixed at the default: where the best is now, nobody knows
    assert unknown.optimum_x is None
    with pytest.raises(InvalidValueError, match="needs a task whose optimum is known"):
        augment(unknown, {"name": "rescale"})


def test_every_augmentation_is_tested():
    assert {s if isinstance(s, str) else s["name"] for s in SPECS} == set(AUGMENTATIONS)
