"""Words that say that a text is not finished."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from procauthor.convention.word import words
from procauthor.markdown.document import Document
from procauthor.markdown.passage import read_prose
from procauthor.settings import PlaceholderConventions
from procauthor.template.pattern import parse_pattern
from procauthor.template.spec import Template

SHIPPED = PlaceholderConventions()
"""The placeholder words of a library that says nothing of its own."""
# A day that nobody has filled in yet.
_DATE = r"20\d\d-(?:\d\d|XX)-XX"
_DATE_PIECE = "-XX"
# A mark with a label before it is no text; a mark in a longer sentence is one in a text.
_FEW_WORDS = 8
# Two words: behind one, as in "If TODO condition", the mark can as well hold the place of what is to come.
_BEFORE = re.compile(r"\w [a-z]+ \Z")
# So many characters before a mark hold the two words; to look further takes long in a text full of marks.
_NEAR = 64
_BEHIND = re.compile(r" [a-z]{2}")
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "‘": "’"}
_LABEL = re.compile(r"\s*\*\*[^*\n]{1,80}(?::\*\*|\*\*:)\s*")
_FENCE = re.compile(rb"^[ \t]{0,9}(?:`{3,}|~{3,})[^\n]*$", re.MULTILINE)
_CODE = re.compile(rb"`[ \t]{0,9}([^`\n]{1,200})`")
_BRACES = re.compile(r"\{[^{}\n]+?\}")


@dataclass(frozen=True, slots=True)
class Leftover:
    """A piece of text that somebody meant to replace."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Signs:
    """What says that a text is not finished: pieces for a first look, with the patterns that then decide."""

    pieces: tuple[str, ...]
    words: re.Pattern[str]
    brackets: re.Pattern[str]
    filler: re.Pattern[str]
    fillers: tuple[str, ...]
    told: tuple[str, ...]
    notes: tuple[str, ...]
    naming: frozenset[str]
    code: re.Pattern[str]

    def may_fill(self, text: str) -> bool:
        """Say whether a text may hold filler, in any case."""
        lower = text.lower()
        return not text.isascii() or any(filler in lower for filler in self.fillers)


@lru_cache(maxsize=16)
def _signs(conventions: PlaceholderConventions) -> Signs:
    shipped = words()["placeholders"]
    ignored = {word.casefold() for word in conventions.ignore}
    kept = [word for word in (*shipped["words"], *conventions.words) if word.casefold() not in ignored]
    marks = "|".join(map(re.escape, kept)) or r"(?!)"
    dates = () if _DATE_PIECE.casefold() in ignored else (_DATE,)
    brackets = [word for word in shipped["brackets"] if f"[{word}]" not in ignored]
    begins = "|".join(map(re.escape, brackets)) or r"(?!)"
    return Signs(
        pieces=(*kept, *([_DATE_PIECE] if dates else [])),
        words=re.compile(rf"(?<![\w/-])(?:{'|'.join((marks, *dates))})(?![\w/+-])"),
        brackets=re.compile(rf"\[(?:{begins})\b[^\]\n]{{0,60}}\](?!\()", re.IGNORECASE),
        filler=re.compile("|".join(map(re.escape, shipped["filler"])), re.IGNORECASE),
        fillers=tuple(map(str.lower, shipped["filler"])),
        told=tuple(f"[{word}" for word in shipped["told"]),
        notes=tuple(shipped["notes"]),
        naming=frozenset(shipped["naming"]),
        code=re.compile(rf"(?:[#/;*-]{{1,3}}\s{{0,9}})?(?:{marks})(?![\w/-])"),
    )


def find_placeholders(document: Document, conventions: PlaceholderConventions = SHIPPED) -> Iterator[Leftover]:
    """Yield placeholder words in running text; links and comments are left alone, code unless the conventions say so.

    A word in quotes is talked about, and no placeholder.
    """
    signs = _signs(conventions)
    prose = read_prose(document)
    text = prose.text
    # To look for a few pieces is much faster than to search for patterns, and there is hardly ever something to find.
    words_there = (signs.words,) if any(piece in text for piece in signs.pieces) else ()
    filler = (signs.filler,) if signs.may_fill(text) else ()
    brackets = (signs.brackets,) if "[" in text else ()
    for pattern in (*words_there, *brackets, *filler):
        for passage, place, found in prose.search(pattern):
            end = place + len(found)
            told = found.startswith(signs.told) or _is_spoken(found, passage.text)
            if not told and not _is_mentioned(signs, passage.text, place, end):
                yield Leftover(found, passage.offset(place))
    if conventions.code:
        yield from _in_code(document, signs)


