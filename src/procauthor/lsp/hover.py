"""Says in an editor what a document promises, and where an artifact comes from and goes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lsprotocol import types

from procauthor.library.artifact import artifact_key
from procauthor.library.contract import sections_of
from procauthor.library.library import Procedure
from procauthor.lsp.desk import Desk
from procauthor.lsp.subject import Meant, find_subject, users_of, uses_of
from procauthor.naming import list_first

_SHOWN = 8
_LONGEST = 400


def describe(desk: Desk, host: Procedure, offset: int) -> types.Hover | None:
    """Return what is to be said of the thing at a place."""
    subject = find_subject(desk.scope, host, offset)
    if subject is None:
        return None
    lines = _of_artifact(desk, subject) if subject.artifact else _of_document(desk, subject.document)
    text = types.MarkupContent(types.MarkupKind.Markdown, "\n\n".join(filter(None, lines)))
    return types.Hover(text, desk.lines(host).range(subject.start, subject.end))


def document_text(desk: Desk, procedure: Procedure) -> str:
    """Return status and contract of a document as Markdown."""
    return "\n\n".join(filter(None, _of_document(desk, procedure)))


def _of_document(desk: Desk, procedure: Procedure) -> Iterator[str]:
    phase = f", phase {procedure.phase}" if procedure.phase is not None else ""
    owner = f" · owner: {procedure.owner}" if procedure.owner else ""
    where = f" · {procedure.lifecycle}{phase}" if procedure.counted else f" · {procedure.kind}"
    yield f"**{procedure.title}**: {desk.status(procedure)}{where}{owner}"
    yield _purpose(procedure)
    contract = procedure.contract
    yield _listed("Needs", (wanted.with_source for wanted in contract.inputs))
    yield _listed("Makes", (output.name for output in contract.outputs))
    yield _listed("Ends as", (state.name for state in contract.exits))
    yield _listed("Used by", (user.title for user in users_of(desk.library, procedure) if user.counted))
    missing, empty = procedure.lacking
    yield _listed("Lacks", (*missing, *empty))


def _purpose(procedure: Procedure) -> str:
    """Return the beginning of what the document says of its purpose."""
    for section in sections_of(procedure.document, procedure.template, "purpose"):
        text = next((block.text for block in section.blocks if block.text), "")
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} ..."
    return ""


def _listed(label: str, names: Iterable[str]) -> str:
    every: Sequence[str] = tuple(dict.fromkeys(names))
    return f"{label}: {list_first(every, _SHOWN)}" if every else ""


def _of_artifact(desk: Desk, subject: Meant) -> Iterator[str]:
    key = artifact_key(subject.artifact)
    maker = subject.document
    outputs = [each for each in maker.contract.outputs if artifact_key(each.name) == key]
    yield f"**{subject.artifact}**"
    yield next((each.text for each in outputs), "")
    steps = [
        step.name or f"step {step.number}"
        for step in maker.contract.steps
        if any(artifact_key(output.name) == key for output in step.outputs)
    ]
    if outputs or steps:
        yield f"Made by: {maker.title}" + (f", in: {', '.join(steps)}" if steps else "")
    takers = (user.title for user, _ in uses_of(desk.scope, maker, subject.artifact) if user.path != maker.path)
    yield _listed("Taken by", takers)
