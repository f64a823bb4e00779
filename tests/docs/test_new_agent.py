"""The example of an agent of one's own: one short file that runs, and that `check_optimizer` finds nothing in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "new_agent.py"
TRAINED = """
import numpy as np
import hpo_gym, new_agent

suite = hpo_gym.load_suite("SVM")
train, task = suite.tasks("train"), suite.tasks("test")[0]
for name in ("linear-es", new_agent.LinearES):
    hpo_gym.check_optimizer(name, task, train=train[:3], may_repeat=True)
agents = [hpo_gym.make_optimizer("linear-es") for _ in range(2)]
for agent in agents:
    agent.train(train, np.random.default_rng(0), steps=30_000)
assert agents[0].theta.any() and np.array_equal(agents[0].theta, agents[1].theta)
assert agents[0].seen == {task.family for task in train}
"""


def _run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(p for p in (str(EXAMPLE.parent), os.environ.get("PYTHONPATH")) if p)
    env = os.environ | {"HPO_GYM_SMOKE": "1", "PYTHONPATH": path, "TMPDIR": str(folder)}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.long
def test_the_example_trains_and_is_compared(tmp_path: Path) -> None:
    done = _run(str(EXAMPLE), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if len(line.split()) == 5}
    assert set(rows) == {"linear-es", "random", "default", "portfolio"}
    assert all(0 < float(auc) < 1 for auc, *_ in rows.values()), done.stdout


@pytest.mark.long
def test_the_example_keeps_the_contract_and_trains_alike_twice(tmp_path: Path) -> None:
    done = _run("-c", TRAINED, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.long
def test_the_example_is_compared_on_the_command_line_by_its_module(tmp_path: Path) -> None:
    done = _run(
        "-m", "hpo_gym", "bench", "--suite", "SVM", "--optimizers", "new_agent:LinearES",
        "--tasks", "2", "--seeds", "1", "--budget", "3", folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "LinearES" in done.stdout
