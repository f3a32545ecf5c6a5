"""Proposes what may be written at a place: titles, paths, anchors, artifacts, sources, roles, values of metadata."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from lsprotocol import types

from procauthor.convention.word import known_words
from procauthor.library.artifact import artifact_key
from procauthor.library.contract import is_none
from procauthor.library.library import ANNOUNCED, Procedure
from procauthor.library.reference import relative
from procauthor.lsp.desk import Desk
from procauthor.lsp.hover import document_text
from procauthor.markdown.document import write_link
from procauthor.regex import any_of, lazy
from procauthor.template.spec import NO_ROLE, inputs_name, meaning_of, step_word, words

MOST = 100
TRIGGERS = ("[", "(", "#", ":", "*", " ")
_ROLE = lazy(r"^\s*role:\s*([\w-]*)$")
_ANCHOR = lazy(r"\]\(<?([^()\s#]*)#([^()\s]*)$")
_TARGET = lazy(r"\]\(<?([^()\s]*)$")
_LINK = lazy(r"\[([^\[\]()]*)$")
_ITEM = lazy(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?(\*\*)?([^*:()\[\]]*)$")
_NAME = lazy(r"(?:^|[\s(])((?:[^\W\d_]|[\d])[\w-]*(?: [\w-]+){0,5})$")
_KEY = lazy(r"^([A-Za-z_]+):\s*(.*)$")
_ENTRY = lazy(r"^\s*-\s+(.*)$")
_TITLED = ("depends_on", "superseded_by", "alias_of", "translation_of")
_WITH_ARTIFACTS = ("inputs", "outputs", "consumers", "workflow")
_OWN = "of this document"
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where something is written, and the line before that place."""

    desk: Desk
    host: Procedure
    offset: int
    before: str


@dataclass(frozen=True, slots=True)
class _Proposal:
    """What may be written: its label, or a text instead; with ``link`` a link to the document that it names."""

    label: str
    kind: types.CompletionItemKind
    detail: str = ""
    path: str = ""
    sort: str = ""
    text: str = ""
    link: bool = False


@dataclass(frozen=True, slots=True)
class _Proposals:
    """Proposals in place of what was typed last."""

    typed: str
    every: Iterable[_Proposal]


def complete(desk: Desk, host: Procedure, position: types.Position) -> types.CompletionList:
    """Return what may be written at a place, the most fitting first."""
    lines = desk.lines(host)
    offset = lines.offset(position)
    before = host.source.raw[lines.line_start(offset) : offset].decode(errors="replace")
    spot = _Spot(desk, host, offset, before)
    for propose in (_roles, _metadata, _anchors, _paths, _origins, _links, _artifacts, _names):
        proposals = propose(spot)
        if proposals is not None:
            fitting = _fitting(proposals)
            items = [_item(spot, proposals.typed, each) for each in fitting[:MOST]]
            return types.CompletionList(is_incomplete=len(fitting) > MOST, items=items)
    return types.CompletionList(is_incomplete=False, items=[])


def _fitting(proposals: _Proposals) -> list[_Proposal]:
    """Return the proposals that hold all words that were typed, in their order."""
    said = proposals.typed.lstrip("[").casefold().split()
    fitting = (
        each for each in proposals.every if all(word in f"{each.label} {each.detail}".casefold() for word in said)
    )
    return sorted(fitting, key=lambda each: each.sort or each.label)


def _item(spot: _Spot, typed: str, proposal: _Proposal) -> types.CompletionItem:
    """Return a proposal as an editor takes it; it filters by what was typed, so the bracket belongs to it."""
    place = spot.desk.lines(spot.host).range(spot.offset - len(typed.encode()), spot.offset)
    text = proposal.text or proposal.label
    if proposal.link:
        text = _reference(spot, proposal)
    return types.CompletionItem(
        label=proposal.label,
        kind=proposal.kind,
        detail=proposal.detail or None,
        filter_text=("[" if typed.startswith("[") else "") + proposal.label,
        sort_text=proposal.sort or None,
        text_edit=types.TextEdit(place, text),
        data={"path": proposal.path, "uri": spot.desk.uri(spot.host.path)} if proposal.path else None,
    )


