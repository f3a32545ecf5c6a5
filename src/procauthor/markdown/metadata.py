"""Metadata of a document: YAML front matter, or bold fields at its head or foot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import yaml

from procauthor.markdown.document import Block, Field, Problem, Section
from procauthor.markdown.source import Source

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOLD_FIELD = re.compile(r"[ \t>]*(?:[-*+][ \t]+)?\*\*([^*\n]{1,60}?)(?::\*\*|\*\*[ \t]*:)[ \t]*(.*?)[ \t\\]*$")
_TOP_KEY = re.compile(rb"^([A-Za-z_][\w .-]*?)[ \t]*:(?=[ \t\r\n]|$)", re.MULTILINE)
_MAX_FRONT_MATTER = 64 * 1024
_MAX_DEPTH = 50
_LEVEL_MARKS = "[{-:?"
_OPENING = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


def key_of(label: str) -> str:
    """Return a metadata label as a key: ``Last Reviewed`` becomes ``last_reviewed``."""
    return re.sub(r"[\s-]+", "_", label.strip().lower())


def find_front_matter(source: Source) -> tuple[int, int] | None:
    """Return the span of the front matter with its two fences, or None."""
    raw, start = source.raw, source.start
    first = raw.find(b"\n", start)
    if first == -1 or raw[start:first].rstrip() != b"---":
        return None
    position = first + 1
    while position < len(raw):
        end = raw.find(b"\n", position)
        end = len(raw) if end == -1 else end
        if raw[position:end].rstrip() in (b"---", b"..."):
            return start, min(end + 1, len(raw))
        position = end + 1
    return None


def read_front_matter(source: Source, span: tuple[int, int]) -> tuple[dict[str, Field], list[Problem]]:
    """Read YAML front matter. Aliases are refused, because they can grow without bound."""
    start, end = span
    body_start = source.raw.find(b"\n", start) + 1
    body = source.raw[body_start:end]
    body = body[: body.rstrip().rfind(b"\n") + 1]
    if len(body) > _MAX_FRONT_MATTER:
        return {}, [Problem("bad-front-matter", "front matter is larger than 64 KiB", start)]
    try:
        value = _load(body.decode())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return {}, [Problem("bad-front-matter", f"front matter is no valid YAML: {_brief(error)}", start)]
    if value is None:
        return {}, []
    if not isinstance(value, dict):
        return {}, [Problem("bad-front-matter", "front matter is no mapping of keys to values", start)]
    places = {key_of(m[1].decode()): m for m in _TOP_KEY.finditer(body)}
    fields: dict[str, Field] = {}
    for name, content in value.items():
        key = key_of(str(name))
        place = places.get(key)
        at = body_start + (place.start() if place else 0)
        value_start = body_start + place.end() if place else at
        fields[key] = Field(key, content, value_start, _line_end(source.raw, value_start), source.line(at))
    return fields, []


def _load(text: str) -> object:
    if _may_be_hostile(text):
        _refuse(text)
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - always a safe loader


def _may_be_hostile(text: str) -> bool:
    """Say whether the text could hold an alias, or more levels than are allowed: each level needs a mark of its own."""
    return "*" in text or sum(map(text.count, _LEVEL_MARKS)) > _MAX_DEPTH


def _refuse(text: str) -> None:
    depth = 0
    for token in yaml.scan(text, Loader=_Loader):
        if isinstance(token, yaml.AliasToken):
            message = "aliases are not allowed"
            raise yaml.YAMLError(message)
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        # The loader is recursive, and written in C: it would not fail, it would crash.
        if depth > _MAX_DEPTH:
            message = f"more than {_MAX_DEPTH} levels"
            raise yaml.YAMLError(message)


def _brief(error: Exception) -> str:
    problem = getattr(error, "problem", None)
    mark = getattr(error, "problem_mark", None)
    where = f" (line {mark.line + 2})" if mark else ""
    return f"{problem or str(error).splitlines()[0]}{where}"


def _line_end(raw: bytes, start: int) -> int:
    end = raw.find(b"\n", start)
    end = len(raw) if end == -1 else end
    return end - 1 if raw[end - 1 : end] == b"\r" else end


def read_bold_fields(source: Source, sections: Iterable[Section]) -> dict[str, Field]:
    """Read ``**Status:** Defined`` lines between the title and the next heading, or behind the last rule."""
    found: dict[str, Field] = {}
    for block in _metadata_blocks(list(sections)):
        for each in bold_fields(source, block):
            found.setdefault(each.key, each)
    return found


def _metadata_blocks(sections: list[Section]) -> Iterator[Block]:
    head = [s for s in sections[:2] if s.level <= 1]
    for section in head:
        yield from (b for b in section.blocks if b.kind in ("paragraph", "list", "quote"))
    if sections and sections[-1] not in head:
        blocks = sections[-1].blocks
        rules = [i for i, block in enumerate(blocks) if block.kind == "rule"]
        if rules:
            yield from (b for b in blocks[rules[-1] + 1 :] if b.kind == "paragraph")


def bold_fields(source: Source, block: Block) -> Iterator[Field]:
    """Yield the ``**Key:** value`` lines of a block; nothing where another line stands among them."""
    position = block.start
    found: list[Field] = []
    for line in source.raw[block.start : block.end].split(b"\n"):
        text = line.decode(errors="replace").rstrip("\r")
        if text.strip():
            match = _BOLD_FIELD.match(text)
            if not match:
                return
            start = position + len(text[: match.start(2)].encode())
            end = start + len(match[2].encode())
            found.append(Field(key_of(match[1]), match[2].strip(), start, end, source.line(position)))
        position += len(line) + 1
    yield from found
