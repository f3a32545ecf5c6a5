"""A draft: typed fields, the document that they render to, how they came about, and what it would change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from procauthor.authoring.brief import Usage
from procauthor.authoring.memory import DATABASE, FILE, FileMemory, WorkMemory, find_address, password_of
from procauthor.authoring.run import HAND_OFF, Run, RunStore
from procauthor.checking.rules.name import UNLINKED_NAME
from procauthor.data import as_type, pick
from procauthor.errors import ConfigError, ConflictError, DraftError, StoreError
from procauthor.finding import Finding
from procauthor.library.change import Change, Edit
from procauthor.library.library import Library, Procedure
from procauthor.library.sidecar import Origin, SectionSource, TopSection, today
from procauthor.library.state import is_id, make_folder, seal, set_aside, unseal
from procauthor.markdown.merge import Clash, Merged, merge
from procauthor.markdown.parse import parse
from procauthor.naming import amount, title_key
from procauthor.procedure import Stamp, stamp
from procauthor.regex import lazy
from procauthor.review.review import follow_edits, record_origins
from procauthor.system import read_regular
from procauthor.template.model import late_name
from procauthor.template.spec import SectionSpec, Template
from procauthor.workspace import Workspace

if TYPE_CHECKING:
    from procauthor.prompt import PromptLibrary

_KIND = "draft"
Outcome = Literal["Awaiting review", "Needs revision", "No change", "Published", "Updated", "Rejected"]
"""What became of a run. A draft of it waits for review or needs revision first; where nothing would change, none is
kept. Its draft is then published, is an update that was made, or is rejected."""

OFFLINE = "offline"
SKELETON = "skeleton"
# What a draft with marked gaps is expected to lack. It may be accepted with these findings: a person fills it in place,
# and the check keeps saying what is missing. Any other error blocks it like every draft.
UNFINISHED = frozenset(
    {"placeholder-text", "template-text-left", "missing-section", "empty-section", "step-part-missing"}
)

QUESTION_RULES = ("open-question", "proposal-open")
_RUN = lazy(rb"`+")
_LEAST_FENCE = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft: as it is stored, and what it would change in its library.

    ``text`` is the whole document; ``base`` the stamp of the file that it replaces, or empty, and
    ``base_text`` that file; ``wish`` what an update was asked for; ``revises`` says that fields of a defined document
    were revised; ``notes`` what was computed beyond it; ``prompt`` the hash of the prompts that a model was given;
    ``sources`` the passages and contracts that each field rests on; ``leads`` where the library may answer open
    questions. ``findings`` are its own, and those that accepting would cause in other documents.
    """

    id: str
    title: str
    path: str
    author: str
    outcome: Outcome
    text: str
    base: str = ""
    base_text: str | None = None
    wish: str = ""
    revises: bool = False
    notes: tuple[str, ...] = ()
    template: str = ""
    template_hash: str = ""
    prompt: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    passages: tuple[Mapping[str, Any], ...] = ()
    open_questions: tuple[str, ...] = ()
    leads: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    usage: Usage = Usage()
    usage_by_step: tuple[Mapping[str, Any], ...] = ()
    kept: Records | None = field(default=None, repr=False, compare=False)
    """What is kept of its library; None until it is kept there itself."""

    @classmethod
    def of_run(  # noqa: PLR0913 - what a run can come to
        cls,
        run: Run,
        text: bytes,
        findings: Sequence[Mapping[str, Any]],
        *,
        fields: Mapping[str, Any],
        prompt: str = "",
        sources: Mapping[str, tuple[str, ...]] | None = None,
        open_questions: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> Draft:
        """Return the draft that a run has come to."""
        brief = run.brief
        same = text.decode() == brief.text and bool(brief.request.wish or brief.revises)
        return cls(
            id=run.id,
            title=brief.request.title,
            path=brief.path,
            author=run.author,
            outcome=_decide(run.author, findings, changing=bool(brief.request.wish), same=same),
            text=text.decode(),
            base=brief.base,
            base_text=brief.text if brief.base else None,
            wish=brief.request.wish,
            revises=brief.revises,
            notes=notes,
            template=brief.template,
            template_hash=brief.template_hash,
            prompt=prompt,
            fields=fields,
            sources=sources or {},
            passages=tuple(brief.as_json()["passages"]),
            open_questions=open_questions,
            findings=own_findings(findings),
            usage=run.calls.usage,
            usage_by_step=run.calls.by_step(),
        )

    @property
    def errors(self) -> tuple[Mapping[str, Any], ...]:
        """The findings for which the draft cannot be accepted."""
        own = [finding for finding in self.findings if finding["path"] == self.path]
        return _blocking(self.author, own, changing=bool(self.wish))

    @property
    def failed(self) -> bool:
        """Whether the draft has to be written again before it can be accepted."""
        return self.outcome == "Needs revision"

    @property
    def waits(self) -> bool:
        """Whether there is something to accept."""
        return self.outcome != "No change"

    @property
    def accepted(self) -> Literal["Published", "Updated"]:
        """The outcome of the run once the draft is accepted."""
        return "Updated" if self.wish or self.revises else "Published"

    @property
    def reused(self) -> int:
        """How many replies earlier runs had paid for."""
        return sum(row["reused"] for row in self.usage_by_step)

    def as_row(self) -> dict[str, Any]:
        """Return the row of a list of drafts."""
        return {"draft": self.id, **pick(self, "title", "path", "author", "outcome")}

    def as_json(self) -> dict[str, Any]:
        """Return what is stored, which `as_type` reads back."""
        data: dict[str, Any] = msgspec.to_builtins(replace(self, kept=None))
        del data["kept"]
        return data

    # In its library

    @property
    def records(self) -> Records:
        """What is kept of its library."""
        assert self.kept is not None, "only a draft that is kept belongs to a library"
        return self.kept

    def change(self) -> Change:
        """Return all that accepting changes: the procedure, index, README, orchestrations, plan ticks and sidecars.

        Raises:
            ConflictError: The document moved since, and its change and the draft meet.
        """
        workspace = self.records.workspace
        library = workspace.read()
        present = library.by_path.get(self.path)
        raw = present.source.raw if present else None
        text = self._text(library, raw)
        if text == raw:
            return Change(())
        laid = workspace.with_text(library, self.path, text)
        derived = [e for e in workspace.derive(laid).edits if e.path != self.path]
        beside = _sidecars(self, workspace.with_edits(laid, derived), raw, derived)
        return Change((Edit(self.path, raw, text), *derived, *beside), f"accept {self.title}")

    def _text(self, library: Library, raw: bytes | None) -> bytes:
        """Return what the document becomes: the draft, merged with what happened to the file meanwhile."""
        if (stamp(raw) if raw is not None else "") == self.base:
            return self.text.encode()
        merged = _merge(self, raw)
        _refuse_new_errors(self, library, merged.raw)
        note, notices = _merge_note(self, merged), self.records.workspace.notices
        if note not in notices:
            notices.append(note)
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
        errors = self.errors
        if errors:
            message = f"draft {self.id!r} has {amount(len(errors), 'finding')} of severity error"
            submitted = self.author == HAND_OFF and not self.wish
            again = f"procauthor submit FILE --run {self.id}" if submitted else "draft it again"
            raise DraftError(message, f"the first: {errors[0]['message']}; {again}, or edit after reject")
        try:
            change = self.change()
        except ClashError as error:
            raise self._put_aside(error) from error
        self.records.workspace.commit(change)
        self.records.drafts.remove(self)
        # The document is written: a memory that cannot be used must not say otherwise.
        with suppress(StoreError, ConfigError):
            if self.records.runs.holds(self.id):
                self.records.runs.get(self.id).accept()
        return change

    def unlinked(self) -> tuple[str, ...]:
        """Return the documents that name this one without a link where ``check --fix`` would make one."""
        library = self.records.workspace.read()
        words = title_key(self.title).split()
        naming = [p.path for p in library.procedures if p.path != self.path and _has_words(p, words)]
        findings = self.records.workspace.check(library, naming, select=[UNLINKED_NAME.name]).findings if naming else ()
        hint = f"link {self.path!r}"
        return tuple(dict.fromkeys(f.path for f in findings if f.fixable and f.hint == hint))

    def _put_aside(self, error: ClashError) -> ConflictError:
        """Write both texts of a conflict beside the library's documents, where no command takes it for one."""
        file = self.records.workspace.state / "conflicts" / f"{self.id}.conflict.md"
        make_folder(file.parent)
        file.write_bytes(_conflict_text(self, error.clashes))
        place = file.relative_to(self.records.workspace.root).as_posix()
        hint = (
            f"both texts are in {place}; the document is as it was, and the draft waits: edit, then accept or reject it"
        )
        return ConflictError(error.message, hint)

    async def aaccept(self) -> Change:
        """Accept without blocking the event loop."""
        import asyncio

        return await asyncio.to_thread(self.accept)

    def reject(self) -> None:
        """Drop the draft; the library stays as it is."""
        self.records.drafts.remove(self)

    def describe(self, change: Change, outcome: str) -> dict[str, Any]:
        """Return the documented JSON object about the draft, with what it changes and what has become of it."""
        asked = self.records.workspace.parse(self.path, self.text.encode()).questions
        return {
            "run": self.id,
            "outcome": outcome,
            "draft": self.id,
            "path": self.path,
            "author": self.author,
            "findings": list(self.findings),
            "open_questions": list(self.open_questions),
            "proposals": [
                pick(q, "number", "value", "reason", "section", "line") for q in asked if q.kind == "proposal"
            ],
            "leads": list(self.leads),
            "sources": [{"field": name, "rests_on": list(rests)} for name, rests in self.sources.items()],
            "passages": list(self.passages),
            "usage": self.usage.as_json(),
            "usage_by_step": list(self.usage_by_step),
            "notes": list(self.notes),
            "changes": change.as_json(),
        }


def _decide(author: str, findings: Sequence[Mapping[str, Any]], *, changing: bool, same: bool) -> Outcome:
    """Return the outcome of a run that has come to a document, which may be the ``same`` as before."""
    if _blocking(author, findings, changing=changing):
        return "Needs revision"
    return "No change" if same else "Awaiting review"


def own_findings(findings: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Return the findings without those about questions, which are listed with a draft anyway."""
    return tuple(f for f in findings if f["rule"] not in QUESTION_RULES or f["severity"] != "info")


def _blocking(author: str, findings: Sequence[Mapping[str, Any]], *, changing: bool) -> tuple[Mapping[str, Any], ...]:
    """Return the errors for which a draft cannot be accepted; what an author marks as a gap is meant to be one."""
    pardoned = UNFINISHED if author in (SKELETON, OFFLINE) and not changing else frozenset()
    return tuple(each for each in findings if each["severity"] == "error" and each["rule"] not in pardoned)


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
    after = workspace.check(workspace.with_derived(laid, ticks=False), near).findings
    if not after:
        return ()
    present = workspace.with_derived(library, ticks=False)
    known = {finding.fingerprint for finding in workspace.check(present, near).findings}
    return [finding for finding in after if finding.fingerprint not in known]


def _touched(library: Library, draft: Procedure) -> set[str]:
    """Return the documents that a draft refers to, and those that name it."""
    words = title_key(draft.title).split()
    linked = {path for path in draft.targets if path in library.by_path}
    named = {p.path for p in library.procedures if p.kind != "plan" and _has_words(p, words)}
    return (linked | named) - {draft.path}


def _has_words(procedure: Procedure, words: Sequence[str]) -> bool:
    """Say whether all words of a title occur in a document: cheap, so that few documents are looked at closely."""
    text = procedure.folded
    return all(word in text for word in words if word != "and")


class ClashError(ConflictError):
    """The draft and the file changed the same place in different ways."""

    def __init__(self, message: str, clashes: Sequence[Clash]) -> None:
        super().__init__(message, "procauthor accept writes both texts to a side file")
        self.clashes = clashes


def _merge(draft: Draft, raw: bytes | None) -> Merged:
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
        raise ClashError(message, merged.clashes)
    return merged


def _merge_note(draft: Draft, merged: Merged) -> str:
    """Return the sentence that says what was merged."""
    ours, theirs = ", ".join(merged.ours) or "nothing", ", ".join(merged.theirs) or "nothing"
    return f"{draft.path} changed since the draft was made; merged (draft: {ours}; file: {theirs})"


def _refuse_new_errors(draft: Draft, library: Library, text: bytes) -> None:
    """Refuse a merge in which each half is right and the whole is not.

    Raises:
        ConflictError: The merged document has errors that the file does not have.
    """
    workspace = draft.records.workspace
    present = {f.fingerprint for f in workspace.check(library, [draft.path]).findings}
    laid = workspace.with_derived(workspace.with_text(library, draft.path, text))
    findings = workspace.check(laid, [draft.path]).findings
    errors = [f for f in findings if f.severity == "error" and f.fingerprint not in present]
    if errors:
        message = f"{draft.path} changed since the draft {draft.id!r} was based on it, and the two do not go together"
        raise ConflictError(
            message, f"line {errors[0].line} would say: {errors[0].message}; reject it and make it again"
        )


def _conflict_text(draft: Draft, clashes: Sequence[Clash]) -> bytes:
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


def _sidecars(draft: Draft, library: Library, before: bytes | None, derived: Iterable[Edit]) -> Iterator[Edit]:
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
        origin_of = partial(_origin, draft, _sources(draft, procedure.template))
        edit = record_origins(library.root, draft.path, before, procedure.source.raw, origin_of)
        if edit:
            yield edit
    yield from follow_edits(library, derived, [draft.path], draft.records.workspace.speaking_of(library, [draft.path]))


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


class DraftStore:
    """Drafts that wait, one file each. A file that was not written here, or is damaged, is named and left out.

    Args:
        records: What is kept of the library that they belong to.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self.folder = records.workspace.state / "drafts"

    def save(self, draft: Draft) -> None:
        """Store a draft under its id.

        Raises:
            DraftError: The id is no name.
        """
        file = self._file(draft.id)
        make_folder(self.folder)
        if file.exists() and self._read(file) is None:
            set_aside(file)
        temporary = file.with_suffix(".tmp")
        text = json.dumps(draft.as_json(), ensure_ascii=False, indent=1)
        temporary.write_bytes(seal(file, _KIND, text.encode()))
        temporary.replace(file)

    def holds(self, name: str) -> bool:
        """Say whether a draft of that id waits."""
        return is_id(name) and self._read(self._file(name)) is not None

    def names(self) -> list[str]:
        """Return the ids of all drafts that wait."""
        return sorted(file.stem for file in self.folder.glob("*.json"))

    def all(self) -> list[Draft]:
        """Return all drafts that wait, by id."""
        drafts = (self._read(file) for file in sorted(self.folder.glob("*.json")))
        return [draft for draft in drafts if draft is not None]

    def get(self, name: str = "") -> Draft:
        """Return the draft of that id or title; without a name, the only one.

        Raises:
            DraftError: There is none, or several and no name.
        """
        drafts = self.all()
        if name:
            drafts = [d for d in drafts if name in (d.id, d.title)]
        if len(drafts) == 1:
            return drafts[0]
        if not drafts:
            message = f"no draft {name!r} waits" if name else "no draft waits"
            raise DraftError(message, "procauthor drafts lists them; procauthor create makes one")
        message = f"{len(drafts)} drafts wait"
        raise DraftError(message, "name one: " + ", ".join(d.id for d in drafts))

    def remove(self, draft: Draft) -> None:
        """Forget a draft.

        Raises:
            DraftError: The id is no name.
        """
        self._file(draft.id).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        if not is_id(name):
            message = f"{name!r} is no id of a draft"
            raise DraftError(message, "procauthor drafts lists them")
        return self.folder / f"{name}.json"

    def _read(self, file: Path) -> Draft | None:
        """Return a draft, or None where there is none that counts."""
        try:
            plain = unseal(file, _KIND, read_regular(file))
            draft = None if plain is None else replace(as_type(json.loads(plain), Draft), kept=self._records)
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            draft = None
        if draft is None or draft.id != file.stem:
            self._records.workspace.tell(f"draft {file.stem!r} was not written here, or is damaged, so it is left out")
            return None
        return draft


class Records:
    """A library with its drafts, runs and memory of calls.

    Args:
        workspace: The library.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @cached_property
    def drafts(self) -> DraftStore:
        """The drafts that wait."""
        return DraftStore(self)

    @cached_property
    def memory(self) -> WorkMemory:
        """The memory of runs, batches and paid calls: a file, or the database that the settings name.

        A file that does not count is set aside, and ``notices`` say so.
        """
        written = self.workspace.settings.run.database
        address = find_address(written)
        if password_of(written):
            self.workspace.tell(f"the settings hold a password of the database: keep the address in {DATABASE}")
        memory: WorkMemory
        if address:
            from procauthor.authoring.postgres import SharedMemory

            memory = SharedMemory(address)
        else:
            memory = FileMemory(self.workspace.state / FILE)
        if memory.notice:
            self.workspace.tell(memory.notice)
        return memory

    @property
    def prompts(self) -> PromptLibrary:
        """The prompts; the library's own come first."""
        from procauthor.prompt import PromptLibrary

        return PromptLibrary(self.workspace.own_folder("prompts"))

    def close(self) -> None:
        """Let go of the file of the memory until the next question."""
        if "memory" in self.__dict__:
            self.memory.close()

    @cached_property
    def runs(self) -> RunStore:
        """The runs, finished or not."""
        return RunStore(self.memory)
