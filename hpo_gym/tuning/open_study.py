"""`OpenStudy`: a study by ask and tell, for trainings that cannot be called as a function."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hpo_gym.base import InvalidValueError, real, shown, whole
from hpo_gym.env import keywords_checked
from hpo_gym.problem import AnySpace, Density, Status
from hpo_gym.system import Measured, Verdict, judged, verdict
from hpo_gym.tuning.allowance import allowance
from hpo_gym.tuning.arguments import as_before, checked, folder_of
from hpo_gym.tuning.auto import AUTO
from hpo_gym.tuning.earlier import Earlier
from hpo_gym.tuning.proposals import Proposer
from hpo_gym.tuning.stored_study import opened
from hpo_gym.tuning.study import Ended
from hpo_gym.tuning.tuned import Tuned


class OpenStudy:
    """A study whose trials you run: `ask` for a configuration, `tell` its score.

    A trial is stored when it is asked for and when it is told, each time before the call returns. After a crash, open
    the study again with `resume`: told trials are there, and the others are asked for once more, first of all. One
    process at a time has it open; use it in a `with` block, or `close` it.

    Args:
        space, optimizer, budget, budget_cost, init, prior, belief, meta_features, direction, seed, out, resume: As in
            `hpo_gym.tune`; a cost is told, else it is the seconds. A study of `tune` with `stopping=False` goes on
            here, and vice versa.

    Raises:
        InvalidValueError: An argument is invalid, or `out` holds another study.
    """

    @keywords_checked("`OpenStudy`")
    def __init__(
        self,
        space: AnySpace,
        *,
        optimizer: object = AUTO,
        budget: int | None = None,
        budget_cost: float | None = None,
        init: Sequence[Mapping[str, Any]] = (),
        prior: Earlier | Sequence[Earlier] = (),
        belief: Mapping[str, Density] | None = None,
        meta_features: Mapping[str, float | None] | None = None,
        direction: str = "maximize",
        seed: int | None = None,
        out: str | Path | None = None,
        resume: bool = False,
    ) -> None:
        self._budget, folder = allowance(budget, budget_cost), folder_of(out)
        found = checked(
            space, optimizer, self._budget, init=init, prior=prior, direction=direction, belief=belief,
            meta_features=meta_features, stopping=False,
        )  # fmt: skip
        found = as_before(found, seed, folder if resume else None, init=bool(init))
        plan = found.plan
        self._stack, self._since = ExitStack(), dict[int, float]()
        self._study = self._stack.enter_context(opened(folder, plan, resume=resume))
        self._cut_off = list(self._study.begun)
        self._proposer = Proposer(
            found.form, self._study, self._budget, found.prior, meta_features=plan.meta_features, belief=found.belief,
            moves=True,
        )  # fmt: skip

    def __enter__(self) -> OpenStudy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another process open the study; trials that were not told stay pending."""
        self._stack.close()

    @property
    def pending(self) -> dict[int, dict[str, Any]]:
        """Configurations of the trials that were asked for and not told, by number."""
        return {number: dict(config) for number, config in self._study.begun.items()}

    @property
    def tuned(self) -> Tuned:
        """The told trials, as `hpo_gym.tune` returns them."""
        return Tuned.of(self._study)

    def ask(self) -> tuple[int, dict[str, Any]] | None:
        """Return the number and the configuration of the next trial; None once the budget is spent.

        Trials pending since an earlier process come first, each once. Several may be pending at a time: the optimizer
        takes them for the worst so far.
        """
        study = self._study
        number = next((n for n in self._cut_off if n in study.begun), None)
        if number is not None:
            self._cut_off.remove(number)
        elif study.count < self._budget.trials and not self._budget.spent(study.ended):
            self._proposer.alone = not study.begun
            number = self._proposer.begin()
        if number is None:
            return None
        self._since[number] = time.perf_counter()
        return number, dict(study.begun[number])

    def tell(self, number: int, result: object, *, seconds: float | None = None) -> Ended:
        """Store the result of a pending trial.

        Args:
            result: The score, or a mapping as an objective of `hpo_gym.tune` returns it. A score that is not finite
                counts as diverged.
            seconds: Its duration; None: since it was asked for in this process, else 0.

        Raises:
            InvalidValueError: It is no result, or no such trial is pending; nothing is stored.
        """
        measured = judged(result)
        if measured.status is Status.INVALID:
            raise InvalidValueError(f"`result` must be a score, or a mapping of it: {measured.reason}.")
        return self._end(number, verdict(measured), seconds)

    def fail(self, number: int, reason: str = "", *, seconds: float | None = None) -> Ended:
        """Store that a pending trial failed, with a reason in words; otherwise as `tell`."""
        if not isinstance(reason, str):
            raise InvalidValueError(f"`reason` must be a text, got {shown(reason)}.")
        return self._end(number, Measured(Status.FAILED, reason[:500]), seconds)

    def _end(self, number: int, measured: Measured, seconds: float | None) -> Ended:
        pending = sorted(self._study.begun)
        number = whole("number", number, 0)
        if number not in pending:
            told = any(e.number == number for e in self._study.ended)
            raise InvalidValueError(
                f"`number` must be of a pending trial, one of {pending}, got {number}{', which was told' * told}."
            )
        now = time.perf_counter()
        seconds = now - self._since.get(number, now) if seconds is None else seconds
        return self._study.end(number, Verdict(measured, real("seconds", seconds, 0.0, also=", or None")), ())
