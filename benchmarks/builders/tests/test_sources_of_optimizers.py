"""Code that was found to do the same is recorded under the version that it has, and nothing else."""

from __future__ import annotations

from hpo_builders.sources import with_todays


def test_todays_code_joins_that_of_results_of_the_same_version() -> None:
    known = {"ga": {"3": ["aaaa", "bbbb"]}}
    today = {"ga": "3@cccc", "de": "2@dddd", "pso": "1@ffff"}
    results = [{"ga": "3@bbbb", "de": "1@eeee"}, {"pso": "1@unknown", "gone": "1@gggg"}]
    assert with_todays(known, results, today) == {"ga": {"3": ["aaaa", "bbbb", "cccc"]}}


def test_code_that_has_not_changed_adds_nothing() -> None:
    assert with_todays({}, [{"ga": "3@cccc"}], {"ga": "3@cccc"}) == {}
