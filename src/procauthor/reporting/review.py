"""Approvals, suspects and provenance as lines for a person, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from procauthor.checking.usage import Suspect
from procauthor.data import pick
from procauthor.library.sidecar import ApprovalWorth, show_key
from procauthor.naming import list_first
from procauthor.review.approve import Approval
from procauthor.review.review import Basis, Blame, Clearance, SectionBlame

_SHOWN = 3


def approval_lines(approval: Approval, *, written: bool) -> Iterator[str]:
    """Yield what was approved."""
    who = approval.signature
    role = f" ({who.role})" if who.role else ""
    until = f", until {who.expires}" if who.expires else ""
    word = "approved" if written else "would approve"
    place = f", reviewed in {who.pull_request}" if who.pull_request else ""
    yield f"{word} {approval.title} by {who.by}{role} on {who.on}{until}{place}"
    for section in approval.sections:
        yield f"  {section}"
    if approval.open:
        yield f"  not approved yet: {', '.join(approval.open)}"
    yield f"  the document is {approval.status}" if written else f"  the document would be {approval.status}"


def approval_json(approval: Approval, *, written: bool) -> dict[str, Any]:
    """Return the documented JSON object about an approval."""
    return {
        **pick(approval, "path", "title", "status", "sections", "open"),
        **pick(approval.signature, "by", "role", "on", "expires", "pull_request"),
        "changes": approval.change.as_json(),
        "applied": written,
    }


# Suspects


def suspect_lines(suspects: Sequence[Suspect]) -> Iterator[str]:
    """Yield suspects by document, with what was there and what is."""
    for path, own in groupby(suspects, key=lambda s: s.use.consumer.path):
        yield path
        for suspect in own:
            yield f"  line {suspect.use.line}: {suspect.what} of {suspect.use.producer.title} changed"
            # Of the text of a section only its hash is known.
            hashed = suspect.use.part == "text" and suspect.use.name
            was, now = ((), ()) if hashed else (suspect.seen.text, suspect.use.text)
            yield from (f"    - {line}" for line in was if line not in now)
            yield from (f"    + {line}" for line in now if line not in was)
            if suspect.seen.by:
                yield f"    last seen by {suspect.seen.by} on {suspect.seen.on}"


def suspect_json(suspect: Suspect) -> dict[str, Any]:
    """Return the documented JSON object about one suspect."""
    use, seen = suspect.use, suspect.seen
    return {
        **pick(use.consumer, "path", "title"),
        "line": use.line,
        "producer": pick(use.producer, "path", "title"),
        **pick(use, "part", "name"),
        "was": list(seen.text),
        "now": list(use.text),
        "seen_by": seen.by,
        "seen_on": seen.on.isoformat() if seen.on else None,
    }


def clearance_json(clearance: Clearance, *, written: bool) -> dict[str, Any]:
    """Return the documented JSON object about suspects that were cleared."""
    return {
        **pick(clearance, "path", "title", "by", "on"),
        "cleared": [suspect_json(suspect) for suspect in clearance.suspects],
        "changes": clearance.change.as_json(),
        "applied": written,
    }


# Blame


def blame_lines(blame: Blame) -> Iterator[str]:
    """Yield who wrote and who approved each section."""
    yield f"{blame.title} ({blame.path}, {blame.status})"
    for section in blame.sections:
        yield f"{section.line:5}-{section.last_line}  {section.heading}"
        yield f"        written {_written(section)}"
        if section.sources:
            yield f"        rests on {_rests(section)}"
        for ruling in section.approvals:
            yield f"        {_ruled(ruling)}"
    for ruling in blame.lost:
        yield f"    gone  {show_key(ruling.receipt.section)}: {_ruled(ruling)}"


def _written(section: SectionBlame) -> str:
    if section.writer == "human":
        return "by hand"
    author = {"offline": "by the offline author", "hand-off": f"by {section.by} (handed in)"}
    edited = ", edited by hand since" if section.edited else ""
    return f"{author.get(section.writer, f'by {section.by}')} on {section.on}{edited}"


def _rests(section: SectionBlame) -> str:
    shown = [
        e.source.shown + ("" if e.state in ("same", "unknown") else f" ({e.state} since)") for e in section.sources
    ]
    # A reader looks for what changed.
    shown.sort(key=lambda text: not text.endswith(" since)"))
    return list_first(shown, _SHOWN)


def _ruled(ruling: ApprovalWorth) -> str:
    receipt = ruling.receipt
    who = receipt.by + (f" ({receipt.role})" if receipt.role else "")
    if ruling.state == "approved":
        until = f", until {receipt.expires}" if receipt.expires else ""
        place = f", reviewed in {receipt.pull_request}" if receipt.pull_request else ""
        return f"approved by {who} on {receipt.on}{until}{place}"
    if ruling.state == "expired":
        return f"approval by {who} expired on {receipt.expires}"
    what = "gone" if ruling.state == "gone" else "changed"
    return f"{what} since approval by {who} on {receipt.on}"


def blame_json(blame: Blame) -> dict[str, Any]:
    """Return the documented JSON object about a document's sections."""
    return {
        **pick(blame, "path", "title", "status"),
        "sections": [_section_json(section) for section in blame.sections],
        "lost_approvals": [_ruling_json(ruling) for ruling in blame.lost],
    }


def _section_json(section: SectionBlame) -> dict[str, Any]:
    return {
        **pick(section, "heading", "line", "last_line", "hash", "writer", "by", "on"),
        **pick(section, "run", "prompt", "template", "edited"),
        "sources": [_evidence_json(evidence) for evidence in section.sources],
        "approval": section.approval,
        "approvals": [_ruling_json(ruling) for ruling in section.approvals],
    }


def _evidence_json(evidence: Basis) -> dict[str, Any]:
    source = evidence.source
    return {"name": source.shown, **pick(source, "path", "heading", "hash"), "state": evidence.state}


def _ruling_json(ruling: ApprovalWorth) -> dict[str, Any]:
    names = "section", "by", "role", "on", "expires", "pull_request", "hash"
    return {**pick(ruling.receipt, *names), "state": ruling.state}
