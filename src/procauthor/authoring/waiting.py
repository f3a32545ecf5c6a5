"""A draft that waits, together with the library that it would change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from procauthor.authoring.draft import SKELETON, Draft
from procauthor.authoring.run import HAND_OFF
from procauthor.checking.rules.name import UNLINKED_NAME
from procauthor.data import pick
from procauthor.errors import ConfigError, ConflictError, DraftError, StoreError
from procauthor.finding import Finding
from procauthor.library.change import Change, Edit
from procauthor.library.library import Library, Procedure, read_procedure
from procauthor.library.sidecar import Origin, SectionSource, TopSection, today
from procauthor.library.state import make_folder
from procauthor.markdown.merge import Clash, Merged, merge
from procauthor.markdown.parse import parse
from procauthor.naming import amount, title_key
from procauthor.procedure import Stamp, stamp
from procauthor.regex import lazy
from procauthor.review.blame import record_origins
from procauthor.review.review import follow
from procauthor.template.model import late_name
from procauthor.template.spec import SectionSpec, Template
from procauthor.workspace import Workspace

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records


def find_elsewhere(workspace: Workspace, library: Library, draft: Procedure) -> Sequence[Finding]:
    """Return the findings that other documents do not have now, and would have once a draft is accepted.

    Args:
        workspace: Checks and derives.
        library: The library as it is.
        draft: The document as it would be.
    """
    laid = library.overlay(draft)
    near = sorted(_touched(library, draft))
    if not near:
        return ()
    present = workspace.with_derived(library, ticks=False)
    known = {finding.fingerprint for finding in workspace.check(present, near).findings}
    after = workspace.check(workspace.with_derived(laid, ticks=False), near).findings
    return [finding for finding in after if finding.fingerprint not in known]


def _touched(library: Library, draft: Procedure) -> set[str]:
    """Return the documents that a draft refers to, and those that name it."""
    words = title_key(draft.title).split()
    linked = {path for path in draft.targets if path in library.by_path}
    named = {p.path for p in library.procedures if p.kind != "plan" and names(p, words)}
    return (linked | named) - {draft.path}


def names(procedure: Procedure, words: Sequence[str]) -> bool:
    """Say whether all words of a title occur in a document: cheap, so that few documents are looked at closely."""
    text = procedure.folded
    return all(word in text for word in words if word != "and")


_RUN = lazy(rb"`+")
_LEAST_FENCE = 3


class ClashError(ConflictError):
    """The draft and the file changed the same place in different ways."""

    def __init__(self, message: str, hint: str = "", clashes: Sequence[Clash] = ()) -> None:
        super().__init__(message, hint)
        self.clashes = tuple(clashes)


def merge_draft(draft: Draft, raw: bytes | None) -> Merged:
    """Merge a draft with the file as it is now.

    Raises:
        ConflictError: The file is gone, or is there although the draft is for a new one.
        ClashError: Both changed the same place.
    """
    again = f"reject {draft.id!r} and make it again; the draft is kept until then"
    if raw is None:
        message = f"{draft.path} was deleted since the draft {draft.id!r} was based on it"
        raise ConflictError(message, again)
    if draft.base_text is None:
        message = f"{draft.path} was written since the draft {draft.id!r} was made for a new file"
        raise ConflictError(message, again)
    merged = merge(draft.base_text.encode(), draft.text.encode(), raw)
    if merged.clashes:
        places = ", ".join(dict.fromkeys(repr(c.heading or "the head of the document") for c in merged.clashes))
        message = f"{draft.path} changed since the draft {draft.id!r} was based on it, and both change {places}"
        raise ClashError(message, "procauthor accept writes both texts to a side file", merged.clashes)
    return merged


def merge_note(draft: Draft, merged: Merged) -> str:
    """Return the sentence that says what was merged."""
    ours, theirs = ", ".join(merged.ours) or "nothing", ", ".join(merged.theirs) or "nothing"
    return f"{draft.path} changed since the draft was made; merged (draft: {ours}; file: {theirs})"


def refuse_new_errors(records: Records, library: Library, draft: Draft, text: bytes) -> None:
    """Refuse a merge in which each half is right and the whole is not.

    Raises:
        ConflictError: The merged document has errors that the file does not have.
    """
    present = {f.fingerprint for f in records.workspace.check(library, [draft.path]).findings}
    merged = read_procedure(draft.path, text, records.workspace.settings, records.workspace.templates)
    laid = records.workspace.with_derived(library.overlay(merged))
    findings = records.workspace.check(laid, [draft.path]).findings
    errors = [f for f in findings if f.severity == "error" and f.fingerprint not in present]
    if errors:
        message = f"{draft.path} changed since the draft {draft.id!r} was based on it, and the two do not go together"
        raise ConflictError(
            message, f"line {errors[0].line} would say: {errors[0].message}; reject it and make it again"
        )


def conflict_text(draft: Draft, clashes: Sequence[Clash]) -> bytes:
    """Return a side file that holds all versions of each place, byte for byte within fences."""
    parts = [
        f"# Conflict in {draft.path}\n\nThe draft `{draft.id}` and the file changed the same places since the draft "
        "was made.\nThe file is as it was. Edit it, then accept the draft again, or reject it.\n".encode()
    ]
    for clash in clashes:
        parts.append(f"\n## {clash.heading or 'The head of the document'}\n".encode())
        versions = (("Before", clash.base), ("In the draft", clash.ours), ("In the file now", clash.theirs))
        parts += [f"\n### {name}\n\n".encode() + _fenced(raw) for name, raw in versions]
    return b"".join(parts)


def _fenced(raw: bytes) -> bytes:
    longest = max((len(run) for run in _RUN.findall(raw)), default=0)
    fence = b"`" * max(_LEAST_FENCE, longest + 1)
    return fence + b"markdown\n" + raw + (b"" if raw.endswith(b"\n") else b"\n") + fence + b"\n"


def sidecars(
    workspace: Workspace, draft: Draft, library: Library, before: bytes | None, derived: Iterable[Edit]
) -> Iterator[Edit]:
    """Yield the edits of provenance and receipts that belong to a draft.

    Args:
        workspace: Knows who may speak of the draft.
        draft: The draft.
        library: The library with its document, and with all that follows from it.
        before: The document as it was.
        derived: What follows from it, in other documents.
    """
    procedure = library.by_path[draft.path]
    # A skeleton is filled by a person, who then is its author.
    if draft.author != SKELETON:
        origin_of = partial(_origin, draft, _sources(draft, procedure.template))
        edit = record_origins(library.root, draft.path, before, procedure.source.raw, origin_of)
        if edit:
            yield edit
    yield from follow(library, derived, [draft.path], workspace.speaking_of(library, [draft.path]))


Sources = Mapping[str, tuple[SectionSource, ...]]


def _origin(draft: Draft, sources: Sources, mark: TopSection) -> Origin:
    """Return how a section of a draft came about."""
    written = (draft.author, today(), _name(draft), draft.id, draft.prompt, draft.template_hash)
    rests = sources.get(mark.key.partition("#")[0]) or sources.get("", ())
    return Origin(mark.key, mark.hash, *written, tuple(dict.fromkeys(rests)))


def _sources(draft: Draft, template: Template | None) -> Sources:
    """Return what sections rest on, by their key; what an update rests on, all that it wrote does, under no key."""
    known = {str(passage["id"]): _source(passage) for passage in draft.passages}
    rests = {name: tuple(known.get(i, SectionSource(i)) for i in ids) for name, ids in draft.sources.items()}
    if draft.wish:
        return {"": tuple(chain.from_iterable(rests.values()))}
    fields: dict[str, tuple[SectionSource, ...]] = {}
    for spec in template.sections if template else ():
        fields |= dict.fromkeys(spec.keys, tuple(chain.from_iterable(rests.get(name, ()) for name in _names(spec))))
    return fields


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


@dataclass(frozen=True)
class WaitingDraft:
    """A draft together with the library that it belongs to."""

    records: Records
    draft: Draft

    def __getattr__(self, name: str) -> Any:
        """Give access to the values of the draft itself."""
        return getattr(self.draft, name)

    def change(self) -> Change:
        """Return all that accepting changes: the procedure, index, README, orchestrations, plan ticks and sidecars.

        Raises:
            ConflictError: The document moved since, and its change and the draft meet.
        """
        records, draft = self.records, self.draft
        library = records.workspace.read()
        present = library.by_path.get(draft.path)
        raw = present.document.source.raw if present else None
        text = self._text(library, raw)
        if text == raw:
            return Change(())
        procedure = read_procedure(draft.path, text, records.workspace.settings, records.workspace.templates)
        laid = library.overlay(procedure)
        derived = [e for e in records.workspace.derive(laid).edits if e.path != draft.path]
        beside = sidecars(records.workspace, draft, records.workspace.with_edits(laid, derived), raw, derived)
        return Change((Edit(draft.path, raw, text), *derived, *beside), f"accept {draft.title}")

    def _text(self, library: Library, raw: bytes | None) -> bytes:
        """Return what the document becomes: the draft, merged with what happened to the file meanwhile."""
        draft = self.draft
        if (stamp(raw) if raw is not None else "") == draft.base:
            return draft.text.encode()
        merged = merge_draft(draft, raw)
        refuse_new_errors(self.records, library, draft, merged.raw)
        note = merge_note(draft, merged)
        if note not in self.records.workspace.notices:
            self.records.workspace.notices.append(note)
        return merged.raw

    def diff(self) -> str:
        """Return the change as one unified diff."""
        return self.change().diff()

    def accept(self) -> Change:
        """Write the draft and everything that follows from it, in one transaction.

        Raises:
            DraftError: The draft still has findings of severity error; one with marked gaps may be unfinished.
            ConflictError: The document moved since, and its change and the draft meet: both texts are in a side file.
        """
        errors = self.draft.errors
        if errors:
            message = f"draft {self.draft.id!r} has {amount(len(errors), 'finding')} of severity error"
            submitted = self.draft.author == HAND_OFF and not self.draft.wish
            again = f"procauthor submit FILE --run {self.draft.id}" if submitted else "draft it again"
            raise DraftError(message, f"the first: {errors[0]['message']}; {again}, or edit after reject")
        try:
            change = self.change()
        except ClashError as error:
            raise self._put_aside(error) from error
        self.records.workspace.commit(change)
        self.records.drafts.remove(self.draft)
        # The document is written: a memory that cannot be used must not say otherwise.
        with suppress(StoreError, ConfigError):
            if self.records.runs.holds(self.draft.id):
                self.records.runs.get(self.draft.id).accept()
        return change

    def unlinked(self) -> tuple[str, ...]:
        """Return the documents that name this one without a link where ``check --fix`` would make one."""
        library = self.records.workspace.read()
        words = title_key(self.draft.title).split()
        naming = [p.path for p in library.procedures if p.path != self.draft.path and names(p, words)]
        findings = self.records.workspace.check(library, naming, select=[UNLINKED_NAME.name]).findings if naming else ()
        hint = f"link {self.draft.path!r}"
        return tuple(dict.fromkeys(f.path for f in findings if f.fixable and f.hint == hint))

    def _put_aside(self, error: ClashError) -> ConflictError:
        """Write both texts of a conflict beside the library's documents, where no command takes it for one."""
        file = self.records.workspace.state / "conflicts" / f"{self.draft.id}.conflict.md"
        make_folder(file.parent)
        file.write_bytes(conflict_text(self.draft, error.clashes))
        place = file.relative_to(self.records.workspace.root).as_posix()
        hint = (
            f"both texts are in {place}; the document is as it was, and the draft waits: edit, then accept or reject it"
        )
        return ConflictError(error.message, hint)

    async def aaccept(self) -> Change:
        """Accept without blocking the event loop."""
        return await asyncio.to_thread(self.accept)

    def reject(self) -> None:
        """Drop the draft; the library stays as it is."""
        self.records.drafts.remove(self.draft)


def draft_json(waiting: WaitingDraft, change: Change, outcome: str) -> dict[str, Any]:
    """Return the documented JSON object about a draft."""
    draft = waiting.draft
    asked = waiting.records.workspace.parse(draft.path, draft.text.encode()).questions
    return {
        "run": draft.id,
        "outcome": outcome,
        "draft": draft.id,
        "path": draft.path,
        "author": draft.author,
        "findings": list(draft.findings),
        "open_questions": list(draft.open_questions),
        "proposals": [pick(q, "number", "value", "reason", "section", "line") for q in asked if q.kind == "proposal"],
        "leads": list(draft.leads),
        "sources": [{"field": name, "rests_on": list(rests)} for name, rests in draft.sources.items()],
        "passages": list(draft.passages),
        "usage": draft.usage.as_json(),
        "usage_by_step": list(draft.usage_by_step),
        "notes": list(draft.notes),
        "changes": change.as_json(),
    }
