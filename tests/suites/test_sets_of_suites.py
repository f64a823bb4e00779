"""Sets of suites hold what their rules say, and their names stand for their suites."""

from __future__ import annotations

import math

import pytest

from hpo_gym import leave_suite_out, load_suite
from hpo_gym.base.errors import UnknownNameError
from hpo_gym.bench.pooling import POOLED
from hpo_gym.problem.suite import SUITES, Suite
from hpo_gym.suites import SETS, suites_in


def many_families(suite: Suite) -> bool:
    return len({t.family for t in suite.tasks("test")}) >= POOLED


def measured(suite: Suite) -> bool:
    return not any(math.isnan(t.cost_unit) for t in suite.members)


@pytest.mark.long
def test_each_suite_is_in_the_sets_whose_rules_it_meets() -> None:
    """A new suite fails here until it is entered in its sets."""
    many = [suite for suite in map(load_suite, SUITES.names()) if many_families(suite)]
    tables = [suite for suite in many if suite.kind == "table"]
    assert SETS["tables"] == tuple(s.name for s in tables)
    assert SETS["seconds"] == tuple(s.name for s in tables if measured(s))


def test_a_set_is_found_by_its_name_and_an_unknown_one_is_refused_with_the_nearest() -> None:
    assert suites_in("seconds") == SETS["seconds"]
    with pytest.raises(UnknownNameError, match=r"No set of suites 'table'\. Did you mean 'tables'\?"):
        suites_in("table")


@pytest.mark.long
def test_a_set_is_loaded_as_its_suites_mixed_and_held_out_from_itself() -> None:
    assert load_suite("tables") is load_suite("tables")
    assert load_suite("tables").name == ",".join(SETS["tables"])
    tests = {t.name for t in load_suite("MLP").tasks("test")}
    apart, split = load_suite("tables->MLP"), leave_suite_out("MLP", "tables")
    assert {t.name for t in apart.tasks("test")} == {f"MLP/{name}" for name in tests}
    assert {t.suite for t in split.train} == set(SETS["tables"]) - {"MLP"}
    assert {t.name for t in split.test} == tests
