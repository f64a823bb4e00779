"""What a screen reader needs and sources do not say: names of figures, header cells of rows, the page's language."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform


class FigureNames(SphinxPostTransform):
    """Names what a notebook draws, which has no alternative text, by the section that it stands in."""

    default_priority = 400  # after myst-nb has chosen what to show of an output

    def run(self, **kwargs: object) -> None:
        """Called by Sphinx for each page."""
        for image in self.document.findall(nodes.image):
            if not image.get("alt"):
                section: Any = image.parent
                while section is not None and not isinstance(section, nodes.section):
                    section = section.parent
                title = section.next_node(nodes.title).astext() if section is not None else self.env.docname
                image["alt"] = f"Figure drawn by the code above it, in the section “{title}”"


class RowHeaders(SphinxTransform):
    """Of a table whose head is empty, such as the card of a suite, the first column is the head of the rows."""

    default_priority = 400

    def apply(self, **kwargs: object) -> None:
        """Called by Sphinx for each page."""
        for table in self.document.findall(nodes.table):
            head = table.next_node(nodes.thead)
            if head is not None and not head.astext().strip():
                head.parent.remove(head)
                columns = list(table.findall(nodes.colspec))
                columns[0]["stub"] = 1


def tell_language(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Pages in `zh/` are Chinese."""
    if page.startswith("zh/"):
        context["language"] = "zh-CN"


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_transform(RowHeaders)
    app.add_post_transform(FigureNames)
    app.connect("html-page-context", tell_language)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
