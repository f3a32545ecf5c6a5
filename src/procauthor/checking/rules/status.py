"""What is said of a document: its status, the counts in overviews, approvals, and exceptions from rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from shlex import quote
from typing import Literal, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from procauthor.checking.scope import Family, Rule, Scope, field_line, say, say_line
from procauthor.checking.usage import Suspect, find_suspects
from procauthor.data import grouped
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.sidecar import RECEIPTS, ApprovalWorth, Receipt, show_key, sidecar_path
from procauthor.library.status import lack_of
from procauthor.library.stored import Stored
from procauthor.markdown.document import Comment, Document
from procauthor.procedure import DONE, UNCOUNTED
from procauthor.regex import lazy

STATUS_MISMATCH = Rule(
    name="status-mismatch",
    code="T101",
    severity="error",
    summary="The declared status is not what the text supports.",
    why="A status that is typed in proves nothing, and every overview counts on it.",
    fix="Finish the text, or correct the status.",
    example="“status: Defined” above a procedure with three of its eleven sections",
)
OPEN_QUESTION = Rule(
    name="open-question",
    code="T102",
    severity="info",
    summary="A question of the front matter is not answered; an error where the document is declared finished.",
    why="Who works by the document has to decide what its author could not.",
    fix="Answer it with procauthor answer, or by hand: write the answer into the text, and take the question out.",
    example="open_questions: [Which role accepts the result?]",
)
PROPOSAL_OPEN = Rule(
    name="proposal-open",
    code="T103",
    severity="info",
    summary="A proposed value was not accepted yet; an error where the document is declared finished.",
    why="The author could not know the value, and says why this one may be right. A person has yet to agree.",
    fix="Accept it with procauthor answer --accept, or answer with another value.",
    example="The owner answers within (proposed: two days; as in the other reviews).",
)


def _check_status(_: Scope, procedure: Procedure) -> Iterator[Finding]:
    if procedure.status not in UNCOUNTED:
        yield from _questions(procedure)
    unfinished = procedure.status in ("placeholder", "in progress") and procedure.declared_status in DONE
    if procedure.template is not None and unfinished:
        lack = lack_of(procedure.document, procedure.template, procedure.conventions.placeholders)
        # Questions and proposals are findings of their own.
        if lack:
            message = f"declared {procedure.declared_status}, but the text is {procedure.status}"
            yield say_line(STATUS_MISMATCH, procedure, field_line(procedure, "status"), message, lack)


def _questions(procedure: Procedure) -> Iterator[Finding]:
    """Report what is open. A mark in the text for a text to come is reported as that."""
    for question in procedure.questions:
        if question.kind == "proposal":
            rule, message = PROPOSAL_OPEN, f"{question.text!r} has not been accepted yet"
        elif question.listed:
            rule, message = OPEN_QUESTION, f"open question {question.number}: {question.text}"
        else:
            continue
        finding = say_line(rule, procedure, question.line, message, question.reason)
        yield replace(finding, severity="error") if procedure.declared_status in DONE else finding


STATUS = Family(
    "Declared status against what the text supports",
    (STATUS_MISMATCH, OPEN_QUESTION, PROPOSAL_OPEN),
    "document",
    _check_status,
)


STALE_CLAIM = Rule(
    name="stale-claim",
    code="T104",
    severity="warning",
    summary="The index or a README states a number of procedures that is not the counted one.",
    why="Readers believe the number, and do not notice that it was true last month.",
    fix="Run procauthor sync where it keeps the number, else correct the sentence or take the number out.",
    example="“4 of 7 procedures are defined”, where 5 of 8 are",
)


# They can be judged only when all else is known, since a text with an error is not counted as defined: see `check`.
CLAIMS = Family("Numbers in the text of an overview, held against the count", (STALE_CLAIM,), "library")


SUSPECT = Rule(
    name="suspect",
    code="V101",
    severity="warning",
    summary="A document relies on a part of another one's contract that changed since.",
    why="Its own text may no longer be true, and the editor of the other one has not looked.",
    fix="Read both, correct the document if need be, and say that it fits with “procauthor clear”.",
    example="Threat Model takes the Component Diagram of Architecture Review, which now promises less of it",
)
APPROVAL_OUTDATED = Rule(
    name="approval-outdated",
    code="V102",
    severity="warning",
    summary="A section was approved, and changed since, or its approval expired.",
    why="People act on an approval of words that were never approved.",
    fix="Have the section reviewed, and run “procauthor approve”.",
    example="Ada approved the workflow in July, and step 3 was edited in August",
)
BAD_RECEIPT = Rule(
    name="bad-receipt",
    code="V103",
    severity="warning",
    summary="The receipts of a document cannot be understood.",
    why="They approve nothing, whatever they were meant to say.",
    fix="Correct the file: one wrong date or a conflict that a merge left is enough; or bring back an earlier version.",
    example='"expires": "2027-02-30"',
)
_LONGEST = 160


def _check_review(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    review = scope.library.reviews.get(procedure.path)
    if review is None or procedure.status in UNCOUNTED:
        return
    if review.receipts.problem:
        message = f"{sidecar_path(RECEIPTS, procedure.path)} cannot be understood: {review.receipts.problem}"
        yield say_line(BAD_RECEIPT, procedure, procedure.title_line, message)
        return
    yield from _outdated(procedure)
    for suspect in find_suspects(scope, procedure):
        yield _suspect(procedure, suspect)


def _suspect(procedure: Procedure, suspect: Suspect) -> Finding:
    use, fits = suspect.use, f"if the text still fits, run: procauthor clear {quote(procedure.path)}"
    if use.part == "text":
        message = f"{suspect.what} of {use.producer.title!r} changed since it was translated here"
        return say_line(SUSPECT, procedure, use.line, message, f"translate what is new; {fits}")
    if not use.is_there:
        message = f"{suspect.what} of {use.producer.title!r} is no longer in its contract"
        return say_line(SUSPECT, procedure, use.line, message, f"it was {_said(suspect.seen.text)}")
    message = f"{suspect.what} of {use.producer.title!r} changed since this document last saw it"
    hint = f"it was {_said(suspect.seen.text)}, and is {_said(use.text)}; {fits}"
    return say_line(SUSPECT, procedure, use.line, message, hint)


def _said(text: tuple[str, ...]) -> str:
    joined = "; ".join(text) or "empty"
    return repr(joined if len(joined) <= _LONGEST else joined[: _LONGEST - 1] + "…")


def _outdated(procedure: Procedure) -> Iterator[Finding]:
    outdated = procedure.standing.outdated
    again = f"review it, then run: procauthor approve {quote(procedure.path)}"
    for key, own in groupby((r for r in outdated if r.state != "expired"), key=lambda r: r.receipt.section):
        rulings = list(own)
        who = " and ".join(_who(r.receipt) for r in rulings)
        mark = rulings[-1].mark
        if mark is None:
            message = f"the section {show_key(key)!r}, approved by {who}, is gone"
            yield say_line(APPROVAL_OUTDATED, procedure, procedure.title_line, message, again)
        else:
            message = f"{mark.shown!r} changed since it was approved by {who}"
            yield say_line(APPROVAL_OUTDATED, procedure, mark.line, message, again)
    yield from _expired(procedure, [r for r in outdated if r.state == "expired"], again)


def _expired(procedure: Procedure, rulings: list[ApprovalWorth], again: str) -> Iterator[Finding]:
    """Report once for each person and day, not for each section."""
    for (who, day), own in grouped(((_who(r.receipt), r.receipt.expires), r) for r in rulings).items():
        sections = ", ".join(r.mark.shown if r.mark else r.receipt.section for r in own)
        message = f"the approval by {who} expired on {day}: {sections}"
        yield say_line(APPROVAL_OUTDATED, procedure, procedure.title_line, message, again)


def _who(receipt: Receipt) -> str:
    role = f" ({receipt.role})" if receipt.role else ""
    return f"{receipt.by}{role} on {receipt.on}"


REVIEWS = Family(
    "Reviews: what changed since it was approved or relied on",
    (SUSPECT, APPROVAL_OUTDATED, BAD_RECEIPT),
    "neighbours",
    _check_review,
)


Extent = Literal["ignore", "ignore-section", "ignore-file"]
_DIRECTIVE = lazy(r"\s*procauthor:\s*(ignore(?:-section|-file)?)(?=\s|$)(.*)", re.DOTALL)
_REASON = lazy(r"(?:^|\s)(?:--+|[—–])(?:\s|$)")
_UNTIL = lazy(r"\suntil\s+(\d{4}-\d\d-\d\d)\s*\Z")


class Directive(Struct, frozen=True, array_like=True):
    """A suppression: the rules as written, why, and the lines that it covers, the last one included."""

    start: int
    extent: Extent
    rules: tuple[str, ...]
    reason: str
    first: int
    last: int
    until: date | None
    """The last day on which it counts."""

    @property
    def valid(self) -> bool:
        """Whether it counts: it names rules and says why."""
        return bool(self.rules and self.reason)

    def expired(self, day: date) -> bool:
        """Say whether its last day is over."""
        return self.until is not None and self.until < day

    def hides(self, finding: Finding) -> bool:
        """Say whether it names the rule of a finding in its document, and covers its line."""
        return self.first <= finding.line <= self.last and not {finding.rule, finding.code.lower()}.isdisjoint(
            self.rules
        )


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Directive, ...]).decode


def read_directives(procedure: Procedure) -> Sequence[Directive]:
    """Return the suppressions of a document; what is in code is no comment."""
    if isinstance(procedure, Stored):
        return _decode(procedure.directives) if procedure.directives else ()
    matches = ((comment, _DIRECTIVE.fullmatch(comment.text)) for comment in procedure.document.comments)
    return [_read(procedure.document, comment, match) for comment, match in matches if match]


def write_directives(procedure: Procedure) -> bytes:
    """Return the suppressions of a document as they are kept."""
    directives = read_directives(procedure)
    return _encode(directives) if directives else b""


def _read(document: Document, comment: Comment, match: re.Match[str]) -> Directive:
    extent = cast("Extent", match[1])
    parts = _REASON.split(match[2], maxsplit=1)
    names, until = _last_day(parts[0])
    rules = tuple(word.lower() for word in re.split(r"[,\s]+", names) if word)
    reason = " ".join(parts[1].split()) if len(parts) > 1 else ""
    first, last = _lines(document, comment, extent)
    return Directive(comment.start, extent, rules, reason, first, last, until)


def _last_day(text: str) -> tuple[str, date | None]:
    """Split off the last day; what is no day stays among the names of rules, and is reported as one."""
    match = _UNTIL.search(text)
    try:
        return (text[: match.start()], date.fromisoformat(match[1])) if match else (text, None)
    except ValueError:
        return text, None


def _lines(document: Document, comment: Comment, extent: Extent) -> tuple[int, int]:
    source = document.source
    if extent == "ignore-file":
        return 1, len(source.line_starts)
    section = document.section_at(comment.start)
    if extent == "ignore-section":
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
    why="It cannot be decided later whether the exception still holds, so exceptions pile up.",
    fix="Write the reason behind two dashes, in the same comment.",
    example="<!-- procauthor: ignore broken-link -->",
)
UNUSED_SUPPRESSION = Rule(
    name="unused-suppression",
    code="U102",
    severity="warning",
    summary="A comment ignores a rule that finds nothing there, or its last day is over.",
    why="It would hide the next finding, which was never excused.",
    fix="Remove the comment, or correct the rule's name or the day.",
    example="<!-- procauthor: ignore broken-link -- the page is made at night --> above a link that leads somewhere",
)


def _check_suppression(_: Scope, procedure: Procedure) -> Iterator[Finding]:
    """Yield what can be said of a suppression by itself; whether it is used shows when all rules have run."""
    for directive in read_directives(procedure):
        if not directive.rules:
            message = "the suppression names no rule"
            hint = "for example: <!-- procauthor: ignore broken-link -- the page is made at night -->"
            yield say(UNUSED_SUPPRESSION, procedure, directive.start, message, hint)
        elif not directive.reason:
            names = ", ".join(directive.rules)
            message = f"no reason is given to ignore {names}"
            hint = f"write: procauthor: {directive.extent} {names} -- why"
            yield say(SUPPRESSION_WITHOUT_REASON, procedure, directive.start, message, hint)


SUPPRESSIONS = Family(
    "Suppressions in documents: each says why, and each is still needed",
    (SUPPRESSION_WITHOUT_REASON, UNUSED_SUPPRESSION),
    "document",
    _check_suppression,
)
