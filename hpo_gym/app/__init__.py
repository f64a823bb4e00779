"""The command line `hpo-gym`: a file per command, which holds a function of the command's name.

Exit codes: 0 done, 1 done with failed cells or checks, 2 wrong input, 3 damaged data or store, 130 and 143 stopped.
"""

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.app._commands import app as app
    from hpo_gym.app._main import main as main
    from hpo_gym.app._options import tasks_of as tasks_of
    from hpo_gym.app._output import FAILED_CELLS as FAILED_CELLS

__getattr__, __dir__, __all__ = offer(__name__)
