"""A draft: typed fields, the document that they render to, and the record of how they came about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from procauthor.authoring.brief import Brief, Usage
from procauthor.authoring.memory import DATABASE, FILE, FileMemory, WorkMemory, find_address, password_of
from procauthor.authoring.request import defined_document
from procauthor.authoring.run import HAND_OFF, Run, RunStore
from procauthor.checking.usage import is_optional
from procauthor.convention.word import read_status
from procauthor.data import pick
from procauthor.errors import DraftError
from procauthor.library.contract import read_contract
from procauthor.library.derive import bare_title
from procauthor.library.reference import relative
from procauthor.library.state import is_id, make_folder, seal, set_aside, unseal
from procauthor.library.status import PROPOSALS, QUESTIONS, list_proposals
from procauthor.markdown.document import BOM, Document, Replacement, Source, replace_spans
from procauthor.markdown.front import find_front_matter
from procauthor.markdown.front_edit import Drop, Extend, FrontEdit, Put, edit_front_matter, write_front_matter
from procauthor.markdown.parse import parse
from procauthor.naming import bare_name, title_key
from procauthor.procedure import DONE
from procauthor.system import read_regular
from procauthor.template.render import render
from procauthor.template.spec import Template
from procauthor.workspace import Workspace

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


_KIND = "draft"
Outcome = Literal["Awaiting review", "Needs revision", "No change", "Published", "Updated", "Rejected"]
"""What became of a run. A draft of it waits for review or needs revision first; where nothing would change, none is
kept. Its draft is then published, is an update that was made, or is rejected."""

OFFLINE = "offline"
SKELETON = "skeleton"
IN_PROGRESS = "In progress"
"""The status of a draft with open questions or marked gaps."""
# What a draft with marked gaps is expected to lack. It may be accepted with these findings: a person fills it in place,
# and the check keeps saying what is missing. Any other error blocks it like every draft.
UNFINISHED = frozenset(
    {"placeholder-text", "template-text-left", "missing-section", "empty-section", "step-part-missing"}
)

QUESTION_RULES = ("open-question", "proposal-open")


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


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft as it is stored.

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

    @classmethod
    def of_run(  # noqa: PLR0913 - what a run can come to
        cls,
        run: Run,
        text: bytes,
        findings: Sequence[Mapping[str, Any]],
        *,
        fields: Mapping[str, Any],
        author: str = "",
        prompt: str = "",
        sources: Mapping[str, tuple[str, ...]] | None = None,
        open_questions: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> Draft:
        """Return the draft that a run has come to; ``author`` is that of the run where none is named."""
        brief = run.brief
        same = text.decode() == brief.text and bool(brief.request.wish or brief.revises)
        return cls(
            id=run.id,
            title=brief.request.title,
            path=brief.path,
            author=author or run.author,
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
    def accepted(self) -> Outcome:
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
        """Return what is stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Draft:
        """Read a stored draft."""
        values = dict(data)
        values["usage"] = Usage(**values["usage"])
        for name in ("passages", "open_questions", "leads", "findings", "notes", "usage_by_step"):
            values[name] = tuple(values.get(name, ()))
        values["sources"] = {key: tuple(rests) for key, rests in values["sources"].items()}
        return cls(**values)


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


class DraftStore:
    """Drafts that wait, one file each. A file that was not written here, or is damaged, is named and left out.

    Args:
        folder: Where they are, in the state of the library.
        tell: Takes a sentence about a file that is left out.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.folder = folder
        self._tell = tell

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
            draft = None if plain is None else Draft.from_json(json.loads(plain))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            draft = None
        if draft is None or draft.id != file.stem:
            self._tell(f"draft {file.stem!r} was not written here, or is damaged, so it is left out")
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
        return DraftStore(self.workspace.state / "drafts", self.workspace.tell)

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

    def close(self) -> None:
        """Let go of the file of the memory until the next question."""
        if "memory" in self.__dict__:
            self.memory.close()

    @cached_property
    def runs(self) -> RunStore:
        """The runs, finished or not."""
        return RunStore(self.memory)


def open_run(records: Records, title: str) -> Run | None:
    """Return the newest run that takes answers for a title, of the kind that its document is for now."""
    key = title_key(title)
    revises = defined_document(title, records.workspace.read()) is not None
    for run in reversed(records.runs.all()):
        request = run.brief.request
        if run.author != HAND_OFF or request.wish or title_key(request.title) != key or run.brief.revises != revises:
            continue
        if is_open(records, run):
            return run
    return None


def is_open(records: Records, run: Run) -> bool:
    """Say whether a run takes answers."""
    if not run.ended or records.drafts.holds(run.id):
        return True
    if not run.accepted:
        return False
    present = records.workspace.read().by_path.get(run.brief.path)
    return (present.stamp if present else "") == run.brief.base
