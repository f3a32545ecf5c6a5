"""The documents of a library, read once, with their identity."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase, translate
from functools import cached_property
from itertools import chain, compress
from operator import is_not
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace as replace_struct

from procauthor.convention.word import (
    folder_lifecycle,
    has_own_folder,
    is_chapter,
    is_folder_name,
    lifecycle_name,
    page_stem,
    plain_name,
    read_declared,
    read_phase,
    read_title,
    successor,
    title_kind,
    turned_title,
)
from procauthor.data import grouped, ungrouped
from procauthor.errors import AmbiguousError, NotFoundError, UnreadableError
from procauthor.git import ignored_paths
from procauthor.library.contract import Gist, Ruling, find_rulings, read_contract, read_gist
from procauthor.library.disk import leads_out, paths_from_root
from procauthor.library.reference import (
    Target,
    has_addresses,
    own_addresses,
    page_folder,
    read_links,
    resolve,
    resolve_on_site,
)
from procauthor.library.sidecar import UNREVIEWED, Review, Standing, TopSection, read_marks, read_reviews, read_standing
from procauthor.library.status import (
    Question,
    compute_status,
    earn,
    has_text,
    is_signpost,
    is_silent,
    match_sections,
    read_questions,
)
from procauthor.markdown.document import Document, Heading, Link, Outline, Section, Source
from procauthor.markdown.front import read_texts
from procauthor.markdown.parse import parse
from procauthor.naming import bare_name, is_document, title_key
from procauthor.procedure import Contract, Kind, Stamp, Status, stamp
from procauthor.settings import FILE_NAME, Conventions, Settings
from procauthor.template.read import TemplateStore
from procauthor.template.spec import Template, section_key

ANNOUNCED = "*(announced)*"
"""Follows a title that has no document yet."""
LEADS_OUT = "it is a link that leads out of the library"
"""Why a link is no document."""
_T = TypeVar("_T")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
LEFT_OUT = frozenset({"node_modules", "__pycache__", "venv"})
"""Folders of programs, which hold no documents of a library."""
_COUNTED: frozenset[Kind] = frozenset({"procedure", "orchestration"})
# How many aliases in a row are followed.
_MOST_STEPS = 20
EVALUATIONS = "evaluations"
"""The folder of saved evaluations and of their reports."""
# Beyond this a file is no procedure, and reading it would only cost memory.
_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Procedure:
    """A document of the library: a procedure, an orchestration, a standard, the index, a README or a plan."""

    path: str
    document: Document
    stamp: Stamp
    kind: Kind
    template: Template | None
    review: Review | None = None
    conventions: Conventions = Conventions.bare()

    def reviewed(self, review: Review | None) -> Procedure:
        """Return the document with other receipts."""
        return replace(self, review=review)

    @cached_property
    def title(self) -> str:
        """The name in the title, by the conventions of the library; without a title, the file's name."""
        title = self.written_title
        return plain_name(title, self.conventions.titles.patterns) or self._file_name

    @property
    def _file_name(self) -> str:
        """The name of the file, or of the folder that the file shows or that is all its own."""
        place = PurePosixPath(self.path)
        name = bare_name(self.path)
        return place.parent.name or name if is_folder_name(name, self.conventions.pages) else name

    @cached_property
    def written_title(self) -> str:
        """The title as it is written, or an empty string."""
        titles = self.conventions.titles
        return read_title(self.document, titles, titles.names.get(self.path, ""))

    @cached_property
    def id(self) -> str:
        """The declared id, else the name of the file without ending, or of the folder that is all its own."""
        return next(iter(read_texts(self.document, "id")), "") or self._own_name

    @property
    def _own_name(self) -> str:
        """The name of the file; of one that has a folder all its own, that of the folder."""
        return self._file_name if self.counted and has_own_folder(self.path) else bare_name(self.path)

    @cached_property
    def key(self) -> str:
        """The key under which the title is compared."""
        return title_key(self.title)

    @property
    def has_id(self) -> bool:
        """Whether the id is declared."""
        return self.document.metadata.get("id") not in (None, "")

    @cached_property
    def lifecycle(self) -> str:
        """The declared one without the word "Lifecycle", else the name of its folder, if not that of all pages."""
        declared = str(self.document.metadata.get("lifecycle") or "").strip()
        if declared:
            return lifecycle_name(declared)
        place = PurePosixPath(self.path)
        # What has a folder all its own is kept in the one above that.
        home = place.parent.parent if self.counted and has_own_folder(self.path) else place.parent
        return "" if home.as_posix() == self.conventions.site_root else folder_lifecycle(home.name)

    @property
    def phase(self) -> int | str | None:
        """The declared phase, a number where it is one."""
        return read_phase(self.document.metadata.get("phase"))

    @property
    def counted(self) -> bool:
        """Whether the document counts in totals: procedures and orchestrations do, and translations of them do not."""
        return self.kind in _COUNTED and not self.translation_of

    @cached_property
    def declared_status(self) -> Status | None:
        """The status that the document claims."""
        return read_declared(self.path, self.document, self.written_title, self.conventions.status)

    @cached_property
    def text_status(self) -> Status:
        """The status that the text supports."""
        declared = self.declared_status
        if declared is None and self.conventions.status.signposts and is_signpost(self.document, self.links, self.path):
            return "alias"
        supported = compute_status(self.document, self.template, declared, self.conventions.placeholders)
        if supported in ("in progress", "defined") and declared == "proposed":
            return declared
        if supported == "defined" and declared == "in progress" and self.conventions.status.unfinished:
            return declared
        return supported

    @cached_property
    def status(self) -> Status:
        """The status that text and receipts support: a defined document is approved by receipts for all its bytes."""
        return earn(self.text_status, approved=self.text_status == "defined" and self.standing.approved)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What the document leaves open; a template shows only how that is written."""
        return (
            ()
            if self.kind == "template"
            else read_questions(self.document, self.template, self.conventions.placeholders)
        )

    @cached_property
    def marks(self) -> tuple[TopSection, ...]:
        """The sections below the title, with the hashes of their bytes."""
        return read_marks(self.document)

    @cached_property
    def standing(self) -> Standing:
        """What the approvals of the document are worth."""
        return read_standing(self.marks, self.review) if self.review else UNREVIEWED

    @cached_property
    def silent(self) -> bool:
        """Whether nothing claims that the document is finished."""
        return is_silent(self.document, self.text_status, self.declared_status)

    @property
    def is_judged(self) -> bool:
        """Whether it is held against a template: it has one, and claims to be more than a placeholder."""
        return self.template is not None and not self.silent

    @cached_property
    def contract(self) -> Contract:
        """Inputs, outputs, consumers and steps."""
        return read_contract(self.document, self.template)

    @cached_property
    def gist(self) -> Gist:
        """What the document is for, and whom it names."""
        return read_gist(self.document, self.template)

    def remembered(self, name: str, kind: type[_T], make: Callable[[], _T]) -> _T:  # noqa: ARG002 - see `Stored`
        """Return what is worked out of the document; who knows it from the disk keeps it under the name."""
        return make()

    @cached_property
    def indexed(self) -> str:
        """What the passages of a document depend on, beside its path: another text if they may be others."""
        return f"{self.stamp}\n{self.lifecycle}"

    @cached_property
    def lacking(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The headings of required sections that are missing, and of those without text; marks are no text."""
        if self.template is None:
            return (), ()
        match = match_sections(self.document, self.template)
        bare = (s for s in self.template.required if s.key in match.sections and s.kind != "group")
        empty = tuple(
            s.heading for s in bare if not has_text(self.document, match.sections[s.key], self.conventions.placeholders)
        )
        return tuple(spec.heading for spec in match.missing), empty

    @cached_property
    def depends_on(self) -> tuple[str, ...]:
        """Titles in the metadata that must exist before this one."""
        return self._listed("depends_on")

    @cached_property
    def aliases(self) -> tuple[str, ...]:
        """Other titles under which the document is known: in the metadata, and its own turned round."""
        turned = turned_title(self.written_title)
        return (*self._listed("aliases"), turned) if turned else self._listed("aliases")

    def _listed(self, key: str) -> tuple[str, ...]:
        value = self.document.metadata.get(key) or ()
        parts = value.split(",") if isinstance(value, str) else read_texts(self.document, key)
        return tuple(part.strip() for part in parts)

    @property
    def owner(self) -> str:
        """Who answers for the document, as its metadata say."""
        keys = self.conventions.review.owner
        named = (", ".join(read_texts(self.document, key)).strip() for key in keys)
        return next((name for name in named if name), "")

    @property
    def speaks_of_announced(self) -> bool:
        """Whether the text marks something as announced."""
        return ANNOUNCED.strip("*)").encode() in self.source.raw

    @property
    def superseded_by(self) -> str:
        """What has taken the place of the document: by the metadata, else by the section with its status."""
        named = str(self.document.metadata.get("superseded_by") or "")
        if named or self.declared_status != "deprecated":
            return named
        return successor(self.document, self.conventions.status.sections)

    @cached_property
    def translation_of(self) -> str:
        """The document that this one says in another language, as the metadata name it."""
        return str(self.document.metadata.get("translation_of") or "").strip()

    # Places

    @property
    def title_line(self) -> int:
        """The line of the title, where findings about the whole text are."""
        named = self.document.fields.get("title")
        heading = next((h.line for h in self.document.headings if h.level == 1 and not h.nested), None)
        return heading or (named.line if named and self.document.front_matter else 1)

    @property
    def field_lines(self) -> dict[str, int]:
        """The lines of the metadata, by key."""
        return {key: field.line for key, field in self.document.fields.items()}

    # Headings and links

    @property
    def source(self) -> Source:
        """The bytes of the document."""
        return self.document.source

    @property
    def folded(self) -> str:
        """All of the text in lower case: to find out what cannot be in it, which is cheap."""
        return self.source.raw.decode(errors="replace").casefold()

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """All links and images."""
        return read_links(self.document, self.conventions)

    @property
    def outline(self) -> Outline:
        """Where the parts of the document are."""
        return self.document.outline

    @property
    def headings(self) -> tuple[Heading, ...]:
        """All headings."""
        return self.document.headings

    @property
    def heading_texts(self) -> tuple[str, ...]:
        """The texts of all headings."""
        return tuple(h.text for h in self.document.headings)

    @property
    def heading_slugs(self) -> tuple[str, ...]:
        """The anchors of all headings."""
        return tuple(h.slug for h in self.document.headings)

    @property
    def anchors(self) -> frozenset[str]:
        """The anchors of headings, and the ids of raw HTML."""
        return self.document.anchors

    @cached_property
    def resolved(self) -> tuple[Target, ...]:
        """Where the links lead, in their order."""
        return tuple(self.resolve(link.target) for link in self.links)

    def resolve(self, target: str) -> Target:
        """Return where a target leads that is written in the document."""
        return resolve_on_site(self.path, target, self.conventions, self.page_folder)

    @cached_property
    def page_folder(self) -> str:
        """Where the links of the document count from, if its front matter says that it is shown elsewhere."""
        return page_folder(self.path, self.document, self.conventions)

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """Where a site shows the document besides the place of its file, as paths from the library's root."""
        return tuple(dict.fromkeys(own_addresses(self.path, self.document, self.conventions)))

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The paths that links lead to, sorted."""
        return tuple(sorted(set(chain.from_iterable(target.paths for target in self.resolved))))

    # Rules of standards

    @property
    def stated_rules(self) -> tuple[str, ...]:
        """The ids of the rules that a standard states, sorted."""
        return tuple(sorted({ruling.id for ruling in self._rulings if ruling.stated}))

    @property
    def known_rules(self) -> tuple[str, ...]:
        """These, and the ids that it shows in bold elsewhere."""
        return tuple(sorted({ruling.id for ruling in self._rulings}))

    @cached_property
    def _rulings(self) -> tuple[Ruling, ...]:
        return tuple(find_rulings(self.document)) if self.kind == "standard" else ()


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file that could not be read as a document."""

    path: str
    reason: str


