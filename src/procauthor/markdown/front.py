"""Front matter: where it is, and what it says. YAML and TOML are read; YAML is changed too, here alone.

The editor changes spans, reads the result again, and proves it before it is used. Comments, order, quotes and the form
of lists stay, because what no edit names is never written. YAML libraries that keep comments write the whole text
again, in a manner of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Literal

import yaml
from msgspec import Struct

from procauthor.errors import FrontMatterError
from procauthor.markdown.document import (
    Block,
    Document,
    MetadataField,
    ParseProblem,
    Replacement,
    Section,
    Source,
    replace_spans,
)
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


# Changes

_COLON = lazy(r"\s*:")
_GAP_COMMENT = lazy(r"[ \t]+#[^\r\n]*")
_BLOCK_COMMENT = lazy(r"[|>][-+0-9]*([ \t]+#[^\r\n]*)")
_REST = lazy(r"[^\r\n]*")
_LINE = lazy(r"[^\n]*(?:\n|\Z)")
_DASH = lazy(r"-([ \t]+)(?=\S)")
_WIDE = 1_000_000
_HINT = "nothing was changed; change the front matter by hand"


class Put(Struct, frozen=True):
    """Set a key; with ``index``, one item of the list below it. ``quote`` is the sign around a text that gets a key.

    With ``bare``, the value is text that may be read as a number or a date.
    """

    key: str
    value: object
    index: int | None = None
    quote: str = ""
    bare: bool = False


class Extend(Struct, frozen=True):
    """Add items to the end of the list below a key; a key that is missing, or has no value, gets a list."""

    key: str
    items: Sequence[str]


class Drop(Struct, frozen=True):
    """Remove a key with its value, if it is there."""

    key: str


class Cut(Struct, frozen=True):
    """Take a text out of the list below a key; a key with that text alone gets an empty list."""

    key: str
    item: str


FrontEdit = Put | Extend | Drop | Cut


class Scalar(Struct, frozen=True):
    """A text of the front matter: the value of a key, or the item ``index`` of the list below it."""

    key: str
    value: str
    index: int | None = None


def read_scalars(document: Document) -> Iterator[Scalar]:
    """Yield the texts of the front matter: directly below a key, or in a list below it."""
    for key, each in document.fields.items() if document.front_matter else ():
        if isinstance(each.value, str):
            yield Scalar(key, each.value)
        elif isinstance(each.value, list):
            yield from (Scalar(key, item, n) for n, item in enumerate(each.value) if isinstance(item, str))


def read_texts(document: Document, key: str) -> list[str]:
    """Return the values below a key as they are written: an id ``0010`` is neither the number 8 nor 10."""
    field = document.fields.get(key)
    # Front matter that cannot be read has no fields, and must not be read for them again.
    if field is None:
        return []
    values = list(field.value) if isinstance(field.value, list | tuple) else [field.value]
    layout = None if all(isinstance(each, str) for each in values) else find_layout(document.source)
    if layout is None:
        return [str(each) for each in values if each is not None]
    entry = layout[1].entry(key)
    written = entry.node if entry else None
    nodes = written.value if isinstance(written, yaml.SequenceNode) else [written]
    return [node.value for node in nodes if isinstance(node, yaml.ScalarNode) and node.value]


def write_front_matter(edits: Sequence[FrontEdit], newline: str = "\n") -> str:
    """Return new front matter with its fences; empty where the edits give it no key."""
    spans = _FrontWriter(read_layout(""), newline).write(edits)
    text = "".join(text for _, _, text in spans)
    return f"---{newline}{text}---{newline}" if text else ""


def edit_front_matter(document: Document, path: str, edits: Sequence[FrontEdit]) -> tuple[Replacement, ...]:
    """Return the replacements that edit the front matter of a document, which gets one where it has none.

    Raises:
        FrontMatterError: It is not YAML, cannot be read, gives a key twice, or the edit cannot be proven.
    """
    refuse_unreadable(document, path)
    if document.front_matter is None:
        start, newline = document.source.start, document.source.newline
        text = write_front_matter(edits, newline)
        return (Replacement(start, start, text + newline),) if text else ()
    known = find_layout(document.source)
    assert known is not None
    front, layout = known
    spans = _FrontWriter(layout, document.source.newline).write(edits)
    made = tuple(
        Replacement(front.body + _bytes(layout.text, start), front.body + _bytes(layout.text, end), text)
        for start, end, text in spans
    )
    if not _is_proven(document.source, front, layout, edits, made):
        keys = ", ".join(dict.fromkeys(repr(edit.key) for edit in edits))
        line = next((document.fields[e.key].line for e in edits if e.key in document.fields), 1)
        message = f"{path}:{line}: {keys} in the front matter cannot be changed safely"
        raise FrontMatterError(message, _HINT)
    return made


def refuse_unreadable(document: Document, path: str) -> None:
    """Refuse front matter that cannot be edited.

    Raises:
        FrontMatterError: It is not YAML, cannot be read, or gives a key twice.
    """
    if document.front_kind == "toml":
        message = f"{path}:1: the front matter is TOML, and only YAML can be changed"
        raise FrontMatterError(message, _HINT)
    for problem in document.problems:
        if problem.kind in ("bad-front-matter", "duplicate-key"):
            message = f"{path}:{document.source.line(problem.start)}: {problem.message}"
            raise FrontMatterError(message, "nothing was changed; correct the front matter first")


def _bytes(text: str, place: int) -> int:
    return len(text[:place].encode())


# The proof


def _is_proven(
    source: Source, front: Front, before: Layout, edits: Sequence[FrontEdit], made: Sequence[Replacement]
) -> bool:
    """Say whether the new text has exactly the values that are wanted, in the same order, between the same fences."""
    raw = replace_spans(source.raw, made)
    try:
        known = find_layout(Source(raw))
    except FrontMatterValueError:
        return False
    if known is None or len(raw) - known[0].foot != len(source.raw) - front.foot:
        return False
    keys = [entry.key for entry in known[1].entries]
    same = repr(list(known[1].value.items())) == repr(list(_applied(before.value, edits).items()))
    return same and len(keys) == len(set(keys))


def _applied(values: dict[object, object], edits: Sequence[FrontEdit]) -> dict[str, object]:
    """Return the values as they have to be afterwards."""
    result: dict[object, object] = dict(values)
    for edit in edits:
        name = next((each for each in result if key_of(str(each)) == edit.key), edit.key)
        if isinstance(edit, Drop):
            result.pop(name, None)
        elif isinstance(edit, Extend):
            result[name] = [*_listed(result.get(name)), *edit.items]
        elif isinstance(edit, Cut):
            result[name] = [item for item in _listed(result.get(name)) if item != edit.item]
        elif edit.index is not None:
            present = result[name]
            assert isinstance(present, list)
            result[name] = [*present[: edit.index], edit.value, *present[edit.index + 1 :]]
        else:
            result[name] = read_layout(f"it: {edit.value}").value["it"] if edit.bare else edit.value
    return result  # type: ignore[return-value]


def _listed(value: object) -> list[object]:
    """Return a value as a list: a single one is its only item."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


