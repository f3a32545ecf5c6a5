"""Makes the pages of a site: all of them, before the first one is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from procauthor.checking.usage import Edge, EdgeKind
from procauthor.data import grouped, ungrouped
from procauthor.evaluation.evaluate import Census
from procauthor.evaluation.value import Course, Evaluation, Row
from procauthor.library.artifact import read_closing, read_stages
from procauthor.library.library import Procedure
from procauthor.library.sidecar import Following, read_followed, today
from procauthor.markdown.document import encode_path
from procauthor.naming import title_key
from procauthor.reporting.due import why
from procauthor.reporting.evaluation.page import SIGNS, library_page, make_environment
from procauthor.reporting.reference import WORDS
from procauthor.reporting.site.place import ASSETS, HOME, Places, link, read_places
from procauthor.reporting.site.text import Excerpt, Renderer
from procauthor.review.approve import read_approvers
from procauthor.review.due import read_due
from procauthor.settings import Settings

if TYPE_CHECKING:
    from jinja2 import Environment

REPORT = "evaluation.html"
DRAFTS = "drafts.html"
DOCUMENTS = "documents.html"
_MOST_RECORDS = 20
_MOST_SIBLINGS = 60
_TELLING: tuple[EdgeKind, ...] = ("input", "calls", "needs", "output", "lists", "links")
"""The kinds of edges, the one that says most first."""
_MENTIONS = frozenset({"lists", "links"})


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """A draft as reviewers read it. ``problem`` says why there is no diff."""

    id: str
    title: str
    path: str
    author: str
    wish: str
    outcome: str
    diff: str = ""
    problem: str = ""
    questions: tuple[str, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """The files of a site by address, the number of documents in it, and the links in them that lead nowhere."""

    files: Mapping[str, bytes]
    documents: int
    dead: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Near:
    """A document that uses another one, or is used by it, and how; ``mentioned`` says that it is only named there."""

    title: str
    page: str
    status: str
    how: str
    mentioned: bool


def build_site(evaluation: Evaluation, census: Census, drafts: Sequence[WaitingChange], settings: Settings) -> Site:
    """Return all files of a site."""
    return _SiteMaker(evaluation, census, drafts, settings).make()


class _SiteMaker:
    """Makes the pages of one library."""

    def __init__(
        self, evaluation: Evaluation, census: Census, drafts: Sequence[WaitingChange], settings: Settings
    ) -> None:
        self.evaluation = evaluation
        self.census = census
        self.library = census.library
        self.drafts = drafts
        self.settings = settings
        documents = [p for p in self.library.procedures if p.kind != "template"]
        self.followed = read_followed(self.library.root)
        reviews, _ = read_due(self.library, today())
        self.due = {each.path: each for each in reviews}
        self.stages = {p.path: read_stages(p) for p in documents if p.counted}
        self.places: Places = read_places(
            (p.path for p in documents),
            (each.name for each in evaluation.lifecycles),
            (path for path, stages in self.stages.items() if stages),
        )
        self.renderer = Renderer(self.library, self.places, settings.links.slugs)
        self.rows = {row.path: row for row in (*evaluation.rows, *evaluation.others) if row.path in self.places.pages}
        index = next((p.title for p in documents if p.kind == "index"), "")
        self.name = index or self.library.root.absolute().name

    def make(self) -> Site:
        files: dict[str, str] = {}
        excerpts: dict[str, tuple[Excerpt, ...]] = {}
        for path in self.places.pages:
            address = self.places.pages[path]
            files[address], excerpts[path] = self._document(path, address)
            if path in self.places.checklists:
                checklist = self.places.checklists[path]
                files[checklist] = self._checklist(path, checklist)
        for name, address in self.places.lifecycles.items():
            files[address] = self._lifecycle(name, address)
        files[HOME] = self._page(HOME, "home", "")
        files[DOCUMENTS] = self._page(DOCUMENTS, "documents", "All documents", rows=list(self.rows.values()))
        files[DRAFTS] = self._page(DRAFTS, "drafts", "Drafts to review")
        files[REPORT] = library_page(self.evaluation, self.census, self._to_document, home=HOME)
        files |= self._assets(excerpts)
        written = {address: text.encode(errors="backslashreplace") for address, text in files.items()}
        return Site({**self.renderer.files, **written}, len(self.places.pages), tuple(sorted(self.renderer.dead)))

    # Pages

    def _page(self, address: str, template: str, title: str, **words: Any) -> str:
        current, row = words.get("lifecycle", ""), words.get("row")
        return self._environment.get_template(f"site/{template}.html.j2").render(
            site=self.name,
            title=title,
            evaluation=self.evaluation,
            drafts=self.drafts,
            places=self.places,
            to=partial(link, address),
            current=current,
            at_page=row.path if row else "",
            siblings=self._siblings(current, row),
            approvers=self._approvers,
            due=self.due,
            why=why,
            today=today(),
            courses=[course for course in self.evaluation.courses if course.path in self.places.pages],
            **words,
        )

    def _document(self, path: str, address: str) -> tuple[str, tuple[Excerpt, ...]]:
        procedure, row = self.library.by_path[path], self.rows[path]
        text = self.renderer.render(procedure, address)
        before, after = self._beside(row)
        page = self._page(
            address,
            "document",
            procedure.title,
            row=row,
            lifecycle=row.lifecycle if row.lifecycle in self.places.lifecycles else "",
            text=text,
            source=self.settings.report.link.replace("{path}", encode_path(path)) if self.settings.report.link else "",
            users=self._near(procedure, address, users=True),
            used=self._near(procedure, address, users=False),
            course=next((course for course in self.evaluation.courses if course.path == path), None),
            called=[(course, place) for course, place in self._calls.get(path, ())],
            before=before,
            after=after,
            origins=[source for other, source in self._translations if other.path == path],
            translations=[other for other, source in self._translations if source.path == path],
            records=self._records(path),
            waiting=[draft for draft in self.drafts if draft.path == path],
            findings=[f for f in self.evaluation.report.findings if f.path == path and f.severity != "info"],
        )
        return page, text.excerpts

    @cached_property
    def _translations(self) -> list[tuple[Procedure, Procedure]]:
        """Translations, each with what it translates."""
        by_key = self.library.by_key
        named = ((p, by_key.get(title_key(p.translation_of), ())) for p in self.library.procedures if p.translation_of)
        return [
            (p, documents[0])
            for p, documents in named
            if len(documents) == 1 and documents[0].path in self.places.pages
        ]

    def _checklist(self, path: str, address: str) -> str:
        procedure = self.library.by_path[path]
        return self._page(
            address,
            "checklist",
            f"Checklist: {procedure.title}",
            row=self.rows[path],
            lifecycle=self.rows[path].lifecycle,
            stages=self.stages[path],
            closing=read_closing(procedure),
            inputs=procedure.contract.inputs,
            line=self.renderer.line,
            block=self.renderer.block,
            stamp=procedure.stamp,
        )

    def _lifecycle(self, name: str, address: str) -> str:
        rows = [row for row in self.evaluation.rows if row.lifecycle == name]
        readme = next((r for r in self.evaluation.others if r.kind == "readme" and r.lifecycle == name), None)
        return self._page(
            address,
            "lifecycle",
            name or "Without a lifecycle",
            lifecycle=name,
            tally=next(each.tally for each in self.evaluation.lifecycles if each.name == name),
            rows=rows,
            readme=readme if readme is None or readme.path in self.places.pages else None,
        )

    # What is said of a document

    def _approvers(self, path: str | None) -> list[str]:
        return [each.words for each in read_approvers(self.library.by_path[path])] if path else []

    @cached_property
    def _written(self) -> dict[str, list[Row]]:
        """The rows with a document, by lifecycle."""
        return grouped((row.lifecycle, row) for row in self.evaluation.rows if row.path)

    def _siblings(self, lifecycle: str, row: Row | None) -> list[Row]:
        """Return what is listed beside a page: its lifecycle, of a long one what is near."""
        rows = self._written.get(lifecycle, []) if lifecycle else []
        if len(rows) <= _MOST_SIBLINGS:
            return rows
        place = next((place for place, each in enumerate(rows) if row and each.path == row.path), 0)
        first = max(0, place - _MOST_SIBLINGS // 2)
        return rows[first : first + _MOST_SIBLINGS]

    def _records(self, path: str) -> list[Following]:
        """Return the last times that a document was followed, the last one first."""
        return list(reversed(self.followed[path].followed))[:_MOST_RECORDS] if path in self.followed else []

    def _beside(self, row: Row) -> tuple[Row | None, Row | None]:
        """Return the documents before and after one in the order of its lifecycle."""
        rows = self._written.get(row.lifecycle, [])
        place = next((place for place, each in enumerate(rows) if each.path == row.path), None)
        if place is None:
            return None, None
        return rows[place - 1] if place else None, rows[place + 1] if place + 1 < len(rows) else None

    @cached_property
    def _calls(self) -> dict[str, list[tuple[Course, int]]]:
        """The orchestrations that call each document, and at which place."""
        shown = (course for course in self.evaluation.courses if course.path in self.places.pages)
        calls = ungrouped((course, enumerate(course.calls)) for course in shown)
        return grouped((call.path, (course, place)) for course, (place, call) in calls if call.path)

    def _near(self, procedure: Procedure, address: str, *, users: bool) -> list[_Near]:
        graph = self.census.references
        edges = graph.users(procedure.path) if users else graph.uses(procedure.path)
        by_other = grouped((edge.source if users else edge.target, edge) for edge in edges)
        return [self._neighbour(other, address, between, users=users) for other, between in by_other.items()]

    def _neighbour(self, other: str, address: str, edges: Sequence[Edge], *, users: bool) -> _Near:
        """Say how two documents are connected: by the edges of the kind that says most."""
        node = self.census.references.by_id[other]
        place = self.places.pages.get(node.path or "")
        kind = min((edge.kind for edge in edges), key=_TELLING.index)
        artifacts = dict.fromkeys(_artifact(edge) for edge in edges if edge.kind == kind and edge.artifact)
        how = f"{WORDS[kind][not users]} {', '.join(artifacts)}".strip()
        return _Near(node.title, link(address, place) if place else "", node.status, how, kind in _MENTIONS)

    def _to_document(self, path: str) -> str:
        return link(REPORT, self.places.pages[path]) if path in self.places.pages else ""

    # What all pages share

    @cached_property
    def _environment(self) -> Environment:
        environment = make_environment()
        environment.globals |= {
            "signs": SIGNS,
            "home": HOME,
            "documents_page": DOCUMENTS,
            "drafts_page": DRAFTS,
            "report_page": REPORT,
            "assets": ASSETS,
        }
        return environment

    def _assets(self, excerpts: Mapping[str, tuple[Excerpt, ...]]) -> Iterator[tuple[str, str]]:
        loader = self._environment.loader
        assert loader is not None
        read = {name: loader.get_source(self._environment, name)[0] for name in _SOURCES}
        yield f"{ASSETS}/site.css", read["evaluation/theme.css"] + read["site/site.css"]
        yield f"{ASSETS}/site.js", read["site/site.js"]
        yield f"{ASSETS}/search.js", f"window.procauthorSearch = {self._index(excerpts)};\n"

    def _index(self, excerpts: Mapping[str, tuple[Excerpt, ...]]) -> str:
        """Return what the search reads: the pages, and the text below each of their headings."""
        numbers = {path: number for number, path in enumerate(excerpts)}
        pages = [[self.rows[path].title, self.places.pages[path], self.rows[path].status] for path in excerpts]
        parts: list[list[object]] = []
        for path, number in numbers.items():
            parts += [[number, p.heading, p.anchor, p.text] for p in excerpts[path] if p.text or p.heading]
        return json.dumps({"pages": pages, "parts": parts}, ensure_ascii=False, separators=(",", ":"))


_SOURCES = ("evaluation/theme.css", "site/site.css", "site/site.js")


def _artifact(edge: Edge) -> str:
    return f"{edge.artifact} (optional)" if edge.optional else edge.artifact
