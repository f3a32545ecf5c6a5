"""The name of a document: where it is, and what is written around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from procauthor.convention.word import words
from procauthor.markdown.document import Document, Heading
from procauthor.settings import TitleConventions

_FIELD = re.compile(r"\{(name|number)\}")
# A name has no end of its own, so it takes what the pattern leaves.
_PARTS = {"name": r"(?P<name>\S.*?)", "number": r"\d{1,6}(?:\.\d{1,6}){0,3}"}
_SPACES = re.compile(r"\s+")


def read_title(document: Document, conventions: TitleConventions) -> str:
    """Return the title of a document as it is written, or an empty string."""
    readers = {
        "heading": lambda: _text(title_heading(document, first=False)),
        "first-heading": lambda: _text(title_heading(document, first=True)),
        "front-matter": lambda: document.front_title,
        "name": lambda: str(document.metadata.get("name") or "").strip(),
    }
    return next((title for source in conventions.sources if (title := readers[source]())), "")


def title_kind(title: str) -> str:
    """Return what a title says that its document is: by its last word, or a first one with a colon."""
    parts = title.casefold().split()
    said = {parts[-1], parts[0].removesuffix(":") if parts[0].endswith(":") else ""} if parts else set()
    return next((kind for kind, names in words()["kinds"].items() if not said.isdisjoint(names)), "")


def turned_title(title: str) -> str:
    """Return a title that begins with its kind as it is mostly called: ``Orchestration: A`` is ``A Orchestration``."""
    kind, colon, name = title.partition(":")
    return f"{name.strip()} {kind}" if colon and " " not in kind.strip() and title_kind(f"{kind}: x") else ""


def is_folder_name(stem: str, pages: tuple[str, ...]) -> bool:
    """Say whether files of a name are called by their folders: pages that show one, and what has one of its own."""
    return stem.casefold() in (*pages, *words()["survey"]["pages"], *words()["survey"]["bundles"])


def page_stem(path: str) -> str:
    """Return the name of a file in lower case, without its endings: ``_index`` of ``docs/_index.html.md``."""
    return path.rpartition("/")[2].rpartition(".")[0].lower().removesuffix(".html")


def has_own_folder(path: str) -> bool:
    """Say whether the file of a document has the name of those that have a folder all their own."""
    return is_folder_name(page_stem(path), ())


def title_heading(document: Document, *, first: bool) -> Heading | None:
    """Return the heading of level 1, or with ``first`` the first one, where no other is as high."""
    own = [h for h in document.headings if not h.nested]
    if first:
        return own[0] if own and all(h.level > own[0].level for h in own[1:]) else None
    return next((h for h in own if h.level == 1), None)


def _text(heading: Heading | None) -> str:
    return heading.text if heading else ""


def plain_name(title: str, patterns: tuple[str, ...]) -> str:
    """Return the name in a title: what is left when all patterns that fit are taken off."""
    name = title
    for pattern in patterns:
        match = _compiled(pattern).fullmatch(name)
        name = match["name"] if match else name
    return name


def write_title(name: str, like: str, patterns: tuple[str, ...]) -> str:
    """Return a name as a title, dressed like another title; a number is no part of what is copied."""
    fitting = [pattern for pattern in patterns if _compiled(pattern).fullmatch(like)]
    for pattern in reversed(fitting):
        if "{number}" not in pattern:
            name = pattern.replace("{name}", name)
    return name


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_pieces(pattern)), re.IGNORECASE | re.DOTALL)


def _pieces(pattern: str) -> Iterator[str]:
    place = 0
    for field in _FIELD.finditer(pattern):
        yield _literal(pattern[place : field.start()])
        yield _PARTS[field[1]]
        place = field.end()
    yield _literal(pattern[place:])


def _literal(text: str) -> str:
    return r"\s*".join(map(re.escape, _SPACES.split(text)))
