"""`Session`: a run of an agent that calls us, one proposal at a time: the same trials and messages as by `Outside`."""

from __future__ import annotations

from hpo_gym.base import StateError
from hpo_gym.optimize.outside.messages import Message, Request, Telling, Wording, answer_of
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run, begun
from hpo_gym.problem import History, Query, Task


class Session:
    """A run on one task.

    Args:
        run, context: As `rollout` makes them: see `Session.of`.

    Attributes:
        opening: The messages before the first question: ``reset``, and the trials of the initial design.
        last: The outcome of the last proposal, a ``trial`` message, or None.
    """

    def __init__(self, run: Run, context: Context, wording: Wording = Wording()) -> None:  # noqa: B008 - frozen
        self.run, self._stopped = run, False
        self._telling = Telling(context, wording)
        self.opening = [self._telling.reset(), *(self._telling.trial(t, given=True) for t in run.trials)]
        self._given = len(run.trials)
        self.last: Message | None = None

    @classmethod
    def of(
        cls, task: Task, budget: float | None = None, *, seed: int = 0, wording: Wording = Wording(),  # noqa: B008
    ) -> Session:  # fmt: skip
        """Begin the run that `rollout` would make of the same arguments."""
        run, context, _ = begun(task, budget, seed=seed)
        return cls(run, context, wording)

    @property
    def over(self) -> bool:
        """Whether the budget is spent, or the agent has stopped."""
        return self._stopped or self.run.over

    @property
    def history(self) -> History:
        """The trials so far."""
        return History(tuple(self.run.trials), self._given)

    def ask(self) -> Message:
        """Return the question for the next trial.

        Raises:
            StateError: The run is over.
        """
        self._check()
        return self._telling.ask()

    def answer(self, line: str) -> Message | None:
        """Take an agent's answer; return the ``trial`` message, a ``prior`` message, or None for a stop.

        Raises:
            StateError: The run is over.
        """
        self._check()
        answer = answer_of(line, self._telling.context, self._telling.wording)
        if isinstance(answer, Request):
            return self._telling.prior(answer)
        if answer is None:
            self._stopped = True
            return None
        return self.submit(answer)

    def submit(self, query: Query) -> Message:
        """Evaluate a query, or charge a `Refusal`; return the ``trial`` message."""
        self.last = self._telling.trial(self.run.submit(query))
        return self.last

    def text(self) -> str:
        """Return the run so far in words."""
        return self._telling.text()

    def _check(self) -> None:
        if self.over:
            raise StateError("The run is over: begin another one.")
