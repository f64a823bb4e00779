"""Mutants of a source file, and the sample of them that is run.

The operators are mutmut's; a file is read and written by libcst. What is chosen depends on a key and on the code near
a mutant alone, so that a change elsewhere leaves the sample nearly as it was.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

import libcst as cst
from areas import Area
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators
from untouched import untouched, untouched_parts

KEY = "hpo-gym mutants 1"
SIZE = 1200


@dataclass(frozen=True)
class Mutant:
    """One change to one file.

    Attributes:
        id: Hash of the file, the function, the operator, the text of the line and the occurrence among these.
        file: Relative to the root of the repository.
        scope: The function or method around it, dotted; empty in the module itself.
        operator: Name of the operator.
        lines: First and last line of what is changed.
    """

    id: str
    file: str
    scope: str
    operator: str
    lines: tuple[int, int]
    _module: cst.Module = field(repr=False, compare=False)
    _old: cst.CSTNode = field(repr=False, compare=False)
    _new: cst.CSTNode = field(repr=False, compare=False)

    @cached_property
    def text(self) -> str:
        """The file with the change."""
        module = self._module.deep_replace(self._old, self._new)
        assert isinstance(module, cst.Module)
        return module.code

    @cached_property
    def change(self) -> tuple[int, str, str]:
        """Number of the first line that differs, what stands there and what the mutant has; from there lines agree."""
        old, new = self._module.code.splitlines(), self.text.splitlines()
        first = next(i for i, (a, b) in enumerate(zip_longest(old, new)) if a != b)
        same = 0
        while same < min(len(old), len(new)) - first and old[-1 - same] == new[-1 - same]:
            same += 1
        return first + 1, _joined(old[first : len(old) - same]), _joined(new[first : len(new) - same])


def mutants(root: Path, file: str) -> list[Mutant]:
    """Every mutant of a file, in the order of the source."""
    return mutants_of((root / file).read_text(encoding="utf-8"), file)


def mutants_of(text: str, file: str) -> list[Mutant]:
    """Every mutant of a source text; `file` is its name."""
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    visitor = _Visitor(file, wrapper.module, text.splitlines())
    wrapper.visit(visitor)
    return visitor.found


def sample(root: Path, areas: Iterable[Area], *, size: int = SIZE, key: str = KEY) -> list[tuple[Area, Mutant]]:
    """`size` mutants: by turns one of each area and operator, within these in the order of a keyed hash."""
    drawn = []
    for area in areas:
        every = [mutant for file in area.files(root) for mutant in mutants(root, file)]
        seen: Counter[str] = Counter()
        for mutant in sorted(every, key=lambda mutant: _hash(key, mutant.id)):
            drawn.append((seen[mutant.operator], _hash(key, mutant.id), area, mutant))
            seen[mutant.operator] += 1
    drawn.sort(key=lambda each: each[:2])
    return [(area, mutant) for _, _, area, mutant in drawn[:size]]


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, file: str, module: cst.Module, lines: list[str]) -> None:
        super().__init__()
        self.file, self.module, self.lines = file, module, lines
        self.found: list[Mutant] = []
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._scope: list[str] = []
        self._spans = [CodeRange((1, 0), (1, 0))]
        self._left_out: set[cst.CSTNode] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        # an operator such as `is` has no place of its own: it takes that of what is around it
        self._spans.append(self.get_metadata(PositionProvider, node, self._spans[-1]))
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            self._scope.append(node.name.value)
        if node in self._left_out or untouched(node):
            return False
        self._left_out.update(untouched_parts(node))
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                name = operator.__name__.removeprefix("operator_")
                self.found.extend(self._mutant(name, node, new) for new in operator(node))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        self._spans.pop()
        if isinstance(original_node, (cst.FunctionDef, cst.ClassDef)):
            self._scope.pop()

    def _mutant(self, operator: str, old: cst.CSTNode, new: cst.CSTNode) -> Mutant:
        first, last = self._spans[-1].start.line, self._spans[-1].end.line
        scope = ".".join(self._scope)
        place = (self.file, scope, operator, self.lines[first - 1].strip())
        name = _hash(*place, str(self._seen[place]))[:12]
        self._seen[place] += 1
        return Mutant(name, self.file, scope, operator, (first, last), self.module, old, new)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)
