"""Fits: episodes, checkpoints, scores and signals by hand; the same bits in any company; and the suite's envs."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from collections import Counter
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import hpo_gym
from hpo_gym import HPOEnv, HPOVectorEnv, load_suite
from hpo_gym.base import DamagedDataError, InvalidValueError, UnknownNameError
from hpo_gym.bench.incumbent import incumbents
from hpo_gym.problem import LAST, SPLITS, Status
from hpo_gym.problem.costs import Budget
from hpo_gym.suites.tasks.fits import fit as module
from hpo_gym.suites.tasks.fits import fits
from hpo_gym.suites.tasks.fits.compiled import by_arrays, kernel
from hpo_gym.suites.tasks.fits.controls import CONTROLS, control_space, numbers
from hpo_gym.suites.tasks.fits.fit import Fit, initial
from hpo_gym.suites.tasks.fits.fits import score_of
from hpo_gym.suites.tasks.fits.recipe import WIDTHS, Recipes, apart
from hpo_gym.suites.tasks.fits.signals import AT, SIGNALS, after, at_start, bounded
from hpo_gym.suites.tasks.fits.tables import FitTable, table
from hpo_gym.suites.tasks.fits.task import BEST, GUESS, FitBatch
from hpo_gym.suites.trainings import trainings_with

SMALL = Recipes(width=(16, 24), depth=(1, 2), rows=(64, 64), batch=(16, 32))
SUITE = trainings_with(SMALL)
TASKS: Any = SUITE.tasks("val")[:5]
EPOCHS = 4


def begun(n: int, suite: Any = SUITE, horizon: int = EPOCHS, key: int = 0) -> fits.Fits:
    """Runs on five tasks in turn."""
    tasks = suite.tasks("val")[:5]
    runs = FitBatch(tasks).progress(n, horizon)
    runs.begin(None, np.arange(n) % len(tasks), np.arange(key, key + n).astype(np.uint64))
    return runs


def points(n: int, epochs: int = EPOCHS) -> list[Any]:
    """Canonical points, by epoch and run."""
    rng = np.random.default_rng(1)
    return [SUITE.space.snap(rng.uniform(0.2, 0.8, (n, 3))) for _ in range(epochs)]


def point(rate: float, decay: float = 1e-3, dropout: float = 0.0) -> Any:
    return SUITE.space.encode([{"learning_rate": rate, "weight_decay": decay, "dropout": dropout}])


def fit_of(recipes: Recipes = SMALL, key: int = 5, name: str | None = None) -> Fit:
    return Fit(key, name or TASKS[0].name, recipes)


# ---------------------------------------------------------------------- recipes
def test_recipes_take_all_choices_and_stay_within_the_largest() -> None:
    big = max((table(t.name) for t in SUITE.tasks("val")), key=lambda rows: len(rows.y))
    drawn = [Recipes().draw(np.array([key], np.uint64), big) for key in range(400)]
    assert Counter(r.width for r in drawn).keys() == set(WIDTHS)
    assert {(r.depth, r.activation) for r in drawn} == {(d, a) for d in (1, 2, 3) for a in ("relu", "tanh", "gelu")}
    assert {r.optimizer for r in drawn} == {"sgd", "adamw"} and {r.batch for r in drawn} == {8, 16, 32, 64}
    assert np.mean([r.normalised for r in drawn]) == pytest.approx(1 / 3, abs=0.1)
    assert np.mean([r.noise == 0 for r in drawn]) == pytest.approx(1 / 2, abs=0.1)
    assert 0.15 < max(r.noise for r in drawn) <= 0.2
    assert all(r.rows * r.weights(big) <= 2e7 for r in drawn)
    rows = [r.rows for r in drawn]
    assert 64 <= min(rows) < 80 and max(rows) > 2000 and all(r.scale == 1 for r in drawn)
    assert drawn[0] == Recipes().draw(np.array([0], np.uint64), big)


def test_fixed_fields_fix_them_and_the_table_limits_the_rows() -> None:
    fixed = Recipes(width=(64,), depth=(2,), normalised=(True,), optimizer=("sgd",), rows=(4096, 4096), scale=True)
    small = FitTable(np.zeros((450, 3), np.float32), np.arange(450) % 2, 2)
    recipe = fixed.draw(np.array([1], np.uint64), small)
    assert recipe[:2] == (64, 2) and recipe.normalised and recipe.optimizer == "sgd"
    assert recipe.rows == 450 - 256 - 128 and 0.1 <= recipe.scale <= 10 and recipe.scale != 1
    assert recipe.weights(small) == (3 + 2) * 64 + (64 + 2) * 64 + 65 * 2
    least = dataclasses.replace(fixed, largest=1000).draw(np.array([1], np.uint64), small)
    assert least.rows == least.batch


def test_wrong_recipes_are_refused() -> None:
    for wrong, match in (
        ({"width": (10,)}, "width % 4 == 0`"), ({"width": 64}, "must be a tuple"), ({"depth": ()}, "must be a tuple"),
        ({"width": (0,)}, "`4 <= width"), ({"rows": (64, 96, 128)}, "rows = \\(fewest, most\\)"),
        ({"noise": 1.0}, "`0 <= noise < 1`"), ({"noise": (0.1, 0.2)}, "`noise` must be a finite"),
        ({"batch": (128,)}, "`2 <= batch <= rows`"),
    ):  # fmt: skip
        with pytest.raises(InvalidValueError, match=match):
            Recipes(**wrong)
    with pytest.raises(InvalidValueError, match="must be a `Recipes`"):
        trainings_with({"width": (64,)})  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="gelu"):
        Recipes(activation=("gelo",))
    with pytest.raises(InvalidValueError, match="one range of recipes"):
        FitBatch((TASKS[0], load_suite("Trainings").members[1]))  # type: ignore[arg-type]


# ---------------------------------------------------------------------- a fit
def test_controls_are_read_by_name() -> None:
    space = control_space()
    assert [h.name for h in space.hyperparameters] == list(CONTROLS)
    assert space.default == pytest.approx({"learning_rate": 0.01, "weight_decay": 1e-3, "dropout": 0.0})
    at = np.concatenate([point(0.3, 1e-4, 0.5), point(1e-5, 3.0, 0.7)])
    assert numbers(space, at) == pytest.approx(np.array([[0.3, 1e-4, 0.5], [1e-5, 3, 0.7]]), rel=1e-5)


def test_weights_begin_as_pytorch_draws_them() -> None:
    shape = 4, 64, 2, 3, 0, 1, 0
    weights = initial(np.array([3], np.uint64), shape, 4 * 64 + 64 * 64 + 4 * 64 + 65 * 3)
    ends = np.cumsum([4 * 64, 128, 64 * 64, 128])
    first, norm, second, norm2, out = np.split(weights, ends)
    for part, most in ((first, 1 / 2), (second, 1 / 8), (out, 1 / 8)):
        assert 0.95 * most < np.abs(part).max() <= most and abs(part.mean()) < 3 * most / np.sqrt(3 * len(part))
    for part in (norm, norm2):
        assert (part == np.repeat([1, 0], 64)).all()
    plain = initial(np.array([3], np.uint64), (4, 64, 1, 3, 0, 0, 0), 5 * 64 + 65 * 3)
    assert 0.9 < np.abs(plain[256:320]).max() * 2 <= 1  # the biases too


def test_rows_are_apart_and_a_share_of_labels_is_wrong() -> None:
    noisy = dataclasses.replace(SMALL, rows=(64, 4096), noise=0.9)
    fit = next(fit for fit in (fit_of(noisy, key) for key in range(20)) if fit.recipe.noise > 0.2)
    rows, cuts = fit._rows, fit._parts
    assert len(set(rows[: cuts[2]].tolist())) == cuts[2] == fit.recipe.rows + sum(apart(table(TASKS[0].name)))
    wrong = np.mean(fit._labels != table(TASKS[0].name).y[rows[: cuts[2]]])
    assert wrong == pytest.approx(fit.recipe.noise, abs=0.05)


def test_an_epoch_reads_each_row_once_in_another_order(monkeypatch: pytest.MonkeyPatch) -> None:
    fit, seen = fit_of(), list[Any]()

    def noted(net: Any, x: Any, y: Any, plan: Any) -> float:
        seen.append(x.copy())
        return 0.0

    spy = kernel()._replace(train=noted)
    monkeypatch.setattr(module, "kernel", lambda: spy)
    for epoch in range(2):
        fit.epoch(np.array([0.1, 0, 0], np.float32), np.uint64(epoch), np.uint64(0))
    own = table(TASKS[0].name).x[fit._rows[:64]]
    order = [np.lexsort(x.T) for x in (*seen, own)]
    assert (seen[0][order[0]] == own[order[2]]).all() and (seen[1][order[1]] == own[order[2]]).all()
    assert (seen[0] != seen[1]).any()
    assert fit.updates == 2 * (64 // fit.recipe.batch)


# ---------------------------------------------------------------------- signals and scores by hand
def test_signals_of_two_runs_by_hand() -> None:
    traits = np.array([[3, 100, 500, 16, 1, 0, 2], [2, 64, 60, 8, 0, 1, 1]], float)
    start = at_start(np.array([1.1, 3.0], np.float32), np.array([0.3, 0.5]), traits)
    assert start[0] == pytest.approx([1.1] * 5 + [0, 0.3, 3, 100, 500, 16, 1, 0, 2, 0])
    dead = np.array([False, True])
    one = after(start, bounded(np.array([[0.9, 0.8], [np.nan, 0.1]])), np.array([0.6, 0.9]), dead)
    assert one[0] == pytest.approx([0.9, 0.8, 1.1, 1.1, 0.8, 0, 0.6, 3, 100, 500, 16, 1, 0, 2, 0])
    assert one[1] == pytest.approx([3, 3, 3, 3, 3, 1, 0, 2, 64, 60, 8, 0, 1, 1, 1])
    two = after(one, bounded(np.array([[0.7, 0.85], [np.inf, 0]])), np.array([0.7, 0]), dead)
    assert two[0] == pytest.approx([0.7, 0.85, 0.9, 0.8, 0.8, 1, 0.7, 3, 100, 500, 16, 1, 0, 2, 0])
    assert two[1, AT["since_best"]] == 2
    assert bounded(np.array([-np.inf, 5, 2])).tolist() == [-np.inf, 3, 2]


def test_scores_are_of_the_checkpoint_and_the_last_one_of_test_rows() -> None:
    runs = begun(10)
    for epoch, x in enumerate(points(10)):
        out = runs.advance(x, None)
        best = runs.signals[:, AT["best_validation_loss"]]
        if epoch < EPOCHS - 1:
            assert (out.score == -np.log(best.astype(np.float64) + 0.01)).all()
    for fit, score, low in zip(runs.fits, out.score, best, strict=True):
        weights, running = fit.kept
        net = fit.net._replace(weights=weights, running=running)
        guess, cuts = math.log(net.shape[3]), fit._parts
        assert kernel().judge(net, *fit._part(cuts[0], cuts[1]))[0] / guess == pytest.approx(low, rel=1e-5)
        tested = kernel().judge(net, *fit._part(cuts[1], cuts[2]))[0] / guess
        assert score == pytest.approx(-math.log(tested + 0.01), rel=1e-5)
    assert (runs.tested == out.score).all()
    assert score_of(np.zeros(1, np.float32))[0] == BEST and score_of(np.ones(1, np.float32))[0] == GUESS


def test_the_start_is_a_checkpoint() -> None:
    runs = begun(5, horizon=1)
    start = runs.signals[:, AT["validation_loss"]].copy()
    tested = runs.tested
    out = runs.advance(np.repeat(point(3.0, 3.0, 0.7), 5, 0), None)
    worse = runs.signals[:, AT["validation_loss"]] > start
    assert worse.any() and (out.score[worse] == tested[worse]).all()
    assert (runs.signals[worse, AT["best_validation_loss"]] == start[worse]).all()


def test_a_run_that_blows_up_has_diverged_and_keeps_its_checkpoint() -> None:
    runs = begun(1, trainings_with(dataclasses.replace(SMALL, optimizer=("sgd",), normalised=(False,))), horizon=8)
    runs.advance(point(0.05), None)
    kept = runs.fits[0].kept[0].copy()
    low = runs.signals[0, AT["best_validation_loss"]]
    for _ in range(6):
        out = runs.advance(point(3.0, 3.0), None)
    s = dict(zip(SIGNALS, runs.signals[0].tolist(), strict=True))
    assert out.status[0] == Status.DIVERGED and s["diverged"] == 1 and s["accuracy"] == 0
    assert s["training_loss"] == s["validation_loss"] == s["validation_loss_before"] == 3
    assert s["best_validation_loss"] == low and (runs.fits[0].kept[0] == kept).all()
    assert out.score[0] == score_of(runs.signals[:, AT["best_validation_loss"]])[0]
    assert runs.advance(point(0.05), None).score[0] == runs.tested[0]
    assert np.isfinite(runs.signals).all()


# ---------------------------------------------------------------------- the same bits in any company
@pytest.mark.parametrize("n", [1, 7, 64])
def test_bits_depend_on_no_neighbour(n: int) -> None:
    many, few = begun(64), begun(n)
    for x in points(64):
        one, other = many.advance(x, None), few.advance(x[:n], None)
        assert (one.score[:n] == other.score).all() and (many.signals[:n] == few.signals).all()
    assert all((many.fits[i].net.weights == few.fits[i].net.weights).all() for i in range(n))


def test_idle_runs_stay_and_others_begin_anew() -> None:
    runs, idle = begun(10), np.arange(10) % 2 == 1
    start = runs.signals.copy()
    for x in points(10):
        runs.advance(x, idle)
    assert (runs.signals[idle] == start[idle]).all() and (runs.signals[~idle] != start[~idle]).any(1).all()
    runs.begin(np.array([1, 4]), np.array([0, 3]), np.array([77, 78], np.uint64))
    fresh = FitBatch(TASKS).progress(2, EPOCHS)
    fresh.begin(None, np.array([0, 3]), np.array([77, 78], np.uint64))
    assert (runs.signals[[1, 4]] == fresh.signals).all()


def test_a_run_goes_on_from_what_it_was_kept_as() -> None:
    xs, runs, other = points(10), begun(10), begun(10, key=900)
    for x in xs[:2]:
        runs.advance(x, None)
    for i in range(10):
        saved = runs.save(i)
        like = other.like(i, saved)
        assert {k: (v.dtype, v.shape) for k, v in saved.items()} == {k: (v.dtype, v.shape) for k, v in like.items()}
        other.load(i, saved)
    for x in xs[2:]:
        one, two = runs.advance(x, None), other.advance(x, None)
        assert (one.score == two.score).all() and (runs.signals == other.signals).all()
    assert all((a.net.weights == b.net.weights).all() for a, b in zip(runs.fits, other.fits, strict=True))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda runs: pickle.loads(pickle.dumps(runs))])  # noqa: S301
def test_a_copy_goes_on_alike_and_shares_nothing_that_changes(copied: Any) -> None:
    runs = begun(5)
    x, *later = points(5)
    runs.advance(x, None)
    other = copied(runs)
    outcomes = [runs.advance(x, None).score for x in later]
    assert all((other.advance(x, None).score == score).all() for x, score in zip(later, outcomes, strict=True))


def test_test_rows_change_nothing_but_the_last_score(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = begun(5)
    rows_of = [fit._rows[fit._parts[1] : fit._parts[2]] for fit in runs.fits]
    tests = {task.name: rows for task, rows in zip(TASKS, rows_of, strict=True)}

    def other(name: str) -> FitTable:
        rows = table(name)
        x, at = rows.x.copy(), tests[name]
        x[at] = -2 * x[at] + 1
        return dataclasses.replace(rows, x=x)

    monkeypatch.setattr(module, "table", other)
    changed = begun(5)
    for epoch, x in enumerate(points(5)):
        two = changed.advance(x, None)
        with monkeypatch.context() as patch:
            patch.setattr(module, "table", table)
            one = runs.advance(x, None)
        assert (runs.signals == changed.signals).all()
        assert (one.score == two.score).all() == (epoch < EPOCHS - 1)


def test_without_numba_results_differ_by_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = begun(5)
    monkeypatch.setattr(module, "kernel", by_arrays)
    plain = begun(5)
    for x in points(5):
        one, two = runs.advance(x, None), plain.advance(x, None)
        assert one.score == pytest.approx(two.score, abs=2e-3)
        assert runs.signals == pytest.approx(plain.signals, abs=5e-3)


# ---------------------------------------------------------------------- the suite and its envs
def test_the_suite_has_real_tables_in_families() -> None:
    suite = load_suite("Trainings")
    assert sum(len(suite.tasks(split)) for split in SPLITS) == len(suite.members) > 120
    families = [{t.family for t in suite.tasks(split)} for split in SPLITS]
    assert len(set.union(*families)) == sum(map(len, families))
    assert suite.members[0].counts == LAST and suite.budget == 24
    assert suite.data_hash != SUITE.data_hash
    with pytest.raises(UnknownNameError, match="abalone"):
        suite.task("abalona")
    one, other = (FitBatch(s.members[:1]).identity(0) for s in (suite, SUITE))  # type: ignore[arg-type]
    assert one != other


def test_the_defaults_are_those_of_the_suite() -> None:
    env = gym.make("hpo_gym/Trainings-v0", suite=SUITE)
    obs, _ = env.reset(seed=1)
    assert env.action_space == gym.spaces.Discrete(13) and obs.shape == (2 + 2 * 3 + 17,)
    total, over, count = 0.0, False, 0
    while not over:
        obs, reward, over, _, info = env.step(0)
        total, count = total + float(reward), count + 1
    assert count == 24 == info["t"]
    runs = env.unwrapped.kernel.runs.progress  # type: ignore[attr-defined]
    assert info["score"] == runs.tested[0] and np.isfinite(total)


@pytest.mark.parametrize("codec", [{"name": "move"}, {"name": "box"}])
@pytest.mark.long
def test_the_checker_says_nothing_of_one(codec: dict[str, Any]) -> None:
    for observer in ("losses", "progress", "history"):
        env = gym.make("hpo_gym/Trainings-v0", codec=codec, observer=observer, suite=SUITE, budget=3)
        hpo_gym.check_env(env, processes=False, render=False)


@pytest.mark.long
def test_nothing_is_ever_not_finite_at_any_setting() -> None:
    envs = HPOVectorEnv(64, SUITE, codec="box", autoreset_mode="SAME_STEP", budget=8)
    obs, _ = envs.reset(seed=0)
    rng, box = np.random.default_rng(0), envs.single_observation_space
    assert isinstance(box, gym.spaces.Box)
    for _ in range(20):
        assert np.isfinite(obs).all() and (obs <= box.high).all() and (obs >= box.low).all()
        corner = rng.choice([-1.0, 0.0, 1.0], (64, 3))
        corner[:8] = 1.0
        obs, rewards, *_ = envs.step(corner)
        assert np.isfinite(rewards).all()
    assert envs.kernel.runs.signals[:, AT["diverged"]].any()


def test_a_configuration_by_itself_is_a_whole_training() -> None:
    task = dataclasses.replace(TASKS[0], epochs=3)
    out = task.evaluate(point(0.1), np.ones(1), np.array([5], np.uint64))
    runs = FitBatch((task,)).progress(1, 3)
    runs.begin(None, np.zeros(1, np.int64), np.array([5], np.uint64))
    scores = [runs.advance(point(0.1), None).score[0] for _ in range(3)]
    assert out.score[0] == scores[-1] and out.cost[0] == 3


# ---------------------------------------------------------------------- snapshots
def test_the_same_actions_from_a_snapshot_give_the_same_outcomes() -> None:
    of: dict[str, Any] = {"task": TASKS[1].name, "split": "val", "budget": 6}
    env, other = HPOEnv(SUITE, **of), HPOEnv(SUITE, **of)
    env.reset(seed=3), other.reset(seed=44)
    for action in (3, 7):
        env.step(action)
    data = env.snapshot()
    first = [env.step(a) for a in (2, 8, 5, 1)]
    for again in (env, other):  # the other had another network
        again.restore(data)
        for action, wanted in zip((2, 8, 5, 1), first, strict=True):
            got = again.step(action)
            assert (got[0] == wanted[0]).all() and got[1:] == wanted[1:]
    with pytest.raises(DamagedDataError, match="cut or changed"):
        env.restore(data[:-1])
    wide = HPOEnv(trainings_with(), **of)
    wide.reset(seed=0)
    with pytest.raises(InvalidValueError, match="of the same network and controls"):
        wide.restore(data)


def test_a_run_of_two_that_goes_back_ends_later_than_the_other() -> None:
    task = hpo_gym.load_suite("Trainings").tasks("train")[0].name
    envs = HPOVectorEnv(2, "Trainings", task=task, budget=5, autoreset_mode="DISABLED")
    envs.reset(seed=5)
    opening, keep = envs.snapshot(0), np.array([12, 12])
    for _ in range(3):
        envs.step(keep)
    envs.restore(0, opening)
    assert [envs.step(keep)[2].tolist() for _ in range(2)] == [[False, False], [False, True]]


def test_after_each_trial_a_run_has_come_to_its_last_score() -> None:
    """A run that ended stays where it was; refusals before the first choice have the worst score."""
    task, scores = hpo_gym.load_suite("Trainings").members[0], np.array([-0.5, -0.2, -0.8])
    assert incumbents(task, {"score": scores}, Budget(3), 0).tolist() == [-0.5, -0.2, -0.8]
    assert incumbents(task, {"score": scores}, Budget(5), 0).tolist() == [-0.5, -0.2, -0.8, -0.8, -0.8]
    refused = {"score": scores, "refused": np.array([True, False, True])}
    assert incumbents(task, refused, Budget(3), 0).tolist() == [task.worst, -0.2, -0.8]
    assert np.isneginf(incumbents(task, {"score": np.empty(0)}, Budget(2), 0)).all()
