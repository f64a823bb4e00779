"""Other processes, with other hash seeds of Python: there, sets have another order."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from hpo_gym.checks.faults import Faults
from hpo_gym.system import to_bytes

# The child is a process of ours and reads what this process has just written to its pipe: nothing comes from a file.
_CHILD = """
import pickle, sys
pipe = sys.stdin.buffer
sys.path[:] = pickle.load(pipe)  # S301: our own bytes, from the parent's pipe
from hpo_gym.system import from_bytes
function, arguments = from_bytes(pipe.read())
print(pickle.dumps(function(*arguments)).hex())
"""
_HASH_SEEDS = ("1", "97")


def elsewhere(who: str, faults: Faults, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """Call a function in other processes; return its results, by the words for the process."""
    text = pickle.dumps(sys.path) + to_bytes((function, arguments))
    found = {}
    for seed in _HASH_SEEDS:
        run = subprocess.run(
            [sys.executable, "-c", _CHILD], input=text, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        if run.returncode:
            faults.add(f"{who} fails in another process: {run.stderr.decode(errors='replace').strip()[-300:]}")
            break
        told = pickle.loads(bytes.fromhex(run.stdout.split()[-1].decode()))  # noqa: S301 - from our own child
        found[f"Another process (PYTHONHASHSEED={seed})"] = told
    return found
