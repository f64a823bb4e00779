"""`hpo_gym.text.describe`: what a run is in words, within its limit of bytes, and readable back."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import hpo_gym
from hpo_gym.problem import SUITES, Objective, Query, Refusal, SearchSpace, Status, Trial
from hpo_gym.text import FORMS, MOST_BYTES, describe, parse

SPACE = SearchSpace(
    {
        "hyperparameters": [
            {"type": "uniform_float", "name": "rate", "lower": 1e-5, "upper": 0.99999, "default_value": 0.1,
             "log": True, "meta": {"unit": "multiples of scale"}},
            {"type": "categorical", "name": "kernel", "choices": ["rbf", "none", "two words"], "default_value": "rbf"},
            {"type": "ordinal", "name": "width", "sequence": [16, 32, 64], "default_value": 32},
            {"type": "ordinal", "name": "size", "sequence": ["small", "large"], "default_value": "small"},
            {"type": "uniform_int", "name": "a degree", "lower": 2, "upper": 50000, "default_value": 3, "log": False},
            {"type": "constant", "name": "solver", "value": "smo"},
        ],
        "conditions": [
            {"type": "IN", "child": "a degree", "parent": "kernel", "values": ["none", "two words"]},
            {"type": "AND", "child": "size", "conditions": [
                {"type": "GT", "child": "size", "parent": "rate", "value": 0.01},
                {"type": "NEQ", "child": "size", "parent": "width", "value": 16},
            ]},
        ],
        "forbiddens": [{"type": "AND", "clauses": [
            {"type": "EQUALS", "name": "kernel", "value": "none"}, {"type": "EQUALS", "name": "width", "value": 64},
        ]}],
    }
)  # fmt: skip
CONFIG = {"rate": 0.0123456, "kernel": "rbf", "width": 16, "solver": "smo"}


def lines(*trials: Trial, **options: Any) -> list[str]:
    return describe(SPACE, trials, **{"budget": 3, "spent": float(len(trials)), **options}).splitlines()


def trial(score: float = 0.5, fidelity: float = 1.0, config: Any = CONFIG, **more: Any) -> Trial:
    return Trial(Query(config, fidelity), score, **more)


# ---------------------------------------------------------------------- the task
def test_a_space_in_words() -> None:
    assert lines()[2:13] == [
        "Hyperparameters:",
        "- rate: 1e-5 to 0.99999, log scale, in multiples of scale",  # four digits would be beyond the range
        '- kernel: rbf, "none", "two words"',
        "- width: 16, 32, 64 (in order)",
        "Only if (rate > 0.01 and width != 16):",
        "- size: small, large (in order)",
        'Only if kernel = "none" or "two words":',
        '- "a degree": integer 2 to 50000',
        'Never (kernel = "none" and width = 64).',
        "No trial so far.",
        'Answer with {"stop": true}, or one JSON object of this form (the default configuration): '
        '{"config": {"rate": 0.1, "kernel": "rbf", "width": 32, "size": "small"}}',
    ]


def test_hidden_names_hide_all_but_numbers() -> None:
    shown = lines(
        trial(objectives={"memory": 3.0}), names=False, objectives=[Objective("memory")], signals={"loss": 0.5}
    )
    assert shown[2:-1] == [
        "Hyperparameters:",
        "- h1: 1e-5 to 0.99999, log scale",
        "- h2: a, b, c",
        "- h3: 16, 32, 64 (in order)",
        "Only if (h1 > 0.01 and h3 != 16):",
        "- h4: a, b (in order)",
        "Only if h2 = b or c:",
        "- h5: integer 2 to 50000",
        "Never (h2 = b and h3 = 64).",
        "Further objectives: o1 minimized.",
        "Trials:",
        "Trial 1: score 0.5, o1 3, h1 0.01235, h2 a, h3 16.",
        "Best so far: trial 1, score 0.5.",
        "Signals now: s1 0.5.",
    ]
    assert json.loads(shown[-1].split("): ")[1]) == {"config": {"h1": 0.1, "h2": "a", "h3": 32, "h4": "a"}}


def test_fidelities_stand_where_there_are_some() -> None:
    shown = lines(trial(0.7, 1 / 3), trial(0.5), fidelities=(1 / 9, 1 / 3, 1.0))
    assert shown[2] == "Fidelities (the share of a full evaluation and its price): 0.1111, 0.3333, 1."
    assert "Trial 1: score 0.7, fidelity 0.3333, rate 0.01235, kernel rbf, width 16." in shown
    assert "Trial 2: score 0.5, fidelity 1, rate 0.01235, kernel rbf, width 16." in shown
    assert "Best so far: trial 2, score 0.5." in shown  # the higher fidelity counts
    assert shown[-1].endswith('"fidelity": 1.0}')
    many = lines(fidelities=[i / 50 for i in range(1, 51)], unit=2.0)
    assert many[2] == "Fidelities (the share of a full evaluation): 0.02, 0.04, .. (50 evenly spaced) .., 1."


# ---------------------------------------------------------------------- trials
def test_failures_say_why() -> None:
    bad = [trial(0.5, status=status) for status in Status if status]
    shown = [line for line in lines(trial(), *bad) if line.startswith("Trial ")]
    assert [line.split("; ")[1].split(",")[0] for line in shown[1:]] == [
        "failed", "ran out of time", "ran out of memory", "diverged", "refused", "crashed", "broke a constraint",
        "stopped early",
    ]  # fmt: skip
    refused = Trial(Refusal("`rate` must be a number in [0, 1],\n got 2."), 0.5, status=Status.INVALID)
    (line,) = [line for line in lines(refused) if line.startswith("Trial ")]
    why = "refused (`rate` must be a number in [0, 1],  got 2.)"
    assert line == f"Trial 1: score 0.5; {why}, so the score is the worst so far."
    assert f"1 score=0.5 {why}" in lines(refused, form="compact")
    assert f"1,0.5,{why}" in lines(refused, form="table")
    assert "No trial has succeeded so far." in lines(refused)


def test_a_table_has_a_column_for_all_that_any_trial_has() -> None:
    more = {**CONFIG, "width": 32, "size": "large"}
    shown = lines(trial(0.5), trial(0.25, config=more, objectives={"memory": 2.0}), form="table")
    at = shown.index("Trials:")
    assert shown[at + 1 : at + 4] == [
        "trial,score,rate,kernel,width,memory,size", "1,0.5,0.01235,rbf,16,,", "2,0.25,0.01235,rbf,32,2,large",
    ]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_long_run_keeps_its_best_and_its_last_and_counts_the_others(form: str) -> None:
    n = 251
    scores = [0.5 + 0.001 * ((7 * i + 20) % n) for i in range(n)]  # the last two are bad ones
    trials = [trial(score, config={**CONFIG, "rate": 0.1 + i / 1000}) for i, score in enumerate(scores)]
    text = describe(SPACE, trials, budget=300, spent=n, form=form)
    assert MOST_BYTES - 150 < len(text.encode()) <= MOST_BYTES
    (about,) = [line for line in text.splitlines() if line.startswith("Trials (")]
    kept, left = int(about.split()[1][1:]), int(about.split()[-4])
    first = [line.replace("Trial ", "").replace(":", ",").replace(" ", ",").split(",")[0] for line in text.splitlines()]
    shown = [int(word) for word in first if word.isdigit()]
    assert len(shown) == kept and kept + left == n and shown == sorted(shown)
    assert {1 + scores.index(max(scores)), n - 1, n} <= set(shown)
    rest = set(range(1, n + 1)) - set(shown)
    assert max(scores[i - 1] for i in rest) < min(scores[i - 1] for i in shown if i < n - 1)


# ---------------------------------------------------------------------- all suites
SHIPPED = [name for name in SUITES.names() if not name.startswith("Toy")]


def run_of(name: str, trials: int) -> SimpleNamespace:
    """A random run: of a table its rows, elsewhere scores of no meaning, with every thing that a text has."""
    task = hpo_gym.load_suite(name).members[0]
    rng = np.random.default_rng(0)
    x = (
        task.pool[rng.integers(len(task.pool), size=trials)]
        if task.pool is not None
        else task.space.sample(rng, trials)
    )
    scores, levels = rng.normal(size=trials).tolist(), rng.choice(task.fidelities, trials).tolist()
    signals = dict.fromkeys(task.batch((task,), task.space.d).signals, 0.123456)
    further = {o.name: 123456.7 for o in task.objectives}
    made = [
        Trial(Query(config, level), score, 12.3456, Status.TIMEOUT if i % 7 == 3 else Status.OK, 0.0, signals, further)
        for i, (config, level, score) in enumerate(zip(task.space.decode(x), levels, scores, strict=True))
    ]
    return SimpleNamespace(task=task, x=x, trials=made)


@pytest.mark.long
@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("suite", SHIPPED)
def test_every_suite_has_a_text_within_the_limit_with_an_answer_that_is_read(suite: str, names: bool) -> None:
    run = run_of(suite, 33)
    space, levels = run.task.space, run.task.fidelities
    for form in FORMS:
        text = describe(
            space, run.trials, budget=33, spent=33.0, fidelities=levels, unit=7.654321, objectives=run.task.objectives,
            form=form, names=names,
        )  # fmt: skip
        assert len(text.encode()) <= MOST_BYTES
        assert " bytes are cut.]" not in text
        assert text.count("\n") > len(space.names) / 2
        told = sum(line[:1].isdigit() or line.startswith("Trial ") for line in text.splitlines())
        assert told == 33 or (told > 1 and f"Trials ({told} of 33, " in text)
        query = parse(text, space, levels, names=names)
        assert query is not None and query.fidelity == 1.0
        assert (space.to_unit(query.config) == space.default_x).all()
        if not names:
            hidden = {
                name for name in (*space.names, *run.trials[0].signals, *run.trials[0].objectives) if len(name) > 3
            }
            words = set(text.replace(":", " ").replace(",", " ").replace("=", " ").split())
            assert not hidden & words - {"score", "fidelity", "cost", "trial"}
