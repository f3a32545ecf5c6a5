"""What a rule sees: the library, what is announced, and how to say something."""

from __future__ import annotations

import os
import posixpath
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from msgspec import Struct

from procauthor.checking.phrase import Nearest, Paragraphs, Series, Titles, read_series
from procauthor.data import OnDemand, grouped, pick
from procauthor.finding import Finding, Severity
from procauthor.git import follow, head_of, is_tracked, read_renames
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import Target
from procauthor.library.state import FOLDER
from procauthor.markdown.document import Flavour, Link, slugs
from procauthor.naming import path_key, title_key
from procauthor.procedure import UNCOUNTED
from procauthor.regex import lazy
from procauthor.settings import Settings

# A heading with an emoji keeps an invisible selector in its anchor on GitHub; people copy it or leave it out.
_SELECTOR = lazy("[\ufe00-\ufe0f]")
# GitHub writes this prefix into the page; its links work with it and without.
_PREFIX = "user-content-"


def read_anchors(procedure: Procedure, flavour: Flavour) -> Anchors:
    """Return the anchors of a document by the rule of a platform."""
    if flavour == "github":
        return Anchors(procedure.anchors)
    return Anchors(_html_ids(procedure).union(heading_anchors(procedure, flavour)))


def heading_anchors(procedure: Procedure, flavour: Flavour) -> list[str]:
    """Return the anchor of each heading of a document, in order, by the rule of a platform."""
    if flavour == "github":
        return list(procedure.heading_slugs)
    return slugs(procedure.heading_texts, flavour, _html_ids(procedure))


def _html_ids(procedure: Procedure) -> frozenset[str]:
    """Return the ids of raw HTML: what is there beside the anchors of headings."""
    return procedure.anchors.difference(procedure.heading_slugs)


