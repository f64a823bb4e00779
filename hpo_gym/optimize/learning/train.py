"""Training an optimizer on the meta-train tasks of suites, into a folder that `hpo_gym.load` reads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, SplitError, blame, made, making
from hpo_gym.optimize.collecting.episodes import Episodes
from hpo_gym.optimize.learning.folders import CHECKPOINTS, TRAINING
from hpo_gym.optimize.learning.made_of import made_of
from hpo_gym.optimize.protocol import OPTIMIZERS, LearnsFromData, Resumable, Trainable
from hpo_gym.problem import SUITES, Suite, Task
from hpo_gym.suites import each, load_suite
from hpo_gym.system import MADE_OF, Callback, Progress, keep_memory, made_folder, one_blas_thread, reporter, write_files

_SPENT = "spent.json"


def train(
    optimizer: str | Callable[..., Any] | Trainable,
    suites: str | Path | Suite | Sequence[str | Path | Suite] = "AutoML",
    *,
    fold: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    data: Episodes | str | Path | None = None,
    test_data: bool = False,
    out: str | Path = "hpo-gym-trained",
    resume: bool = False,
    progress: Progress | bool | None = None,
    callbacks: Sequence[Callback] = (),
) -> list[list[float]]:
    """Train an optimizer and save it; a killed training resumes to the same result if the optimizer is `Resumable`.

    Args:
        optimizer: A registered name, ``"module:Name"``, ``"file.py:Name"``, a class, or an instance, trained in place.
        suites: Names, sets of them, folders or suites. It trains on their meta-train tasks, validation tasks select the
            result.
        fold: 0..4, instead of the published split.
        steps: Trials of the training; by default the optimizer's own setting.
        seed: All random numbers are drawn from it.
        data: Episodes to learn from, or their folder: in the place of `suites`.
        test_data: Whether relatives of test tasks may be among them; the bench does not score the result on these.
        out: A folder of its own; also gets ``training.json``: the setup, the duration, and the curve.
        resume: Continue with the content of `out`.
        progress: Whether to show a bar, by default in a terminal; or a function of trials done, in total, and words.
        callbacks: Further listeners, such as `hpo_gym.TensorBoard`; the logger ``hpo_gym`` is one too.

    From then on the process keeps freed memory (`hpo_gym.system.jobs.memory.keep_memory`).

    Returns:
        Trials done and mean normalised regret on the validation tasks, for each validation.

    Raises:
        InvalidValueError: It cannot be trained, or not on data, or `out` holds a training and `resume` is false.
        SplitError: `data` hold a relative of a test task.
    """
    name, learner = _learner(optimizer, settings or {})
    episodes = None if data is None else _episodes(data, fold, test_data, learner)
    loaded = [load_suite(suite) for suite in each(suites if episodes is None else episodes.suite)]
    folder = Path(out)
    if ((folder / TRAINING).exists() or (folder / CHECKPOINTS).exists()) and not resume:
        raise InvalidValueError(
            f"`out` must be a new folder, {folder} holds a training: `resume=True` (`--resume`) goes on with it."
        )
    tasks, validation = ([t for s in loaded for t in s.tasks(split, fold)] for split in ("train", "val"))
    rng = np.random.default_rng(seed)
    spent = _Spent(folder)
    keep_memory()
    title = f"training {name}"
    with made_folder(folder), reporter(progress, callbacks, title, "trials") as tell, one_blas_thread():

        def noted(done: int, total: int, what: str) -> None:
            spent.keep()
            tell(done, total, what)

        curve = list[list[float]]()
        if isinstance(learner, LearnsFromData) and episodes is not None:
            validation = _strangers(validation, episodes)
            curve = learner.train_on(episodes, rng, validation=validation, steps=steps, folder=folder, progress=noted)
        elif isinstance(learner, Resumable):
            curve = learner.train_in(folder, tasks, rng, validation=validation, steps=steps, progress=noted)
        else:
            tell(0, 0, title)
            learner.train(tasks, rng, validation=validation, steps=steps)
        learner.save(folder)
        tell.result, tell.said = curve, summary(curve) or f"{name} is trained"
    about = {
        "optimizer": name, "settings": dict(settings or {}), "steps": steps, "seed": seed, "fold": fold,
        "suites": {s.name: s.data_hash for s in loaded}, "curve": curve,
        "cpu_seconds": round(spent.seconds, 1),
        MADE_OF: made_of([s for s in loaded if s.name in SUITES.entries()], [name]),
    }  # fmt: skip
    write_files(folder, {TRAINING: f"{json.dumps(about, indent=1)}\n".encode()})
    spent.forget()
    return curve


class _Spent:
    """CPU seconds of a training, including its killed processes: they leave them in a file."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._start, self._kept = folder, time.process_time(), 0.0
        self._before = 0.0
        for name in (TRAINING, _SPENT):
            if (folder / name).exists():
                with blame(folder / name):
                    self._before = float(json.loads((folder / name).read_text(encoding="utf-8"))["cpu_seconds"])

    @property
    def seconds(self) -> float:
        return self._before + time.process_time() - self._start

    def keep(self) -> None:
        """Write them down, once in a second."""
        if self.seconds - self._kept >= 1.0:
            self._kept = self.seconds
            write_files(self._folder, {_SPENT: json.dumps({"cpu_seconds": round(self._kept, 1)}).encode()})

    def forget(self) -> None:
        """Delete the file: the training is done, and records its own time."""
        (self._folder / _SPENT).unlink(missing_ok=True)


