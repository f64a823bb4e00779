"""Questions with a verifier: rewards by hand, and the two commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ladder import answer, ladder

from hpo_gym.base.errors import DamagedDataError, InvalidValueError
from hpo_gym.optimize.outside.messages import Wording
from hpo_gym.serve.hall import Hall
from hpo_gym.serve.questions import question_line, questions_of, read_questions
from hpo_gym.suites.load import load_suite

TIES = (1.0, 2.0, 2.0, 3.0, 5.0)
"""Of x = 1 .. 5."""


@pytest.fixture
def folder(tmp_path: Path) -> str:
    ladder(TIES).save(tmp_path / "ladder")
    return str(tmp_path / "ladder")


def hall(folder: str, **more: object) -> Hall:
    return Hall(load_suite(folder), **more)  # type: ignore[arg-type]


# ---------------------------------------------------------------------- by hand
def test_the_reward_is_the_share_of_the_others_outdone_and_a_tie_counts_a_half(folder: str):
    (asked,) = questions_of(hall(folder), folder, range(1), 0, "random")
    assert [asked.judge(answer(x)).reward for x in (1, 2, 3, 4, 5)] == [0.0, 1.5 / 4, 1.5 / 4, 3 / 4, 1.0]
    assert [asked.judge(answer(x)).score for x in (1, 2, 5)] == [1.0, 2.0, 5.0]
    assert asked.judge(answer(5)).reason == ""
    functions = load_suite("Functions")  # without a table: compared with points of the space
    (asked,) = questions_of(Hall(functions), "Functions", range(1), 1, "random")
    verdict = asked.judge(json.dumps({"config": dict(functions.task(asked.task).space.default)}))
    assert 0.0 <= verdict.reward <= 1.0 and verdict.score is not None


def test_an_answer_without_a_configuration_has_none_and_is_told_why(folder: str):
    (asked,) = questions_of(hall(folder), folder, range(1), 0, "random")
    for text, reason in (("five", "JSON"), (answer(6), r"[1, 5]"), ('{"stop": true}', "`stop`"), ('{"y": 1}', "'y'")):
        verdict = asked.judge(text)
        assert (verdict.reward, verdict.score) == (0.0, None) and reason in verdict.reason, text


def test_a_trial_of_the_question_earns_nothing_again(folder: str):
    (asked,) = questions_of(hall(folder), folder, range(1), 2, "grid")
    tried = [config["x"] for config in asked.tried]
    assert len(tried) == 2 and "1 left" in asked.prompt
    verdicts = {x: asked.judge(answer(x)) for x in range(1, 6)}
    assert [x for x, v in verdicts.items() if "tried already" in v.reason] == sorted(tried)
    assert all(verdicts[x].reward == 0.0 for x in tried)


def test_names_can_be_hidden_and_the_answer_names_what_is_shown(folder: str):
    (asked,) = questions_of(hall(folder, wording=Wording(names=False)), folder, range(1), 0, "random")
    assert "h1" in asked.prompt and asked.judge('{"config": {"h1": 5}}').reward == 1.0
    assert asked.judge(answer(5)).reward == 0.0


def test_tasks_take_turns_and_each_turn_has_a_further_seed():
    suite = load_suite("SVM")
    three = Hall(suite)
    n = len(three.tasks)
    asked = list(questions_of(three, "SVM", range(n - 1, n + 2), 1, "random"))
    assert [(q.task, q.seed) for q in asked] == [
        (three.tasks[-1].name, 0), (three.tasks[0].name, 1), (three.tasks[1].name, 1)
    ]  # fmt: skip
    assert {suite.split(suite.task(q.task)) for q in asked} == {"train"}
    assert asked == list(questions_of(three, "SVM", range(n - 1, n + 2), 1, "random"))
    assert len({q.id for q in asked}) == 3


def test_trials_that_go_on_from_each_other_make_no_questions():
    with pytest.raises(InvalidValueError, match="'Trainings'"):
        next(questions_of(Hall(load_suite("Trainings")), "Trainings", range(1), 1, "random"))


# ---------------------------------------------------------------------- files
def test_questions_come_back_from_their_file(folder: str, tmp_path: Path):
    asked = list(questions_of(hall(folder), folder, range(2), 2, "random"))
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(question_line(q, path) for q in asked))
    assert list(read_questions(path).values()) == asked
    path.write_text(path.read_text() + '{"id": "x"}\n')
    with pytest.raises(DamagedDataError, match=r"tasks.jsonl:3 holds no question"):
        read_questions(path)


def hpo_gym(*words: str, place: Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hpo_gym", *words]
    return subprocess.run(command, cwd=place, input=text, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_the_commands_write_questions_and_judge_answers(folder: str, tmp_path: Path):
    words = ["tasks", "--suite", folder, "--episodes", "2", "--history", "1", "--out", "tasks.jsonl"]
    done = hpo_gym(*words, place=tmp_path)
    assert (done.returncode, done.stdout) == (0, "2 questions -> tasks.jsonl\n"), done.stderr
    before = (tmp_path / "tasks.jsonl").read_bytes()
    hpo_gym(*words, place=tmp_path)
    assert (tmp_path / "tasks.jsonl").read_bytes() == before
    first, second = map(json.loads, before.splitlines())
    best = next(x for x in (5, 4) if {"x": x} not in first["tried"])
    answers = [{"id": first["id"], "answer": answer(best)}, {"id": second["id"], "answer": "no"}]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(a) + "\n" for a in answers))
    done = hpo_gym("judge", "tasks.jsonl", "answers.jsonl", place=tmp_path)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(t["id"], t["reward"]) for t in told] == [(first["id"], {5: 1.0, 4: 0.75}[best]), (second["id"], 0.0)]
    assert first["verifier"][0] == "hpo-gym"
    done = hpo_gym(*first["verifier"][1:], place=tmp_path, text=f"I would try {answer(best)}.")
    assert json.loads(done.stdout) == told[0]
    done = hpo_gym("judge", "tasks.jsonl", "-", place=tmp_path, text='{"id": "other", "answer": ""}')
    assert done.returncode == 2 and "'other'" in done.stderr
    done = hpo_gym("judge", "tasks.jsonl", "-", place=tmp_path, text="nothing")
    assert done.returncode == 2 and "An answer must be a line" in done.stderr