class Anchors:
    """The anchors of a document.

    Args:
        known: As a renderer writes them.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)

    def __contains__(self, anchor: str) -> bool:
        # "#top" is the top of every page, by the HTML standard.
        if anchor in self._known or anchor == "top":
            return True
        return _SELECTOR.sub("", anchor.removeprefix(_PREFIX)) in self._plain

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._known))

    def like(self, anchor: str) -> str:
        """Return the anchor that differs in upper and lower case only, or an empty string."""
        return self._folded.get(anchor.casefold(), "")

    def near(self, anchor: str) -> str:
        """Return the anchor that is most like this one, or an empty string."""
        return self._nearest.find(anchor, cutoff=0.7)

    @cached_property
    def _plain(self) -> frozenset[str]:
        return frozenset(_SELECTOR.sub("", known) for known in self._known)

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {known.casefold(): known for known in sorted(self._known, reverse=True)}

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest(self._known)


Reach = Literal["document", "neighbours", "library"]


class Rule(Struct, frozen=True):
    """A rule: its fixed name and code, its default severity, and what ``explain`` says of it."""

    name: str
    code: str
    severity: Severity
    summary: str
    why: str
    fix: str
    example: str

    def as_json(self) -> dict[str, str]:
        """Return the rule as the documented JSON object."""
        return {"rule": self.name, **pick(self, "code", "severity", "summary", "why", "fix", "example")}


def _nothing(*_: object) -> Iterable[Finding]:
    return ()


class Family(Struct, frozen=True):
    """Rules that look at the same things, and how they are looked for.

    Attributes:
        title: What they are about, for the page of all rules.
        rules: The rules.
        reach: What the findings about one document depend on. ``document``: its text alone; such a family sees a
            library of one document, so it cannot look further. ``neighbours``: also other documents; it is run again
            where the text has changed, or what others show of themselves, or a document into whose text it looked.
            ``library``: such a family checks the library alone; this is always right, and slower.
        check: Yields the findings on one document.
        check_library: Yields those on the library as a whole.
    """

    title: str
    rules: tuple[Rule, ...]
    reach: Reach
    check: Callable[[Scope, Procedure], Iterable[Finding]] = _nothing
    check_library: Callable[[Scope], Iterable[Finding]] = _nothing


ROOT = "."


class NeedsLibrary(Exception):  # noqa: N818 - no error: the rule is run again with all documents
    """A rule that was run on one document alone wants to see the others."""


@dataclass
class Scope:
    """A library under check.

    ``announced`` holds keys of titles that a plan or the index announces. ``alone`` says that the library holds one
    document only, because a rule that needs no other is run on it.

    What is kept here for all documents may only come from what they show of themselves (`Face` and `View`): a look into
    the text of one is noted when it happens, and not when what came of it is found kept.
    """

    library: Library
    announced: Collection[str] = ()
    settings: Settings = Settings.bare()
    alone: bool = False

    def __post_init__(self) -> None:
        # What was asked beyond the documents: a remembered finding holds as long as the answers are the same.
        self.asked: dict[str, bool] = {}
        self.head: str | None = None
        # What each document states, needs and reaches, by its path, as far as it is known: see `usage`.
        self.needs: dict[str, list[Any]] = {}
        self.reached: dict[str, Collection[str]] = {}
        self.stated: dict[str, list[Any]] = {}

    def forget(self) -> None:
        """Forget what was kept of single documents, which takes much room."""
        self.stated.clear()
        self._ordered.clear()
        self._paragraphs.clear()
        self.links.clear()

    def linking_to(self, path: str) -> Sequence[Procedure]:
        """Return the documents with a link to one.

        Raises:
            NeedsLibrary: Only one of them is there. The caller runs the rule again with all of them.
        """
        if self.alone:
            raise NeedsLibrary
        document = self.library.by_path.get(path)
        places = (path, *document.addresses) if document else (path,)
        linking = chain.from_iterable(self.linking.get(place, ()) for place in places)
        return list({other.path: other for other in linking}.values())

    @cached_property
    def linking(self) -> Mapping[str, list[Procedure]]:
        """Documents by the paths that they link to."""
        return grouped(chain.from_iterable(zip(p.targets, repeat(p)) for p in self.library.procedures))

    @cached_property
    def links(self) -> OnDemand[str, tuple[tuple[Link, Target], ...]]:
        """The links of every document with where they lead, by its path; of what a site may mean, what is there."""
        return OnDemand(self._resolve)

    def _resolve(self, path: str) -> tuple[tuple[Link, Target], ...]:
        procedure = self.library.by_path[path]
        return tuple(zip(procedure.links, map(self.settle, procedure.resolved), strict=True))

    def linked(self, procedure: Procedure, start: int, end: int) -> tuple[Procedure, ...]:
        """Return the other documents that links within a span lead to."""
        by_path = self.library.by_path
        paths = (target.path for link, target in self._within(procedure, start, end) if not link.image)
        return tuple(by_path[path] for path in paths if path in by_path and path != procedure.path)

    def link_ends(self, procedure: Procedure, first: int, last: int) -> bool:
        """Say whether a link to another document ends between two offsets, both included."""
        links = self._ordered[procedure.path]
        place = bisect_left(links, last, key=_link_start) - 1
        if place < 0:
            return False
        link, target = links[place]
        return first <= link.end <= last and target.path != procedure.path

    def links_out(self, procedure: Procedure, start: int, end: int) -> bool:
        """Say whether a span has a link that leads out of its document."""
        return any(target.path != procedure.path for _, target in self._within(procedure, start, end))

    def _within(self, procedure: Procedure, start: int, end: int) -> list[tuple[Link, Target]]:
        links = self._ordered[procedure.path]
        first = bisect_left(links, start, key=_link_start)
        return links[first : bisect_left(links, end, lo=first, key=_link_start)]

    @cached_property
    def _ordered(self) -> OnDemand[str, list[tuple[Link, Target]]]:
        return OnDemand(lambda path: sorted(self.links[path], key=_link_start))

    def named(self, key: str, near: Procedure) -> tuple[Procedure, ...]:
        """Return the documents of a title or an alias; one in the same folder or lifecycle comes before all others.

        What is no longer kept counts only where nothing else has the name.
        """
        procedures = self.names.get(key, ()) if key else ()
        if len(procedures) > 1:
            procedures = tuple(p for p in procedures if p.status not in UNCOUNTED) or procedures
        if len(procedures) > 1:
            folder = PurePosixPath(near.path).parent
            local = tuple(
                p for p in procedures if PurePosixPath(p.path).parent == folder or p.lifecycle == near.lifecycle
            )
            return local if len(local) == 1 else procedures
        return procedures

    def declared(self, name: str, near: Procedure) -> tuple[Procedure, ...]:
        """Return the documents that metadata mean: by title or alias, else the one with this path or id."""
        procedures = self.named(title_key(name), near)
        if procedures:
            return procedures
        document = self.library.by_path.get(name)
        if document is not None:
            return (document,)
        same = self.ids.get(name, ())
        return same if len(same) == 1 else ()

    @cached_property
    def ids(self) -> Mapping[str, tuple[Procedure, ...]]:
        """Documents by their id."""
        ids: dict[str, tuple[Procedure, ...]] = {}
        for procedure in self.library.procedures:
            if procedure.kind not in ("readme", "template"):
                ids[procedure.id] = (*ids.get(procedure.id, ()), procedure)
        return ids

    @cached_property
    def names(self) -> Mapping[str, tuple[Procedure, ...]]:
        """Documents by the key of their title, and of every other name that their metadata give them."""
        names = dict(self.library.by_key)
        for procedure in self.library.procedures:
            for alias in procedure.aliases if procedure.kind != "template" else ():
                key = title_key(alias)
                if key and procedure not in names.get(key, ()):
                    names[key] = (*names.get(key, ()), procedure)
        return names

    @cached_property
    def titles(self) -> Titles:
        """The titles of what is kept, to find them word for word."""
        named = (p for p in self.library.procedures if p.counted or p.kind == "standard")
        return Titles(p.title for p in named if p.status not in UNCOUNTED)

    @cached_property
    def rule_series(self) -> Mapping[str, Series]:
        """The ids of rules that standards state, by their form."""
        return read_series(self.library.of_kind("standard"), UNCOUNTED)

    @cached_property
    def anchors(self) -> OnDemand[str, Anchors]:
        """The anchors of every document by the rule in the settings, by its path."""
        return OnDemand(lambda path: read_anchors(self.library.by_path[path], self.settings.links.slugs))

    def paragraph(self, procedure: Procedure, at: int) -> tuple[int, int]:
        """Return the span of the paragraph, list item or table row around an offset."""
        return self._paragraphs[procedure.path].around(at)

    @cached_property
    def _paragraphs(self) -> OnDemand[str, Paragraphs]:
        return OnDemand(lambda path: Paragraphs(self.library.by_path[path].source))

    def renamed(self, path: str) -> str:
        """Return where git says that a missing file is today, or an empty string."""
        if self.alone:
            raise NeedsLibrary
        if self.head is None:
            self.head = head_of(self.library.root)
        return follow(self.renames, path, self.library.files)

    @cached_property
    def renames(self) -> Mapping[str, str]:
        """Where git says that files went, by their path."""
        return read_renames(self.library.root)

    @cached_property
    def keeps_state(self) -> bool:
        """Whether git keeps the state of the library, which is of one machine alone."""
        return is_tracked(self.library.root, FOLDER)

    @cached_property
    def near_titles(self) -> Nearest:
        """The titles of procedures, to find the one that was meant."""
        return Nearest(p.title for p in self.library.counted)

    @cached_property
    def files_by_name(self) -> Mapping[str, list[str]]:
        """All files by the keys of their names."""
        return grouped((path_key(path.rpartition("/")[2]), path) for path in sorted(self.library.files))

    @cached_property
    def files_folded(self) -> Mapping[str, list[str]]:
        """All files by the keys of their paths."""
        return grouped((path_key(path), path) for path in sorted(self.library.files))

    @cached_property
    def near_files(self) -> Mapping[str, Nearest]:
        """The names of the files of each folder, to find the one that was meant."""
        places = (path.rpartition("/") for path in sorted(self.library.files))
        names = grouped((folder, name) for folder, _, name in places)
        return OnDemand(lambda folder: Nearest(names.get(folder, [])))

    def settle(self, target: Target) -> Target:
        """Return where a link leads of all that its site may mean: the first that is there, else the link as it is."""
        known = self.library.settle(target)
        if not known.others or (known.path and self.exists(known.path)):
            return known
        for path in known.others:
            if path.startswith("../") or path == "..":
                if self.exists_outside(path):
                    return Target(None, known.anchor, external=True)
            elif self.exists(path):
                return Target(path, known.anchor)
        return known

    def exists(self, path: str) -> bool:
        """Say whether a link may lead to a path: also to what the library leaves out, letter for letter."""
        if path == ROOT or path in self.library.files:
            return True
        return self._ask(path)

    def exists_outside(self, path: str) -> bool:
        """Say whether a link may lead to a path that begins with ``..``: to what is in the repository of the library.

        Without a repository nothing says where to stop.
        """
        levels = self._levels_up()
        up = path.split("/").count("..")
        return (levels is None or up <= levels) and self._ask(path)

    def from_repository(self, path: str) -> str:
        """Return a path from the root of the repository as one from the root of the library."""
        levels = self._levels_up()
        return posixpath.relpath(path, self._inside(levels)) if levels else path

    def inside_repository(self) -> str:
        """Return the folder of the library from the root of its repository.

        It is empty where they are one, where there is no repository, or where the library has a folder of that name.
        """
        levels = self._levels_up()
        inside = self._inside(levels) if levels else ""
        return "" if any(path.startswith(f"{inside}/") for path in self.library.files) else inside

    def _inside(self, levels: int) -> str:
        return "/".join(Path(os.path.realpath(self.library.root)).parts[-levels:])

    def _levels_up(self) -> int | None:
        """Return how many folders above the library its repository begins, or None where there is none."""
        levels = range(len(Path(os.path.realpath(self.library.root)).parts))
        return next((level for level in levels if self._ask("../" * level + ".git")), None)

    def _ask(self, path: str) -> bool:
        if self.alone:
            raise NeedsLibrary
        if path not in self.asked:
            self.asked[path] = self.is_on_disk(path)
        return self.asked[path]

    def is_on_disk(self, path: str) -> bool:
        """Say whether there is a file or folder of that name, letter for letter; ``..`` at its beginning leads out."""
        folder = ""
        for part in path.split("/"):
            if part != ".." and part not in self._folders[folder]:
                return False
            folder = f"{folder}/{part}" if folder else part
        return True

    @cached_property
    def _folders(self) -> OnDemand[str, frozenset[str]]:
        """What is in each folder. A disk may find README.md under readme.md; a reader's web server does not."""
        return OnDemand(self._list)

    def _list(self, folder: str) -> frozenset[str]:
        with suppress(OSError):
            return frozenset(os.listdir(self.library.root / folder))
        return frozenset()


def _link_start(resolved: tuple[Link, Target]) -> int:
    return resolved[0].start


def say(rule: Rule, procedure: Procedure, start: int, message: str, hint: str = "") -> Finding:
    """Return a finding at a byte offset of a document."""
    source = procedure.source
    line, column = source.line(start), source.column(start)
    return Finding(rule.name, rule.code, rule.severity, message, procedure.path, line, column, hint)


def say_line(rule: Rule, procedure: Procedure, line: int, message: str, hint: str = "") -> Finding:
    """Return a finding at a line of a document."""
    return Finding(rule.name, rule.code, rule.severity, message, procedure.path, line, hint=hint)


def say_path(rule: Rule, path: str, message: str, hint: str = "") -> Finding:
    """Return a finding about a whole file."""
    return Finding(rule.name, rule.code, rule.severity, message, path, hint=hint)


def field_line(procedure: Procedure, key: str) -> int:
    """Return the line of a metadata field, else of the title."""
    return procedure.field_lines.get(key) or procedure.title_line
