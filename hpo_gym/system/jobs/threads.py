"""One thread for our own linear algebra in the caller's process; its libraries get their setting back afterwards.

Our matrices are small: more threads win nothing on an idle machine, and wait for each other on a busy one. And sums are
made in one order on any machine. New processes get their share of the processors from
`hpo_gym.system.jobs.processes.fresh`.
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
        needed: Modules to import first, so that their libraries are limited too; a later one only in the next block.
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
    """Return the linear algebra libraries of a block, with version and kernel: they decide the last bits."""
    return _LIMIT.libraries()


class _Limit:
    """State shared by all blocks of this process: libraries have one number of threads, not one for each Python thread.

    The Python thread of the first block decides until it leaves; blocks of others meanwhile share its limit, and lose
    it with that block: threadpoolctl lets no other thread restore it.
    """

    def __init__(self) -> None:
        self._lock, self._owner, self._depth = threading.Lock(), 0, 0
        self._controller: ThreadpoolController | None = None
        self._modules = -1  # how many were loaded when libraries were last looked for
        self._limits = ExitStack()

    def enter(self) -> None:
        """Limit the loaded libraries, unless an outer block has done so."""
        me = threading.get_ident()
        with self._lock:
            if self._depth and self._owner != me:
                return
            self._owner, self._depth = me, self._depth + 1
            new = len(sys.modules) != self._modules
            if new or self._depth == 1:
                from threadpoolctl import ThreadpoolController

                if new or self._controller is None:  # more was imported, perhaps with a library of its own
                    self._controller, self._modules = ThreadpoolController(), len(sys.modules)
                self._limits.enter_context(self._controller.limit(limits=1, user_api="blas"))

    def leave(self) -> None:
        """Restore the earlier setting with the outermost block."""
        with self._lock:
            if self._depth and self._owner == threading.get_ident():
                self._depth -= 1
                if not self._depth:
                    self._limits.close()

    def libraries(self) -> list[str]:
        """Return the libraries of the last search."""
        known = self._controller.info() if self._controller else []
        said = (
            f"{one['internal_api']} {one['version']} {one.get('architecture')}"
            for one in known
            if one["user_api"] == "blas"
        )
        return sorted(said)


_LIMIT = _Limit()
