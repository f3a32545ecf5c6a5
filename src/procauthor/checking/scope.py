"""What a rule sees: the library, what is announced, and how to say something."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from procauthor.checking.rule import RULES
from procauthor.finding import Finding
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key

_PLURAL = re.compile(r"(?<=[a-z]{2})s$")
_SILENT = frozenset({"placeholder", "alias", "deprecated", "missing"})


@dataclass(frozen=True)
class Scope:
    """A library under check. ``announced`` holds keys of titles that a plan or the index announces."""

    library: Library
    announced: Collection[str] = ()

    @cached_property
    def finished(self) -> tuple[Procedure, ...]:
        """The documents that claim to be more than a placeholder, and have a template."""
        return tuple(p for p in self.library.procedures if p.template is not None and p.status not in _SILENT)

    def named(self, key: str, near: Procedure) -> tuple[Procedure, ...]:
        """Return the documents of a title; those in the same folder or lifecycle come before all others."""
        found = self.library.by_key.get(key, ())
        if len(found) > 1:
            folder = PurePosixPath(near.path).parent
            local = tuple(p for p in found if PurePosixPath(p.path).parent == folder or p.lifecycle == near.lifecycle)
            return local if len(local) == 1 else found
        return found


def say(rule: str, procedure: Procedure, start: int, message: str, hint: str = "") -> Finding:
    """Return a finding at a byte offset of a document."""
    source = procedure.document.source
    return _finding(rule, procedure.path, source.line(start), source.column(start), message, hint)


def say_line(rule: str, procedure: Procedure, line: int, message: str, hint: str = "") -> Finding:
    """Return a finding at a line of a document."""
    return _finding(rule, procedure.path, line, 1, message, hint)


def say_path(rule: str, path: str, message: str, hint: str = "") -> Finding:
    """Return a finding about a whole file."""
    return _finding(rule, path, 1, 1, message, hint)


def _finding(rule: str, path: str, line: int, column: int, message: str, hint: str) -> Finding:
    known = RULES[rule]
    return Finding(known.name, known.code, known.severity, message, path, line, column, hint)


def artifact_key(name: str) -> str:
    """Return the key of an artifact: case, articles, emphasis and the plural of the last word do not count."""
    return _PLURAL.sub("", title_key(name))


def lines(found: Iterator[Finding]) -> Iterator[Finding]:
    """Yield findings, each line and message once."""
    seen: set[tuple[str, int, str]] = set()
    for finding in found:
        key = (finding.path, finding.line, finding.message)
        if key not in seen:
            seen.add(key)
            yield finding
