"""The fast tests try one optimizer of each base class and more by the date; the other tiers try the rest."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace

import drawn
import pytest

DAYS = [f"2026-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29)]


def test_each_base_class_has_an_optimizer_of_today_and_eight_more_are_drawn() -> None:
    known = drawn.bases()
    assert {known["random"], known["fsbo"], known["q-portfolio"]} == {"Baseline", "Learned, ModelBased", "QAgent"}
    for day in DAYS[:5]:
        of_day = drawn.of_day(day)
        assert {known[name] for name in of_day} == set(known.values())
        assert len(of_day) == len(set(known.values())) + drawn.MORE


def test_the_first_by_name_stands_for_its_base_class() -> None:
    assert drawn.first_of_each({"b": "X", "a": "X", "smac": "Y", "tpe": "Y"}) == {"a", "tpe"}


def test_a_day_has_one_draw_and_a_year_draws_every_optimizer() -> None:
    assert drawn.of_day.__wrapped__(DAYS[0]) == drawn.of_day(DAYS[0]) != drawn.of_day(DAYS[1])
    assert frozenset().union(*map(drawn.of_day, DAYS)) == drawn.EVERY.keys() - drawn.HEAVY.keys()


@dataclass
class Case:
    """What is asked of a case of pytest, and the marks that it is given."""

    nodeid: str
    callspec: SimpleNamespace
    marks: list[str] = field(default_factory=list)

    def add_marker(self, mark: pytest.MarkDecorator) -> None:
        self.marks.append(mark.name)


def marked(names: Iterable[str]) -> dict[str, list[str]]:
    """The marks of a test's cases, by optimizer."""
    cases = {name: Case(f"a.py::test[{name}]", SimpleNamespace(params={"suite": "SVM", "n": name})) for name in names}
    alone = SimpleNamespace(nodeid="a.py::test_alone")
    drawn.mark_the_rest([*cases.values(), alone], DAYS[0])  # type: ignore[list-item]
    return {name: case.marks for name, case in cases.items()}


def test_of_a_test_over_a_registry_what_the_day_does_not_draw_is_long() -> None:
    today = drawn.of_day(DAYS[0])
    assert marked(drawn.EVERY) == {name: [] if name in today else ["long"] for name in drawn.EVERY}


def test_a_test_over_a_few_optimizers_has_all_its_cases_each_day() -> None:
    rest = sorted(drawn.EVERY.keys() - drawn.of_day(DAYS[0]))
    assert not any(marked(rest[: drawn.MANY]).values())
    assert all(marked(rest[: drawn.MANY + 1]).values())
