"""What another parser reads in a document: an opinion that does not come from the code under test."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_SPACE = re.compile(r"\s+")


def front(raw: bytes) -> dict[str, object] | None:
    """The values of the front matter; None where there is none that can be read."""
    match = _FRONT.match(raw.decode().replace("\r\n", "\n"))
    try:
        values = yaml.load(match[1], Loader=yaml.BaseLoader) if match else None  # noqa: S506 - text alone
    except yaml.YAMLError:
        return None
    return values if isinstance(values, dict) else None


def rendered(raw: bytes) -> list[tuple[str, str]]:
    """The body as a list of what is shown and how: tags (with code and HTML) and texts."""
    text = _FRONT.sub("", raw.decode().replace("\r\n", "\n").removeprefix("\ufeff"))
    return list(_joined(_entries(_PARSER.parse(text))))


def _entries(tokens: list[Token]) -> Iterator[tuple[str, str]]:
    for token in tokens:
        if token.type == "inline":
            yield from _entries(token.children or [])
        elif token.type == "text":
            yield "text", token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield ("text", " ") if token.type == "softbreak" else ("tag", "br")
        elif token.type == "image":
            yield "tag", f"image {token.attrs.get('title', '')}"
            yield from _entries(token.children or [])
            yield "tag", "/image"
        elif token.hidden:
            continue
        else:
            kind = (
                f"{token.type} {token.tag} {token.info} {token.attrs.get('title', '')} {token.attrs.get('start', '')}"
            )
            yield ("text" if token.type == "code_inline" else "tag"), f"{kind.strip()}|{token.content}"


def _joined(entries: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    text = ""
    for kind, content in entries:
        if kind == "text":
            text += content
            continue
        if text.strip():
            yield "text", _SPACE.sub(" ", text)
        text = ""
        yield kind, content
    if text.strip():
        yield "text", _SPACE.sub(" ", text)


def targets(raw: bytes) -> list[str]:
    """The targets of links and images, in order."""
    text = _FRONT.sub("", raw.decode().replace("\r\n", "\n").removeprefix("\ufeff"))
    values = []
    for token in _PARSER.parse(text):
        for child in token.children or []:
            values += [str(v) for k, v in child.attrs.items() if k in ("href", "src")]
    return values


def read_all(folder: Path) -> dict[str, bytes]:
    """The documents below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*.md"))
        if ".procauthor" not in path.parts
    }
