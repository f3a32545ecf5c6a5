"""What a rule sees: the library, what is announced, and how to say something."""

from __future__ import annotations

import os
import posixpath
import re
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from procauthor.checking.anchor import Anchors, read_anchors
from procauthor.checking.definition import Rule
from procauthor.checking.nearest import Nearest
from procauthor.checking.paragraph import Paragraphs
from procauthor.finding import Finding
from procauthor.library.history import follow, read_renames
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import Target, resolve
from procauthor.library.status import has_content
from procauthor.markdown.document import Link
from procauthor.naming import title_key
from procauthor.procedure import Status
from procauthor.settings import Settings

ROOT = "."
_SAYS_SO = re.compile(rb"\bplaceholder\b", re.IGNORECASE)
GONE: frozenset[Status] = frozenset({"alias", "deprecated"})
_SILENT: frozenset[Status] = GONE | {"placeholder", "missing"}


@dataclass(frozen=True)
class Scope:
    """A library under check. ``announced`` holds keys of titles that a plan or the index announces."""

    library: Library
    announced: Collection[str] = ()
    settings: Settings = Settings()

    @cached_property
    def finished(self) -> tuple[Procedure, ...]:
        """The documents that claim to be more than a placeholder, and have a template."""
        return tuple(p for p in self.library.procedures if p.template is not None and not _is_silent(p))

    @cached_property
    def links(self) -> dict[str, tuple[tuple[Link, Target], ...]]:
        """The links of every document with where they lead, by the document's path."""
        return {
            p.path: tuple((link, resolve(p.path, link.target)) for link in p.document.links)
            for p in self.library.procedures
        }

    def linked(self, procedure: Procedure, start: int, end: int) -> tuple[Procedure, ...]:
        """Return the other documents that links within a span lead to."""
        by_path = self.library.by_path
        links = self._ordered_links(procedure)
        first = bisect_left(links, start, key=_link_start)
        last = bisect_left(links, end, lo=first, key=_link_start)
        paths = (target.path for link, target in links[first:last] if not link.image)
        return tuple(by_path[path] for path in paths if path in by_path and path != procedure.path)

    def link_ends(self, procedure: Procedure, first: int, last: int) -> bool:
        """Say whether a link to another document ends between two offsets, both included."""
        links = self._ordered_links(procedure)
        place = bisect_left(links, last, key=_link_start) - 1
        if place < 0:
            return False
        link, target = links[place]
        return first <= link.end <= last and target.path != procedure.path

    def _ordered_links(self, procedure: Procedure) -> list[tuple[Link, Target]]:
        if procedure.path not in self._ordered:
            self._ordered[procedure.path] = sorted(self.links[procedure.path], key=_link_start)
        return self._ordered[procedure.path]

    @cached_property
    def _ordered(self) -> dict[str, list[tuple[Link, Target]]]:
        return {}

    def named(self, key: str, near: Procedure) -> tuple[Procedure, ...]:
        """Return the documents of a title or an alias; one in the same folder or lifecycle comes before all others.

        What is no longer kept counts only where nothing else has the name.
        """
        found = self._names.get(key, ()) if key else ()
        if len(found) > 1:
            found = tuple(p for p in found if p.status not in GONE) or found
        if len(found) > 1:
            folder = PurePosixPath(near.path).parent
            local = tuple(p for p in found if PurePosixPath(p.path).parent == folder or p.lifecycle == near.lifecycle)
            return local if len(local) == 1 else found
        return found

    @cached_property
    def _names(self) -> dict[str, tuple[Procedure, ...]]:
        """Documents by the key of their title, and of every other name that their metadata give them."""
        names = dict(self.library.by_key)
        for procedure in self.library.procedures:
            aliases = procedure.document.metadata.get("aliases") if procedure.kind != "template" else None
            words = aliases.split(",") if isinstance(aliases, str) else aliases
            for alias in words if isinstance(words, list) else ():
                key = title_key(str(alias))
                if key and procedure not in names.get(key, ()):
                    names[key] = (*names.get(key, ()), procedure)
        return names

    def anchors(self, procedure: Procedure) -> Anchors:
        """Return the anchors of a document by the rule in the settings."""
        if procedure.path not in self._anchors:
            self._anchors[procedure.path] = read_anchors(procedure.document, self.settings.links.slugs)
        return self._anchors[procedure.path]

    @cached_property
    def _anchors(self) -> dict[str, Anchors]:
        return {}

    def paragraph(self, procedure: Procedure, at: int) -> tuple[int, int]:
        """Return the span of the paragraph, list item or table row around an offset."""
        if procedure.path not in self._paragraphs:
            self._paragraphs[procedure.path] = Paragraphs(procedure.document.source)
        return self._paragraphs[procedure.path].around(at)

    @cached_property
    def _paragraphs(self) -> dict[str, Paragraphs]:
        return {}

    def renamed(self, path: str) -> str:
        """Return where git says that a missing file is today, or an empty string."""
        return follow(self._renames, path, self.library.files)

    @cached_property
    def _renames(self) -> dict[str, str]:
        return read_renames(self.library.root)

    @cached_property
    def near_titles(self) -> Nearest:
        """The titles of procedures, to find the one that was meant."""
        return Nearest(p.title for p in self.library.counted)

    @cached_property
    def files_by_name(self) -> dict[str, list[str]]:
        """All files by their name in lower case."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.library.files):
            found.setdefault(posixpath.basename(path).lower(), []).append(path)
        return found

    @cached_property
    def files_by_folder(self) -> dict[str, list[str]]:
        """The names of all files by their folder."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.library.files):
            found.setdefault(posixpath.dirname(path), []).append(posixpath.basename(path))
        return found

    def exists(self, path: str) -> bool:
        """Say whether a link may lead to a path: also to what the library leaves out, letter for letter."""
        return path == ROOT or path in self.library.files or self._on_disk(path)

    def _on_disk(self, path: str) -> bool:
        folder = ""
        for part in path.split("/"):
            if part not in self._listed(folder):
                return False
            folder = f"{folder}/{part}" if folder else part
        return True

    def _listed(self, folder: str) -> frozenset[str]:
        """List a folder once. A disk may find README.md under readme.md; a reader's web server does not."""
        if folder not in self._folders:
            try:
                self._folders[folder] = frozenset(os.listdir(self.library.root / folder))
            except OSError:
                self._folders[folder] = frozenset()
        return self._folders[folder]

    @cached_property
    def _folders(self) -> dict[str, frozenset[str]]:
        return {}


