"""Whatever name is misspelt by a slip: the right exception or exit code, no traceback, and the nearest name offered."""

from __future__ import annotations

import inspect
import random
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
import toys
from slips import misspelt, near, offered, slips, unoffered
from test_command_lines import call, commands

from hpo_gym.base.errors import InvalidValueError, UnknownNameError, nearest
from hpo_gym.base.registry import EXTRAS, require
from hpo_gym.env.codecs import CODECS
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.rewards import REWARDS
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.learning.folders import shipped
from hpo_gym.optimize.learning.saved import load
from hpo_gym.optimize.protocol import OPTIMIZERS
from hpo_gym.problem.suite import SUITES
from hpo_gym.suites.load import load_suite

SHIPPED = [name for name in SUITES.names() if not name.startswith("Toy")]
"""Modules of tests may register others."""
REGISTRIES = {"optimizer": OPTIMIZERS, "suite": SUITES, "observer": OBSERVERS, "codec": CODECS, "reward": REWARDS}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder with files of common names, in which lines run."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.chdir(tmp_path)
    toys.plain().save(tmp_path / "plain")
    (tmp_path / "trials.csv").write_text("task,C,score\na,1,1\n")
    (tmp_path / "space.yaml").write_text("rate: {low: 0.1, high: 1, log: true}\n")
    (tmp_path / "mine.py").write_text("def score(c):\n    return c['rate']\n")
    (tmp_path / "hpo-gym-results").mkdir()
    yield tmp_path
    signal.signal(signal.SIGTERM, before)


def refused(line: list[str]) -> str:
    """What a line says that must be refused."""
    code, _, err = call(line)
    assert code == 2 and "Traceback" not in err, (line, code, err)
    return err


def unknown(function: Callable[..., Any], *args: Any, error: type[Exception] = UnknownNameError, **given: Any) -> str:
    """What a call says that must be refused."""
    with pytest.raises(error) as raised:
        function(*args, **given)
    return str(raised.value)


def rng(*seed: object) -> random.Random:
    return random.Random(repr(seed))


# ---------------------------------------------------------------------- the command line
def test_a_command(here: Path) -> None:
    wrong = misspelt(list(commands()), rng("commands"), each=8)
    assert len(wrong) > 90
    assert unoffered((w, right, refused([w])) for w, right in wrong) == []


@pytest.mark.parametrize("command", list(commands()))
def test_an_option(command: str, here: Path) -> None:
    options = [o for p in commands()[command].params for o in (*p.opts, *p.secondary_opts) if o.startswith("--")]
    wrong = [
        (f"--{w}", frozenset(f"--{name}" for name in right))
        for w, right in misspelt([o[2:] for o in options], rng(command), each=6)
        if not w.startswith("-")
    ]
    wrong += [(name[1:], frozenset([name])) for name in options if name[1:] not in options and len(name) > 4]
    lines = [[command, *([f"{w}=1"] if i % 2 else [w])] for i, (w, _) in enumerate(wrong)]
    assert unoffered((w, right, refused(line)) for (w, right), line in zip(wrong, lines, strict=True)) == []


@pytest.mark.parametrize(
    ("head", "name", "tail"),
    [
        (["report"], "hpo-gym-results", []),
        (["verify"], "hpo-gym-results", []),
        (["repair"], "hpo-gym-results", []),
        (["merge"], "hpo-gym-results", ["--out", "new"]),
        (["reference"], "hpo-gym-results", []),
        (["info"], "plain", []),
        (["bench", "--suite"], "plain", []),
        (["validity"], "plain", []),
        (["import", "--out", "new"], "trials.csv", []),
        (["import", "trials.csv", "--out", "new", "--space"], "space.yaml", []),
        (["tune", "mine.py:score", "--space"], "space.yaml", []),
        (["tune", "--space", "space.yaml"], "mine.py", [":score"]),
        (["tune", "--space", "space.yaml"], "mine.py:score", []),
        (["bench", "--suite", "plain", "--optimizers"], "mine.py", [":score"]),
    ],
)
def test_a_file_or_a_name_in_one(head: list[str], name: str, tail: list[str], here: Path) -> None:
    joined = tail if tail[:1] == [":score"] else []
    own = name.rpartition(":")[2]
    for wrong, _ in misspelt([own], rng(head, name), each=6):
        if wrong.endswith("."):
            continue  # a module's name in a package
        said = refused([*head, f"{name.removesuffix(own)}{wrong}{''.join(joined)}", *(tail if not joined else [])])
        assert offered(said) == own, (wrong, said)


# ---------------------------------------------------------------------- Python
@pytest.mark.parametrize("kind", REGISTRIES)
def test_a_registered_name(kind: str) -> None:
    registry: Any = REGISTRIES[kind]
    wrong = misspelt(registry.names(), rng(kind), each=3)
    assert unoffered((w, right, unknown(registry.get, w)) for w, right in wrong) == []


