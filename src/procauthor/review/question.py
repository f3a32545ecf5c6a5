"""Answers an open question or a proposal: the answer takes its place in the text, and the question is closed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from procauthor.errors import ConfigError, LibraryError, NotFoundError
from procauthor.library.change import refuse_conflict
from procauthor.library.library import Procedure, find_section
from procauthor.library.status import (
    MARK,
    PROPOSALS,
    PROPOSED,
    QUESTIONS,
    UNVERIFIED,
    Question,
    QuestionPlace,
    find_places,
)
from procauthor.library.thin import find_placeholders
from procauthor.markdown.document import Block, Document, Replacement, Section, replace_spans
from procauthor.markdown.front import Cut, Drop, Extend, FrontEdit, Put, edit_front_matter
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import find_differences, kept_by, refuse
from procauthor.regex import lazy
from procauthor.template.spec import section_key

ANSWERS = "answers"
"""The key of the front matter for answers to questions that name no section."""
_QUOTED = lazy(r'"([^"\n]+)"')
_HIDDEN = lazy(r"[\x00-\x1f\x7f]")
_LEAST_LEVEL = 2
_FIELD = lazy(r"[ \t>]*(?:[-*+]|\d+[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")


@dataclass(frozen=True, slots=True)
class Answered:
    """A document with one question fewer. ``where`` says what became of the answer, ``left`` how many are open."""

    question: Question
    answer: str
    where: str
    raw: bytes
    left: int


def answer(procedure: Procedure, number: int, text: str = "", *, accept: bool = False, section: str = "") -> Answered:
    """Return a document in which a question is answered; nothing is written.

    Args:
        procedure: The document.
        number: The number of the question in it, from 1.
        text: The answer, one line.
        accept: Take the proposed value, or confirm a claim, as it is; then there need be no text.
        section: The heading below which the answer goes where the question is listed in the front matter.

    Raises:
        NotFoundError: It has no such question or section.
        ConfigError: The answer is empty, of several lines, or open itself, or nothing is there to be accepted.
        LibraryError: The answer would change more than its place.
        FrontMatterError: The front matter cannot be changed safely.
    """
    refuse_conflict(procedure.path, procedure.document)
    words = procedure.conventions.placeholders
    places = find_places(procedure.document, procedure.template, words) if procedure.kind != "template" else ()
    place = next((each for each in places if each.question.number == number), None)
    if place is None:
        message = f"{procedure.path} has no open question {number}"
        raise NotFoundError(message, f"it has {len(places)}; procauthor questions lists them")
    text = _read(text.strip(), place.question, accept=accept)
    document = procedure.document
    if place.question.kind == "proposal" and place.index >= 0:
        where, raw = _take(procedure, place, text)
    elif place.question.listed:
        where, body = _put(procedure, place.question, text, section)
        raw = _close(procedure.path, parse(body), place, text if not where else "")
        where = where or ("confirmed" if not text else f"{ANSWERS} in the front matter")
    else:
        where, raw = place.question.section or "the text", _replace(procedure.path, document, place, text)
    left = find_places(parse(raw), procedure.template, words)
    _require_closed(procedure.path, places, left, number)
    return Answered(place.question, text, where, raw, len(left))


def _read(text: str, question: Question, *, accept: bool) -> str:
    """Return the words of an answer: those that were given, or those that were proposed."""
    if accept and not text and question.kind == "proposal":
        text = question.value
    confirmed = accept and question.text.startswith(UNVERIFIED)
    if not text and not confirmed:
        message = "nothing is proposed that could be accepted" if accept else "the answer is empty"
        raise ConfigError(message, "give the answer as text")
    if _HIDDEN.search(text):
        message = "the answer is more than one line"
        raise ConfigError(message, "an answer is one line; write a longer text into the document by hand")
    if PROPOSED in text or MARK in text or any(find_placeholders(parse(text.encode()))):
        message = "the answer is open itself"
        raise ConfigError(message, "answer without a word such as TODO, and without a proposal")
    return text


def _take(procedure: Procedure, place: QuestionPlace, text: str) -> tuple[str, bytes]:
    """Put a value in the place of a proposal, and take the proposal out of the front matter.

    Raises:
        ConfigError: The value is not in the text any more, and another one is given.
    """
    question, raw = place.question, procedure.document.source.raw
    if place.end:
        raw = _replace(procedure.path, procedure.document, place, text)
    elif text != question.value:
        message = (
            f"{procedure.path}: {question.value!r} with {MARK} behind it is not in the text, so nothing can change"
        )
        raise ConfigError(message, "accept the proposal with --accept, or edit the document by hand")
    return question.section or "confirmed", _close(procedure.path, parse(raw), place, "")


def _replace(path: str, document: Document, place: QuestionPlace, text: str) -> bytes:
    """Put an answer in the place of a mark."""
    parts = [part.strip() for part in text.split("|")] if place.cells else [text]
    if place.cells == 1:
        parts = [text.replace("|", "\\|")]
    if place.cells and len(parts) != place.cells:
        message = f"the answer has {len(parts)} parts, and the row has {place.cells} open cells"
        raise ConfigError(message, "separate the cells with |, for example: 'Decision Log | two years'")
    return _proven(path, document, Replacement(place.start, place.end, " | ".join(parts)))


def _proven(path: str, document: Document, edit: Replacement) -> bytes:
    raw = document.source.raw
    after = replace_spans(raw, [edit])
    made = parse(after)
    refuse(path, find_differences(document, made, kept_by(len(raw), [edit])))
    if [h.text for h in made.headings if h.start < edit.start] != [
        h.text for h in document.headings if h.start < edit.start
    ] or len(made.headings) != len(document.headings):
        message = f"{path}:{document.source.line(edit.start)}: the answer would be read as a heading"
        raise LibraryError(message, "nothing was written; answer in plain words")
    return after


def _require_closed(path: str, before: Sequence[QuestionPlace], after: Sequence[QuestionPlace], number: int) -> None:
    """Make sure that this question is closed, and that no other is.

    Raises:
        LibraryError: Another one would be closed, or a new one opened.
    """
    wanted = [each.question.text for each in before if each.question.number != number]
    if wanted != [each.question.text for each in after]:
        message = f"{path}: the answer would open or close other questions"
        raise LibraryError(message, "nothing was written; answer in plain words, or edit the document by hand")


# Questions of the front matter


def _put(procedure: Procedure, question: Question, text: str, heading: str) -> tuple[str, bytes]:
    """Return the heading of the section that takes an answer up, and the text with it; no heading where none does."""
    document = procedure.document
    if not text or question.text.startswith(UNVERIFIED):
        return "", document.source.raw
    section = find_section(procedure, heading) if heading else _named(document, question.text)
    edit = _added(document, section, text) if section else None
    if section is None or edit is None:
        if heading:
            message = f"{procedure.path}: the section {heading!r} takes up no line of text"
            raise ConfigError(message, "name another section, or none: then the answer is kept in the front matter")
        return "", document.source.raw
    return section.title, _proven(procedure.path, document, edit)


def _named(document: Document, question: str) -> Section | None:
    """Return the section that a question names: before a colon, or in quotation marks."""
    names = [question.partition(":")[0], *_QUOTED.findall(question)]
    sections = (_with_heading(document, name) for name in names)
    return next((section for section in sections if section), None)


def _with_heading(document: Document, heading: str) -> Section | None:
    key = section_key(heading)
    sections = [s for s in document.sections if s.level >= _LEAST_LEVEL and section_key(s.title) == key]
    return sections[0] if len(sections) == 1 and key else None


def _added(document: Document, section: Section, text: str) -> Replacement | None:
    """Return what adds a line to the end of a section, in its form; None where it has steps or rows."""
    newline = document.source.newline
    last = next((block for block in reversed(section.blocks) if block.kind not in ("html", "rule")), None)
    if len(list(document.family(section))) > 1 or (last and last.kind not in ("paragraph", "list")):
        return None
    if last is None:
        return Replacement(section.body, section.body, f"{newline}{text}{newline}")
    end = last.start + len(document.source.raw[last.start : last.end].rstrip())
    lead = _lead(document, last) if last.kind == "list" else newline
    return None if lead is None else Replacement(end, end, f"{newline}{lead}{text}")


def _lead(document: Document, block: Block) -> str | None:
    """Return what an item behind the last one of a list begins with."""
    item = next(item for item in reversed(block.items) if item.level == 0)
    first = document.source.raw.rfind(b"\n", 0, item.start) + 1
    match = _FIELD.match(document.source.slice(first, item.end))
    if match is None:
        return None
    lead = match[0].replace("[x]", "[ ]").replace("[X]", "[ ]")
    return re.sub(r"\d+", lambda number: str(int(number[0]) + 1), lead) if item.number is not None else lead


def _close(path: str, document: Document, place: QuestionPlace, kept: str) -> bytes:
    """Take a question out of the front matter; an answer that has no other place is kept there."""
    question, index = place.question, place.index
    key = PROPOSALS if question.kind == "proposal" else QUESTIONS
    value = document.fields[key].value
    values = list(value) if isinstance(value, list | tuple) else [value]
    rest = [each for at, each in enumerate(values) if at != index]
    own = values[index]
    edits: list[FrontEdit] = []
    if not rest:
        edits.append(Drop(key))
    elif isinstance(own, str) and values.count(own) == 1:
        edits.append(Cut(key, own))
    else:
        edits.append(Put(key, rest))
    if kept:
        edits.append(Extend(ANSWERS, [f"{question.text} {kept}"]))
    return replace_spans(document.source.raw, edit_front_matter(document, path, edits))
