"""Rewrites the names of documents: in headings, texts of links, running text and front matter."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from procauthor.checking.scope import Scope
from procauthor.errors import LibraryError
from procauthor.library.library import Procedure
from procauthor.markdown.document import Link, Replacement
from procauthor.markdown.front_edit import Put, Scalar, edit_front_matter, read_scalars
from procauthor.markdown.link import escape
from procauthor.markdown.passage import read_parts, read_shown
from procauthor.markdown.target import find_link, is_html, keep_label
from procauthor.naming import title_key
from procauthor.refactoring.mention import Mention, find_mentions
from procauthor.refactoring.relocation import NewName, Relocation
from procauthor.refactoring.word import Swap, find_swaps, narrow, write_swap
from procauthor.regex import lazy

# Under these keys a value that means the document is its name, however it is spelled.
_REFERENCES = frozenset({"depends_on", "superseded_by", "alias_of", "replaces", "replaced_by", "related", "see_also"})
_OWN = frozenset({"title", "id", "aliases", "alias", "status", "lifecycle", "phase", "tags", "keywords"})
_HTML_LINK_TEXT = lazy(rb"[^<>]*>([^<>]*)</a", re.IGNORECASE)


def rename_names(scope: Scope, host: Procedure, relocation: Relocation) -> Iterator[Replacement]:
    """Yield replacements of the old names in a document by the new ones."""
    yield from _link_texts(host, relocation)
    yield from _scalars(scope, host, relocation)
    text = host.document.source.raw.decode(errors="replace").casefold()
    for name in relocation.names.values():
        # Titles are names only where documents are of a kind that has names.
        named = name.procedure.counted or name.procedure.kind == "standard"
        if named and all(word in text for word in name.procedure.key.split() if word != "and"):
            for mention in find_mentions(scope, host, name.procedure):
                yield from _mention(mention, name)


def _mention(mention: Mention, name: NewName) -> Iterator[Replacement]:
    core = narrow(mention.text, Swap(0, len(mention.text), name.title))
    if core.start < core.end:
        span = mention.span(core.start, core.end)
        yield from [Replacement(*span, escape(core.text), core.text)] if span else ()


# Texts of links


def _link_texts(host: Procedure, relocation: Relocation) -> Iterator[Replacement]:
    for link in host.document.links:
        name = relocation.name_of(host.path, link.target)
        if name is not None:
            yield from _link_text(host, link, relocation, name)


def _link_text(host: Procedure, link: Link, relocation: Relocation, name: NewName) -> Iterator[Replacement]:
    if link.image:
        return
    if is_html(host.document, link):
        yield from _html_text(host.document.source.raw, link, relocation, name)
        return
    container = find_link(host.document, link)
    if container is None or container.data["link_type"] in ("Autolink", "Email"):
        return
    shown = read_shown(host.document, read_parts(host.document).within("Link", link.start))
    edits: list[Replacement] = []
    for swap in _swaps(shown.text, relocation, name):
        written = write_swap(shown, swap)
        if written is None:
            message = f"{host.path}:{link.line}: the name in the link {link.text!r} is divided by emphasis or code"
            raise LibraryError(message, f"nothing was changed; write this link as you want it to read {name.title!r}")
        edits += written
    if edits:
        yield from edits
        yield from keep_label(host.document, container)


def _swaps(text: str, relocation: Relocation, name: NewName) -> Iterator[Swap]:
    """Yield what a text of a link to a document becomes: it may hold its name, or be its path."""
    path, bare = name.procedure.path, text.strip()
    new_path = relocation.targets.get(path, path)
    if bare and bare in (path, path.rpartition("/")[2]):
        start = text.index(bare)
        new = new_path if bare == path else new_path.rpartition("/")[2]
        yield from [Swap(start, start + len(bare), new)] if new != bare else ()
    else:
        yield from find_swaps(text, name, whole=True)


def _html_text(raw: bytes, link: Link, relocation: Relocation, name: NewName) -> Iterator[Replacement]:
    match = _HTML_LINK_TEXT.match(raw, link.end)
    if match is None or raw[link.start : link.start + 2].lower() != b"<a":
        return
    text = match[1].decode()
    for swap in _swaps(text, relocation, name):
        core = narrow(text, swap)
        if core.start < core.end:
            start, end = (match.start(1) + len(text[:place].encode()) for place in (core.start, core.end))
            yield Replacement(start, end, html.escape(core.text, quote=False))


# Front matter


def _scalars(scope: Scope, host: Procedure, relocation: Relocation) -> Iterator[Replacement]:
    edits = list(_puts(scope, host, relocation))
    yield from edit_front_matter(host.document, host.path, edits) if edits else ()


def _puts(scope: Scope, host: Procedure, relocation: Relocation) -> Iterator[Put]:
    for scalar in read_scalars(host.document):
        if scalar.key in _OWN:
            continue
        parts = re.split(r"(\s*,\s*)", scalar.value) if scalar.key == "depends_on" else [scalar.value]
        value = "".join(_named(scope, host, scalar, part, relocation) for part in parts)
        if value != scalar.value:
            yield Put(scalar.key, value, scalar.index)


def _named(scope: Scope, host: Procedure, scalar: Scalar, value: str, relocation: Relocation) -> str:
    # A document does not mean itself there, even where it goes by the same name.
    found = tuple(p for p in scope.named(title_key(value), host) if p is not host)
    name = relocation.names.get(found[0].path) if len(found) == 1 else None
    if name is None:
        return value
    if value == name.procedure.id:
        return name.id or value
    exact = value.casefold() == name.procedure.title.casefold() and len(value.split()) > 1
    return name.title if exact or scalar.key in _REFERENCES else value
