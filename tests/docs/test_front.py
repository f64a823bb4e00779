"""Each figure of the README that is no stored result is that of the code, or of the block above it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hpo_gym
from hpo_gym.bench import FIRST, Protocol

TOP = Path(__file__).resolve().parents[2]
README = TOP / "README.md"


def text() -> str:
    """The README as a reader sees it, a sentence on a line or not."""
    return " ".join(re.sub(r"<!--.*?-->", "", README.read_text(encoding="utf-8"), flags=re.S).split())


def rows() -> dict[str, list[str]]:
    """The cells of its table by optimizer; by "optimizer", the head."""
    table = README.read_text(encoding="utf-8").split("<!-- table -->")[1].split("<!-- /table -->")[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:2] == "| "]
    return {line[0]: line[1:] for line in lines}


def test_its_counts_are_those_of_the_code() -> None:
    suite, svm = hpo_gym.load_suite("AutoML"), hpo_gym.load_suite("SVM")
    recorded = json.loads((TOP / "hpo_gym/data/results/reference/AutoML.json").read_text(encoding="utf-8"))["entrants"]
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    for fact in (
        f"# {svm.space.d} hyperparameters",
        f"for _ in range({suite.budget:.0f}):",
        f"a data set's {suite.table.m:,} pipelines",
        f"on {len(svm.tasks('test'))} data sets that it has not seen",
        f"runs {words[len(FIRST)]} optimizers {words[Protocol().seeds]} times on each held-out data set",
        f"recorded runs of {len(recorded) - len(rows()) + 1} more optimizers on this suite",
        f"budgets of about {suite.budget:.0f} full evaluations",
        f"language model in it has {max(_weights()):,} weights",
    ):
        assert fact in text()


def _weights() -> list[int]:
    """The numbers of weights that the card of the suite LM names."""
    card = (TOP / "docs" / "suites.md").read_text(encoding="utf-8").split("\n## LM\n")[1].split("\n## ")[0]
    (sizes,) = re.findall(r"([\d, and]+) weights in the blocks", card)
    return [int(size.replace(",", "")) for size in re.findall(r"\d+(?:,\d{3})*", sizes)]


@pytest.mark.long
def test_the_commands_of_the_first_door_print_what_stands_below_them(tmp_path: Path) -> None:
    """A training rounds by processor; where that keeps the policy of another step, its AUC is about as good."""
    pytest.importorskip("stable_baselines3", reason="needs: pip install 'hpo-gym[rl]'")
    for words in re.findall(r"^    hpo-gym (.*my-ppo.*)$", README.read_text(encoding="utf-8"), re.M):
        command = [sys.executable, "-m", "hpo_gym", *words.split()]
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    curve = json.loads((tmp_path / "my-ppo" / "training.json").read_text(encoding="utf-8"))["curve"]
    steps, _ = min(curve, key=lambda point: point[1])
    made = json.loads((tmp_path / "my-comparison" / "results.json").read_text(encoding="utf-8"))["suites"]["SVM"]
    auc = {name: part["auc"] for name, part in made["optimizers"].items()}
    for name in ("my-ppo", "random"):
        (said,) = re.findall(rf"`{name}`[^`]*? (\.\d+) \[(\.\d+), (\.\d+)\]", text())
        slack = 0.006 if name == "my-ppo" and steps != 15_000 else 0.0006
        assert auc[name] == pytest.approx([float(part) for part in said], abs=slack), name
    assert auc["my-ppo"][0] == pytest.approx(auc["portfolio"][0], abs=0.006), "the list has as much"


@pytest.mark.long
def test_the_search_of_the_second_door_prints_its_comment() -> None:
    pytest.importorskip("sklearn", reason="needs: pip install 'hpo-gym[sklearn]'")
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import cross_val_score
    from sklearn.svm import SVC

    blocks = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S)
    (block,) = (block for block in blocks if "HPOGymSearchCV" in block)
    found, default = re.findall(r"# ([\d.]+); SVC's defaults have ([\d.]+)", block)[0]
    code = f"import hpo_gym\n{block}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert abs(float(done.stdout) - float(found)) <= 0.002  # another release of scikit-learn rounds otherwise
    assert round(cross_val_score(SVC(), *load_breast_cancer(return_X_y=True)).mean(), 3) == float(default)
