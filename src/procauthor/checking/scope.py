"""What a rule sees: the library, what is announced, and how to say something."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from procauthor.checking.definition import Rule
from procauthor.finding import Finding
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import Target, resolve
from procauthor.markdown.document import Link
from procauthor.procedure import Status

ROOT = "."
GONE: frozenset[Status] = frozenset({"alias", "deprecated"})
_SILENT: frozenset[Status] = GONE | {"placeholder", "missing"}


@dataclass(frozen=True)
class Scope:
    """A library under check. ``announced`` holds keys of titles that a plan or the index announces."""

    library: Library
    announced: Collection[str] = ()

    @cached_property
    def finished(self) -> tuple[Procedure, ...]:
        """The documents that claim to be more than a placeholder, and have a template."""
        return tuple(p for p in self.library.procedures if p.template is not None and p.status not in _SILENT)

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
        paths = (t.path for link, t in self.links[procedure.path] if start <= link.start < end and not link.image)
        return tuple(by_path[path] for path in paths if path in by_path and path != procedure.path)

    def named(self, key: str, near: Procedure) -> tuple[Procedure, ...]:
        """Return the documents of a title; one in the same folder or lifecycle comes before all others."""
        found = self.library.by_key.get(key, ()) if key else ()
        if len(found) > 1:
            folder = PurePosixPath(near.path).parent
            local = tuple(p for p in found if PurePosixPath(p.path).parent == folder or p.lifecycle == near.lifecycle)
            return local if len(local) == 1 else found
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
