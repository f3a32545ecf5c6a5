"""Updates of existing documents: from a wish to a draft."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from procauthor.authoring.brief import Brief, ChangeRequest
from procauthor.authoring.gather import gather
from procauthor.authoring.update.edit import edit
from procauthor.authoring.update.offline import understand
from procauthor.authoring.update.outline import Outline, read_outline
from procauthor.errors import DraftError
from procauthor.library.index import show_status
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import relative
from procauthor.markdown.parse import parse
from procauthor.naming import title_key
from procauthor.retrieval.chunk import Chunk
from procauthor.template.read import TemplateStore
from procauthor.workspace import Workspace

_DERIVED = ("index", "readme", "plan", "template")
_MAX_WISH = 4000


Search = Callable[[Library], Callable[[str, int], Sequence[Chunk]]]


def update_brief(workspace: Workspace, reference: str, wish: str, search: Search | None) -> Brief:
    """Gather the brief of an update.

    Args:
        workspace: The library.
        reference: Path, id or title of the document.
        wish: What should change, in words.
        search: Finds passages in a library; None for the offline author, which reads none.
    """
    words = wish.strip()
    if not words or len(words) > _MAX_WISH:
        message = "the wish is empty" if not words else f"the wish has more than {_MAX_WISH} characters"
        raise DraftError(message, 'say what to change, for example: add exit state "Deferred": decided next quarter')
    library = workspace.read()
    own = library.find(reference)
    _refuse(own)
    request = ChangeRequest(own.title, own.lifecycle, own.phase, own.depends_on, wish=words)
    plan = workspace.own_plan(library)
    brief = gather(request, workspace, library, plan, search(library) if search else _nothing, own)
    brief = _name_first(replace(brief, template=own.template.name if own.template else ""))
    if search is None:
        _try_offline(brief, outline_of(workspace.templates, brief), library)
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
    documents = {r.title: library.by_path.get(r.path) for r in brief.references}
    return links, {title: show_status(p.status) for title, p in documents.items() if p}


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


def outline_of(templates: TemplateStore, brief: Brief) -> Outline:
    """Return the outline of the document that a brief is based on."""
    template = templates.get(brief.template) if brief.template else None
    return read_outline(parse(brief.text.encode()), template)
