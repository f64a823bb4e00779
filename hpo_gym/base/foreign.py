"""Foreign text: the one pattern of names, and the one door to each language that text becomes."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hpo_gym.base.errors import InvalidValueError, shown

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._()=+-]{0,63}")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_MARKDOWN = re.compile(r"([\\`*_\[\]|#~$!])")
_ADDRESS = re.compile(r"https://[A-Za-z0-9./:@?=&%+~_-]+")
_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "<": r"\textless{}",
    ">": r"\textgreater{}", **{c: f"\\{c}" for c in "&%$#_{}"},
}  # fmt: skip


def name_checked(what: str, value: object) -> str:
    """Return a checked name of a suite, policy, entry or protocol: safe as a file name and in code.

    Raises:
        InvalidValueError: It is no name; the message suggests the nearest.
    """
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    rule = "1 to 64 letters, digits and ._()=+-, the first a letter or digit"
    near = f"; the nearest is {name_near(value)!r}" if isinstance(value, str) else ""
    raise InvalidValueError(f"{what} must be {rule}, got {shown(value, 80)}{near}.")


def name_near(text: str) -> str:
    """Return the nearest name to a text."""
    return re.sub(r"[^A-Za-z0-9._()=+-]+", "-", text[:1000]).lstrip("._()=+-")[:64].rstrip("-") or "a"


def printable(text: str, *, lines: bool = False) -> str:
    """Replace invisible characters, such as escape codes or marks of reading direction, by spaces.

    Args:
        lines: Whether line breaks stay.
    """
    return "".join(c if c.isprintable() or (lines and c == "\n") else " " for c in text)


def as_markdown(text: str) -> str:
    """Return a text for a line or a cell of Markdown: no pipes, tags, emphasis, links or line breaks."""
    plain = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(r"\\\1", plain)


def as_link(text: str) -> str:
    """Return an address, and nothing but one, as a link of Markdown; any other text as `as_markdown`."""
    return f"<{text}>" if _ADDRESS.fullmatch(text) else as_markdown(text)


def as_code(text: str) -> str:
    """Return a text as code in a line of Markdown."""
    plain = printable(text) or " "
    fence = "`" * (max(map(len, re.findall("`+", plain)), default=0) + 1)
    pad = " " if "`" in (plain[0], plain[-1]) else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def as_html(text: str) -> str:
    """Return a text for an element or an attribute of HTML; line breaks stay."""
    return html.escape(printable(text, lines=True))


def as_latex(text: str) -> str:
    """Return a text for LaTeX."""
    return "".join(_LATEX.get(c, c) for c in printable(text))


def as_yaml(facts: Mapping[str, Any]) -> str:
    """Return facts as YAML, a key a line."""
    import yaml

    return yaml.safe_dump(_seen(facts), sort_keys=False, default_flow_style=None, allow_unicode=True, width=1000)


def _seen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {printable(str(k)): _seen(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_seen(v) for v in value]
    return printable(value) if isinstance(value, str) else value


def as_cell(text: str) -> str:
    """Return a text for a cell of CSV; an apostrophe disarms formulas of spreadsheets."""
    return f"'{text}" if _FORMULA.match(text) else text


def of_cell(text: str) -> str:
    """Return the text of a cell of `as_cell`."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text[1:]) else text


def as_csv(frame: Any) -> str:
    """Return a frame of pandas as CSV: names and texts by `as_cell`, floats exact."""
    texts = {
        i: [as_cell(v) if isinstance(v, str) else v for v in frame.iloc[:, i].tolist()]
        for i in range(frame.shape[1])
        if frame.dtypes.iloc[i].kind == "O"
    }
    out = frame.copy()
    for i, values in texts.items():
        out.isetitem(i, values)
    out.columns = [as_cell(str(name)) for name in frame.columns]
    return str(out.to_csv(index=False))