@dataclass(frozen=True)
class Library:
    """All documents below a root, sorted by path. Paths are relative to the root, with forward slashes."""

    root: Path
    procedures: tuple[Procedure, ...]
    unread: tuple[UnreadFile, ...] = ()
    files: frozenset[str] = frozenset()
    """Every file and folder below the root, Markdown or not: what a link may point to."""
    reviews: Mapping[str, Review] = field(default_factory=dict)
    """What is kept of reviews, by the path of the document; each of the documents has its own already."""
    _kept: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def once(self, name: str, make: Callable[[], _T]) -> _T:
        """Return what is worked out of the whole library, which is kept with it under a name."""
        if name not in self._kept:
            self._kept[name] = make()
        value: _T = self._kept[name]
        return value

    @classmethod
    def of(
        cls,
        root: Path,
        documents: dict[str, Procedure],
        unread: tuple[UnreadFile, ...],
        files: frozenset[str],
        reviews: Mapping[str, Review],
    ) -> Library:
        """Return the library of documents by path, in this order."""
        library = cls(root, tuple(documents.values()), unread, files, reviews)
        # After an edit it is a copy of the one before, which costs a tenth of asking each document.
        library.__dict__["by_path"] = documents
        return library

    @cached_property
    def by_path(self) -> dict[str, Procedure]:
        """Documents by path."""
        return {p.path: p for p in self.procedures}

    @cached_property
    def by_address(self) -> dict[str, Procedure]:
        """Documents by the addresses that a site gives them besides the places of their files."""
        shown = ((p, p.addresses) for p in self.procedures if has_addresses(p.conventions.site))
        return dict(sorted((address, procedure) for procedure, address in ungrouped(shown)))

    @cached_property
    def by_key(self) -> dict[str, tuple[Procedure, ...]]:
        """Documents with a name of their own, by the key of their title; other names where no title is the same."""
        groups = grouped((p.key, p) for p in self.procedures if p.kind not in ("readme", "template"))
        for procedure, name in ungrouped((p, p.aliases) for p in self.procedures):
            if (key := title_key(name)) not in groups:
                groups[key] = [procedure]
        return {key: tuple(all_ if len(all_) == 1 else self._distinct(all_)) for key, all_ in groups.items()}

    @cached_property
    def by_folder(self) -> dict[str, list[Procedure]]:
        """Documents by the folder that they are in; that of the root is empty."""
        return grouped((folder_of(p.path), p) for p in self.procedures)

    @cached_property
    def by_lifecycle(self) -> dict[str, list[Procedure]]:
        """Documents by the key of their lifecycle."""
        return grouped((title_key(p.lifecycle), p) for p in self.procedures)

    def _distinct(self, namesakes: Sequence[Procedure]) -> list[Procedure]:
        own = [p for p in namesakes if p.status != "alias"]
        return own or list({follow(p, self.by_path, {}).path: p for p in reversed(namesakes)}.values())

    @cached_property
    def counted(self) -> tuple[Procedure, ...]:
        """The procedures and orchestrations."""
        return tuple(p for p in self.procedures if p.counted)

    def forget(self) -> None:
        """Forget what was worked out of all documents."""
        self._kept.clear()
        for name in ("counted", "by_folder", "by_lifecycle"):
            vars(self).pop(name, None)

    def overlay(self, *changed: Procedure) -> Library:
        """Return the library as it would be with these documents added or replaced."""
        merged = self.by_path | {p.path: p for p in attach(changed, self.reviews)}
        if len(merged) > len(self.by_path):
            merged = dict(sorted(merged.items()))
        folders = chain.from_iterable(PurePosixPath(p.path).parents for p in changed)
        files = self.files | set(map(str, folders)) | {p.path for p in changed}
        return Library.of(self.root, merged, self.unread, files, self.reviews)

    def edits(self, before: Library) -> list[Procedure] | None:
        """Return the documents that are others than in a library before; None where some have come or gone."""
        if self.by_path.keys() != before.by_path.keys():
            return None
        return list(compress(self.procedures, map(is_not, self.procedures, before.procedures)))

    def without(self, paths: Collection[str]) -> Library:
        """Return the library as it would be with these documents gone."""
        kept = tuple(p for p in self.procedures if p.path not in paths)
        return replace(self, procedures=kept, files=self.files - frozenset(paths))

    def reviewed(self, reviews: Mapping[str, Review]) -> Library:
        """Return the library as it would be with other receipts."""
        return replace(self, procedures=tuple(attach(self.procedures, reviews)), reviews=reviews)

    def of_kind(self, kind: Kind) -> tuple[Procedure, ...]:
        """Return the documents of one kind."""
        return tuple(p for p in self.procedures if p.kind == kind)

    def settle(self, target: Target) -> Target:
        """Return where a link leads of all that its site may mean: the first that is there, else the link as it is."""
        if not target.others or target.path in self.by_path:
            return target
        named = (self.by_path.get(path) or self.by_address.get(path) for path in target.paths)
        document = next(filter(None, named), None)
        return replace_struct(target, path=document.path, escapes=False, others=()) if document else target

    def lead(self, source: Procedure, target: str) -> Procedure | None:
        """Return the document that a target written in another one leads to on its site, if there is one."""
        way = self.settle(source.resolve(target))
        return self.by_path.get(way.path or "")

    def find(self, reference: str) -> Procedure:
        """Return the document with that path, id or title; an alias leads on to the document that it names.

        Raises:
            AmbiguousError: Several documents share the title or id.
            NotFoundError: There is none; the hint names the nearest.
        """
        text = reference.strip()
        path = PurePosixPath(text).as_posix().removeprefix("./")
        if path in self.by_path:
            return self._followed([self.by_path[path]])[0]
        for unread in self.unread:
            if unread.path == path:
                message = f"{path!r} cannot be read: {unread.reason}"
                raise NotFoundError(message, "procauthor check names all files that cannot be read")
        patterns = self.procedures[0].conventions.titles.patterns if self.procedures else ()
        keys = dict.fromkeys((title_key(text), title_key(plain_name(text, patterns))))
        named = (list(self.by_key.get(key, ())) for key in keys)
        for candidates in ([p for p in self.procedures if p.id == text], *named):
            meant = self._followed(candidates)
            if len(meant) == 1:
                return meant[0]
            if meant:
                message = f"{reference!r} is the name of {len(meant)} documents"
                raise AmbiguousError(message, "say which by its path: " + ", ".join(p.path for p in meant))
        for typed in paths_from_root(self.root, text) if is_document(text) and "\0" not in text else ():
            if typed in self.by_path:
                return self._followed([self.by_path[typed]])[0]
        coded = self._coded(text)
        if len(coded) == 1:
            return self._followed(coded)[0]
        message = f"no document has the path, id or title {reference!r}"
        raise NotFoundError(message, self._near(text))

    def _coded(self, text: str) -> list[Procedure]:
        """Return the documents whose title is written with this code before the name, as in "VA-07 Internal Audit"."""
        code = text.casefold()
        if not any(map(str.isdigit, code)):
            return []
        before = re.compile(rf"{re.escape(code)}(?![\w-])")
        return [p for p in self.procedures if p.written_title != p.title and before.match(p.written_title.casefold())]

    def _followed(self, candidates: Sequence[Procedure]) -> list[Procedure]:
        """Return what the documents mean; one with the name of its own comes before what an alias leads to."""
        own = [p for p in candidates if p.status != "alias"]
        led = {p.path: p for p in (follow(p, self.by_path, self.by_key) for p in own or candidates)}
        return list(led.values())

    def _near(self, text: str) -> str:
        names = {p.title: p.title for p in self.procedures} | {p.id: p.title for p in self.procedures}
        close = get_close_matches(text, list(names), n=1, cutoff=0.5)
        return (
            f"did you mean {names[close[0]]!r}?"
            if close
            else "name it as the index does, or by its path in the library"
        )


