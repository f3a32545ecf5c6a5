"""What a begun text lacks, said as reasons and as action items."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from msgspec import Struct

from procauthor.data import grouped
from procauthor.evaluation.value import Row
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.status import find_renamed, match_sections
from procauthor.library.thin import Leftover, find_placeholders
from procauthor.markdown.document import Document
from procauthor.naming import amount, listed
from procauthor.planning.line import plain_text
from procauthor.template.spec import plain_heading

# Errors that are gone once the text is whole, or said in other words.
_SAID = ("missing-section", "empty-section", "status-mismatch", "open-question")
_MARK = "placeholder-text"
_MOST_MARKS = 5
_MOST_WORDS = 14
_NAMED = 2
CUT = "…"
"""What stands for the words that are left out of a long text."""
_EDGES = "`:.()#>-_* "


class Mark(NamedTuple):
    """A place that says of itself that it is not finished: its line, its heading, and what it asks for."""

    line: int
    section: str
    asked: str


class Lack(Struct, frozen=True):
    """What a begun text lacks: sections to be written, marks to be finished, and errors of other kinds."""

    sections: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    errors: tuple[Finding, ...] = ()
    declared: bool = False
    """Whether its own status says that it is not finished."""
    slight: bool = False
    """Whether it lacks no more than headings that are there in other words, or that nothing demands."""

    def reasons(self) -> Iterator[str]:
        """Yield what it lacks, in words."""
        if self.sections:
            yield f"it lacks {listed([*map(plain_heading, self.sections)])}"
        if self.marks:
            said = next((mark for mark in self.marks if mark.asked), self.marks[0])
            place, asked = said.section or f"line {said.line}", f": {said.asked}" if said.asked else ""
            many = f"{amount(len(self.marks), 'place')} in it are still to be finished, such as {place!r}{asked}"
            yield many if len(self.marks) > 1 else f"{place} is still to be finished{asked}"
        if self.declared:
            yield "it says of itself that it is not finished"

    def actions(self) -> Iterator[str]:
        """Yield what there is to do."""
        yield from (f"Write the section {name}" for name in self.sections)
        # The same words in several places are one piece of work.
        works = list(grouped((mark.asked, mark) for mark in self.marks).items())
        for asked, marks in works[:_MOST_MARKS]:
            yield f"Finish {_places(marks)}{f': {asked}' if asked else ''}"
        more = sum(len(marks) for _, marks in works[_MOST_MARKS:])
        if more:
            yield f"Finish {amount(more, 'more place')}"
        if self.declared:
            known = self.sections or self.marks
            yield f"{'Change' if known else 'Find out what it still lacks, and change'} its status once it is finished"
        for first, *others in grouped((each.rule, each) for each in self.errors).values():
            again = f", and {amount(len(others), 'more place')} of this kind" if others else ""
            yield f"Correct line {first.line}: {first.message}{again}"


def _places(marks: Sequence[Mark]) -> str:
    """Name some places as a person would; lines are enough where the headings would be many."""
    sections = list(dict.fromkeys(mark.section for mark in marks))
    lines = f"{'line' if len(marks) == 1 else 'lines'} {listed([str(mark.line) for mark in marks])}"
    return f"{listed(sections)} ({lines})" if all(sections) and len(sections) <= _NAMED else lines


def read_lack(procedure: Procedure, row: Row, findings: Sequence[Finding]) -> Lack:
    """Return what a begun text lacks.

    Args:
        procedure: The text.
        row: Its row of the evaluation.
        findings: What the check finds in it.
    """
    renamed = find_renamed(procedure.document, procedure.template) if procedure.template else {}
    errors = [each for each in findings if each.severity == "error" and each.rule not in _SAID]
    # What the settings call a remark is demanded by nobody.
    demanded = any(each.rule == "missing-section" and each.severity != "info" for each in findings)
    sections = (*(each for each in row.missing if demanded and each not in renamed), *row.empty)
    declared = row.declared == "in progress"
    marks = [*_marks(procedure, row.empty, {each.line for each in errors if each.rule == _MARK})]
    marks += [Mark(each.line, "", each.text) for each in row.questions if each.listed and each.kind == "question"]
    return Lack(
        sections=sections,
        marks=tuple(sorted(marks)),
        errors=tuple(each for each in errors if each.rule != _MARK),
        declared=declared,
        slight=bool(row.missing) and not (sections or marks or errors or declared),
    )


def _marks(procedure: Procedure, empty: Collection[str], lines: set[int]) -> Iterator[Mark]:
    """Yield the marks in some lines, without those in sections that hold nothing else: these are named besides."""
    document = procedure.document
    template = procedure.template
    match = match_sections(document, template).sections if template else {}
    heads = [match[spec.key] for spec in template.required if spec.heading in empty] if template else []
    named = {part.index for part in chain.from_iterable(map(document.family, heads))}
    for left in find_placeholders(document, procedure.conventions.placeholders) if lines else ():
        section, line = document.section_at(left.start), document.source.line(left.start)
        if line in lines and section.index not in named:
            title = section.title.rstrip(": ") if section.level > 1 else ""
            yield Mark(line, "" if left.text in title else title, _asked(document, left))


def _asked(document: Document, left: Leftover) -> str:
    """Return what a mark asks for: the words behind it, or below its heading, else those in front of it."""
    raw, end = document.source.raw, left.start + len(left.text.encode())
    section, last = document.section_at(left.start), raw.find(b"\n", end)
    behind = plain_text(document.source.slice(end, len(raw) if last == -1 else last)).strip(_EDGES)
    before = plain_text(document.source.slice(raw.rfind(b"\n", 0, left.start) + 1, left.start)).strip(_EDGES)
    if not _says(behind + before) and left.text in section.title:
        below = chain.from_iterable((block.text, *(item.text for item in block.items)) for block in section.blocks)
        behind = plain_text(next(filter(None, below), "")).strip(_EDGES)
    if _says(behind) and (not _says(before) or document.source.slice(end, end + 1) == ":"):
        words = behind.split()
        return " ".join(words[:_MOST_WORDS]) + CUT * (len(words) > _MOST_WORDS)
    words = before.split()
    shown = CUT * (len(words) > _MOST_WORDS) + " ".join(words[-_MOST_WORDS:])
    return f'"{shown} {left.text}"' if _says(before) else ""


def _says(text: str) -> bool:
    """Say whether a text holds a letter; a number alone is that of a list or a heading."""
    return any(map(str.isalpha, text))
