"""The front page: a section with code is a door, and the page has no contents at its side."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

PAGES = ("index", "zh/index")


class Doors(SphinxTransform):
    """Give the sections their classes, for `pages.css`; the text stays plain Markdown."""

    default_priority = 400

    def apply(self, **kwargs: object) -> None:
        """Called by Sphinx for each page."""
        if self.env.docname in PAGES:
            top = self.document.next_node(nodes.section)
            top["classes"].append("front")
            for section in top.findall(nodes.section):
                if section is not top and section.next_node(nodes.literal_block) is not None:
                    section["classes"].append("door")


def without_contents(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Leave the width to the doors."""
    if page in PAGES:
        context["furo_hide_toc"] = True


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_transform(Doors)
    app.connect("html-page-context", without_contents, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
