"""Writes down who wrote the sections that an accepted draft changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from procauthor.library.change import Edit
from procauthor.library.ledger import edit_provenance
from procauthor.library.mark import TopSection, read_marks
from procauthor.library.provenance import Origin, Provenance, SectionSource, read_provenance
from procauthor.markdown.parse import parse
from procauthor.procedure import Stamp


@dataclass(frozen=True, slots=True)
class Writing:
    """Who wrote a draft, when, in which run, and what it rests on.

    ``sources`` are by the key of a section; ``common`` are those of every section that has none of its own.
    """

    by: str
    on: date
    name: str = ""
    run: str = ""
    prompt: str = ""
    template: str = ""
    sources: Mapping[str, tuple[SectionSource, ...]] = field(default_factory=dict)
    common: tuple[SectionSource, ...] = ()

    def origin(self, mark: TopSection) -> Origin:
        """Return what is known of a section that was written so."""
        sources = tuple(dict.fromkeys(self.sources.get(mark.key.partition("#")[0]) or self.common))
        written = (self.by, self.on, self.name, self.run, self.prompt, self.template)
        return Origin(mark.key, mark.hash, *written, sources)


def record_origins(root: Path, path: str, before: bytes | None, after: bytes, writing: Writing) -> Edit | None:
    """Return what writes down who wrote the sections of a document that differ from before."""
    old = {mark.key: mark.hash for mark in read_marks(parse(before))} if before is not None else {}
    marks = read_marks(parse(after))
    written = {m.key: writing.origin(m) for m in marks if old.get(m.key) != m.hash}
    keys = {mark.key for mark in marks}
    kept = [o for o in read_provenance(root, path).sections if o.section in keys and o.section not in written]
    return edit_provenance(root, path, Provenance((*kept, *written.values())))


def rebind_origins(root: Path, path: str, before: bytes, after: bytes) -> Edit | None:
    """Return what keeps sections bound to who wrote them, though the tool itself has changed their bytes."""
    known = read_provenance(root, path)
    if not known.sections:
        return None
    old, new = ({mark.key: mark.hash for mark in read_marks(parse(raw))} for raw in (before, after))
    return edit_provenance(root, path, Provenance(tuple(rebind(o, old, new) for o in known.sections)))


def rebind(origin: Origin, before: Mapping[str, Stamp], after: Mapping[str, Stamp]) -> Origin:
    """Bind what is known of a section to its new bytes, if its bytes before were as they were written."""
    if before.get(origin.section) != origin.hash or origin.section not in after:
        return origin
    return replace(origin, hash=after[origin.section])
