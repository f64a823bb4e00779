"""Messages of Django's user interface in some languages: from its catalogues of translations."""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from hpo_builders.data_sets.sources import Table


def read(path: str, archive: Path) -> Table:
    """`path` is "A|B|...", languages as Django's folders have them; columns: text, language and application."""
    table: Table = {"text": [], "language": [], "application": []}
    with zipfile.ZipFile(archive) as wheel:
        for language in path.split("|"):
            for name in sorted(wheel.namelist()):
                if name.endswith(f"/locale/{language}/LC_MESSAGES/django.po"):
                    for text in translations(wheel.read(name).decode("utf-8")):
                        table["text"].append(text)
                        table["language"].append(language)
                        table["application"].append(name.split("/locale/")[0].rpartition("/")[2])
    return table


def translations(catalogue: str) -> Iterator[str]:
    """Return the translated messages of a catalogue in gettext's format, plural forms one by one.

    The header, what is not translated and what is marked as doubtful are left out.
    """
    for entry in re.split(r"\n\s*\n", catalogue):
        if re.search(r"^#,.*\bfuzzy\b", entry, re.MULTILINE) or not _string(entry, "msgid"):
            continue
        for keyword in re.findall(r"^(msgstr(?:\[\d\])?) ", entry, re.MULTILINE):
            if text := _string(entry, keyword):
                yield text


def _string(entry: str, keyword: str) -> str:
    """Return the text after a keyword: strings in quotes, one a line."""
    found = re.search(rf'^{re.escape(keyword)} ((?:".*"\s*)+)', entry, re.MULTILINE)
    return "" if found is None else "".join(ast.literal_eval(line) for line in found[1].split("\n") if line.strip())
