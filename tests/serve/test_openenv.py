"""OpenEnv: rewards by hand, and the server on loopback with OpenEnv's own client."""

from __future__ import annotations

import importlib.util
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ladder import answer, ladder
from tools import served

from hpo_gym.base.errors import InvalidValueError, StateError, UnknownNameError
from hpo_gym.serve.door import Place
from hpo_gym.serve.hall import Hall

pytest.importorskip("openenv", reason="needs the extra openenv")

from hpo_gym.serve.openenv import Answer, TuningEnvironment

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "openenv_client.py"


def environment(**settings: Any) -> TuningEnvironment:
    return TuningEnvironment(Hall(ladder(), **settings))


# ---------------------------------------------------------------------- by hand
def test_the_reward_is_the_lift_above_the_mean_in_standard_deviations():
    env = environment(budget=6)
    assert env.reset().reward is None
    told = [env.step(Answer(text=answer(x))) for x in (2, 3, 1, "no number", 4, 4)]
    assert [t.reward for t in told] == [0.0, 0.2, 0.0, 0.0, pytest.approx(1.2), 0.0]
    assert [t.done for t in told] == [False] * 5 + [True]
    assert [t.messages[0]["status"] for t in told] == ["ok"] * 3 + ["invalid"] + ["ok"] * 2
    assert env.state.spent == 6.0, "what is refused costs a trial"


def test_a_stop_ends_the_run_without_a_trial():
    env = environment()
    env.reset()
    told = env.step(Answer(text='{"stop": true}'))
    assert (told.done, told.messages, told.text, told.reward) == (True, [], "", 0.0)
    with pytest.raises(StateError, match="over"):
        env.step(Answer(text=answer(1)))


def test_the_state_tells_the_trainer_what_the_messages_do_not():
    env = environment(budget=2)
    opening = env.reset(seed=3, episode_id="mine")
    state = env.state
    assert (state.episode_id, state.suite, state.split, state.task, state.seed) == ("mine", "Ladder", "train", "a", 3)
    env.step(Answer(text=answer(1)))
    assert (env.state.step_count, env.state.spent) == (1, 1.0)
    assert [m["type"] for m in opening.messages] == ["reset", "ask"]
    assert "Ladder" not in json.dumps(opening.messages) and opening.text == opening.messages[-1]["text"]
    seeds = [env.reset() and env.state.seed for _ in range(2)]
    assert seeds == [1, 2], "where none is given, they follow each other"


def test_another_split_and_unknown_arguments_are_refused():
    env = environment()
    with pytest.raises(InvalidValueError, match="'train'"):
        env.reset(split="test")
    env.reset(split="train", task="a")
    with pytest.raises(UnknownNameError, match="buget"):
        env.reset(buget=3)


# ---------------------------------------------------------------------- on loopback
@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(saved(tmp_path_factory.mktemp("ladder"))) as (place, _):
        yield place


def saved(folder: Path) -> str:
    ladder().save(folder / "ladder")
    return str(folder / "ladder")


def client(address: str) -> Any:
    from openenv.core.generic_client import GenericEnvClient

    return GenericEnvClient(base_url=address).sync()


@pytest.mark.long
def test_faults_of_a_client_are_told_and_the_connection_stays(address: str):
    with client(address) as env:
        with pytest.raises(Exception, match="`reset` comes before"):
            env.step({"text": "x"})
        with pytest.raises(Exception, match="No task"):
            env.reset(task="z")
        env.reset(budget=1)
        with pytest.raises(Exception, match=r"Invalid|text"):
            env.step({"words": "x"})
        told = env.step({"text": answer(4)})
        assert (told.done, told.reward, env.state()["spent"]) == (True, pytest.approx(1.4), 1.0)


@pytest.mark.long
def test_clients_side_by_side_do_not_meet(address: str):
    def play(x: int) -> list[float]:
        with client(address) as env:
            env.reset(budget=5, seed=x)
            return [env.step({"text": answer(x)}).observation["messages"][0]["score"] for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(play, (1, 2, 3, 4))) == [[-7.0] * 5, [-1.0] * 5, [1.0] * 5, [7.0] * 5]