def _reference(spot: _Spot, proposal: _Proposal) -> str:
    if not proposal.path:
        return f"{proposal.label} {ANNOUNCED}"
    return write_link(proposal.label, relative(spot.host.path, proposal.path))


def explain(desk: Desk, item: types.CompletionItem) -> types.CompletionItem:
    """Add to a proposal what its document promises: for one at a time, when a user looks at it."""
    path = item.data.get("path") if isinstance(item.data, dict) else None
    procedure = desk.library.by_path.get(str(path))
    if procedure is not None:
        item.documentation = types.MarkupContent(types.MarkupKind.Markdown, document_text(desk, procedure))
    return item


# Templates and metadata


def _roles(spot: _Spot) -> _Proposals | None:
    match = _ROLE.match(spot.before) if spot.host.kind == "template" else None
    if match is None:
        return None
    known = words()
    parts = dict.fromkeys(known.parts, "role of a part of a step")
    every = {**parts, **dict.fromkeys(known.sections, "role of a section"), NO_ROLE: "this section has no role"}
    kind = types.CompletionItemKind.EnumMember
    return _Proposals(match[1], [_Proposal(role, kind, detail) for role, detail in every.items()])


def _metadata(spot: _Spot) -> _Proposals | None:
    span = spot.host.document.front_matter
    if span is None or not span[0] < spot.offset <= span[1]:
        return None
    match, entry = _KEY.match(spot.before), _ENTRY.match(spot.before)
    key = match[1].lower() if match else _key_above(spot)
    written = match or entry
    typed = written[written.lastindex or 0] if written else ""
    if key in _TITLED:
        return _Proposals(typed, _titles(spot, link=False))
    procedures = spot.desk.library.procedures
    values: dict[str, Callable[[], Iterable[str]]] = {
        "lifecycle": lambda: (p.lifecycle for p in procedures if p.counted),
        "owner": lambda: (p.owner for p in procedures),
        "status": lambda: known_words(spot.desk.workspace.settings.conventions.status),
    }
    names = sorted({name for name in values[key]() if name}) if key in values else []
    return _Proposals(typed, [_Proposal(name, types.CompletionItemKind.Value) for name in names])


def _key_above(spot: _Spot) -> str:
    """Return the key of the list that the line is an item of."""
    above = spot.host.source.raw[: spot.offset].decode(errors="replace").splitlines()[:-1]
    for line in reversed(above):
        match = _KEY.match(line)
        if match:
            return match[1].lower()
        if not _ENTRY.match(line):
            break
    return ""


# Links


def _anchors(spot: _Spot) -> _Proposals | None:
    match = _ANCHOR.search(spot.before)
    if match is None:
        return None
    library = spot.desk.library
    target = library.settle(spot.host.resolve(f"{match[1]}#x"))
    document = library.by_path.get(target.path or "")
    if document is None:
        return _Proposals(match[2], ())
    texts = {heading.slug: heading.text for heading in document.headings}
    kind = types.CompletionItemKind.Reference
    anchors = spot.desk.scope.anchors[document.path]
    return _Proposals(match[2], [_Proposal(name, kind, texts.get(name, "")) for name in anchors])


def _paths(spot: _Spot) -> _Proposals | None:
    match = _TARGET.search(spot.before)
    return None if match is None else _Proposals(match[1], _targets(spot))


def _targets(spot: _Spot) -> Iterator[_Proposal]:
    for procedure in spot.desk.library.procedures:
        if procedure.path != spot.host.path:
            target = relative(spot.host.path, procedure.path)
            sort = _rank(spot, procedure)
            yield _Proposal(target, types.CompletionItemKind.File, procedure.title, procedure.path, sort)


def _rank(spot: _Spot, procedure: Procedure) -> str:
    """Put documents of the same lifecycle first."""
    return f"{int(procedure.lifecycle != spot.host.lifecycle)}{procedure.title}"


def _links(spot: _Spot) -> _Proposals | None:
    match = _LINK.search(spot.before)
    return None if match is None else _Proposals(match[0], _titles(spot))


