"""The first hour of a new user, in a fresh environment at 80 columns and in a notebook: what is printed fits, what is
wrong is said in words, what is told to be there is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

OWN = """
import hpo_gym


class Halves:
    '''Proposes the default configuration, then random ones.'''

    version = 1

    def reset(self, context, rng):
        self.space, self.rng, self.asked = context.space, rng, 0

    def ask(self):
        self.asked += 1
        if self.asked == 1:
            return hpo_gym.Query(self.space.default)
        return hpo_gym.Query(self.space.from_unit(self.space.snap(self.rng.random((1, self.space.d)))[0]))

    def tell(self, trial):
        pass
"""

TRIALS = """number,datetime_start,params_lr,params_depth,value,state
0,2026-01-01 00:00:00,0.1,3,0.71,COMPLETE
1,2026-01-01 00:01:00,0.01,4,0.74,COMPLETE
2,2026-01-01 00:02:00,0.3,5,,FAIL
3,2026-01-01 00:03:00,0.05,6,0.78,COMPLETE
4,2026-01-01 00:04:00,0.02,7,0.76,COMPLETE
5,2026-01-01 00:05:00,0.2,8,0.73,COMPLETE
"""

SMALL = "--suite Functions --tasks 3 --seeds 2"
COMMANDS = [  # words, exit code, what is printed
    ("--version", 0, "hpo-gym "),
    ("-h", 0, "bench"),
    ("list", 0, "AutoML"),
    ("info SVM", 0, "license|licence"),
    ("info ppo-pool-tables", 0, "pip install"),
    ("info own.py:Halves", 0, "Proposes the default"),
    (f"bench {SMALL} --budget 6 --optimizers random,own.py:Halves --out first", 0, "Halves"),
    ("report first", 0, "report.html"),
    (f"bench {SMALL} --budget 5 --out first --resume", 2, "budget"),
    ("verify first", 0, "0 damaged"),
    ("repair first", 0, "nothing damaged"),
    ("bench --optimizers rundom --out wrong", 2, "random"),
    ("bench --suite SMV --out wrong", 2, "SVM"),
    ("import trials.csv --score value --out mine", 0, "1 tasks|1 task"),
    ("import trials.csv --score vlaue --out other", 2, "value"),
    ("train q-learning --suite SVM --steps 2000 --out q", 0, "-> q"),
    ("bench --suite SVM --tasks 2 --seeds 1 --budget 5 --optimizers q,random --out second", 0, "q-learning|q "),
]

FIRST_LINES = """
import gymnasium as gym
import numpy as np

import hpo_gym

env = gym.make("hpo_gym/SVM-v0", budget=5)
env.action_space.seed(0)
obs, info = env.reset(seed=0)
total = 0.0
for _ in range(5):
    obs, reward, terminated, truncated, info = env.step(env.action_space.sample())
print(repr(float(info["incumbent_score"])))
envs = gym.wrappers.vector.RecordEpisodeStatistics(gym.make_vec("hpo_gym/SVM-v0", num_envs=3, budget=4))
envs.reset(seed=0)
envs.action_space.seed(0)
for _ in range(4):
    *_, infos = envs.step(envs.action_space.sample())
assert len(infos["episode"]["r"]) == 3
try:
    gym.make("hpo_gym/SVM-v0", budgt=5)
except hpo_gym.HPOGymError as fault:
    assert "budget" in str(fault), fault
try:
    env.reset(seed=2**64)
except Exception as fault:
    assert "seed" in str(fault), fault
else:
    raise AssertionError("a seed of 2**64 is taken")
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the package, and a folder with a user's own files."""
    home = tmp_path_factory.mktemp("first-hour")
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
    pip = [home / "venv" / "bin" / "pip", "install", "--quiet"]
    subprocess.run([*pip, f"{ROOT}[notebooks]"], check=True)
    (home / "own.py").write_text(OWN)
    (home / "trials.csv").write_text(TRIALS)
    return home


def run(home: Path, *words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environ |= {"COLUMNS": "80", "OMP_NUM_THREADS": "1", "PATH": f"{home / 'venv' / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        [str(w) for w in words], cwd=home, env=environ, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == code, (words, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize(("words", "code", "said"), COMMANDS, ids=[c[0] for c in COMMANDS])
def test_a_command_of_the_first_hour(fresh: Path, words: str, code: int, said: str) -> None:
    done = run(fresh, "hpo-gym", *words.split(), code=code)
    text = done.stdout + done.stderr
    assert any(one in text for one in said.split("|")), text
    long = [line for line in done.stdout.splitlines() if len(line) > 80 and len(line.split()) > 1]  # a path is a word
    assert not long, long


def test_the_first_lines_print_the_same_number_each_time(fresh: Path) -> None:
    once, again = (run(fresh, "python", "-c", FIRST_LINES).stdout for _ in range(2))
    assert once == again and 0 < float(once) <= 1


def test_a_script_without_a_guard_compares_in_processes(fresh: Path) -> None:
    """What a newcomer writes: no `if __name__ == "__main__"`, a class of the script itself, the default engine."""
    (fresh / "script.py").write_text(
        OWN
        + textwrap.dedent(
            """
            results = hpo_gym.benchmark([Halves, "random"], "Functions", tasks=3, seeds=2, budget=5, out="script")
            assert not results.failed_cells, results.errors
            print(sorted(results.to_frame()["optimizer"]))
            """
        )
    )
    assert run(fresh, "python", "script.py").stdout.strip() == "['Halves', 'default', 'portfolio', 'random']"


def test_a_notebook_shows_progress_tables_and_figures(fresh: Path) -> None:
    cells = [
        "import hpo_gym",
        OWN,
        "results = hpo_gym.benchmark([Halves, 'random'], 'Functions', tasks=3, seeds=2, budget=5, out='notebook')\n"
        "results",
        "results.plot_regret()",
        "results.to_frame().shape, hpo_gym.Results.load('notebook')",
    ]
    (fresh / "play.py").write_text(
        textwrap.dedent(
            """
            import json, sys
            import nbclient, nbformat
            cells = json.load(open("cells.json"))
            book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
            nbclient.NotebookClient(book, timeout=600, kernel_name="python3").execute()
            json.dump([c["outputs"] for c in book["cells"]], open("outputs.json", "w"))
            """
        )
    )
    (fresh / "cells.json").write_text(json.dumps(cells))
    run(fresh, "python", "play.py")
    outputs: list[list[dict[str, Any]]] = json.loads((fresh / "outputs.json").read_text())
    table = outputs[2][-1]["data"]
    assert "<table" in table["text/html"] and "Halves" in table["text/html"]
    assert any("image/png" in o.get("data", {}) for o in outputs[3])
    assert "Results(" in outputs[4][-1]["data"]["text/plain"]
    assert not [o for cell in outputs for o in cell if o["output_type"] == "error"]
