"""The form of a document: its sections and their bounds, what is not read, and templates themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import chain, pairwise, repeat

from msgspec.structs import replace

from procauthor.checking.scope import ROOT, Family, Rule, Scope, say, say_line, say_path
from procauthor.errors import TemplateError
from procauthor.finding import Finding
from procauthor.library.library import Procedure, folder_of
from procauthor.library.reference import rules_of
from procauthor.library.status import Match, find_renamed, match_sections, read_thin
from procauthor.library.thin import count_entries, entries_called, find_placeholders, find_template_text
from procauthor.markdown.document import Block, Document, Section
from procauthor.markdown.passage import Foreign, Notation, find_conflict, find_foreign
from procauthor.naming import count_words, unportable
from procauthor.regex import lazy
from procauthor.settings import FILE_NAME
from procauthor.template.read import path_matcher, read_template
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
    fix="Correct the YAML or TOML. It is a mapping, and an alias of YAML may repeat a single value only.",
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
UNPORTABLE_NAME = Rule(
    name="unportable-name",
    code="L107",
    severity="warning",
    summary="A file or folder has a name that Windows or macOS cannot have beside the others.",
    why="Where case does not count, a checkout keeps one of two such files, and git shows a change never made.",
    fix="Rename one of them; with git in two steps, by a third name.",
    example="Data.md beside data.md, or what?.md",
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
_NOTICED = {"unclosed-block": UNCLOSED_BLOCK, "bad-front-matter": BAD_FRONT_MATTER}
# What the settings or its name give a place of its own: it needs no template.
_OWN_PLACE = frozenset({"index", "plan", "readme", "template"})
_STATUS_WORDS = ("placeholder", "deprecated", "defined", "approved", "in progress")
_FIELD = lazy(r"\{[a-z_]+\??\}")


def _check_structure(_: Scope, procedure: Procedure) -> Iterator[Finding]:
    for problem in procedure.document.problems:
        # What a team's own template leaves to be filled in need not be YAML yet.
        shown = problem.kind == "bad-front-matter" and procedure.path in procedure.conventions.template_files
        if problem.kind in _NOTICED and not shown:
            yield say(_NOTICED[problem.kind], procedure, problem.start, problem.message)
    template = procedure.template
    if template is not None:
        yield from _status_word(procedure)
    # Elsewhere a mark may mean something else, but where it is all that there is.
    if not procedure.silent and (template is not None or procedure.counted or procedure.text_status == "placeholder"):
        yield from _placeholders(procedure)
    if template is not None and not procedure.silent:
        yield from _sections(procedure, template)


def _sections(procedure: Procedure, template: Template) -> Iterator[Finding]:
    """Hold a document against its template."""
    match = match_sections(procedure.document, template)
    yield from _missing(procedure, template, match)
    yield from _empty(procedure, match)
    yield from _order(procedure, template, match)
    yield from _doubles(procedure, template, match)
    left = [(each.text, each.start) for each in find_template_text(procedure.document, template)]
    for text, start in (*left, *_heading_fields(procedure, template)):
        yield say(TEMPLATE_TEXT_LEFT, procedure, start, f"{text!r} is a field of the template")
    for thin in read_thin(procedure.document, template):
        yield say_line(THIN_SECTION, procedure, thin.line, f"{thin.heading!r} says too little: {thin.reason}")


def _check_library_for_structure(scope: Scope) -> Iterator[Finding]:
    yield from _nothing(scope)
    for unread in scope.library.unread:
        yield say_path(NOT_UTF8, unread.path, f"the file cannot be read: {unread.reason}")
    for twins in scope.files_folded.values():
        for path in twins[1:]:
            message = f"on Windows and macOS {path!r} and {twins[0]!r} are the same name"
            yield say_path(UNPORTABLE_NAME, path, message, UNPORTABLE_NAME.fix)
    for path in sorted(scope.library.files - {ROOT}):
        reason = unportable(path.rpartition("/")[2])
        if reason:
            yield say_path(UNPORTABLE_NAME, path, reason, UNPORTABLE_NAME.fix)


def _nothing(scope: Scope) -> Iterator[Finding]:
    """Report an empty library, and settings that no document answers to."""
    library, settings = scope.library, scope.settings
    if not library.procedures and not library.unread:
        yield say_path(NOTHING_MATCHED, ROOT, "the library has no Markdown document", "is -C the right folder?")
        return
    if not settings.model_fields_set and not library.counted:
        for inner in sorted(path for path in library.files if path.endswith(f"/{FILE_NAME}")):
            message = f"nothing here counts as a procedure, and the settings are in {inner!r}"
            yield say_path(NOTHING_MATCHED, ROOT, message, f"check that library with -C {folder_of(inner)}")
    index = settings.library.index
    if "index" in settings.library.model_fields_set and index and index not in library.files:
        yield say_path(NOTHING_MATCHED, ROOT, f"the settings name the index {index!r}, which does not exist")
    # Where every document has its template, a pattern without a document waits for the first of its kind.
    if not any(_lacks_template(p, settings.templates) for p in library.procedures):
        return
    for pattern, name in settings.templates.items():
        if name and not any(path_matcher(pattern)(p.path) for p in library.procedures):
            message = f"no document matches {pattern!r}, which the settings give a template"
            yield say_path(NOTHING_MATCHED, ROOT, message, "some documents have no template: are these meant?")


def _lacks_template(procedure: Procedure, patterns: Mapping[str, str]) -> bool:
    """Say whether a document has no template, and the settings do not say that it shall have none."""
    if procedure.kind in _OWN_PLACE:
        return False
    name = next((name for pattern, name in patterns.items() if path_matcher(pattern)(procedure.path)), None)
    # Where a pattern names one, to ask for the template itself would read its file.
    return name is None and procedure.template is None


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


def _missing(procedure: Procedure, template: Template, match: Match) -> Iterator[Finding]:
    renamed = find_renamed(procedure.document, template)
    for spec in match.missing:
        other = renamed.get(spec.heading)
        heading = f"'{'#' * spec.level} {spec.heading}'"
        hint = f"is it {other.title!r} in line {other.line}?" if other else f"add {heading}"
        message = f"section {spec.heading!r} is missing"
        yield say_line(MISSING_SECTION, procedure, procedure.title_line, message, hint)


def _empty(procedure: Procedure, match: Match) -> Iterator[Finding]:
    for spec in match.empty:
        section = match.sections[spec.key]
        if not spec.constraint.optional and not _is_marked(procedure, section):
            line = section.line
            hint = f"write {spec.constraint.none!r} where there is nothing to say" if spec.constraint.none else ""
            yield say_line(EMPTY_SECTION, procedure, line, f"section {spec.heading!r} is empty", hint)


def _is_marked(procedure: Procedure, section: Section) -> bool:
    """Say whether a heading below a section says that its text is to come: that is reported by itself."""
    *_, last = procedure.document.family(section)
    left = find_placeholders(procedure.document, procedure.conventions.placeholders)
    return any(section.start <= each.start < last.end for each in left)


def _order(procedure: Procedure, template: Template, match: Match) -> Iterator[Finding]:
    placed = [(s.heading, match.sections[s.key]) for s in template.sections if s.key in match.sections]
    for (before, first), (after, second) in pairwise(placed):
        if second.start < first.start:
            message = f"section {after!r} comes before {before!r}"
            hint = "the template has them the other way round"
            yield say_line(SECTION_ORDER, procedure, second.line, message, hint)


def _doubles(procedure: Procedure, template: Template, match: Match) -> Iterator[Finding]:
    specs: dict[str, SectionSpec] = dict(
        chain.from_iterable(zip(spec.keys, repeat(spec)) for spec in template.sections)
    )
    for section in procedure.document.sections:
        spec = specs.get(section_key(section.title)) if section.level > 1 else None
        first = match.sections.get(spec.key) if spec else None
        if spec is None or first is None or section is first:
            continue
        if (section.level, section.parent) == (first.level, first.parent):
            message = f"section {spec.heading!r} appears twice, first in line {first.line}"
            yield say_line(DUPLICATE_SECTION, procedure, section.line, message)


def _placeholders(procedure: Procedure) -> Iterator[Finding]:
    for left in find_placeholders(procedure.document, procedure.conventions.placeholders):
        text = " ".join(left.text.split())
        finding = say(PLACEHOLDER_TEXT, procedure, left.start, f"{text!r} says that the text is not finished")
        finding = finding if left.sure else replace(finding, severity="warning")
        # Said of the whole document it misleads no reader: then it is an open question like any other.
        yield replace(finding, severity="info") if procedure.declared_status == "in progress" else finding


def _heading_fields(procedure: Procedure, template: Template) -> Iterator[tuple[str, int]]:
    """Yield the fields that a template has in headings, where a heading still shows them."""
    if not any("{" in heading.text for heading in procedure.document.headings):
        return
    body = set(chain.from_iterable(map(_FIELD.findall, template.boilerplate)))
    slots = chain.from_iterable(spec.step_heading.slots for spec in template.sections if spec.step_heading)
    fields = {f"{{{name}}}" for name in ("title", *(slot.name for slot in slots))} - body
    for heading in procedure.document.headings:
        for match in _FIELD.finditer(heading.text):
            if match[0] in fields:
                yield match[0], heading.start


STRUCTURE = Family(
    "Sections, placeholders, and what the parser noticed",
    (
        NOTHING_MATCHED,
        NOT_UTF8,
        BAD_FRONT_MATTER,
        UNCLOSED_BLOCK,
        UNPORTABLE_NAME,
        MISSING_SECTION,
        SECTION_ORDER,
        DUPLICATE_SECTION,
        EMPTY_SECTION,
        TEMPLATE_TEXT_LEFT,
        PLACEHOLDER_TEXT,
        THIN_SECTION,
    ),
    "document",
    _check_structure,
    _check_library_for_structure,
)


LONG_SECTION = Rule(
    name="long-section",
    code="S108",
    severity="warning",
    summary="A section, or a part of a step, has more words or more entries than its template wants.",
    why="What matters is not seen in a text that goes on, and readers skip what is long.",
    fix="Say it shorter, leave out what is said elsewhere, or raise the bound of the template.",
    example="a purpose of 180 words, where the template says max-words: 120",
)


# Where, of what, how many there are, how many there may be, and of which things.
_Measure = tuple[int, str, int, int, str]


def _check_bound(_: Scope, procedure: Procedure) -> Iterator[Finding]:
    if procedure.template is None or procedure.silent:
        return
    for line, name, number, most, things in _measures(procedure, procedure.template):
        if most and number > most:
            message = f"{name} has {number} {things}, and the template wants {most} at most"
            yield say_line(LONG_SECTION, procedure, line, message, "say it shorter")


def _measures(procedure: Procedure, template: Template) -> Iterator[_Measure]:
    match = match_sections(procedure.document, template)
    for spec in template.sections:
        section = match.sections.get(spec.key)
        if section is not None:
            yield from _of_section(procedure.document, spec, section)
            yield from _of_parts(procedure, spec)


def _of_section(document: Document, spec: SectionSpec, section: Section) -> Iterator[_Measure]:
    limit, name = spec.constraint, repr(spec.heading)
    if limit.max_words:
        blocks = chain.from_iterable(part.blocks for part in document.family(section))
        said = chain.from_iterable(_block_texts(document, block) for block in blocks)
        texts = (_without_label(text, spec) for text in said)
        yield section.line, name, _words(texts, limit.max_words), limit.max_words, "words"
    if limit.maximum:
        yield section.line, name, count_entries(document, section, spec), limit.maximum, entries_called(spec)


def _of_parts(procedure: Procedure, spec: SectionSpec) -> Iterator[_Measure]:
    bounded = [part for part in spec.parts if part.constraint.max_words or part.constraint.maximum]
    for step in procedure.contract.steps if bounded else ():
        for part in bounded:
            value = next((step.parts[key] for key in part.keys if key in step.parts), None)
            if value is not None:
                name, limit = f"{part.heading!r} of step {step.number or step.name}", part.constraint
                words = _words(value.texts, limit.max_words)
                yield value.line, name, words, limit.max_words, "words"
                yield value.line, name, len(value.items), limit.maximum, "entries"


def _words(texts: Iterable[str], most: int) -> int:
    """Return the number of words; where there are no more than some, a number that is no higher either."""
    said = list(texts)
    pieces = sum(len(text.split()) for text in said)
    # To split is much faster, and a lone dash is no word.
    return sum(map(count_words, said)) if pieces > most else pieces


def _block_texts(document: Document, block: Block) -> Iterator[str]:
    """Yield what a reader reads of a block: items and rows without their marks, and no comment."""
    if block.kind == "list":
        yield from (item.text for item in block.items)
    elif block.kind == "table":
        yield from (cell.text for cell in chain.from_iterable(row.cells for row in block.rows))
    elif block.kind not in ("html", "rule"):
        yield document.source.slice(block.start, block.end)


def _without_label(text: str, spec: SectionSpec) -> str:
    """Return a line of a card without its label, which the template writes; any other text as it is."""
    label = next((c.header for c in spec.columns if spec.kind == "card" and text.startswith(f"{c.header}:")), "")
    return text[len(label) + 1 :] if label else text


BOUNDS = Family(
    "The upper bounds of a template: words and entries. They hold for every author",
    (LONG_SECTION,),
    "document",
    _check_bound,
)


CONFLICT_MARKER = Rule(
    name="conflict-marker",
    code="L105",
    severity="error",
    summary="A merge conflict is not resolved.",
    why="The document says two things at once. No command writes into it, and it cannot be approved.",
    fix="Decide what counts, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>.",
    example="<<<<<<< HEAD",
)
NOT_UNDERSTOOD = Rule(
    name="not-understood",
    code="L106",
    severity="warning",
    summary="A document holds something that is not read.",
    why="No other rule has seen it: a link of that kind may be broken, and a rename does not change it.",
    fix="Write it in plain Markdown, or turn the rule off if another program looks after it.",
    example="[[test-plan]], {% include steps.md %}, or front matter that gives the status twice",
)
_ONE: dict[Notation, str] = {
    "wiki link": "a wiki link",
    "include": "an include",
    "shortcode": "a shortcode",
    "footnote": "a footnote",
    "link in HTML": "a link in HTML",
    "link with a space": "a link with a space in its target",
    "link in a directive": "a link in a directive",
    "link in a diagram": "a link in a diagram",
}
_MANY: dict[Notation, str] = {
    "link in HTML": "links in HTML",
    "link with a space": "links with a space in their targets",
    "link in a directive": "links in directives",
    "link in a diagram": "links in diagrams",
}
_HINTS: dict[Notation, str] = {
    "wiki link": "write [text](path.md): only such links are checked, and follow a rename",
    "include": "the text that it brings in is not checked here",
    "shortcode": "what it shows is not checked",
    "footnote": "no footnote of that name is defined",
    "link in a directive": "fence the directive with ::: instead, or change the link by hand after a rename",
    "link in a diagram": "change the link by hand after a rename",
    "link with a space": "write %20 for the space, or the target between < and >",
    "link in HTML": "leave an empty line between the tag and the text with the link",
}
# Here nothing is at stake that another rule would look after.
_HARMLESS = frozenset({"shortcode", "footnote"})
# Metadata that name documents.
_TITLES = ("depends_on", "aliases")


def _check_reading(_: Scope, procedure: Procedure) -> Iterator[Finding]:
    conflict = find_conflict(procedure.document)
    if conflict is not None:
        yield say(CONFLICT_MARKER, procedure, conflict, "a merge conflict is not resolved")
    for problem in procedure.document.problems:
        if problem.kind == "duplicate-key":
            yield say(NOT_UNDERSTOOD, procedure, problem.start, problem.message, "keep one of them")
    for field in map(procedure.document.fields.get, _TITLES):
        if field is not None and _is_nested(field.value):
            message = f"{field.key!r} is no plain list of titles, so it is not read whole"
            yield say_line(NOT_UNDERSTOOD, procedure, field.line, message, "write one title an item")
    for foreign in find_foreign(procedure.document):
        yield _foreign(procedure, foreign)


def _is_nested(value: object) -> bool:
    """Say whether a value of front matter holds more than a list of single values."""
    values = value if isinstance(value, list) else [value]
    return any(isinstance(each, list | dict) for each in values)


def _foreign(procedure: Procedure, foreign: Foreign) -> Finding:
    notation = foreign.notation
    many = _MANY.get(notation, f"{notation}s")
    message = f"{_ONE[notation]} is not read" if foreign.count == 1 else f"{foreign.count} {many} are not read"
    finding = say(NOT_UNDERSTOOD, procedure, foreign.start, message, _HINTS[notation])
    filled = notation == "include" and rules_of(procedure.conventions.site).pages
    return replace(finding, severity="info") if filled or notation in _HARMLESS else finding


READING = Family(
    "What cannot be relied on, because it is not read: conflicts, and notations of other programs",
    (CONFLICT_MARKER, NOT_UNDERSTOOD),
    "document",
    _check_reading,
)


TEMPLATE_MISTAKE = Rule(
    name="template-mistake",
    code="M101",
    severity="error",
    summary="Something in a template is passed over, because it cannot be used as it is written.",
    why="A bound that is misspelt bounds nothing, and no message says so.",
    fix="Correct the line; the hint names what was probably meant.",
    example="mni: 3, in a comment of a template",
)
TEMPLATE_ROLE_MISSING = Rule(
    name="template-role-missing",
    code="M102",
    severity="info",
    summary="No section of a template for procedures has a role that checks rest on.",
    why="Without the role, contracts and steps of its documents are not understood, and not checked.",
    fix="Say in the comment of a section what it means, for example `role: inputs`, or turn the rule off.",
    example="a template whose required inputs are under “Before you begin”, without `role: inputs`",
)

_ROLES = ("inputs", "workflow", "outputs", "exits")
_PARTS = ("inputs", "outputs")


def _check_template(scope: Scope, document: Procedure) -> Iterator[Finding]:
    stem = document.path.removeprefix("templates/").removesuffix(".md")
    if document.kind != "template" or "/" in stem:
        return
    if stem not in scope.settings.templates.values() and "template" not in document.field_lines:
        return
    try:
        template = read_template(stem, document.source.raw)
    except TemplateError as error:
        yield say_line(TEMPLATE_MISTAKE, document, 1, error.message, error.hint)
        return
    for mistake in template.mistakes:
        yield say_line(TEMPLATE_MISTAKE, document, mistake.line, mistake.message, mistake.hint)
    if template.kind == "procedure":
        yield from _roles(document, template)


def _roles(document: Procedure, template: Template) -> Iterator[Finding]:
    missing = [role for role in _ROLES if template.of_role(role) is None]
    if missing:
        message = f"no section has the role {_listed(missing)}, so what they hold is not checked"
        hint = f"write 'role: {missing[0]}' into the comment of the section that holds it"
        yield say_line(TEMPLATE_ROLE_MISSING, document, document.title_line, message, hint)
    workflow = template.of_role("workflow")
    parts = [role for role in _PARTS if workflow and all(part.role != role for part in workflow.parts)]
    if workflow and workflow.kind == "steps" and parts:
        message = f"no part of a step has the role {_listed(parts)}, so the flow between steps is not checked"
        hint = f"write 'role: {parts[0]}' into a comment below the label of the part that holds it"
        yield say_line(TEMPLATE_ROLE_MISSING, document, document.title_line, message, hint)


def _listed(roles: list[str]) -> str:
    return " or ".join(map(repr, roles))


TEMPLATES = Family(
    "The library's own templates: what cannot be used as it is written, and what they leave unsaid",
    (TEMPLATE_MISTAKE, TEMPLATE_ROLE_MISSING),
    "document",
    _check_template,
)
