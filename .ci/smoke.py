"""`python .ci/smoke.py [WHEEL] [TESTS ..]`: the smoke test on a wheel in a fresh environment, on any system.

Without a wheel, one is built. TESTS are files or folders in tests/; all by default.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
TOOLS = ("pytest", "pytest-timeout", "pytest-xdist", "hypothesis")


def main(wheel: str | None, tests: list[str]) -> None:
    """Install, import and list from another folder, and run the tests on what is installed."""
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([sys.executable, "-m", "venv", work], check=True)
        folder, ending = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
        python, command = (str(Path(work, folder, name + ending)) for name in ("python", "hpo-gym"))
        subprocess.run([python, "-m", "pip", "install", "--quiet", wheel or str(TOP), *TOOLS], check=True)
        for check in (
            [
                python,
                "-P",
                "-c",
                "import hpo_gym, sys; assert hpo_gym.__file__.startswith(sys.prefix), hpo_gym.__file__",
            ],
            [command, "list"],
            [command, "verify"],
        ):
            subprocess.run(check, check=True, cwd=work)
        run = [python, "-P", "-m", "pytest", "-p", "no:cacheprovider", "-m", "smoke", *tests]
        subprocess.run(run, check=True, cwd=TOP / "tests")


if __name__ == "__main__":
    given = sys.argv[1:]
    built = str(Path(given.pop(0)).resolve()) if given and given[0].endswith(".whl") else None
    main(built, given)
