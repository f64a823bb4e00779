"""What a belief does to choices: trust by hand, where it draws, and that it lets go."""

from __future__ import annotations

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_baselines._models.model_based import _trust, _weighed
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context, reads_belief
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.space.belief import Belief
from hpo_gym.problem.trial import Trial

SPACE = SearchSpace(ConfigurationSpace({"a": (0.0, 1.0), "b": (0.0, 1.0)}))


def prior() -> list[Evaluations]:
    x, one, fine = SPACE.sample(np.random.default_rng(1), 60), np.ones(60), np.zeros(60, np.int8)
    return [Evaluations(f"t{m}", f"t{m}", x, -np.square(x - m).sum(1), one, fine) for m in (0.2, 0.4, 0.6, 0.9)]


def tuned(name: str, belief: Belief | None, best: float, budget: int = 20) -> np.ndarray:
    """The points that are tried where the optimum is at `best` in both columns, ``(budget, 2)``."""
    optimizer = make_optimizer(name)
    context = Context(SPACE, float(budget), prior=prior(), starts=3, belief=belief)
    optimizer.reset(context, np.random.default_rng(0))
    out = []
    for _ in range(budget):
        query = optimizer.ask()
        x = SPACE.to_unit(query.config)
        optimizer.tell(Trial(query, -float(np.square(x - best).sum())))
        out.append(x)
    return np.array(out)


def test_trust_is_kendalls_tau_shrunk_by_five_pairs():
    assert _trust(np.array([1.0, 2.0, 3.0]), np.array([5.0, 6.0, 7.0])) == pytest.approx(3 / 8)
    assert _trust(np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0, 6.0])) == pytest.approx((2 - 1) / 8)
    assert _trust(np.array([1.0, 2.0, 3.0]), np.array([7.0, 6.0, 5.0])) == 0.0
    assert _trust(np.array([1.0, 1.0]), np.array([5.0, 6.0])) == 0.0, "a tie says nothing"
    assert _trust(np.zeros(0), np.zeros(0)) == 0.0


def test_the_weight_of_a_trial_by_hand():
    run = Run(Context(SPACE, 40.0), np.random.default_rng(0))
    belief = Belief(SPACE, {"a": ("normal", 0.5, 0.25)})
    at = Place(np.array([[0.25, 0.0]]), slice(None))
    plain = lambda place: np.array([7.0])  # noqa: E731
    assert _weighed(plain, belief, run)(at).tolist() == [7.0], "before the first trial nothing is trusted"
    for a, score in ((0.5, 2.0), (0.0, 1.0)):  # the likelier point is better: one pair agrees
        run.reported(np.array([a, 0.0]), score)
    assert _weighed(plain, belief, run)(at) == pytest.approx([7.0 + (1 / 6) * 40 / (10 * 3) * -0.5])


@pytest.mark.long
def test_every_other_random_choice_is_drawn_by_the_density():
    belief = Belief(SPACE, {"a": ("uniform", 0.8, 1.0), "b": ("uniform", 0.0, 0.2)})
    x = tuned("gp-ei", belief, 0.5, budget=30)[:5]
    inside = (x[:, 0] >= 0.8) & (x[:, 1] <= 0.2)
    assert inside[::2].all()
    assert np.array_equal(x[1::2], tuned("gp-ei", None, 0.5, budget=30)[:2]), "the others are those of the world"


@pytest.mark.long
@pytest.mark.parametrize("name", ["gp-ei", "gp-warm", "gp-fade", "ebgp", "transfer-mix"])
def test_a_right_belief_draws_near_and_a_wrong_one_is_let_go(name):
    right, wrong = (Belief(SPACE, dict.fromkeys(SPACE.names, ("normal", m, 0.1))) for m in (0.8, 0.1))
    near = [np.abs(tuned(name, b, 0.8) - 0.8).max(1).min() for b in (right, None, wrong)]
    assert near[0] < 0.1
    assert near[2] < 0.15, "the optimum is found all the same"
    late = tuned(name, wrong, 0.8)[-5:]
    assert (np.abs(late - 0.1).max(1) > 0.3).all()


def test_who_reads_a_belief_says_so():
    assert [n for n in ("gp-ei", "ebgp", "tpe", "random", "portfolio") if reads_belief(make_optimizer(n))] == [
        "gp-ei",
        "ebgp",
    ]
    plain, believed = (tuned("task-mixture", b, 0.8) for b in (None, Belief(SPACE, {"a": ("normal", 0.1, 0.1)})))
    assert np.array_equal(plain, believed)
