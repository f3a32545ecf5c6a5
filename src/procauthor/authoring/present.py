"""A document that is defined already, as the answer that would have made it: what a revision begins with."""

from __future__ import annotations

from procauthor.authoring.brief import Brief
from procauthor.authoring.draft import render_draft
from procauthor.authoring.reading import UnfitError, read_fields
from procauthor.authoring.submission import Submission
from procauthor.errors import DraftError
from procauthor.library.reference import relative
from procauthor.markdown.parse import parse
from procauthor.template.spec import Template


def read_submission(brief: Brief, template: Template) -> Submission:
    """Return the answer that renders to the document of a brief, byte for byte.

    Raises:
        DraftError: It holds what the fields of the template cannot; the message says where, the hint what to do.
    """
    raw = brief.text.encode()
    document = parse(raw)
    head = document.front_matter[1] if document.front_matter else 0
    body = raw[head:].decode().replace("\r\n", "\n")
    links = {r.title: relative(brief.path, r.path) if r.path else "" for r in brief.references}
    first = raw.count(b"\n", 0, head) + 1
    try:
        fields = read_fields(template, body, links, first)
    except UnfitError as error:
        raise _refuse(brief, error.message) from error
    questions = document.metadata.get("open_questions")
    found = Submission(
        fields=fields,
        questions=tuple(map(str, questions)) if isinstance(questions, list) else (),
        by=str(document.metadata.get("written_by") or ""),
    )
    made = render_draft(brief, template, fields, author=found.by, questions=found.questions, present=raw)
    if made != raw:
        raise _refuse(brief, _difference(raw, made))
    return found


def _difference(present: bytes, made: bytes) -> str:
    lines, other = present.splitlines(), made.splitlines()
    shorter = min(len(lines), len(other))
    number = next((n for n in range(shorter) if lines[n] != other[n]), shorter)
    shown = lines[number].decode()[:60] if number < len(lines) else "the end"
    return f"line {number + 1} ({shown!r}) would not come back from the fields of the template as it is"


def _refuse(brief: Brief, reason: str) -> DraftError:
    title = brief.request.title
    message = f"{brief.path} cannot be revised field by field: {reason}"
    hint = f'name what to change instead: procauthor update "{title}" "WISH" --dry-run --json, then --answer FILE'
    return DraftError(message, hint)
