"""How a library writes titles, statuses, lifecycles and intervals, and the words that ship."""

from __future__ import annotations

import re
import tomllib
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain, takewhile
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from procauthor.markdown.document import Block, Cell, Document, Heading, Section
from procauthor.naming import bare_name
from procauthor.procedure import Status
from procauthor.regex import any_of, lazy
from procauthor.settings import INTERVAL, StatusConventions, TitleConventions
from procauthor.template.spec import plain_heading, section_key
from procauthor.template.spec import words as roles


@lru_cache(maxsize=1)
def words() -> Mapping[str, Any]:
    """Return the tables of ``words.toml``."""
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


# What begins a field that the template of a site fills.
_FILLED = lazy(r"\{\{|\{%|<%")
_FILLED_IN = lazy(r"\{\{[^{}]*\}\}|\{%[^{}]*%\}|<[^<>]*>")
_SOME_WORDS = 5
_FIELD = lazy(r"\{(name|number)\}")
# A name has no end of its own, so it takes what the pattern leaves.
# A dash may be between a number and it.
_PARTS = {"name": r"(?:[-–—:]\s+)?(?P<name>\S.*?)", "number": r"\d{1,6}(?:\.\d{1,6}){0,3}"}
_LONGEST_NUMBER = 9
_SPACES = lazy(r"\s+")


def read_title(document: Document, conventions: TitleConventions, named: str = "") -> str:
    """Return the title of a document as it is written, or an empty string.

    A heading of level 1 that is a chapter, or that a template fills, is no title where the front matter or the settings
    have one.

    Args:
        document: The document.
        conventions: Where titles are.
        named: What the settings call the document, if they do.
    """
    other = named or ("front-matter" in conventions.sources and document.front_title)
    heading = _text(title_heading(document, first=False))
    passed = bool(other) and (is_chapter(document) or _FILLED.search(heading) is not None)
    readers = {
        "heading": lambda: "" if passed else heading,
        "first-heading": lambda: _text(title_heading(document, first=True)),
        "front-matter": lambda: document.front_title,
        "name": lambda: str(document.metadata.get("name") or "").strip(),
    }
    return next((title for source in conventions.sources if (title := readers[source]())), named)


def title_kind(title: str) -> str:
    """Return what a title says that its document is: by its last word, or a first one with a colon."""
    parts = title.casefold().split()
    said = {*parts[-1:], *(first.removesuffix(":") for first in parts[:1] if first.endswith(":"))}
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
    return bare_name(path).lower()


def has_own_folder(path: str) -> bool:
    """Say whether the file of a document has the name of those that have a folder all their own."""
    return is_folder_name(page_stem(path), ())


def is_chapter(document: Document) -> bool:
    """Say whether the first heading of level 1 is a chapter: something is before it, or one is as high behind it."""
    own = [h for h in document.headings if not h.nested]
    highest = [place for place, heading in enumerate(own) if heading.level == 1]
    return bool(highest) and (highest[0] > 0 or len(highest) > 1 or _is_late(document, own[highest[0]]))


def _is_late(document: Document, heading: Heading) -> bool:
    """Say whether a paragraph of some words is before a heading: pictures and what a template fills are none."""
    before = (run.text for run in document.runs if not run.heading and run.start < heading.start)
    return len(_FILLED_IN.sub("", " ".join(before)).split()) >= _SOME_WORDS


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


def write_title(name: str, like: str, patterns: tuple[str, ...], number: str = "") -> str:
    """Return a name as a title, dressed like another title; a pattern with a number needs one of its own."""
    fitting = [pattern for pattern in patterns if _compiled(pattern).fullmatch(like)]
    for pattern in reversed(fitting):
        if number or "{number}" not in pattern:
            name = pattern.replace("{number}", number).replace("{name}", name)
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


_SIGNS = lazy(r"^[^\w(]+|[^\w)]+$")
_REMARK = lazy(r"\s*(?:[(\[:]|\s[-–—]\s).*$", re.DOTALL)
_NUMBER = lazy(r"^\d{1,4}(?:[-_.]|\s)+")


