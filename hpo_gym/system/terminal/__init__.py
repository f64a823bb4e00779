"""Tables for a terminal of any width: of columns that do not fit, the least important are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

_FRAME = 3  # width of a column's border and padding; the table has one border more


@dataclass(frozen=True)
class Column:
    """A column of a `Sheet`.

    Attributes:
        cells: Text, a line each.
        rank: 0 is always shown; of the others, the highest is left out first.
        right: Whether cells end at the right, as numbers do.
        styles: A style of `rich` for each cell.
    """

    head: str
    cells: Sequence[str]
    rank: int = 0
    right: bool = False
    styles: Sequence[str] = ()

    @property
    def width(self) -> int:
        """Return the width of the widest line, in cells of a terminal, frame included."""
        from rich.cells import cell_len

        return max(map(cell_len, (self.head, *self.cells))) + _FRAME


@dataclass(frozen=True)
class Sheet:
    """A table for a terminal."""

    title: str
    columns: Sequence[Column]
    caption: str = ""

    def fitting(self, width: int | None) -> list[Column]:
        """Return the columns that fit into `width`; all if it is None."""
        shown = list(self.columns)
        while width is not None and sum(c.width for c in shown) + 1 > width:
            last = max(shown, key=lambda c: c.rank)
            if last.rank == 0:
                break  # what is always shown is folded instead
            shown.remove(last)
        return shown

    def table(self, width: int | None = None) -> Table:
        """Return the sheet as a table of `rich`."""
        from rich.table import Table
        from rich.text import Text

        shown = self.fitting(width)
        left_out = [c.head for c in self.columns if c not in shown]
        note = f"Left out: {', '.join(left_out)}; --wide shows all." if left_out else ""
        caption = Text(" ".join(filter(None, (self.caption, note))))
        table = Table(title=Text(self.title), title_justify="left", caption=caption, caption_justify="left")
        for column in shown:
            table.add_column(Text(column.head), justify="right" if column.right else "left", overflow="fold")
        for i in range(len(self.columns[0].cells)):
            table.add_row(*(Text(c.cells[i], style=c.styles[i] if c.styles else "") for c in shown))
        return table
