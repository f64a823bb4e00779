"""A line of a `pages` directive, and title and first sentence of the page that it names; without Sphinx."""

from __future__ import annotations

import json
import re
from pathlib import Path

APART = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)$|^<!--.*?-->$|^\|.*?$|^(?: {4}|#|!\[|Unbuilt,).*?$", re.M | re.S)
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
