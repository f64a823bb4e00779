"""From a text to symbols that are trained on, that choose and that test."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_builders.language.shape import SIZES, Size
from hpo_gym.base import InvalidValueError

SYMBOLS = 64
"""Most symbols of an alphabet."""

OTHER = "\ufffd"
"""The symbol of all characters that the alphabet has no place for."""

BLOCKS, BLOCK = 16, 1024
"""Held-out blocks for validation, as many for the test, and the characters predicted in each."""

Codes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Text:
    """A text in symbols.

    Attributes:
        name: Of the task.
        alphabet: The symbols; a code is a place in it.
        pieces: To learn from, ``(pieces, n)``; the text runs on inside a piece.
        validation, test: Held-out blocks, ``(16, 1025)``: all but the first symbol of each are predicted.
        sizes: Of the transformers that learn it.
    """

    name: str
    alphabet: str
    pieces: Codes
    validation: Codes
    test: Codes
    sizes: tuple[Size, ...] = SIZES


def normalised(text: str) -> str:
    """Lower case without accents; tabs are blanks, and lines end by one character, of which two in a row are left."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    plain = re.sub(r"\r\n?", "\n", plain).replace("\t", " ")
    return re.sub(r"\n{3,}", "\n\n", plain)


def needed(characters: int) -> int:
    """Return the shortest text from which so many characters can be learned."""
    return characters + 2 * BLOCKS * (BLOCK + 1)


def cut(name: str, text: str, characters: int, sizes: tuple[Size, ...] = SIZES) -> Text:
    """Cut a normalised text: pieces to learn from and validation blocks take turns, test blocks come after them.

    The alphabet has the characters of the text; of more than 64, the 63 most frequent ones and one for all others.
    Test blocks are spread evenly over the rest of the text, but over no longer a part than the first.

    Raises:
        InvalidValueError: The text is too short.
    """
    if len(text) < needed(characters):
        raise InvalidValueError(f"`text` of {name!r} must have >= {needed(characters)} characters, got {len(text)}.")
    each = characters // BLOCKS + BLOCK + 1
    first = BLOCKS * each
    text = text[: 2 * first]
    alphabet = alphabet_of(text)
    codes = encoded(text, alphabet)
    turns = codes[:first].reshape(BLOCKS, each)
    starts = first + (len(codes) - first - BLOCK - 1) * np.arange(BLOCKS) // (BLOCKS - 1)
    test = np.stack([codes[s : s + BLOCK + 1] for s in starts])
    return Text(name, alphabet, turns[:, : -BLOCK - 1].copy(), turns[:, -BLOCK - 1 :].copy(), test, sizes)


def alphabet_of(text: str) -> str:
    """Return the symbols, the most frequent first, ties by their code points."""
    counted = sorted(Counter(text).items(), key=lambda found: (-found[1], found[0]))
    if len(counted) <= SYMBOLS:
        return "".join(c for c, _ in counted)
    return "".join(c for c, _ in counted[: SYMBOLS - 1]) + OTHER


def encoded(text: str, alphabet: str) -> Codes:
    """Places in the alphabet; the last one for what it does not hold."""
    places = {c: i for i, c in enumerate(alphabet)}
    other = len(alphabet) - 1
    return np.array([places.get(c, other) for c in text], np.uint8)


def entropy(text: Text, order: int) -> float:
    """Bits per symbol of the pieces where the `order` symbols before are known, by the frequencies in the pieces."""
    rows = np.lib.stride_tricks.sliding_window_view(text.pieces, order + 1, axis=1).reshape(-1, order + 1)
    return _bits(rows) - (_bits(rows[:, :-1]) if order else 0.0)


def _bits(rows: Codes) -> float:
    number = rows.astype(np.int64) @ SYMBOLS ** np.arange(rows.shape[1])
    share = np.unique(number, return_counts=True)[1] / len(rows)
    return float(-(share * np.log2(share)).sum())
