"""Reads built pages: what they link to, and what a screen reader is told."""

from __future__ import annotations

import posixpath
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class Page:
    """What is read of one page; headings, images and tables are those of its text, not of what surrounds it."""

    language: str = ""
    title: str = ""
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    alternatives: list[str | None] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    headed: list[bool] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page, self.article, self.in_title, self.tables = Page(), 0, False, list[int]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about, page = dict(attrs), self.page
        if about.get("id"):
            page.ids.append(str(about["id"]))
        if target := about.get("href") or about.get("src"):
            page.links.append(target)
        if tag == "html":
            page.language = about.get("lang") or ""
        self.in_title = tag == "title" and not page.title
        self.article += tag == "article"
        if self.article and tag == "img":
            page.alternatives.append(about.get("alt"))
        elif self.article and tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            page.headings.append(int(tag[1]))
        elif self.article and tag == "table":
            self.tables.append(len(page.headed))
            page.headed.append(False)
        elif self.tables and tag == "th":
            page.headed[self.tables[-1]] = True

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.page.title += data

    def handle_endtag(self, tag: str) -> None:
        self.article -= tag == "article"
        self.in_title &= tag != "title"
        if tag == "table" and self.tables:
            self.tables.pop()


def read(text: str) -> Page:
    """A page from its HTML."""
    reader = _Reader()
    reader.feed(text)
    return reader.page


def pages(site: Path) -> dict[str, Page]:
    """All pages of a site, by their paths in it."""
    return {p.relative_to(site).as_posix(): read(p.read_text(encoding="utf-8")) for p in sorted(site.rglob("*.html"))}


def broken(site: Path, found: Mapping[str, Page]) -> Iterator[str]:
    """The links of pages to other pages, files or anchors that are not there; links to other sites are left alone."""
    anchors = {name: set(page.ids) for name, page in found.items()}
    for name, page in found.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = (
                posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path))) if parts.path else name
            )
            if not (site / path).is_file():
                yield f"{name}: {link}: no such file"
            elif parts.fragment and path in anchors and unquote(parts.fragment) not in anchors[path]:
                yield f"{name}: {link}: no such anchor"


def inventory(site: Path) -> set[str]:
    """The names of Python objects in the inventory of a site, by which other sites link to it."""
    _, _, _, _, packed = (site / "objects.inv").read_bytes().split(b"\n", 4)
    lines = zlib.decompress(packed).decode().splitlines()
    return {line.split()[0] for line in lines if line.split()[1].startswith("py:")}