def read_library(root: Path, settings: Settings, templates: TemplateStore) -> Library:
    """Read every Markdown file below the root; hidden folders and excluded patterns are left out."""
    tree = walk(root, settings.library.exclude)
    procedures: list[Procedure] = []
    unread = list(tree.closed)
    for path in tree.documents:
        document = read_file(root, path, settings, templates)
        if isinstance(document, UnreadFile):
            unread.append(document)
        else:
            procedures.append(document)
    reviews = read_reviews(root)
    return Library(root, tuple(attach(procedures, reviews)), tuple(unread), tree.files, reviews)


def reread(library: Library, settings: Settings, templates: TemplateStore) -> Library:
    """Return a library as it would be read by other settings; no file is read again."""
    procedures = tuple(_reread(procedure, settings, templates) for procedure in library.procedures)
    return replace(library, procedures=procedures)


def _reread(procedure: Procedure, settings: Settings, templates: TemplateStore) -> Procedure:
    template = read_template(procedure.path, settings, templates)
    kind = _kind(procedure.path, procedure.document, settings, template)
    return replace(procedure, kind=kind, template=template, conventions=settings.conventions)


def attach(procedures: Iterable[Procedure], reviews: Mapping[str, Review]) -> Iterator[Procedure]:
    """Yield documents with what is kept of their reviews."""
    for procedure in procedures:
        review = reviews.get(procedure.path)
        yield procedure if review is procedure.review else procedure.reviewed(review)


