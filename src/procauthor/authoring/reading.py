"""Reads the typed fields back out of a document that follows its template, the reverse of rendering them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from procauthor.errors import DraftError
from procauthor.regex import lazy
from procauthor.template.render import read_pattern
from procauthor.template.spec import Pattern, SectionSpec, Template, cells_of, holds_block

_BULLETS = {"list": r"- ", "checklist": r"- \[[ xX]\] ", "numbered": r"\d+[.)] "}
_LINK = lazy(r"\[([^\]\n]+)\]\(([^)\s]+)\)")


class UnfitError(DraftError):
    """A line that the fields of the template cannot hold."""


@dataclass(frozen=True)
class _TextLine:
    number: int
    text: str


def read_fields(template: Template, body: str, links: Mapping[str, str], first: int = 1) -> dict[str, Any]:
    """Return the fields of a document.

    Args:
        template: The template that it follows.
        body: The document without its front matter, with line feeds.
        links: Known titles and the relative path of each: a link in a text that says no more is read as the title.
        first: The number of the first line of the body.

    Raises:
        UnfitError: A section is missing, or a line has no place in its field; the message says which.
    """
    lines = [_TextLine(n, text) for n, text in enumerate(body.split("\n"), start=first)]
    return _FieldReader({path: title for title, path in links.items() if path}).document(template, lines)


@dataclass(frozen=True)
class _FieldReader:
    titles: Mapping[str, str]

    def document(self, template: Template, lines: Sequence[_TextLine]) -> dict[str, Any]:
        headings = [("#" * spec.level + " " + spec.heading, spec.constraint.optional) for spec in template.sections]
        chunks = _split(lines, headings)
        fields: dict[str, Any] = {}
        for spec, chunk in zip(template.sections, chunks[1:], strict=True):
            if spec.kind == "group" or chunk is None:
                continue
            value = self.steps(spec, chunk) if spec.kind == "steps" else self.value(spec, chunk)
            if value is not None:
                fields[spec.name] = value
        return fields

    def value(self, spec: SectionSpec, chunk: Sequence[_TextLine]) -> Any:
        lines = _trim(chunk)
        if spec.kind == "prose":
            return self.prose(spec, lines)
        if not lines or [line.text for line in lines] == [spec.constraint.none]:
            return []
        if spec.kind == "table":
            return [self.row(spec, line) for line in lines[2:]]
        if spec.kind == "card":
            return self.card(spec, lines)
        return [self.item(spec, item) for item in _items(lines)]

    def prose(self, spec: SectionSpec, lines: Sequence[_TextLine]) -> Any:
        if not lines:
            return None
        if spec.pattern is None or spec.pattern.single:
            return self.text("\n".join(line.text for line in lines))
        if len(lines) > 1:
            raise _unfit(lines[1])
        return self.matched(spec.pattern, lines[0], lines[0].text)

    def item(self, spec: SectionSpec, lines: Sequence[_TextLine]) -> Any:
        assert spec.pattern is not None
        first, *below = lines
        bullet = re.match(_BULLETS[spec.kind], first.text)
        if bullet is None:
            raise _unfit(first)
        if any(line.text for line in below) and not holds_block(spec.pattern):
            raise _unfit(next(line for line in below if line.text))
        indent = " " * len(bullet[0].removesuffix("[ ] ").removesuffix("[x] "))
        text = "\n".join([first.text[bullet.end() :], *(line.text.removeprefix(indent) for line in below)])
        return self.matched(spec.pattern, first, text)

    def card(self, spec: SectionSpec, lines: Sequence[_TextLine]) -> dict[str, Any]:
        slots = chain.from_iterable(column.pattern.slots for column in spec.columns)
        values: dict[str, Any] = {slot.name: None for slot in slots}
        labels = {f"- **{column.header}:** ": column for column in spec.columns}
        for line in lines:
            label = next((each for each in labels if line.text.startswith(each)), None)
            if label is None:
                raise _unfit(line)
            values |= self.matched(labels.pop(label).pattern, line, line.text.removeprefix(label), whole=False)
        return values

    def row(self, spec: SectionSpec, line: _TextLine) -> dict[str, Any]:
        cells = cells_of(line.text)
        if len(cells) != len(spec.columns):
            raise _unfit(line)
        values: dict[str, Any] = {}
        for column, cell in zip(spec.columns, cells, strict=True):
            values |= self.matched(column.pattern, line, cell.replace("\\|", "|"), whole=False)
        return values

    def steps(self, spec: SectionSpec, chunk: Sequence[_TextLine]) -> list[dict[str, Any]]:
        assert spec.step_heading is not None
        mark = "#" * spec.step_level + " "
        starts = [at for at, line in enumerate(chunk) if line.text.startswith(mark)]
        lead = _trim(chunk[: starts[0]] if starts else chunk)
        if lead:
            raise _unfit(lead[0])
        ends = [*starts[1:], len(chunk)]
        return [self.step(spec, chunk[start:end]) for start, end in zip(starts, ends, strict=True)]

    def step(self, spec: SectionSpec, lines: Sequence[_TextLine]) -> dict[str, Any]:
        assert spec.step_heading is not None
        heading = lines[0]
        values: dict[str, Any] = self.matched(
            spec.step_heading, heading, heading.text[spec.step_level + 1 :], whole=False
        )
        values.pop("number", None)
        marks = [f"**{p.heading}:**" if p.labelled else "#" * p.level + " " + p.heading for p in spec.parts]
        optional = [part.constraint.optional for part in spec.parts]
        chunks = _split(lines, list(zip(marks, optional, strict=True)), inline=True)
        between = _trim((chunks[0] or ())[1:])
        if between:
            raise _unfit(between[0])
        for part, chunk in zip(spec.parts, chunks[1:], strict=True):
            value = None if chunk is None else self.value(part, chunk)
            if value is not None:
                values[part.name] = value
        return values

    def matched(self, pattern: Pattern, line: _TextLine, text: str, *, whole: bool = True) -> Any:
        values = read_pattern(pattern, text)
        if values is None:
            raise _unfit(line)
        references = {slot.name for slot in pattern.slots if slot.reference}
        told = {
            name: value if value is None or name in references else self.text(value) for name, value in values.items()
        }
        main = pattern.single or pattern.main
        # Where nothing but the one field that must be there says something, its text alone is the value.
        alone = whole and main and not any(value for name, value in told.items() if name != main.name)
        return told[main.name] if main and alone else told

    def text(self, text: str) -> str:
        """Return a text in which a link that only gives the place of its title is the title."""
        return _LINK.sub(lambda m: m[1] if self.titles.get(m[2]) == m[1] else m[0], text)


def _split(
    lines: Sequence[_TextLine], marks: Sequence[tuple[str, bool]], *, inline: bool = False
) -> list[Sequence[_TextLine] | None]:
    """Cut lines at marks that follow each other; None marks an optional one that is not there.

    With ``inline``, what is behind a mark in its line belongs to it.
    """
    places: list[int | None] = []
    position = 0
    for mark, optional in marks:
        at = next((n for n in range(position, len(lines)) if _begins(lines[n].text, mark, inline=inline)), None)
        if at is None and not optional:
            message = f"{mark.strip('#* :')!r} is missing, or is not where the template has it"
            raise UnfitError(message)
        places.append(at)
        position = position if at is None else at + 1
    known = [at for at in places if at is not None]
    chunks: list[Sequence[_TextLine] | None] = [lines[: known[0] if known else len(lines)]]
    for (mark, _), at in zip(marks, places, strict=True):
        if at is None:
            chunks.append(None)
            continue
        end = next((other for other in known if other > at), len(lines))
        rest = lines[at].text[len(mark) :].strip()
        first = [_TextLine(lines[at].number, rest)] if rest else []
        chunks.append([*first, *lines[at + 1 : end]])
    return chunks


def _begins(text: str, mark: str, *, inline: bool) -> bool:
    return text.rstrip() == mark or (inline and text.startswith(f"{mark} "))


def _items(lines: Sequence[_TextLine]) -> Iterator[Sequence[_TextLine]]:
    """Yield the lines of each item: what is indented, or empty, belongs to the one above."""
    item: list[_TextLine] = []
    for line in lines:
        if item and line.text and not line.text.startswith(" "):
            yield _trim(item)
            item = []
        item.append(line)
    if item:
        yield _trim(item)


def _trim(lines: Sequence[_TextLine]) -> list[_TextLine]:
    kept = list(lines)
    while kept and not kept[0].text.strip():
        kept.pop(0)
    while kept and not kept[-1].text.strip():
        kept.pop()
    return kept


def _unfit(line: _TextLine) -> UnfitError:
    shown = line.text if len(line.text) <= _SHOWN else f"{line.text[:_SHOWN]}..."
    return UnfitError(f"line {line.number} ({shown!r}) has no place in the fields of the template")


_SHOWN = 60
