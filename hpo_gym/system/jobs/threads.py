"""One thread for our own linear algebra in the caller's process; afterwards its libraries have what they had before.

Our matrices are small: more threads win nothing on an idle machine, and wait for each other on one that does other
work. And sums are made in one order, whatever the machine. Processes that are started get their share of the processors
by `hpo_gym.system.jobs.processes.few_threads`.
"""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import ContextDecorator, ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


class one_blas_thread(ContextDecorator):
    """Limit NumPy's and SciPy's linear algebra to one thread within a block or a function, however they are nested.

    Args:
        needed: Modules that are imported first, so that their libraries are limited too: one that is loaded within the
            block is seen by the next inner block only.
    """

    def __init__(self, *needed: str) -> None:
        self._needed = needed

    def __enter__(self) -> None:
        for name in self._needed:
            if name not in sys.modules:
                importlib.import_module(name)
        _LIMIT.enter()

    def __exit__(self, *raised: object) -> None:
        _LIMIT.leave()


def libraries() -> list[str]:
    """What computes linear algebra within a block, with its version and the processor that it computes for: that
    decides about last bits."""
    return _LIMIT.libraries()


class _Limit:
    """What all blocks of this process share: libraries have one number of threads, not one for each Python thread.

    The Python thread that begins a block while there is none decides until it leaves its own; blocks of others
    meanwhile find the limit there, and lose it with that one: threadpoolctl lets no other thread give it back.
    """

    def __init__(self) -> None:
        self._lock, self._owner, self._depth = threading.Lock(), 0, 0
        self._controller: ThreadpoolController | None = None
        self._modules = -1  # how many were loaded when libraries were last looked for
        self._limits = ExitStack()

    def enter(self) -> None:
        """Limit what is loaded, unless an outer block has done so."""
        me = threading.get_ident()
        with self._lock:
            if self._depth and self._owner != me:
                return
            self._owner, self._depth = me, self._depth + 1
            new = len(sys.modules) != self._modules
            if new or self._depth == 1:
                self._limits.enter_context(self._look(new).limit(limits=1, user_api="blas"))

    def leave(self) -> None:
        """With the outermost block, what was allowed before it comes back."""
        with self._lock:
            if self._depth and self._owner == threading.get_ident():
                self._depth -= 1
                if not self._depth:
                    self._limits.close()

    def libraries(self) -> list[str]:
        """Of those that were there when they were last looked for."""
        known = self._controller.info() if self._controller else []
        said = (
            f"{one['internal_api']} {one['version']} {one.get('architecture')}"
            for one in known
            if one["user_api"] == "blas"
        )
        return sorted(said)

    def _look(self, new: bool) -> ThreadpoolController:
        from threadpoolctl import ThreadpoolController

        if new or self._controller is None:  # more was imported, perhaps with a library of its own
            self._controller, self._modules = ThreadpoolController(), len(sys.modules)
        return self._controller


_LIMIT = _Limit()
