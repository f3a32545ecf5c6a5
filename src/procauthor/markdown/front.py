"""Front matter: where it is, and what it says. YAML and TOML are read; ``front_edit`` changes YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Literal

import yaml
from msgspec import Struct

from procauthor.markdown.document import Block, MetadataField, ParseProblem, Section, Source
from procauthor.regex import lazy

FrontKind = Literal["yaml", "toml"]
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FENCES: dict[bytes, tuple[FrontKind, tuple[bytes, ...]]] = {
    b"---": ("yaml", (b"---", b"...")),
    b"+++": ("toml", (b"+++",)),
}
# Not a rule with prose below it: up to the next empty line there are only keys, in small letters.
_KEYS = rb"(?:[a-z_][\w-]*:(?:[ \t][^\r\n]*)?\r?\n)+"
_UNCLOSED_YAML = lazy(rb"---[ \t]*\r?\n" + _KEYS + rb"(?:[ \t]*\r?\n|#|\Z)")
_UNCLOSED_TOML = lazy(rb"\+\+\+[ \t]*\r?\n[ \t]*[\w\"'-]+[ \t]*=")
# Behind empty lines, a comment (often a licence) or the title.
_LATE = lazy(
    rb"(?:[ \t]*\r?\n|<!--(?:(?!-->)[\s\S]){0,4000}-->[ \t]*\r?\n|#[ \t][^\r\n]*\r?\n)++"
    rb"(?:(?P<yaml>---)[ \t]*\r?\n" + _KEYS + rb"---|(?P<toml>\+\+\+)[ \t]*\r?\n[ \t]*[\w-]+[ \t]*=)"
)
_UNREAD = lazy(
    rb"(?:---[ \t]*(?:ya?ml|toml|json)|;;;[ \t]*)\r?\n|(?:---|\+\+\+)[ \t]*\r(?!\n)"
    rb"|\{[ \t]*(?:\r?\n[ \t]*)?\"[\w-]+\"[ \t]*:"
)
# MultiMarkdown and MkDocs read such lines. Keys that are ours say that they are no prose.
_UNFENCED = lazy(
    rb"(?:title|status|id|lifecycle|phase|owner|alias_of|superseded_by|depends_on):[ \t]+[^\r\n]+\r?\n"
    rb"(?:[a-z_][\w -]*:[ \t]+[^\r\n]+\r?\n)+[ \t]*\r?\n(?:[ \t]*\r?\n)*#",
    re.IGNORECASE,
)
_TOML_KEY = lazy(r"""^[ \t]*(["']?)([\w.-](?:[\w .-]*[\w.-])?)\1[ \t]*=""", re.MULTILINE)
_PROPERTIES = lazy(r"(?:[&!][^\s,\[\]{}]*\s*)*")
_ALIAS = lazy(r"\s*:?\s*(\*[^\s,\]}]+)")
_LARGEST = 64 * 1024
_DEEPEST = 50
_LEVEL_MARKS = "[{-:?"
_OPENING = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


@lru_cache(maxsize=4096)
def key_of(label: str) -> str:
    """Return a metadata label as a key: ``Last Reviewed`` becomes ``last_reviewed``."""
    return re.sub(r"[\s-]+", "_", label.strip().lower())


class Front(Struct, frozen=True, gc=False):
    """Where front matter is: with its fences from ``start`` to ``end``, the text between from ``body`` to ``foot``."""

    kind: FrontKind
    start: int
    end: int
    body: int
    foot: int


def find_front_matter(source: Source) -> Front | None:
    """Return where the front matter is, or None."""
    raw, start = source.raw, source.start
    first = raw.find(b"\n", start)
    kind, closing = _FENCES.get(raw[start:first].rstrip() if first != -1 else b"", (None, ()))
    if kind is None:
        return None
    position = first + 1
    while position < len(raw):
        end = raw.find(b"\n", position)
        end = len(raw) if end == -1 else end
        if raw[position:end].rstrip() in closing:
            return Front(kind, start, min(end + 1, len(raw)), first + 1, position)
        position = end + 1
    return None


def near_front_matter(source: Source) -> ParseProblem | None:
    """Return what is wrong with a top of a document that was meant as front matter and cannot be read as that."""
    raw, start = source.raw, source.start
    if _UNCLOSED_TOML.match(raw, start) or _UNCLOSED_YAML.match(raw, start):
        return ParseProblem("bad-front-matter", "front matter is never closed", start)
    if _UNREAD.match(raw, start):
        return ParseProblem("bad-front-matter", "front matter of this kind is not read", start)
    if _UNFENCED.match(raw, start):
        return ParseProblem("bad-front-matter", "front matter has no line of '---' before and behind it", start)
    late = _LATE.match(raw, start)
    if late:
        place = late.start(late.lastgroup or 0)
        return ParseProblem("bad-front-matter", "front matter counts only from the first line on", place)
    return None


class FrontMatterValueError(ValueError):
    """Front matter cannot be read."""


class FrontEntry(Struct, frozen=True, gc=False):
    """A top-level key of YAML with places in the text, in characters; ``start`` to ``end`` is what its value covers.

    Anchors and tags before a value are no part of that span, nor are a comment or an empty line behind it.
    """

    name: str
    key: str
    key_start: int
    key_end: int
    start: int
    end: int
    node: yaml.Node


class Layout(Struct, frozen=True, gc=False):
    """YAML front matter with the places of its entries; ``root`` is None where there is nothing but comments."""

    text: str
    value: dict[object, object]
    root: yaml.MappingNode | None
    entries: tuple[FrontEntry, ...]

    def entry(self, key: str) -> FrontEntry | None:
        """Return the entry of a key, or None."""
        return next((entry for entry in self.entries if entry.key == key), None)


def read_layout(text: str) -> Layout:
    """Read YAML with the places of its entries. Only a single value may be repeated by an alias.

    Raises:
        FrontMatterValueError: The text is no YAML mapping, or too large or too deep.
    """
    _refuse_large(text)
    try:
        pairs, root, value = _load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        message = f"front matter is no valid YAML: {_brief(error)}"
        raise FrontMatterValueError(message) from error
    if value is None:
        return Layout(text, {}, None, ())
    if not isinstance(value, dict) or not isinstance(root, yaml.MappingNode):
        message = "front matter is no mapping of keys to values"
        raise FrontMatterValueError(message)
    return Layout(text, value, root, tuple(_entries(text, pairs)))


def _refuse_large(text: str) -> None:
    if len(text) > _LARGEST:
        message = "front matter is larger than 64 KiB"
        raise FrontMatterValueError(message)


def find_layout(source: Source) -> tuple[Front, Layout] | None:
    """Return where YAML front matter is, with the places of its entries; None where there is none.

    Raises:
        FrontMatterValueError: It cannot be read.
    """
    front = find_front_matter(source)
    if front is None or front.kind != "yaml":
        return None
    return front, read_layout(source.raw[front.body : front.foot].decode())


def _load(text: str) -> tuple[list[tuple[yaml.Node, yaml.Node]], yaml.Node | None, object]:
    # It could hold an alias, or more levels than are allowed: each level needs a mark of its own.
    if "*" in text or sum(map(text.count, _LEVEL_MARKS)) > _DEEPEST:
        _refuse(text)
    loader = LOADER(text)
    try:
        root = loader.get_single_node()
        # Construction puts the entries of merged mappings among the others.
        pairs = list(root.value) if isinstance(root, yaml.MappingNode) else []
        return pairs, root, loader.construct_document(root) if root is not None else None
    finally:
        loader.dispose()


def _refuse(text: str) -> None:
    depth = 0
    anchor = ""
    single: set[str] = set()
    for token in yaml.scan(text, Loader=LOADER):
        if isinstance(token, yaml.AliasToken) and token.value not in single:
            # A list of aliases of lists of aliases grows without bound.
            message = "aliases are not allowed for lists and mappings"
            raise yaml.YAMLError(message)
        if isinstance(token, yaml.AnchorToken):
            anchor = token.value
        elif isinstance(token, yaml.ScalarToken) and anchor:
            single.add(anchor)
        anchor = anchor if isinstance(token, yaml.AnchorToken | yaml.TagToken) else ""
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        # The loader is recursive, and written in C: it would not fail, it would crash.
        if depth > _DEEPEST:
            message = f"more than {_DEEPEST} levels"
            raise yaml.YAMLError(message)


def _brief(error: Exception) -> str:
    problem = getattr(error, "problem", None)
    mark = getattr(error, "problem_mark", None)
    where = f" (line {mark.line + 2})" if mark else ""
    return f"{problem or str(error).splitlines()[0]}{where}"


def _entries(text: str, pairs: Iterable[tuple[yaml.Node, yaml.Node]]) -> Iterator[FrontEntry]:
    for key, node in pairs:
        key_end = key.end_mark.index
        start, end = value_span(text, key_end, node)
        name = str(key.value)
        yield FrontEntry(name, key_of(name), key.start_mark.index, key_end, start, end, node)


def value_span(text: str, after: int, node: yaml.Node) -> tuple[int, int]:
    """Return what a value covers, in characters; ``after`` is the end of its key, or the start of its list."""
    if node.start_mark.index < after:
        # The node of an alias is the one that it repeats.
        match = _ALIAS.match(text, after)
        return match.span(1) if match else (after, after)
    properties = _PROPERTIES.match(text, node.start_mark.index, node.end_mark.index)
    return properties.end() if properties else node.start_mark.index, _end(text, node)


def _end(text: str, node: yaml.Node) -> int:
    """Return where a value really ends: the parser counts what follows a block, up to the next key, as part of it."""
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
        if last.start_mark.index >= start:
            return max(_end(text, last), start)
        return start + len(re.sub(r"(?:\s*|\n[ \t]*#[^\n]*)*\Z", "", text[start:end]))
    return start + len(text[start:end].rstrip())


# Reading


class _Place(Struct, frozen=True, gc=False):
    """A key with its value, where it is written, and what the value covers: all in characters."""

    key: str
    value: object
    at: int
    start: int
    end: int


def read_front_matter(source: Source, front: Front) -> tuple[dict[str, MetadataField], list[ParseProblem]]:
    """Return the fields of front matter, and what is wrong with it. Of a key that is given twice the last counts."""
    text = source.raw[front.body : front.foot].decode()
    fields: dict[str, MetadataField] = {}
    try:
        places, repeats = _read_yaml(text) if front.kind == "yaml" else (_read_toml(text), [])
    except FrontMatterValueError as error:
        return {}, [ParseProblem("bad-front-matter", str(error), front.start)]
    for place in places:
        at, start, end = (front.body + _size(text, offset) for offset in (place.at, place.start, place.end))
        fields[place.key] = MetadataField(place.key, place.value, start, end, source.line(at))
    problems = [
        ParseProblem("duplicate-key", f"the key {name!r} is given twice", front.body + _size(text, at))
        for name, at in repeats
    ]
    return fields, problems


def _size(text: str, place: int) -> int:
    return place if text.isascii() else len(text[:place].encode())


def _read_yaml(text: str) -> tuple[list[_Place], list[tuple[str, int]]]:
    layout = read_layout(text)
    values = {str(name): value for name, value in layout.value.items()}
    written = {entry.name for entry in layout.entries}
    # What is merged into the mapping, or written otherwise than it is read, has no place of its own.
    entries = [_Place(key_of(name), value, 0, 0, 0) for name, value in values.items() if name not in written]
    entries += [_Place(e.key, values[e.name], e.key_start, e.start, e.end) for e in layout.entries if e.name in values]
    repeats = _repeated((entry.key, entry.key_start) for entry in layout.entries)
    if "<<" not in text:
        repeats += chain.from_iterable(_repeated_below(entry.node) for entry in layout.entries)
    return entries, repeats


def _repeated(keys: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the keys that were there before, with their places."""
    seen: set[str] = set()
    repeats = []
    for key, at in keys:
        if key in seen:
            repeats.append((key, at))
        seen.add(key)
    return repeats


def _repeated_below(node: yaml.Node) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        keys = ((str(key.value), key.start_mark.index) for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        yield from _repeated(keys)
    children = [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else node.value
    for child in children if isinstance(node, yaml.CollectionNode) else ():
        yield from _repeated_below(child)


def _read_toml(text: str) -> list[_Place]:
    import tomllib

    _refuse_large(text)
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"front matter is no valid TOML: {_brief(error)}"
        raise FrontMatterValueError(message) from error
    places = {key_of(m[2]): m.start(2) for m in reversed(list(_TOML_KEY.finditer(text)))}
    entries = ((key_of(name), value, places.get(key_of(name), 0)) for name, value in values.items())
    return [_Place(key, value, at, at, at) for key, value, at in entries]


_BOLD_FIELD = lazy(r"[ \t>]*(?:[-*+][ \t]+)?\*\*([^*\n]{1,60}?)(?::\*\*|\*\*[ \t]*:)[ \t]*(.*?)[ \t\\]*$")


def read_bold_fields(source: Source, sections: Iterable[Section]) -> dict[str, MetadataField]:
    """Read ``**Status:** Defined`` lines between the title and the next heading, or behind the last rule."""
    fields: dict[str, MetadataField] = {}
    for block in _metadata_blocks(list(sections)):
        for each in bold_fields(source, block):
            fields.setdefault(each.key, each)
    return fields


def _metadata_blocks(sections: list[Section]) -> Iterator[Block]:
    head = [s for s in sections[:2] if s.level <= 1]
    for section in head:
        yield from (b for b in section.blocks if b.kind in ("paragraph", "list", "quote"))
    if sections and sections[-1] not in head:
        blocks = sections[-1].blocks
        rules = [i for i, block in enumerate(blocks) if block.kind == "rule"]
        if rules:
            yield from (b for b in blocks[rules[-1] + 1 :] if b.kind == "paragraph")


def bold_fields(source: Source, block: Block) -> Iterator[MetadataField]:
    """Yield the ``**Key:** value`` lines of a block; nothing where another line is among them."""
    position = block.start
    fields: list[MetadataField] = []
    for line in source.raw[block.start : block.end].split(b"\n"):
        text = line.decode(errors="replace").rstrip("\r")
        if text.strip():
            match = _BOLD_FIELD.match(text)
            if not match:
                return
            start = position + len(text[: match.start(2)].encode())
            end = start + len(match[2].encode())
            fields.append(MetadataField(key_of(match[1]), match[2].strip(), start, end, source.line(position)))
        position += len(line) + 1
    yield from fields
