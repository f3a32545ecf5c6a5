"""Sections, placeholders, and what the parser noticed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from procauthor.checking.scope import Scope, say, say_line, say_path
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.placeholder import find_placeholders, find_template_text
from procauthor.library.status import match_sections
from procauthor.template.key import section_key
from procauthor.template.spec import Template


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    if not scope.library.procedures and not scope.library.unread:
        yield say_path("nothing-matched", ".", "the library has no Markdown document", "is -C the right folder?")
    for unread in scope.library.unread:
        yield say_path("not-utf8", unread.path, f"the file cannot be read: {unread.reason}")
    for procedure in scope.library.procedures:
        for problem in procedure.document.problems:
            yield say(problem.kind, procedure, problem.start, problem.message)
    for procedure in scope.finished:
        assert procedure.template is not None
        yield from _sections(procedure, procedure.template)
        yield from _leftovers(procedure, procedure.template)


def _sections(procedure: Procedure, template: Template) -> Iterator[Finding]:
    match = match_sections(procedure.document, template)
    end = len(procedure.document.source.raw)
    for spec in match.missing:
        hint = f"add the heading “{'#' * spec.level} {spec.heading}”"
        yield say("missing-section", procedure, max(0, end - 1), f"section {spec.heading!r} is missing", hint)
    for spec in match.empty:
        if not spec.constraint.optional:
            yield say_line(
                "empty-section", procedure, match.sections[spec.key].line, f"section {spec.heading!r} is empty"
            )
    placed = [(s.heading, match.sections[s.key]) for s in template.sections if s.key in match.sections]
    for (before, first), (after, second) in pairwise(placed):
        if second.start < first.start:
            message = f"section {after!r} stands before {before!r}"
            yield say_line("section-order", procedure, second.line, message)
    yield from _doubles(procedure, template)


def _doubles(procedure: Procedure, template: Template) -> Iterator[Finding]:
    keys = {key: spec for spec in template.sections for key in spec.keys}
    match = match_sections(procedure.document, template)
    for section in procedure.document.sections:
        spec = keys.get(section_key(section.title)) if section.heading else None
        first = match.sections.get(spec.key) if spec else None
        if spec and first and section is not first and section.level == first.level and section.level > 1:
            message = f"section {spec.heading!r} stands twice, first at line {first.line}"
            yield say_line("duplicate-section", procedure, section.line, message)


def _leftovers(procedure: Procedure, template: Template) -> Iterator[Finding]:
    for left in find_placeholders(procedure.document):
        yield say("placeholder-text", procedure, left.start, f"{left.text!r} says that the text is not finished")
    for left in find_template_text(procedure.document, template):
        yield say("template-text-left", procedure, left.start, f"{left.text!r} is a field of the template")
