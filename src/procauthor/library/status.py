"""The status of a document, and what it leaves open: questions for a person, and proposed values.

Questions are listed under ``open_questions`` in the front matter, or marked where their answer belongs: ``TODO: which
role?``. A proposal is a value in its place: ``two days (proposed)``, with the value and the reason for it under
``open_proposals`` in the front matter, or both in the text: ``(proposed: two days; as for other reviews)``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain, count
from pathlib import PurePosixPath
from typing import Literal

import yaml
from msgspec import Struct
from msgspec.structs import replace

from procauthor.data import grouped, pick
from procauthor.library.thin import (
    SHIPPED,
    Thin,
    find_placeholders,
    find_template_text,
    find_thin,
    has_content,
    has_letters,
    is_placeholder,
    read_units,
)
from procauthor.markdown.document import Block, Document, Link, Replacement, Section, replace_spans
from procauthor.markdown.front import find_layout
from procauthor.markdown.parse import parse
from procauthor.markdown.passage import read_prose
from procauthor.procedure import DONE, UNCOUNTED, Status
from procauthor.regex import lazy
from procauthor.settings import PlaceholderConventions
from procauthor.template.spec import SectionSpec, Template, section_key

QUESTIONS = "open_questions"
"""The key of the front matter under which questions are listed."""
PROPOSALS = "open_proposals"
"""The key of the front matter under which proposals are listed: each a value, a semicolon, and the reason."""
OPEN = "…"
"""What is in the other fields of an item whose first field is marked."""
PROPOSED = "(proposed:"
"""What a proposal begins with; the value follows, then a semicolon, the reason, and the closing bracket."""
MARK = "(proposed)"
"""What follows a value in the text that is listed as a proposal."""
UNVERIFIED = "Unverified: "
"""What a question about a claim begins with that nothing supports: the claim is in the text already."""
Kind = Literal["question", "proposal"]
_PROPOSAL = lazy(re.escape(PROPOSED))
_MARK = lazy(re.escape(MARK))
_TURNED = lazy(r"(?P<value>\d[\w.,:/]*(?: ?%| [^\W\d][\w-]*| \d[\w.,:/]*){0,3}) \(proposed; ")
_LEAD = lazy(r"[ \t>]*(?:[-*+]|\d+[.)])?[ \t]*(?:\[[ xX]\][ \t]+)?(?:#{1,6}[ \t]+)?(?:\*\*[^*\n]+:\*\*[ \t]*)?")
_EMPHASIS = "*_ "
_BLANK = lazy(rb"\r?\n[ \t]*\r?\n")
_SHOWN = 200
# A value of one or two signs is that of a proposal only so few words in front of it.
_LEAST_SAID, _BESIDE = 3, 3
# What ends a sentence, or what else a proposal belongs to.
_SENTENCE_ENDS = ("\n", ". ", "|", ")")
# A mark or a proposal is a line or two: what is further away belongs to something else.
_NEAR = 2000


class Question(Struct, frozen=True, array_like=True):
    """Something that a person has to decide.

    ``number`` counts from 1 in its document. ``section`` is the heading that it is below, empty for the front matter.
    ``value`` is what is proposed, and ``reason`` why.
    """

    number: int
    kind: Kind
    text: str
    line: int
    section: str = ""
    value: str = ""
    reason: str = ""
    listed: bool = False
    """Whether it is listed in the front matter, and not marked in the text."""


class QuestionPlace(Struct, frozen=True):
    """A question with the bytes that its answer replaces, its place in a list of the front matter, or both.

    ``index`` is -1 for what is in the text alone; ``end`` is 0 for what is in the front matter alone. ``cells`` says
    that the span holds so many cells of a table.
    """

    question: Question
    start: int = 0
    end: int = 0
    index: int = -1
    cells: int = 0


def read_questions(
    document: Document, template: Template | None, words: PlaceholderConventions = SHIPPED
) -> tuple[Question, ...]:
    """Return the questions of a document: those of the front matter, then the marks in the order of the text.

    Marks for a text to come count where the document has a template: elsewhere the words may mean something else.
    """

    def read() -> tuple[Question, ...]:
        return tuple(place.question for place in find_places(document, template, words))

    return document.once("questions", read, template, words)


def question_json(question: Question, path: str, title: str, owner: str, draft: str = "") -> dict[str, object]:
    """Return the documented JSON object about a question; ``draft`` names the waiting draft that asks it."""
    return {
        "path": path,
        "title": title,
        "owner": owner,
        "draft": draft,
        **pick(question, "number", "kind", "text", "reason", "line", "section"),
    }


def without_proposals(text: str, values: Iterable[str] = ()) -> str:
    """Return a text with a dot in place of each proposal: what is proposed rests on nothing, and says so itself.

    ``values`` are those that are proposed in the front matter.
    """
    for value in values:
        text = re.sub(_marked(value), "\u2022", text)
    pieces, place, text = [], 0, told_first(text)
    for start, end in _brackets(text):
        pieces.append(text[place:start])
        place = end
    return "\u2022".join([*pieces, text[place:]])


def split_proposal(text: str) -> tuple[str, str]:
    """Return the value and the reason of a proposal: what is before the semicolon, and what is behind it."""
    value, _, reason = (part.strip() for part in text.partition(";"))
    return value, reason


def told_first(text: str) -> str:
    """Return a text with each proposal in the place of its value, which models like to say beside it once more.

    "30 seconds (proposed; ...)" is turned round, and in "after 4 days, by telephone (proposed: 4 days; ...)" the
    proposal is moved to where the sentence says the value.
    """
    text = _TURNED.sub(rf"{PROPOSED} \g<value>; ", text)
    pieces, place = [], 0
    for start, end in _brackets(text):
        value, _ = split_proposal(text[start + len(PROPOSED) : end - 1])
        before, again = text[place:start], _said_again(value, text, end)
        at = None if again else _said_at(value, before)
        if at:
            pieces += [before[: at[0]], text[start:end], before[at[1] :].rstrip()]
        else:
            pieces += [before, text[start:end]]
        place = again.end() if again else end
    return "".join([*pieces, text[place:]])


def _said_again(value: str, text: str, end: int) -> re.Match[str] | None:
    """Return where a paragraph goes on with the value right behind a proposal of it, which ends there."""
    return re.compile(rf"(?=\s)[^\S\n]*\n?[^\S\n]*{_spaced(value)}(?!\w)").match(text, end) if value else None


def _brackets(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each proposal in a text begins and ends, up to one whose bracket is not closed."""
    start = text.find(PROPOSED)
    while start >= 0:
        end = _behind_bracket(text, start, min(len(text), start + _NEAR))
        if end is None:
            return
        yield start, end
        start = text.find(PROPOSED, end)


