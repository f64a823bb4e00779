"""The pages below a page: a `pages` directive is a hidden toctree and a list with a sentence for each.

    ```{pages}
    tune
    The sampler <optuna>: words of your own
    reference/*
    ```

Title and sentence are the first of the page unless the line has its own, so that no list is kept by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sentences import ENTRY, sentence_of, text_of, title_of
from sphinx.util.docutils import SphinxDirective

KINDS = (".md", ".ipynb")


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
