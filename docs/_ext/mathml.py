"""Formulas as MathML, by docutils' own converter: without a script, without the network, and readable aloud."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx

SIZES = re.compile(r"\\[bB]ig{1,2}[lmr]?(?![A-Za-z])")
"""Commands for the size of brackets, which MathML stretches by itself."""


def mathml(node: nodes.Element, *, block: bool = False) -> str:
    """A formula as MathML.

    Raises:
        MathError: docutils does not know a command of it.
    """
    try:
        return latex2mathml.tex2mathml(SIZES.sub("", node.astext()), as_block=block)
    except MathError as fault:
        raise MathError(f"{node.source}:{node.line}: {fault}: {node.astext()}") from fault


def visit_inline(writer: Any, node: nodes.math) -> None:
    """A formula in a line."""
    writer.body.append(mathml(node))
    raise nodes.SkipNode


def visit_block(writer: Any, node: nodes.math_block) -> None:
    """A formula by itself."""
    writer.body.append(f'<div class="math-block">{mathml(node, block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
