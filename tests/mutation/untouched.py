"""Code that is not mutated, since no test can or should notice: docstrings, types, messages of errors."""

from __future__ import annotations

import libcst as cst

_STRINGS = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)
_TYPES = (cst.Annotation, cst.TypeAlias, cst.TypeParameters)
_ALIAS_PARTS = (cst.Name, cst.Attribute, cst.Ellipsis)
_CRASHES = {"len", "isinstance"}  # None instead of their argument raises at once: a kill that says nothing
_MESSAGES = {"warn"}
_ERRORS = ("Error", "Failed", "Warning")


def untouched(node: cst.CSTNode) -> bool:
    """Whether nothing in `node` is mutated."""
    if isinstance(node, (*_TYPES, cst.Decorator, cst.Import, cst.ImportFrom, cst.Raise)):
        return True
    if isinstance(node, cst.Expr):
        return isinstance(node.value, _STRINGS)
    if isinstance(node, cst.If):
        return _last_name(node.test) == "TYPE_CHECKING"
    if isinstance(node, (cst.Assign, cst.AnnAssign, cst.AugAssign)):
        return "__all__" in map(_last_name, _targets(node)) or _is_sentence(node.value)
    return isinstance(node, cst.Call) and _is_idle_call(_last_name(node.func))


def untouched_parts(node: cst.CSTNode) -> list[cst.CSTNode]:
    """Children of `node` that are not mutated where `node` itself is."""
    if isinstance(node, cst.Assert) and node.msg is not None:
        return [node.msg]
    if isinstance(node, cst.Module):
        return [line for line in node.body if _is_alias(line)]
    return []


def _is_idle_call(name: str) -> bool:
    return name in _CRASHES | _MESSAGES | {"cast", "TypeVar"} or name.endswith(_ERRORS)


def _last_name(node: cst.CSTNode) -> str:
    """`c` of `a.b.c`; nothing for what has no name."""
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def _is_sentence(node: cst.CSTNode | None) -> bool:
    """Whether `node` is an f-string with a space in it: a piece of a message that is raised further down."""
    if isinstance(node, cst.ConcatenatedString):
        return _is_sentence(node.left) or _is_sentence(node.right)
    texts = [part.value for part in getattr(node, "parts", []) if isinstance(part, cst.FormattedStringText)]
    return isinstance(node, cst.FormattedString) and any(" " in text for text in texts)


def _targets(node: cst.Assign | cst.AnnAssign | cst.AugAssign) -> list[cst.CSTNode]:
    return [each.target for each in node.targets] if isinstance(node, cst.Assign) else [node.target]


def _is_alias(line: cst.CSTNode) -> bool:
    """Whether a line of a module reads `Name = NDArray[np.int64]` or `Name = int | NDArray[np.int64]`."""
    if not isinstance(line, cst.SimpleStatementLine) or not isinstance(line.body[0], cst.Assign):
        return False
    assign = line.body[0]
    named = _last_name(assign.targets[0].target).lstrip("_")[:1].isupper()
    return named and isinstance(assign.value, (cst.Subscript, cst.BinaryOperation)) and _is_type(assign.value)


def _is_type(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.BinaryOperation):
        return isinstance(node.operator, cst.BitOr) and _is_type(node.left) and _is_type(node.right)
    if isinstance(node, cst.Subscript):
        return _is_type(node.value) and all(
            isinstance(part.slice, cst.Index) and _is_type(part.slice.value) for part in node.slice
        )
    if isinstance(node, cst.List):
        return all(_is_type(element.value) for element in node.elements)
    return isinstance(node, _ALIAS_PARTS)