def _episodes(given: Episodes | str | Path, fold: int | None, test_data: bool, learner: Trainable) -> Episodes:
    """Return the data to learn from; refuse those of test tasks, unless they are asked for."""
    if not isinstance(learner, LearnsFromData):
        raise InvalidValueError(f"`data` needs an optimizer with `train_on`, {type(learner).__name__!r} has none.")
    found = given if isinstance(given, Episodes) else Episodes.read(given)
    tested = {t.family for t in found.suite.tasks("test", fold)}
    relatives = [name for name in found.tasks if found.suite.task(name).family in tested]
    if relatives and not test_data:
        raise SplitError(
            f"`data` must hold no relative of a test task, got {len(relatives)}, such as {relatives[0]!r}: collect on "
            "the training split, or say `test_data=True` (`--test-data`)."
        )
    return found


def _strangers(tasks: Sequence[Task], episodes: Episodes) -> list[Task]:
    """Return the tasks that are no relatives of any in the data."""
    known = {episodes.suite.task(name).family for name in episodes.tasks}
    return [task for task in tasks if task.family not in known]


def summary(curve: Sequence[Sequence[float]]) -> str:
    """Return a line about the validation regret over a training, empty without validation."""
    if not curve:
        return ""
    best = min(regret for _, regret in curve)
    return f"regret on validation: {curve[0][1]:.4f} at first, {best:.4f} at best, after {curve[-1][0]:,.0f} trials"


def _learner(given: str | Callable[..., Any] | Trainable, settings: Mapping[str, Any]) -> tuple[str, Trainable]:
    """Return the optimizer to train, and the name by which `load` finds its class."""
    if isinstance(given, Trainable) and not isinstance(given, type):
        if settings:
            raise InvalidValueError(f"An optimizer that was made has its settings: give none, got {dict(settings)}.")
        return _name(type(given)), given
    name = given if isinstance(given, str) else _name(given)
    with making(name, settings):
        maker: object = OPTIMIZERS.resolve(given) if isinstance(given, str) else given
        if not callable(maker):
            raise InvalidValueError(f"An optimizer to train must be a name, a class or a `Trainable`, got {given!r}.")
        learner: object = made(maker, name, settings)
    if not isinstance(learner, Trainable):
        raise InvalidValueError(f"{name!r} must be an optimizer that can be trained; it has no `train`.")
    return _name(maker), learner


def _name(maker: object) -> str:
    return OPTIMIZERS.name_of(maker) or OPTIMIZERS.place_of(maker) or str(getattr(maker, "__name__", maker))
