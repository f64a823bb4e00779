"""MCP: its tools on a suite and on the user's own objective, by the official client over a child's pipes."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ladder import ladder
from processes import lasting

pytest.importorskip("mcp", reason="needs the extra mcp")

from tools import Call, Refused, with_server

from hpo_gym.tuning.tuned import Tuned

OBJECTIVE = """
import os, sys, time

print("printed while it is imported")
os.system("echo from a child while it is imported")


def score(config):
    print("printed in a trial", flush=True)
    os.system("echo from a child of a trial")
    if config["x"] == 3:
        raise ValueError("three is no good")
    return float(config["x"])


def slow(config):
    time.sleep(30)


def loss(config):
    return float(config["x"])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(OBJECTIVE)
    (tmp_path / "space.yaml").write_text("x: {low: 1, high: 9}\n")
    return tmp_path


def own(name: str = "score", *more: str) -> list[str]:
    return ["--mcp", "--objective", f"mine.py:{name}", "--space", "space.yaml", "--out", "out", *more]


# ---------------------------------------------------------------------- a suite
@pytest.mark.long
def test_a_suite_is_played_by_its_tools(tmp_path: Path):
    ladder().save(tmp_path / "ladder")

    async def play(call: Call, session: Any) -> None:
        assert {tool.name for tool in (await session.list_tools()).tools} == {
            "list_tasks", "begin", "propose", "history"
        }  # fmt: skip
        assert await call("list_tasks") == [{"suite": "Ladder", "split": "train", "tasks": ["a"]}]
        with pytest.raises(Refused, match="`begin` comes first"):
            await call("propose", config={"x": 1})
        reset, asked = await call("begin", task="a", seed=1, budget=3)
        assert (reset["type"], reset["budget"], asked["trial"], asked["left"]) == ("reset", 3.0, 1, 3.0)
        trial, asked = await call("propose", config={"x": 3})
        assert (trial["score"], trial["status"], asked["best"]) == (1.0, "ok", 1.0)
        trial, asked = await call("propose", config={"x": 9})  # under the rules of a comparison it costs a trial
        assert (trial["status"], asked["left"]) == ("invalid", 1.0) and "[1, 4]" in trial["reason"]
        trial, bye = await call("propose", config={"x": 4})
        assert (trial["score"], bye["type"]) == (7.0, "bye")
        assert [t["score"] for t in (await call("history"))[:-1]] == [1.0, 1.0, 7.0]
        with pytest.raises(Refused, match="over"):
            await call("propose", config={"x": 1})
        with pytest.raises(Refused, match="'b'"):
            await call("begin", task="b")
        assert (await call("begin"))[-1]["left"] == 33.0

    with_server([str(tmp_path / "ladder"), "--mcp"], tmp_path, play)


# ---------------------------------------------------------------------- an objective of one's own
@pytest.mark.long
def test_an_agent_tunes_an_objective_and_the_folder_is_that_of_tune(folder: Path):
    async def play(call: Call, session: Any) -> None:
        assert {tool.name for tool in (await session.list_tools()).tools} == {"begin", "propose", "history"}
        reset, asked = await call("begin")
        assert [h["name"] for h in reset["space"]] == ["x"] and asked["left"] == 3.0
        with pytest.raises(Refused, match=r"\[1, 9\]"):
            await call("propose", config={"x": 10})
        with pytest.raises(Refused, match="fidelity"):
            await call("propose", config={"x": 1}, fidelity=0.5)
        trial, asked = await call("propose", config={"x": 2})
        assert (trial["score"], asked["left"]) == (2.0, 2.0)  # what was refused has cost nothing
        trial, asked = await call("propose", config={"x": 3})
        assert trial["status"] == "failed" and "three is no good" in trial["reason"]
        trial, bye = await call("propose", config={"x": 8})
        assert (trial["score"], bye["type"]) == (8.0, "bye") and "x: 8" in bye["said"]
        with pytest.raises(Refused, match="After 3 trials: 8, "):
            await call("propose", config={"x": 1})

    with_server(own("score", "--budget", "3"), folder, play)
    tuned = Tuned.load(folder / "out")
    assert [e.config["x"] for e in tuned.ended] == [2, 3, 8] and tuned.best_config == {"x": 8}
    assert {p.name for p in (folder / "out").iterdir()} >= {"tune.sqlite", "trials.csv", "tune.svg", "report.html"}
    assert "printed while it is imported" in (folder / "stderr.txt").read_text()


