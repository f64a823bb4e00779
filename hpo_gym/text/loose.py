"""Objects in the text of a language model: JSON in prose or a code fence, or nearly JSON.

Single quotes, bare words, trailing commas, and the words of Python are read too. The work is bounded: so many tokens.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[{}\[\]:,])|(?P<text>"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')|(?P<word>[-+\w.]+))""",
    re.DOTALL,
)
_WORDS = {"true": True, "false": False, "null": None, "none": None}
_TOKENS, _DEEP = 100_000, 4


class Loose(Exception):
    """Not an object; `at` is where that was seen, `begun` whether a name and a value stand before it."""

    def __init__(self, why: str, at: int, begun: bool = False) -> None:
        super().__init__(f"{why} at character {at + 1}")
        self.at, self.begun = at, begun


def objects(text: str) -> tuple[list[dict[str, Any]], str]:
    """Return the outermost objects of a text, in order, and the fault of one begun after them that cannot be read."""
    reader, found, fault, at = _Reader(text), list[dict[str, Any]](), "", text.find("{")
    while at >= 0 and reader.left > 0:
        try:
            found.append(reader.object(at + 1, 1))
            at, fault = reader.at, ""
        except Loose as broken:
            fault, at = (str(broken), max(broken.at, at + 1)) if broken.begun else (fault, at + 1)
        at = text.find("{", at)
    return found, fault


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.left = text, 0, _TOKENS

    def token(self) -> tuple[str, str]:
        """Return the next token and its kind, and step behind it."""
        self.left -= 1
        found = _TOKEN.match(self.text, self.at) if self.left > 0 else None
        if found is None or found.lastgroup is None:
            raise Loose("cannot be read as JSON", self.at)
        self.at = found.end()
        return found.lastgroup, found[found.lastgroup]

    def object(self, at: int, depth: int) -> dict[str, Any]:
        """Return the object whose brace ends before `at`."""
        self.at, out, begun = at, dict[str, Any](), False
        try:
            while True:
                kind, name = self.token()
                if (kind, name) == ("mark", "}"):
                    return out
                if kind == "mark" or self.token()[1] != ":":
                    raise Loose("a name and a colon must stand", self.at - 1)
                begun, key = True, _unquoted(name) if kind == "text" else name
                if key in out:
                    raise Loose(f"the name {key[:40]!r} stands twice", self.at - 1)
                out[key] = self.value(depth)
                kind, mark = self.token()
                if mark == "}":
                    return out
                if mark != ",":
                    raise Loose("a comma or a closing brace must stand", self.at - 1)
        except Loose as broken:
            broken.begun |= begun
            raise

    def value(self, depth: int) -> Any:
        kind, token = self.token()
        if kind == "text":
            return _unquoted(token)
        if kind == "word":
            return plain_value(token)
        if token == "{" and depth < _DEEP:
            return self.object(self.at, depth + 1)
        if token == "[" and depth < _DEEP:
            return self.items(depth + 1)
        raise Loose("a value must stand", self.at - 1)

    def items(self, depth: int) -> list[Any]:
        out: list[Any] = []
        while True:
            before, token = self.at, self.token()[1]
            if token == "]":
                return out
            self.at = before
            out.append(self.value(depth))
            if self.token()[1] == "]":
                return out


def _unquoted(token: str) -> str:
    inner = token[1:-1] if token[0] == '"' else token[1:-1].replace("\\'", "'").replace('"', '\\"')
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:  # an escape that JSON does not have
        return token[1:-1]


def plain_value(word: str) -> Any:
    """Return what a bare word stands for: a number, one of three constants, or itself."""
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    if re.fullmatch(r"[-+]?\d{1,18}", word):
        return int(word)
    try:
        number = float(word)
    except ValueError:
        return word
    return number if math.isfinite(number) else word
