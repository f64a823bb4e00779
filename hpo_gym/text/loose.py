"""Objects in the prose of an agent: JSON, or nearly JSON with single quotes, bare words and trailing commas."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[{}\[\]:,])|(?P<text>"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')|(?P<word>[-+\w.]+))""",
    re.DOTALL,
)
_CONSTANTS = {"true": True, "false": False, "null": None, "none": None}
_TOKENS, _DEEPEST = 100_000, 8  # bounds on the work, so that no text takes long


def objects(text: str) -> tuple[list[dict[str, Any]], str]:
    """Return the outermost objects of a text, in order, and the fault of one after them that cannot be read."""
    found, fault, at, left = list[dict[str, Any]](), "", text.find("{"), _TOKENS
    while at >= 0 and left > 0:
        parts, end, depth, word = list[str](), at, 0, ""
        while left > 0 and (depth or not parts) and depth <= _DEEPEST and (token := _TOKEN.match(text, end)):
            end, left = token.end(), left - 1
            kind, said = str(token.lastgroup), token[str(token.lastgroup)]
            depth += (said in ("{", "[")) - (said in ("}", "]"))
            if said == ":":
                parts[-1:] = [json.dumps(word)] if word else parts[-1:]  # a bare name, whatever it looks like
            elif said in ("}", "]") and parts[-1] == ",":
                parts.pop()
            word = said if kind == "word" else ""
            parts.append(said if kind == "mark" else json.dumps(bare(said) if word else _unquoted(said)))
        try:
            found.append(json.loads("".join(parts), object_pairs_hook=_once))
            fault = ""
        except ValueError as broken:
            fault = f"got broken JSON in {text[at : at + 60]!r}: {broken}" if ":" in parts else fault
        at = text.find("{", max(end, at + 1))
    return found, fault if left > 0 else f"got over {_TOKENS} words of JSON"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        raise ValueError("a name stands twice")
    return out


def _unquoted(text: str) -> str:
    inner = text[1:-1] if text[0] == '"' else text[1:-1].replace("\\'", "'").replace('"', '\\"')
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:  # an escape that JSON does not have
        return text[1:-1]


def bare(word: str) -> Any:
    """Return the meaning of a bare word: a number, true, false, nothing, or the word itself."""
    if word.lower() in _CONSTANTS:
        return _CONSTANTS[word.lower()]
    try:
        number = float(word)
    except ValueError:
        return word
    if not math.isfinite(number):
        return word
    return int(word) if re.fullmatch(r"[-+]?\d{1,18}", word) else number