def document_paths(root: Path, exclude: Iterable[str]) -> Iterator[str]:
    """Yield the paths of all documents below a root, unread."""
    return iter(walk(root, exclude).documents)


def read_file(root: Path, path: str, settings: Settings, templates: TemplateStore) -> Procedure | UnreadFile:
    """Read one document of a library, or say why it cannot be read."""
    if not path.isprintable() and any("\udc80" <= c <= "\udcff" for c in path):
        shown = os.fsencode(path).decode(errors="backslashreplace")
        return UnreadFile(shown, "its name is not UTF-8")
    if os.path.islink(root / path) and leads_out(root, root / path):
        return UnreadFile(path, LEADS_OUT)
    try:
        return read_procedure(path, read_bytes(root / path), settings, templates)
    except UnicodeDecodeError as error:
        utf16 = error.object.startswith(_UTF16)
        return UnreadFile(path, "it is UTF-16, not UTF-8" if utf16 else f"not UTF-8 at byte {error.start}")
    except UnreadableError as error:
        return UnreadFile(path, error.message)


def read_procedure(path: str, raw: bytes, settings: Settings, templates: TemplateStore) -> Procedure:
    """Read one document from its bytes."""
    document = parse(raw)
    template = read_template(path, settings, templates)
    kind = _kind(path, document, settings, template)
    return Procedure(path, document, stamp(raw), kind, template, conventions=settings.conventions)


