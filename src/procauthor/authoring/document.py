"""How a draft becomes a document: fields that fit its template, or mark a gap, its front matter, and the whole text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from procauthor.authoring.brief import Brief
from procauthor.checking.usage import is_optional
from procauthor.convention.word import read_status
from procauthor.data import texts_in
from procauthor.library.contract import read_contract
from procauthor.library.derive import bare_title
from procauthor.library.reference import relative
from procauthor.library.status import OPEN, PROPOSALS, QUESTIONS, list_proposals
from procauthor.markdown.document import BOM, Document, Replacement, Source, replace_spans
from procauthor.markdown.front import (
    Drop,
    Extend,
    FrontEdit,
    Put,
    edit_front_matter,
    find_front_matter,
    write_front_matter,
)
from procauthor.markdown.parse import parse
from procauthor.naming import bare_name, title_key
from procauthor.procedure import DONE
from procauthor.template.render import render
from procauthor.template.spec import Pattern, SectionSpec, Slot, Template

IN_PROGRESS = "In progress"
"""The status of a draft with open questions or marked gaps."""
# What an earlier draft left in the front matter.
_OUR_NAMES = ("written_by", QUESTIONS, PROPOSALS)


def render_head(  # noqa: PLR0913, PLR0917 - what a head is made of
    brief: Brief, template: Template, body: str, ours: Mapping[str, Any], status: str, present: bytes | None
) -> str:
    """Return the front matter of a draft; ``ours`` are the values that the tool itself keeps there.

    ``depends_on`` holds what is declared already, what the caller names, and what provides a required input. A
    document that is revised keeps its status, unless it was finished and questions are new; it gets those only that are
    new.
    """
    document = parse(present or b"")
    declared = _titles(document.metadata.get("depends_on"))
    if document.front_matter is None:
        before = brief.request.depends_on
        # What the text says in a list of several names is among what was asked for, name by name.
        single = [name for name in declared if not any(_is_part(title, name) for title in before)]
        needs = _join(single, before, _providers(brief, template, body))
        return write_front_matter(list(_new_head(brief, ours, status, needs)))
    known = set(_providers(brief, template, document.source.raw.decode())) if brief.revises else set()
    added = (title for title in _providers(brief, template, body) if title not in known)
    needs = _join(declared, brief.request.added, added)
    keeps = brief.revises and (
        not any(name in ours and document.metadata.get(name) != ours[name] for name in (QUESTIONS, PROPOSALS))
        or read_status(document.metadata.get("status")) not in DONE
    )
    edits = list(_changes(document, ours, "" if keeps else status))
    if needs[len(declared) :]:
        listed = isinstance(document.metadata.get("depends_on"), list)
        edits.append(Extend("depends_on", needs[len(declared) :]) if listed else Put("depends_on", needs))
    return _head(document, edit_front_matter(document, brief.path, edits))


def _is_part(title: str, names: str) -> bool:
    """Say whether a title is one of several in a text."""
    return f" {title_key(title)} " in f" {title_key(names)} " and title_key(title) != title_key(names)


def add_questions(raw: bytes, path: str, questions: Sequence[str]) -> bytes:
    """Return a document with more open questions in its front matter; one that was finished is in progress then.

    Raises:
        FrontMatterError: The front matter cannot be changed safely.
    """
    document = parse(raw)
    present = document.metadata.get(QUESTIONS)
    known = list(map(str, present if isinstance(present, list | tuple) else filter(None, [present])))
    new = [question for question in dict.fromkeys(questions) if question not in known]
    if not new:
        return raw
    listed = isinstance(present, list) or present is None
    edits: list[FrontEdit] = [Extend(QUESTIONS, new) if listed else Put(QUESTIONS, [*known, *new])]
    if read_status(document.metadata.get("status")) in DONE and document.front_matter:
        edits.append(Put("status", "In progress"))
    return replace_spans(raw, edit_front_matter(document, path, edits))


def _head(document: Document, changes: Iterable[Replacement]) -> str:
    """Return the front matter with its fences after a change, with line feeds."""
    source = Source(replace_spans(document.source.raw, changes))
    front = find_front_matter(source)
    assert front is not None
    return source.slice(front.start, front.end).rstrip("\n") + "\n"


def _titles(value: object) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    return tuple(str(item).strip() for item in items) if isinstance(items, Sequence) else ()


def _join(*titles: Iterable[str]) -> list[str]:
    """Return the titles in order, those of the first as they are and each other one once."""
    first, *more = titles
    joined = list(first)
    for title in chain.from_iterable(more):
        if title_key(title) not in map(title_key, joined):
            joined.append(title)
    return joined


def _providers(brief: Brief, template: Template, body: str) -> Iterator[str]:
    """Yield who must come first, because a required input of the draft comes from there."""
    known = {title_key(title): title for title in brief.titles}
    for wanted in read_contract(parse(body.encode()), template).inputs:
        title = known.get(title_key(bare_title(wanted.source)))
        if title and not is_optional(wanted):
            yield title


def _new_head(brief: Brief, ours: Mapping[str, Any], status: str, needs: Sequence[str]) -> Iterator[Put]:
    request = brief.request
    yield from (Put(name, value) for name, value in brief.front)
    if "id" not in brief.left:
        yield Put("id", bare_name(brief.path))
    if request.lifecycle and "lifecycle" not in brief.left:
        yield Put("lifecycle", request.lifecycle)
    if request.phase is not None:
        yield Put("phase", request.phase)
    if request.owner:
        yield Put("owner", request.owner)
    yield Put("status", status)
    if needs:
        yield Put("depends_on", list(needs))
    yield from (Put(name, value) for name, value in ours.items())


def _changes(document: Document, ours: Mapping[str, Any], status: str) -> Iterator[FrontEdit]:
    """Yield what changes in the front matter that is there: its status if one is wanted, and what is ours."""
    if status:
        yield Put("status", status)
    for name in _OUR_NAMES:
        if name not in ours:
            yield Drop(name)
        elif document.metadata.get(name) != ours[name]:
            yield Put(name, ours[name])


def links_of(brief: Brief) -> dict[str, str]:
    """Return the relative path of each title that a draft may refer to; empty for one that is only announced."""
    return {r.title: relative(brief.path, r.path) if r.path else "" for r in brief.references}


def render_draft(  # noqa: PLR0913 - what a document is made of
    brief: Brief,
    template: Template,
    fields: Mapping[str, Any],
    *,
    author: str,
    questions: tuple[str, ...] = (),
    present: bytes | None = None,
    status: str = "Defined",
    whole: bool = False,
) -> bytes:
    """Render the whole document: metadata, title and sections. Without an author, none is named.

    ``present`` is the placeholder that the document replaces: its metadata, byte order mark and line endings stay.
    ``whole`` writes the headings of optional sections that nothing is said in.
    """
    title = brief.request.title if brief.heading is None else brief.heading
    body, proposals = list_proposals(render(template, title, fields, links_of(brief), whole=whole))
    ours: dict[str, Any] = {"written_by": author} if author else {}
    if questions:
        ours[QUESTIONS] = list(questions)
        status = IN_PROGRESS
    if proposals:
        ours[PROPOSALS] = list(proposals)
        status = IN_PROGRESS
    text = f"{render_head(brief, template, body, ours, status, present)}\n{body}"
    newline = parse(present).source.newline if present else "\n"
    mark = BOM if present and present.startswith(BOM) else b""
    return mark + text.replace("\n", newline).encode()


# Fields

Facts = dict[str, Any]
"""What is known of one item, by the names that the shipped templates give to its fields, the most telling first."""


def fit_rows(spec: SectionSpec, facts: Sequence[Facts], titles: Collection[str]) -> list[Any]:
    """Return one value for each of the facts; those are left out that need a reference and have none.

    Args:
        spec: The section, or the part of a step.
        facts: What is known, an entry for each item.
        titles: The closed list of titles.
    """
    limit = spec.constraint.maximum or len(facts)
    if spec.kind == "table":
        patterns = [column.pattern for column in spec.columns]
    else:
        patterns = [spec.pattern] if spec.pattern else []
    single = spec.pattern.single if spec.pattern and spec.kind != "table" else None
    if single:
        return [str(each.get(single.name) or ": ".join(_plain(each))) for each in facts[:limit]]
    fitted = [fit(patterns, each, titles) for each in facts[:limit]]
    return [row for row in fitted if row is not None]


def fit(patterns: Sequence[Pattern], facts: Facts, titles: Collection[str]) -> Facts | None:
    """Return one item; None where it needs a reference and there is none to give, or a field that nothing is known of.

    A field takes the fact of its name; one of another name takes the next fact that no field has asked for.
    """
    slots = _slots(patterns)
    spare = iter([text for name, text in facts.items() if name not in slots and isinstance(text, str) and text])
    row: Facts = {}
    for slot in slots.values():
        value = facts.get(slot.name)
        if slot.reference:
            value = value if value in titles else None
        elif value is None:
            value = next(spare, None)
        if not value and not slot.optional:
            return None
        row[slot.name] = value
    return row


def _slots(patterns: Sequence[Pattern]) -> dict[str, Slot]:
    return {slot.name: slot for slot in chain.from_iterable(pattern.slots for pattern in patterns)}


def _plain(facts: Facts) -> list[str]:
    return [value for value in facts.values() if isinstance(value, str)]


TO_DO = "TODO"
"""The word that marks a gap; the check reports it, and a document with one is in progress."""


def gap_text(spec: SectionSpec) -> str:
    """Return the mark of a text that nothing is known for, with the words of the template that say what it wants."""
    slot = spec.pattern.single if spec.pattern else None
    return gap_words(slot) if slot else TO_DO


def gap_words(slot: Slot) -> str:
    """Return the mark of a field, with what the template says of it on one line."""
    hint = " ".join(slot.hint.split())
    return f"{TO_DO}: {hint}" if hint else f"{TO_DO} {slot.name.replace('_', ' ')}"


def gap_rows(spec: SectionSpec, titles: Collection[str], count: int = 0) -> list[Any]:
    """Return as many marked entries as the template asks for, one at least; none where each needs a reference."""
    wanted = count or max(1, spec.constraint.minimum)
    if spec.kind != "table" and spec.pattern and spec.pattern.single:
        return [gap_words(spec.pattern.single)] * wanted
    patterns = [column.pattern for column in spec.columns] or ([spec.pattern] if spec.pattern else [])
    row = gap_fields(patterns, titles)
    return [row] * wanted if row else []


def gap_fields(patterns: Sequence[Pattern], titles: Collection[str]) -> dict[str, Any] | None:
    """Return an item whose first field is marked, and the others left open; None where it cannot do without a title."""
    slots = _slots(patterns)
    if any(slot.reference and not slot.optional for slot in slots.values()) and titles:
        return None
    texts = [slot for slot in slots.values() if not slot.reference]
    row: dict[str, Any] = {slot.name: None for slot in slots.values() if slot.reference}
    row |= {slot.name: gap_words(slot) if slot is texts[0] else OPEN for slot in texts}
    return row or None


def holds_gap(value: Any) -> bool:
    """Say whether a field, or anything in it, is marked as a gap."""
    return any(text.startswith(TO_DO) for text in texts_in(value))