def _is_silent(procedure: Procedure) -> bool:
    """Say whether nobody claims that a document is finished. One that claims nothing and says much is not silent."""
    if procedure.status == "placeholder" and procedure.declared_status is None:
        return (
            not any(has_content(procedure.document, s) for s in procedure.document.sections)
            or _SAYS_SO.search(procedure.document.source.raw) is not None
        )
    return procedure.status in _SILENT


def _link_start(found: tuple[Link, Target]) -> int:
    return found[0].start


def say(rule: Rule, procedure: Procedure, start: int, message: str, hint: str = "") -> Finding:
    """Return a finding at a byte offset of a document."""
    source = procedure.document.source
    line, column = source.line(start), source.column(start)
    return Finding(rule.name, rule.code, rule.severity, message, procedure.path, line, column, hint)


def say_line(rule: Rule, procedure: Procedure, line: int, message: str, hint: str = "") -> Finding:
    """Return a finding at a line of a document."""
    return Finding(rule.name, rule.code, rule.severity, message, procedure.path, line, hint=hint)


def say_path(rule: Rule, path: str, message: str, hint: str = "") -> Finding:
    """Return a finding about a whole file."""
    return Finding(rule.name, rule.code, rule.severity, message, path, hint=hint)


def title_line(procedure: Procedure) -> int:
    """Return the line of a document's title, where findings about the whole text stand."""
    return next((h.line for h in procedure.document.headings if h.level == 1 and not h.nested), 1)


def field_line(procedure: Procedure, key: str) -> int:
    """Return the line of a metadata field, else of the title."""
    field = procedure.document.fields.get(key)
    return field.line if field else title_line(procedure)
