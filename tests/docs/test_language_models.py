"""The page on language models runs as printed, with a model and a desktop agent of this machine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from test_tutorials import run, same, steps_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "language-models.md"
TEXT = PAGE.read_text(encoding="utf-8")


class Model(BaseHTTPRequestHandler):
    """Answers with the last line of what it is asked: the default configuration."""

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = said["messages"][-1]["content"].splitlines()[-1]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"choices": [{"message": {"content": words}}]}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.long
def test_the_page_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openenv")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    (served,) = re.findall(r"^```sh\n(hpo-gym .*)\n```$", TEXT, re.M)
    words = shlex.split(served.replace("8000", port))
    model = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    monkeypatch.setenv("CHAT_URL", f"http://127.0.0.1:{model.server_port}/v1/chat/completions")
    child = subprocess.Popen([sys.executable, "-m", "hpo_gym", *words[1:]], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None and port in child.stdout.readline()
        steps = [((kind, at, text.replace(":8000", f":{port}")), said) for (kind, at, text), said in steps_of(PAGE)]
        told = run(steps, tmp_path)
    finally:
        child.terminate()
        child.wait(20)
        model.shutdown()
        model.server_close()
    for (step, printed), said in zip(steps, told, strict=True):
        assert printed is None or same(said, *printed), f"{step[1]} prints\n{said}"
    by = {text: said for ((kind, _, text), _), said in zip(steps, told, strict=True) if kind == "command"}
    (compared,) = (said for text, said in by.items() if "chat_agent.py" in text)
    (played,) = (said for text, said in by.items() if "openenv_client.py" in text)
    (judged,) = (said for text, said in by.items() if "judge" in text)
    assert "chat_agent" in compared and played.startswith("3 trials, best score")
    rewards = [json.loads(line)["reward"] for line in judged.splitlines()]
    assert len(rewards) == 20 and any(same(f"20 rewards, mean {sum(rewards) / 20:.2f}", said) for said in told)


@pytest.mark.long
def test_the_settings_of_a_desktop_agent_start_a_server(tmp_path: Path) -> None:
    mcp = pytest.importorskip("mcp")
    from mcp.client.stdio import stdio_client

    (block,) = re.findall(r"^```json\n(.*?)^```$", TEXT, re.M | re.S)
    (server,) = json.loads(block.replace("/path/to", str(tmp_path)))["mcpServers"].values()
    (tmp_path / "mine.py").write_text("def score(config):\n    return config['x']\n")
    (tmp_path / "space.yaml").write_text("x: {low: 0.0, high: 1.0}\n")
    assert server["command"] == "hpo-gym"
    words = ["-m", "hpo_gym", *server["args"]]
    place = mcp.StdioServerParameters(command=sys.executable, args=words, env=dict(os.environ), cwd=str(tmp_path))

    async def tools() -> Any:
        async with stdio_client(place) as streams, mcp.ClientSession(*streams) as session:
            await session.initialize()
            told = await session.call_tool("propose", {"config": {"x": 0.5}})
            assert json.loads(told.content[0].text.splitlines()[0])["score"] == 0.5
            return {tool.name for tool in (await session.list_tools()).tools}

    assert asyncio.run(tools()) == {"begin", "propose", "history"}
    assert all(f"`{name}`" in TEXT for name in ("begin", "propose", "history"))
    assert (tmp_path / "tuned" / "tune.sqlite").is_file()