def lifecycle_name(heading: str) -> str:
    """Return the name in a heading: without number, signs, remark, and the word "Lifecycle".

    ``8. API Lifecycle (3 of 7)`` gives ``API``.
    """
    text = _REMARK.sub("", plain_heading(_SIGNS.sub("", heading))).strip()
    return _ends().sub("", text).strip() or text


def folder_lifecycle(folder: str) -> str:
    """Return the name of a lifecycle by its folder: ``08-api-lifecycle`` gives ``Api``, and ``QM`` stays as it is."""
    words = _NUMBER.sub("", folder).replace("-", " ").replace("_", " ").split(" ")
    return lifecycle_name(" ".join(word.title() if word.islower() else word for word in words))


def lifecycle_above(document: Document, section: Section) -> str:
    """Return the name of the lifecycle that a section of an index is about: a phase belongs to the one above it."""
    while section.parent is not None and _phase().match(plain_heading(_SIGNS.sub("", section.title))):
        above = document.sections[section.parent]
        if above.level <= 1 or not above.title:
            break
        section = above
    return lifecycle_name(section.title)


def read_phase(value: object) -> int | str | None:
    """Return a phase as a document or a table gives it, a number where it is one; a dash is no phase."""
    text = "" if value is None else str(value).strip()
    word = text.casefold().removeprefix("phase").strip()
    if word in ("", "-", "–", "—"):
        return None
    return int(word) if word.isdecimal() and len(word) < _LONGEST_NUMBER else text


@lru_cache(maxsize=1)
def _ends() -> re.Pattern[str]:
    table = words()["index"]["lifecycles"]
    ends, begins = (any_of(table[key]) for key in ("endings", "beginnings"))
    return re.compile(rf"\s+(?:{ends})$|^(?:{begins})\s+", re.IGNORECASE)


@lru_cache(maxsize=1)
def _phase() -> re.Pattern[str]:
    return re.compile(rf"(?:{any_of(roles().steps)})\s+\d", re.IGNORECASE)


_DAYS = {"d": 1, "w": 7}
_MONTHS = {"m": 1, "y": 12}
_YEAR = 12


class Interval(Struct, frozen=True):
    """A number of months and days."""

    months: int = 0
    days: int = 0

    def after(self, day: date) -> date:
        """Return the day that comes so much later; the 31st becomes the last day of a shorter month."""
        month = day.month - 1 + self.months
        year, month = day.year + month // _YEAR, month % _YEAR + 1
        try:
            moved = date(year, month, min(day.day, monthrange(year, month)[1]))
            return moved + timedelta(days=self.days)
        except (ValueError, OverflowError):
            return date.max


def read_interval(text: str) -> Interval | None:
    """Return an interval as it is written, or None where it is none."""
    match = INTERVAL.fullmatch(text.strip())
    if match is None:
        return None
    number, unit = int(match["number"]), match["unit"][0].lower()
    return Interval(days=number * _DAYS[unit]) if unit in _DAYS else Interval(months=number * _MONTHS[unit])


# Emphasis, emoji, and the names of emoji around a status.
_AROUND = lazy(r"^(?:\s*:[a-z0-9_+-]+:)?[\W_]+|^:[a-z0-9_+-]+:|[\W_]+(?::[a-z0-9_+-]+:)?\s*$")
_LONGEST = 100
_PAIR = 2
# A word with a remark may have a longer line.
_LONGEST_LINE = 400
_LINK = lazy(r"\[([^\[\]]{1,200})\]\([^()\s]{1,300}\)")


def read_status(declared: object) -> Status | None:
    """Return a declared status as one of the known ones, by the words that ship; other words give None."""
    return _shipped().get(plain_status(declared))


def plain_status(declared: object) -> str:
    """Return a status in lower case without emphasis and emoji; nothing where it is too long for one."""
    text = str(declared or "")
    return _AROUND.sub("", text).casefold() if len(text) <= _LONGEST else ""


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Status]:
    shipped: Mapping[str, Status] = words()["status"]["words"]
    return shipped


def known_words(conventions: StatusConventions) -> dict[str, Status]:
    """Return what each word for a status means in a library: those that ship, and its own."""
    return {**_shipped(), **{word.casefold(): state for word, state in conventions.words.items()}}


