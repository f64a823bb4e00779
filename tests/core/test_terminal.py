"""Tables and text for a terminal: what is left out, what is folded, and that nothing is cut."""

import io

import pytest
from rich.console import Console

from hpo_gym.app import _listing as listing
from hpo_gym.app._first import TWELVE, first_tables
from hpo_gym.suites import SETS
from hpo_gym.system.terminal import Column, Sheet, folded

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
        (None, ["name", "x", "why", "last"]),
        (28, ["name", "x", "why", "last"]),
        (27, ["name", "why", "last"]),
        (23, ["name", "why", "last"]),
        (22, ["name", "why"]),
        (16, ["name", "why"]),
        (15, ["name"]),
        (5, ["name"]),
    ],
)
def test_the_least_asked_columns_are_left_out_first(width, heads):
    assert [c.head for c in SHEET.fitting(width)] == heads


def test_what_is_left_out_is_named():
    assert "Left out" not in shown(SHEET, 28)
    assert "Below. Left out: x; --wide" in " ".join(shown(SHEET, 27).split())


def test_what_is_always_shown_is_folded_and_not_cut():
    text = shown(Sheet("T", [Column("name", ["abcdefghijklmnopqrstuvwxyz" * 2])]), 20)
    assert max(map(len, text.splitlines())) <= 20 and "…" not in text
    letters = "".join(c for line in text.splitlines()[4:] for c in line if c.islower())
    assert letters == "abcdefghijklmnopqrstuvwxyz" * 2


def test_markup_and_wide_characters_are_text():
    sheet = Sheet("T", [Column("[bold]n[/bold]", ["[red]x[/red]", "試験"])])
    assert sheet.columns[0].width == 14 + 3
    assert "[red]x[/red]" in shown(sheet, 80) and "[bold]n[/bold]" in shown(sheet, 80)


def test_text_is_folded_under_its_own_beginning():
    assert folded("a bb ccc dddd eeeee ffffff", 22, 2) == "  a bb ccc dddd eeeee\n    ffffff"
    assert folded("word " * 100, None) == "word " * 100
    assert folded("https://a-long-address/that-is-not-broken", 10, 0) == "https://a-long-address/that-is-not-broken"


DOCSTRING = """First line, which is
wrapped.

**Settings**: one
    goes on deeper.
- an item,
  wrapped
- another

Args:
    a: Long,
        so wrapped.
    b: Short.
"""


def test_lines_that_a_docstring_wraps_are_joined_and_no_others():
    assert list(listing.joined(DOCSTRING)) == [
        (0, "First line, which is wrapped."), (0, ""), (0, "**Settings**: one goes on deeper."),
        (0, "- an item, wrapped"), (0, "- another"), (0, ""), (0, "Args:"),
        (4, "a: Long, so wrapped."), (4, "b: Short."),
    ]  # fmt: skip
    said = "One two\nthree.\n\nArgs:\n    a: Four five six\n        seven eight."
    text = listing.text({"description": said}, width=30)
    assert text == "description:\n  One two three.\n\n  Args:\n      a: Four five six seven\n          eight."


def test_numbers_are_told_in_few_digits_and_what_is_empty_as_none():
    columns = [{"name": "rate", "kind": "float", "log": True, "default": 0.1 + 2e-17, "values": [1e-3, 1000.0]}]
    reported = listing.text({"fidelities": [1 / 9, 1.0], "about": {}, "hyperparameters": columns})
    assert reported.splitlines() == [
        "fidelities: [0.111111, 1]", "about: none", "hyperparameters:",
        "  rate: float, 0.001 to 1000, logarithmic, default 0.1",
    ]  # fmt: skip


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
    reported = listing.text(listing.info("SVM"), width=width)
    assert max(map(len, reported.splitlines())) <= width or width < 80  # an address is not broken
    assert reported.startswith("name: SVM") and reported.index("hyperparameters:") < reported.index("about:")
