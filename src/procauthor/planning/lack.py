"""What a begun text lacks, said as reasons and as action items."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Struct

from procauthor.data import grouped
from procauthor.evaluation.evaluate import BROKEN
from procauthor.evaluation.value import Row
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.status import find_renamed, match_sections
from procauthor.library.thin import Leftover, find_placeholders, has_letters
from procauthor.markdown.document import Document, Section
from procauthor.naming import amount, listed
from procauthor.planning.line import plain_text
from procauthor.template.spec import plain_heading

# Errors that are gone once the text is whole.
_SAID = ("missing-section", "empty-section", "status-mismatch")
_MARK = "placeholder-text"
_MOST_MARKS = 5
_MOST_WORDS = 14
CUT = "…"
"""What stands for the words that are left out of a long text."""
_EDGES = "`:.()#>-_* "


class Mark(Struct, frozen=True):
    """A place that says of itself that it is not finished: its line, its heading, and what it asks for."""

    line: int
    section: str
    asked: str


class Lack(Struct, frozen=True):
    """What a begun text lacks.

    ``sections`` are to be written. ``renamed`` holds sections under another heading, by the heading that is asked
    for, and ``usual`` the headings that most texts like it have, though nothing demands them. ``errors`` are the
    errors of other kinds.
    """

    sections: tuple[str, ...] = ()
    renamed: Mapping[str, Section] = {}
    usual: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    errors: tuple[Finding, ...] = ()
    declared: bool = False
    """Whether its own status says that it is not finished."""

    @property
    def slight(self) -> bool:
        """Whether it lacks nothing but headings."""
        return bool(self.renamed or self.usual) and not (self.sections or self.marks or self.errors or self.declared)

    def reasons(self) -> Iterator[str]:
        """Yield what it lacks, in words."""
        if self.sections:
            yield f"it lacks {_named(self.sections)}"
        places = tuple(dict.fromkeys(mark.section or f"line {mark.line}" for mark in self.marks))
        if places:
            asked = f": {self.marks[0].asked}" if len(self.marks) == 1 and self.marks[0].asked else ""
            yield f"{listed(places, most=2)} {'is' if len(places) == 1 else 'are'} still to be finished{asked}"
        others = [each for each in self.errors if each.rule not in BROKEN]
        if others:
            yield f"the check finds {amount(len(others), 'error')} in it, the first in line {others[0].line}"
        if self.slight:
            named = [f"calls {_named(headings)} {plain_heading(title)!r}" for title, headings in self._headings.items()]
            usual = [f"lacks {_named(self.usual)}, which most texts like it have"] if self.usual else []
            yield f"it is written, but {listed([*named, *usual])}"
        if self.declared:
            yield "it says of itself that it is not finished"

    @property
    def _headings(self) -> dict[str, list[str]]:
        """The missing headings, by the heading that holds them."""
        return grouped((section.title, heading) for heading, section in self.renamed.items())

    def actions(self) -> Iterator[str]:
        """Yield what there is to do."""
        yield from (f"Write the section {name}" for name in (*self.sections, *self.usual))
        for title, headings in self._headings.items():
            verb = "Rename" if len(headings) == 1 else "Split"
            yield f"{verb} the section {title!r} {'to' if len(headings) == 1 else 'into'} {listed(headings)}"
        # The same words in several places are one piece of work.
        works = list(grouped((mark.asked, mark) for mark in self.marks).items())
        for asked, marks in works[:_MOST_MARKS]:
            yield f"Finish {listed([*_places(marks)])}{f': {asked}' if asked else ''}"
        more = sum(len(marks) for _, marks in works[_MOST_MARKS:])
        if more:
            yield f"Finish {amount(more, 'more place')}"
        if self.declared:
            yield "Change its status once it is finished"
        for first, *others in grouped((each.rule, each) for each in self.errors).values():
            again = f", and {amount(len(others), 'more place')} of this kind" if others else ""
            yield f"Correct line {first.line}: {first.message}{again}"


def _named(headings: Sequence[str]) -> str:
    return listed([*map(plain_heading, headings)])


def _places(marks: Sequence[Mark]) -> Iterator[str]:
    """Yield how a person would name the places of some marks."""
    for section, lines in grouped((mark.section, mark.line) for mark in marks).items():
        place = f"{'line' if len(lines) == 1 else 'lines'} {listed([*map(str, lines)])}"
        yield f"{section} ({place})" if section else place


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
    missing = tuple(heading for heading in row.missing if heading not in renamed)
    return Lack(
        sections=(*(missing if demanded else ()), *row.empty),
        renamed={heading: section for heading, section in renamed.items() if heading in row.missing},
        usual=() if demanded else missing,
        marks=tuple(_marks(procedure, row.empty, {each.line for each in errors if each.rule == _MARK})),
        errors=tuple(each for each in errors if each.rule != _MARK),
        declared=row.declared == "in progress",
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
    if not has_letters(behind + before) and left.text in section.title:
        below = chain.from_iterable((block.text, *(item.text for item in block.items)) for block in section.blocks)
        behind = plain_text(next(filter(None, below), "")).strip(_EDGES)
    if has_letters(behind) and (not has_letters(before) or document.source.slice(end, end + 1) == ":"):
        words = behind.split()
        return " ".join(words[:_MOST_WORDS]) + CUT * (len(words) > _MOST_WORDS)
    words = before.split()
    shown = CUT * (len(words) > _MOST_WORDS) + " ".join(words[-_MOST_WORDS:])
    return f'"{shown} {left.text}"' if has_letters(before) else ""
