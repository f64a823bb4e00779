"""Ctrl-C at any moment of the command line: exit code 130, and no traceback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="a process is sent SIGINT, which Windows does not have")

SCRIPT = """#!{python}
import os, sys
os.write(1, b"begun\\n")  # from here on the process is ours
from hpo_gym.app import main
if __name__ == "__main__":
    sys.exit(main())
"""


def default() -> None:
    """What a terminal's processes have: whoever runs the tests may have told theirs to ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def begun(command: list[str]) -> subprocess.Popen[str]:
    path = os.pathsep.join(map(str, (ROOT, ROOT / "agents", ROOT / "baselines")))
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, preexec_fn=default,
    )  # fmt: skip


MOMENTS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8)
at_moments = pytest.mark.parametrize("moments", [MOMENTS[2::3], pytest.param(MOMENTS, marks=pytest.mark.long)])


def stopped(process: subprocess.Popen[str], seconds: float) -> bool:
    """Send SIGINT after so long, and check how the process ends; whether our code had begun by then."""
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    if process.returncode == 0:  # all was done by then
        assert "Functions" in out and not err
        return True
    if process.returncode != 130:  # Python itself was starting, or had read our first lines
        assert not re.search(r'hpo_gym/(?!__init__\.py", line \d,)', err), err
        return False
    assert err in ("", "stopped\n")
    return True


@pytest.mark.long
@at_moments
def test_the_command_that_is_installed_ends_with_130_and_in_silence(moments: tuple[float, ...], tmp_path: Path) -> None:
    script = tmp_path / "hpo-gym"  # as pip writes it, and it says when it begins
    script.write_text(SCRIPT.format(python=sys.executable))
    ours = 0
    for seconds in moments:
        process = begun([sys.executable, str(script), "list"])
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        ours += stopped(process, seconds)
    assert ours >= len(moments) - max(1, len(moments) // 4)


@pytest.mark.long
def test_a_process_that_ignores_sigint_goes_on_doing_so(tmp_path: Path) -> None:
    script = tmp_path / "hpo-gym"
    script.write_text(SCRIPT.format(python=sys.executable))
    command = f"trap '' INT; exec {sys.executable} {script} list --json"
    process = begun(["bash", "-c", command])
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0


CODE = "import signal, hpo_gym; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"


@pytest.mark.long
def test_who_imports_the_package_keeps_ctrl_c(tmp_path: Path) -> None:
    process = begun([sys.executable, "-c", CODE, "hpo-gym", "-m", "hpo_gym"])
    assert process.communicate(timeout=60)[0] == "True\n"
    script = tmp_path / "mine.py"
    script.write_text(CODE)
    assert begun([sys.executable, str(script), "-m", "hpo_gym"]).communicate(timeout=60)[0] == "True\n"
