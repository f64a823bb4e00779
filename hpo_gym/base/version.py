"""Release and folder of this package."""

from pathlib import Path

__version__ = "0.1.0"
PACKAGE = Path(__file__).resolve().parents[1]
DATA = PACKAGE / "data"
