"""Where everything of a site is: addresses relative to its root, with forward slashes and not yet encoded."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from procauthor.markdown.document import encode_path, slugify
from procauthor.naming import split_ending

HOME = "index.html"
PAGES = "pages"
FILES = "files"
ASSETS = "assets"


@dataclass(frozen=True, slots=True)
class Places:
    """The address of each document by its path, of each checklist by the path too, of each lifecycle by its name."""

    pages: Mapping[str, str]
    checklists: Mapping[str, str]
    lifecycles: Mapping[str, str]


def read_places(paths: Iterable[str], lifecycles: Iterable[str], with_checklist: Iterable[str]) -> Places:
    """Give every document, every lifecycle and every checklist an address of its own.

    Some disks take two names for one that differ in case only, so these get a number.
    """
    taken: set[str] = set()
    pages = {path: _free(f"{PAGES}/{split_ending(path)[0]}", taken) for path in paths}
    checklists = {path: _free(f"{pages[path].removesuffix('.html')}.checklist", taken) for path in with_checklist}
    names = {name: _free(f"lifecycles/{slugify(name) or 'none'}", taken) for name in lifecycles}
    return Places(pages, checklists, names)


def _free(stem: str, taken: set[str]) -> str:
    number = 1
    while (name := f"{stem}-{number}.html" if number > 1 else f"{stem}.html").casefold() in taken:
        number += 1
    taken.add(name.casefold())
    return name


def link(source: str, target: str, anchor: str = "") -> str:
    """Return the address of a page or file as a page links to it; both are addresses within the site."""
    way = encode_path(posixpath.relpath(target, posixpath.dirname(source) or "."))
    return f"{way}#{encode_path(anchor)}" if anchor else way
