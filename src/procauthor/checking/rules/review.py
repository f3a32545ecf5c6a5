"""Reviews: what changed since somebody approved it, or relied on it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from shlex import quote

from procauthor.checking.scope import Reach, Rule, Scope, say_line, title_line
from procauthor.checking.usage import Suspect, find_suspects
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.sidecar import RECEIPTS, ApprovalWorth, Receipt, show_key, sidecar_path
from procauthor.procedure import UNCOUNTED

SUSPECT = Rule(
    name="suspect",
    code="V101",
    severity="warning",
    summary="A document relies on a part of another one's contract that changed since.",
    why="Its own text may no longer be true, and nobody who edited the other one has looked.",
    fix="Read both, correct the document if need be, and say that it fits with “procauthor clear”.",
    example="Threat Model takes the Component Diagram of Architecture Review, which now promises less of it",
)
APPROVAL_OUTDATED = Rule(
    name="approval-outdated",
    code="V102",
    severity="warning",
    summary="A section was approved, and changed since, or its approval expired.",
    why="People act on an approval of words that nobody has approved.",
    fix="Have the section reviewed, and run “procauthor approve”.",
    example="Ada approved the workflow in July, and somebody edited step 3 in August",
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
RULES = (SUSPECT, APPROVAL_OUTDATED, BAD_RECEIPT)
REACH: Reach = "neighbours"
_LONGEST = 160


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.subjects:
        review = scope.library.reviews.get(procedure.path)
        if review is None or procedure.status in UNCOUNTED:
            continue
        if review.receipts.problem:
            message = f"{sidecar_path(RECEIPTS, procedure.path)} cannot be understood: {review.receipts.problem}"
            yield say_line(BAD_RECEIPT, procedure, title_line(procedure), message)
            continue
        yield from _outdated(procedure)
        for suspect in find_suspects(scope, procedure):
            yield _suspect(procedure, suspect)


def _suspect(procedure: Procedure, suspect: Suspect) -> Finding:
    use, fits = suspect.use, f"if the text still fits, run: procauthor clear {quote(procedure.path)}"
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
    for key, found in groupby((r for r in outdated if r.state != "expired"), key=lambda r: r.receipt.section):
        rulings = list(found)
        who = " and ".join(_who(r.receipt) for r in rulings)
        mark = rulings[-1].mark
        if mark is None:
            message = f"the section {show_key(key)!r}, approved by {who}, is gone"
            yield say_line(APPROVAL_OUTDATED, procedure, title_line(procedure), message, again)
        else:
            message = f"{mark.shown!r} changed since it was approved by {who}"
            yield say_line(APPROVAL_OUTDATED, procedure, mark.line, message, again)
    yield from _expired(procedure, [r for r in outdated if r.state == "expired"], again)


def _expired(procedure: Procedure, rulings: list[ApprovalWorth], again: str) -> Iterator[Finding]:
    """Report once for each person and day, not for each section."""
    groups: dict[str, list[str]] = {}
    for ruling in rulings:
        words = f"the approval by {_who(ruling.receipt)} expired on {ruling.receipt.expires}"
        groups.setdefault(words, []).append(ruling.mark.shown if ruling.mark else ruling.receipt.section)
    for words, sections in groups.items():
        message = f"{words}: {', '.join(sections)}"
        yield say_line(APPROVAL_OUTDATED, procedure, title_line(procedure), message, again)


def _who(receipt: Receipt) -> str:
    role = f" ({receipt.role})" if receipt.role else ""
    return f"{receipt.by}{role} on {receipt.on}"
