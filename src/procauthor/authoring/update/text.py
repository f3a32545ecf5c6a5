"""Edits of paragraphs, and of single words within a target."""

from __future__ import annotations

import re
from collections.abc import Sequence

from procauthor.authoring.update.arrange import arrange
from procauthor.authoring.update.line import line_end, line_start
from procauthor.authoring.update.operation import Operation, OperationError
from procauthor.authoring.update.pen import Pen, paragraphs
from procauthor.markdown.document import Document
from procauthor.markdown.passage import Leaf, read_parts

WHOLE_WORDS = "the old words are taken letter by letter, as whole words of one line; in backticks where they are code"


def edit_text(pen: Pen, name: str, operations: Sequence[Operation]) -> None:
    """Edit the paragraphs of a place."""
    place = pen.outline.places[name]
    members = pen.outline.members(name)
    plan = arrange([t.id for t in members], name, operations)
    if not plan.entries:
        message = f"{name!r} would be empty"
        raise OperationError(message, "keep at least one paragraph", name)
    for index, value in plan.replaced.items():
        text = pen.clean.inline(value) if place.inline else paragraphs(pen.clean, value)
        pen.write(members[index].start, members[index].end, text)
    for index in sorted(plan.deleted):
        _cut(pen, members[index].start, members[index].end)
    for entry in plan.entries:
        if entry.old is not None:
            continue
        if place.inline:
            message = f"{name!r} is one line behind its label"
            raise OperationError(message, "replace it", name)
        beside, text = members[entry.beside], paragraphs(pen.clean, entry.value)
        if entry.before:
            at = line_start(pen.raw, beside.start)
            pen.write(at, at, f"{text}\n\n")
        else:
            at = line_end(pen.raw, beside.end)
            pen.write(at, at, f"\n\n{text}")


def _cut(pen: Pen, start: int, end: int) -> None:
    """Remove the lines of a paragraph with one of the blank lines around it."""
    raw = pen.raw
    start = line_start(raw, start)
    end = line_end(raw, end)
    before = start
    while before and not raw[line_start(raw, before - 1) : before].strip():
        before = line_start(raw, before - 1)
    # The blank lines before it go with it, and those behind it stay; the line ending before them closes its line.
    last = before - (2 if raw[:before].endswith(b"\r\n") else 1) if before else start
    pen.cut(max(last, 0), end)


def substitute(pen: Pen, name: str, operations: Sequence[Operation]) -> None:
    """Put new words for old ones, wherever these stand within a target."""
    target = pen.outline.targets[name]
    for each in operations:
        old, new = each.values
        if not isinstance(old, str) or not isinstance(new, str) or not old.strip() or "\n" in old:
            message = f"'substitute' in {name!r} takes the old and the new words, on one line"
            raise OperationError(message, target=name)
        places = find_words(pen.document, target.start, target.end, old)
        if not places:
            message = f"{old!r} does not stand in {name!r}"
            raise OperationError(message, WHOLE_WORDS, name)
        text = _bare(new) if _is_code(old) else pen.clean.inline(new)
        if _is_code(old) and "`" in text:
            message = f"{new!r} cannot be code, because it holds a backtick"
            raise OperationError(message, target=name)
        for start, end in places:
            pen.write(start, end, text)


def find_words(document: Document, start: int, end: int, words: str) -> list[tuple[int, int]]:
    """Return where words are within a span, as whole words and letter by letter.

    Words in backticks are looked for in code alone, others everywhere but in code, HTML and the targets of links.
    """
    wanted = _bare(words)
    first = r"(?<![\w-])" if wanted[0].isalnum() else ""
    last = r"(?![\w-]|\+\+|#)" if wanted[-1].isalnum() else ""
    pattern = re.compile(first + re.escape(wanted) + last)
    code = _is_code(words)
    leaves = [leaf for leaf in read_parts(document).leaves if leaf.start < end and start < leaf.end]
    places = []
    text = document.source.raw[start:end].decode()
    for match in pattern.finditer(text):
        at = start + len(text[: match.start()].encode())
        behind = at + len(match[0].encode())
        kinds = {_kind(leaf) for leaf in leaves if leaf.start < behind and at < leaf.end}
        if kinds == {"code"} if code else kinds - {"code", "html"}:
            places.append((at, behind))
    return places


def _kind(leaf: Leaf) -> str:
    return "code" if any(container.tag == "CodeBlock" for container in leaf.path) else leaf.kind


def _is_code(words: str) -> bool:
    return len(words) > 2 and words.startswith("`") and words.endswith("`") and "`" not in words[1:-1]  # noqa: PLR2004


def _bare(words: str) -> str:
    return words[1:-1] if _is_code(words) else words
