"""Many trainings at once: the same bits in any company, divergence as an outcome, and what a run can be kept as."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest

from hpo_gym.optimize.rollouts import Run
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.space import Points
from hpo_gym.problem.trial import Query, Status
from hpo_gym.suites.drift import drift_with
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.schedules import schedules_with
from hpo_gym.suites.tasks.training.controls import CONTROLS
from hpo_gym.suites.tasks.training.recipe import Recipe
from hpo_gym.suites.tasks.training.signals import AT, SIGNALS
from hpo_gym.suites.tasks.training.task import TrainingBatch
from hpo_gym.suites.tasks.training.trainings import Trainings

SMALL = {"slots": 8, "chunks": 64, "validation": 64}
RECIPES = [
    Recipe(**SMALL), Recipe(activation="tanh", hidden=32, **SMALL), Recipe(optimizer="adam", **SMALL),
    Recipe(slot=32, **SMALL), Recipe(drift=True, **SMALL),
]  # fmt: skip
N, EPOCHS = 1024, 8


def batch(recipe: Recipe) -> TrainingBatch:
    suite = (drift_with if recipe.drift else schedules_with)(CONTROLS, recipe=recipe)
    made = batch_of(suite.tasks("train")[::9])
    assert isinstance(made, TrainingBatch)
    return made


def points(recipe: Recipe) -> list[Points]:
    rng, space = np.random.default_rng(1), batch(recipe).space
    return [space.snap(rng.random((N, 3))) for _ in range(EPOCHS)]


def played(recipe: Recipe, who: np.ndarray, epochs: int = EPOCHS) -> tuple[Trainings, np.ndarray]:
    """Runs `who` of 1,024, and all that was seen of them, ``(epochs + 1, n, s)``."""
    made = batch(recipe)
    runs = made.progress(len(who), EPOCHS)
    runs.begin(None, who % len(made.tasks), who.astype(np.uint64))
    seen = [runs.signals]
    for x in points(recipe)[:epochs]:
        runs.advance(x[who], None)
        seen.append(runs.signals)
    return runs, np.array(seen)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.activation}-{r.optimizer}-{r.hidden}-{r.slot}-{r.drift}")
def test_a_run_has_the_same_bits_in_any_company(recipe: Recipe) -> None:
    whole, seen = played(recipe, np.arange(N))
    rng = np.random.default_rng(2)
    for who in (np.array([5]), np.array([1001]), rng.permutation(N)[:37], np.arange(300, 364)):
        some, part = played(recipe, who)
        assert (part == seen[:, who]).all()
        for ours, theirs in zip((*some.weights, *some.state), (*whole.weights, *whole.state), strict=True):
            assert (ours == theirs[who]).all()
    assert (whole.state.dead.mean() > 0.01) == (recipe.activation == "relu" and recipe.optimizer == "sgd")
    assert np.isfinite(seen).all()


def test_who_is_idle_stays_and_who_is_not_goes_on_as_ever() -> None:
    recipe = RECIPES[0]
    whole, seen = played(recipe, np.arange(8), 3)
    made = batch(recipe)
    runs = made.progress(8, EPOCHS)
    runs.begin(None, np.arange(8) % len(made.tasks), np.arange(8).astype(np.uint64))
    idle = np.arange(8) % 2 == 1
    for x in points(recipe)[:3]:
        before = runs.signals
        runs.advance(x[:8], idle)
        assert (runs.signals[idle] == before[idle]).all()
    assert (runs.signals[~idle] == seen[3][:8][~idle]).all() and (runs.signals[idle] == seen[0][:8][idle]).all()
    runs.begin(np.array([1, 3]), np.array([0, 1]), np.array([77, 78], np.uint64))
    fresh = made.progress(2, EPOCHS)
    fresh.begin(None, np.array([0, 1]), np.array([77, 78], np.uint64))
    assert (runs.signals[[1, 3]] == fresh.signals).all() and (runs.signals[0] == whole.signals[0]).all()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_what_blows_up_has_diverged_with_the_cap_for_ever_and_nothing_is_ever_not_finite(optimizer: str) -> None:
    made = batch(Recipe(optimizer=optimizer, **SMALL))
    runs = made.progress(256, 25)
    runs.begin(None, np.arange(256) % len(made.tasks), np.arange(256).astype(np.uint64))
    high, low = np.full((256, 3), 1.0), np.full((256, 3), 0.0)
    dead = np.zeros(256, bool)
    for t in range(25):
        out = runs.advance(made.space.snap(high if t < 12 else low), None)
        assert np.isfinite(runs.signals).all() and np.isfinite(out.score).all()
        assert (out.score <= 0).all() and (out.score >= -2).all()
        assert (runs.signals >= -1).all() and (runs.signals <= 1e6).all()
        now = out.status == Status.DIVERGED
        assert (now >= dead).all() and (out.score[now] == -2.0).all()
        assert (runs.signals[:, AT["diverged"]] == now).all()
        dead = now
        for array in (*runs.weights, *runs.state):
            assert np.isfinite(array).all()
    assert dead.any() == (optimizer == "sgd") and not dead.all()


def test_a_signal_is_what_its_name_says() -> None:
    made = batch(RECIPES[0])
    runs = made.progress(4, 25)
    runs.begin(None, np.zeros(4, np.int64), np.arange(4).astype(np.uint64))
    first = {name: runs.signals[:, AT[name]] for name in SIGNALS}
    assert (first["validation_loss"] == first["training_loss"]).all() and not first["alignment"].any()
    assert (first["weight_norm"] == first["weight_norm_at_start"]).all() and not first["update_norm"].any()
    assert (first["gradient_norm"] == first["usual_gradient_norm"]).all() and (first["sharpness_at_start"] > 0).all()
    x = made.space.snap(np.full((4, 3), [0.5, 0.9, 0.1]))
    for _ in range(2):
        before = runs.signals
        score = runs.advance(x, None).score
        now = {name: runs.signals[:, AT[name]] for name in SIGNALS}
        assert (score == -now["validation_loss"].astype(float)).all()
        assert (now["validation_loss_before"] == before[:, AT["validation_loss"]]).all()
        assert (now["training_loss_before"] == before[:, AT["training_loss"]]).all()
        best = np.minimum(before[:, AT["best_validation_loss"]], now["validation_loss"])
        assert (now["best_validation_loss"] == best).all()
        usual = before[:, AT["usual_gradient_norm"]] ** 0.7 * now["gradient_norm"] ** 0.3
        assert now["usual_gradient_norm"] == pytest.approx(usual, rel=1e-5)
        assert now["weight_norm"] == pytest.approx(np.linalg.norm(runs.weights.value, axis=1), rel=1e-5)


def test_the_gradient_at_the_start_is_that_of_the_first_four_slots() -> None:
    """Back-propagation written out in float64: ReLU, softmax, mean cross-entropy."""
    made = batch(RECIPES[0])
    runs = made.progress(3, 25)
    runs.begin(None, np.arange(3), np.arange(3).astype(np.uint64))
    rows = runs._rows(np.arange(3))
    for i, shown in enumerate(runs.signals[:, AT["gradient_norm_at_start"]].tolist()):
        x = np.concatenate([rows.x[i, slot] for slot in range(4)]).astype(float)
        y = np.concatenate([rows.y[i, slot].T for slot in range(4)]).astype(float)
        first, second = np.split(runs.weights.value[i].astype(float), [16 * 16])
        first, second = first.reshape(16, 16), second.reshape(4, 17)
        hidden = np.maximum(x @ first.T, 0.0)
        with_one = np.column_stack([hidden, np.ones(len(x))])
        outputs = np.exp(with_one @ second.T + rows.absent[i, :, 0])
        error = (outputs / outputs.sum(1, keepdims=True) - y) / len(x)
        back = (error @ second[:, :-1]) * (hidden > 0.0)
        norm = np.sqrt(((error.T @ with_one) ** 2).sum() + ((back.T @ x) ** 2).sum())
        assert shown == pytest.approx(norm, rel=1e-4)


def test_a_change_of_scale_acts_on_the_rows_it_should() -> None:
    """Validation folds the scale and the rotation into the weights; the rows themselves say the same."""
    made = batch(RECIPES[-1])
    runs = made.progress(3, 40)
    runs.begin(None, np.arange(3), np.arange(3).astype(np.uint64))
    for t in range(20):
        runs.advance(made.space.snap(np.full((3, 3), 0.3)), None)
        if t == 5:
            assert runs.state.epoch.tolist() == [6, 6, 6]
    who, rows = np.arange(3), made._stream.valid_x[:3]
    moved = np.matmul(rows, runs._transform(who))
    assert (np.abs(moved - rows).max((1, 2)) > 0.1).any() and (moved[..., 15] == 1).all()
    hidden = np.einsum("nbj,nhj->nbh", moved, runs.weights.value[:, : 16 * 16].reshape(3, 16, 16))
    folded = runs._seeing(who)[:, : 16 * 16].reshape(3, 16, 16)
    assert np.einsum("nbj,nhj->nbh", rows, folded) == pytest.approx(hidden, rel=1e-3, abs=1e-3)


def test_a_run_goes_on_from_what_it_was_kept_as() -> None:
    made = batch(RECIPES[-1])
    xs = points(RECIPES[-1])
    runs, other = made.progress(6, EPOCHS), made.progress(2, EPOCHS)
    runs.begin(None, np.arange(6) % len(made.tasks), np.arange(6).astype(np.uint64))
    other.begin(None, np.array([4, 4]) % len(made.tasks), np.array([91, 92], np.uint64))
    for x in xs[:4]:
        runs.advance(x[:6], None)
    kept = runs.save(4)
    other.load(1, kept)
    assert (other.signals[1] == runs.signals[4]).all()
    for x in xs[4:]:
        score = runs.advance(x[:6], None).score
        assert other.advance(x[[4, 4]], None).score[1] == score[4]
    assert (other.weights.value[1] == runs.weights.value[4]).all()


def pickled(runs: Trainings) -> Trainings:
    copied: Trainings = pickle.loads(pickle.dumps(runs))  # noqa: S301 - bytes that this line has just made
    return copied


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_copy_goes_on_alike_and_shares_nothing_that_changes(copied: Callable[[Trainings], Trainings]) -> None:
    made, xs = batch(RECIPES[-1]), points(RECIPES[-1])
    runs = made.progress(5, EPOCHS)
    runs.begin(None, np.arange(5) % len(made.tasks), np.arange(5).astype(np.uint64))
    runs.advance(xs[0][:5], None)
    other = copied(runs)
    for x in xs[1:4]:
        assert (runs.advance(x[:5], None).score == other.advance(x[:5], None).score).all()
        assert (runs.signals == other.signals).all() and (runs.weights.value == other.weights.value).all()
    before = runs.weights.value.copy()
    other.advance(xs[4][:5], None)
    assert (runs.weights.value == before).all() and (other.weights.value != before).any()


def test_a_configuration_by_itself_is_a_whole_training() -> None:
    """`evaluate` holds it; the score is that of the last epoch, or the mean of all."""
    for name in ("Schedules", "Drift"):
        task = load_suite(name).tasks("val")[1]
        out = task.evaluate(np.array([[0.4]]), np.ones(1), np.array([5], np.uint64))
        run, query = Run(task, task.budget, 5), Query(task.space.from_unit(np.array([0.4])))
        scores = [run.submit(query).score for _ in range(task.budget)]
        assert out.score[0] == (scores[-1] if name == "Schedules" else pytest.approx(np.mean(scores)))
        assert out.cost[0] == len(scores) == {"Schedules": 25, "Drift": 40}[name]
