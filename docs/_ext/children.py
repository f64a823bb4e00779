"""The pages below a page: a `pages` directive is a hidden toctree and a list with a sentence for each.

    ```{pages}
    tune
    The sampler <optuna>: words of your own
    reference/*
    ```

Title and sentence are the first of the page unless the line has its own, so that no list is kept by hand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

KINDS = (".md", ".ipynb")
APART = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)$|^<!--.*?-->$|^\|.*?$|^(?: {4}|#|!\[|On GitHub,).*?$", re.M | re.S)
"""Parts of a page that are no prose."""
SENTENCE = re.compile(r".+?[.!?](?=\s|$)")
LONG, SHORT = 150, 30
"""Characters from which a sentence ends at its first colon, and those that must then be left."""
ENTRY = re.compile(r"(?:(?P<title>[^<]+) <(?P<page>[^>]+)>|(?P<plain>[^:<]+))(?:: (?P<words>.+))?")


def text_of(path: Path) -> str:
    """Return the Markdown of a page; of a notebook, its first cell."""
    text = path.read_text(encoding="utf-8")
    return "".join(json.loads(text)["cells"][0]["source"]) if path.suffix == ".ipynb" else text


def title_of(text: str) -> str:
    """Return the first heading."""
    found = re.search(r"^# (.+)$", text, re.M)
    return found[1] if found else ""


def sentence_of(text: str) -> str:
    """Return the first sentence of prose, links as words; "" where the build fills in a figure."""
    paragraph = next((p for p in APART.sub("\n\n", text).split("\n\n") if p.strip()), "")
    found = SENTENCE.match(" ".join(paragraph.split()))
    said = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found[0]).rstrip(".") if found else ""
    said = re.sub(r"^This notebook (\w)", lambda m: m[1].upper(), said)
    head = said.partition(": ")[0]
    return "" if "{" in said else head if len(said) > LONG and len(head) > SHORT else said


class Pages(SphinxDirective):
    """The pages below this one."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the list and the toctree."""
        lines, tree = [], ["```{toctree}", ":hidden:", ":titlesonly:", ""]
        for line in self.content:
            entry = ENTRY.fullmatch(line.strip())
            if entry is None:
                raise self.error(f"{line!r} is no line of a list, write `PAGE`, `TITLE <PAGE>` or `PAGE: WORDS`")
            for path in self._matching(entry["page"] or entry["plain"]):
                self.env.note_dependency(str(path))
                text, page = text_of(path), path.relative_to(self.env.srcdir)
                title, said = entry["title"] or title_of(text), entry["words"] or sentence_of(text)
                lines.append(f"- [{title}](/{page.as_posix()}){': ' * bool(said)}{said}")
                tree.append(f"{title} </{page.with_suffix('').as_posix()}>")
        box = nodes.container(classes=["children"])
        self.state.nested_parse(StringList([*lines, "", *tree, "```"], source=""), self.content_offset, box)
        return [box]

    def _matching(self, entry: str) -> list[Path]:
        here = (Path(self.env.srcdir) / self.env.docname).parent
        found = sorted(path for kind in KINDS for path in here.glob(entry + kind))
        if not found:
            raise self.error(f"no page {entry!r}")
        return found


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("pages", Pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
