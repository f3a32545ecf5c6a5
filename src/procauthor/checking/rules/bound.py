"""The upper bounds of a template: words and entries. They hold for every author."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from procauthor.checking.scope import Reach, Rule, Scope, say_line
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.status import match_sections
from procauthor.markdown.document import Block, Document, Section
from procauthor.naming import count_words
from procauthor.template.spec import ITEMS, SectionSpec

LONG_SECTION = Rule(
    name="long-section",
    code="S108",
    severity="warning",
    summary="A section, or a part of a step, has more words or more entries than its template wants.",
    why="What matters is not seen in a text that goes on, and readers skip what is long.",
    fix="Say it shorter, leave out what is said elsewhere, or raise the bound of the template.",
    example="a purpose of 180 words, where the template says max-words: 120",
)
RULES = (LONG_SECTION,)
REACH: Reach = "document"
_THINGS = {"steps": "steps", "table": "rows"}


# Where, of what, how many there are, how many there may be, and of which things.
_Measure = tuple[int, str, int, int, str]


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.finished:
        for line, name, number, most, things in _measures(procedure):
            if most and number > most:
                message = f"{name} has {number} {things}, and the template wants {most} at most"
                yield say_line(LONG_SECTION, procedure, line, message, "say it shorter")


def _measures(procedure: Procedure) -> Iterator[_Measure]:
    assert procedure.template is not None
    match = match_sections(procedure.document, procedure.template)
    for spec in procedure.template.sections:
        section = match.sections.get(spec.key)
        if section is not None:
            yield from _of_section(procedure.document, spec, section)
            yield from _of_parts(procedure, spec)


def _of_section(document: Document, spec: SectionSpec, section: Section) -> Iterator[_Measure]:
    limit, name = spec.constraint, repr(spec.heading)
    if limit.max_words:
        texts = (_without_label(text, spec) for text in _texts(document, section))
        yield section.line, name, _words(texts, limit.max_words), limit.max_words, "words"
    if limit.maximum:
        yield section.line, name, _count(document, spec, section), limit.maximum, _THINGS.get(spec.kind, "entries")


def _of_parts(procedure: Procedure, spec: SectionSpec) -> Iterator[_Measure]:
    bounded = [part for part in spec.parts if part.constraint.max_words or part.constraint.maximum]
    for step in procedure.contract.steps if bounded else ():
        for part in bounded:
            found = next((step.parts[key] for key in part.keys if key in step.parts), None)
            if found is not None:
                name, limit = f"{part.heading!r} of step {step.number or step.name}", part.constraint
                words = _words(found.items or (found.text,), limit.max_words)
                yield found.line, name, words, limit.max_words, "words"
                yield found.line, name, len(found.items), limit.maximum, "entries"


def _words(texts: Iterable[str], most: int) -> int:
    """Return the number of words; where there are no more than some, a number that is no higher either."""
    said = list(texts)
    pieces = sum(len(text.split()) for text in said)
    # To split is much faster, and a dash that stands alone is no word.
    return sum(map(count_words, said)) if pieces > most else pieces


def _texts(document: Document, section: Section) -> Iterator[str]:
    for each in document.family(section):
        for block in each.blocks:
            yield from _block_texts(document, block)


def _block_texts(document: Document, block: Block) -> Iterator[str]:
    """Yield what a reader reads of a block: items and rows without their marks, and no comment."""
    if block.kind == "list":
        yield from (item.text for item in block.items)
    elif block.kind == "table":
        yield from (cell.text for row in block.rows for cell in row.cells)
    elif block.kind not in ("html", "rule"):
        yield document.source.slice(block.start, block.end)


def _without_label(text: str, spec: SectionSpec) -> str:
    """Return a line of a card without its label, which the template writes; any other text as it is."""
    label = next((c.header for c in spec.columns if spec.kind == "card" and text.startswith(f"{c.header}:")), "")
    return text[len(label) + 1 :] if label else text


def _count(document: Document, spec: SectionSpec, section: Section) -> int:
    """Return the entries of a section that has the form of its template; of another form there are none."""
    if spec.kind == "steps":
        return sum(child.level == spec.step_level for child in document.children(section))
    if spec.kind == "table":
        return sum(len(block.rows) for block in section.blocks)
    items = (item for block in section.blocks for item in block.items) if spec.kind in ITEMS else ()
    return sum(item.level == 0 for item in items)