@pytest.mark.long
def test_an_optimizer_that_is_registered_or_ships_trained() -> None:
    wrong = misspelt([*OPTIMIZERS.names(), *shipped()], rng("make_optimizer"), each=2)
    assert unoffered((w, right, unknown(make_optimizer, w)) for w, right in wrong) == []


def test_one_that_ships_trained_is_loaded() -> None:
    wrong = misspelt(list(shipped()), rng("load"), each=3)
    assert unoffered((w, right, unknown(load, w, error=InvalidValueError)) for w, right in wrong) == []


def test_a_suite() -> None:
    wrong = misspelt(SUITES.names(), rng("load_suite"), each=3)
    assert unoffered((w, right, unknown(load_suite, w)) for w, right in wrong) == []


@pytest.mark.parametrize("name", ["ppo", "ga", "transfer-time", "q-learning", "tpe"])
def test_a_setting_of_an_optimizer(name: str) -> None:
    known = list(inspect.signature(OPTIMIZERS.get(name)).parameters)
    wrong = misspelt(known, rng(name), each=3)
    assert unoffered((w, right, unknown(make_optimizer, name, **{w: 1})) for w, right in wrong) == []


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_a_keyword_of_an_env(make: Any) -> None:
    known = ["suite", "budget", "budget_cost", "observer", "codec", "reward", "split", "fold", "n_init", "checkpoints"]
    for wrong, right in misspelt(known, rng("keywords"), each=2):
        said = unknown(make, "hpo_gym/HPO-v0", **{"suite": "ToyPlain", wrong: 1})
        assert unoffered([(wrong, right, said)]) == []


@pytest.mark.parametrize(
    ("keyword", "known"),
    [
        ("suite", SHIPPED),
        ("observer", OBSERVERS.names()),
        ("codec", CODECS.names()),
        ("reward", REWARDS.names()),
        ("split", ("train", "val", "test")),
        ("task", [t.name for t in toys.plain().tasks("train")]),
    ],
)
def test_a_value_of_an_env(keyword: str, known: Any) -> None:
    for wrong, right in misspelt(list(known), rng(keyword), each=2):
        said = unknown(gym.make, "hpo_gym/HPO-v0", **{"suite": "ToyPlain", keyword: wrong})
        assert unoffered([(wrong, right, said)]) == []


def test_an_option_of_a_part() -> None:
    for wrong, right in misspelt(["candidates"], rng("part"), each=10):
        said = unknown(gym.make, "hpo_gym/HPO-v0", suite="ToyPlain", codec={"name": "pool", wrong: 4})
        assert unoffered([(wrong, right, said)]) == []


def test_the_id_of_an_env() -> None:
    """Gymnasium's own message, which says nothing where case alone is wrong."""
    names = ["AutoML", "Control", "Vision", "Functions", "Trainings"]
    for wrong, right in misspelt(names, rng("ids"), each=4):
        if wrong.lower() in map(str.lower, names):
            continue
        said = unknown(gym.make, f"hpo_gym/{wrong}-v0", error=gym.error.NameNotFound)
        assert offered(said) in right, (wrong, said)


def test_a_task_and_an_extra() -> None:
    toy = toys.plain()
    names = [t.name for t in toy.members]
    assert unoffered((w, r, unknown(toy.task, w)) for w, r in misspelt(names, rng("task"), each=4)) == []
    wrong = misspelt(list(EXTRAS), rng("extra"), each=4)
    assert unoffered((w, right, unknown(require, w)) for w, right in wrong) == []


# ---------------------------------------------------------------------- the rule
@pytest.mark.parametrize(
    ("wrong", "known", "right"),
    [
        ("ag", ["ga", "a2c", "taf-r"], "ga"),
        ("gp ei", ["gp-ei", "gp-ei-per-cost"], "gp-ei"),
        ("svm", ["LM", "SVM", "Vision"], "SVM"),
        ("SUCCESSIVE", ["cosine", "successive-halving"], "successive-halving"),
        ("transfr-tmie", ["transfer-mix", "transfer-time"], "transfer-time"),
        ("x", ["y"], None),
        ("", ["a"], None),
        ("suiet", ["--quiet", "--suite"], "--suite"),
        ("quantum", ["random", "ga"], None),
    ],
)
def test_the_nearest_by_hand(wrong: str, known: list[str], right: str | None) -> None:
    assert nearest(wrong, known) == right


@pytest.mark.long
def test_a_slip_of_a_long_name_is_understood_whatever_else_is_known() -> None:
    names = sorted({*OPTIMIZERS.names(), *SHIPPED})
    for name in (n for n in names if len(n) > 7):
        for wrong in rng(name).sample(sorted(set(slips(name)) - set(names)), 8):
            assert near(wrong, nearest(wrong, names) or ""), (wrong, name)
