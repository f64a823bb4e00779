"""A parent in any language plays over our standard input and output: the trials of a rollout, a result, a clean end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest
from programs import InProcess, example

from hpo_gym import load_suite, rollout

pytestmark = pytest.mark.slow
Message = dict[str, Any]


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def served(words: str) -> subprocess.Popen[str]:
    return started(sys.executable, "-m", "hpo_gym", "serve", *words.split(), "--stdio")


def played(server: subprocess.Popen[str], name: str = "greedy", most: int = 1000) -> list[Message]:
    """Answer as a client of the examples, at most so many times; return all messages."""
    assert server.stdin and server.stdout
    client, messages = InProcess(name), list[Message]()
    for line in server.stdout:
        messages.append(json.loads(line))
        kind = messages[-1]["type"]
        if kind in ("reset", "trial"):
            getattr(client.agent, kind)(messages[-1])
        if kind == "ask":
            if not most:
                server.stdin.close()
            if most > 0:
                server.stdin.write(client.words(client.agent.ask(messages[-1])) + "\n")
                server.stdin.flush()
            most -= 1
    return messages


def of(messages: list[Message], kind: str) -> list[Message]:
    return [message for message in messages if message["type"] == kind]


@pytest.mark.parametrize("name", ["greedy", "noisy"])
def test_the_same_client_makes_the_same_trials_here_by_command_and_over_stdio(name: str) -> None:
    server = served("Pipelines --seed 4 --budget 12 --episodes 2")
    messages = played(server, name)
    assert server.wait() == 0
    suite, trials = load_suite("Pipelines"), of(messages, "trial")
    names = {t.name: t for t in suite.tasks("train")}
    assert [m["type"] for m in messages][:3] == ["hello", "reset", "ask"]
    assert [m["type"] for m in messages][-2:] == ["result", "bye"]
    for k, seed in enumerate((4, 5)):
        reset, told = of(messages, "reset")[k], trials[12 * k : 12 * (k + 1)]
        found = [t for t in names.values() if _begins(t, suite, seed, reset)]
        assert len(found) == 1
        prior = [e for e in suite.prior() if e.family != found[0].family]
        for agent in (InProcess(name), example(name)):
            history = rollout(agent, found[0], budget=12, seed=seed, prior=prior)
            assert [t.score for t in history] == [m["score"] for m in told]
            assert [dict(t.config) for t in history] == [m["config"] for m in told]
        result = of(messages, "result")[k]
        refused = sum(m["status"] == "invalid" for m in told)
        assert (result["trials"], result["refused"]) == (12, refused)
        assert result["best"] == max(m["score"] for m in told if m["status"] == "ok")
        assert 0.0 <= result["regret"] <= 1.0


def _begins(task: Any, suite: Any, seed: int, reset: Message) -> bool:
    """Return whether a run on a task has the seed of a `reset` message."""
    from hpo_gym.optimize import begun

    prior = [e for e in suite.prior() if e.family != task.family]
    starts = begun(task, 12, seed=seed, prior=prior)[1].starts
    return starts is not None and starts % 2**31 == reset["seed"]


def test_an_early_end_of_input_charges_the_rest_and_ends() -> None:
    server, began = served("SVM --budget 9 --episodes 3 --seconds 50"), time.monotonic()
    messages = played(server, most=2)
    assert server.wait() == 1
    assert time.monotonic() - began < 30
    (result,) = of(messages, "result")
    assert (result["trials"], result["refused"]) == (9, 7)
    assert [m["status"] for m in of(messages, "trial")] == ["ok", "ok"]  # nobody is told more
    assert messages[-1]["type"] == "bye"


def test_a_reader_that_leaves_ends_it() -> None:
    server = served("SVM --budget 9 --episodes 3 --seconds 50")
    assert server.stdin and server.stdout and server.stderr
    server.stdout.readline()
    server.stdout.close()
    began = time.monotonic()
    server.stdin.write('{"config": {}}\n' * 20)
    server.stdin.close()
    assert server.wait(40) == 1
    assert time.monotonic() - began < 30
    assert "Traceback" not in server.stderr.read()


def test_a_silent_parent_ends_it() -> None:
    server, began = served("SVM --budget 9 --seconds 0.2"), time.monotonic()
    messages = played(server, most=-1)
    assert server.wait() == 1
    assert time.monotonic() - began < 30
    assert of(messages, "result")[0]["trials"] == 9


def test_prints_of_an_objective_are_not_among_the_messages() -> None:
    code = """
from hpo_gym import live_suite
from hpo_gym.serve import Hall, serve_stdio
suite = live_suite("Own", {"a": (0.0, 1.0)}, {"one": lambda config: print("hello") or config["a"]})
assert serve_stdio(Hall(suite, "test", 3))"""
    server = started(sys.executable, "-c", code)
    messages = played(server)  # each line was JSON
    assert server.wait() == 0
    assert server.stderr
    assert server.stderr.read().count("hello") == 3
    assert "regret" not in of(messages, "result")[0]


def test_no_regret_is_told_of_other_splits_and_names_are_hidden() -> None:
    task = load_suite("SVM").tasks("test")[0].name
    server = served(f"SVM --split test --budget 2 --no-names --task {task}")
    messages = played(server)
    assert server.wait() == 0
    assert "regret" not in of(messages, "result")[0]
    assert {h["name"][0] for h in of(messages, "reset")[0]["space"]} == {"h"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("SVM --task nobody", "No task in the split 'train' of 'SVM': 'nobody'"),
        ("SVM --mcp", "takes a suite and one of --stdio, --openenv and --mcp"),
        ("SVM --seconds 0", "seconds"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_said(words: str, message: str) -> None:
    said, errors = served(words).communicate()
    assert not said
    assert message in errors
