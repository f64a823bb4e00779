"""The entry point: runs a command, and turns errors into messages and exit codes."""

from __future__ import annotations

import os
import signal
import sys

import typer

from hpo_gym.app._commands import group
from hpo_gym.app._output import DAMAGED, INTERRUPTED, TERMINATED, WRONG_INPUT
from hpo_gym.base import DamagedDataError, HPOGymError, StorageFullError, StorageLostError, beside, interrupt

_RESUMED = ("bench", "train", "build", "tune", "collect")  # commands that have `--resume`


class _Terminated(BaseException):
    """SIGTERM, as an exception, so that what is open is closed."""


def main() -> None:
    """Run the command line, and turn errors into messages and exit codes."""
    held = False
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # what a stranger's file holds need not be of any encoding
    try:
        held = interrupt.release()
        signal.signal(signal.SIGTERM, _terminate)
        sys.path.insert(0, "")  # "module:name" finds a user's file beside them
        code = group()(standalone_mode=False)  # the code of a `typer.Exit`, which does not come through as an exception
        if code == INTERRUPTED:  # some versions of Typer make an exit of Ctrl-C, others an abort
            raise KeyboardInterrupt
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except HPOGymError as fault:
        damaged = isinstance(fault, (DamagedDataError, StorageFullError, StorageLostError))
        _leave(f"error: {fault}", DAMAGED if damaged else WRONG_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        _leave(_stopped(), INTERRUPTED)
    except _Terminated:
        _leave(_stopped(), TERMINATED)
    except BrokenPipeError:  # the reader of our output has gone: nobody to say anything to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as fault:
        near = beside(fault.filename) if isinstance(fault.filename, str) else ""
        _leave(f"error: {fault.strerror or fault}: {fault.filename or ''}".rstrip(": ") + near, WRONG_INPUT)
    except Exception as fault:
        show = getattr(fault, "show", None)  # an error of the command line itself
        if show is None:
            raise
        show()
        sys.exit(WRONG_INPUT)
    finally:
        if held:
            interrupt.hold()


def _terminate(*_: object) -> None:
    raise _Terminated


def _stopped() -> str:
    resumed = any(word in _RESUMED for word in sys.argv[1:2]) or "--objective" in sys.argv  # that of `serve`
    return "stopped; what is finished is stored: add --resume to go on" if resumed else "stopped"


def _leave(message: str, code: int) -> None:
    print(message, file=sys.stderr)
    sys.exit(code)
