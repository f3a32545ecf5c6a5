"""Suppressions in documents: each says why, and each is still needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from procauthor.checking.scope import Family, Rule, Scope, say
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.stored import Stored
from procauthor.markdown.document import Comment, Document
from procauthor.regex import lazy

Reach = Literal["ignore", "ignore-section", "ignore-file"]
_DIRECTIVE = lazy(r"\s*procauthor:\s*(ignore(?:-section|-file)?)(?=\s|$)(.*)", re.DOTALL)
_REASON = lazy(r"(?:^|\s)(?:--+|[—–])(?:\s|$)")
_UNTIL = lazy(r"\suntil\s+(\d{4}-\d\d-\d\d)\s*\Z")
_REACH: dict[str, Reach] = {"ignore": "ignore", "ignore-section": "ignore-section", "ignore-file": "ignore-file"}


@dataclass(frozen=True, slots=True)
class Directive:
    """A suppression: the rules as written, why, and the lines that it covers, the last one included."""

    procedure: Procedure
    comment: Comment
    reach: Reach
    rules: tuple[str, ...]
    reason: str
    first: int
    last: int
    until: date | None = None
    """The last day on which it counts."""

    @property
    def place(self) -> tuple[str, int]:
        """The document and the offset of the comment."""
        return self.procedure.path, self.comment.start

    @property
    def valid(self) -> bool:
        """Whether it counts: it names rules and says why."""
        return bool(self.rules and self.reason)

    def expired(self, day: date) -> bool:
        """Say whether its last day is over."""
        return self.until is not None and self.until < day

    def covers(self, path: str, line: int) -> bool:
        """Say whether a place is covered."""
        return path == self.procedure.path and self.first <= line <= self.last


_Mark = tuple[Comment, Reach, tuple[str, ...], str, int, int, date | None]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[_Mark, ...]).decode


def read_directives(procedures: Iterable[Procedure]) -> Iterator[Directive]:
    """Yield the suppressions of documents; what is in code is no comment."""
    for procedure in procedures:
        if isinstance(procedure, Stored):
            if procedure.directives:
                yield from (Directive(procedure, *mark) for mark in _decode(procedure.directives))
            continue
        for comment in procedure.document.comments:
            match = _DIRECTIVE.fullmatch(comment.text)
            if match:
                yield _read(procedure, comment, _REACH[match[1]], match[2])


def write_directives(procedure: Procedure) -> bytes:
    """Return the suppressions of a document as they are kept."""
    found = [(d.comment, d.reach, d.rules, d.reason, d.first, d.last, d.until) for d in read_directives((procedure,))]
    return _encode(found) if found else b""


def _read(procedure: Procedure, comment: Comment, reach: Reach, text: str) -> Directive:
    parts = _REASON.split(text, maxsplit=1)
    names, until = _last_day(parts[0])
    rules = tuple(word.lower() for word in re.split(r"[,\s]+", names) if word)
    reason = " ".join(parts[1].split()) if len(parts) > 1 else ""
    first, last = _lines(procedure.document, comment, reach)
    return Directive(procedure, comment, reach, rules, reason, first, last, until)


def _last_day(text: str) -> tuple[str, date | None]:
    """Split off the last day; what is no day stays among the names of rules, and is reported as one."""
    match = _UNTIL.search(text)
    try:
        return (text[: match.start()], date.fromisoformat(match[1])) if match else (text, None)
    except ValueError:
        return text, None


def _lines(document: Document, comment: Comment, reach: Reach) -> tuple[int, int]:
    source = document.source
    if reach == "ignore-file":
        return 1, len(source.line_starts)
    section = next(s for s in reversed(document.sections) if s.start <= comment.start)
    if reach == "ignore-section":
        # Below the title is the whole document, and for that there is ignore-file.
        end = document.end(section) if section.level > 1 else section.end
        return section.line, source.line(max(section.start, end - 1))
    last = source.line(max(comment.start, comment.end - 1))
    return comment.line, _end_of_next(document, comment, last) if _alone(document, comment) else last


def _alone(document: Document, comment: Comment) -> bool:
    """Say whether nothing but list and quote markers is on the lines of a comment."""
    raw = document.source.raw
    begin = raw.rfind(b"\n", 0, comment.start) + 1
    end = raw.find(b"\n", comment.end)
    around = raw[begin : comment.start] + raw[comment.end : end if end != -1 else len(raw)]
    return not around.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r>-*+")


def _end_of_next(document: Document, comment: Comment, last: int) -> int:
    """Return the last line of the block that follows, or of the heading; inside a block it is the next line of text."""
    source = document.source
    for section in document.sections:
        heading = section.heading
        if heading and heading.start >= comment.end:
            return source.line(max(heading.start, heading.end - 1))
        for block in section.blocks:
            if block.start < comment.start and comment.end < block.end and block.kind != "html":
                return _next_text(document, last)
            if block.start >= comment.end and block.kind != "html":
                return source.line(max(block.start, block.end - 1))
            if block.kind == "html" and block.start < comment.end < block.end and _speaks(document, comment, block.end):
                return source.line(block.end - 1)
    return last


def _speaks(document: Document, comment: Comment, end: int) -> bool:
    """Say whether an HTML block goes on behind a comment with something else than comments."""
    text = document.source.slice(comment.end, end)
    return bool(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).strip())


def _next_text(document: Document, line: int) -> int:
    source = document.source
    starts = [*source.line_starts, len(source.raw)]
    return next((n for n in range(line + 1, len(starts)) if source.raw[starts[n - 1] : starts[n]].strip()), line)


SUPPRESSION_WITHOUT_REASON = Rule(
    name="suppression-without-reason",
    code="U101",
    severity="warning",
    summary="A comment that ignores a rule does not say why; it does not count.",
    why="Nobody can decide later whether the exception still holds, so exceptions pile up.",
    fix="Write the reason behind two dashes, in the same comment.",
    example="<!-- procauthor: ignore broken-link -->",
)
UNUSED_SUPPRESSION = Rule(
    name="unused-suppression",
    code="U102",
    severity="warning",
    summary="A comment ignores a rule that finds nothing there, or its last day is over.",
    why="It would hide the next finding, which nobody has excused.",
    fix="Remove the comment, or correct the rule's name or the day.",
    example="<!-- procauthor: ignore broken-link -- the page is made at night --> above a link that leads somewhere",
)


def _check_suppression(scope: Scope) -> Iterator[Finding]:
    """Yield what can be said of a suppression by itself; whether it is used shows when all rules have run."""
    for directive in read_directives(scope.subjects):
        start = directive.comment.start
        if not directive.rules:
            message = "the suppression names no rule"
            hint = "for example: <!-- procauthor: ignore broken-link -- the page is made at night -->"
            yield say(UNUSED_SUPPRESSION, directive.procedure, start, message, hint)
        elif not directive.reason:
            names = ", ".join(directive.rules)
            message = f"no reason is given to ignore {names}"
            hint = f"write: procauthor: {directive.reach} {names} -- why"
            yield say(SUPPRESSION_WITHOUT_REASON, directive.procedure, start, message, hint)


SUPPRESSIONS = Family(
    "Suppressions in documents: each says why, and each is still needed",
    (SUPPRESSION_WITHOUT_REASON, UNUSED_SUPPRESSION),
    "document",
    _check_suppression,
)
