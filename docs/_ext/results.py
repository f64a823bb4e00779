"""Fill pages with stored results: a `table` directive, and roles `num` and `claim`.

    ```{table} standings/pooled-cold
    ```
    {num}`standings/pooled-cold[transfer-time][ratio to portfolio]:.2f`
    {claim}`standings/pooled-cold[gp-ei][ratio to random].high < 1 "It is ahead of random search."`

A missing key and a false claim are warnings, and the pages are built with ``-W``. Each table is also written as a CSV
file and linked below it. A sentence that credits training without a reason is a warning, too (`credit`).
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import credit
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from static import faults as faults_of
from stored import NUMBER, MissingResult, faults, files, lookup, plain, shown, table

log = logging.getLogger(__name__)
FOLDER = "tables"
"""Where the CSV files are, in the folder of the built pages."""
UNBUILT = "Unbuilt, tables and figures are keys"
RIGHT = re.compile(rf"(?:[<>~] ?)?{NUMBER}(?: ?%|\*)?(?: ?[\[(].*[\])])?|not measured|never|none|-|")
"""A cell of numbers, set to the right."""
CLAIM = re.compile(r'(?P<conditions>.+?) "(?P<sentence>.+)"', re.S)
FORMAT = re.compile(r"(?P<key>.+?)(?::(?P<form>[,.\d]+[dfg%]?))?")


def csv_of(found: Any) -> str:
    """Return a table as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([[plain(cell) for cell in row] for row in (found.columns, *found.rows)])
    return out.getvalue()


def markdown_of(found: Any) -> list[str]:
    """Return a table as lines of Markdown, columns of numbers to the right."""
    rows = [[cell or " " for cell in row] for row in found.rows]
    columns = list(zip(*rows, strict=True)) or [()] * len(found.columns)
    right = [
        i > 0 and all(RIGHT.fullmatch(plain(cell)) for cell in column) and any(re.search(r"\d", c) for c in column)
        for i, column in enumerate(columns)
    ]
    rule = ["---:" if yes else "---" for yes in right]
    return [f"| {' | '.join(cells)} |" for cells in (found.columns, rule, *rows)]


class Table(SphinxDirective):
    """A stored table, with its note, and its CSV file."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        key = self.arguments[0]
        try:
            found = table(key)
        except MissingResult as fault:
            log.warning("{table}: %s", fault, location=self.get_location(), type="results")
            return []
        depend(self, key)
        path = Path(FOLDER, f"{key}.csv")
        target = Path(self.config.results_out, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(csv_of(found), encoding="utf-8")
        box = nodes.container(classes=["results"])
        lines = [*markdown_of(found), "", *([found.note, ""] if getattr(found, "note", "") else [])]
        self.state.nested_parse(StringList(lines, source=key), self.content_offset, box)
        up = "../" * self.env.docname.count("/")
        link = nodes.reference("", "CSV", refuri=f"{up}{path.as_posix()}", internal=False)
        box += nodes.paragraph("", "", link, classes=["results-csv"])
        return [box]


class Num(SphinxRole):
    """A stored figure."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the figure as text."""
        found = FORMAT.fullmatch(self.text)
        assert found is not None
        try:
            (value,) = lookup(found["key"])
        except (MissingResult, ValueError) as fault:
            log.warning("{num}: %s", fault, location=self.get_location(), type="results")
            return [], []
        depend(self, found["key"])
        return [nodes.Text(shown(value, found["form"] or ""))], []


class Claim(SphinxRole):
    """A sentence that stands only while its conditions hold."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the sentence, parsed as Markdown."""
        found = CLAIM.fullmatch(self.text.strip())
        try:
            if found is None:
                raise MissingResult(f'{self.text!r} is no claim. Write `key < bound "sentence"`.')
            for fault in faults(" ".join(found["conditions"].split())):
                log.warning("false claim: %s: %s", fault, found["sentence"], location=self.get_location())
        except MissingResult as fault:
            log.warning("{claim}: %s", fault, location=self.get_location(), type="results")
            return [], []
        for key in re.findall(r"[\w/-]+", found["conditions"]):
            depend(self, key)
        memo: Any = self.inliner
        parsed, messages = memo.parse(found["sentence"], self.lineno, memo, nodes.inline())
        return list(parsed), list(messages)


class NotForTheSite(SphinxTransform):
    """Drop the line that tells a reader of the file where the tables are."""

    default_priority = 300

    def apply(self, **kwargs: object) -> None:
        """Remove paragraphs that begin with `UNBUILT`."""
        for paragraph in list(self.document.findall(nodes.paragraph)):
            if paragraph.astext().startswith(UNBUILT):
                paragraph.parent.remove(paragraph)


def depend(part: Any, key: str) -> None:
    """Read the page anew when a file of the key's study changes."""
    for path in files(re.split(r"[/.]", key)[0]):
        part.env.note_dependency(str(path))


def say_where(app: Sphinx) -> None:
    """Tell the directive where the pages go."""
    app.config.results_out = str(app.outdir)


def hold(app: Sphinx) -> None:
    """Hold pages outside the site against the results, see `static` and `credit`."""
    pages = {
        name: Path(app.srcdir, name).resolve() for name in (*app.config.results_static, *app.config.results_credit)
    }
    for name, page in pages.items():
        for fault in (*(faults_of(page) if name in app.config.results_static else ()), *credit.faults(page)):
            log.warning("%s", fault, type="results")


def give_credit(app: Sphinx, docname: str, source: list[str]) -> None:
    """Hold a page of the site against the rule of `credit`."""
    path = Path(app.env.doc2path(docname))
    if path.suffix == ".md":
        for fault in credit.faults(path):
            log.warning("%s", fault, type="results", location=docname)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_config_value("results_out", "", "")
    app.add_config_value("results_static", [], "")
    app.add_config_value("results_credit", [], "")
    app.connect("builder-inited", say_where)
    app.connect("builder-inited", hold)
    app.connect("source-read", give_credit)
    app.add_directive("table", Table, override=True)
    app.add_transform(NotForTheSite)
    app.add_role("num", Num())
    app.add_role("claim", Claim())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
