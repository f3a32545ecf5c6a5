"""Titles that differ in their wording alone."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.checking.scope import Reach, Rule, Scope, say_line, title_line
from procauthor.convention.word import words
from procauthor.finding import Finding
from procauthor.naming import stem
from procauthor.procedure import UNCOUNTED

SIMILAR_TITLE = Rule(
    name="similar-title",
    code="R117",
    severity="info",
    summary="Two titles have the same words, in another form or order.",
    why="Readers take one for the other, and both may describe the same work.",
    fix="Merge the two, or give each a title that says what the other one does not do.",
    example="“Key Rotation Procedure” beside “Rotating Keys Procedure”",
)
RULES = (SIMILAR_TITLE,)
REACH: Reach = "library"


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family: at the later document of two, or at the one whose like is announced."""
    glue = frozenset(words()["titles"]["glue"])
    first: dict[tuple[str, ...], tuple[str, str]] = {}
    for procedure in scope.library.counted:
        if procedure.status in UNCOUNTED or not procedure.key:
            continue
        form = _form(procedure.key, glue)
        key, path = first.setdefault(form, (procedure.key, procedure.path))
        # Of documents with one title a name in the text is ambiguous, which is a finding of its own.
        if key != procedure.key:
            message = f"the title {procedure.title!r} has the words of that of {path!r}"
            yield say_line(SIMILAR_TITLE, procedure, title_line(procedure), message, SIMILAR_TITLE.fix)
    yield from _announced(scope, first, glue)


def _announced(scope: Scope, first: dict[tuple[str, ...], tuple[str, str]], glue: frozenset[str]) -> Iterator[Finding]:
    by_path = scope.library.by_path
    for announced in sorted(scope.announced):
        key, path = first.get(_form(announced, glue), ("", ""))
        if key and key != announced and announced not in scope.names:
            procedure = by_path[path]
            message = f"the title {procedure.title!r} has the words of {announced!r}, which is announced"
            yield say_line(SIMILAR_TITLE, procedure, title_line(procedure), message, SIMILAR_TITLE.fix)


def _form(key: str, glue: frozenset[str]) -> tuple[str, ...]:
    """Return the stems of a title that say what it is about, in the order of the alphabet."""
    spelt = key.split()
    return tuple(sorted(stem(word) for word in spelt if word not in glue)) or tuple(spelt)