# The edit


class _FrontWriter:
    """Makes spans of characters with new texts, each from the places of the old ones."""

    def __init__(self, layout: Layout, newline: str) -> None:
        self._layout = layout
        self._text = layout.text
        self._newline = newline
        root = layout.root
        self._flow = root is not None and bool(root.flow_style)
        self._indent = " " * (root.start_mark.column if root is not None and not self._flow else 0)

    def write(self, edits: Sequence[FrontEdit]) -> list[tuple[int, int, str]]:
        spans: list[tuple[int, int, str]] = []
        new: list[str] = []
        for edit in edits:
            entry = self._layout.entry(edit.key)
            if entry is not None:
                spans += self._change(entry, edit)
            elif isinstance(edit, Put):
                new.append(f"{edit.key}:{self._value(edit.value, edit.quote, bare=edit.bare)}")
            elif isinstance(edit, Extend):
                new.append(f"{edit.key}:{self._value(list(edit.items))}")
        return [*spans, self._addition(new)] if new else spans

    def _addition(self, new: Sequence[str]) -> tuple[int, int, str]:
        """Add keys behind all others."""
        if not self._flow:
            at = len(self._text)
            return at, at, "".join(f"{self._indent}{each}{self._newline}" for each in new)
        assert self._layout.root is not None
        if self._layout.entries:
            at = self._layout.entries[-1].end
            return at, at, "".join(f", {each}" for each in new)
        at = self._layout.root.end_mark.index - 1
        return at, at, ", ".join(new)

    def _change(self, entry: FrontEntry, edit: FrontEdit) -> Iterator[tuple[int, int, str]]:
        if isinstance(edit, Drop):
            yield self._without(entry)
        elif isinstance(edit, Extend):
            yield self._extended(entry, edit.items)
        elif isinstance(edit, Cut):
            yield from self._cut(entry, edit.item)
        elif edit.index is not None:
            start, end = self._item(entry, edit.index)
            yield start, end, show(edit.value, self._quote(start), flow=self._is_flow(entry.node))
        else:
            yield self._put(entry, edit)

    def _put(self, entry: FrontEntry, edit: Put) -> tuple[int, int, str]:
        start, end, node = entry.start, entry.end, entry.node
        behind = self._colon(entry)
        if isinstance(edit.value, list) or (isinstance(node, yaml.CollectionNode) and not self._is_flow(node)):
            comment = _GAP_COMMENT.match(self._text, behind, start)
            behind = comment.end() if comment and isinstance(edit.value, list) else behind
            if start == end and isinstance(edit.value, list):
                rest = _REST.match(self._text, behind)
                behind = end = rest.end() if rest and not self._flow else behind
            kept = comment[0] if comment and not isinstance(edit.value, list) else ""
            return behind, max(end, behind), self._value(edit.value, like=entry) + kept
        shown = self._value(edit.value, edit.quote or self._quote(start), bare=edit.bare)
        note = _BLOCK_COMMENT.match(self._text, start, end)
        space = "" if self._text[start - 1 : start].isspace() else " "
        return start, end, space + shown.removeprefix(" ") + (note[1] if note else "")

    def _colon(self, entry: FrontEntry) -> int:
        match = _COLON.match(self._text, entry.key_end)
        return match.end() if match else entry.key_end

    def _quote(self, start: int) -> str:
        sign = self._text[start : start + 1]
        return sign if sign in ("'", '"') else ""

    def _is_flow(self, node: yaml.Node) -> bool:
        return self._flow or (isinstance(node, yaml.CollectionNode) and bool(node.flow_style))

    def _value(self, value: object, quote: str = "", *, bare: bool = False, like: FrontEntry | None = None) -> str:
        """Return a value as it is written behind the colon; a list in the form of the one before."""
        if bare:
            return f" {value}"
        if not isinstance(value, list):
            return f" {show(value, quote, flow=self._flow)}"
        if not value or self._flow or (like is not None and self._is_flow(like.node)):
            return f" [{', '.join(show(each, flow=True) for each in value)}]"
        indent = self._list_indent(like)
        return "".join(f"{self._newline}{indent}- {show(each)}" for each in value)

    def _list_indent(self, like: FrontEntry | None) -> str:
        """Return the spaces before the items of a list: as there were, else as in the first list of the text."""
        entries = [*([like] if like else []), *self._layout.entries]
        lists = (each for each in entries if isinstance(each.node, yaml.SequenceNode) and not self._is_flow(each.node))
        first = next(lists, None)
        return self._indent if first is None else self._lead(first)

    def _lead(self, entry: FrontEntry) -> str:
        return " " * (entry.start - self._text.rfind("\n", 0, entry.start) - 1)

    # Items

    def _item(self, entry: FrontEntry, index: int) -> tuple[int, int]:
        return value_span(self._text, entry.start, entry.node.value[index])

    def _extended(self, entry: FrontEntry, items: Sequence[str]) -> tuple[int, int, str]:
        node = entry.node
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            return self._put(entry, Put(entry.key, [*_listed(self._present(entry)), *items]))
        if self._is_flow(node):
            _, end = self._item(entry, len(node.value) - 1)
            return end, end, "".join(f", {show(each, flow=True)}" for each in items)
        rest = _REST.match(self._text, entry.end)
        at = rest.end() if rest else entry.end
        space = _DASH.match(self._text, entry.start)
        lead = f"{self._lead(entry)}-{space[1] if space else ' '}"
        return at, at, "".join(f"{self._newline}{lead}{show(each)}" for each in items)

    def _present(self, entry: FrontEntry) -> object:
        return next((v for name, v in self._layout.value.items() if key_of(str(name)) == entry.key), None)

    # Removal

    def _cut(self, entry: FrontEntry, item: str) -> Iterator[tuple[int, int, str]]:
        present = _listed(self._present(entry))
        left = [each for each in present if each != item]
        if not left or not isinstance(entry.node, yaml.SequenceNode):
            yield self._put(entry, Put(entry.key, left))
            return
        first = next(n for n, each in enumerate(present) if each != item)
        spans = [self._item(entry, index) for index in range(len(present))]
        if self._is_flow(entry.node) and first:
            yield spans[0][0], spans[first][0], ""
        for index, (start, end) in enumerate(spans):
            if present[index] != item:
                continue
            if not self._is_flow(entry.node):
                line = _LINE.match(self._text, end)
                yield self._text.rfind("\n", 0, start) + 1, line.end() if line else end, ""
            elif index > first:
                yield spans[index - 1][1], end, ""

    def _without(self, entry: FrontEntry) -> tuple[int, int, str]:
        if not self._flow:
            start = self._text.rfind("\n", 0, entry.key_start) + 1
            line = _LINE.match(self._text, max(entry.end, self._colon(entry)))
            return start, line.end() if line else entry.end, ""
        entries = self._layout.entries
        place = entries.index(entry)
        if place + 1 < len(entries):
            return entry.key_start, entries[place + 1].key_start, ""
        return entries[place - 1].end if place else entry.key_start, entry.end, ""


def show(value: object, quote: str = "", *, flow: bool = False) -> str:
    """Return a value as YAML on one line; text is quoted only where YAML needs it, or with the given sign."""
    if not isinstance(value, str):
        shown: str = yaml.safe_dump(value, allow_unicode=True, width=_WIDE, default_flow_style=True)
        return shown.removesuffix("\n").removesuffix("\n...")
    if not quote and _is_plain(value, flow=flow):
        return value
    # What holds the one sign is quoted with the other.
    single = quote == "'" or (not quote and '"' in value)
    if single and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    quoted: str = yaml.safe_dump(value, default_style='"', allow_unicode=True, width=_WIDE)
    return quoted.removesuffix("\n")


def _is_plain(value: str, *, flow: bool) -> bool:
    try:
        return read_layout(f"it: [{value}]" if flow else f"it: {value}\n").value == {"it": [value] if flow else value}
    except FrontMatterValueError:
        return False
