"""The corpora of the roster as what the suite `Text` trains on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hpo_builders.data_sets.problems import FOLDS, MIN_CLASS, REPEATS, TEST_EACH, TEST_SHARE
from hpo_builders.text import documents, roster
from hpo_builders.text import problem as problems
from hpo_builders.text.corpora import PACKAGES_OF_TEXTS
from hpo_builders.text.problem import TextProblem
from hpo_builders.training.material import Entry, Material


@dataclass(frozen=True, eq=False)
class Corpora(Material):
    """Texts to tell apart."""

    packages = PACKAGES_OF_TEXTS
    limit = 24
    libraries = ("pandas",)
    modules = ("scipy.sparse",)

    def entries(self) -> Sequence[Entry]:
        return roster.roster()

    def problem(self, entry: Entry, archives: Path, seed: int) -> TextProblem:
        return problems.problem(cast("documents.Entry", entry).load(archives), seed)

    def digest(self, problem: TextProblem) -> bytes:
        return problems.digest(problem)

    def toy(self) -> TextProblem:
        return problems.toy()

    def meta(self, entry: Entry, problem: TextProblem, archives: Path) -> dict[str, float | None]:
        return problems.meta_features(problem)

    def record(self, found: Mapping[str, TextProblem]) -> dict[str, Any]:
        return {
            "texts to learn from": {name: len(p.texts.learn) for name, p in found.items()},
            "test texts": {name: len(problems.held_out_texts(p)) for name, p in found.items()},
        }

    def describe(self) -> dict[str, Any]:
        return {
            "score": {
                "name": "balanced accuracy",
                "unit": "share",
                "range": [0, 1],
                "protocol": f"mean over {REPEATS} repeats of {FOLDS} folds; test, at full fidelity: mean of the same "
                "models on texts that no fold has",
            },
            "cost": {
                "unit": "processor seconds",
                "what": f"to read the texts, to train and to predict, {REPEATS} x {FOLDS} folds; texts are read once "
                "for all, and each model is charged for those that it reads",
            },
            "preprocessing": {
                "texts": f"without links, the first {documents.LENGTH} characters; no text twice, none with two "
                f"labels; classes of fewer than {MIN_CLASS} left out",
                "folds": f"{REPEATS} repeats of {FOLDS} folds, stratified, of at most {problems.LEARN} texts and "
                f"{1 - TEST_SHARE:.0%} of the corpus",
                "test texts": f"others, at most {problems.TEST}; from {FOLDS * TEST_EACH} on, dealt among the models, "
                f"at least {TEST_EACH} each",
            },
        }