def _titles(spot: _Spot, *, link: bool = True) -> Iterator[_Proposal]:
    """Yield the titles of all documents, then those that are only announced."""
    kind = types.CompletionItemKind.Reference
    for procedure in spot.desk.library.procedures:
        if procedure.kind != "template" and procedure.path != spot.host.path:
            detail = f"{spot.desk.status(procedure)} · {procedure.path}"
            yield _Proposal(procedure.title, kind, detail, procedure.path, _rank(spot, procedure), link=link)
    for title in spot.desk.workspace.announced(spot.desk.library).values():
        yield _Proposal(title, kind, "announced", sort=f"2{title}", link=link)


# Contracts


def _origins(spot: _Spot) -> _Proposals | None:
    """Propose where an input comes from: the required inputs, an earlier step, another document."""
    origins = any_of(meaning_of(spot.host.template).origins)
    match = re.search(rf"\b(?:{origins}):\s*([^()\[\]]*)$", spot.before, re.IGNORECASE)
    return None if match is None else _Proposals(match[1], (*_own_sources(spot), *_titles(spot)))


def _own_sources(spot: _Spot) -> Iterator[_Proposal]:
    """Yield, within a step, the required inputs and the steps before it."""
    kind = types.CompletionItemKind.Reference
    line = spot.host.source.line(spot.offset)
    begun = [step for step in spot.host.contract.steps if step.line < line]
    if spot.host.template is not None and begun:
        yield _Proposal(inputs_name(spot.host.template), kind, "what must be there before the first step", sort=" ")
        for step in begun[:-1]:
            made = ", ".join(output.name for output in step.outputs)
            name = f"{step_word(spot.host.template)} {step.number}"
            yield _Proposal(name, kind, f"{step.name}: {made}", sort=f" {step.line:06}")


def _artifacts(spot: _Spot) -> _Proposals | None:
    """Propose artifacts where a list item begins in a section or a part of a step that holds them."""
    match = _ITEM.match(spot.before)
    if match is None or not _holds_artifacts(spot):
        return None
    return _Proposals(match[2], _known_artifacts(spot))


def _holds_artifacts(spot: _Spot) -> bool:
    meaning, document = meaning_of(spot.host.template), spot.host.document
    sections = [s for s in document.sections if s.heading and s.start <= spot.offset]
    headings = document.path(sections[-1]) if sections else ()
    return any(meaning.role_of(heading) in _WITH_ARTIFACTS for heading in headings)


def _known_artifacts(spot: _Spot) -> Iterator[_Proposal]:
    """Yield the artifacts of the document itself, then what other documents promise, each name once."""
    seen: set[str] = set()
    for name, owner in _named_artifacts(spot):
        key = artifact_key(name)
        if key and key not in seen and not is_none(name):
            seen.add(key)
            detail, path, sort = (owner.title, owner.path, _rank(spot, owner)) if owner else (_OWN, "", " ")
            yield _Proposal(name, types.CompletionItemKind.Value, detail, path, sort)


def _named_artifacts(spot: _Spot) -> Iterator[tuple[str, Procedure | None]]:
    """Yield names of artifacts with the other document that promises each; what is being written is left out."""
    line = spot.host.source.line(spot.offset)
    made = chain.from_iterable(step.outputs for step in spot.host.contract.steps)
    yield from ((each.name, None) for each in (*spot.host.contract.inputs, *made) if each.line != line)
    for procedure in spot.desk.library.procedures:
        if procedure.path != spot.host.path:
            yield from ((output.name, procedure) for output in procedure.contract.outputs)


def _names(spot: _Spot) -> _Proposals | None:
    """Propose links to documents whose titles begin like the words before the place, as many of them as fit."""
    match = _NAME.search(spot.before)
    if match is None:
        return None
    said, titles = match[1].split(" "), list(_titles(spot))
    for place in range(len(said)):
        typed = " ".join(said[place:])
        begun = [title for title in titles if title.label.casefold().startswith(typed.casefold())]
        if begun and len(typed) >= _FEWEST:
            return _Proposals(typed, begun)
    return None