@pytest.mark.long
def test_the_example_plays_a_run(address: str):
    spec = importlib.util.spec_from_file_location("openenv_client", EXAMPLE)
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    reward, trials = example.play(address, lambda text: answer(4), seed=1, budget=3)
    assert (reward, [t["score"] for t in trials]) == (pytest.approx(1.4), [7.0] * 3)


# ---------------------------------------------------------------------- who may come in, and with what
def connected(address: str, **settings: Any) -> Any:
    from websockets.sync.client import connect

    return connect(f"ws{address.removeprefix('http')}/ws", **settings)


@pytest.mark.long
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example", "http://[", "file://"]
)
def test_a_page_of_another_origin_is_refused(address: str, origin: str):
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus, match="403"):
        connected(address, origin=origin).close()


@pytest.mark.long
@pytest.mark.parametrize("origin", [None, "http://127.0.0.1:3000", "http://localhost", "http://[::1]:8000"])
def test_a_page_of_this_machine_and_a_client_that_is_no_page_may_play(address: str, origin: str | None):
    with connected(address, origin=origin) as client:
        client.send('{"type": "reset"}')
        assert json.loads(client.recv())["type"] == "observation"


@pytest.mark.long
@pytest.mark.parametrize(
    "text", ["null", "[]", "3", "9" * 5000, "[" * 100_000, b"\x00\xff", '{"a": ' + "9" * 5000 + "}", "no json", ""]
)
def test_a_message_that_is_no_object_is_answered_and_the_run_goes_on(address: str, text: str | bytes):
    with connected(address) as client:
        client.send('{"type": "reset", "data": {"budget": 2}}')
        client.recv()
        client.send(text)
        told = json.loads(client.recv())
        assert told["type"] == "error" and "must be a JSON object" in told["data"]["message"]
        client.send(json.dumps({"type": "step", "data": {"text": answer(4)}}))
        assert json.loads(client.recv())["data"]["observation"]["messages"][0]["score"] == 7.0


@pytest.mark.long
@pytest.mark.parametrize("path", ["step", "reset", "state", "mcp", "a/tasks"])
def test_routes_that_could_never_play_say_where_to_go(address: str, path: str):
    for data in (None, b"{}"):
        with pytest.raises(urllib.error.HTTPError, match="404") as caught:
            urllib.request.urlopen(f"{address}/{path}", data=data, timeout=20)
        assert "the WebSocket /ws" in json.load(caught.value)["detail"]


@pytest.mark.long
def test_large_requests_are_not_read(tmp_path: Path):
    from websockets.exceptions import ConnectionClosed

    def resident(pid: int) -> int:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))

    with served(saved(tmp_path)) as (address, pid):
        before = resident(pid)
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 20) as raw:
            raw.sendall(b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 83886080\r\n\r\n")
            with pytest.raises(OSError):  # it hangs up
                for _ in range(80):
                    raw.sendall(b" " * 2**20)
        with connected(address) as client:
            client.send('{"type": "reset", "data": "' + "a" * 2**23 + '"}')
            with pytest.raises(ConnectionClosed, match="1009"):
                client.recv()
        assert resident(pid) - before < 16_000  # kB


@pytest.mark.long
def test_idle_clients_lose_their_places(tmp_path: Path):
    with served(saved(tmp_path), "--idle", "3") as (address, _), ExitStack() as stack:
        for _ in range(64):
            stack.enter_context(connected(address)).send('{"type": "state"}')
        late = stack.enter_context(connected(address))
        assert json.loads(late.recv())["data"]["code"] == "CAPACITY_REACHED"
        time.sleep(5)
        with connected(address) as client:
            client.send('{"type": "reset"}')
            assert json.loads(client.recv())["type"] == "observation"


def test_beyond_loopback_it_must_be_said_that_anybody_may_play():
    for host in ("0.0.0.0", "::", "192.168.0.1", "a.example"):
        with pytest.raises(InvalidValueError, match=r"loopback address unless anybody may play, got .*--anybody"):
            Place(host)
        assert Place(host, anybody=True).host == host
    assert Place("127.0.0.2").host and Place("localhost").host and Place("::1").host
    with pytest.raises(InvalidValueError, match="idle"):
        Place(idle=0)
