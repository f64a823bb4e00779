"""Our own linear algebra runs on one thread in the caller's process, and what the user allowed comes back."""

import os
import threading

import numpy as np
import pytest
import scipy.linalg  # noqa: F401 - so that its library is there
from threadpoolctl import ThreadpoolController, threadpool_info

import hpo_gym
from hpo_baselines._models import gaussian_process
from hpo_baselines._transfer import posterior
from hpo_gym.system.jobs.threads import one_blas_thread

ALLOWED = 2


def threads() -> set[int]:
    """What each BLAS of this process may use now."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def allow(count: int) -> None:
    """As a user does who sets it once: no Python thread is left in charge."""
    for library in ThreadpoolController().select(user_api="blas").lib_controllers:
        library.set_num_threads(count)
        getattr(library, "clear_controlling_thread", lambda: None)()


@pytest.fixture(autouse=True)
def two_allowed():
    """The user allows two threads, whatever the environment of the tests says."""
    (before,) = threads()
    allow(ALLOWED)
    assert threads() == {ALLOWED}
    yield
    assert threads() == {ALLOWED}
    allow(before)


@pytest.fixture
def in_models(monkeypatch):
    """What may be used whenever a process of the run or of earlier tasks computes."""
    seen = []

    def watched(of, name):
        whole = getattr(of, name)
        monkeypatch.setattr(of, name, lambda *given: seen.append(threads()) or whole(*given))

    watched(gaussian_process, "matern52")
    watched(posterior.TaskProcess, "covariance")
    return seen


class Watching:
    """An optimizer that notes what may be used while it works."""

    def __init__(self):
        self.seen = {}

    def reset(self, context, rng):
        self.seen["reset"], self.rng = threads(), rng

    def ask(self):
        self.seen["ask"] = threads()
        return hpo_gym.Query({"x": float(self.rng.uniform())})

    def tell(self, trial):
        self.seen["tell"] = threads()


def reported(config):
    """What the environment allows libraries that a trial loads, as a score."""
    return float(os.environ["OPENBLAS_NUM_THREADS"])


def share(config):
    """What a trial may use, as a score."""
    return {"score": float(max(threads()))}


# ---------------------------------------------------------------------------------------------- the block itself
def test_a_block_allows_one_thread_and_gives_back_what_was_there():
    with one_blas_thread():
        assert threads() == {1}
        with one_blas_thread():
            assert threads() == {1}
        assert threads() == {1}  # the inner one gives back nothing
    assert threads() == {ALLOWED}


def test_a_block_of_another_thread_leaves_the_limit_alone_while_this_one_lasts():
    seen = []

    def other():
        with one_blas_thread():
            seen.append(threads())

    with one_blas_thread():
        one = threading.Thread(target=other)
        one.start()
        one.join()
        assert threads() == {1}
    assert seen == [{1}]


# ---------------------------------------------------------------------------------------------- the doors
@pytest.mark.long
def test_tune_asks_and_tells_on_one_thread_and_a_trial_has_its_own_share(monkeypatch):
    monkeypatch.setattr("hpo_gym.tuning.arguments.threads_of", lambda size: 3)
    one = Watching()
    found = hpo_gym.tune(reported, {"x": (0.0, 1.0)}, optimizer=lambda: one, budget=2, seed=0, progress=False)
    assert one.seen == {"reset": {1}, "ask": {1}, "tell": {1}}
    assert [e.measured.score for e in found.ended] == [3.0, 3.0]


@pytest.mark.parametrize("optimizer", ["gp-ei", "gp-warm", "transfer-mix"])
def test_a_rollout_models_on_one_thread(optimizer, in_models):
    suite = hpo_gym.load_suite("Functions")
    few = np.arange(20)
    prior = [task.evaluations().part(few) for task in suite.tasks("train")[:2]]
    hpo_gym.rollout(hpo_gym.make_optimizer(optimizer), suite.tasks("test")[0], 8, prior=prior)
    assert in_models and set.union(*in_models) == {1}


def test_a_rollout_on_a_table_limits_threads_once(monkeypatch):
    task, calls = hpo_gym.load_suite("SVM").tasks("test")[0], []
    hpo_gym.rollout(hpo_gym.make_optimizer("gp-ei"), task, 8)  # imports all
    whole = ThreadpoolController.limit
    monkeypatch.setattr(ThreadpoolController, "limit", lambda self, **how: calls.append(how) or whole(self, **how))
    hpo_gym.rollout(hpo_gym.make_optimizer("gp-ei"), task, 8)
    assert len(calls) == 1


def test_an_objective_in_this_process_keeps_what_the_user_allowed():
    suite = hpo_gym.live_suite("mine", {"x": (0.0, 1.0)}, {"mine": share}, guard=False)
    history = hpo_gym.rollout(hpo_gym.make_optimizer("gp-ei"), suite.members[0], 4)
    assert list(history.scores) == [float(ALLOWED)] * 4
