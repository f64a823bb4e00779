"""Advice in the text of a run: the next choices of optimizers of ours, which hear the agent's trials."""

import json

import pytest

import hpo_gym
from hpo_gym.optimize import Session, Wording


def advised(session: Session) -> list[str]:
    return [line for line in session.ask()["text"].splitlines() if line.startswith("Advice of")]


def test_advice_is_the_next_choice_of_an_optimizer_that_hears_all_trials():
    task = hpo_gym.load_suite("SVM").tasks("train")[0]
    session = Session.of(task, 3, wording=Wording(advice=("default",)))
    first = json.dumps({**task.space.default, "epsilon": 0.1})  # it has four digits, the grid of floats has more
    assert advised(session) == [f"Advice of default: {first}"]
    assert advised(session) == [f"Advice of default: {first}"], "asked once, however often the text is read"
    session.answer(first)
    (second,) = advised(session)
    assert second != f"Advice of default: {first}", "it was told, so it goes on to a neighbour"
    session.answer("nothing")  # refused: there is nothing to hear
    assert len(advised(session)) == 1


def test_advice_hides_names():
    task = hpo_gym.load_suite("SVM").tasks("train")[0]
    (line,) = advised(Session.of(task, 3, wording=Wording(names=False, advice=("default",))))
    assert json.loads(line.partition(": ")[2])["h4"] == "b"  # the kernel, rbf
    assert "kernel" not in line


@pytest.mark.long
def test_a_gaussian_process_and_the_earlier_tasks_advise():
    suite = hpo_gym.load_suite("SVM")
    run, context, _ = hpo_gym.optimize.begun(suite.tasks("val")[0], 4, prior=suite.prior())
    session = Session(run, context, Wording(advice=("gp-ei", "transfer-mix")))
    while not session.over:
        gp, earlier = advised(session)
        assert gp.startswith("Advice of a Gaussian process: {")
        assert earlier.startswith("Advice of models of the earlier tasks: {")
        assert session.answer(earlier.partition(": ")[2])["status"] == "ok"


def test_advice_of_nobody_is_refused():
    with pytest.raises(hpo_gym.UnknownNameError, match="gp-ei"):
        Wording(advice=("gp-ie",))