def _is_spoken(found: str, text: str) -> bool:
    """Say whether brackets in capitals are in a sentence that somebody will say: "this is [NAME], and I am ..."."""
    return found.startswith("[") and found.isupper() and len(text.split()) > _FEW_WORDS


def _is_mentioned(signs: Signs, text: str, start: int, end: int) -> bool:
    """Say whether a text is about a mark, and does not use it: in quotes, by its name, or within a sentence."""
    before = text[max(0, start - _NEAR) : start].split()
    named = bool(before) and before[-1].casefold() in signs.naming
    in_sentence = text[start:end] in signs.notes and _is_in_sentence(text, start, end)
    return named or in_sentence or _is_quoted(text, start, end)


def _is_in_sentence(text: str, start: int, end: int) -> bool:
    """Say whether a piece of text has ordinary words right before and behind it: "look for TODO items"."""
    return bool(_BEFORE.search(text, max(0, start - _NEAR), start) and _BEHIND.match(text, end))


def _is_quoted(text: str, start: int, end: int) -> bool:
    """Say whether a piece of text begins behind a quotation mark that is closed in the same passage."""
    close = _QUOTES.get(text[start - 1 : start])
    return close is not None and close in text[end : end + 200]


def _in_code(document: Document, signs: Signs) -> Iterator[Leftover]:
    """Yield placeholder words that begin a span of code, or all lines of a block of code.

    Among other lines such a word is a comment of the code that is shown.
    """
    raw = document.source.raw
    blocks = [(b.start, b.end) for section in document.sections for b in section.blocks if b.kind == "code"]
    for span in _CODE.finditer(raw):
        if not any(start <= span.start() < end for start, end in blocks):
            left = list(_leftover(signs, span[1], span.start(1)))
            # Among other words a bare mark is talked about: "collect all `TODO` notes".
            if left and (left[0].text.encode() != span[1].strip() or _is_alone(raw, span.start(), span.end())):
                yield from left
    for start, end in blocks:
        lines = [line for line in _FENCE.sub(b"", raw[start:end]).split(b"\n") if line.strip()]
        if lines and all(any(_leftover(signs, line, 0)) for line in lines):
            yield from _leftover(signs, lines[0], raw.index(lines[0], start))


def _is_alone(raw: bytes, start: int, end: int) -> bool:
    """Say whether a line holds no words but those of a span."""
    before = raw[raw.rfind(b"\n", 0, start) + 1 : start]
    after = raw[end:].partition(b"\n")[0]
    return not re.search(rb"[^\W\d]", before + after)


def _leftover(signs: Signs, raw: bytes, at: int) -> Iterator[Leftover]:
    text = raw.decode(errors="replace")
    match = signs.code.match(text.lstrip())
    if match:
        yield Leftover(match[0], at + len(raw) - len(raw.lstrip()))


def is_placeholder(text: str, conventions: PlaceholderConventions = SHIPPED) -> bool:
    """Say whether a piece of text holds no more than the mark of what is to be written there."""
    signs = _signs(conventions)
    mark = signs.words.search(text) if any(piece in text for piece in signs.pieces) else None
    if mark is None:
        return False
    label = _LABEL.match(text)
    begins = mark.start() in (0, label.end() if label else 0)
    return begins or "…" in text or len(text.split()) <= _FEW_WORDS


def find_template_text(document: Document, template: Template) -> Iterator[Leftover]:
    """Yield fields in braces that stand in the document as they stand in the template."""
    if "{" not in read_prose(document).text:
        return
    words = _fields(template.boilerplate)
    for run in document.runs:
        for match in _BRACES.finditer(run.text) if "{" in run.text else ():
            if match[0] in words or match[0].replace("?}", "}") in words:
                yield Leftover(match[0], run.start + len(run.text[: match.start()].encode()))


@lru_cache(maxsize=64)
def _fields(boilerplate: frozenset[str]) -> frozenset[str]:
    return frozenset(
        f"{{{inside}}}"
        for line in boilerplate
        for slot in parse_pattern(line).slots
        for inside in (slot.name, slot.hint)
        if inside
    )
