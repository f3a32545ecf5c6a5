"""What accepting a draft writes down beside the document: who wrote it, and which contracts it has seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from procauthor.authoring.draft import SKELETON, Draft
from procauthor.authoring.run import HAND_OFF
from procauthor.library.change import Edit
from procauthor.library.library import Library
from procauthor.library.provenance import SectionSource
from procauthor.library.receipt import today
from procauthor.markdown.parse import parse
from procauthor.procedure import Stamp
from procauthor.review.blame import Writing, record_origins
from procauthor.review.review import follow
from procauthor.template.model import late_name
from procauthor.template.spec import SectionSpec, Template


def sidecars(draft: Draft, library: Library, before: bytes | None, derived: Iterable[Edit]) -> Iterator[Edit]:
    """Yield the edits of provenance and receipts that belong to a draft.

    Args:
        draft: The draft.
        library: The library with its document, and with all that follows from it.
        before: The document as it was.
        derived: What follows from it, in other documents.
    """
    procedure = library.by_path[draft.path]
    # A skeleton is filled by a person, who then is its author.
    if draft.author != SKELETON:
        writing = _writing(draft, procedure.template)
        edit = record_origins(library.root, draft.path, before, procedure.source.raw, writing)
        if edit:
            yield edit
    yield from follow(library, derived, [draft.path])


def _writing(draft: Draft, template: Template | None) -> Writing:
    known = {str(passage["id"]): _source(passage) for passage in draft.passages}
    rests = {name: tuple(known.get(i, SectionSource(i)) for i in ids) for name, ids in draft.sources.items()}
    fields: dict[str, tuple[SectionSource, ...]] = {}
    for spec in template.sections if template and not draft.wish else ():
        found = tuple(source for name in _names(spec) for source in rests.get(name, ()))
        fields |= dict.fromkeys(spec.keys, found)
    common = tuple(source for found in rests.values() for source in found) if draft.wish else ()
    return Writing(
        by=draft.author,
        on=today(),
        name=_name(draft),
        run=draft.id,
        prompt=draft.prompt,
        template=draft.template_hash,
        sources=fields,
        common=common,
    )


def _source(passage: Mapping[str, Any]) -> SectionSource:
    path, heading = str(passage["path"]), str(passage["heading"])
    return SectionSource(path=path, heading=heading, hash=Stamp(str(passage["hash"])))


def _names(spec: SectionSpec) -> list[str]:
    """Return the fields that a section is made of: its own, and those of parts that a later step fills."""
    return [spec.name, *(late_name(spec, part) for part in spec.parts)]


def _name(draft: Draft) -> str:
    """Return who handed a draft in, as the document says."""
    if draft.author != HAND_OFF:
        return ""
    name = str(parse(draft.text.encode()).metadata.get("written_by") or "")
    return "" if name == HAND_OFF else name
