"""The skeleton author: the template with its guidance as comments, known facts filled in, the rest marked as to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from procauthor.authoring.brief import Answer, Ask, Brief
from procauthor.authoring.document import IN_PROGRESS, TO_DO, gap_words, render_draft
from procauthor.authoring.draft import SKELETON
from procauthor.data import ungrouped
from procauthor.library.status import OPEN, match_sections
from procauthor.markdown.document import Replacement, replace_spans
from procauthor.markdown.parse import parse
from procauthor.template.model import sections_of_step
from procauthor.template.spec import ITEMS, Pattern, SectionSpec, Slot, Template, parse_pattern


class SkeletonAuthor:
    """Fills what is known without judgement: what neighbours hand over or expect, and what people already wrote."""

    id = SKELETON

    def fill(self, ask: Ask) -> Answer:
        """Return the known fields of one step."""
        values = {}
        for spec in sections_of_step(ask.template, ask.step):
            value = _FACTS[spec.role](ask.brief) if spec.role in _FACTS else None
            if value and _fits(spec, value):
                values[spec.name] = value
        return Answer(values)


def _inputs(brief: Brief) -> list[dict[str, Any]]:
    made = ungrouped((n.title, n.outputs) for n in brief.upstream if n.title in brief.titles)
    return [{"artifact": o.name, "description": o.text or TO_DO, "provider": title} for title, o in made]


def _outputs(brief: Brief) -> list[dict[str, Any]]:
    wanted: dict[str, str] = {}
    for _, want in brief.wanted:
        wanted[want.name] = wanted.get(want.name) or want.text
    return [{"artifact": name, "guarantee": text or TO_DO} for name, text in wanted.items()]


def _consumers(brief: Brief) -> list[dict[str, Any]]:
    return [
        {"artifact": want.name, "consumer": n.title, "use": want.text or TO_DO}
        for n, want in brief.wanted
        if n.title in brief.titles
    ]


_FACTS: Mapping[str, Callable[[Brief], Any]] = {
    "purpose": lambda brief: brief.present,
    "inputs": _inputs,
    "outputs": _outputs,
    "consumers": _consumers,
}


def _fits(spec: SectionSpec, values: Any) -> bool:
    """Say whether facts have the shape that this template gives to the section."""
    pattern = spec.pattern
    if isinstance(values, str):
        return spec.kind == "prose" and (pattern is None or pattern.single is not None)
    slots = pattern.slots if pattern else ()
    needed = {slot.name for slot in slots if not slot.optional}
    return spec.kind in ITEMS and needed <= values[0].keys() <= {slot.name for slot in slots}


# The document


def render_skeleton(brief: Brief, template: Template, fields: Mapping[str, Any], **options: Any) -> bytes:
    """Render the facts, and write guidance and places to fill around them; the options are those of `render_draft`."""
    raw = render_draft(brief, template, fields, **{**options, "status": IN_PROGRESS, "whole": True})
    document = parse(raw)
    newline = document.source.newline
    match = match_sections(document, template)
    changes = []
    done: set[int] = set()
    for spec in template.sections:
        section = match.sections.get(spec.key)
        # Two sections of one name cannot be told apart: the first is filled, and the check names the template.
        if section is None or spec.kind == "group" or section.index in done:
            continue
        done.add(section.index)
        filled = spec.name in fields
        text = "\n" + _comment(_guidance(spec, brief)) + ("" if filled else "\n".join(_body(spec)) + "\n\n")
        # The empty line between heading and facts is already there.
        text = text.rstrip("\n") + "\n" if filled else text
        end = section.body if filled else section.end
        changes.append(Replacement(section.body, end, text.replace("\n", newline)))
    return replace_spans(raw, changes).rstrip() + newline.encode()


def _guidance(spec: SectionSpec, brief: Brief) -> list[str]:
    limit = spec.constraint
    lines = [spec.guidance]
    if spec.counted and limit.minimum > 1:
        lines.append(f"At least {limit.minimum}.")
    if limit.maximum:
        lines.append(f"At most {limit.maximum}.")
    if limit.max_words:
        lines.append(f"At most {limit.max_words} words.")
    if limit.optional:
        lines.append("It may be left out, with its heading.")
    if limit.none:
        lines.append(f"Where there is nothing to say: {limit.none}")
    if spec.kind == "steps":
        lines.append("Copy the step below for each further one.")
        lines += [f"The action plan asks: {action}" for action in brief.request.actions]
    return [line for line in lines if line]


def _comment(lines: list[str]) -> str:
    if not lines:
        return ""
    text = "\n".join(lines).replace("--", "- -")
    return f"<!--\n{text}\n-->\n\n"


def _body(spec: SectionSpec) -> Iterator[str]:
    """Yield the lines of a section that nothing is known for, each with one mark that says so."""
    if spec.kind == "steps":
        yield from _step(spec)
    elif spec.kind == "table":
        yield "| " + " | ".join(column.header for column in spec.columns) + " |"
        yield "|" + "---|" * len(spec.columns)
        yield f"| {_line(spec.columns[0].pattern)} |" + f" {OPEN} |" * (len(spec.columns) - 1)
    elif spec.kind == "card":
        for column in spec.columns:
            yield f"- **{column.header}:** {_line(column.pattern)}"
    else:
        bullet = {"list": "- ", "checklist": "- [ ] ", "numbered": "1. ", "prose": ""}[spec.kind]
        yield bullet + _line(spec.pattern or parse_pattern(""))


def _step(spec: SectionSpec) -> Iterator[str]:
    assert spec.step_heading is not None
    heading = _filled(spec.step_heading, lambda slot: "1" if slot.name == "number" else gap_words(slot))
    yield f"{'#' * spec.step_level} {heading}"
    more = [f"**{part.heading}:** {part.guidance}" for part in spec.parts if _may_wait(part)]
    if more:
        yield ""
        yield from _comment(["A step may also have:", *more]).rstrip().split("\n")
    for part in spec.parts:
        if _may_wait(part):
            continue
        yield ""
        label = f"**{part.heading}:**" if part.labelled else "#" * part.level + " " + part.heading
        lines = list(_body(part))
        if part.labelled and part.kind == "prose":
            yield f"{label} {lines[0]}"
            continue
        yield label
        yield ""
        if part.guidance:
            yield f"<!-- {part.guidance.replace('--', '- -')} -->"
            yield ""
        yield from lines


def _may_wait(part: SectionSpec) -> bool:
    """Say whether a part of a step is only mentioned: most steps have none."""
    return part.constraint.optional and part.kind == "prose"


def _line(pattern: Pattern) -> str:
    """Return the example line of a template with its first field marked as to do, and the others left open."""
    first = next(iter(pattern.slots), None)
    return _filled(pattern, lambda slot: gap_words(slot) if slot is first else OPEN)


def _filled(pattern: Pattern, text_of: Callable[[Slot], str]) -> str:
    """Return a pattern with a text for each of its fields."""
    return "".join(part if isinstance(part, str) else text_of(part) for part in pattern.parts)
