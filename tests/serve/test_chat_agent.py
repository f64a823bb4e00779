"""The template of an agent with a language model, against a server of this machine that speaks chat completions."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ladder import answer, ladder

AGENT = Path(__file__).resolve().parents[2] / "docs" / "examples" / "chat_agent.py"
Reply = tuple[int, str]


def words(text: str) -> Reply:
    return 200, json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]})


class Model:
    """A server whose model replies as it is told; `seen` are the requests, with their headers."""

    def __init__(self, reply: Callable[[int, dict[str, Any]], Reply | None]) -> None:
        self.seen: list[tuple[dict[str, Any], dict[str, str]]] = []
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.seen.append((said, dict(self.headers)))
                told = reply(len(model.seen), said)
                if told is None:  # the line goes dead
                    return
                self.send_response(told[0])
                self.end_headers()
                self.wfile.write(told[1].encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def settings(self) -> dict[str, str]:
        url = f"http://127.0.0.1:{self.server.server_port}/v1/chat/completions"
        return {"CHAT_URL": url, "CHAT_MODEL": "little", "CHAT_KEY": "secret", "CHAT_SECONDS": "5"}


@pytest.fixture
def started() -> Iterator[Callable[[Callable[[int, dict[str, Any]], Reply | None]], Model]]:
    models: list[Model] = []

    def start(reply: Callable[[int, dict[str, Any]], Reply | None]) -> Model:
        models.append(Model(reply))
        return models[-1]

    yield start
    for model in models:
        model.server.shutdown()
        model.server.server_close()


def loaded(model: Model, monkeypatch: pytest.MonkeyPatch, **more: str) -> ModuleType:
    for name, value in (model.settings | more).items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("chat_agent", AGENT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.WAIT = 0.01  # type: ignore[attr-defined]
    return module


def test_it_sends_the_latest_text_alone_without_chance(started: Any, monkeypatch: pytest.MonkeyPatch):
    model = started(lambda n, said: words("ok"))
    agent = loaded(model, monkeypatch)
    assert agent.words_of("the run", 7, time.monotonic() + 5) == "ok"
    ((said, head),) = model.seen
    assert (said["model"], said["temperature"], said["seed"]) == ("little", 0, 7)
    assert [m["role"] for m in said["messages"]] == ["system", "user"] and said["messages"][1]["content"] == "the run"
    assert head["Authorization"] == "Bearer secret"
    loaded(model, monkeypatch, CHAT_KEY="").words_of("x", 0, time.monotonic() + 5)
    assert "Authorization" not in model.seen[1][1]


@pytest.mark.parametrize("fault", [(500, "busy"), (429, "slow down"), (200, "no json"), (200, '{"choices": []}'), None])
def test_what_may_pass_is_tried_again(started: Any, monkeypatch: pytest.MonkeyPatch, fault: Reply | None):
    model = started(lambda n, said: fault if n < 3 else words("at last"))
    assert loaded(model, monkeypatch).words_of("x", 0, time.monotonic() + 5) == "at last"
    assert len(model.seen) == 3


def test_a_wrong_key_ends_the_agent_at_once(started: Any, monkeypatch: pytest.MonkeyPatch):
    model = started(lambda n, said: (401, "who are you"))
    with pytest.raises(SystemExit):
        loaded(model, monkeypatch).words_of("x", 0, time.monotonic() + 5)
    assert len(model.seen) == 1


@pytest.mark.long
def test_a_slow_model_is_waited_for_no_longer_than_the_limit(started: Any, monkeypatch: pytest.MonkeyPatch):
    release = threading.Event()
    model = started(lambda n, said: release.wait(10) and None)
    began = time.monotonic()
    assert loaded(model, monkeypatch).words_of("x", 0, time.monotonic() + 0.5) == ""
    assert 0.4 < time.monotonic() - began < 2.0
    release.set()


@pytest.mark.long
def test_it_is_compared_like_any_optimizer_and_what_fails_costs_trials(started: Any, tmp_path: Path):
    """A model that climbs: what the text calls best, one up; now and then prose, garbage, or a refusal to serve."""

    def reply(n: int, said: dict[str, Any]) -> Reply:
        if n == 2:
            return 503, "later"
        if n == 4:
            return words("I am not sure about this one.")
        text = said["messages"][1]["content"]
        tried = text.count("Trial ")
        return words(f"Let me think about it. ```json\n{answer(min(4, tried + 1))}\n``` is my choice.")

    model = started(reply)
    ladder().save(tmp_path / "ladder")
    env = os.environ | model.settings | {"HPO_GYM_CACHE": ""}
    bench = [
        sys.executable, "-m", "hpo_gym", "bench", "--suite", str(tmp_path / "ladder"), "--budget", "5", "--seeds", "1",
        "--engine", "serial", "--optimizers", f"cmd:{sys.executable} {AGENT}", "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    done = subprocess.run(bench, env=env, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    export = [sys.executable, "-m", "hpo_gym", "export", str(tmp_path / "out"), "--csv", str(tmp_path / "trials.csv")]
    subprocess.run(export, check=True, capture_output=True)
    import pandas as pd

    trials = pd.read_csv(tmp_path / "trials.csv").query("optimizer == 'chat_agent'")  # beside the controls
    assert trials["status"].tolist() == ["ok", "ok", "invalid", "ok", "ok"]
    assert trials["score"].tolist() == [-7.0, -1.0, -7.0, 7.0, 7.0]
    assert len(model.seen) == 6
