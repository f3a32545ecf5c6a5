"""The proof that an edit did what its operations say and nothing else, made without the editor's help.

From the operations alone it works out where bytes may differ, compares everything outside of that byte for byte, and
then reads the new text again: each heading, list item, row and block that no operation names must be there still.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from procauthor.authoring.update.operation import Operation, OperationError
from procauthor.authoring.update.outline import EditOutline, EditTarget, step_words
from procauthor.markdown.document import Document, Replacement
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import find_differences, kept_by
from procauthor.regex import lazy

_DIGITS = lazy(r"\d+")
_ANCHOR = lazy(r"#[\w-]*")
_NUMBER = lazy(rb"[ \t]*(\d{1,9})[.)]")
_CELL = lazy(rb"\|[ \t]*(\d+)[ \t]*(?=\|)")
_LINK = lazy(rb"\]\(<?(#[^)\s>]*)")


@dataclass(frozen=True, slots=True)
class Region:
    """Where bytes may differ; ``form`` is what may be there instead, None for anything."""

    start: int
    end: int
    form: re.Pattern[str] | None = None


def verify(outline: EditOutline, operations: Sequence[Operation], claims: Sequence[Replacement], after: bytes) -> None:
    """Prove an edit.

    Raises:
        OperationError: Bytes outside of the targets differ, or something is lost that no operation names.
    """
    before = outline.document.source.raw
    regions = list(chain.from_iterable(allowed(outline, each) for each in operations))
    ordered = sorted(claims, key=lambda c: (c.start, c.end))
    for claim in ordered:
        if not any(_covers(region, claim) for region in regions):
            raise _refuse(outline, f"line {outline.document.source.line(claim.start)} is no target of an operation")
    _compare(outline, before, after, ordered)
    try:
        document = parse(after)
    except UnicodeDecodeError as error:
        raise _refuse(outline, "the result is not UTF-8") from error
    _compare_structure(outline, document, ordered, operations)


def _refuse(outline: EditOutline, what: str) -> OperationError:
    title = outline.document.title or "the document"
    return OperationError(f"the change of {title!r} is refused: {what}", "nothing was written")


# Where bytes may differ


def allowed(outline: EditOutline, operation: Operation) -> Iterator[Region]:
    """Yield the regions that one operation may change."""
    target = outline.targets[operation.target]
    yield from _own(outline, target, operation.action)
    if target.kind in ("step", "title") or (target.kind == "section" and operation.action == "append"):
        yield from _step_numbers(outline, target)
    elif target.place in outline.places and operation.action not in ("replace", "substitute"):
        yield from _place_numbers(outline, target)


def _own(outline: EditOutline, target: EditTarget, action: str) -> Iterator[Region]:
    raw = outline.document.source.raw
    start, end = _extent(outline, target)
    match action:
        case "replace" | "substitute":
            lines = (raw.rfind(b"\n", 0, start) + 1, _to_line_end(raw, end)) if target.kind != "field" else (start, end)
            yield Region(*lines)
            if start == end:
                yield from _window(raw, start)
        case "delete":
            yield Region(_space_before(raw, start), _space_behind(raw, end))
        case "insert_before":
            at = raw.rfind(b"\n", 0, start) + 1
            yield Region(at, at)
        case _:
            yield from _window(raw, _last(raw, start, end))
            empty = target.kind == "place" and outline.places[target.place].kind == "empty"
            if empty:
                yield Region(start, end)


def _extent(outline: EditOutline, target: EditTarget) -> tuple[int, int]:
    """Return the span of a target with all that belongs to it: nested items, the steps of a workflow."""
    raw = outline.document.source.raw
    if target.kind == "item":
        later = [t for t in outline.members(target.place) if t.start > target.start]
        inner = target.id[:-1] + "."
        following = next((t.start for t in later if not t.id.startswith(inner)), outline.places[target.place].end)
        # A nested item ends where its parent's list goes on.
        return target.start, max(target.end, _last(raw, target.start, following))
    if target.kind == "place" and outline.places[target.place].kind == "empty" and target.start == target.end:
        anchor = outline.places[target.place].anchor
        return anchor, anchor
    return target.start, target.end


def _window(raw: bytes, at: int) -> Iterator[Region]:
    yield Region(at, _to_line_end(raw, at))
    yield Region(_to_line_end(raw, at), _to_line_end(raw, at))


def _last(raw: bytes, start: int, end: int) -> int:
    last = start + len(raw[start:end].rstrip())
    return max(last, start) if end > start else end


def _to_line_end(raw: bytes, offset: int) -> int:
    match = re.compile(rb"[^\n]*").match(raw, offset)
    assert match is not None
    return match.end() - match[0].endswith(b"\r")


def _space_before(raw: bytes, offset: int) -> int:
    return len(raw[:offset].rstrip())


def _space_behind(raw: bytes, offset: int) -> int:
    rest = raw[offset:]
    return offset + len(rest) - len(rest.lstrip())


def _place_numbers(outline: EditOutline, target: EditTarget) -> Iterator[Region]:
    raw = outline.document.source.raw
    for member in outline.members(target.place):
        line = raw.rfind(b"\n", 0, member.start) + 1
        if member.kind == "item":
            match = _NUMBER.match(raw, line)
            yield from [Region(*match.span(1), _DIGITS)] if match else []
        elif member.kind == "row":
            yield from (Region(*m.span(1), _DIGITS) for m in _CELL.finditer(raw, line, member.end))


def _step_numbers(outline: EditOutline, target: EditTarget) -> Iterator[Region]:
    raw = outline.document.source.raw
    workflow = target.id if target.kind == "section" else target.section.rpartition(".")[0]
    whole = outline.targets[workflow]
    named = re.compile(
        rb"(?:(?:%b)[ \t]*|^#{1,6}[ \t]+)(\d+)" % step_words(outline.template), re.IGNORECASE | re.MULTILINE
    )
    yield from (Region(*m.span(1), _DIGITS) for m in named.finditer(raw, whole.start, whole.end))
    yield from (Region(*m.span(1), _ANCHOR) for m in _LINK.finditer(raw))


def _covers(region: Region, claim: Replacement) -> bool:
    inside = region.start <= claim.start and claim.end <= region.end
    return inside and (region.form is None or bool(region.form.fullmatch(claim.text)))


# What must be the same


def _compare(outline: EditOutline, before: bytes, after: bytes, claims: Sequence[Replacement]) -> None:
    """Walk the segments between the claims: each must be in the new bytes, in its place."""
    old = new = 0
    for claim in claims:
        segment = before[old : claim.start]
        if claim.start < old or after[new : new + len(segment)] != segment:
            raise _refuse(outline, f"bytes before line {outline.document.source.line(claim.start)} would change")
        new += len(segment) + len(claim.text.encode())
        old = claim.end
    if after[new:] != before[old:]:
        raise _refuse(outline, "bytes behind the last target would change")


def _compare_structure(
    outline: EditOutline, new: Document, claims: Sequence[Replacement], operations: Sequence[Operation]
) -> None:
    old = outline.document
    kept = kept_by(len(old.source.raw), claims)
    first = next(find_differences(old, new, kept, _leads), None)
    if first is not None:
        raise _refuse(outline, f"line {first.line}: {first.message}")
    _compare_fields(outline, new, {o.target for o in operations})
    _compare_headings(outline, new, claims, operations)


def _leads(before: str, after: str) -> bool:
    """Allow other anchors to steps, which are numbered otherwise."""
    return before == after or (before.startswith("#") and after.startswith("#"))


def _compare_fields(outline: EditOutline, new: Document, targets: set[str]) -> None:
    old = outline.document.fields
    if list(old) != list(new.fields):
        raise _refuse(outline, "its metadata would have other fields")
    for key, each in old.items():
        name = f"M.{key}"
        if name not in targets and new.fields[key].value != each.value:
            raise _refuse(outline, f"the metadata {key!r} would change")
        if name in targets and len(str(new.fields[key].value).splitlines()) != 1:
            raise _refuse(outline, f"the metadata {key!r} would be read as something else")


def _compare_headings(
    outline: EditOutline, new: Document, claims: Sequence[Replacement], operations: Sequence[Operation]
) -> None:
    """Make sure that headings come only with operations that write steps."""
    kept = sum(not any(c.start <= h.start < c.end for c in claims) for h in outline.document.headings)
    steps = any(
        outline.targets[o.target].kind in ("step", "section") and o.action != "delete" and o.values for o in operations
    )
    if len(new.headings) > kept and not steps:
        raise _refuse(outline, "a heading would appear that no operation names")
