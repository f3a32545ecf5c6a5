"""Briefs and drafts as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from procauthor.authoring.brief import Brief
from procauthor.authoring.draft import Draft
from procauthor.library.change import Change
from procauthor.naming import amount

_SHOWN = 4


def brief_lines(brief: Brief) -> Iterator[str]:
    """Yield what an author would be given."""
    request = brief.request
    yield f"{request.title}  ->  {brief.path}"
    yield f"lifecycle {request.lifecycle or '-'}, phase {request.phase or '-'}, template {brief.template}"
    yield from (f"same work? {namesake}" for namesake in brief.namesakes)
    yield from (f"said: {text}" for text in request.said)
    for neighbour in brief.neighbours:
        outputs = ", ".join(o.name for o in (neighbour.outputs or neighbour.wants)) or "nothing named yet"
        yield f"{neighbour.relation} {neighbour.title} ({neighbour.status}): {outputs}"
    for passage in brief.passages:
        yield f"passage {passage.id}: {passage.path}:{passage.line} {passage.title} > {passage.heading}"
    yield from (
        f"rules of {standard.title}: {', '.join(rule.name for rule in standard.rules)}" for standard in brief.rules
    )
    if brief.promises:
        artifacts = amount(sum(len(p.artifacts) for p in brief.promises), "promised artifact")
        yield f"{artifacts} of {amount(len(brief.promises), 'procedure')}"
    announced = sum(r.announced for r in brief.references)
    yield f"{amount(len(brief.references), 'known title')} may be referred to, {announced} of them only announced"


def draft_lines(draft: Draft, outcome: str, change: Change) -> Iterator[str]:
    """Yield what was drafted, what is left to decide, and what to do next."""
    yield ""
    yield f"{draft.title}: {outcome}, written by {draft.author}"
    for note in draft.notes:
        yield f"  {note}"
    if outcome == "No change":
        yield from _usage(draft)
        return
    used = {source for found in draft.sources.values() for source in found}
    places = [f"{p['path']}:{p['line']}" for p in draft.passages if p["id"] in used]
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    if not draft.wish:
        passages = amount(len(draft.passages), "passage")
        shown = f": {', '.join(places[:_SHOWN])}{more}" if places else ""
        yield f"  rests on {len(places)} of {passages}{shown}"
    yield from _usage(draft)
    for finding in draft.findings:
        place = f"line {finding['line']}"
        if finding["path"] != draft.path:
            place = f"in {finding['path']}:{finding['line']}, once accepted"
        yield f"  {finding['severity']} {finding['code']} {place}: {finding['message']}"
    if draft.open_questions:
        yield f"  {amount(len(draft.open_questions), 'question')} for a person:"
        for question in draft.open_questions:
            yield f"    - {question}"
            yield from (_lead(lead) for lead in draft.leads if lead["question"] == question)
    files = _files(change)
    if outcome in ("Published", "Updated"):
        yield f"  wrote {files}"
        yield "undo with: procauthor undo"
    else:
        yield f"  would write {files}"
        yield f"next: procauthor diff {draft.id}, then procauthor accept {draft.id} or procauthor reject {draft.id}"


def _lead(lead: Mapping[str, Any]) -> str:
    return f"        see {lead['path']}:{lead['line']}, {lead['heading']!r}"


def _files(change: Change) -> str:
    """Return the documents of a change by name; what is recorded beside them is counted."""
    documents = [edit.path for edit in change.edits if edit.path.endswith(".md")]
    records = len(change.edits) - len(documents)
    return ", ".join(documents) + (f", with {amount(records, 'record')}" if records else "")


def _usage(draft: Draft) -> Iterator[str]:
    usage = draft.usage
    if usage.calls:
        yield f"  {amount(usage.calls, 'call')}, {usage.input_tokens} tokens in, {usage.output_tokens} out"
    if draft.reused:
        yield f"  at no cost, from an earlier run: {amount(draft.reused, 'call')}; --fresh asks the model again"
