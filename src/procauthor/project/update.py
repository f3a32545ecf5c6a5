"""Updates of existing documents: from a wish to a draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from procauthor.authoring.brief import Brief, ChangeRequest
from procauthor.authoring.draft import NO_CHANGE, Draft
from procauthor.authoring.gather import Source, gather
from procauthor.authoring.grounding import gather_evidence, unverified_changes
from procauthor.authoring.head import add_questions
from procauthor.authoring.run import Run, execute
from procauthor.authoring.update.edit import edit
from procauthor.authoring.update.offline import understand
from procauthor.authoring.update.outline import Outline, read_outline
from procauthor.errors import DraftError
from procauthor.finding import Finding
from procauthor.library.derive import show_status
from procauthor.library.library import Library, Procedure, read_procedure
from procauthor.library.reference import relative
from procauthor.markdown.parse import parse
from procauthor.naming import title_key
from procauthor.project.draft import ProjectDraft
from procauthor.project.writing import Writing, open_writing, prompt_hash
from procauthor.retrieval.chunk import Chunk

if TYPE_CHECKING:
    from procauthor.authoring.update.graph import UpdateState, UpdateWork
    from procauthor.project.authoring import Authoring

_DERIVED = ("index", "readme", "plan", "template")
_MAX_WISH = 4000


def update_brief(authoring: Authoring, reference: str, wish: str) -> Brief:
    """Gather the brief of an update."""
    words = wish.strip()
    if not words or len(words) > _MAX_WISH:
        message = "the wish is empty" if not words else f"the wish has more than {_MAX_WISH} characters"
        raise DraftError(message, 'say what to change, for example: add exit state "Deferred": decided next quarter')
    project = authoring.project
    library = project.library()
    own = library.find(reference)
    _refuse(own)
    request = ChangeRequest(own.title, own.lifecycle, own.phase, own.depends_on, wish=words)
    plan = project.own_plan(library)
    offline = authoring.model == "offline"
    source = Source(
        library=library,
        template=lambda path: project.templates.for_path(path, "procedure"),
        search=_nothing if offline else authoring.search(library),
        announced=project.announced(library, plan),
        passages=project.settings.authoring.passages,
    )
    brief = gather(request, source, own)
    brief = _name_first(replace(brief, template=own.template.name if own.template else ""))
    if offline:
        _try_offline(brief, outline_of(authoring, brief), library)
    return brief


def _try_offline(brief: Brief, outline: Outline, library: Library) -> None:
    """Refuse at once what the offline author cannot do, so that no run is left behind.

    Raises:
        DraftError: It does not understand the wish, or the document does not allow it.
    """
    edit(outline, understand(brief.request.wish, outline, brief.titles).operations, *known_references(brief, library))


def known_references(brief: Brief, library: Library) -> tuple[dict[str, str], dict[str, str]]:
    """Return the link and the status of each title of the closed list."""
    links = {r.title: relative(brief.path, r.path) if r.path else "" for r in brief.references}
    found = {r.title: library.by_path.get(r.path) for r in brief.references}
    return links, {title: show_status(p.status) for title, p in found.items() if p}


def _nothing(_query: str, _limit: int) -> Sequence[Chunk]:
    return ()


def _refuse(own: Procedure) -> None:
    if own.kind in _DERIVED:
        message = f"{own.path} is a document of kind {own.kind}, and is not updated by a wish"
        raise DraftError(message, "procauthor sync keeps tables up to date; a person writes the rest")
    if own.status == "placeholder" and own.declared_status == "placeholder":
        message = f"{own.title!r} is a placeholder"
        raise DraftError(message, f'draft it with: procauthor create "{own.title}"')


def _name_first(brief: Brief) -> Brief:
    """Return the brief with the titles that the wish names in front of the closed list."""
    wish = f" {title_key(brief.request.wish)} "
    named = [r for r in brief.references if r.path and f" {title_key(r.title)} " in wish]
    references = tuple({r.title: r for r in (*named, *brief.references)}.values())
    far = sum(r not in brief.near for r in named)
    return replace(brief, references=references, nearest=len(brief.near) + far)


def outline_of(authoring: Authoring, brief: Brief) -> Outline:
    """Return the outline of the document that a brief is based on."""
    template = authoring.project.templates.get(brief.template) if brief.template else None
    return read_outline(parse(brief.text.encode()), template)


def run_update(authoring: Authoring, run: Run) -> ProjectDraft:
    """Carry an update from its last checkpoint to its draft."""
    from procauthor.authoring.graph import questions_of
    from procauthor.authoring.update.graph import build_update_graph, operations_of

    project = authoring.project
    writing = open_writing(project, run, fresh=authoring.fresh)
    work = _work(authoring, run, project.library(), writing)
    state: UpdateState = execute(run, project.runs, lambda: build_update_graph(work))  # type: ignore[assignment]
    operations = operations_of(state)
    edited = work.edit(operations)
    doubts = unverified_changes(work.outline, operations, gather_evidence(run.brief, project.library()))
    questions = tuple(dict.fromkeys([*questions_of(state), *doubts]))
    changed = edited.raw != run.brief.text.encode()
    text = add_questions(edited.raw, run.brief.path, questions) if changed else edited.raw
    findings = tuple(state.get("findings", ()))
    reason = state.get("reason", "")
    draft = Draft(
        id=run.id,
        title=run.brief.request.title,
        path=run.brief.path,
        author=run.author,
        outcome=outcome_of(findings) if changed else NO_CHANGE,
        text=text.decode(),
        base=run.brief.base,
        base_text=run.brief.text,
        wish=run.brief.request.wish,
        notes=tuple(filter(None, (reason, *edited.notes))),
        template=run.brief.template,
        template_hash=run.brief.template_hash,
        prompt=prompt_hash(project, run.author),
        fields={"operations": [operation.as_json() for operation in operations]},
        sources={name: tuple(found) for name, found in state.get("sources", {}).items()},
        passages=tuple(run.brief.as_json()["passages"]),
        open_questions=questions,
        findings=findings,
        usage=writing.calls.usage,
        usage_by_step=writing.calls.by_step(),
    )
    if draft.outcome != NO_CHANGE:
        project.drafts.save(draft)
    run.end()
    return ProjectDraft(project, draft)


def outcome_of(findings: Sequence[Finding | Mapping[str, object]]) -> str:
    """Return the outcome of a change with these findings."""
    severities = (f.severity if isinstance(f, Finding) else f["severity"] for f in findings)
    return "Needs revision" if "error" in severities else "Awaiting review"


def _work(authoring: Authoring, run: Run, library: Library, writing: Writing) -> UpdateWork:
    from procauthor.authoring.update.graph import UpdateWork

    project, brief = authoring.project, run.brief
    based = library.overlay(
        read_procedure(brief.path, brief.text.encode(), project.settings.library, project.templates)
    )

    def findings(text: bytes, rules: Sequence[str]) -> Sequence[Finding]:
        return authoring.check(based, brief.path, text, rules)

    links, statuses = known_references(brief, library)
    return UpdateWork(
        brief=brief,
        template=project.templates.get(brief.template) if brief.template else project.templates.of_kind("procedure"),
        outline=outline_of(authoring, brief),
        author=writing.author,
        spent=lambda: writing.calls.usage,
        check=findings,
        links=links,
        statuses=statuses,
        report=authoring.progress or (lambda _: None),
        repairs=project.settings.authoring.repairs,
        max_tokens=run.max_tokens,
    )
