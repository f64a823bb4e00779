"""The fast tests try one optimizer of each base class and more by the date; the other tiers try the rest."""

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


def test_what_is_not_drawn_is_long_and_what_is_heavy_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "today", lambda: frozenset({"random"}))
    marks = {p.values[0]: [mark.name for mark in p.marks] for p in drawn.drawn(["random", "tpe", "smac"])}
    assert marks == {"random": [], "tpe": ["long"], "smac": ["slow"]}