def _said_at(value: str, before: str) -> tuple[int, int] | None:
    """Return where the sentence in front of a proposal says its value; far away a short number is something else."""
    begin = max(map(before.rfind, _SENTENCE_ENDS)) + 1
    said = list(re.compile(rf"(?<!\w){_spaced(value)}(?!\w)").finditer(before, begin)) if value else []
    if not said or (len(value) < _LEAST_SAID and len(before[said[-1].end() :].split()) > _BESIDE):
        return None
    return said[-1].span()


def _spaced(value: str) -> str:
    """Return the pattern of a value in a text; a line may end between two words."""
    return r"\s+".join(map(re.escape, value.split()))


def list_proposals(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a text that shows a value and a mark for each proposal, and the proposals for its front matter."""
    text = told_first(text)
    if PROPOSED not in text:
        return text, ()
    document = parse(text.encode())
    edits, listed = [], []
    for place in _proposals(document):
        question = place.question
        if question.value and question.reason:
            edits.append(Replacement(place.start, place.end, f"{question.value} {MARK}"))
            listed.append(f"{question.value}; {question.reason}")
    return replace_spans(document.source.raw, edits).decode(), tuple(listed)


def find_places(
    document: Document, template: Template | None, words: PlaceholderConventions = SHIPPED
) -> tuple[QuestionPlace, ...]:
    """Return the questions of a document with their places."""
    marks = [*(_gaps(document, words) if template is not None else ()), *_proposals(document)]
    noted = list(_noted(document))
    marked = sorted([*noted, *marks], key=lambda place: (place.start, -place.end))
    places = [*_listed(document), *_apart(marked)]
    return tuple(
        replace(place, question=replace(place.question, number=number)) for number, place in enumerate(places, start=1)
    )


def _apart(places: list[QuestionPlace]) -> Iterator[QuestionPlace]:
    """Yield the marks; two in one item or row are one question."""
    end = -1
    for place in places:
        if place.start >= end:
            yield place
            end = place.end


# In the front matter


def _listed(document: Document) -> Iterator[QuestionPlace]:
    for index, value, line in _entries(document, QUESTIONS):
        text, reason = _said(value)
        yield QuestionPlace(Question(0, "question", text, line, reason=reason, listed=True), index=index)


def _noted(document: Document) -> Iterator[QuestionPlace]:
    """Yield the proposals of the front matter, each with its value and mark in the text where these are there."""
    entries = list(_entries(document, PROPOSALS))
    marks = {passage.offset(at) for passage, at, _ in read_prose(document).search(_MARK)} if entries else set()
    for index, entry, line in entries:
        value, reason = split_proposal(_said(entry)[0])
        span = _value_at(document, value, marks)
        if span is None:
            question = Question(0, "proposal", value, line, value=value, reason=reason, listed=True)
            yield QuestionPlace(question, index=index)
            continue
        start, end = span
        marks.discard(end - len(MARK))
        section = _section_at(document, start)
        question = Question(0, "proposal", value, document.source.line(start), section.title, value, reason)
        yield QuestionPlace(question, start, end, index=index)


def _value_at(document: Document, value: str, marks: Collection[int]) -> tuple[int, int] | None:
    """Return the bytes of the first value that has one of the marks behind it."""
    spans = (match.span() for match in re.finditer(_marked(value).encode(), document.source.raw))
    return next(((start, end) for start, end in spans if end - len(MARK) in marks), None)


def _marked(value: str) -> str:
    """Return the pattern of a value with the mark behind it."""
    return rf"{_spaced(value)}\s+{re.escape(MARK)}"


def _entries(document: Document, key: str) -> Iterator[tuple[int, object, int]]:
    """Yield the entries of a list of the front matter with their places and lines."""
    field = document.fields.get(key)
    if field is None or field.value in (None, ""):
        return
    values = field.value if isinstance(field.value, list | tuple) else [field.value]
    known = find_layout(document.source) if document.front_matter else None
    entry = known[1].entry(key) if known else None
    lines = [field.line] * len(values)
    if known and entry and isinstance(entry.node, yaml.SequenceNode) and len(entry.node.value) == len(values):
        first = document.source.line(known[0].body)
        lines = [first + item.start_mark.line for item in entry.node.value]
    yield from zip(count(), values, lines, strict=False)


def _said(value: object) -> tuple[str, str]:
    """Return a question and its reason as an entry of the list gives them."""
    if isinstance(value, Mapping):
        words = {str(key): " ".join(str(each).split()) for key, each in value.items() if each is not None}
        text = words.get("question") or words.get("text") or "; ".join(f"{k}: {v}" for k, v in words.items())
        return text, words.get("reason", "")
    return " ".join(str(value).split()), ""


# In the text


def _gaps(document: Document, words: PlaceholderConventions) -> Iterator[QuestionPlace]:
    for left in find_placeholders(document, words):
        start, end, cells = _span(document, left.start, len(left.text.encode()), words)
        section = _section_at(document, left.start)
        text = " ".join(document.source.slice(start, end).split())[:_SHOWN]
        yield QuestionPlace(
            Question(0, "question", text, document.source.line(left.start), section.title), start, end, cells=cells
        )


def _proposals(document: Document) -> Iterator[QuestionPlace]:
    prose = read_prose(document)
    if PROPOSED not in prose.text:
        return
    for passage, place, _ in prose.search(_PROPOSAL):
        start = passage.offset(place)
        end = _closing(document, start)
        if end is None:
            continue
        inside = document.source.slice(start, end)[len(PROPOSED) : -1]
        value, reason = split_proposal(inside)
        section = _section_at(document, start)
        line = document.source.line(start)
        yield QuestionPlace(Question(0, "proposal", value, line, section.title, value, reason), start, end)


def _closing(document: Document, start: int) -> int | None:
    """Return the offset behind the bracket that closes a proposal in its paragraph, or None where none does."""
    raw = document.source.raw
    last = min(len(raw), start + _NEAR)
    blank = _BLANK.search(raw, start, last)
    # Bytes as letters: a bracket is one byte, and no part of another sign.
    near = raw[start : blank.start() if blank else last].decode("latin-1")
    end = _behind_bracket(near, 0, len(near))
    return None if end is None else start + end


def _behind_bracket(text: str, start: int, end: int) -> int | None:
    """Return the place behind the bracket that closes the one at ``start``, or None where none does before ``end``."""
    depth = 0
    for at in range(start, end):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at + 1
    return None


def _section_at(document: Document, offset: int) -> Section:
    """Return the section of the level below the title that an offset is in."""
    section = document.section_at(offset)
    while section.parent is not None and document.sections[section.parent].level > 1:
        section = document.sections[section.parent]
    return section


def _span(document: Document, start: int, size: int, words: PlaceholderConventions) -> tuple[int, int, int]:
    """Return the bytes that a mark speaks for, and how many cells of a table these are."""
    row = _row_at(document, start)
    if row:
        return row
    first, last = _line(document, start)
    line = document.source.slice(first, last)
    lead = _LEAD.match(line)
    begin = first + len(line[: lead.end() if lead else 0].encode())
    rest = document.source.slice(start + size, last)
    before = document.source.slice(min(begin, start), start)
    if OPEN in rest or not before.strip(_EMPHASIS):
        return min(begin, start), _block_end(document, start, last), 0
    if before.endswith("(") and ")" in rest:
        return start, start + size + len(rest[: rest.index(")")].encode()), 0
    if rest.startswith(":") or is_placeholder(line[lead.end() if lead else 0 :], words):
        return start, _block_end(document, start, last), 0
    return start, start + size, 0


def _row_at(document: Document, start: int) -> tuple[int, int, int] | None:
    """Return the cell of a table that a mark is in; with open cells behind it, these as well."""
    block = _block_at(document, start)
    if block is None or not block.rows:
        return None
    row = block.rows[max(0, bisect_right(block.rows, start, key=lambda each: each.start) - 1)]
    at = next((n for n, cell in enumerate(row.cells) if cell.start <= start < cell.end), None)
    if at is None:
        return None
    last = max([at, *(n for n, cell in enumerate(row.cells) if n > at and cell.text.strip() == OPEN)])
    text = document.source.raw[row.cells[at].start : row.cells[last].end]
    first = row.cells[at].start + len(text) - len(text.lstrip())
    return first, first + len(text.strip()), last - at + 1


def _line(document: Document, offset: int) -> tuple[int, int]:
    """Return the line around an offset, of a very long one what is near."""
    raw = document.source.raw
    first = max(raw.rfind(b"\n", 0, offset) + 1, offset - _NEAR)
    end = raw.find(b"\n", offset, offset + _NEAR)
    last = min(len(raw), offset + _NEAR) if end == -1 else end
    return first, first + len(raw[first:last].rstrip())


def _block_end(document: Document, start: int, line_end: int) -> int:
    """Return the end of the paragraph that a mark begins; elsewhere that of its line."""
    block = _block_at(document, start)
    if block is None or block.kind != "paragraph" or block.end - start > _NEAR:
        return line_end
    return start + len(document.source.raw[start : block.end].rstrip())


def _block_at(document: Document, offset: int) -> Block | None:
    blocks = document.section_at(offset).blocks
    place = bisect_right(blocks, offset, key=lambda each: each.start) - 1
    return blocks[place] if place >= 0 and offset < blocks[place].end else None


# A document with fewer of its sections filled than this share is a placeholder, not work in progress.
_PLACEHOLDER_SHARE = 0.25
_SIGNPOST_WORDS = 25
_SAYS_SO = lazy(rb"\bplaceholder\b", re.IGNORECASE)
UNWRITTEN: frozenset[Status] = UNCOUNTED | {"placeholder", "missing"}
"""What does not claim to be a text that can be worked by."""


class Match(Struct, frozen=True):
    """How a document fits its template: the section of each spec, by the spec's key."""

    sections: dict[str, Section]
    missing: tuple[SectionSpec, ...]
    empty: tuple[SectionSpec, ...]


def match_sections(document: Document, template: Template) -> Match:
    """Find the sections of the template in the document, by key at any level, the outermost first."""
    return document.once("match", lambda: _match_sections(document, template), template)


def _match_sections(document: Document, template: Template) -> Match:
    headed = (s for s in document.sections if s.heading and (s.level > 1 or s.title != document.title))
    by_key = grouped((section_key(section.title), section) for section in headed)
    matched: dict[str, Section] = {}
    inside: frozenset[int] = frozenset()
    # The steps come first: what is below them is a part of a step, such as its "Purpose".
    for spec in sorted(template.sections, key=lambda spec: spec.kind != "steps"):
        named = chain.from_iterable(by_key.get(key, ()) for key in spec.keys)
        candidates = [s for s in named if s.index not in inside]
        if candidates:
            section = matched[spec.key] = min(candidates, key=lambda s: (s.level, s.index))
            if spec.kind == "steps":
                inside |= {s.index for s in document.family(section)}
    missing = tuple(s for s in template.required if s.key not in matched)
    empty = tuple(
        s
        for s in template.sections
        if s.key in matched and s.kind != "group" and not has_content(document, matched[s.key])
    )
    return Match(matched, missing, empty)


def find_renamed(document: Document, template: Template) -> dict[str, Section]:
    """Return the sections that look like missing ones under another heading, by the heading that is asked for.

    The heading is nearly the same, or says more: "Diagnosis and mitigation" holds both.
    """
    match = match_sections(document, template)
    taken = {section.index for section in match.sections.values()}
    others = {section_key(s.title): s for s in document.sections if s.level > 1 and s.index not in taken and s.title}
    renamed: dict[str, Section] = {}
    for spec in match.missing:
        words = set(spec.key.split())
        close = get_close_matches(spec.key, list(others), n=1, cutoff=0.8)
        close = close or [key for key in others if words <= set(key.split())][:1]
        if close:
            renamed[spec.heading] = others[close[0]]
    return renamed


def has_text(document: Document, section: Section, words: PlaceholderConventions = SHIPPED) -> bool:
    """Say whether a section or one below it holds text: placeholder words, signs and bare labels are none."""
    return any(has_letters(unit) and not is_placeholder(unit, words) for unit in read_units(document, section))


def is_signpost(document: Document, links: Sequence[Link], path: str) -> bool:
    """Say whether a document only says where to read on: some words with one link, and no heading below the title.

    By a whole address it leads to where it has moved itself: to a file of the same name.
    """
    targets = {link.target.partition("#")[0] for link in links if not link.image}
    below = [h for h in document.headings if h.level > 1]
    words = sum(len(run.text.split()) for run in document.runs if not run.heading)
    name = PurePosixPath(path).name
    known = all("://" not in target or PurePosixPath(target).name == name for target in targets)
    return len(targets) == 1 and known and not below and words <= _SIGNPOST_WORDS


def is_silent(document: Document, status: Status, declared: Status | None) -> bool:
    """Say whether nothing claims that a document is finished. One that claims nothing and says much is not silent."""
    if status == "placeholder" and declared is None:
        return (
            not any(has_content(document, s) for s in document.sections)
            or _SAYS_SO.search(document.source.raw) is not None
        )
    return status in UNWRITTEN


def compute_status(
    document: Document, template: Template | None, declared: Status | None, words: PlaceholderConventions
) -> Status:
    """Return the status that the text supports, whatever it declares; a placeholder may call itself one."""
    metadata = document.metadata
    if metadata.get("alias_of") or declared == "alias":
        return "alias"
    if metadata.get("superseded_by") or declared == "deprecated":
        return "deprecated"
    if declared in ("rejected", "placeholder"):
        return declared
    if template is not None:
        return _by_sections(document, template, words)
    return declared if declared in ("proposed", "in progress") else _by_text(document, words)


def earn(text_status: Status, *, approved: bool = False, errors: int = 0) -> Status:
    """Return the status that counts: of a text with its status, with valid receipts for all of it, and with errors.

    Args:
        text_status: What the text supports.
        approved: Whether receipts for all its bytes are valid.
        errors: How many findings of severity error there are in it.
    """
    if text_status not in DONE:
        return text_status
    if errors:
        return "in progress"
    return "approved" if approved else text_status


def read_thin(document: Document, template: Template) -> tuple[Thin, ...]:
    """Return the sections that say less than the template asks for; they are looked for once."""
    sections = match_sections(document, template).sections
    return document.once("thin", lambda: find_thin(document, template, sections), template)


def lack_of(document: Document, template: Template, words: PlaceholderConventions) -> str:
    """Say what is between a text and "defined", but for listed questions and proposals; nothing where nothing is."""
    match = match_sections(document, template)
    reasons = (
        ("missing", [s.heading for s in match.missing]),
        ("empty", [s.heading for s in match.empty if not s.constraint.optional]),
        ("thin", [thin.heading for thin in read_thin(document, template)]),
    )
    said = [f"{word}: {', '.join(headings)}" for word, headings in reasons if headings]
    if any(find_placeholders(document, words)) or any(find_template_text(document, template)):
        said.append("words that are to be replaced")
    return "; ".join(said)


def _by_text(document: Document, words: PlaceholderConventions) -> Status:
    """Return the status of a document without a template."""
    if not any(has_text(document, section, words) for section in document.sections):
        return "placeholder"
    unfinished = read_questions(document, None, words) or any(left.sure for left in find_placeholders(document, words))
    return "in progress" if unfinished else "defined"


def _by_sections(document: Document, template: Template, words: PlaceholderConventions) -> Status:
    match = match_sections(document, template)
    lacking = {s.key for s in (*match.missing, *match.empty) if not s.constraint.optional}
    filled = len(match.sections) - len(match.empty)
    if template.required and filled < max(1, len(template.required) * _PLACEHOLDER_SHARE):
        return "placeholder"
    if not template.required and not any(has_content(document, section) for section in document.sections):
        return "placeholder"
    if lacking or read_questions(document, template, words) or any(find_template_text(document, template)):
        return "in progress"
    return "in progress" if read_thin(document, template) else "defined"
