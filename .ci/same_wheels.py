"""`python .ci/same_wheels.py A.whl B.whl`: whether two wheels hold the same files with the same content."""

import sys
import zipfile

SIGNS = "RECORD"  # the list of the others, in the order in which they were packed


def content(path: str) -> dict[str, int]:
    """The checksum of each file."""
    with zipfile.ZipFile(path) as wheel:
        return {entry.filename: entry.CRC for entry in wheel.infolist() if not entry.filename.endswith(SIGNS)}


def main(one: str, other: str) -> None:
    """Say what differs, and fail if anything does."""
    first, second = content(one), content(other)
    apart = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    print(f"{len(first)} files, {len(apart)} differ {' '.join(apart[:20])}".rstrip())
    sys.exit(bool(apart) or not first)


if __name__ == "__main__":
    main(*sys.argv[1:])