@pytest.mark.long
def test_a_tuning_goes_on_where_the_agent_left_it(folder: Path):
    async def first(call: Call, session: Any) -> None:
        await call("begin")
        for x in (3, 5):  # the failure's score changes with the first success, so `tune` asks anew
            await call("propose", config={"x": x})

    async def second(call: Call, session: Any) -> list[dict[str, Any]]:
        _, *trials, asked = await call("begin")
        assert [t["config"]["x"] for t in trials] == [3, 5] and asked["trial"] == 3
        assert (await call("propose", config={"x": 7}))[-1]["type"] == "bye"
        return await call("history")

    with_server(own("score", "--budget", "3", "--seed", "1"), folder, first)
    for words, said in ((own("score", "--budget", "3"), "--resume"), (own("scor"), "'score'")):
        command = [sys.executable, "-m", "hpo_gym", "serve", *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert (done.returncode, done.stdout) == (2, "") and said in done.stderr
    *trials, bye = with_server(own("score", "--budget", "3", "--seed", "1", "--resume"), folder, second)
    assert [t["number"] for t in trials] == [1, 2, 3] and "x: 7" in bye["said"]
    assert [e.config["x"] for e in Tuned.load(folder / "out").ended] == [3, 5, 7]


@pytest.mark.long
def test_a_loss_is_told_as_a_score_and_a_prior_is_read(folder: Path):
    async def play(call: Call, session: Any) -> None:
        assert (await call("begin"))[0]["prior"] == (folder / "later").exists()
        trial, _ = await call("propose", config={"x": 4})
        assert trial["score"] == -4.0

    words = ["--mcp", "--objective", "mine.py:loss", "--space", "space.yaml", "--direction", "minimize", "--budget"]
    with_server([*words, "2", "--out", "out"], folder, play)
    assert Tuned.load(folder / "out").best_score == 4.0
    with_server([*words, "2", "--prior", "out", "--out", "later"], folder, play)


@pytest.mark.long
def test_nothing_but_frames_is_on_standard_output(folder: Path):
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
    call = {"name": "propose", "arguments": {"config": {"x": 2}}}
    command = [sys.executable, "-m", "hpo_gym", "serve", *own("score", "--budget", "2")]
    child = subprocess.Popen(
        command, cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdin is not None and child.stdout is not None
    for number, (method, given) in enumerate((("initialize", hello), ("tools/call", call))):
        frame = {"jsonrpc": "2.0", "id": number, "method": method, "params": given}
        print(json.dumps(frame), file=child.stdin, flush=True)
        told = json.loads(child.stdout.readline())
        assert (told["id"], told["jsonrpc"]) == (number, "2.0")
        if not number:
            print('{"jsonrpc": "2.0", "method": "notifications/initialized"}', file=child.stdin, flush=True)
    rest, errors = child.communicate(timeout=60)
    assert (child.returncode, rest) == (0, "")
    assert "printed while it is imported" in errors and "from a child while it is imported" in errors


@pytest.mark.long
def test_a_client_that_leaves_ends_the_server_and_its_trial(folder: Path, monkeypatch: pytest.MonkeyPatch):
    mark = f"SERVED_{secrets.token_hex(8)}"
    monkeypatch.setenv(mark, "1")

    async def play(call: Call, session: Any) -> None:
        await call("begin")
        running = asyncio.ensure_future(call("propose", config={"x": 2}))
        await asyncio.sleep(0.5)
        assert (await call("history"))[-1] == {"type": "running"}
        with pytest.raises(Refused, match="running"):
            await call("propose", config={"x": 4})
        running.cancel()

    with_server(own("slow", "--budget", "2"), folder, play)
    assert Tuned.load(folder / "out").ended == ()
    assert lasting(mark, lambda command: True) == []
