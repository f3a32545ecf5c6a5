"""Reads the contract of a procedure out of its sections: tolerant of level, numbering and the way parts are marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from procauthor.markdown.document import Block, Document, Item, Section
from procauthor.procedure import Artifact, Consumer, Contract, Part, Step
from procauthor.template.key import section_key

_STEP = re.compile(r"^(?:step|phase)\s*(\d{1,6})?\s*[:.)\-–—]?\s*(.*)$", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\d{1,6})[.):]\s+(.+)$")
_LABEL = re.compile(r"^[ \t]*\*\*([^*\n]+?):?\*\*[ \t]*:?[ \t]*(.*)$", re.DOTALL)
_FROM = re.compile(r"\(?\s*\bfrom:\s*(.+?)\)?\s*$", re.IGNORECASE)
_RAW_FROM = re.compile(rb"\bfrom\s*:", re.IGNORECASE)
_BOLD_NAME = re.compile(r"^(?:[-*+]|\d+[.)])?\s*(?:\[[ xX]\]\s*)?(?:\*\*|__)(.+?)(?:\*\*|__)")
_TARGET = re.compile(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)")
_SECTIONS = {
    "inputs": ("required inputs", "inputs", "prerequisites"),
    "outputs": ("output contract", "outputs"),
    "consumers": ("downstream dependencies",),
    "exits": ("exit states",),
    "signals": ("signals", "output signals", "signals emitted"),
    "workflow": ("workflow", "procedure", "steps", "phases"),
}
NONE_WORDS = frozenset({"none", "none.", "n/a", "-", "not applicable"})


def read_contract(document: Document) -> Contract:
    """Read inputs, outputs, consumers and steps."""
    outermost = _outermost(document)
    found = {role: next((outermost[k] for k in keys if k in outermost), None) for role, keys in _SECTIONS.items()}
    workflow = found["workflow"]
    return Contract(
        inputs=tuple(_artifacts(document, found["inputs"])),
        outputs=tuple(_artifacts(document, found["outputs"])),
        consumers=tuple(_consumers(document, found["consumers"])),
        steps=tuple(read_steps(document, workflow)) if workflow else (),
        downstream=tuple(_downstream(document)),
        exits=tuple(_artifacts(document, found["exits"])),
        signals=tuple(_artifacts(document, found["signals"])),
    )


def _outermost(document: Document) -> dict[str, Section]:
    """Return the outermost section of each key, the first of several."""
    found: dict[str, Section] = {}
    for section in document.sections:
        if section.heading:
            before = found.setdefault(section_key(section.title), section)
            if section.level < before.level:
                found[section_key(section.title)] = section
    return found


def _items(blocks: Sequence[Block]) -> Iterator[Item]:
    for block in blocks:
        if block.kind == "list":
            yield from (item for item in block.items if item.level == 0)


def _artifacts(document: Document, section: Section | None) -> Iterator[Artifact]:
    for item in _items(section.blocks) if section else ():
        artifact = read_artifact(item)
        if artifact:
            origin = _RAW_FROM.search(document.source.raw, item.start, item.end) if artifact.source else None
            yield replace(artifact, end=item.end, origin=origin.start() if origin else -1)


def _downstream(document: Document) -> Iterator[str]:
    for section in document.sections:
        if section.heading and section_key(section.title) == _SECTIONS["consumers"][0]:
            yield from (item.text for block in section.blocks for item in block.items)


def read_artifact(item: Item) -> Artifact | None:
    """Read a list item as an artifact: its name, what is said of it, and where it comes from."""
    text = " ".join(item.text.split())
    if not text or text.casefold() in NONE_WORDS:
        return None
    # To search every line for it would be slow.
    origin = _FROM.search(text) if "from:" in text.casefold() else None
    source = origin[1].strip().rstrip(")").strip() if origin else ""
    bare = text[: origin.start()].strip() if origin else text
    return Artifact(_name(item, bare), bare, item.line, source, _origin_target(item), item.start)


def _origin_target(item: Item) -> str:
    if "](" not in item.raw or "from:" not in item.raw.casefold():
        return ""
    origin = _FROM.search(" ".join(item.raw.split()))
    target = _TARGET.search(origin[0]) if origin else None
    return target[1] if target else ""


def _name(item: Item, bare: str) -> str:
    bold = _BOLD_NAME.match(item.raw.strip())
    if bold:
        return bold[1].strip().rstrip(":").strip()
    return re.split(r":\s|\s[–—-]\s|\s\(|:$", bare, maxsplit=1)[0].strip().rstrip(".:")


def _consumers(document: Document, section: Section | None) -> Iterator[Consumer]:
    for item in _items(section.blocks) if section else ():
        links = [link for link in document.links if item.start <= link.start < item.end and not link.image]
        name = _name(item, " ".join(item.text.split()))
        for link in links:
            yield Consumer(name, link.text, link.target, item.line)


# Steps


@dataclass(frozen=True, slots=True)
class _Place:
    number: int | None
    name: str
    line: int
    start: int
    blocks: tuple[Block, ...]
    children: tuple[Section, ...]


def read_steps(document: Document, workflow: Section) -> Iterator[Step]:
    """Yield the steps of a workflow: headings of any level below it, or bold paragraphs."""
    for place in _places(document, workflow):
        parts = {part.key: (part, items) for part, items in _parts(document, place)}
        yield Step(
            number=place.number,
            name=place.name,
            line=place.line,
            start=place.start,
            parts={key: part for key, (part, _) in parts.items()},
            inputs=_part_artifacts(parts, ("inputs", "input")),
            outputs=_part_artifacts(parts, ("outputs", "output")),
        )


def _part_artifacts(parts: dict[str, tuple[Part, tuple[Item, ...]]], keys: Sequence[str]) -> tuple[Artifact, ...]:
    for key in keys:
        if key in parts:
            found = (read_artifact(item) for item in parts[key][1])
            return tuple(artifact for artifact in found if artifact)
    return ()


def _step_title(text: str) -> tuple[int | None, str] | None:
    match = _STEP.match(text)
    if match and (match[1] or text.lower().startswith("step")):
        return (int(match[1]) if match[1] else None), match[2].strip()
    match = _NUMBERED.match(text)
    return (int(match[1]), match[2].strip()) if match else None


def _places(document: Document, workflow: Section) -> Iterator[_Place]:
    below = [s for s in document.family(workflow) if s is not workflow]
    steps = [s for s in below if _step_title(s.title)]
    if steps:
        level = min(s.level for s in steps)
        for section in (s for s in steps if s.level == level):
            number, name = _step_title(section.title) or (None, section.title)
            children = tuple(document.children(section))
            yield _Place(number, name, section.line, section.start, section.blocks, children)
        return
    yield from _bold_places(document, workflow)


def _bold_places(document: Document, workflow: Section) -> Iterator[_Place]:
    blocks = workflow.blocks
    marks: list[tuple[int, tuple[int | None, str]]] = []
    for index, block in enumerate(blocks):
        label = _LABEL.match(document.source.slice(block.start, block.end)) if block.kind == "paragraph" else None
        title = _step_title(f"{label[1]}: {label[2]}".strip(": \n")) if label else None
        if title:
            marks.append((index, title))
    for position, (index, (number, name)) in enumerate(marks):
        end = marks[position + 1][0] if position + 1 < len(marks) else len(blocks)
        block = blocks[index]
        yield _Place(number, name, block.line, block.start, tuple(blocks[index + 1 : end]), ())


def _parts(document: Document, place: _Place) -> Iterator[tuple[Part, tuple[Item, ...]]]:
    """Yield the parts: bold lines, inline labels in a list, or headings below the step."""
    label: tuple[str, str, int] | None = None
    body: list[Block] = []
    for block in place.blocks:
        found = _block_label(document, block)
        if found:
            if label:
                yield _part(label, body)
            label, body = found, []
        elif block.kind == "list" and not label:
            yield from _inline_parts(block)
        else:
            body.append(block)
    if label:
        yield _part(label, body)
    for child in place.children:
        yield _part((child.title, "", child.line), list(child.blocks))


def _block_label(document: Document, block: Block) -> tuple[str, str, int] | None:
    if block.kind != "paragraph":
        return None
    match = _LABEL.match(document.source.slice(block.start, block.end))
    return (match[1], match[2].strip(), block.line) if match else None


def _part(label: tuple[str, str, int], body: list[Block]) -> tuple[Part, tuple[Item, ...]]:
    items = tuple(_items(body))
    text = " ".join([label[1], *(block.text for block in body if block.text)]).strip()
    return Part(section_key(label[0]), tuple(i.text for i in items), text, label[2]), items


def _inline_parts(block: Block) -> Iterator[tuple[Part, tuple[Item, ...]]]:
    """Yield parts that are list items with a bold label; their nested items are the part's items."""
    items = list(block.items)
    for index, item in enumerate(items):
        match = _LABEL.match(re.sub(r"^(?:[-*+]|\d+[.)])\s+", "", item.raw.strip()))
        if item.level or not match:
            continue
        nested: list[Item] = []
        for other in items[index + 1 :]:
            if other.level == 0:
                break
            nested.append(other)
        text = match[2].strip()
        own = tuple(nested) or ((_inline_item(item, text),) if text else ())
        yield Part(section_key(match[1]), tuple(i.text for i in own), text, item.line), own


def _inline_item(item: Item, text: str) -> Item:
    return Item(text=text, raw=text, start=item.start, end=item.end, line=item.line)
