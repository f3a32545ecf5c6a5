"""Edits of steps: a new step takes the form of its neighbour; numbers, and what refers to them, go on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

from procauthor.authoring.update.operation import Arrangement, Operation, OperationError, arrange
from procauthor.authoring.update.outline import LABEL, EditTarget, sequence, step_words, trim
from procauthor.authoring.update.pen import Pen, item_words
from procauthor.library.contract import foreign_pattern
from procauthor.markdown.document import Section, line_end, slugify
from procauthor.naming import amount
from procauthor.template.render import FieldWriter, is_left_out, render_pattern
from procauthor.template.spec import Column, SectionSpec, identifier, section_key


@lru_cache(maxsize=32)
def _heading_of(words: bytes) -> re.Pattern[bytes]:
    """Return the heading of a step that is called so, or begins with its number."""
    return re.compile(
        rb"(?P<head>#{1,6}[ \t]+(?=\d)|[^\n]*?(?P<word>%b)[ \t]*)(?P<number>\d+)"
        rb"(?P<sep>[ \t]*(?:[:.)]|-|\xe2\x80\x93|\xe2\x80\x94)?[ \t]*)"
        rb"(?P<name>[^\n]*?)(?P<tail>(?:[ \t]+#+)?[ \t]*)(?=\r?\n|$)" % words,
        re.IGNORECASE,
    )


@lru_cache(maxsize=32)
def _mention_of(words: bytes) -> re.Pattern[bytes]:
    foreign = foreign_pattern(certain=True).pattern.encode()
    return re.compile(rb"(?<!\w)(?P<word>%b)[ \t]+(?P<number>\d+)\b(?!%b)" % (words, foreign), re.IGNORECASE)


def edit_steps(pen: Pen, workflow: str, operations: Sequence[Operation]) -> None:
    """Insert and delete steps of a workflow."""
    steps = steps_of(pen, workflow)
    spec = pen.outline.specs.get(workflow)
    if spec is None or spec.kind != "steps":
        message = f"{workflow!r} holds no steps that the template knows"
        raise OperationError(message, target=workflow)
    if not steps:
        _first_steps(pen, workflow, spec, operations)
        return
    plan = arrange([t.id for t in steps], workflow, operations)
    if len(plan.entries) < min(len(steps), spec.constraint.minimum):
        message = f"{spec.heading!r} would have fewer than {spec.constraint.minimum} steps"
        raise OperationError(message, "keep that many", workflow)
    for index in sorted(plan.deleted):
        _delete(pen, steps[index])
    numbers = _numbers(pen, steps, plan)
    for position, entry in plan.new:
        beside = steps[entry.beside]
        text = Mold(pen, read_form(pen, beside.id)).whole_step(spec, _mapping(entry.value), numbers[position])
        end = line_end(pen.raw, trim(pen.raw, beside.start, beside.end))
        pen.insert(entry, beside.start, end, text, "\n\n")
    _refuse_dangling(pen, workflow, [steps[index] for index in sorted(plan.deleted)])
    _renumber(pen, workflow, steps, dict(_moved(pen, steps, plan, numbers)))


def steps_of(pen: Pen, workflow: str) -> list[EditTarget]:
    """Return the steps of a workflow in order."""
    return [t for t in pen.outline.targets.values() if t.kind == "step" and t.id.rpartition(".")[0] == workflow]


def _heading(pen: Pen, step: EditTarget) -> re.Match[bytes]:
    match = _heading_of(step_words(pen.outline.template)).match(pen.raw, step.start)
    if match is None:
        message = f"the heading of {step.id!r} has no number"
        raise OperationError(message, "a person has to change it", step.id)
    return match


def _first_steps(pen: Pen, workflow: str, spec: SectionSpec, operations: Sequence[Operation]) -> None:
    target = pen.outline.targets[workflow]
    values = list(chain.from_iterable(each.values for each in operations))
    mold = Mold(pen, StepForm())
    at = trim(pen.raw, target.start, target.end)
    text = "\n\n".join(mold.whole_step(spec, value, number) for number, value in enumerate(values, start=1))
    pen.write(at, at, f"\n\n{text}")


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        message = "a step is given by its fields"
        raise OperationError(message, "name it, and give each of its parts")
    return value


def _delete(pen: Pen, step: EditTarget) -> None:
    raw = pen.raw
    if step.end < len(raw):
        pen.cut(step.start, step.end)
    else:
        pen.cut(trim(raw, 0, step.start), trim(raw, step.start, step.end))


# Numbers


def _numbers(pen: Pen, steps: Sequence[EditTarget], plan: Arrangement) -> list[int]:
    old = [int(_heading(pen, s)["number"]) for s in steps]
    if sequence(old):
        return [old[0] + position for position in range(len(plan.entries))]
    return plan.count_on(old)


def _moved(
    pen: Pen, steps: Sequence[EditTarget], plan: Arrangement, numbers: Sequence[int]
) -> Iterator[tuple[int, tuple[EditTarget, int]]]:
    """Yield (old number, (step, new number)) of the steps that get another number."""
    for entry, number in zip(plan.entries, numbers, strict=True):
        if entry.old is not None:
            old = int(_heading(pen, steps[entry.old])["number"])
            if old != number:
                yield old, (steps[entry.old], number)


def _renumber(
    pen: Pen, workflow: str, steps: Sequence[EditTarget], moved: Mapping[int, tuple[EditTarget, int]]
) -> None:
    if not moved:
        return
    for step, number in moved.values():
        match = _heading(pen, step)
        text = step.text
        _relink(pen, text, re.sub(r"\d+", str(number), text, count=1))
        pen.write(match.start("number"), match.end("number"), str(number))
    mentions = [m for m in _mentions(pen, workflow, _heading(pen, steps[0])) if int(m["number"]) in moved]
    for match in mentions:
        pen.write(*match.span("number"), str(moved[int(match["number"])][1]))
    mentioned = f" and {amount(len(mentions), 'mention')} of them" if mentions else ""
    pen.notes.append(f"renumbered {amount(len(moved), 'step')} of {workflow}{mentioned}")


def _refuse_dangling(pen: Pen, workflow: str, deleted: Sequence[EditTarget]) -> None:
    """Refuse to delete a step that other steps still mention: its number would come to mean another step."""
    for step in deleted:
        heading = _heading(pen, step)
        matches = [match for match in _mentions(pen, workflow, heading) if match["number"] == heading["number"]]
        if matches:
            lines = ", ".join(str(pen.document.source.line(match.start())) for match in matches)
            message = f"{step.text!r} is still mentioned in line {lines}"
            raise OperationError(message, "change those mentions first, or in the same update", step.id)


def _mentions(pen: Pen, workflow: str, heading: re.Match[bytes]) -> Iterator[re.Match[bytes]]:
    """Yield mentions such as "(From: Step 3)" within the workflow, where nothing else is changed.

    A step is called there as in its heading; one that has a number alone, by any word.
    """
    target, word = pen.outline.targets[workflow], _spelled(heading)
    pattern = _mention_of(step_words(pen.outline.template))
    taken = [(r.start, r.end) for r in pen.replacements if r.end > r.start]
    for run in pen.document.runs:
        if run.heading or not target.start <= run.start < target.end:
            continue
        for match in pattern.finditer(pen.raw, run.start, run.end):
            start, end = match.span("number")
            if word in ("", _spelled(match)) and not any(a < end and start < b for a, b in taken):
                yield match


def _spelled(match: re.Match[bytes]) -> str:
    return (match["word"] or b"").decode().casefold()


def edit_title(pen: Pen, name: str, value: Any) -> None:
    """Replace the name of a step; its number stays, and links to it within the document follow."""
    step = pen.outline.targets[name.rpartition(".")[0]]
    match = _heading(pen, step)
    text = pen.clean.inline(value)
    if not text:
        message = f"the name in {name!r} is empty"
        raise OperationError(message, target=name)
    pen.write(match.start("name"), match.end("name"), text)
    _relink(pen, step.text, step.text.replace(match["name"].decode().strip(), str(value), 1))


def _relink(pen: Pen, old: str, new: str) -> None:
    """Let links within the document follow a heading that gets another anchor."""
    before, after = f"#{slugify(old)}", f"#{slugify(new)}"
    for link in pen.document.links:
        if link.target != before or before == after:
            continue
        at = pen.raw.rfind(before.encode(), link.start, link.end)
        if at != -1:
            pen.write(at, at + len(before.encode()), after)


# The form of a new step


@dataclass(frozen=True, slots=True)
class StepForm:
    """The form of a step: its heading, what is below that, and the labels and signs of its parts, by their names."""

    heading: str = ""
    gap: str = "\n\n"
    labels: Mapping[str, str] = field(default_factory=dict)
    signs: Mapping[str, re.Match[bytes]] = field(default_factory=dict)
    tight: frozenset[str] = frozenset()


class Mold(FieldWriter):
    """Writes steps that look like the one whose form it has, or like the template's example.

    Args:
        pen: What all edits share.
        form: The form of a step.
    """

    def __init__(self, pen: Pen, form: StepForm) -> None:
        super().__init__(pen.clean)
        self.pen = pen
        self.form = form

    def whole_step(self, spec: SectionSpec, value: Mapping[str, Any], number: int) -> str:
        """Return a step of a workflow, without a line ending at its end."""
        parts = [text for part in spec.parts if (text := self.part(part, value.get(part.name)))]
        return self.title(spec, value, number) + self.form.gap + "\n\n".join(parts)

    def title(self, spec: SectionSpec, value: Mapping[str, Any], number: int) -> str:
        """Return the heading of the step."""
        pattern, heading = spec.step_heading, self.form.heading
        assert pattern is not None
        names = [self.clean.inline(value.get(s.name, "")) for s in pattern.slots if s.name != "number"]
        name = " ".join(filter(None, names))
        if not name:
            message = "a step has no name"
            raise OperationError(message, "name it in a few words")
        match = _heading_of(step_words(self.pen.outline.template)).match(heading.encode())
        if match:
            head, sep, tail = (match[part].decode() for part in ("head", "sep", "tail"))
            return f"{head}{number}{sep or ' '}{name}{tail}{match.string[match.end() :].decode()}"
        words = render_pattern(pattern, {**value, "number": str(number)}, self.clean, whole=False)
        return "#" * spec.step_level + " " + words

    def part(self, part: SectionSpec, value: Any) -> str:
        """Return a part with its label; an empty one says the template's word for "none", or is left out."""
        if is_left_out(part, value):
            return ""
        default = f"**{part.heading}:**" if part.labelled else "#" * part.level + f" {part.heading}"
        label = self.form.labels.get(part.name, default)
        if part.labelled and part.kind == "prose":
            text = self.words(part, value or "")
            return f"{label} {text}" if text else ""
        body, gap = self.body(part, value), "\n" if part.name in self.form.tight else "\n\n"
        return f"{label}{gap}{body}" if body else ""

    def marker(self, spec: SectionSpec, number: int) -> tuple[str, str]:
        """Return what is in front of an item: as in the form, else as in the other lists of the document."""
        ordered = spec.kind == "numbered"
        box = "[ ] " if spec.kind == "checklist" else ""
        present = self.form.signs.get(spec.name)
        if present is None:
            sign = self.pen.bullet(ordered=ordered)
            return f"{number}{sign} " if ordered else f"{sign} ", box
        bullet = present["bullet"].decode()
        sign = f"{number}{bullet[-1]}" if present["number"] else bullet
        return f"{present['indent'].decode()}{sign}{present['gap'].decode() or ' '}", box

    def item(self, spec: SectionSpec, value: Any) -> str:
        """Return the words of an item, which has some."""
        return item_words(self.clean, spec, value)

    def table(self, spec: SectionSpec, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Yield the lines of a table; numbers and statuses are worked out."""
        numbered = ({"order": str(n), "number": str(n), "status": self._status(row)} for n, row in enumerate(rows, 1))
        yield from super().table(spec, [{**own, **row} for own, row in zip(numbered, rows, strict=True)])

    def cell(self, column: Column, row: Mapping[str, Any]) -> str:
        """Return a cell of a row, with a dash where it is empty."""
        return super().cell(column, row) or "-"

    def _status(self, row: Mapping[str, Any]) -> str:
        """Return the status of the document that a row refers to."""
        return next((self.pen.statuses[v] for v in row.values() if v in self.pen.statuses), "Missing")


def read_form(pen: Pen, step: str) -> StepForm:
    """Return the form of a step by its id."""
    section = pen.outline.sections[step]
    source = pen.document.source
    heading = source.slice(section.start, section.body).rstrip("\n")
    first = section.blocks[0].start if section.blocks else section.body
    gap = "\n" * max(1, source.slice(section.body - 1, first).count("\n"))
    places = {p.id.partition(f"{step}.")[2]: p for p in pen.outline.places.values() if p.section == step}
    signs = {name: match for name, place in places.items() if (match := pen.sign(place))}
    tight = (name for name, p in places.items() if p.kind == "list" and pen.raw[p.anchor : p.start].count(b"\n") == 1)
    return StepForm(heading, gap, dict(_labels(pen, section)), signs, frozenset(tight))


def _labels(pen: Pen, section: Section) -> Iterator[tuple[str, str]]:
    for block in section.blocks:
        match = LABEL.match(pen.raw, block.start, block.end) if block.kind == "paragraph" else None
        if match:
            yield identifier(section_key(match[1].decode()), "part"), match[0].decode().strip()
