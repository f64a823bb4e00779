"""What is said of a trial that raised: the end of the message, and the user's own line."""

from collections.abc import Callable
from typing import Any

import pytest

from hpo_gym import Status
from hpo_gym.system.jobs.guard import Guard
from hpo_gym.system.jobs.reasons import place_of, reason_of


def caught(function: Callable[[], Any]) -> BaseException:
    try:
        function()
    except BaseException as fault:
        return fault
    raise AssertionError("it must raise")


def line_of(function: Callable[..., Any], down: int = 1) -> int:
    return function.__code__.co_firstlineno + down


def misspelt() -> Any:
    return {"rate": 1}["rte"]


def test_type_message_and_line_are_told() -> None:
    reason = reason_of(caught(misspelt))
    assert reason == f"KeyError: 'rte' ({place_of(caught(misspelt))})"
    assert reason.endswith(f"test_reasons.py:{line_of(misspelt)}, in misspelt)")


def test_an_exception_that_cannot_be_shown_is_told_without_its_message() -> None:
    class OddError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert reason_of(OddError()) == "OddError: its message cannot be shown"


@pytest.mark.long
def test_an_objective_that_travels_by_value_keeps_its_file() -> None:
    def objective(config: Any) -> Any:  # a closure: it does not travel by name
        return config["rte"]

    with Guard(objective) as guard:
        verdict = guard.run({"rate": 1})
    assert verdict.status is Status.FAILED
    assert verdict.measured.reason.endswith(f"test_reasons.py:{line_of(objective)}, in objective)")