def read_template(path: str, settings: Settings, templates: TemplateStore) -> Template | None:
    """Return the template for a document; one with a special part has none."""
    return None if _special(path, settings) else templates.match(path)


def _special(path: str, settings: Settings) -> Kind | None:
    if path == settings.library.index:
        return "index"
    if path == settings.library.plan:
        return "plan"
    if path in settings.conventions.pages or page_stem(path) in settings.conventions.pages:
        return "readme"
    return "template" if path.startswith("templates/") or path in settings.conventions.template_files else None


def _kind(path: str, document: Document, settings: Settings, template: Template | None) -> Kind:
    special = _special(path, settings)
    if special:
        return special
    kinds: dict[str, Kind] = {"procedure": "procedure", "orchestration": "orchestration", "standard": "standard"}
    kind = kinds.get(title_kind(read_title(document, settings.conventions.titles)), "other")
    if template is not None:
        # An orchestration may have the form of procedures.
        own = kinds.get(template.kind, "other")
        return kind if own == "procedure" and kind == "orchestration" else own
    counted = any(fnmatchcase(path, pattern) for pattern in settings.conventions.procedures)
    return "procedure" if counted and kind not in _COUNTED else kind


def read_bytes(file: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        UnreadableError: It cannot be read, is no regular file, or is too large to be a document.
    """
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            message = "not a regular file"
            raise UnreadableError(message)
        if status.st_size > _MAX_BYTES:
            message = "larger than 64 MiB"
            raise UnreadableError(message)
        raw = file.read_bytes()
    except OSError as error:
        raise UnreadableError(error.strerror or "cannot be read") from error
    if b"\0" in raw and not raw.startswith(_UTF16):
        message = f"it holds a zero byte at {raw.index(0)}, so it is no text, or not UTF-8"
        raise UnreadableError(message)
    return raw


class Tree(Struct, frozen=True):
    """What is below a root: the documents in order, all files and folders, and the folders that cannot be listed."""

    documents: tuple[str, ...]
    files: frozenset[str]
    closed: tuple[UnreadFile, ...] = ()


def walk(root: Path, exclude: Iterable[str]) -> Tree:
    """List a folder without what git ignores; links to folders are not followed, so no loop of links can trap us."""
    patterns = [re.compile(translate(pattern)).match for pattern in exclude]
    paths: list[str] = []
    folders: set[str] = set()
    top = os.fspath(root)
    closed: list[UnreadFile] = []
    ignored = frozenset(ignored_paths(root))

    def note(error: OSError) -> None:
        path = os.fsdecode(error.filename or top)[len(top) :].replace(os.sep, "/").strip("/")
        closed.append(UnreadFile(path or ".", f"the folder: {error.strerror}"))

    for folder, names, files in os.walk(top, onerror=note):
        if folder != top and FILE_NAME in files:
            # A library of its own: it is read, checked and changed where it is opened.
            names.clear()
            files[:] = [FILE_NAME]
        base = folder[len(top) :].replace(os.sep, "/").strip("/")
        prefix = f"{base}/" if base else ""
        kept = (n for n in names if not n.startswith(".") and n not in LEFT_OUT)
        names[:] = sorted(name for name in kept if f"{prefix}{name}/" not in ignored)
        here = [path for name in files if not name.startswith(".") and (path := prefix + name) not in ignored]
        if patterns:
            here = [path for path in here if not any(match(path) for match in patterns)]
        if here:
            paths += here
            folders.update(parent.as_posix() for parent in PurePosixPath(here[0]).parents)
    paths.sort()
    documents = tuple(p for p in paths if is_document(p))
    return Tree(documents, frozenset(folders.union(paths)), tuple(closed))


def folder_of(path: str) -> str:
    """Return the folder of a path; that of the root is empty."""
    return path.rpartition("/")[0]


def follow(
    procedure: Procedure, by_path: Mapping[str, Procedure], by_key: Mapping[str, Sequence[Procedure]]
) -> Procedure:
    """Return the document that an alias names; the alias itself where that one cannot be found."""
    present = procedure
    for _ in range(_MOST_STEPS):
        name = str(present.document.metadata.get("alias_of") or "").strip()
        if present.status != "alias" or not name:
            return present
        path = resolve(present.path, name).path
        named = [p for p in by_key.get(title_key(name), ()) if p.path != present.path]
        after = by_path.get(path or "") or by_path.get(PurePosixPath(name).as_posix())
        after = after or (named[0] if len(named) == 1 else None)
        if after is None or after is present:
            return present
        present = after
    return procedure


def find_section(procedure: Procedure, name: str) -> Section:
    """Return the section of a heading, by its text, its text without number, its anchor, or "Step 3".

    Raises:
        NotFoundError: There is none; the hint names the nearest.
        AmbiguousError: There are several.
    """
    chapters = is_chapter(procedure.document)
    sections = [s for s in procedure.document.sections if s.heading and (s.level > 1 or chapters)]
    wanted = name.strip().casefold()
    tests = (
        lambda s: s.title.casefold() == wanted,
        lambda s: s.heading is not None and s.heading.slug == wanted.removeprefix("#"),
        lambda s: section_key(s.title) == section_key(name),
        lambda s: s.title.casefold().startswith((f"{wanted}:", f"{wanted} ", f"{wanted}.")),
    )
    for test in tests:
        matched = [s for s in sections if test(s)]
        if len(matched) == 1:
            return matched[0]
        if matched:
            message = f"{name!r} is the heading of {len(matched)} sections of {procedure.path}"
            lines = ", ".join(f"#{s.heading.slug} (line {s.line})" for s in matched if s.heading)
            raise AmbiguousError(message, f"name one by its anchor: {lines}")
    message = f"{procedure.path} has no section {name!r}"
    close = get_close_matches(name, [s.title for s in sections], n=1, cutoff=0.4)
    meant = f"did you mean {close[0]!r}? " if close else ""
    raise NotFoundError(message, f"{meant}its sections are {', '.join(s.title for s in sections)}" if sections else "")
