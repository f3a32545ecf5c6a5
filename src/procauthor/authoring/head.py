"""The front matter of a draft: what a placeholder has stays, and what the draft depends on is declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from procauthor.authoring.brief import Brief
from procauthor.checking.usage import is_optional
from procauthor.convention.state import read_status
from procauthor.library.contract import read_contract
from procauthor.library.derive import bare_title
from procauthor.library.question import QUESTIONS
from procauthor.markdown.document import Document, Replacement, Source, replace_spans
from procauthor.markdown.front import find_front_matter
from procauthor.markdown.front_edit import Drop, Extend, FrontEdit, Put, edit_front_matter, write_front_matter
from procauthor.markdown.parse import parse
from procauthor.naming import title_key
from procauthor.procedure import DONE
from procauthor.template.spec import Template

# What an earlier draft left in the front matter.
_OUR_NAMES = ("written_by", QUESTIONS)


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
        needs = _join(declared, brief.request.depends_on, _providers(brief, template, body))
        return write_front_matter(list(_new_head(brief, ours, status, needs)))
    known = set(_providers(brief, template, document.source.raw.decode())) if brief.revises else set()
    added = (title for title in _providers(brief, template, body) if title not in known)
    needs = _join(declared, brief.request.added, added)
    keeps = brief.revises and (
        QUESTIONS not in ours
        or document.metadata.get(QUESTIONS) == ours[QUESTIONS]
        or read_status(document.metadata.get("status")) not in DONE
    )
    edits = list(_changes(document, ours, "" if keeps else status))
    if needs[len(declared) :]:
        listed = isinstance(document.metadata.get("depends_on"), list)
        edits.append(Extend("depends_on", needs[len(declared) :]) if listed else Put("depends_on", needs))
    return _head(document, edit_front_matter(document, brief.path, edits))


def add_questions(raw: bytes, path: str, questions: Sequence[str]) -> bytes:
    """Return a document with more open questions in its front matter; one that was finished is in progress then.

    Raises:
        FrontMatterError: The front matter cannot be changed safely.
    """
    document = parse(raw)
    present = document.metadata.get(QUESTIONS)
    known = list(map(str, present)) if isinstance(present, list | tuple) else [str(present)] if present else []
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
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, Sequence) else ()
    return tuple(str(item).strip() for item in items)


def _join(*titles: Iterable[str]) -> list[str]:
    """Return the titles in order, those of the first as they are and each other one once."""
    found, *more = titles
    joined = list(found)
    for title in (title for group in more for title in group):
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
        yield Put("id", PurePosixPath(brief.path).stem)
    if request.lifecycle and "lifecycle" not in brief.left:
        yield Put("lifecycle", request.lifecycle)
    if request.phase is not None:
        yield Put("phase", request.phase)
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
