"""Tables in pages whose text is written by hand: what stands between two marks is renewed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def renewed(text: str, parts: Iterable[tuple[str, Iterable[str]]]) -> str:
    """The page with other lines between ``<!-- mark -->`` and ``<!-- /mark -->``, for each mark."""
    for mark, lines in parts:
        begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
        head, rest = text.split(begin)
        text = "\n".join([head + begin, "", *lines, "", end + rest.split(end)[1]])
    return text


def interval(estimate: Sequence[float], digits: int = 3) -> str:
    """A mean and its interval."""
    mean, low, high = estimate
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
