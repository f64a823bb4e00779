"""Agents that are programs: the same trials as in this process, and faults that cost their trials, no more."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from programs import ANSWERS, InProcess, command, example, written

import hpo_gym
from hpo_gym import Refusal, Status, load_suite, rollout
from hpo_gym.base import InvalidValueError, UnknownNameError
from hpo_gym.bench import Results, benchmark, merge, named_protocol, pack, records_of
from hpo_gym.bench.entrants import Entrant
from hpo_gym.optimize import form_of, make_optimizer
from hpo_gym.problem import History, Task

pytestmark = pytest.mark.long


def task(name: str = "SVM") -> Task:
    return load_suite(name).tasks("train")[0]


def same(a: History, b: History) -> bool:
    return [(dict(t.config), t.fidelity, t.score, t.status) for t in a] == [
        (dict(t.config), t.fidelity, t.score, t.status) for t in b
    ]


def reasons(history: History) -> list[str]:
    return [t.query.reason if isinstance(t.query, Refusal) else "" for t in history]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# ---------------------------------------------------------------------- what works
@pytest.mark.parametrize("name", ["greedy", "noisy"])
@pytest.mark.parametrize("suite", ["SVM", "Trainings"])
def test_a_program_makes_the_trials_that_its_code_makes_here(name: str, suite: str) -> None:
    outside = rollout(example(name), task(suite), budget=15, seed=3)
    assert same(outside, rollout(InProcess(name), task(suite), budget=15, seed=3))
    assert same(outside, rollout(example(name), task(suite), budget=15, seed=3))
    invalid = [i for i, t in enumerate(outside, 1) if t.status == Status.INVALID]
    assert invalid == ([] if name == "greedy" else [3, 5, 10, 12])


def test_a_program_hears_why_a_proposal_was_refused(tmp_path: Path) -> None:
    heard = tmp_path / "heard.json"
    body = f"json.dump(message, open({str(heard)!r}, 'a')) or config.update(C=-1.0)"
    history = rollout(written(tmp_path / "a.py", ANSWERS.format(body)), task(), budget=2)
    assert reasons(history)[0].startswith("`C` must be a number in [0.001, 1000], got -1.0")
    assert "got -1.0" in heard.read_text()  # in the text of the second question


def test_an_initial_design_comes_first(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    body = f"open({str(seen)!r}, 'a').write(str(message['trial']) + ' ' + str(message['spent']) + chr(10))"
    history = rollout(written(tmp_path / "a.py", ANSWERS.format(body)), task(), budget=2, n_init=3)
    assert len(history) == 5
    assert seen.read_text().split("\n")[:2] == ["4 0.0", "5 1.0"]


def test_an_agent_may_stop_and_ask_for_earlier_tasks(tmp_path: Path) -> None:
    body = """
        if message["trial"] == 3:
            print('{"stop": true}', flush=True)
            continue
        print('{"get": "prior", "task": 0}', flush=True)
        prior = json.loads(sys.stdin.readline())
        assert prior["type"] == "prior"
        config = prior["configs"][prior["scores"].index(max(prior["scores"]))]"""
    suite = load_suite("SVM")
    one = suite.tasks("test")[0]
    history = rollout(written(tmp_path / "a.py", ANSWERS.format(body)), one, prior=suite.prior(), budget=9)
    assert len(history) == 2
    assert history.statuses == (Status.OK, Status.OK)


def test_the_name_is_that_of_the_script_and_a_changed_file_is_another_optimizer(tmp_path: Path) -> None:
    one = written(tmp_path / "my_agent.py", "print(1)")
    before = form_of(one)
    assert (before.name, before.spec) == ("my_agent", one)
    assert form_of(one).settings == before.settings
    (tmp_path / "my_agent.py").write_text("print(2)")
    assert form_of(one).settings != before.settings
    slow = Entrant.of(form_of({"name": one, "seconds": 5.0}))
    assert json.loads(slow.resolved)["seconds"] == 5.0
    assert Entrant.of(form_of(one)).word == one


@pytest.mark.parametrize(
    ("given", "fault", "message"),
    [
        ("cmd:", InvalidValueError, "must be followed by a program"),
        ("cmd:no-such-program x.py", InvalidValueError, "must be followed by a program"),
        ("cmd:python 'x", InvalidValueError, "words as in a shell"),
        ({"name": "cmd:python x.py", "seconds": 0}, InvalidValueError, "seconds"),
        ({"name": "cmd:python x.py", "minutes": 1}, UnknownNameError, "minutes"),
        ({"name": "cmd:python x.py", "form": "verse"}, UnknownNameError, "verse"),
    ],
)
def test_a_wrong_command_is_refused(given: object, fault: type[Exception], message: str) -> None:
    with pytest.raises(fault, match=message):
        make_optimizer(given)


def test_no_shell_reads_the_words(tmp_path: Path) -> None:
    path = tmp_path / "x; touch there"
    path.write_text(ANSWERS.format("pass"))
    assert len(rollout(command(path), task(), budget=1)) == 1
    assert not (tmp_path / "there").exists()
    assert not Path("there").exists()


def _score(config: dict[str, Any]) -> float:
    return -abs(float(config["a"]) - 0.7)


@pytest.mark.slow
def test_a_program_tunes_and_its_refusals_cost_no_trial(tmp_path: Path) -> None:
    space, agent = {"a": (0.0, 1.0), "b": (1, 9)}, example("noisy")
    whole = hpo_gym.tune(_score, space, optimizer=agent, budget=8, seed=1)
    hpo_gym.tune(_score, space, optimizer=agent, budget=5, seed=1, out=tmp_path / "t")
    again = hpo_gym.tune(_score, space, optimizer=agent, budget=8, seed=1, out=tmp_path / "t", resume=True)
    assert [e.config for e in whole.ended] == [e.config for e in again.ended]
    assert len(whole.ended) == 8


def test_it_ends_with_its_object_and_hears_bye(tmp_path: Path) -> None:
    said = tmp_path / "said"
    text = ANSWERS.format("pass") + f"    if kind == 'bye': open({str(said)!r}, 'w').write(str(os.getpid()))\n"
    agent = make_optimizer(written(tmp_path / "a.py", text))
    rollout(agent, task(), budget=2)
    assert not said.exists()
    del agent
    assert not alive(int(said.read_text()))


# ---------------------------------------------------------------------- faults
FAULTS = {
    "exits at once": ("import sys; sys.exit('No key.')", r"exit code 1\)\. It said: No key\."),
    "exits in the middle": (ANSWERS.format("if message['trial'] == 3: sys.exit(7)"), r"exit code 7"),
    "is killed": (ANSWERS.format("os.kill(os.getpid(), signal.SIGKILL)"), r"exit code -9"),
    "says nothing": ("import time; time.sleep(1000)", r"within 0\.3 seconds|3 times in a row"),
    "is stopped": (ANSWERS.format("os.kill(os.getpid(), signal.SIGSTOP)"), r"within 0\.3 seconds|3 times in a row"),
    "closes its output": ("import os, time; os.close(1); time.sleep(1000)", r"has ended its output\."),
    "ignores SIGTERM": ("import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(1000)", r"seconds|a row"),
    "writes no newline": (
        "import sys\nfor i in range(1000): sys.stdout.write('x' * 100_000)", r"at most 1,000,000 bytes"
    ),
    "writes 10,000 lines": ("for i in range(10_000): print('garbage', i)", r"JSON object"),
    "writes zeros": ("import sys; sys.stdout.buffer.write(b'\\0\\n\\xff\\n' * 100)", r"JSON object"),
    "writes errors": ("import sys\nwhile True: sys.stderr.write('x' * 10_000)", r"within 0\.3 seconds|times in a row"),
    "nests": ("print('[' * 500_000)\nprint('{\"config\":' * 100_000)", r"JSON|ended its output"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_trials_and_no_more_time_than_the_limit(fault: str, tmp_path: Path) -> None:
    text, reason = FAULTS[fault]
    agent, began = {"name": written(tmp_path / "a.py", text), "seconds": 0.3}, time.monotonic()
    if "exits in" in fault or "killed" in fault or "stopped" in fault:
        agent["seconds"] = 0.3 if fault == "is stopped" else 5.0  # to begin takes a while
    history = rollout(agent, task(), budget=12)
    assert time.monotonic() - began < 12.0
    assert len(history) == 12
    good = [t for t in history if t.status == Status.OK]
    assert len(good) == (2 if fault == "exits in the middle" else 0)
    assert all(re.search(reason, why) for why in reasons(history) if why), reasons(history)


@pytest.mark.slow
def test_late_answers_cost_their_trial_and_three_in_a_row_the_rest(tmp_path: Path) -> None:
    body = "time.sleep({2: 1.5, 4: 100.0}.get(message['trial'], 0.0))"
    text = ANSWERS.format(body).replace('{"config": config}', '{"config": config, "trial": message["trial"]}')
    history = rollout({"name": written(tmp_path / "a.py", text), "seconds": 1.0}, task(), budget=9)
    assert [s.label for s in history.statuses] == [
        "ok",
        "invalid",
        "ok",
        *["invalid"] * 6,
    ]  # the second came in the third
    assert reasons(history)[3:6] == ["An answer must come within 1 seconds."] * 3
    assert reasons(history)[6:] == ["no answer came 3 times in a row"] * 3


@pytest.mark.slow
def test_requests_do_not_move_the_deadline(tmp_path: Path) -> None:
    body = """
        while True:
            print('{"get": "prior", "task": 0}', flush=True)
            sys.stdin.readline()"""
    suite, began = load_suite("SVM"), time.monotonic()
    agent = {"name": written(tmp_path / "a.py", ANSWERS.format(body)), "seconds": 0.5}
    history = rollout(agent, suite.tasks("test")[0], prior=suite.prior(), budget=9)
    assert time.monotonic() - began < 8.0
    assert set(history.statuses) == {Status.INVALID}


@pytest.mark.slow
def test_nothing_is_left_of_a_program_and_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    body = f"""
        child = subprocess.Popen([sys.executable, "-c",
            "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(1000)"])
        open({str(pids)!r}, "a").write(f"{{{{os.getpid()}}}} {{{{child.pid}}}} ")"""
    rollout(written(tmp_path / "a.py", ANSWERS.format(body.format())), task(), budget=1)
    found = [int(pid) for pid in pids.read_text().split()]
    assert len(found) == 2
    until = time.monotonic() + 5
    while any(map(alive, found)) and time.monotonic() < until:
        time.sleep(0.01)
    assert not [pid for pid in found if alive(pid)]
    with pytest.raises(ChildProcessError):
        os.waitpid(found[0], os.WNOHANG)  # it was waited for


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_program_ends_with_us(tmp_path: Path, sign: int) -> None:
    pid = tmp_path / "pid"
    body = f"open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(1000)"
    word = written(tmp_path / "a.py", ANSWERS.format(body))
    code = f"from hpo_gym import load_suite, rollout; rollout({word!r}, load_suite('SVM').tasks('train')[0])"
    parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while not (pid.exists() and pid.read_text()) and time.monotonic() < until:
        time.sleep(0.01)
    parent.send_signal(sign)
    parent.wait(20)
    until = time.monotonic() + 5
    while alive(int(pid.read_text())) and time.monotonic() < until:
        time.sleep(0.01)
    assert not alive(int(pid.read_text()))


# ---------------------------------------------------------------------- comparisons
DYING = ANSWERS.format("if message['trial'] == 2: sys.exit('No more credit.')")


def compared(folder: Path, agents: list[Any], **more: Any) -> Results:
    options: dict[str, Any] = {"budget": 4, "seeds": 3, "tasks": 2, "split": "val", "progress": False, **more}
    return benchmark(agents, ["SVM"], out=folder, **options)


@pytest.mark.slow
def test_a_comparison_is_the_same_with_one_worker_and_two(tmp_path: Path) -> None:
    agents = [example("greedy"), example("noisy"), written(tmp_path / "dying.py", DYING)]
    results = []
    for workers in (1, 2):
        with pytest.warns(UserWarning, match="proposals of dying on SVM were refused, the first: .*No more credit"):
            results.append(compared(tmp_path / str(workers), agents, engine="process", workers=workers))
    one, two = (json.dumps({k: v for k, v in r.data.items() if k != "timings"}) for r in results)
    assert one == two
    frames = [r.trials().drop(columns=["config"]) for r in results]
    assert frames[0].equals(frames[1])
    assert results[0].failed_cells == 0
    tried = frames[0].query("optimizer == 'dying'")
    assert tried["status"].tolist() == ["ok", "invalid", "invalid", "invalid"] * 6


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:More than half of the trials")  # it always answers alike
def test_a_stored_plan_starts_no_command(tmp_path: Path) -> None:
    started = tmp_path / "started"
    text = f"open({str(started)!r}, 'a').write('x')\n" + ANSWERS.format("pass")
    word = written(tmp_path / "a.py", text)
    compared(tmp_path / "out", [word], engine="serial")
    runs = started.read_text()
    assert runs == "x" * 6
    again = Results.load(tmp_path / "out")
    again.write()
    assert started.read_text() == runs
    compared(tmp_path / "out", [word], engine="serial", resume=True)
    assert started.read_text() == runs  # all is there
    with pytest.raises(InvalidValueError, match="'a' was a command of another process: give it again"):
        Entrant("a", word).make()  # as it is read from a plan
    compared(tmp_path / "out", ["random"], engine="serial", resume=True, seeds=4)
    assert started.read_text() == runs


@pytest.mark.slow
def test_shards_are_merged_and_an_entry_replays(tmp_path: Path) -> None:
    words = {"name": "p", "about": "A test.", "suites": ["Functions"], "budget": 8, "seeds": 2, "tasks": 2}
    path = tmp_path / "p.yaml"
    path.write_text(json.dumps(words))
    named, agent = named_protocol(path), example("noisy")
    options: dict[str, Any] = {"protocol": named, "engine": "serial", "progress": False}
    with pytest.warns(UserWarning, match="were refused"):
        whole = benchmark(agent, out=tmp_path / "whole", **options)
        for shard in ("1/2", "2/2"):
            benchmark(agent, out=tmp_path / shard[0], shard=shard, **options)
        merge([tmp_path / "1", tmp_path / "2"], tmp_path / "merged")
    assert Results.load(tmp_path / "merged").trials().equals(whole.trials())
    card = {"authors": ["Ada"], "code": "https://example.org/x", "about": "x", "training": "nothing", "families": [],
            "train_seconds": 0.0, "test_evaluations": 1, "hardware": "a desk"}  # fmt: skip
    entry = pack(tmp_path / "merged", card, protocol=named)
    assert entry.name == "client_noisy"
    assert entry.parts["Functions"].choices["refused"].tolist() == [0, 0, 1, 0, 1, 0, 0, 0] * 4
    assert len(records_of(entry, named)) == 4


def test_a_command_travels_to_workers(tmp_path: Path) -> None:
    entrant = Entrant.of(form_of(example("greedy")))
    arrived = pickle.loads(pickle.dumps(entrant))  # noqa: S301 - our own
    assert same(rollout(arrived.make(), task(), budget=2), rollout(example("greedy"), task(), budget=2))


@pytest.mark.slow
def test_the_command_line_takes_it(tmp_path: Path) -> None:
    words = ["bench", "--suite", "SVM", "--split", "val", "--tasks", "1", "--seeds", "1", "--budget", "2", "--quiet"]
    asked = [*words, "--optimizers", example("greedy"), "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-m", "hpo_gym", *asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "client_greedy" in (tmp_path / "out" / "results.json").read_text()
