"""The examples run by themselves in their smoke mode, and say what they should."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parents[2]
EXAMPLES = TOP / "docs" / "examples"
NEEDS = {
    "cleanrl_ppo": ("torch",),
    "control_training": ("torch", "sklearn"),
    "wrappers": (),
    "tianshou_dqn": ("tianshou",),
    "rllib_ppo": ("ray.rllib", "torch"),
}
SAYS = {
    "control_training": r"learning_rate +weight_decay +train_loss +validation_loss +guard",
    "cleanrl_ppo": r"(?s)4,224 steps.*validation 0\.\d+ #.*validation tasks +AUC.*\ntrained +0\.\d+\n",
    "wrappers": r"vector\.NormalizeObservation +works, but NOT with",
    "tianshou_dqn": r"validation tasks: trained 0\.\d+, random rows 0\.\d+, portfolio 0\.\d+",
    "rllib_ppo": r"validation tasks: trained -?\d\.\d+, random -?\d\.\d+",
}


def _there(package: str) -> bool:
    try:
        found = find_spec(package) is not None
    except ModuleNotFoundError:
        return False
    if package == "ray.rllib":  # `ray` alone brings the folder, not what it imports
        return found and all(find_spec(name) is not None for name in ("lz4", "ormsgpack", "scipy"))
    return found


def test_every_example_is_tested() -> None:
    elsewhere = {"new_agent", "chat_agent", "openenv_client", "client_greedy", "client_noisy"}  # test_new_agent, serve/
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*NEEDS, *elsewhere}
    assert set(NEEDS) == set(SAYS)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(NEEDS))
def test_an_example_runs_in_smoke_mode(name: str, tmp_path: Path) -> None:
    missing = [package for package in NEEDS[name] if not _there(package)]
    if missing:
        pytest.skip(f"{name}.py needs {', '.join(missing)}, which is in no extra: see docs/tutorials/libraries.md")
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--smoke"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode == 0, done.stderr
    assert re.search(SAYS[name], done.stdout), done.stdout


ADVANTAGES = """
import torch
import cleanrl_ppo

rewards, values, dones = (torch.tensor(x)[:, None] for x in ([1.0, 2.0, 4.0], [0.5, 1.0, 3.0], [0.0, 1.0, 0.0]))
print(cleanrl_ppo.advantages(rewards, values, dones, torch.tensor([2.0]), gamma=0.5, lam=0.5)[:, 0].tolist())
"""


@pytest.mark.long
def test_advantages_by_hand(tmp_path: Path) -> None:
    """The second step ends an episode: 2 - 1 = 1; the first has 1 + .5 (1) - .5 = 1 and .25 of it: 1.25; the last one
    4 + .5 (2) - 3 = 2."""
    pytest.importorskip("torch", reason="the example needs: pip install 'hpo-gym[rl]'")
    path = os.pathsep.join(p for p in (str(EXAMPLES), os.environ.get("PYTHONPATH")) if p)
    environ: dict[str, Any] = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", ADVANTAGES], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[1.25, 1.0, 2.0]"), done.stderr
