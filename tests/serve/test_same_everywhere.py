"""One scripted agent plays by every road: the same trials to the byte."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tools import Call, served, with_server

from hpo_gym.optimize.outside.messages import Telling, Wording, line_of
from hpo_gym.optimize.outside.outside import Outside
from hpo_gym.optimize.rollouts import begun, rollout
from hpo_gym.problem.trial import History
from hpo_gym.serve.hall import Hall
from hpo_gym.suites.load import load_suite

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "examples" / "client_greedy.py"
SUITE, SEED, BUDGET = "SVM", 3, 12


def greedy() -> Any:
    spec = importlib.util.spec_from_file_location("client_greedy", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Greedy()


class Here:
    """A channel to the agent in this process."""

    def __init__(self) -> None:
        self.agent, self.said = greedy(), ""

    def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] in ("reset", "trial"):
            getattr(self.agent, message["type"])(message)
        elif message["type"] == "ask":
            self.said = json.dumps(self.agent.ask(message))

    def receive(self) -> str:
        return self.said


def hall() -> Hall:
    return Hall(load_suite(SUITE))


def settings(name: str) -> dict[str, Any]:
    task = load_suite(SUITE).task(name)
    prior = [earlier for earlier in load_suite(SUITE).prior() if earlier.family != task.family]
    return {"task": task, "budget": BUDGET, "seed": SEED, "prior": prior}


def lines(name: str, history: History) -> list[str]:
    telling = Telling(begun(**settings(name))[1], Wording())
    return [line_of(telling.trial(trial)) for trial in history]


@pytest.fixture(scope="module")
def name() -> str:
    return hall().tasks[5].name


@pytest.fixture(scope="module")
def expected(name: str) -> list[str]:
    """What the agent does in this process."""
    told = lines(name, rollout(Outside(Here()), **settings(name)))
    assert len(told) == BUDGET and len(set(told)) == BUDGET
    assert all(json.loads(line)["status"] == "ok" for line in told)
    return told


def test_a_session_tells_what_a_rollout_does(name: str, expected: list[str]):
    session, agent, told = hall().begin(name, SEED, BUDGET), greedy(), list[str]()
    for message in session.opening:
        getattr(agent, message["type"])(message)
    while not session.over:
        trial = session.answer(json.dumps(agent.ask(session.ask())))
        assert trial is not None
        agent.trial(trial)
        told.append(line_of(trial))
    assert told == expected


@pytest.mark.long
def test_a_program_plays_the_same(name: str, expected: list[str]):
    assert lines(name, rollout(f"cmd:{sys.executable} {SCRIPT}", **settings(name))) == expected


@pytest.mark.long
def test_openenv_plays_the_same(name: str, expected: list[str]):
    pytest.importorskip("openenv")
    from openenv.core.generic_client import GenericEnvClient

    agent, told = greedy(), list[str]()
    with served(SUITE) as (address, _), GenericEnvClient(base_url=address).sync() as env:
        news = env.reset(task=name, seed=SEED, budget=BUDGET)
        while not news.done:
            for message in news.observation["messages"]:
                if message["type"] == "ask":
                    said = json.dumps(agent.ask(message))
                else:
                    getattr(agent, message["type"])(message)
            news = env.step({"text": said})
            told += [line_of(m) for m in news.observation["messages"] if m["type"] == "trial"]
    assert told == expected


@pytest.mark.long
def test_mcp_plays_the_same(name: str, expected: list[str], tmp_path: Path):
    pytest.importorskip("mcp")

    async def play(call: Call, session: Any) -> list[str]:
        agent, told = greedy(), list[str]()
        news = await call("begin", task=name, seed=SEED, budget=BUDGET)
        while news[-1]["type"] != "bye":
            for message in news[:-1]:
                getattr(agent, message["type"])(message)
            news = await call("propose", config=agent.ask(news[-1])["config"])
            told += [line_of(m) for m in news if m["type"] == "trial"]
        return told

    assert with_server([SUITE, "--mcp"], tmp_path, play) == expected


@pytest.mark.long
def test_a_parent_plays_the_same(name: str, expected: list[str]):
    """Over the pipes of `hpo-gym serve --stdio`."""
    command = [sys.executable, "-m", "hpo_gym", "serve", SUITE, "--stdio", "--task", name]
    child = subprocess.Popen(
        [*command, "--seed", str(SEED), "--budget", str(BUDGET)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert child.stdin is not None and child.stdout is not None
    agent, told = greedy(), list[str]()
    for line in child.stdout:
        message = json.loads(line)
        if message["type"] == "ask":
            print(json.dumps(agent.ask(message)), file=child.stdin, flush=True)
        elif message["type"] in ("reset", "trial"):
            getattr(agent, message["type"])(message)
            told += [line_of(message)] if message["type"] == "trial" else []
    assert child.wait(20) == 0 and told == expected
