"""Sections, placeholders, and what the parser noticed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import pairwise

from procauthor.checking.scope import ROOT, Reach, Rule, Scope, say, say_line, say_path, title_line
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.status import Match, match_sections, read_thin
from procauthor.library.thin import find_placeholders, find_template_text
from procauthor.template.spec import SectionSpec, Template, section_key

NOTHING_MATCHED = Rule(
    name="nothing-matched",
    code="L101",
    severity="error",
    summary="The library has no document, or a setting names documents that do not exist.",
    why="A check over nothing would pass for ever, for instance after a folder was renamed.",
    fix="Name the folder of the library with -C, or correct the pattern or the path in the settings.",
    example='"runbooks/*.md" = "runbook" under [templates], after the folder became playbooks',
)
NOT_UTF8 = Rule(
    name="not-utf8",
    code="L102",
    severity="error",
    summary="A file is not UTF-8, or cannot be read.",
    why="Its content is unknown, so no other rule has seen it.",
    fix="Save the file as UTF-8, or make it readable.",
    example="a file in Latin-1 with the byte E9 for é",
)
BAD_FRONT_MATTER = Rule(
    name="bad-front-matter",
    code="L103",
    severity="error",
    summary="The front matter cannot be read, or its status is misspelt.",
    why="Status, lifecycle and dependencies are read from it; what cannot be read does not count.",
    fix="Correct the YAML, TOML or JSON. It is a mapping, and an alias of YAML may repeat a single value only.",
    example="depends_on: [Test Plan Procedure",
)
UNCLOSED_BLOCK = Rule(
    name="unclosed-block",
    code="L104",
    severity="error",
    summary="A code fence or an HTML comment is never closed.",
    why="It swallows every section behind it, although the file still looks right in an editor.",
    fix="Close it with the same fence, or with -->.",
    example="<!-- the rest of the file is invisible",
)
MISSING_SECTION = Rule(
    name="missing-section",
    code="S101",
    severity="error",
    summary="A section that the template requires is missing.",
    why="Readers, and the procedures that build on this one, rely on every section.",
    fix="Add the section under its heading from the template, or let the template call it optional.",
    example="a procedure without “## 11. Exit States”",
)
SECTION_ORDER = Rule(
    name="section-order",
    code="S102",
    severity="warning",
    summary="The sections are not in the order of the template.",
    why="People who know one procedure expect each section in the same place in all others.",
    fix="Move the section to its place.",
    example="“## 9. Definition of Done” above “## 5. Workflow”",
)
DUPLICATE_SECTION = Rule(
    name="duplicate-section",
    code="S103",
    severity="error",
    summary="A section of the template appears twice.",
    why="It is unclear which of the two counts, and an edit changes only one.",
    fix="Merge the two, or rename one heading.",
    example="“## 2. Trigger” and, further down, “## Trigger”",
)
EMPTY_SECTION = Rule(
    name="empty-section",
    code="S104",
    severity="error",
    summary="A required section has no text.",
    why="An empty section looks finished, and says nothing.",
    fix="Fill it, or write “None.” and why where the template allows that.",
    example="“## 2. Trigger” directly followed by “## 3. Required Inputs”",
)
TEMPLATE_TEXT_LEFT = Rule(
    name="template-text-left",
    code="S105",
    severity="error",
    summary="A field of the template was left as it is.",
    why="The example in a template is no content.",
    fix="Replace the braces and what is in them.",
    example="- **{state}**: The decision is merged.",
)
PLACEHOLDER_TEXT = Rule(
    name="placeholder-text",
    code="S106",
    severity="error",
    summary="A word says that the text is not finished.",
    why="Who follows an unfinished text as if it were finished is misled.",
    fix="Write the text, or set the status to Placeholder.",
    example="- **Blocked**: TBD",
)
THIN_SECTION = Rule(
    name="thin-section",
    code="S107",
    severity="warning",
    summary="A section says less than the template asks for, or nothing.",
    why="It looks finished. Who relies on it finds the title again, or the sentence of another section.",
    fix="Write what the guidance of the template asks for, or lower its bound.",
    example="“This is about High Latency.” under every heading, or two steps where the template says min: 3",
)
RULES = (
    NOTHING_MATCHED,
    NOT_UTF8,
    BAD_FRONT_MATTER,
    UNCLOSED_BLOCK,
    MISSING_SECTION,
    SECTION_ORDER,
    DUPLICATE_SECTION,
    EMPTY_SECTION,
    TEMPLATE_TEXT_LEFT,
    PLACEHOLDER_TEXT,
    THIN_SECTION,
)
REACH: Reach = "document"
_NOTICED = {"unclosed-block": UNCLOSED_BLOCK, "bad-front-matter": BAD_FRONT_MATTER}
# What the settings or its name give a place of its own: it needs no template.
_OWN_PLACE = frozenset({"index", "plan", "readme", "template"})
_STATUS_WORDS = ("placeholder", "deprecated", "defined", "approved", "in progress")
_FIELD = re.compile(r"\{[a-z_]+\??\}")


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.subjects:
        for problem in procedure.document.problems:
            if problem.kind in _NOTICED:
                yield say(_NOTICED[problem.kind], procedure, problem.start, problem.message)
        if procedure.template is not None:
            yield from _status_word(procedure)
        elif procedure.counted and not procedure.silent:
            yield from _placeholders(procedure)
    for procedure in scope.finished:
        assert procedure.template is not None
        match = match_sections(procedure.document, procedure.template)
        yield from _missing(procedure, match)
        yield from _empty(procedure, match)
        yield from _order(procedure, procedure.template, match)
        yield from _doubles(procedure, procedure.template, match)
        yield from _leftovers(procedure, procedure.template)
        for thin in read_thin(procedure.document, procedure.template):
            yield say_line(THIN_SECTION, procedure, thin.line, f"{thin.heading!r} says too little: {thin.reason}")


def check_library(scope: Scope) -> Iterator[Finding]:
    """Yield the findings about the library as a whole."""
    yield from _nothing(scope)
    for unread in scope.library.unread:
        yield say_path(NOT_UTF8, unread.path, f"the file cannot be read: {unread.reason}")


def _nothing(scope: Scope) -> Iterator[Finding]:
    """Report an empty library, and settings that no document answers to."""
    library, settings = scope.library, scope.settings
    if not library.procedures and not library.unread:
        yield say_path(NOTHING_MATCHED, ROOT, "the library has no Markdown document", "is -C the right folder?")
        return
    index = settings.library.index
    if "index" in settings.library.model_fields_set and index and index not in library.files:
        yield say_path(NOTHING_MATCHED, ROOT, f"the settings name the index {index!r}, which does not exist")
    # Where every document has its template, a pattern without a document waits for the first of its kind.
    if not any(_lacks_template(p, settings.templates) for p in library.procedures):
        return
    for pattern, name in settings.templates.items():
        if name and not any(_matches(p.path, pattern) for p in library.procedures):
            message = f"no document matches {pattern!r}, which the settings give a template"
            yield say_path(NOTHING_MATCHED, ROOT, message, "some documents have no template: are these meant?")


def _lacks_template(procedure: Procedure, patterns: Mapping[str, str]) -> bool:
    """Say whether a document has no template, and the settings do not say that it shall have none."""
    if procedure.template is not None or procedure.kind in _OWN_PLACE:
        return False
    return next((name for pattern, name in patterns.items() if _matches(procedure.path, pattern)), None) != ""


def _matches(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"**/{pattern}")


def _status_word(procedure: Procedure) -> Iterator[Finding]:
    """Report a status that is nearly a known one; other words may have a meaning of their own."""
    field = procedure.document.fields.get("status")
    if field is None or procedure.declared_status is not None:
        return
    word = str(field.value).strip()
    close = get_close_matches(word.casefold(), _STATUS_WORDS, n=1, cutoff=0.8)
    if close:
        message = f"the status {word!r} is not known"
        yield say_line(BAD_FRONT_MATTER, procedure, field.line, message, f"did you mean {close[0].capitalize()!r}?")


def _missing(procedure: Procedure, match: Match) -> Iterator[Finding]:
    taken = {section.index for section in match.sections.values()}
    others = {
        section_key(s.title): s for s in procedure.document.sections if s.level > 1 and s.index not in taken and s.title
    }
    for spec in match.missing:
        close = get_close_matches(spec.key, list(others), n=1, cutoff=0.8)
        heading = f"'{'#' * spec.level} {spec.heading}'"
        hint = f"is it {others[close[0]].title!r} in line {others[close[0]].line}?" if close else f"add {heading}"
        message = f"section {spec.heading!r} is missing"
        yield say_line(MISSING_SECTION, procedure, title_line(procedure), message, hint)


def _empty(procedure: Procedure, match: Match) -> Iterator[Finding]:
    for spec in match.empty:
        if not spec.constraint.optional:
            line = match.sections[spec.key].line
            hint = f"write {spec.constraint.none!r} where there is nothing to say" if spec.constraint.none else ""
            yield say_line(EMPTY_SECTION, procedure, line, f"section {spec.heading!r} is empty", hint)


def _order(procedure: Procedure, template: Template, match: Match) -> Iterator[Finding]:
    placed = [(s.heading, match.sections[s.key]) for s in template.sections if s.key in match.sections]
    for (before, first), (after, second) in pairwise(placed):
        if second.start < first.start:
            message = f"section {after!r} comes before {before!r}"
            hint = "the template has them the other way round"
            yield say_line(SECTION_ORDER, procedure, second.line, message, hint)


def _doubles(procedure: Procedure, template: Template, match: Match) -> Iterator[Finding]:
    specs: dict[str, SectionSpec] = {key: spec for spec in template.sections for key in spec.keys}
    for section in procedure.document.sections:
        spec = specs.get(section_key(section.title)) if section.level > 1 else None
        first = match.sections.get(spec.key) if spec else None
        if spec is None or first is None or section is first:
            continue
        if (section.level, section.parent) == (first.level, first.parent):
            message = f"section {spec.heading!r} appears twice, first in line {first.line}"
            yield say_line(DUPLICATE_SECTION, procedure, section.line, message)


def _leftovers(procedure: Procedure, template: Template) -> Iterator[Finding]:
    yield from _placeholders(procedure)
    for left in find_template_text(procedure.document, template):
        yield say(TEMPLATE_TEXT_LEFT, procedure, left.start, f"{left.text!r} is a field of the template")
    for field, start in _heading_fields(procedure, template):
        yield say(TEMPLATE_TEXT_LEFT, procedure, start, f"{field!r} is a field of the template")


def _placeholders(procedure: Procedure) -> Iterator[Finding]:
    for left in find_placeholders(procedure.document, procedure.conventions.placeholders):
        finding = say(PLACEHOLDER_TEXT, procedure, left.start, f"{left.text!r} says that the text is not finished")
        # Who says so of the whole document misleads nobody: then it is an open question like any other.
        yield replace(finding, severity="info") if procedure.declared_status == "in progress" else finding


def _heading_fields(procedure: Procedure, template: Template) -> Iterator[tuple[str, int]]:
    """Yield the fields that a template has in headings, where a heading still shows them."""
    if not any("{" in heading.text for heading in procedure.document.headings):
        return
    body = {match[0] for line in template.boilerplate for match in _FIELD.finditer(line)}
    slots = [slot.name for s in template.sections if s.step_heading for slot in s.step_heading.slots]
    fields = {f"{{{name}}}" for name in ("title", *slots)} - body
    for heading in procedure.document.headings:
        for match in _FIELD.finditer(heading.text):
            if match[0] in fields:
                yield match[0], heading.start