def read_word(declared: object, conventions: StatusConventions) -> Status | None:
    """Return the state that a declared status means in a library."""
    known = known_words(conventions)
    word = plain_status(declared)
    if word in known or not conventions.remarks:
        return known.get(word)
    text = _AROUND.sub("", str(declared or "")[:_LONGEST_LINE]).casefold()
    fitting = (each for each in known if re.match(rf"{re.escape(each)}\b", text))
    return known.get(max(fitting, key=len, default=""))


def read_mark(text: str, marks: Mapping[str, Status]) -> Status | None:
    """Return the status that a sign in a text says: one of those given, or one that ships."""
    return next((state for mark, state in known_marks(marks).items() if mark in text), None)


def known_marks(marks: Mapping[str, Status]) -> dict[str, Status]:
    """Return the signs that say a status: those that ship, and those of a library."""
    return {**words()["status"]["marks"], **marks}


def read_declared(path: str, document: Document, title: str, conventions: StatusConventions) -> Status | None:
    """Return the status that a document declares, from the first source that has one.

    Args:
        path: Where the document is, from the root of the library.
        document: The document.
        title: Its title as it is written.
        conventions: Where to look, and what the words mean.
    """
    for source in conventions.sources:
        if source == "metadata":
            state = read_word(document.metadata.get("status"), conventions) or _flagged(document)
        elif source == "table":
            state = read_word(table_text(document), conventions)
        elif source == "section":
            state = read_word(status_text(document, conventions.sections), conventions)
        elif source == "title":
            state = _in_title(title, conventions.titles)
        else:
            state = _in_folder(path, conventions.folders)
        if state is not None:
            return state
    return None


def _flagged(document: Document) -> Status | None:
    """Return the status that a flag of the front matter says, as in ``deprecated: true``."""
    flags: Mapping[str, Status] = words()["status"]["flags"]
    return next((state for key, state in flags.items() if document.metadata.get(key) is True), None)


def status_text(document: Document, headings: tuple[str, ...]) -> str:
    """Return the first line below a heading that introduces the status, or an empty string."""
    keys = set(map(section_key, headings))
    section = next((s for s in document.sections if s.heading and section_key(s.title) in keys), None)
    return next(_lines(document, section), "") if section else ""


def table_text(document: Document) -> str:
    """Return the status in a table before the first chapter: below its head, or in the cell behind it."""
    heads = words()["index"]["columns"]["status"]
    opening = takewhile(lambda section: section.level <= 1, document.sections)
    tables = (block for block in chain.from_iterable(section.blocks for section in opening) if block.header)
    pairs = chain.from_iterable(map(_pairs, tables))
    told = (value.text.strip() for key, value in pairs if key.text.strip(" *:").casefold() in heads)
    # "Stand" may be the state or the day of the last change: a day says no state.
    return next((text for text in told if not text[:1].isdigit()), "")


def _pairs(table: Block) -> Iterator[tuple[Cell, ...]]:
    """Yield what a table says of its document, with its head: a table with one row, or with two columns."""
    rows = [table.header.cells if table.header else (), *(row.cells for row in table.rows)]
    if len(rows) == _PAIR:
        yield from zip(*rows, strict=False)
    yield from (row for row in rows if len(row) == _PAIR)


def successor(document: Document, headings: tuple[str, ...]) -> str:
    """Return what the section with the status names as a link, or an empty string."""
    link = _LINK.search(status_text(document, headings)) if headings else None
    return link[1] if link else ""


def _lines(document: Document, section: Section) -> Iterator[str]:
    for block in section.blocks:
        text = _block_text(document, block).strip()
        if text:
            yield text.splitlines()[0]


def _block_text(document: Document, block: Block) -> str:
    if block.kind == "list":
        return block.items[0].text if block.items else ""
    return document.source.slice(block.start, block.end) if block.kind in ("paragraph", "quote") else ""


def _in_title(title: str, pieces: Mapping[str, Status]) -> Status | None:
    plain = title.casefold()
    return next((state for piece, state in pieces.items() if piece.casefold() in plain), None)


def _in_folder(path: str, folders: Mapping[str, Status]) -> Status | None:
    parents = {parent.as_posix() for parent in PurePosixPath(path).parents}
    return next((state for folder, state in folders.items() if folder.strip("/") in parents), None)
