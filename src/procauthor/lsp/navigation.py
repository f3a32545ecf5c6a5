"""Goes to where something is defined, finds all places that speak of it, and lists what can be looked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from lsprotocol import types

from procauthor.library.artifact import artifact_key
from procauthor.library.library import Procedure
from procauthor.lsp.desk import Desk
from procauthor.lsp.subject import (
    Meant,
    find_subject,
    links_of,
    mentions_of,
    metadata_of,
    span_of,
    title_span,
    uses_of,
)
from procauthor.markdown.document import Heading, Section
from procauthor.procedure import Artifact

_MOST_SYMBOLS = 200


def define(desk: Desk, host: Procedure, offset: int) -> types.Location | None:
    """Return where the thing at a place is defined: a document, a heading, or the line of an output."""
    subject = find_subject(desk.scope, host, offset)
    if subject is None:
        return None
    if subject.artifact:
        return next(iter(_made(desk, subject)), None)
    return desk.location(subject.document, *_target(subject))


def _target(subject: Meant) -> tuple[int, int]:
    headings = subject.document.document.headings
    heading = next((h for h in headings if subject.anchor and h.slug == subject.anchor), None)
    return _line(subject.document, heading) if heading else title_span(subject.document)


def _line(procedure: Procedure, heading: Heading) -> tuple[int, int]:
    """Return the span of a heading without the end of its line."""
    return heading.start, heading.start + len(procedure.source.raw[heading.start : heading.end].rstrip())


def _made(desk: Desk, subject: Meant) -> Iterator[types.Location]:
    """Yield where an artifact comes from: a step that makes it, the contract, else what needs it."""
    key = artifact_key(subject.artifact)
    contract = subject.document.contract
    made = chain.from_iterable(step.outputs for step in contract.steps)
    for artifact in (*made, *contract.outputs, *contract.inputs):
        if artifact_key(artifact.name) == key:
            yield _place(desk, subject.document, artifact)


def _place(desk: Desk, procedure: Procedure, artifact: Artifact) -> types.Location:
    return desk.location(procedure, *(span_of(procedure, artifact) or (artifact.start, artifact.start)))


def refer(desk: Desk, host: Procedure, offset: int, *, declared: bool) -> list[types.Location]:
    """Return all places that speak of the thing at a place; with ``declared`` also where it is defined."""
    subject = find_subject(desk.scope, host, offset)
    if subject is None:
        return []
    if subject.artifact:
        places = [_place(desk, *use) for use in uses_of(desk.scope, subject.document, subject.artifact)]
        made = next(iter(_made(desk, subject)), None)
        return [place for place in places if declared or place != made]
    first = [desk.location(subject.document, *_target(subject))] if declared else []
    return [*first, *_spoken(desk, subject)]


def _spoken(desk: Desk, subject: Meant) -> Iterator[types.Location]:
    """Yield where documents link, declare or name a document; of a heading, where they link that."""
    path = subject.document.path
    for procedure in desk.library.procedures:
        spans = set[tuple[int, int]]()
        if path in procedure.targets:
            links = (s for s in links_of(desk.library, procedure) if s.document.path == path)
            spans |= {(s.start, s.end) for s in links if subject.anchor in ("", s.anchor)}
        if procedure.path != path and not subject.anchor:
            spans |= {(s.start, s.end) for s in metadata_of(desk.scope, procedure, path)}
            spans |= set(mentions_of(desk.scope, procedure, subject.document))
        yield from (desk.location(procedure, *span) for span in sorted(spans))


# Symbols


def outline(desk: Desk, procedure: Procedure) -> list[types.DocumentSymbol]:
    """Return the headings of a document, each with those below it."""
    sections = [section for section in procedure.document.sections if section.heading]
    known = {section.index for section in sections}
    return [_symbol(desk, procedure, section) for section in sections if section.parent not in known]


def _symbol(desk: Desk, procedure: Procedure, section: Section) -> types.DocumentSymbol:
    lines, heading = desk.lines(procedure), section.heading
    assert heading is not None
    below = (child for child in procedure.document.children(section) if child.heading)
    return types.DocumentSymbol(
        name=section.title or "-",
        kind=types.SymbolKind.Module if section.level == 1 else types.SymbolKind.String,
        range=lines.range(section.start, procedure.document.end(section)),
        selection_range=lines.range(*_line(procedure, heading)),
        children=[_symbol(desk, procedure, child) for child in below],
    )


def search_symbols(desk: Desk, query: str) -> list[types.WorkspaceSymbol]:
    """Return the documents and the artifacts whose names hold all words of a query."""
    words = query.casefold().split()
    symbols: list[types.WorkspaceSymbol] = []
    for procedure in desk.library.procedures:
        if _holds(procedure.title, words):
            place = desk.location(procedure, *title_span(procedure))
            symbols.append(types.WorkspaceSymbol(place, procedure.title, types.SymbolKind.File, container_name=""))
        for output in procedure.contract.outputs:
            if _holds(output.name, words):
                place = _place(desk, procedure, output)
                kind = types.SymbolKind.Object
                symbols.append(types.WorkspaceSymbol(place, output.name, kind, container_name=procedure.title))
        if len(symbols) >= _MOST_SYMBOLS:
            break
    return symbols[:_MOST_SYMBOLS]


def _holds(name: str, words: list[str]) -> bool:
    folded = name.casefold()
    return all(word in folded for word in words)
