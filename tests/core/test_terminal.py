"""Tables and text for a terminal: what is left out, what is folded, and that nothing is cut."""

import io

import pytest
import yaml
from rich.console import Console

from hpo_gym.app import _listing as listing
from hpo_gym.app._first import TWELVE, first_tables
from hpo_gym.suites import SETS
from hpo_gym.system.terminal import Column, Sheet

SHEET = Sheet(
    "Title",
    [
        Column("name", ["aa", "bbbbbb"]),
        Column("x", ["1", "22"], 2, right=True),
        Column("why", ["y", "z"], 1),
        Column("last", ["u", "v"], 2),
    ],
    "Below.",
)
"""Widths with frame, by hand: 6 + 3, 2 + 3, 3 + 3, 4 + 3; with the last border 28."""


def shown(sheet, width):
    out = Console(width=width or 200, file=io.StringIO(), force_terminal=False)
    out.print(sheet.table(width))
    return out.file.getvalue()


@pytest.mark.parametrize(
    ("width", "heads"),
    [
        (28, ["name", "x", "why", "last"]),
        (27, ["name", "why", "last"]),
        (22, ["name", "why"]),
        (5, ["name"]),
    ],
)
def test_the_least_asked_columns_are_left_out_first(width, heads):
    assert [c.head for c in SHEET.fitting(width)] == heads


def test_markup_and_wide_characters_are_text():
    sheet = Sheet("T", [Column("[bold]n[/bold]", ["[red]x[/red]", "試験"])])
    assert sheet.columns[0].width == 14 + 3
    assert "[red]x[/red]" in shown(sheet, 80) and "[bold]n[/bold]" in shown(sheet, 80)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_listing_fits_the_terminal_and_loses_no_name(width):
    data = listing.listing()
    sheets = listing.tables(data)
    text = "".join(shown(sheet, width) for sheet in sheets)
    assert max(map(len, text.splitlines())) <= width and "…" not in text
    for row in (*data["suites"], *data["optimizers"]):
        assert row["name"] in text
    begins = "".join(shown(sheet, width) for sheet in first_tables())
    assert max(map(len, begins.splitlines())) <= width and "…" not in begins
    assert all(name in begins for name in (*SETS, *TWELVE))


def test_what_is_told_of_a_suite_is_yaml():
    facts = listing.info("SVM")
    reported = listing.text(facts)
    assert yaml.safe_load(reported) == facts and list(yaml.safe_load(reported))[:2] == ["name", "id"]
